#include "memtable/enhanced_skiplist/b_skip_list_iterator.h"

#include <memory>

#include "base/prefetch.h"

namespace quiver {

namespace {
// Far enough for a miss in memory to be over when the entry's turn comes.
constexpr std::uint32_t kPrefetchDistance = 8;
// Header, key and the begin of the value: what a reader of all entries copies. A hint, so it may
// reach behind the record.
constexpr std::size_t kPrefetchBytes = 192;
}  // namespace

std::unique_ptr<InternalIterator> BSkipList::NewIterator() const {
  return std::make_unique<BSkipListIterator>(*this);
}

void BSkipListIterator::Show(std::uint32_t position) {
  position_ = position;
  valid_ = true;
  entry_ = leaf_.records[position]->view();
}

void BSkipListIterator::MoveForwardTo(std::uint32_t position) {
  if (position == leaf_.count) {
    valid_ = false;
    if (leaf_.next == nullptr) return;
    leaf_.next->ReadInto(leaf_);
    position = 0;
    for (std::uint32_t i = 0; i < kPrefetchDistance && i < leaf_.count; ++i) {
      PrefetchLines(leaf_.records[i], kPrefetchBytes);
    }
  }
  Show(position);
}

void BSkipListIterator::MoveBefore(std::uint32_t position) {
  valid_ = false;
  if (position > 0) Show(position - 1);
}

void BSkipListIterator::SeekToFirst() {
  list_.first_leaf_->ReadInto(leaf_);
  MoveForwardTo(0);
}

void BSkipListIterator::SeekToLast() {
  list_.ReadLastLeaf(leaf_);
  MoveBefore(leaf_.count);
}

void BSkipListIterator::Seek(std::string_view key, SequenceNumber sequence) {
  MoveForwardTo(list_.ReadLeafOf(EntryTarget(key, sequence), leaf_));
}

void BSkipListIterator::SeekForPrev(std::string_view key, SequenceNumber sequence) {
  const EntryTarget target(key, sequence);
  const std::uint32_t position = list_.ReadLeafOf(target, leaf_);
  // The target itself comes after what is before it, be it at the start of the next leaf.
  const EntryRecord* at_or_after = nullptr;
  if (position < leaf_.count) {
    at_or_after = leaf_.records[position];
  } else if (leaf_.next != nullptr) {
    at_or_after = leaf_.next->record(0);
  }
  if (at_or_after != nullptr && CompareRecord(*at_or_after, target) == 0) {
    MoveForwardTo(position);
  } else {
    MoveBefore(position);
  }
}

void BSkipListIterator::Next() {
  if (position_ + kPrefetchDistance < leaf_.count) {
    PrefetchLines(leaf_.records[position_ + kPrefetchDistance], kPrefetchBytes);
  }
  MoveForwardTo(position_ + 1);
}

void BSkipListIterator::Prev() {
  if (position_ == 0) {
    MoveBefore(list_.ReadLeafOf(EntryTarget(*leaf_.records[0]), leaf_));
  } else {
    if (position_ > kPrefetchDistance) {
      PrefetchLines(leaf_.records[position_ - 1 - kPrefetchDistance], kPrefetchBytes);
    }
    MoveBefore(position_);
  }
}

}  // namespace quiver
