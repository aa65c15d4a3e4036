// ObsoleteFiles: removes a table's file once no version, view or iterator refers to it.
//
// Invariant: a file is queued only after the manifest edit that drops it is durable.
//
// Thread safety: everything from any thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/epoch.h"
#include "base/mutex.h"
#include "io/directory.h"
#include "version/version.h"
#include "version/version_edit.h"

namespace quiver {

class ObsoleteFiles {
 public:
  ObsoleteFiles(io::Directory& directory, EpochManager& epochs)
      : directory_(directory), epochs_(epochs) {}

  /// Queues the tables that `edit` removed from `before` and did not put elsewhere.
  void AddRemoved(const Version& before, const VersionEdit& edit) EXCLUDES(mutex_);
  /// Queues all tables of `version`.
  void AddAll(const Version& version) EXCLUDES(mutex_);
  /// Queues the tables that `edit` would have added, for an edit that is not applied.
  void AddOutputs(const VersionEdit& edit) EXCLUDES(mutex_);
  /// Removes the queued files that nobody refers to any more. A file that cannot be removed stays
  /// queued; at worst the next open removes it as an orphan.
  void Sweep() EXCLUDES(mutex_);
  std::size_t pending() const EXCLUDES(mutex_);

 private:
  struct Item {
    std::weak_ptr<const TableFile> table;
    std::string name;
  };
  io::Directory& directory_;
  EpochManager& epochs_;
  mutable Mutex mutex_;
  std::vector<Item> queued_ GUARDED_BY(mutex_);
};

}  // namespace quiver
