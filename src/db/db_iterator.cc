#include "db/db_iterator.h"

#include <algorithm>
#include <utility>

#include "db/merge_lookup.h"

namespace quiver {

std::optional<std::string> PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) end.pop_back();
  if (end.empty()) return std::nullopt;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

Iterator::Impl::Impl(Source source, const IteratorOptions& options) : source_(std::move(source)) {
  lower_ = std::max(options.lower_bound.value_or(std::string()), options.prefix);
  upper_ = options.upper_bound;
  if (!options.prefix.empty()) {
    const std::optional<std::string> end = PrefixEnd(options.prefix);
    if (end && (!upper_ || *end < *upper_)) upper_ = end;
  }
}

Iterator::Impl::~Impl() {
  if (source_.metrics != nullptr) source_.metrics->iterator_steps.Add(steps_);
}

void Iterator::Impl::EndClosed() {
  error_ = Error(ErrorCode::kClosed, "the database of this iterator was closed");
}

void Iterator::Impl::SeekToFirst() {
  Seek(lower_);
}

void Iterator::Impl::Seek(std::string_view target) {
  if (!CheckOpen()) return;
  span_ = {};
  forward_ = true;
  // A copy: `target` may be this iterator's own key(), which dies while the children move.
  target_.assign(std::max(target, std::string_view(lower_)));
  pace_.Restart();
  source_.merged->Seek(target_, kSequenceMax);
  FindForward(/*skip_saved_key=*/false);
  if (source_.own.reads != nullptr) source_.own.reads->StartAt(target_);
  NoteForward();
}

void Iterator::Impl::Next() {
  if (!valid_ || !CheckOpen()) return;
  ++steps_;
  if (span_.rows() != 0) {
    if (row_ + 1 < span_.end) [[likely]] {
      ShowRow(row_ + 1);
      PrefetchValueAt(kAheadBytes);
      valid_ = true;
      NoteForward();
      return;
    }
    LeaveSpanForward();
  } else if (!forward_) {
    TurnForward();
  } else if (!is_saved_) {
    saved_key_.assign(source_.merged->entry().key);
    source_.merged->Next();
  }
  FindForward(/*skip_saved_key=*/true);
  FindSpan();
  NoteForward();
}

// After a step forward: takes the rows ahead as a span, if there are enough of them.
void Iterator::Impl::FindSpan() {
  if (!valid_ || is_saved_ || !pace_.due()) {
    pace_.Step();
    return;
  }
  if (SpanPace::IsLong(ShownSpan().rows())) {
    pace_.Long();
    return;
  }
  span_ = {};
  pace_.Short();
}

// The merged cursor goes behind the span. Older versions of its last key may follow, in the next
// block or in another run.
void Iterator::Impl::LeaveSpanForward() {
  saved_key_.assign(span_.columns->KeyAt(span_.end - 1));
  if (forward_) {
    source_.merged->Skip(span_.rows());
  } else {
    forward_ = true;
    source_.merged->Next();
  }
  span_ = {};
}

EntrySpan Iterator::Impl::ShownSpan() {
  if (span_.rows() != 0) return {span_.columns, row_, span_.end};
  if (is_saved_) return {};
  EntrySpan span = source_.merged->Span();
  if (span.rows() == 0) return span;
  if (upper_) span = SpanBefore(span, *upper_, kSequenceMax);
  span.end = span.begin + RowsShownAsTheyLie(span);
  span_ = span;
  row_ = span.begin;
  return span;
}

void Iterator::Impl::Skip(std::uint32_t count) {
  if (!CheckOpen()) return;
  steps_ += count;
  if (row_ + count < span_.end) {
    ShowRow(row_ + count);
    valid_ = true;
    return;
  }
  LeaveSpanForward();
  FindForward(/*skip_saved_key=*/true);
}

// True: every row that no range delete covers is a put of a key of its own that this reader sees.
// False: some may be.
bool Iterator::Impl::ShowsAllPuts(const EntryColumns& columns) const noexcept {
  return columns.distinct_keys && columns.operations == nullptr &&
         columns.operation == Operation::kPut && columns.expiries == nullptr &&
         columns.max_sequence <= source_.sequence;
}

// The first key at or behind `key` that lies in a range delete, of whatever age; nullopt: none.
std::optional<std::string_view> Iterator::Impl::FirstCovered(std::string_view key) const noexcept {
  std::optional<std::string_view> first;
  const auto look = [&](const RangeDeletes& ranges) {
    const std::optional<std::string_view> here = ranges.FirstCovered(key);
    if (here && (!first || *here < *first)) first = here;
  };
  for (const RangeDeletesRef& ranges : source_.range_deletes) look(*ranges);
  if (source_.own.range_deletes != nullptr) look(*source_.own.range_deletes);
  return first;
}

// Of `span`, which begins with the current entry, the rows up to the first that is not to be shown
// or that another entry has a say in. Whatever an entry may come to be, its row must fail here if
// it is not a plain, visible put of a key of its own: everything else goes through FindForward.
std::uint32_t Iterator::Impl::RowsShownAsTheyLie(const EntrySpan& span) const noexcept {
  const EntryColumns& columns = *span.columns;
  if (ShowsAllPuts(columns)) {
    const std::optional<std::string_view> covered = FirstCovered(columns.KeyAt(span.begin));
    if (!covered) return span.rows();
    const EntrySpan free = SpanBefore(span, *covered, kSequenceMax);
    if (free.rows() != 0) return free.rows();
  }
  std::uint32_t row = span.begin + 1;
  for (; row < span.end; ++row) {
    const EntryView entry = columns.EntryAt(row);
    if (entry.sequence > source_.sequence || !IsLive(entry)) break;
    if (entry.key == columns.KeyAt(row - 1)) break;
  }
  return row - span.begin;
}

