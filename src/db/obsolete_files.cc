#include "db/obsolete_files.h"

#include <algorithm>
#include <set>

namespace quiver {

void ObsoleteFiles::AddRemoved(const Version& before, const VersionEdit& edit) {
  std::set<FileNumber> gone;
  for (const auto& removed : edit.removed) gone.insert(removed.number);
  for (const auto& added : edit.added) gone.erase(added.summary.number);  // only moved
  MutexLock lock(mutex_);
  for (const Level& level : before.levels()) {
    for (const SortedRun& run : level.runs) {
      for (const TableFileRef& table : run.tables) {
        if (!gone.contains(table->summary.number)) continue;
        queued_.push_back({table, TableName(table->summary.number)});
      }
    }
  }
}

void ObsoleteFiles::AddAll(const Version& version) {
  MutexLock lock(mutex_);
  for (const Level& level : version.levels()) {
    for (const SortedRun& run : level.runs) {
      for (const TableFileRef& table : run.tables) {
        queued_.push_back({table, TableName(table->summary.number)});
      }
    }
  }
}

void ObsoleteFiles::AddOutputs(const VersionEdit& edit) {
  MutexLock lock(mutex_);
  for (const auto& table : edit.added) queued_.push_back({{}, TableName(table.summary.number)});
}

void ObsoleteFiles::Sweep() {
  epochs_.Collect();
  std::vector<std::string> removable;
  {
    MutexLock lock(mutex_);
    for (const Item& item : queued_) {
      if (item.table.expired()) removable.push_back(item.name);
    }
  }
  for (const std::string& name : removable) {
    if (!directory_.Remove(name)) continue;
    MutexLock lock(mutex_);
    std::erase_if(queued_, [&](const Item& item) { return item.name == name; });
  }
}

std::size_t ObsoleteFiles::pending() const {
  MutexLock lock(mutex_);
  return queued_.size();
}

}  // namespace quiver
