// TrieMemtable: an adaptive radix tree over the keys' bytes (art_node.h), for long keys with
// shared prefixes and many lookups: Add, Get and Seek cost O(key bytes), whatever the number of
// entries.
//
// A leaf is the chain of one key's versions, the newest first. Nothing recurses: a path may be as
// deep as the longest key, 65,535.
//
// Invariants:
//  1. One writer; what it has published it changes only as art_node.h says, so readers follow
//     slots (acquire) without locks, marks or repeats.
//  2. A superseded node stays in the arena until the memtable goes, so that readers and iterators
//     need no protection; memory_bytes() counts it. What a node leaves behind as it grows is
//     between a third and 44 % of the size of the node that took its place.
//
// Thread safety: one writer; readers are wait-free.
#pragma once

#include <atomic>
#include <memory>

#include "memtable/memtable.h"
#include "memtable/trie/art_node.h"

namespace quiver {

class TrieMemtable final : public Memtable {
 public:
  explicit TrieMemtable(const MemtableContext& context) : arena_(context.memory_pool) {}

  void Add(const EntryView& entry) override;
  bool Get(const LookupKey& key, LookupAnswer& answer) const override;
  std::unique_ptr<InternalIterator> NewIterator() const override;
  void Seal() override {}
  std::size_t memory_bytes() const override { return arena_.memory_bytes(); }
  std::uint64_t entry_count() const override {
    return entry_count_.load(std::memory_order_acquire);
  }
  MemtableKind kind() const override { return MemtableKind::kTrie; }

 private:
  void Insert(ArtVersion* version);
  /// Puts `version` where the leaf `newest` is: into its chain if the keys are equal, or else
  /// both below a new node. Their keys agree in the first `depth` bytes.
  void InsertAtLeaf(ArtSlot& slot, ArtVersion* newest, ArtVersion* version, std::size_t depth);
  /// Puts `version`, whose key leaves the prefix of `node` after `common` bytes, beside a copy of
  /// `node` with the rest of the prefix, below a new node.
  void SplitPrefix(ArtSlot& slot, const ArtNode* node, std::size_t common, ArtVersion* version,
                   std::size_t depth);

  Arena arena_;
  ArtSlot root_;
  std::atomic<std::uint64_t> entry_count_{0};
};

}  // namespace quiver
