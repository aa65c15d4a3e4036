// EnhancedSkiplistMemtable: the memtable over a skip list of fat nodes; the default kind.
//
// Add and Get cost O(log n) with about two cache misses, and O(1) for an Add in key order.
//
// Thread safety: as Memtable, with concurrent writers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/arena.h"
#include "memtable/enhanced_skiplist/b_skip_list.h"
#include "memtable/entry_record.h"
#include "memtable/memtable.h"

namespace quiver {

class EnhancedSkiplistMemtable final : public Memtable {
 public:
  explicit EnhancedSkiplistMemtable(const MemtableContext& context)
      : arena_(context.memory_pool), list_(arena_) {}

  void Add(const EntryView& entry) override { list_.Insert(*EntryRecord::Create(arena_, entry)); }
  bool Get(const LookupKey& key, LookupAnswer& answer) const override;
  std::unique_ptr<InternalIterator> NewIterator() const override { return list_.NewIterator(); }
  void Seal() override {}
  std::size_t memory_bytes() const override { return sizeof(*this) + arena_.memory_bytes(); }
  std::uint64_t entry_count() const override { return list_.entry_count(); }
  MemtableKind kind() const override { return MemtableKind::kEnhancedSkiplist; }

 private:
  Arena arena_;
  BSkipList list_;
};

}  // namespace quiver
