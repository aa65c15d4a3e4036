// TrieIterator: a cursor over a trie memtable that keeps its path from the root, so that a step
// is usually a look at one node.
//
// Why it stays right while the writer works: the writer copies a node and publishes the copy
// rather than taking anything away, and all memory lives as long as the memtable. A node on the
// path that has been superseded therefore still leads to every entry that was there when the
// iterator came by; a Seek starts at the root again and sees the newest.
//
// Invariants:
//  1. path_ leads from the root to the leaf: in each node, the branch byte taken, or kTerminal.
//  2. newest_ is the leaf's newest version when the iterator arrived; current_ is in its chain.
//  3. chain_ is empty, or holds the versions from newest_ to current_: what Prev goes back
//     through, as the versions themselves are linked one way only.
//
// Thread safety: one thread at a time, beside the writer.
#pragma once

#include <vector>

#include "iterator/internal_iterator.h"
#include "memtable/trie/art_node.h"

namespace quiver {

class TrieIterator final : public InternalIterator {
 public:
  explicit TrieIterator(const ArtSlot& root) noexcept : root_(root) {}

  void SeekToFirst() override;
  void SeekToLast() override;
  void Seek(std::string_view key, SequenceNumber sequence) override;
  void SeekForPrev(std::string_view key, SequenceNumber sequence) override;
  void Next() override;
  /// Among the versions of one key O(1), after O(versions) where the iterator turns or enters.
  void Prev() override;

 private:
  static constexpr int kTerminal = -1;  // just before the first byte, as in the order of keys
  struct Step {
    const ArtNode* node;
    int byte;
  };

  /// Goes to the least, or the greatest, entry below `child`, which may be empty.
  void EnterFirst(ArtChild child);
  void EnterLast(ArtChild child);
  /// Goes to the first entry of the next key, or the last entry of the previous one, by path_.
  void LeaveForward();
  void LeaveBackward();
  /// Goes to the first version in the leaf at or after `sequence`, or on to the next key.
  void EnterVersion(const ArtVersion* newest, SequenceNumber sequence);
  void Show(const ArtVersion* version) noexcept;

  const ArtSlot& root_;
  std::vector<Step> path_;
  const ArtVersion* newest_ = nullptr;
  const ArtVersion* current_ = nullptr;
  std::vector<const ArtVersion*> chain_;
};

}  // namespace quiver
