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
// Besides hidden versions it drops what has expired for every reader and what range deletes hide
// from every reader, and it folds merge operands: those of one stratum become one put where what
// they apply to is known, else one operand if the operator can combine them.
//
// Invariants:
//  1. The newest put or delete of a key in each stratum survives with the operands above it, older
//     entries of that stratum do not: nobody can see them. Without snapshots there is one stratum.
//  2. At the bottom (no older version of any key exists outside the merge) a delete of the lowest
//     stratum survives only if an older version of its key does, which it must hide. Above that a
//     transaction that began at a snapshot below must find that the key was written.
//  3. An expired put counts as a delete, an expired operand as nothing. Operands and values that
//     are yet to expire are not folded: each lives for its own time.
//  4. The input comes in strictly ascending entry order; anything else ends the iteration with
//     kInternal, before a wrong table is written.
//  5. entries_read = entries returned + entries_dropped, once the end is reached.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compaction/retention.h"
#include "iterator/internal_iterator.h"
#include "quiver/error.h"

namespace quiver {

class CompactionIterator {
 public:
  /// `input` must outlive the iterator, which passes over it once.
  CompactionIterator(InternalIterator& input, Retention retention, bool is_bottom)
      : input_(input), retention_(std::move(retention)), is_bottom_(is_bottom) {}

  void SeekToFirst();
  /// Requires Valid().
  void Next();

  bool Valid() const noexcept { return valid_; }
  /// Valid until the next call.
  const EntryView& entry() const noexcept { return entry_; }
  Result<void> status() const { return status_; }

  std::uint64_t entries_read() const noexcept { return entries_read_; }
  std::uint64_t entries_dropped() const noexcept { return entries_dropped_; }
  /// At the end: range deletes up to here hide nothing of what was returned; 0 if that is not so.
  SequenceNumber cleaned_sequence() const noexcept;

 private:
  static constexpr std::size_t kNoStratum = ~std::size_t{0};

  /// An entry that outlives the input's place.
  struct Owned {
    Owned(const EntryView& entry, std::string_view of_value)
        : value(of_value), sequence(entry.sequence), operation(entry.operation) {}
    std::string value;
    SequenceNumber sequence;
    Operation operation;
  };

  void Find();
  bool TakeInput();
  void DropDelete();
  void HoldDelete();
  std::size_t StratumOf(SequenceNumber sequence) const noexcept;
  bool IsDropped(const EntryView& entry, std::size_t stratum);
  bool IsCovered(const EntryView& entry, std::size_t stratum);
  bool CanFold(const EntryView& entry, std::size_t stratum) const noexcept;
  void Fold(std::size_t stratum);
  bool CollectOperands(std::size_t stratum, bool& base_is_known, std::vector<Owned>& run);
  bool Apply(const std::vector<Owned>& run, bool base_is_known, std::string& value) const;
  void Return(const EntryView& entry);
  bool ReturnPending();

  InternalIterator& input_;
  const Retention retention_;
  const bool is_bottom_;

  EntryView entry_;
  bool valid_ = false;
  Result<void> status_;
  std::uint64_t entries_read_ = 0;
  std::uint64_t entries_dropped_ = 0;
  bool covered_survives_ = false;  // an entry that a range delete hides, for a snapshot

  // The key that the input stands in, and the last of its versions read.
  std::string key_;
  bool has_key_ = false;
  SequenceNumber sequence_ = 0;
  std::size_t hidden_stratum_ = kNoStratum;  ///< whose newest put or delete was seen already
  EntryView taken_;         // the input's entry as it counts: an expired put is a delete
  bool has_taken_ = false;  // read and counted, but not judged yet

  // The last delete of key_ at the bottom, until an older version proves that it is needed.
  EntryView delete_;
  bool has_delete_ = false;
  // The input's current entry was judged as a survivor, but a delete had to go before it.
  bool has_survivor_ = false;
  // What folding left of pending_key_, from pending_next_ on.
  std::string pending_key_;
  std::vector<Owned> pending_;
  std::size_t pending_next_ = 0;
};

}  // namespace quiver
