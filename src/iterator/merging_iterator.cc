// MergingIterator: a binary heap of children, each beside the first eight bytes of its key, so that
// most comparisons are one of integers and touch the heap's own memory only.
//
// Invariants, while valid_:
//  1. heap_ holds the children that have an entry; the first in the current direction is on top.
//  2. second_ is the heap position (1 or 2) of the child that would follow the top, or 0 when the
//     top is alone. It stays right as long as only the top moves, so that a run of entries from
//     one child costs one comparison each.
//  3. Going forward every child below the top stands after entry_, going backward before it.
//     Turning round therefore seeks every other child to the far side of entry_.
//
// Thread safety: one thread at a time.
//
// The comparison of a cached key prefix first is as in Pebble's merging iterator; the heap whose
// replaced top is held against its larger child only is Knuth's replacement (TAOCP 3, 5.4.1).
#include "iterator/merging_iterator.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/check.h"
#include "base/coding.h"

namespace quiver {

namespace {

enum class Direction : std::uint8_t { kForward, kBackward };

// A child and the prefix of the key it stands on.
struct Source {
  std::uint64_t prefix;
  InternalIterator* child;
};

// Orders two keys whose first eight bytes, padded with zeros, are equal. The second word is
// compared inline because keys that share their first eight bytes ("user0000…") mostly differ
// there.
int CompareBeyondPrefix(std::string_view a, std::string_view b) noexcept {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (a.size() < 2 * kWord || b.size() < 2 * kWord) return a.compare(b);
  const std::uint64_t word_a = KeyPrefix(a.substr(kWord));
  const std::uint64_t word_b = KeyPrefix(b.substr(kWord));
  if (word_a != word_b) return word_a < word_b ? -1 : 1;
  return a.substr(2 * kWord).compare(b.substr(2 * kWord));
}

template <Direction direction>
bool ComesBefore(const Source& a, const Source& b) noexcept {
  constexpr bool kForward = direction == Direction::kForward;
  if (a.prefix != b.prefix) [[likely]]
    return (a.prefix < b.prefix) == kForward;
  const EntryView& entry_a = a.child->entry();
  const EntryView& entry_b = b.child->entry();
  if (const int order = CompareBeyondPrefix(entry_a.key, entry_b.key); order != 0) {
    return (order < 0) == kForward;
  }
  return (entry_a.sequence > entry_b.sequence) == kForward;
}

class MergingIterator final : public InternalIterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<InternalIterator>> children)
      : children_(std::move(children)) {
    heap_.reserve(children_.size());
  }

  void SeekToFirst() override {
    SeekAll<Direction::kForward>([](InternalIterator& child) { child.SeekToFirst(); });
  }
  void SeekToLast() override {
    SeekAll<Direction::kBackward>([](InternalIterator& child) { child.SeekToLast(); });
  }
  void Seek(std::string_view key, SequenceNumber sequence) override {
    for (unsigned wave = 0; wave < kPrefetchWaves; ++wave) {
      for (const auto& child : children_) child->Prefetch(key, wave);
    }
    SeekAll<Direction::kForward>(
        [key, sequence](InternalIterator& child) { child.Seek(key, sequence); });
  }
  void SeekForPrev(std::string_view key, SequenceNumber sequence) override {
    SeekAll<Direction::kBackward>(
        [key, sequence](InternalIterator& child) { child.SeekForPrev(key, sequence); });
  }

  void Next() override {
    QUIVER_DCHECK(valid_);
    if (direction_ == Direction::kForward) [[likely]] {
      Advance<Direction::kForward>();
    } else {
      TurnRound<Direction::kForward>();
    }
  }
  void Prev() override {
    QUIVER_DCHECK(valid_);
    if (direction_ == Direction::kBackward) [[likely]] {
      Advance<Direction::kBackward>();
    } else {
      TurnRound<Direction::kBackward>();
    }
  }

  EntrySpan Span() override {
    QUIVER_DCHECK(valid_);
    if (direction_ == Direction::kBackward) return {};
    const EntrySpan span = heap_.front().child->Span();
    if (second_ == 0) return span;
    const EntryView& next = heap_[second_].child->entry();
    return SpanBefore(span, next.key, next.sequence);
  }
  void Skip(std::uint32_t count) override {
    QUIVER_DCHECK(valid_ && direction_ == Direction::kForward);
    heap_.front().child->Skip(count);
    SettleTop<Direction::kForward>();
  }

  EntrySpan SpanBack() override {
    QUIVER_DCHECK(valid_);
    if (direction_ == Direction::kForward) return {};
    const EntrySpan span = heap_.front().child->SpanBack();
    if (second_ == 0) return span;
    const EntryView& next = heap_[second_].child->entry();
    return SpanBehind(span, next.key, next.sequence);
  }
  void SkipBack(std::uint32_t count) override {
    QUIVER_DCHECK(valid_ && direction_ == Direction::kBackward);
    heap_.front().child->SkipBack(count);
    SettleTop<Direction::kBackward>();
  }

  Result<void> status() const override { return status_; }

