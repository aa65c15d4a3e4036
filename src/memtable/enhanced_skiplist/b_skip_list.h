// BSkipList: a skip list of fat nodes; an ordered set of entries in which a search costs a few
// cache misses instead of some twenty, and which many threads may extend at once.
//
// Golovin, "The B-Skip-List" (2010), with deterministic promotion as in Munro, Papadakis and
// Sedgewick, "Deterministic Skip Lists" (1992): a node that fills up splits and promotes the
// entry between its halves, so heights never depend on luck. Concurrency by optimistic lock
// coupling (optimistic_lock.h).
//
//   level 1   [ f           m           t ]
//               |           |           |
//   level 0   [a b c] --> [f h k] --> [m n q s] --> [t x]         each entry: 8-byte word, record
//
// Invariants:
//  1. Leaves, chained left to right, hold every entry in entry order. A child covers the range
//     between the records on either side of its pointer.
//  2. Nodes live as long as the list and keep their lower end; a split moves entries only to a
//     new right neighbour. So an iterator that holds a copy of a leaf and that leaf's next
//     pointer misses nothing that was there when the copy was made.
//  3. Whoever descends validates the parent's version after it has read the child's: the child
//     then covers the target. Nodes that are full are split on the way down, so that a parent
//     always has room.
//  4. Locks are only tried, parent before child; whoever fails starts again and holds none.
//
// Thread safety: everything from any thread at any time. Readers write nothing; they start again
// when a writer changed what they were reading.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/arena.h"
#include "base/entry.h"
#include "iterator/internal_iterator.h"
#include "memtable/enhanced_skiplist/fat_node.h"
#include "memtable/entry_record.h"
#include "memtable/entry_target.h"

namespace quiver {

class BSkipList {
 public:
  /// `arena` takes the nodes and must outlive the list.
  explicit BSkipList(Arena& arena);
  BSkipList(const BSkipList&) = delete;
  BSkipList& operator=(const BSkipList&) = delete;

  /// Inserts a record, which must outlive the list and whose (key, sequence) must be new.
  /// O(log n); O(1) for records that arrive in order.
  void Insert(const EntryRecord& record);

  /// The newest version of a key at or below a sequence, or null. O(log n).
  const EntryRecord* Find(const LookupKey& key) const;

  /// Next costs O(1), Prev O(1) but for one search a leaf. The list must outlive the iterator.
  std::unique_ptr<InternalIterator> NewIterator() const;

  /// Entries whose Insert is done.
  std::uint64_t entry_count() const noexcept {
    return entry_count_.load(std::memory_order_relaxed);
  }

 private:
  friend class BSkipListIterator;

  /// Where a descent stands.
  struct Path {
    FatIndexNode* parent = nullptr;  // null at the root
    OptimisticLock::Version parent_version = 0;
    std::uint32_t child_position = 0;  // of node in parent
    FatNode* node = nullptr;
    OptimisticLock::Version version = 0;
  };

  bool Start(Path& path) const noexcept;
  static bool StepDown(Path& path, std::uint32_t child_position) noexcept;
  Path DescendTo(const EntryTarget& target) const noexcept;
  /// Copies the leaf whose range holds the target; returns the entries before it in that leaf.
  std::uint32_t ReadLeafOf(const EntryTarget& target, FatNode::Snapshot& snapshot) const noexcept;
  void ReadLastLeaf(FatNode::Snapshot& snapshot) const noexcept;

  bool TryAppend(const EntryTarget& target, const EntryRecord& record) noexcept;
  bool TryInsert(const EntryTarget& target, const EntryRecord& record);
  void Split(const Path& path, const EntryTarget& target);
  void SplitLocked(const Path& path, const EntryTarget& target);

  Arena& arena_;
  FatNode* const first_leaf_;
  std::atomic<FatNode*> root_;
  /// The leaf whose end took the newest entry, or null: the next one probably follows it.
  std::atomic<FatNode*> append_hint_{nullptr};
  std::atomic<std::uint64_t> entry_count_{0};
};

}  // namespace quiver
