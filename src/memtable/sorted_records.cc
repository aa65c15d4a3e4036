#include "memtable/sorted_records.h"

#include <algorithm>
#include <new>

#include "base/check.h"
#include "base/huge_memory.h"
#include "base/prefetch.h"
#include "base/schedule_point.h"
#include "memtable/common_prefix.h"

namespace quiver {

namespace {

std::size_t ArrayBytes(std::size_t capacity) noexcept {
  const std::size_t bytes = capacity * sizeof(PrefixedRecord);
  return bytes < kHugePageBytes ? bytes : AlignUp(bytes, kHugePageBytes);
}

PrefixedRecord* AllocateArray(std::size_t bytes) {
  void* memory = bytes < kHugePageBytes ? ::operator new(bytes) : AllocateHuge(bytes);
  return static_cast<PrefixedRecord*>(memory);
}

/// Index of the first record whose prefix is at least `prefix`. The loop has a fixed number of
/// steps and its only choice compiles to a conditional move; as the processor cannot run ahead of
/// that, both places where the next step may look are fetched early.
std::size_t PrefixLowerBound(std::span<const PrefixedRecord> records,
                             std::uint64_t prefix) noexcept {
  if (records.empty()) return 0;
  const PrefixedRecord* base = records.data();
  std::size_t length = records.size();
  while (length > 1) {
    const std::size_t half = length / 2;
    const std::size_t quarter = (length - half) / 2;
    PrefetchLine(base + quarter);
    PrefetchLine(base + half + quarter);
    base += base[half - 1].prefix < prefix ? half : 0;
    length -= half;
  }
  const auto index = static_cast<std::size_t>(base - records.data());
  return base->prefix < prefix ? index + 1 : index;
}

/// A run as if its prefixes began behind the first `common_bytes` bytes of the keys.
class ShiftedRun {
 public:
  ShiftedRun(const SortedRun& run, std::size_t common_bytes) noexcept
      : records_(run.records), shift_(run.common, common_bytes) {}

  std::size_t size() const noexcept { return records_.size(); }
  PrefixedRecord operator[](std::size_t index) const noexcept {
    return {shift_(records_[index].prefix), records_[index].record};
  }
  /// Whether all of this run comes before all of `other`; neither is empty.
  bool EndsBefore(const ShiftedRun& other) const noexcept {
    return IsBefore((*this)[size() - 1], other[0]);
  }
  PrefixedRecord* CopyTo(PrefixedRecord* out, std::size_t from = 0) const noexcept {
    for (std::size_t i = from; i < size(); ++i) *out++ = (*this)[i];
    return out;
  }

 private:
  std::span<const PrefixedRecord> records_;
  PrefixShift shift_;
};

void MergeTo(PrefixedRecord* out, const ShiftedRun& a, const ShiftedRun& b) noexcept {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const PrefixedRecord left = a[i];
    const PrefixedRecord right = b[j];
    const bool from_right = IsBefore(right, left);
    *out++ = from_right ? right : left;
    (from_right ? j : i) += 1;
  }
  b.CopyTo(a.CopyTo(out, i), j);
}

}  // namespace

SortedRecords::SortedRecords(std::size_t capacity, std::string_view common,
                             const MemoryAccount& account)
    : capacity_(capacity),
      memory_bytes_(ArrayBytes(capacity)),
      memory_(AllocateArray(memory_bytes_)),
      common_(common),
      charge_(account, sizeof(SortedRecords) + memory_bytes_) {}

SortedRecords::~SortedRecords() {
  if (memory_bytes_ < kHugePageBytes) {
    ::operator delete(memory_);
  } else {
    FreeHuge(reinterpret_cast<std::byte*>(memory_), memory_bytes_);
  }
}

