// SortedRecords: a sorted array of records that grows only at its end. Runs of the sorted
// memtable, ordered views of the hash and vector memtables and sealed memtables are all this.
//
// Invariants:
//  1. The records are strictly ascending in entry order; all keys begin with `common`, and the
//     prefixes are those behind it (common_prefix.h).
//  2. An element is written before size_ is raised over it (release), and never changes again, so
//     a reader may use every element below the size it has loaded (acquire) without a lock.
//  3. max_sequence() is at least the sequence of every element below the size loaded before it.
//
// Thread safety: one appender beside any number of readers.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "memtable/memory_account.h"
#include "memtable/prefixed_record.h"

namespace quiver {

/// A stretch of sorted records as readers see it.
struct SortedRun {
  std::span<const PrefixedRecord> records;
  std::string_view common;  ///< what all its keys begin with; lies in one of them
};

class SortedRecords {
 public:
  /// An empty array with room for `capacity` records whose keys begin with `common`. From 2 MiB
  /// on it lies on huge pages.
  SortedRecords(std::size_t capacity, std::string_view common, const MemoryAccount& account);
  ~SortedRecords();
  SortedRecords(const SortedRecords&) = delete;
  SortedRecords& operator=(const SortedRecords&) = delete;

  /// Merges two runs that have no entry in common: O(a + b), a copy where one lies wholly before
  /// the other. `max_sequence` is at least every sequence in them.
  static std::shared_ptr<SortedRecords> Merge(const SortedRun& a, const SortedRun& b,
                                              const MemoryAccount& account,
                                              SequenceNumber max_sequence = kSequenceMax);

  /// The whole array, for the caller to write records to in any order (prefixes do not matter)
  /// and then call SortInPlace. Both only while no other thread knows this object.
  std::span<PrefixedRecord> space() noexcept { return {memory_, capacity_}; }
  /// Finds what the keys of the first `size` elements of space() have in common, sorts and
  /// publishes them: O(n) where they were written in order, else O(n log n).
  void SortInPlace(std::size_t size) noexcept;

  /// Adds `item`, which must come after every record here; the array must not be full. Its prefix
  /// is the one behind common().
  void Append(const PrefixedRecord& item) noexcept;

  SortedRun run() const noexcept {
    return {{memory_, size_.load(std::memory_order_acquire)}, common_};
  }
  std::string_view common() const noexcept { return common_; }
  std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  std::size_t capacity() const noexcept { return capacity_; }
  /// A bound of the sequences here: lookups that already have a newer version skip the array.
  SequenceNumber max_sequence() const noexcept {
    return max_sequence_.load(std::memory_order_relaxed);
  }

 private:
  void Publish(std::size_t size, SequenceNumber max_sequence) noexcept;

  const std::size_t capacity_;
  const std::size_t memory_bytes_;
  PrefixedRecord* const memory_;
  std::string_view common_;
  std::atomic<std::size_t> size_{0};
  std::atomic<SequenceNumber> max_sequence_{0};
  const MemoryCharge charge_;
};

/// Index of the first record at or after (key, sequence): O(log n), free of unpredictable
/// branches until the prefixes are equal.
std::size_t LowerBound(const SortedRun& run, std::string_view key,
                       SequenceNumber sequence) noexcept;

/// Index of the first record after (key, sequence).
std::size_t UpperBound(const SortedRun& run, std::string_view key,
                       SequenceNumber sequence) noexcept;

/// The newest version of `key` whose sequence is at most the one wanted, or null.
const EntryRecord* FindVisible(const SortedRun& run, const LookupKey& key) noexcept;

}  // namespace quiver
