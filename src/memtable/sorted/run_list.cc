#include "memtable/sorted/run_list.h"

#include <algorithm>

namespace quiver {

namespace {

/// The target of a search among keys that all begin with `common`, as its own key does.
EntryTarget TargetBehind(std::string_view common, std::string_view key,
                         SequenceNumber sequence) noexcept {
  EntryTarget target(key, sequence);
  target.prefix = KeyPrefix(key.substr(common.size()));
  return target;
}

}  // namespace

const EntryRecord* Stragglers::FindVisible(const LookupKey& key) const noexcept {
  if (!key.key.starts_with(common)) return nullptr;
  const EntryTarget target = TargetBehind(common, key.key, key.sequence);
  const EntryRecord* found = nullptr;
  OptimisticLock::Version version = 0;
  do {
    version = lock.AwaitVersion();
    const std::size_t size = records.size();
    const std::size_t index = records.LowerBound(size, target);
    found = index < size ? records.Load(index).record : nullptr;
  } while (!lock.Unchanged(version));
  return found != nullptr && found->key() == key.key ? found : nullptr;
}

SortedRun Stragglers::CopyTo(Copy& copy) const noexcept {
  std::size_t size = 0;
  OptimisticLock::Version version = 0;
  do {
    version = lock.AwaitVersion();
    size = records.CopyTo(copy);
  } while (!lock.Unchanged(version));
  return {{copy.data(), size}, common};
}

void Stragglers::Insert(const PrefixedRecord& item) noexcept {
  const std::size_t size = records.size();
  const std::size_t index =
      records.LowerBound(size, TargetBehind(common, item.record->key(), item.record->sequence()));
  max_sequence = std::max(max_sequence, item.record->sequence());
  if (index == size) {
    records.InsertAt(index, item);
    return;
  }
  const WritingSection section(lock);
  records.InsertAt(index, item);
}

namespace {

void InsertBySize(RunList::Runs& runs, std::shared_ptr<const SortedRecords> run) {
  const auto place = std::find_if(
      runs.begin(), runs.end(), [&run](const auto& other) { return other->size() < run->size(); });
  runs.insert(place, std::move(run));
}

void MergeSmallestTwo(RunList::Runs& runs, const MemoryAccount& account) {
  const auto small = runs.back();
  runs.pop_back();
  const auto large = runs.back();
  runs.pop_back();
  InsertBySize(runs, SortedRecords::Merge(large->run(), small->run(), account,
                                          std::max(large->max_sequence(), small->max_sequence())));
}

}  // namespace

void AddRun(RunList::Runs& runs, std::shared_ptr<const SortedRecords> run,
            const MemoryAccount& account) {
  if (run->size() == 0) return;
  InsertBySize(runs, std::move(run));
  const auto too_close = [](const auto& larger, const auto& smaller) {
    return larger->size() < kRunRatio * smaller->size();
  };
  while (std::adjacent_find(runs.begin(), runs.end(), too_close) != runs.end()) {
    MergeSmallestTwo(runs, account);
  }
}

void MergeAll(RunList::Runs& runs, const MemoryAccount& account) {
  while (runs.size() > 1) MergeSmallestTwo(runs, account);
}

}  // namespace quiver
