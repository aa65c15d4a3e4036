#include "memtable/sorted/sorted_memtable.h"

#include <algorithm>
#include <utility>

#include "base/schedule_point.h"
#include "memtable/common_prefix.h"
#include "memtable/sorted/run_merger.h"

namespace quiver {

namespace {

/// Searches `part` if it can hold a version of the key newer than `best`.
void Improve(const EntryRecord*& best, const SortedRecords& part, const LookupKey& key) noexcept {
  const SortedRun run = part.run();
  if (best != nullptr && part.max_sequence() < best->sequence()) return;
  const EntryRecord* found = FindVisible(run, key);
  if (found != nullptr && (best == nullptr || found->sequence() > best->sequence())) best = found;
}

}  // namespace

SortedMemtable::SortedMemtable(const MemtableContext& context)
    : epochs_(*context.epochs), arena_(context.memory_pool) {
  Publish({}, NewTail(kTailRecordsMin), NewStragglers());
}

std::shared_ptr<SortedRecords> SortedMemtable::NewTail(std::size_t capacity) const {
  return std::make_shared<SortedRecords>(capacity, common_, account_);
}

std::shared_ptr<Stragglers> SortedMemtable::NewStragglers() const {
  return std::make_shared<Stragglers>(common_, account_);
}

void SortedMemtable::Publish(RunList::Runs runs, std::shared_ptr<SortedRecords> tail,
                             std::shared_ptr<Stragglers> stragglers) {
  auto next = std::make_shared<const RunList>(std::move(runs), std::move(tail),
                                              std::move(stragglers), account_);
  published_.store(next.get(), std::memory_order_seq_cst);
  SchedulePoint();
  std::shared_ptr<const RunList> replaced = std::exchange(current_, std::move(next));
  if (replaced != nullptr) epochs_.Retire(std::move(replaced));
}

std::shared_ptr<const RunList> SortedMemtable::Current() const {
  // The guard keeps the object alive until the reference count has taken over.
  const EpochGuard guard(epochs_);
  return published_.load(std::memory_order_seq_cst)->shared_from_this();
}

void SortedMemtable::Add(const EntryView& entry) {
  const EntryRecord* record = EntryRecord::Create(arena_, entry);
  if (entry_count() == 0 || !record->key().starts_with(common_)) NarrowCommon(record->key());
  const PrefixedRecord item(record, common_.size());
  if (current_->stragglers->full()) FlushStragglers();
  const auto tail = current_->tail->run().records;
  if (tail.empty() || IsBefore(tail.back(), item)) {
    if (tail.size() == current_->tail->capacity()) RollTail();
    current_->tail->Append(item);
    ++appends_since_flush_;
  } else {
    current_->stragglers->Insert(item);
  }
  entry_count_.fetch_add(1, std::memory_order_release);
}

void SortedMemtable::NarrowCommon(std::string_view key) {
  common_ = entry_count() == 0 ? key : common_.substr(0, CommonPrefixBytes(common_, key));
  FlushBoth();
}

std::shared_ptr<const SortedRecords> SortedMemtable::TailAndStragglers() const {
  Stragglers::Copy copy;
  const SortedRun stragglers = current_->stragglers->CopyTo(copy);
  return SortedRecords::Merge(
      current_->tail->run(), stragglers, account_,
      std::max(current_->tail->max_sequence(), current_->stragglers->max_sequence));
}

void SortedMemtable::FlushBoth() {
  RunList::Runs runs = current_->runs;
  AddRun(runs, TailAndStragglers(), account_);
  appends_since_flush_ = 0;
  Publish(std::move(runs), NewTail(kTailRecordsMin), NewStragglers());
}

void SortedMemtable::FlushStragglers() {
  if (appends_since_flush_ < Stragglers::kRecordsMax) return FlushBoth();
  RunList::Runs runs = current_->runs;
  Stragglers::Copy copy;
  const SortedRun stragglers = current_->stragglers->CopyTo(copy);
  AddRun(runs, SortedRecords::Merge(stragglers, {}, account_, current_->stragglers->max_sequence),
         account_);
  appends_since_flush_ = 0;
  Publish(std::move(runs), current_->tail, NewStragglers());
}

void SortedMemtable::RollTail() {
  RunList::Runs runs = current_->runs;
  AddRun(runs, current_->tail, account_);
  // A quarter of the whole at most: so little room stays unused, and yet entries that arrive in
  // order are merged only a constant number of times.
  const std::size_t quarter = static_cast<std::size_t>(entry_count()) / 4;
  const std::size_t twice = 2 * current_->tail->capacity();
  Publish(std::move(runs), NewTail(std::max(kTailRecordsMin, std::min(twice, quarter))),
          current_->stragglers);
}

bool SortedMemtable::Get(const LookupKey& key, LookupAnswer& answer) const {
  const EpochGuard guard(epochs_);
  const RunList& list = *published_.load(std::memory_order_seq_cst);
  const EntryRecord* best = list.stragglers->FindVisible(key);
  Improve(best, *list.tail, key);
  // From the smallest run, which is most likely the newest, to the largest.
  for (auto run = list.runs.rbegin(); run != list.runs.rend(); ++run) Improve(best, **run, key);
  if (best == nullptr) return false;
  best->FillAnswer(answer);
  return true;
}

void SortedMemtable::Seal() {
  RunList::Runs runs = current_->runs;
  AddRun(runs, TailAndStragglers(), account_);
  MergeAll(runs, account_);
  Publish(std::move(runs), NewTail(0), NewStragglers());
}

std::vector<std::size_t> SortedMemtable::RunSizes() const {
  std::vector<std::size_t> sizes;
  for (const auto& run : Current()->runs) sizes.push_back(run->size());
  return sizes;
}

/// Merges the parts of one RunList; every Seek takes the newest.
class SortedMemtable::Iterator final : public InternalIterator {
 public:
  explicit Iterator(const SortedMemtable& table) noexcept : table_(table) {}

  void SeekToFirst() override {
    TakeRuns();
    Show(merger_.SeekToFirst());
  }
  void SeekToLast() override {
    TakeRuns();
    Show(merger_.SeekToLast());
  }
  void Seek(std::string_view key, SequenceNumber sequence) override {
    TakeRuns();
    Show(merger_.Seek(key, sequence));
  }
  void SeekForPrev(std::string_view key, SequenceNumber sequence) override {
    TakeRuns();
    Show(merger_.SeekForPrev(key, sequence));
  }
  void Next() override { Show(merger_.Next()); }
  void Prev() override { Show(merger_.Prev()); }

 private:
  void TakeRuns() {
    list_ = table_.Current();
    merger_.Clear();
    merger_.AddRun(list_->stragglers->CopyTo(stragglers_));
    merger_.AddRun(list_->tail->run());
    for (const auto& run : list_->runs) merger_.AddRun(run->run());
  }
  void Show(const EntryRecord* record) noexcept {
    valid_ = record != nullptr;
    if (valid_) entry_ = record->view();
  }

  const SortedMemtable& table_;
  std::shared_ptr<const RunList> list_;
  Stragglers::Copy stragglers_;
  RunMerger merger_;
};

std::unique_ptr<InternalIterator> SortedMemtable::NewIterator() const {
  return std::make_unique<Iterator>(*this);
}

}  // namespace quiver