// What was passed over was read: up to the current key or, if nothing more was found, to the bound.
void Iterator::Impl::NoteForward() {
  if (source_.own.reads == nullptr) [[likely]]
    return;
  source_.own.reads->ReachForward(valid_ ? std::optional(key()) : std::nullopt, upper_);
}

// From before the versions of saved_key_ to its first version.
void Iterator::Impl::TurnForward() {
  forward_ = true;
  if (source_.merged->Valid()) {
    source_.merged->Next();
  } else {
    source_.merged->Seek(saved_key_, kSequenceMax);
  }
}

void Iterator::Impl::FindForward(bool skip_saved_key) {
  InternalIterator& merged = *source_.merged;
  is_saved_ = false;
  std::uint64_t skipped_deletes = 0;
  while (merged.Valid()) {
    const EntryView& entry = merged.entry();
    if (upper_ && entry.key >= *upper_) break;
    if (IsInvisible(entry.sequence) || (skip_saved_key && entry.key == saved_key_)) {
      merged.Next();
      continue;
    }
    if (IsLive(entry)) {
      ShowMerged();
      break;
    }
    saved_key_.assign(entry.key);
    saved_sequence_ = entry.sequence;
    skip_saved_key = true;
    if (entry.operation == Operation::kMerge && !IsCovered(entry)) {
      if (MergeForward()) break;
      continue;  // behind the operands already
    }
    ++skipped_deletes;
    merged.Next();
  }
  CountSkipped(skipped_deletes);
}

// From the newest visible operand of saved_key_ to the end of what it applies to. True if there is
// a value, which is then saved and valid, or an error.
bool Iterator::Impl::MergeForward() {
  InternalIterator& merged = *source_.merged;
  std::vector<std::string> operands;  // the newest first; copies, since the cursor moves on
  std::optional<std::string> base;
  for (; merged.Valid() && merged.entry().key == saved_key_; merged.Next()) {
    const EntryView& entry = merged.entry();
    if (IsInvisible(entry.sequence)) continue;  // between own writes and the snapshot
    if (IsCovered(entry) || entry.operation == Operation::kDelete) break;
    const bool gone = IsExpired(entry);
    if (entry.operation == Operation::kPut) {
      if (!gone) base.emplace(entry.value);
      break;
    }
    if (entry.operation == Operation::kMerge && !gone) operands.emplace_back(entry.value);
  }
  if (!merged.status().ok()) return true;  // valid_ is false: status() tells
  if (operands.empty() && !base) return false;
  const std::vector<std::string_view> oldest_first(operands.rbegin(), operands.rend());
  return ApplyOperands(base, oldest_first);
}

// Saves the value of saved_key_; it is valid unless there was an error, which is kept. True, for
// those who stop in both cases.
bool Iterator::Impl::ApplyOperands(std::optional<std::string_view> base,
                                   const std::vector<std::string_view>& oldest_first) {
  std::string value(base.value_or(std::string_view()));
  if (!oldest_first.empty()) {
    const Result<void> applied =
        quiver::ApplyOperands(source_.merge_operator, saved_key_, base, oldest_first, value);
    if (!applied) {
      error_ = applied.error();
      valid_ = false;
      return true;
    }
  }
  saved_value_ = std::move(value);
  ShowSaved();
  return true;
}

void Iterator::Impl::CountSkipped(std::uint64_t skipped) const {
  if (skipped != 0 && source_.metrics != nullptr) {
    source_.metrics->tombstones_skipped.Add(skipped);
  }
}

Result<void> Iterator::Impl::status() const {
  if (error_) return *error_;
  if (source_.closed->load(std::memory_order_acquire)) {
    return Error(ErrorCode::kClosed, "the database of this iterator was closed");
  }
  return source_.merged->status();
}

Iterator::Iterator(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Iterator::Iterator(Iterator&&) noexcept = default;
Iterator& Iterator::operator=(Iterator&&) noexcept = default;
Iterator::~Iterator() = default;

void Iterator::SeekToFirst() noexcept {
  const auto timer = impl_->TimeSeek();
  impl_->SeekToFirst();
}
void Iterator::SeekToLast() noexcept {
  const auto timer = impl_->TimeSeek();
  impl_->SeekToLast();
}
void Iterator::Seek(std::string_view target) noexcept {
  const auto timer = impl_->TimeSeek();
  impl_->Seek(target);
}
void Iterator::SeekForPrev(std::string_view target) noexcept {
  const auto timer = impl_->TimeSeek();
  impl_->SeekForPrev(target);
}
void Iterator::Next() noexcept {
  impl_->Next();
}
void Iterator::Prev() noexcept {
  impl_->Prev();
}
bool Iterator::Valid() const noexcept {
  return impl_->Valid();
}
std::string_view Iterator::key() const noexcept {
  return impl_->key();
}
std::string_view Iterator::value() const noexcept {
  return impl_->value();
}
Result<void> Iterator::status() const noexcept {
  return impl_->status();
}

}  // namespace quiver
