// RunMerger: steps through several sorted arrays as if they were one, in both directions.
//
// Each run has a border: the number of its records before the current one. The next record of
// all is the least of those at the borders, the previous one the greatest of those just before
// them; so the borders serve both directions, and a turn only orders the heap anew.
//
// Invariants:
//  1. heap_ holds the runs that have a record in the direction of travel, the best at the front.
//  2. Prefixes are compared behind the first common_bytes_ bytes, in every run.
//  3. The current record is the one at the border of *current_. Forward, that run is the heap's
//     front; backward, the step has moved the border down and the run has found its new place.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "memtable/common_prefix.h"
#include "memtable/sorted_records.h"

namespace quiver {

class RunMerger {
 public:
  void Clear() noexcept { cursors_.clear(); }
  /// Empty runs are left out. The array must live until Clear.
  void AddRun(const SortedRun& run);

  // Each returns the record arrived at, or null past either end.
  const EntryRecord* SeekToFirst();
  const EntryRecord* SeekToLast();
  const EntryRecord* Seek(std::string_view key, SequenceNumber sequence);
  const EntryRecord* SeekForPrev(std::string_view key, SequenceNumber sequence);
  /// Next and Prev need a current record. O(log runs) comparisons, two while one run leads.
  const EntryRecord* Next();
  const EntryRecord* Prev();

 private:
  enum class Direction : std::uint8_t { kForward, kBackward };
  struct Cursor {
    SortedRun run;
    PrefixShift shift;  ///< to common_bytes_
    std::size_t border = 0;
  };

  /// Whether `cursor` has a record in the direction of travel.
  bool Live(const Cursor& cursor) const noexcept;
  PrefixedRecord Candidate(const Cursor& cursor) const noexcept;
  /// Whether `a` comes first in the direction of travel.
  bool Leads(const Cursor* a, const Cursor* b) const noexcept;
  void BuildHeap(Direction direction);
  /// Restores the order of the heap after its front's candidate changed or ran out.
  void SettleFront() noexcept;
  void SiftDown(std::size_t hole) noexcept;
  /// Make the front's candidate the current record; null when the heap is empty.
  const EntryRecord* TakeForward() noexcept;
  const EntryRecord* TakeBackward() noexcept;

  std::vector<Cursor> cursors_;
  std::size_t common_bytes_ = 0;  ///< what the keys of all runs have in common
  std::vector<Cursor*> heap_;
  Cursor* current_ = nullptr;  ///< the run that holds the current record, at its border
  Direction direction_ = Direction::kForward;
};

}  // namespace quiver
