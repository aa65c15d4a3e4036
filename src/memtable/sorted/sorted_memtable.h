// SortedMemtable: sorted arrays of (8-byte key prefix, record), for keys that arrive nearly in
// order and for tables that are read much. After Bentley and Saxe, "Decomposable searching
// problems I: static-to-dynamic transformation" (1980).
//
// An entry that comes after all of the tail is appended to it, O(1). Any other goes to the
// stragglers, an array of 64; when that is full it becomes a run, and runs of like size are
// merged, so there are O(log n) runs and an entry is moved O(log n) times. The tail becomes a run
// when it is full, or when it took fewer appends than there were stragglers: then one early
// entry with a great key must have stopped the appends. Get searches each part by halves,
// O(log^2 n), or O(log n) once Seal has merged them into one run.
//
// Invariants:
//  1. published_ is current_.get(): the newest RunList (run_list.h), stored after it is complete.
//  2. A replaced RunList is given to the epoch manager; Get holds an EpochGuard while it uses
//     one, an iterator a shared_ptr.
//  3. Every entry is in exactly one part of a RunList.
//  4. All keys begin with common_, and the prefixes in tail and stragglers are those behind it. It
//     only gets shorter; runs of before keep their longer one until they are merged.
//
// Thread safety: one writer; Get and iterators take no lock.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "memtable/memtable.h"
#include "memtable/sorted/run_list.h"

namespace quiver {

class SortedMemtable final : public Memtable {
 public:
  explicit SortedMemtable(const MemtableContext& context);

  /// Amortised O(log n), O(1) in order; the merge of the largest runs makes a rare one O(n).
  void Add(const EntryView& entry) override;
  bool Get(const LookupKey& key, LookupAnswer& answer) const override;
  std::unique_ptr<InternalIterator> NewIterator() const override;
  /// Merges everything into one run: O(n).
  void Seal() override;
  std::size_t memory_bytes() const override { return arena_.memory_bytes() + account_.bytes(); }
  std::uint64_t entry_count() const override {
    return entry_count_.load(std::memory_order_acquire);
  }
  MemtableKind kind() const override { return MemtableKind::kSorted; }

  /// Records in each run of now, the largest first, and in the tail: for tests and statistics.
  std::vector<std::size_t> RunSizes() const;
  std::size_t TailSize() const { return Current()->tail->size(); }

 private:
  class Iterator;

  static constexpr std::size_t kTailRecordsMin = 64;

  std::shared_ptr<const RunList> Current() const;
  /// Shortens common_ to what `key` has of it.
  void NarrowCommon(std::string_view key);
  /// Makes the full tail a run and starts a larger one.
  void RollTail();
  /// Makes the full stragglers a run, and with them the tail if it took few appends meanwhile.
  void FlushStragglers();
  /// Makes tail and stragglers one run.
  void FlushBoth();
  std::shared_ptr<const SortedRecords> TailAndStragglers() const;
  void Publish(RunList::Runs runs, std::shared_ptr<SortedRecords> tail,
               std::shared_ptr<Stragglers> stragglers);
  std::shared_ptr<SortedRecords> NewTail(std::size_t capacity) const;
  std::shared_ptr<Stragglers> NewStragglers() const;

  EpochManager& epochs_;
  Arena arena_;
  const MemoryAccount account_;
  std::atomic<const RunList*> published_{nullptr};
  std::atomic<std::uint64_t> entry_count_{0};

  // The writer's own:
  std::shared_ptr<const RunList> current_;
  std::string_view common_;
  std::size_t appends_since_flush_ = 0;  ///< since stragglers were made a run
};

}  // namespace quiver
