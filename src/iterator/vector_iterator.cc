// See vector_iterator.h.
#include "iterator/vector_iterator.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace quiver {

namespace {

class VectorIterator final : public InternalIterator {
 public:
  explicit VectorIterator(std::vector<OwnedEntry> entries) : entries_(std::move(entries)) {
    std::sort(entries_.begin(), entries_.end(), [](const OwnedEntry& a, const OwnedEntry& b) {
      return CompareEntry(a.key, a.sequence, b.key, b.sequence) < 0;
    });
  }

  void SeekToFirst() override { MoveTo(0); }
  void SeekToLast() override { MoveTo(entries_.size() - 1); }
  void Seek(std::string_view key, SequenceNumber sequence) override {
    MoveTo(CountBefore(key, sequence));
  }
  void SeekForPrev(std::string_view key, SequenceNumber sequence) override {
    const std::size_t at = CountBefore(key, sequence);
    const bool exact = at < entries_.size() &&
                       CompareEntry(entries_[at].key, entries_[at].sequence, key, sequence) == 0;
    MoveTo(exact ? at : at - 1);
  }
  void Next() override {
    QUIVER_DCHECK(valid_);
    MoveTo(position_ + 1);
  }
  void Prev() override {
    QUIVER_DCHECK(valid_);
    MoveTo(position_ - 1);
  }

 private:
  // A step below the first entry wraps around to a position past the last: not valid either way.
  void MoveTo(std::size_t position) noexcept {
    position_ = position;
    valid_ = position_ < entries_.size();
    if (valid_) entry_ = entries_[position_].view();
  }

  std::size_t CountBefore(std::string_view key, SequenceNumber sequence) const noexcept {
    const auto at = std::partition_point(
        entries_.begin(), entries_.end(), [key, sequence](const OwnedEntry& entry) {
          return CompareEntry(entry.key, entry.sequence, key, sequence) < 0;
        });
    return static_cast<std::size_t>(at - entries_.begin());
  }

  std::vector<OwnedEntry> entries_;
  std::size_t position_ = 0;
};

}  // namespace

std::unique_ptr<InternalIterator> NewVectorIterator(std::vector<OwnedEntry> entries) {
  return std::make_unique<VectorIterator>(std::move(entries));
}

}  // namespace quiver
