// VersionBuilder: applies what edits say of one keyspace's tables to its version and yields the
// next.
//
// Invariants:
//  1. It refuses an edit that does not fit: a removed table that is not where the edit says, an
//     added one that is there already or overlaps its run. What it builds is therefore well formed
//     (version.h, invariants 1 and 2) if what it started from was.
//  2. A table that an edit removes from one place and adds at another keeps its TableFile, so that
//     it stays open in the table cache.
//  3. After a refused edit the builder is spoilt and must be dropped.
//
// Cost: O(tables) to start and to build, O(log tables) a table added or removed, save that a run
// shifts its tables behind.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "quiver/error.h"
#include "version/version.h"
#include "version/version_edit.h"

namespace quiver {

class VersionBuilder {
 public:
  /// Starts from no tables.
  VersionBuilder() = default;
  explicit VersionBuilder(const Version& base);

  /// One edit is Remove for each table that goes, then Add for each that comes, then EndEdit.
  /// kInternal naming what does not fit. The keyspace that a table names is not looked at.
  Result<void> Remove(const VersionEdit::RemovedTable& table);
  Result<void> Add(const VersionEdit::AddedTable& table);
  void EndEdit() { taken_out_.clear(); }
  Result<void> Clean(const VersionEdit::CleanedTable& cleaned);
  Result<void> AddRangeDelete(const RangeDelete& range);
  Result<void> RemoveRangeDelete(const RangeDelete& range);
  /// The whole of an edit that is about this keyspace alone.
  Result<void> Apply(const VersionEdit& edit);
  /// The version with all edits applied; runs and levels left without tables are gone.
  VersionRef Build() &&;

 private:
  using TablesByNumber = std::unordered_map<FileNumber, TableFileRef>;
  std::vector<RangeDelete> RangeDeletesLeft() &&;

  std::vector<Level> levels_;
  TablesByNumber tables_;
  TablesByNumber taken_out_;  // by the edit under way
  RangeDeletesRef base_range_deletes_;
  std::vector<RangeDelete> range_deletes_;
  bool range_deletes_changed_ = false;
  // Of the first range_deletes_indexed_ of range_deletes_, those that were not removed.
  std::unordered_multimap<SequenceNumber, std::size_t> range_delete_places_;
  std::size_t range_deletes_indexed_ = 0;
  std::vector<std::size_t> removed_range_deletes_;
};

}  // namespace quiver
