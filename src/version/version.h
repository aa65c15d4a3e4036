// Version: the set of tables that make up a keyspace at one moment. It never changes; an edit
// makes the next one.
//
//   level 0   run 9 [a…z]          newest data first: a run is newer than every run below it,
//             run 7 [a…z]          in its level and in all deeper levels
//   level 1   run 5 [a…f][g…p][r…z]
//   level 2   run 2 [a…c][c…k]…
//
// A run is a sequence of tables whose key ranges do not overlap. A flush adds a run of one table to
// level 0. Leveled compaction keeps one run a level below 0; tiered keeps several.
//
// Invariants (checked by Validate):
//  1. Tables of a run are ordered by key and disjoint; a user key's versions never span two tables
//     of one run.
//  2. Runs of a level are ordered newest first (descending run number).
//  3. For one key, every version in a newer run has a higher sequence than every version in an
//     older run.
//
// Thread safety: immutable; share by shared_ptr.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/error.h"
#include "sstable/table_cache.h"
#include "sstable/table_format.h"
#include "version/range_deletes.h"

namespace quiver {

using RunNumber = std::uint64_t;
inline constexpr std::uint32_t kLevelCountMax = 16;

/// A table as versions know it: what is recorded of it and its place in the table cache.
struct TableFile {
  TableSummary summary;
  /// Range deletes up to here hide nothing in the table: what they hid is gone from it.
  SequenceNumber cleaned_sequence = 0;
  mutable TableSlot slot;

  /// Whether it may hold what `range`, which meets its keys, hides.
  bool IsUnder(const RangeDelete& range) const noexcept {
    return summary.smallest_sequence < range.sequence && cleaned_sequence < range.sequence;
  }
};
using TableFileRef = std::shared_ptr<const TableFile>;

struct SortedRun {
  RunNumber number = 0;
  std::vector<TableFileRef> tables;

  std::uint64_t size_bytes() const noexcept;
  std::uint64_t entry_count() const noexcept;
  /// Index of the first table whose largest key is at or after `key`; tables.size() if none.
  std::size_t FindTable(std::string_view key) const noexcept;
};

struct Level {
  std::vector<SortedRun> runs;

  std::uint64_t size_bytes() const noexcept;
  std::uint64_t table_count() const noexcept;
};

class Version {
 public:
  explicit Version(std::vector<Level> levels, RangeDeletesRef range_deletes = nullptr)
      : levels_(std::move(levels)), range_deletes_(std::move(range_deletes)) {}

  const std::vector<Level>& levels() const noexcept { return levels_; }
  /// Those of flushed memtables that some table may still need; nullptr if there are none.
  const RangeDeletesRef& range_deletes() const noexcept { return range_deletes_; }
  /// Of these, the ones that no table needs any more: whatever they hid is gone.
  std::vector<RangeDelete> UnneededRangeDeletes() const;
  /// Level `index`, or an empty one beyond the last.
  const Level& level(std::uint32_t index) const noexcept;
  /// Deepest level that holds a table, or 0.
  std::uint32_t deepest_level() const noexcept;
  std::uint64_t size_bytes() const noexcept;
  std::uint64_t table_count() const noexcept;
  std::uint64_t entry_count() const noexcept;
  std::uint64_t run_count() const noexcept;
  /// Sequence that every table is at or below.
  SequenceNumber largest_sequence() const noexcept;

  /// kInternal naming the first broken invariant.
  Result<void> Validate() const;
  /// One line a level and a run, for people.
  std::string Describe() const;

 private:
  std::vector<Level> levels_;
  RangeDeletesRef range_deletes_;
};
using VersionRef = std::shared_ptr<const Version>;

}  // namespace quiver
