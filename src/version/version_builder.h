// VersionBuilder: applies edits to a version and yields the next one.
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

  /// kInternal naming what does not fit, or kUnsupported for another keyspace than the first.
  Result<void> Apply(const VersionEdit& edit);
  /// The version with all edits applied; runs and levels left without tables are gone.
  VersionRef Build() &&;

 private:
  using TablesByNumber = std::unordered_map<FileNumber, TableFileRef>;

  Result<void> Remove(const VersionEdit::RemovedTable& table, TablesByNumber& taken_out);
  Result<void> Add(const VersionEdit::AddedTable& table, TablesByNumber& taken_out);

  std::vector<Level> levels_;
  TablesByNumber tables_;
};

}  // namespace quiver
