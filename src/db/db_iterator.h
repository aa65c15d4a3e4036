// Iterator::Impl: turns the stream of all versions into the live entries of one state.
//
//   merged stream        a@9 put   a@4 put   b@7 delete   b@2 put   c@5 put      (snapshot 8)
//   what a user sees     a@4                                        c@5
//
// Forward: the first version of a key at or below the snapshot decides; the rest of the key is
// skipped. Backward: versions of a key arrive oldest first, so the last one at or below the
// snapshot decides, and it is copied, since the cursor has moved past it by then. Merge operands
// are gathered with what they apply to; an entry that a range delete covers counts as a delete.
//
// Invariants:
//  1. While span_ has rows, the current entry is its row row_. All of its rows are shown as they
//     lie, and no row between them is hidden, so it is walked both ways without the merged cursor,
//     which stays on the row where the span was entered: the first going forward, the last going
//     backward (forward_ tells).
//  2. Else, going forward, the merged cursor stands on the current entry, or somewhere behind it if
//     the value was merged (is_saved_). Going backward it stands before all versions of the current
//     key. In both of these cases saved_key_ and saved_value_ hold the current entry.
//  3. Only keys in [lower_, upper_) are ever shown.
//
// Thread safety: one thread at a time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/prefetch.h"
#include "db/own_writes.h"
#include "db/span_pace.h"
#include "io/clock.h"
#include "iterator/internal_iterator.h"
#include "metrics/engine_metrics.h"
#include "metrics/operation_timer.h"
#include "quiver/iterator.h"
#include "quiver/merge_operator.h"
#include "version/range_deletes.h"