std::shared_ptr<SortedRecords> SortedRecords::Merge(const SortedRun& a, const SortedRun& b,
                                                    const MemoryAccount& account,
                                                    SequenceNumber max_sequence) {
  if (a.records.empty() && !b.records.empty()) return Merge(b, a, account, max_sequence);
  const std::size_t total = a.records.size() + b.records.size();
  if (b.records.empty()) {
    auto copy = std::make_shared<SortedRecords>(total, a.common, account);
    std::copy(a.records.begin(), a.records.end(), copy->memory_);
    copy->Publish(total, max_sequence);
    return copy;
  }
  const std::size_t common_bytes = CommonPrefixBytes(a.common, b.common);
  auto merged = std::make_shared<SortedRecords>(total, a.common.substr(0, common_bytes), account);
  const ShiftedRun left(a, common_bytes);
  const ShiftedRun right(b, common_bytes);
  if (left.EndsBefore(right)) {
    right.CopyTo(left.CopyTo(merged->memory_));
  } else if (right.EndsBefore(left)) {
    left.CopyTo(right.CopyTo(merged->memory_));
  } else {
    MergeTo(merged->memory_, left, right);
  }
  merged->Publish(total, max_sequence);
  return merged;
}

void SortedRecords::SortInPlace(std::size_t size) noexcept {
  QUIVER_DCHECK(size <= capacity_);
  const std::span<PrefixedRecord> items(memory_, size);
  common_ = size == 0 ? std::string_view() : items.front().record->key();
  for (const PrefixedRecord& item : items) {
    if (common_.empty()) break;
    common_ = common_.substr(0, CommonPrefixBytes(common_, item.record->key()));
  }
  for (PrefixedRecord& item : items) item = PrefixedRecord(item.record, common_.size());
  if (!std::is_sorted(items.begin(), items.end(), IsBefore)) {
    std::sort(items.begin(), items.end(), IsBefore);
  }
  Publish(size, kSequenceMax);
}

void SortedRecords::Append(const PrefixedRecord& item) noexcept {
  const std::size_t size = size_.load(std::memory_order_relaxed);
  QUIVER_DCHECK(size < capacity_ && item.record->key().starts_with(common_));
  QUIVER_DCHECK(size == 0 || IsBefore(memory_[size - 1], item));
  memory_[size] = item;
  Publish(size + 1, std::max(max_sequence(), item.record->sequence()));
}

void SortedRecords::Publish(std::size_t size, SequenceNumber max_sequence) noexcept {
  max_sequence_.store(max_sequence, std::memory_order_relaxed);
  SchedulePoint();
  size_.store(size, std::memory_order_release);
}

std::size_t LowerBound(const SortedRun& run, std::string_view key,
                       SequenceNumber sequence) noexcept {
  const auto& [records, common] = run;
  if (const int order = key.substr(0, common.size()).compare(common); order != 0) {
    return order < 0 ? 0 : records.size();
  }
  const std::uint64_t prefix = KeyPrefix(key.substr(common.size()));
  const std::size_t first = PrefixLowerBound(records, prefix);
  if (first == records.size() || records[first].prefix != prefix) return first;
  // Only records with an equal prefix need their whole key compared.
  const auto same = records.subspan(first);
  const std::size_t count =
      prefix == ~std::uint64_t{0} ? same.size() : PrefixLowerBound(same, prefix + 1);
  const auto found =
      std::partition_point(same.begin(), same.begin() + static_cast<std::ptrdiff_t>(count),
                           [key, sequence](const PrefixedRecord& item) {
                             return CompareRecord(*item.record, key, sequence) < 0;
                           });
  return first + static_cast<std::size_t>(found - same.begin());
}

std::size_t UpperBound(const SortedRun& run, std::string_view key,
                       SequenceNumber sequence) noexcept {
  const std::size_t index = LowerBound(run, key, sequence);
  const bool exact =
      index < run.records.size() && CompareRecord(*run.records[index].record, key, sequence) == 0;
  return exact ? index + 1 : index;
}

const EntryRecord* FindVisible(const SortedRun& run, const LookupKey& key) noexcept {
  const auto& [records, common] = run;
  if (records.empty() || !key.key.starts_with(common)) return nullptr;
  const std::uint64_t prefix = KeyPrefix(key.key.substr(common.size()));
  if (prefix < records.front().prefix || prefix > records.back().prefix) return nullptr;
  const std::size_t index = LowerBound(run, key.key, key.sequence);
  if (index == records.size() || records[index].prefix != prefix) return nullptr;
  const EntryRecord* record = records[index].record;
  return record->key() == key.key ? record : nullptr;
}

}  // namespace quiver
