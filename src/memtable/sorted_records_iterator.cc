#include "memtable/sorted_records_iterator.h"

#include "base/prefetch.h"

namespace quiver {

namespace {

class OrderedViewIterator final : public InternalIterator {
 public:
  explicit OrderedViewIterator(const OrderedViewSource& source) noexcept : source_(source) {}

  void SeekToFirst() override {
    TakeView();
    MoveTo(0);
  }
  void SeekToLast() override {
    TakeView();
    MoveTo(run_.records.size() - 1);
  }
  void Seek(std::string_view key, SequenceNumber sequence) override {
    TakeView();
    MoveTo(LowerBound(run_, key, sequence));
  }
  void SeekForPrev(std::string_view key, SequenceNumber sequence) override {
    TakeView();
    MoveTo(UpperBound(run_, key, sequence) - 1);
  }
  void Next() override {
    MoveTo(index_ + 1);
    if (index_ + kPrefetchDistance < run_.records.size()) {
      PrefetchLine(run_.records[index_ + kPrefetchDistance].record);
    }
  }
  void Prev() override { MoveTo(index_ - 1); }

 private:
  /// Records lie all over the arena: a scan asks for them this many steps ahead.
  static constexpr std::size_t kPrefetchDistance = 4;

  void TakeView() {
    view_ = source_.OrderedView();
    run_ = view_->run();
  }
  /// The place before the first record is the index that wraps below zero, so it is also at or
  /// above the size, and one test finds both ends.
  void MoveTo(std::size_t index) noexcept {
    index_ = index;
    valid_ = index_ < run_.records.size();
    if (valid_) entry_ = run_.records[index_].record->view();
  }

  const OrderedViewSource& source_;
  std::shared_ptr<const SortedRecords> view_;
  SortedRun run_;
  std::size_t index_ = 0;
};

}  // namespace

std::unique_ptr<InternalIterator> NewOrderedViewIterator(const OrderedViewSource& source) {
  return std::make_unique<OrderedViewIterator>(source);
}

}  // namespace quiver