namespace quiver {

class Iterator::Impl {
 public:
  struct Source {
    std::unique_ptr<InternalIterator> merged;
    SequenceNumber sequence = 0;
    std::uint64_t now_us = 0;
    std::vector<RangeDeletesRef> range_deletes;  ///< of the view
    OwnWrites own;                               ///< of a transaction; its entries are in `merged`
    const MergeOperator* merge_operator = nullptr;
    const std::atomic<bool>* closed = nullptr;
    EngineMetrics* metrics = nullptr;
    io::Clock* clock = nullptr;
    /// The view and the engine: everything that `merged` borrows from.
    std::shared_ptr<const void> view;
    std::shared_ptr<const void> engine;
  };
  Impl(Source source, const IteratorOptions& options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void SeekToFirst();
  void SeekToLast();
  void Seek(std::string_view target);
  void SeekForPrev(std::string_view target);
  void Next();
  void Prev();
  /// Counts a seek and times a sample of them until the answer is destroyed.
  auto TimeSeek() {
    source_.metrics->scan.count.Add();
    auto now = [clock = source_.clock] { return clock->MonotonicNanos(); };
    return OperationTimer<decltype(now)>(source_.metrics->scan.latency, now, kOperationSampleEvery);
  }

  bool Valid() const noexcept { return valid_; }
  std::string_view key() const noexcept { return valid_ ? key_ : std::string_view(); }
  std::string_view value() const noexcept { return valid_ ? value_ : std::string_view(); }
  /// The current entry and those behind it that are shown as they lie in memory; often empty, even
  /// if more is to come. Requires Valid() and that the last move went forward. Valid until the
  /// next move.
  EntrySpan ShownSpan();
  /// Next() `count` times, 1 <= count <= ShownSpan().rows(), at the cost of one.
  void Skip(std::uint32_t count);
  /// Of the current entry. Requires Valid() and that the last move went forward.
  SequenceNumber sequence() const noexcept {
    if (is_saved_) return saved_sequence_;
    return span_.rows() != 0 ? span_.columns->SequenceAt(row_) : source_.merged->entry().sequence;
  }
  Result<void> status() const;

 private:
  // A walk over a span asks for values so far ahead: the processor's own prefetcher stops at the
  // end of each page of 4 KiB.
  static constexpr std::ptrdiff_t kAheadBytes = 1024;
  void PrefetchValueAt(std::ptrdiff_t distance_bytes) const noexcept {
    constexpr std::size_t kBytesMax = 128;
    PrefetchLinesAt(value_.data(), distance_bytes, std::min(value_.size(), kBytesMax));
  }

  bool CheckOpen() {
    valid_ = false;
    error_.reset();
    if (!source_.closed->load(std::memory_order_acquire)) [[likely]]
      return true;
    EndClosed();
    return false;
  }
  void EndClosed();
  bool IsExpired(const EntryView& entry) const noexcept {
    return entry.expiry_us != 0 && entry.expiry_us <= source_.now_us;
  }
  /// Written after the state that is shown, and not by the transaction that reads.
  bool IsInvisible(SequenceNumber sequence) const noexcept {
    return sequence > source_.sequence && (sequence < kOwnSequenceFirst || sequence > own_last());
  }
  SequenceNumber own_last() const noexcept { return source_.own.last_sequence; }
  bool IsCovered(const EntryView& entry) const noexcept {
    const RangeDeletes* const own = source_.own.range_deletes.get();
    if (own != nullptr && own->Covering(entry.key, own_last()) > entry.sequence) return true;
    for (const RangeDeletesRef& ranges : source_.range_deletes) {
      if (ranges->Covering(entry.key, source_.sequence) > entry.sequence) return true;
    }
    return false;
  }
  /// A put that its reader sees as it lies there.
  bool IsLive(const EntryView& entry) const noexcept {
    return entry.operation == Operation::kPut && !IsExpired(entry) && !IsCovered(entry);
  }
  bool MergeForward();
  bool ApplyOperands(std::optional<std::string_view> base,
                     const std::vector<std::string_view>& oldest_first);
  bool ShowsAllPuts(const EntryColumns& columns) const noexcept;
  std::optional<std::string_view> FirstCovered(std::string_view key) const noexcept;
  std::uint32_t RowsShownAsTheyLie(const EntrySpan& span) const noexcept;
  void FindSpan();
  void LeaveSpanForward();
  std::uint32_t RowsShownBackward(const EntrySpan& span) const noexcept;
  bool FindSpanBackward();
  void LeaveSpanBackward();
  void ShowRow(std::uint32_t row) noexcept {
    row_ = row;
    key_ = span_.columns->KeyAt(row);
    value_ = span_.columns->ValueAt(row);
  }
  void ShowMerged() noexcept {
    key_ = source_.merged->entry().key;
    value_ = source_.merged->entry().value;
    valid_ = true;
  }
  void ShowSaved() noexcept {
    key_ = saved_key_;
    value_ = saved_value_;
    is_saved_ = true;
    valid_ = true;
  }
  void NoteForward();
  void NoteSeekBackward(const std::optional<std::string>& end);
  void NoteBackward();
  void FindForward(bool skip_saved_key);
  void FindBackward();
  void TurnForward();
  void TurnBackward();
  void CountSkipped(std::uint64_t skipped) const;

  Source source_;
  std::string lower_;
  std::optional<std::string> upper_;
  std::optional<Error> error_;
  // Of the last move, unless that was within span_: then of the move that entered it.
  bool forward_ = true;
  bool valid_ = false;
  bool is_saved_ = false;
  std::string_view key_;  // of the current entry
  std::string_view value_;
  EntrySpan span_;
  std::uint32_t row_ = 0;
  SpanPace pace_;
  std::string saved_key_;
  std::string saved_value_;
  SequenceNumber saved_sequence_ = 0;  // of the newest operand, going forward
  std::string target_;                 // of the seek under way
  std::uint64_t steps_ = 0;
};

/// The smallest string above every string that starts with `prefix`, or nullopt if there is none.
std::optional<std::string> PrefixEnd(std::string_view prefix);

}  // namespace quiver
