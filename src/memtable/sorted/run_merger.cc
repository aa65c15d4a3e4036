#include "memtable/sorted/run_merger.h"

#include <algorithm>
#include <utility>

#include "base/prefetch.h"

namespace quiver {

namespace {
constexpr std::size_t kPrefetchDistance = 4;
}  // namespace

void RunMerger::AddRun(const SortedRun& run) {
  if (run.records.empty()) return;
  const std::size_t before = common_bytes_;
  common_bytes_ = cursors_.empty() ? run.common.size()
                                   : CommonPrefixBytes(
                                         cursors_.front().run.common.substr(0, before), run.common);
  cursors_.push_back({run, PrefixShift(run.common, common_bytes_)});
  if (common_bytes_ == before) return;
  for (Cursor& cursor : cursors_) cursor.shift = PrefixShift(cursor.run.common, common_bytes_);
}

bool RunMerger::Live(const Cursor& cursor) const noexcept {
  return direction_ == Direction::kForward ? cursor.border < cursor.run.records.size()
                                           : cursor.border > 0;
}

PrefixedRecord RunMerger::Candidate(const Cursor& cursor) const noexcept {
  const PrefixedRecord& item =
      cursor.run.records[direction_ == Direction::kForward ? cursor.border : cursor.border - 1];
  return {cursor.shift(item.prefix), item.record};
}

bool RunMerger::Leads(const Cursor* a, const Cursor* b) const noexcept {
  return direction_ == Direction::kForward ? IsBefore(Candidate(*a), Candidate(*b))
                                           : IsBefore(Candidate(*b), Candidate(*a));
}

void RunMerger::BuildHeap(Direction direction) {
  direction_ = direction;
  heap_.clear();
  for (Cursor& cursor : cursors_) {
    if (Live(cursor)) heap_.push_back(&cursor);
  }
  for (std::size_t i = heap_.size() / 2; i-- > 0;) SiftDown(i);
}

void RunMerger::SiftDown(std::size_t hole) noexcept {
  Cursor* const sinking = heap_[hole];
  while (true) {
    std::size_t child = 2 * hole + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Leads(heap_[child + 1], heap_[child])) ++child;
    if (!Leads(heap_[child], sinking)) break;
    heap_[hole] = heap_[child];
    hole = child;
  }
  heap_[hole] = sinking;
}

void RunMerger::SettleFront() noexcept {
  if (!Live(*heap_.front())) {
    heap_.front() = heap_.back();
    heap_.pop_back();
  }
  if (heap_.size() > 1) SiftDown(0);
}

const EntryRecord* RunMerger::TakeForward() noexcept {
  if (heap_.empty()) return nullptr;
  current_ = heap_.front();
  return current_->run.records[current_->border].record;
}

const EntryRecord* RunMerger::TakeBackward() noexcept {
  if (heap_.empty()) return nullptr;
  current_ = heap_.front();
  const EntryRecord* record = current_->run.records[--current_->border].record;
  SettleFront();
  return record;
}

const EntryRecord* RunMerger::SeekToFirst() {
  for (Cursor& cursor : cursors_) cursor.border = 0;
  BuildHeap(Direction::kForward);
  return TakeForward();
}

const EntryRecord* RunMerger::SeekToLast() {
  for (Cursor& cursor : cursors_) cursor.border = cursor.run.records.size();
  BuildHeap(Direction::kBackward);
  return TakeBackward();
}

const EntryRecord* RunMerger::Seek(std::string_view key, SequenceNumber sequence) {
  for (Cursor& cursor : cursors_) cursor.border = LowerBound(cursor.run, key, sequence);
  BuildHeap(Direction::kForward);
  return TakeForward();
}

const EntryRecord* RunMerger::SeekForPrev(std::string_view key, SequenceNumber sequence) {
  for (Cursor& cursor : cursors_) cursor.border = UpperBound(cursor.run, key, sequence);
  BuildHeap(Direction::kBackward);
  return TakeBackward();
}

const EntryRecord* RunMerger::Next() {
  ++current_->border;
  // Records lie all over the arena, so this run's are asked for before their turn.
  if (const auto& records = current_->run.records;
      current_->border + kPrefetchDistance < records.size()) {
    PrefetchLine(records[current_->border + kPrefetchDistance].record);
  }
  if (direction_ == Direction::kForward) {
    SettleFront();
  } else {
    BuildHeap(Direction::kForward);
  }
  return TakeForward();
}

const EntryRecord* RunMerger::Prev() {
  if (direction_ == Direction::kForward) BuildHeap(Direction::kBackward);
  return TakeBackward();
}

}  // namespace quiver
