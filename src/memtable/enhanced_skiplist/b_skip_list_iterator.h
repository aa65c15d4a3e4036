// BSkipListIterator: walks a BSkipList leaf by leaf, over a copy of each leaf's record pointers.
//
// A step within a leaf takes no lock and validates nothing, since records never change; entries
// that are added meanwhile to the copied leaf are seen by the next Seek.
//
// Thread safety: as InternalIterator.
#pragma once

#include <cstdint>
#include <string_view>

#include "iterator/internal_iterator.h"
#include "memtable/enhanced_skiplist/b_skip_list.h"
#include "memtable/enhanced_skiplist/fat_node.h"

namespace quiver {

class BSkipListIterator final : public InternalIterator {
 public:
  explicit BSkipListIterator(const BSkipList& list) noexcept : list_(list) {}

  void SeekToFirst() override;
  void SeekToLast() override;
  void Seek(std::string_view key, SequenceNumber sequence) override;
  void SeekForPrev(std::string_view key, SequenceNumber sequence) override;
  void Next() override;
  void Prev() override;

 private:
  /// To `position` of the copied leaf or, if that is its end, to the next leaf.
  void MoveForwardTo(std::uint32_t position);
  /// To the entry before `position` of the copied leaf; nowhere if that is its beginning, which
  /// happens only in the first leaf.
  void MoveBefore(std::uint32_t position);
  void Show(std::uint32_t position);

  const BSkipList& list_;
  FatNode::Snapshot leaf_;
  std::uint32_t position_ = 0;
};

}  // namespace quiver
