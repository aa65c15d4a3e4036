// LockedRecords: a small sorted array that one writer inserts into in the middle while readers
// search it without writing to shared memory, under an OptimisticLock of the owner.
//
// Invariants:
//  1. Slots below the size always hold records, torn or not, so a reader may follow any pointer
//     it has loaded; only the order may be wrong, until the reader has found the lock's version
//     unchanged.
//
// Thread safety: one writer beside any number of readers. A writing section is a few hundred
// stores long and never waits.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/schedule_point.h"
#include "memtable/optimistic_lock.h"
#include "memtable/prefixed_record.h"

namespace quiver {

/// The writing section of the only writer, for a scope.
class WritingSection {
 public:
  explicit WritingSection(OptimisticLock& lock) noexcept : lock_(lock) {
    const bool only_writer = lock_.TryLock();
    QUIVER_CHECK(only_writer);
  }
  ~WritingSection() { lock_.Unlock(); }
  WritingSection(const WritingSection&) = delete;
  WritingSection& operator=(const WritingSection&) = delete;

 private:
  OptimisticLock& lock_;
};

/// At most kCapacity records in entry order.
template <std::size_t kCapacity>
class LockedRecords {
 public:
  std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }

  PrefixedRecord Load(std::size_t index) const noexcept {
    return {slots_[index].prefix.load(std::memory_order_acquire),
            slots_[index].record.load(std::memory_order_acquire)};
  }
  /// Index of the first of `size` records at or after `target`.
  std::size_t LowerBound(std::size_t size, const EntryTarget& target) const noexcept {
    std::size_t low = 0;
    std::size_t high = size;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      const std::uint64_t prefix = slots_[middle].prefix.load(std::memory_order_acquire);
      const bool before = prefix != target.prefix ? prefix < target.prefix
                                                  : CompareRecord(Load(middle), target) < 0;
      if (before) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  /// Copies everything to `out` and returns the size.
  std::size_t CopyTo(std::array<PrefixedRecord, kCapacity>& out) const noexcept {
    const std::size_t count = size();
    for (std::size_t i = 0; i < count; ++i) out[i] = Load(i);
    return count;
  }

  /// Writer: puts `item` at `index`, moving later records up; not when full. Needs an open
  /// writing section, unless `index` is the end: readers then see all of it or nothing.
  void InsertAt(std::size_t index, const PrefixedRecord& item) noexcept {
    const std::size_t count = size_.load(std::memory_order_relaxed);
    QUIVER_DCHECK(count < kCapacity && index <= count);
    for (std::size_t i = count; i > index; --i) Store(i, Load(i - 1));
    Store(index, item);
    size_.store(count + 1, std::memory_order_release);
  }
  /// Writer, in a writing section: drops the records from `count` on.
  void Truncate(std::size_t count) noexcept { size_.store(count, std::memory_order_release); }

 private:
  struct Slot {
    std::atomic<std::uint64_t> prefix{0};
    std::atomic<const EntryRecord*> record{nullptr};
  };
  void Store(std::size_t index, const PrefixedRecord& item) noexcept {
    slots_[index].prefix.store(item.prefix, std::memory_order_release);
    SchedulePoint();
    slots_[index].record.store(item.record, std::memory_order_release);
  }

  std::atomic<std::size_t> size_{0};
  std::array<Slot, kCapacity> slots_;
};

}  // namespace quiver
