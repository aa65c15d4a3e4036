// HashSkiplistMemtable: one ordered list of all entries, plus a hash index from each key to its
// newest version.
//
// Get asks the index, and so costs the same however many entries or versions there are; only a
// snapshot older than the key's newest version needs a search of the list. Iteration is ordered
// at all times, with nothing to sort.
//
// The list is the one of fat nodes: over tower nodes an Add would cost several times as much
// (docs/decisions/0007-memtable-contract.md).
//
// Invariant: an entry is in the list before it is in the index, so that whoever finds a version
// too new for its snapshot finds the older ones in the list.
//
// Thread safety: as Memtable, with concurrent writers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/arena.h"
#include "memtable/enhanced_skiplist/b_skip_list.h"
#include "memtable/hash_skiplist/hash_index.h"
#include "memtable/memtable.h"

namespace quiver {

class HashSkiplistMemtable final : public Memtable {
 public:
  explicit HashSkiplistMemtable(const MemtableContext& context)
      : arena_(context.memory_pool), list_(arena_), index_(arena_, context.hash_buckets) {}

  void Add(const EntryView& entry) override;
  bool Get(const LookupKey& key, LookupAnswer& answer) const override;
  void Prefetch(const LookupKey& key, unsigned wave) const override {
    wave == 0 ? index_.PrefetchBucket(key.hash) : index_.PrefetchLink(key.hash);
  }
  std::unique_ptr<InternalIterator> NewIterator() const override { return list_.NewIterator(); }
  void Seal() override {}
  std::size_t memory_bytes() const override { return sizeof(*this) + arena_.memory_bytes(); }
  std::uint64_t entry_count() const override { return list_.entry_count(); }
  MemtableKind kind() const override { return MemtableKind::kHashSkiplist; }

 private:
  Arena arena_;
  BSkipList list_;
  HashIndex index_;
};

}  // namespace quiver
