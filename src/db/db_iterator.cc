#include "db/db_iterator.h"

#include <algorithm>

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

bool Iterator::Impl::CheckOpen() {
  valid_ = false;
  if (source_.closed->load(std::memory_order_acquire)) {
    error_ = Error(ErrorCode::kClosed, "the database of this iterator was closed");
    return false;
  }
  error_.reset();
  return true;
}

void Iterator::Impl::SeekToFirst() {
  Seek(lower_);
}

void Iterator::Impl::Seek(std::string_view target) {
  if (!CheckOpen()) return;
  forward_ = true;
  // A copy: `target` may be this iterator's own key(), which dies while the children move.
  target_.assign(std::max(target, std::string_view(lower_)));
  source_.merged->Seek(target_, kSequenceMax);
  FindForward(/*skip_saved_key=*/false);
}

void Iterator::Impl::SeekToLast() {
  if (!CheckOpen()) return;
  forward_ = false;
  if (upper_) {
    // (upper, max) is the first entry at or after the bound; what comes before it is inside.
    source_.merged->SeekForPrev(*upper_, kSequenceMax);
    if (source_.merged->Valid() && source_.merged->entry().key >= *upper_) source_.merged->Prev();
  } else {
    source_.merged->SeekToLast();
  }
  FindBackward();
}

void Iterator::Impl::SeekForPrev(std::string_view target) {
  if (upper_ && target >= *upper_) return SeekToLast();
  if (!CheckOpen()) return;
  forward_ = false;
  target_.assign(target);
  source_.merged->SeekForPrev(target_, 0);
  FindBackward();
}

void Iterator::Impl::Next() {
  if (!valid_ || !CheckOpen()) return;
  ++steps_;
  if (forward_) {
    saved_key_.assign(source_.merged->entry().key);
    source_.merged->Next();
  } else {
    TurnForward();
  }
  FindForward(/*skip_saved_key=*/true);
}

EntrySpan Iterator::Impl::ShownSpan() const {
  EntrySpan span = source_.merged->Span();
  if (span.rows() == 0) return span;
  if (upper_) span = SpanBefore(span, *upper_, kSequenceMax);
  span.end = span.begin + RowsShownAsTheyLie(span);
  return span;
}

// Of `span`, which begins with the current entry, the rows up to the first that is not to be shown
// or that another entry has a say in. Whatever an entry may come to be, its row must fail here if
// it is not a plain, visible put of a key of its own: everything else goes through FindForward.
std::uint32_t Iterator::Impl::RowsShownAsTheyLie(const EntrySpan& span) const noexcept {
  const EntryColumns& columns = *span.columns;
  const bool all_live = columns.operations == nullptr && columns.operation == Operation::kPut &&
                        columns.expiries == nullptr && columns.max_sequence <= source_.sequence;
  if (all_live && columns.distinct_keys) return span.rows();
  std::uint32_t row = span.begin + 1;
  for (; row < span.end; ++row) {
    const EntryView entry = columns.EntryAt(row);
    if (entry.sequence > source_.sequence || !IsLive(entry)) break;
    if (entry.key == columns.KeyAt(row - 1)) break;
  }
  return row - span.begin;
}

void Iterator::Impl::Skip(std::uint32_t count) {
  if (!CheckOpen()) return;
  steps_ += count;
  const EntrySpan span = source_.merged->Span();
  // Older versions of the last key may follow, in the next block or in another run.
  saved_key_.assign(span.columns->KeyAt(span.begin + count - 1));
  source_.merged->Skip(count);
  FindForward(/*skip_saved_key=*/true);
}

void Iterator::Impl::Prev() {
  if (!valid_ || !CheckOpen()) return;
  ++steps_;
  if (forward_) TurnBackward();
  FindBackward();
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

// From the current entry to before all versions of its key.
void Iterator::Impl::TurnBackward() {
  forward_ = false;
  saved_key_.assign(source_.merged->entry().key);
  while (source_.merged->Valid() && source_.merged->entry().key == saved_key_) {
    source_.merged->Prev();
  }
}

void Iterator::Impl::FindForward(bool skip_saved_key) {
  InternalIterator& merged = *source_.merged;
  std::uint64_t skipped_deletes = 0;
  for (; merged.Valid(); merged.Next()) {
    const EntryView& entry = merged.entry();
    if (upper_ && entry.key >= *upper_) break;
    if (entry.sequence > source_.sequence) continue;
    if (skip_saved_key && entry.key == saved_key_) continue;
    if (IsLive(entry)) {
      valid_ = true;
      break;
    }
    ++skipped_deletes;
    saved_key_.assign(entry.key);
    skip_saved_key = true;
  }
  CountSkipped(skipped_deletes);
}

void Iterator::Impl::FindBackward() {
  InternalIterator& merged = *source_.merged;
  std::uint64_t skipped_deletes = 0;
  bool have_key = false;
  bool live = false;
  for (; merged.Valid(); merged.Prev()) {
    const EntryView& entry = merged.entry();
    if (have_key && entry.key != saved_key_) {
      if (live) break;
      have_key = false;
    }
    if (entry.key < lower_) break;
    if (entry.sequence > source_.sequence) continue;
    if (!have_key) saved_key_.assign(entry.key);
    have_key = true;
    live = IsLive(entry);
    if (live) {
      saved_value_.assign(entry.value);
    } else {
      ++skipped_deletes;
    }
  }
  valid_ = have_key && live && merged.status().ok();
  CountSkipped(skipped_deletes);
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

void Iterator::SeekToFirst() {
  const auto timer = impl_->TimeSeek();
  impl_->SeekToFirst();
}
void Iterator::SeekToLast() {
  const auto timer = impl_->TimeSeek();
  impl_->SeekToLast();
}
void Iterator::Seek(std::string_view target) {
  const auto timer = impl_->TimeSeek();
  impl_->Seek(target);
}
void Iterator::SeekForPrev(std::string_view target) {
  const auto timer = impl_->TimeSeek();
  impl_->SeekForPrev(target);
}
void Iterator::Next() {
  impl_->Next();
}
void Iterator::Prev() {
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
Result<void> Iterator::status() const {
  return impl_->status();
}

}  // namespace quiver
