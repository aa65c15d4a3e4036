// InternalIterator: a cursor over every entry (all versions, deletes included) of one memtable,
// table or merge, in entry order: key ascending, then sequence descending.
//
// The current entry is a plain member of the base, so that a step is one virtual call and reading
// the entry is none.
//
// Contract:
//  1. Positioned nowhere when made. Next and Prev require Valid(); SeekToFirst, SeekToLast, Seek
//     and SeekForPrev do not.
//  2. Next after Prev and Prev after Next work at any place.
//  3. entry() stays valid until the next call on this iterator, no longer.
//  4. Valid() is false after an error, and status() then tells it; the error stays until a Seek.
//  5. Span offers the current entry and those behind it that lie in columns and come before the
//     entries of every other source; Skip then passes over any number of them. SpanBack and
//     SkipBack are the same the other way.
//  6. The source (memtable, table, block) is kept alive by the iterator itself or, for memtables,
//     by the caller.
//
// Thread safety: one thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/entry.h"
#include "iterator/entry_columns.h"
#include "quiver/error.h"

namespace quiver {

class InternalIterator {
 public:
  virtual ~InternalIterator() = default;

  bool Valid() const noexcept { return valid_; }
  const EntryView& entry() const noexcept { return entry_; }

  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  /// To the first entry at or after (key, sequence): with kSequenceMax the newest version of
  /// `key` or, lacking one, of the next key.
  virtual void Seek(std::string_view key, SequenceNumber sequence) = 0;
  /// Starts loading what Seek(key, …) will touch, so that several iterators wait for memory at the
  /// same time: each wave goes where what the one before brought points to. The position is lost.
  virtual void Prefetch(std::string_view /*key*/, unsigned /*wave*/) {}
  static constexpr unsigned kPrefetchWaves = 3;
  /// To the last entry at or before (key, sequence): with 0 the oldest version of `key` or,
  /// lacking one, of the key before.
  virtual void SeekForPrev(std::string_view key, SequenceNumber sequence) = 0;
  virtual void Next() = 0;
  virtual void Prev() = 0;

  /// The current entry and what stands behind it in the same columns; empty where entries do not
  /// lie in columns, and, as far as sources are merged, after a move backward. Requires Valid().
  /// Valid until the next move.
  virtual EntrySpan Span() { return {}; }
  /// Next() `count` times, 1 <= count <= Span().rows().
  virtual void Skip(std::uint32_t count) {
    for (; count > 0; --count) Next();
  }

  /// What stands before the current entry in the same columns, and the current entry as the last
  /// row; empty where entries do not lie in columns, and, as far as sources are merged, after a
  /// move forward. Requires Valid(). Valid until the next move.
  virtual EntrySpan SpanBack() { return {}; }
  /// Prev() `count` times, 1 <= count <= SpanBack().rows().
  virtual void SkipBack(std::uint32_t count) {
    for (; count > 0; --count) Prev();
  }

  /// The error that ended the iteration, if any.
  virtual Result<void> status() const { return {}; }

 protected:
  EntryView entry_;
  bool valid_ = false;
};

}  // namespace quiver