 private:
  template <Direction direction>
  static void Step(InternalIterator& child) {
    if constexpr (direction == Direction::kForward) {
      child.Next();
    } else {
      child.Prev();
    }
  }

  // Positions every child by `seek` and builds the heap from those that have an entry.
  template <Direction direction, typename SeekChild>
  void SeekAll(SeekChild seek) {
    direction_ = direction;
    status_ = {};
    heap_.clear();
    for (const auto& child : children_) {
      seek(*child);
      if (child->Valid()) {
        heap_.push_back({KeyPrefix(child->entry().key), child.get()});
      } else if (!ReportError(*child)) {
        return;
      }
    }
    for (std::size_t i = heap_.size() / 2; i-- > 0;) SiftDown<direction>(i, heap_[i]);
    ShowTop<direction>();
  }

  // Takes the step beyond the current entry in the direction that the iterator did not go.
  template <Direction direction>
  void TurnRound() {
    InternalIterator* const current = heap_.front().child;
    SeekAll<direction>([this, current](InternalIterator& child) {
      if (&child == current) return;
      // Entries differ, so at or beyond the current entry means beyond it. Its views stay valid
      // because the child that owns them does not move until the others have.
      if constexpr (direction == Direction::kForward) {
        child.Seek(entry_.key, entry_.sequence);
      } else {
        child.SeekForPrev(entry_.key, entry_.sequence);
      }
    });
    // The current child took part unmoved, and stands before all others in the new direction.
    if (valid_) Advance<direction>();
  }

  template <Direction direction>
  void Advance() {
    Step<direction>(*heap_.front().child);
    SettleTop<direction>();
  }

  // Restores the order after the child on top has moved.
  template <Direction direction>
  void SettleTop() {
    Source top = heap_.front();
    if (!top.child->Valid()) [[unlikely]] {
      RemoveTop<direction>();
      return;
    }
    top.prefix = KeyPrefix(top.child->entry().key);
    heap_.front().prefix = top.prefix;
    if (second_ == 0 || ComesBefore<direction>(top, heap_[second_])) [[likely]] {
      entry_ = top.child->entry();
      return;
    }
    heap_.front() = heap_[second_];
    SiftDown<direction>(second_, top);
    ShowTop<direction>();
  }

  template <Direction direction>
  void RemoveTop() {
    if (!ReportError(*heap_.front().child)) return;
    const Source last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) SiftDown<direction>(0, last);
    ShowTop<direction>();
  }

  // Puts `source` into the hole at `position` or, if a child there comes first, below it.
  template <Direction direction>
  void SiftDown(std::size_t position, Source source) {
    for (;;) {
      std::size_t below = 2 * position + 1;
      if (below >= heap_.size()) break;
      if (below + 1 < heap_.size() && ComesBefore<direction>(heap_[below + 1], heap_[below])) {
        ++below;
      }
      if (!ComesBefore<direction>(heap_[below], source)) break;
      heap_[position] = heap_[below];
      position = below;
    }
    heap_[position] = source;
  }

  template <Direction direction>
  void ShowTop() {
    valid_ = !heap_.empty();
    if (!valid_) return;
    entry_ = heap_.front().child->entry();
    second_ = heap_.size() > 1 ? 1 : 0;
    if (heap_.size() > 2 && ComesBefore<direction>(heap_[2], heap_[1])) second_ = 2;
  }

  // Ends the merge if `child` stopped for an error; true if it only came to its end.
  bool ReportError(const InternalIterator& child) {
    status_ = child.status();
    if (status_.ok()) return true;
    heap_.clear();
    valid_ = false;
    return false;
  }

  const std::vector<std::unique_ptr<InternalIterator>> children_;
  std::vector<Source> heap_;
  std::size_t second_ = 0;
  Direction direction_ = Direction::kForward;
  Result<void> status_;
};

class EmptyIterator final : public InternalIterator {
 public:
  explicit EmptyIterator(Result<void> status) : status_(std::move(status)) {}

  void SeekToFirst() override {}
  void SeekToLast() override {}
  void Seek(std::string_view /*key*/, SequenceNumber /*sequence*/) override {}
  void SeekForPrev(std::string_view /*key*/, SequenceNumber /*sequence*/) override {}
  void Next() override { QUIVER_DCHECK(valid_); }
  void Prev() override { QUIVER_DCHECK(valid_); }
  Result<void> status() const override { return status_; }

 private:
  const Result<void> status_;
};

}  // namespace

std::unique_ptr<InternalIterator> NewMergingIterator(
    std::vector<std::unique_ptr<InternalIterator>> children) {
  if (children.empty()) return NewEmptyIterator();
  if (children.size() == 1) return std::move(children.front());
  return std::make_unique<MergingIterator>(std::move(children));
}

std::unique_ptr<InternalIterator> NewEmptyIterator() {
  return std::make_unique<EmptyIterator>(Result<void>());
}

std::unique_ptr<InternalIterator> NewErrorIterator(Error error) {
  return std::make_unique<EmptyIterator>(Result<void>(std::move(error)));
}

}  // namespace quiver
