// The worker's part of an ingest: jobs on a caller's thread, and the commit of their tables.
#include <algorithm>

#include "base/try.h"
#include "compaction/ingest_level.h"
#include "db/background_compaction_worker.h"

namespace quiver {

Result<JobContext> BackgroundCompactionWorker::BeginJob(const KeyspaceState& keyspace) {
  MutexLock lock(mutex_);
  if (cancelled_.load(std::memory_order_acquire)) {
    return Error(ErrorCode::kClosed, "the database was closed before the job began");
  }
  AddCallerLocked();
  return JobsOf(keyspace);
}

void BackgroundCompactionWorker::EndJob() {
  parts_.obsolete_files->Sweep();
  MutexLock lock(mutex_);
  RemoveCallerLocked();
}

void BackgroundCompactionWorker::PlaceIngest(const KeyspaceState& keyspace, const Version& version,
                                             bool may_go_deep, VersionEdit& edit) const {
  const std::uint32_t level =
      may_go_deep ? IngestLevel(keyspace.config, version, edit.added.front().summary.smallest_key,
                                edit.added.back().summary.largest_key)
                  : 0;
  const bool joins = level != 0 && !version.level(level).runs.empty();
  const RunNumber run =
      joins ? version.level(level).runs.front().number : parts_.versions->NewRunNumber();
  for (VersionEdit::AddedTable& added : edit.added) {
    added.level = level;
    added.run = run;
  }
}

// A compaction that runs may come to write where the tables would go; so none may be picked between
// the look and the edit.
Result<void> BackgroundCompactionWorker::CommitIngest(KeyspaceState& keyspace, VersionEdit& edit) {
  bool holds_plans = false;
  {
    MutexLock lock(mutex_);
    holds_plans = !manual_waiting_ && busy_.empty();
    if (holds_plans) manual_waiting_ = true;
  }
  const Result<void> committed = [&]() -> Result<void> {
    MutexLock lock(manifest_mutex_);
    PlaceIngest(keyspace, *VersionOf(keyspace), holds_plans, edit);
    const Result<CatalogRef> catalog = parts_.versions->Apply(edit);
    if (!catalog) {
      ReportEdit(catalog.error());
      return catalog.error();
    }
    keyspace.state.InstallVersion((*catalog)->Find(keyspace.id)->version);
    return {};
  }();
  if (holds_plans) {
    MutexLock lock(mutex_);
    manual_waiting_ = false;
    idle_.NotifyAll();
  }
  ScheduleCompaction();
  return committed;
}

}  // namespace quiver
