// CompactionIterator: of all entries of a merge, those that must survive.
//
// Snapshots cut the sequence numbers into strata; a reader sees the newest version of a key in its
// stratum or below. Above the last one, the present, everything survives, since a reader may come
// to stand anywhere there while the job runs:
//
//   snapshots            5         9
//   strata       1 2 3 4 5 │ 6 7 8 9 │ 10 11 12
//   versions     p2    p4  │   p7 d8 │ p10   p12      survive: p4, d8, p10, p12
//
// Invariants:
//  1. The newest put or delete of a key in each stratum survives, older ones of that stratum do
//     not: nobody can see them. Without snapshots there is one stratum.
//  2. At the bottom (no older version of any key exists outside the merge) a delete survives only
//     if an older version of its key does, which it must hide.
//  3. Entries of the reserved operations (merge, range delete) survive untouched, and hide nothing.
//  4. The input comes in strictly ascending entry order; anything else ends the iteration with
//     kInternal, before a wrong table is written.
//  5. entries_read = entries returned + entries_dropped, once the end is reached.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <string>

#include "compaction/compaction_job.h"
#include "iterator/internal_iterator.h"
#include "quiver/error.h"

namespace quiver {

class CompactionIterator {
 public:
  /// `input` and `snapshots` must outlive the iterator, which passes over the input once.
  CompactionIterator(InternalIterator& input, const SnapshotList& snapshots, bool is_bottom)
      : input_(input), snapshots_(snapshots), is_bottom_(is_bottom) {}

  void SeekToFirst();
  /// Requires Valid().
  void Next();

  bool Valid() const noexcept { return valid_; }
  /// Valid until the next call.
  const EntryView& entry() const noexcept { return entry_; }
  Result<void> status() const { return status_; }

  std::uint64_t entries_read() const noexcept { return entries_read_; }
  std::uint64_t entries_dropped() const noexcept { return entries_dropped_; }

 private:
  static constexpr std::size_t kNoStratum = ~std::size_t{0};

  void Find();
  bool TakeInput();
  void DropDelete();
  bool IsHidden(const EntryView& entry);
  void Return(const EntryView& entry);

  InternalIterator& input_;
  const SnapshotList& snapshots_;
  const bool is_bottom_;

  EntryView entry_;
  bool valid_ = false;
  Result<void> status_;
  std::uint64_t entries_read_ = 0;
  std::uint64_t entries_dropped_ = 0;

  // The key that the input stands in, and the last of its versions read.
  std::string key_;
  bool has_key_ = false;
  SequenceNumber sequence_ = 0;
  std::size_t hidden_stratum_ = kNoStratum;  ///< whose newest version was seen already

  // The last delete of key_ at the bottom, until an older version proves that it is needed.
  EntryView delete_;
  bool has_delete_ = false;
  // The input's current entry was judged as a survivor, but a delete had to go before it.
  bool has_survivor_ = false;
};

}  // namespace quiver
