// FatNode and FatIndexNode: the nodes of a BSkipList; up to kCapacity entries in order, found by
// a binary search over eight bytes of each key.
//
//   count 3, skip 4     words     "0017...."  "0018...."  "0101...."
//                       records   user00170,9 user00180,4 user01011,7     (key, sequence)
//                       children  [0]       [1]         [2]         [3]   (index nodes only)
//
// The word of an entry is the eight bytes that follow the first `skip` bytes of its key. Those
// first bytes are the same for all keys of the node (prefix truncation: Bayer and Unterauer,
// "Prefix B-Trees", 1977). There are two ways to know it:
//   fenced   both ends of the node's range are known, and what they share, every key shares that
//            can ever be looked for here. Nothing needs to be compared.
//   pattern  a node at either end of the list has no such fence. Its entries share `skip` bytes
//            with the record `pattern`; a search compares them first, and an insertion of a key
//            that differs shortens `skip`.
// Words that tie are decided by whole entries.
//
// Invariants:
//  1. Slots below count are in entry order. A slot once below count holds a valid pointer for
//     ever, so that a reader may follow what it read before it knows whether it is current.
//  2. Entries lie in [low, high) in entry order; a null fence is open. low is the first entry.
//     Ranges only shrink, at their upper end, when a node splits.
//  3. The first record of a node with a low fence never changes.
//
// Thread safety: const methods from any thread; what they return counts only if the lock's
// version has not changed since before. Everything else by the holder of the lock, or before
// the node is published. All fields that readers see are atomic (optimistic_lock.h says why).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/arena.h"
#include "memtable/entry_record.h"
#include "memtable/entry_target.h"
#include "memtable/optimistic_lock.h"

namespace quiver {

class alignas(64) FatNode {
 public:
  static constexpr std::uint32_t kCapacity = 64;

  /// A consistent copy of a leaf, to iterate over undisturbed.
  struct Snapshot {
    std::array<const EntryRecord*, kCapacity> records;
    std::uint32_t count = 0;
    const FatNode* next = nullptr;
  };

  static FatNode* NewLeaf(Arena& arena);
  FatNode(const FatNode&) = delete;
  FatNode& operator=(const FatNode&) = delete;

  OptimisticLock& lock() noexcept { return lock_; }
  const OptimisticLock& lock() const noexcept { return lock_; }

  bool is_leaf() const noexcept { return is_leaf_; }
  std::uint32_t count() const noexcept { return count_.load(std::memory_order_acquire); }
  bool full() const noexcept { return count() == kCapacity; }
  const EntryRecord* record(std::uint32_t position) const noexcept {
    return records_[position].load(std::memory_order_acquire);
  }
  /// The next leaf, or null.
  const FatNode* next() const noexcept { return next_.load(std::memory_order_acquire); }

  /// Asks for all lines at once: one miss's time for the words and for what they lead to.
  void Prefetch() const noexcept;
  /// The number of entries before the target: the position of the first at or after it.
  std::uint32_t LowerBound(const EntryTarget& target) const noexcept;
  /// False only if the entry at `position` has another key than the target; reads no record.
  bool MayHoldKey(std::uint32_t position, const EntryTarget& target) const noexcept;
  /// Copies a leaf; whether the copy is consistent is for the caller to find out.
  void CopyTo(Snapshot& snapshot) const noexcept;
  /// Copies a leaf consistently, waiting for writers.
  void ReadInto(Snapshot& snapshot) const noexcept;

  // For the holder of the lock.

  /// The entry, which belongs at or after the last one, does so within this node's range.
  bool AcceptsAtEnd(const EntryTarget& target) const noexcept;
  /// Inserts an entry; the node must not be full. Returns its position.
  std::uint32_t Insert(const EntryTarget& target, const EntryRecord& record) noexcept;
  /// Where to split a full node that `target` is to go into: in the middle, or before the last
  /// slot if entries arrive in order, so that such nodes stay full.
  std::uint32_t SplitPosition(const EntryTarget& target) const noexcept;
  /// Moves the entries from `position` on into `right`, a new leaf, and returns the first of
  /// them. Words are chosen anew where that tells more keys apart.
  const EntryRecord& SplitLeaf(std::uint32_t position, FatNode& right) noexcept;

 protected:
  explicit FatNode(bool is_leaf) noexcept : is_leaf_(is_leaf) {
    for (auto& word : words_) word.store(kLargestWord, std::memory_order_relaxed);
  }

  void Admit(std::string_view key) noexcept;
  void InsertAt(std::uint32_t position, const EntryTarget& target,
                const EntryRecord& record) noexcept;
  const EntryRecord& Divide(std::uint32_t kept, std::uint32_t moved, FatNode& right) noexcept;
  void AdoptEncoding(const FatNode& other) noexcept;

 private:
  static constexpr std::uint32_t kWordsPerLine = 8;
  static constexpr std::uint64_t kLargestWord = ~std::uint64_t{0};

  std::uint64_t WordOf(const EntryTarget& target, std::uint32_t skip) const noexcept;
  std::uint32_t LowerBoundOfWord(std::uint64_t word) const noexcept;
  std::uint32_t LowerBoundAmongTies(const EntryTarget& target, std::uint64_t word,
                                    std::uint32_t first, std::uint32_t count) const noexcept;
  void ImproveEncoding() noexcept;
  void Encode(std::uint32_t skip, const EntryRecord* pattern) noexcept;

  OptimisticLock lock_;
  std::atomic<std::uint32_t> count_{0};
  std::atomic<std::uint32_t> skip_{0};
  std::atomic<const EntryRecord*> pattern_{nullptr};  // null: fenced, or skip is 0
  std::atomic<FatNode*> next_{nullptr};
  const EntryRecord* low_ = nullptr;   // guarded by lock_
  const EntryRecord* high_ = nullptr;  // guarded by lock_
  std::uint32_t newest_position_ = 0;  // of the last insertion; guarded by lock_
  const bool is_leaf_;
  // The largest word from count on.
  alignas(64) std::array<std::atomic<std::uint64_t>, kCapacity> words_;
  std::array<std::atomic<const EntryRecord*>, kCapacity> records_{};
};

/// A node above the leaves: child i holds what comes before record i and, from i = 1 on, at or
/// after record i - 1.
class FatIndexNode final : public FatNode {
 public:
  /// An index over `left` and `right`, which `separator` divides, in the encoding of `left`.
  static FatIndexNode* New(Arena& arena, FatNode& left, const EntryRecord& separator,
                           FatNode& right);

  FatNode* child(std::uint32_t position) const noexcept {
    return children_[position].load(std::memory_order_acquire);
  }

  // For the holder of the lock.

  /// Child `position` has split: `right` begins with `separator`. The node must not be full.
  void InsertChild(std::uint32_t position, const EntryRecord& separator, FatNode& right) noexcept;
  /// Moves what follows the record at `position` into `right`, a new node, and returns that
  /// record, which goes up.
  const EntryRecord& SplitIndex(std::uint32_t position, FatIndexNode& right) noexcept;

  static FatIndexNode* Allocate(Arena& arena);

 private:
  FatIndexNode() noexcept : FatNode(false) {}

  std::array<std::atomic<FatNode*>, kCapacity + 1> children_{};
};

}  // namespace quiver
