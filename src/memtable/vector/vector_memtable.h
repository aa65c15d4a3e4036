// VectorMemtable: appends to a vector and sorts late, for bulk loads that are read after the
// flush. After RocksDB's VectorRep.
//
// Add puts the record at the end of a RecordLog: O(1), from many threads. While the table takes
// writes, Get scans the log backward by hash, O(n), and an iterator sorts what arrived since the
// last one was made (OrderedViewCache). Seal sorts once, or only checks where the records arrived
// in order; from then on Get is a binary search.
//
// Invariants:
//  1. sealed_ is null, or the final view of every record: it is set once, by Seal.
//  2. The log keeps living after Seal, so that a reader that missed sealed_ is right too.
//
// Thread safety: Add from many threads; the rest as memtable.h says.
#pragma once

#include <atomic>

#include "memtable/memtable.h"
#include "memtable/ordered_view_cache.h"
#include "memtable/sorted_records_iterator.h"

namespace quiver {

class VectorMemtable final : public Memtable, private OrderedViewSource {
 public:
  explicit VectorMemtable(const MemtableContext& context);

  void Add(const EntryView& entry) override;
  bool Get(const LookupKey& key, LookupAnswer& answer) const override;
  std::unique_ptr<InternalIterator> NewIterator() const override;
  void Seal() override;
  std::size_t memory_bytes() const override { return arena_.memory_bytes() + account_.bytes(); }
  std::uint64_t entry_count() const override { return log_.size(); }
  MemtableKind kind() const override { return MemtableKind::kVector; }

 private:
  std::shared_ptr<const SortedRecords> OrderedView() const override { return views_.Get(); }

  Arena arena_;
  const MemoryAccount account_;
  RecordLog log_;
  mutable OrderedViewCache views_;  // a cache: const readers fill it
  std::shared_ptr<const SortedRecords> sealed_owner_;
  std::atomic<const SortedRecords*> sealed_{nullptr};
};

}  // namespace quiver
