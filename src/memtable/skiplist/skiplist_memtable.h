// SkiplistMemtable: the memtable over a lock-free skip list; the plain, predictable kind.
//
// Add, Get and Seek cost O(log n) and a cache miss on most of their steps; Next follows one
// pointer, Prev searches anew for the last entry before.
//
// Thread safety: as Memtable, with concurrent writers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/arena.h"
#include "memtable/memtable.h"
#include "memtable/skiplist/skip_list.h"

namespace quiver {

class SkiplistMemtable final : public Memtable {
 public:
  explicit SkiplistMemtable(const MemtableContext& context)
      : arena_(context.memory_pool), list_(arena_) {}

  void Add(const EntryView& entry) override { list_.Insert(entry); }
  bool Get(const LookupKey& key, LookupAnswer& answer) const override;
  std::unique_ptr<InternalIterator> NewIterator() const override;
  void Seal() override {}
  std::size_t memory_bytes() const override { return sizeof(*this) + arena_.memory_bytes(); }
  std::uint64_t entry_count() const override { return list_.entry_count(); }
  MemtableKind kind() const override { return MemtableKind::kSkiplist; }

 private:
  Arena arena_;
  SkipList list_;
};

}  // namespace quiver
