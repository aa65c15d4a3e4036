// SkipList: an ordered set of entries that many threads may extend at once, without locks.
//
// Pugh, "Skip Lists: A Probabilistic Alternative to Balanced Trees" (1990); insertion by
// compare-and-swap without removal, as in Fraser, "Practical lock-freedom" (2004), section 4.3.
//
//   level 2   head ------------------> c ------------------> end
//   level 1   head ------> b --------> c ------------------> end
//   level 0   head -> a -> b --------> c -> d -> e --------> end
//
// Invariants:
//  1. Level 0 holds every entry in entry order; each level above holds a subset of the one below.
//  2. A node is linked bottom up, so that a node found on a level is on all levels below.
//  3. Nodes are never unlinked: a node that preceded a place once precedes it for ever, and a
//     failed compare-and-swap goes on from the node it failed at.
//
// A tower reaches the next level with probability 1/4. Its height is drawn from the entry's
// ordinal, so that a run can be repeated and inserting threads share nothing but a counter.
//
// Thread safety: everything from any thread at any time; readers never wait.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/arena.h"
#include "base/entry.h"
#include "memtable/entry_record.h"
#include "memtable/entry_target.h"

namespace quiver {

class SkipList {
 public:
  /// 4^12 entries of 100 bytes are 1.6 GB, the size at which a memtable is flushed.
  static constexpr int kHeightMax = 12;

  class Node {
   public:
    const EntryRecord& record() const noexcept { return *record_; }
    /// The node after this one on level 0, or null.
    const Node* next() const noexcept { return Tower()[0].load(std::memory_order_acquire); }

   private:
    friend class SkipList;
    Node() = default;
    std::atomic<Node*>* Tower() noexcept { return reinterpret_cast<std::atomic<Node*>*>(this + 1); }
    const std::atomic<Node*>* Tower() const noexcept {
      return reinterpret_cast<const std::atomic<Node*>*>(this + 1);
    }
    bool Before(const EntryTarget& target) const noexcept {
      if (prefix_ != target.prefix) return prefix_ < target.prefix;
      return CompareRecord(*record_, target) < 0;
    }

    std::uint64_t prefix_ = 0;
    const EntryRecord* record_ = nullptr;  // null only in the head
  };

  /// `arena` takes the nodes and the records and must outlive the list.
  explicit SkipList(Arena& arena);
  SkipList(const SkipList&) = delete;
  SkipList& operator=(const SkipList&) = delete;

  /// Copies the entry and links it. Its (key, sequence) must be new. O(log n).
  void Insert(const EntryView& entry);

  /// The newest version of a key at or below a sequence, or null. O(log n).
  const EntryRecord* Find(const LookupKey& key) const;

  /// Places in the list; null where there is no such node. O(log n), First O(1).
  const Node* First() const noexcept { return head_->next(); }
  const Node* Last() const;
  const Node* FirstAtOrAfter(const EntryTarget& target) const;
  const Node* LastBefore(const EntryTarget& target) const;

  /// Entries whose Insert has begun.
  std::uint64_t entry_count() const noexcept {
    return entry_count_.load(std::memory_order_relaxed);
  }

 private:
  /// Two neighbours on a level with the target between them: before < target <= after.
  struct Gap {
    Node* before;
    Node* after;
  };
  using Splice = std::array<Gap, kHeightMax>;

  Node* NewNode(int height);
  void RaiseHeight(int height);
  Gap FindGapOnLevel(const EntryTarget& target, Node* from, int level, const Node* beyond) const;
  Gap FindGap(const EntryTarget& target, Splice* splice) const;
  void Link(Node* node, const EntryTarget& target, int height, Splice& splice);

  Arena& arena_;
  Node* const head_;
  std::atomic<int> height_{1};
  std::atomic<std::uint64_t> entry_count_{0};
};

}  // namespace quiver
