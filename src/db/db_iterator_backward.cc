// The moves backward of Iterator::Impl.
#include <utility>

#include "db/db_iterator.h"

namespace quiver {

void Iterator::Impl::SeekToLast() {
  if (!CheckOpen()) return;
  span_ = {};
  forward_ = false;
  pace_.Restart();
  if (upper_) {
    // (upper, max) is the first entry at or after the bound; what comes before it is inside.
    source_.merged->SeekForPrev(*upper_, kSequenceMax);
    if (source_.merged->Valid() && source_.merged->entry().key >= *upper_) source_.merged->Prev();
  } else {
    source_.merged->SeekToLast();
  }
  FindBackward();
  NoteSeekBackward(upper_);
}

void Iterator::Impl::SeekForPrev(std::string_view target) {
  if (upper_ && target >= *upper_) return SeekToLast();
  if (!CheckOpen()) return;
  span_ = {};
  forward_ = false;
  pace_.Restart();
  target_.assign(target);
  source_.merged->SeekForPrev(target_, 0);
  FindBackward();
  if (source_.own.reads != nullptr) NoteSeekBackward(KeyBehind(target_));
}

void Iterator::Impl::Prev() {
  if (!valid_ || !CheckOpen()) return;
  ++steps_;
  if (span_.rows() != 0) {
    if (row_ > span_.begin) [[likely]] {
      ShowRow(row_ - 1);
      PrefetchValueAt(-kAheadBytes);
      valid_ = true;
      NoteBackward();
      return;
    }
    LeaveSpanBackward();
    FindBackward();
  } else {
    if (forward_) TurnBackward();
    if (!FindSpanBackward()) FindBackward();
  }
  NoteBackward();
}

// The merged cursor goes from the span to before all versions of the key of its first row.
void Iterator::Impl::LeaveSpanBackward() {
  if (forward_) {
    TurnBackward();
  } else {
    source_.merged->SkipBack(span_.rows());
  }
  span_ = {};
}

// From before the current key: takes the rows before it as a span and shows the last of them, if
// there are enough.
bool Iterator::Impl::FindSpanBackward() {
  if (!pace_.due()) {
    pace_.Step();
    return false;
  }
  if (!source_.merged->Valid()) return false;
  EntrySpan span = source_.merged->SpanBack();
  if (!lower_.empty()) span = SpanBehind(span, lower_, kSequenceMax);
  span.begin = span.end - RowsShownBackward(span);
  if (!SpanPace::IsLong(span.rows())) {
    pace_.Short();
    return false;
  }
  pace_.Long();
  span_ = span;
  is_saved_ = false;
  ShowRow(span.end - 1);
  valid_ = true;
  return true;
}

// Of `span`, whose last row is the oldest version of its key, the rows from the last on down to the
// first that is not to be shown or that another entry has a say in. A row is shown if the entry
// before it has another key, since a newer version of its own would stand there. Of the span's
// first row that is not known: it is never counted, and left to FindBackward.
std::uint32_t Iterator::Impl::RowsShownBackward(const EntrySpan& span) const noexcept {
  if (span.rows() == 0) return 0;
  const EntryColumns& columns = *span.columns;
  if (ShowsAllPuts(columns)) {
    const std::optional<std::string_view> covered = FirstCovered(columns.KeyAt(span.begin));
    if (!covered || *covered > columns.KeyAt(span.end - 1)) return span.rows() - 1;
  }
  std::uint32_t first = span.end;
  for (; first > span.begin + 1; --first) {
    const EntryView entry = columns.EntryAt(first - 1);
    if (entry.sequence > source_.sequence || !IsLive(entry)) break;
    if (entry.key == columns.KeyAt(first - 2)) break;
  }
  return span.end - first;
}

void Iterator::Impl::NoteSeekBackward(const std::optional<std::string>& end) {
  if (source_.own.reads == nullptr) [[likely]]
    return;
  source_.own.reads->StartBefore(end, valid_ ? key() : std::string_view(lower_));
}

void Iterator::Impl::NoteBackward() {
  if (source_.own.reads == nullptr) [[likely]]
    return;
  source_.own.reads->ReachBackward(valid_ ? key() : std::string_view(lower_));
}

// From the current entry to before all versions of its key.
void Iterator::Impl::TurnBackward() {
  forward_ = false;
  if (is_saved_) {
    source_.merged->SeekForPrev(saved_key_, kSequenceMax);
    return;
  }
  saved_key_.assign(source_.merged->entry().key);
  while (source_.merged->Valid() && source_.merged->entry().key == saved_key_) {
    source_.merged->Prev();
  }
}

void Iterator::Impl::FindBackward() {
  InternalIterator& merged = *source_.merged;
  is_saved_ = true;
  std::uint64_t skipped_deletes = 0;
  bool have_key = false;
  bool has_base = false;
  std::vector<std::string> operands;  // since the last put or delete, the oldest first
  for (; merged.Valid(); merged.Prev()) {
    const EntryView& entry = merged.entry();
    if (have_key && entry.key != saved_key_) {
      if (has_base || !operands.empty()) break;
      have_key = false;
    }
    if (entry.key < lower_) break;
    if (IsInvisible(entry.sequence)) continue;
    if (!have_key) saved_key_.assign(entry.key);
    have_key = true;
    const bool covered = IsCovered(entry);
    if (entry.operation == Operation::kMerge && !covered) {
      if (!IsExpired(entry)) operands.emplace_back(entry.value);
      continue;
    }
    operands.clear();
    has_base = entry.operation == Operation::kPut && !covered && !IsExpired(entry);
    if (has_base) {
      saved_value_.assign(entry.value);
    } else {
      ++skipped_deletes;
    }
  }
  valid_ = have_key && (has_base || !operands.empty()) && merged.status().ok();
  CountSkipped(skipped_deletes);
  if (!valid_) return;
  if (operands.empty()) return ShowSaved();
  const std::vector<std::string_view> oldest_first(operands.begin(), operands.end());
  std::optional<std::string> base;
  if (has_base) base = std::move(saved_value_);
  (void)ApplyOperands(base, oldest_first);
}

}  // namespace quiver
