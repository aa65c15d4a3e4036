// What jobs are given, and how their edits become durable and visible.
#include <algorithm>

#include "base/try.h"
#include "db/background_compaction_worker.h"
#include "db/cache_warmth.h"
#include "db/memtable_flush.h"

namespace quiver {

JobContext BackgroundCompactionWorker::JobsOf(const KeyspaceState& keyspace) const {
  JobContext jobs = parts_.jobs;
  jobs.config = &keyspace.config;
  jobs.schema = keyspace.schema();
  jobs.keyspace = keyspace.id;
  return jobs;
}

// Empty if the keyspace was dropped.
VersionRef BackgroundCompactionWorker::VersionOf(const KeyspaceState& keyspace) const {
  const CatalogRef catalog = parts_.versions->catalog();
  const KeyspaceRecord* const record = catalog->Find(keyspace.id);
  return record != nullptr ? record->version
                           : std::make_shared<const Version>(std::vector<Level>());
}

Result<void> BackgroundCompactionWorker::CommitFlush(KeyspaceState& keyspace,
                                                     const std::vector<MemtableRef>& memtables,
                                                     JobResult& job) {
  SequenceNumber flushed_sequence = 0;
  for (const MemtableRef& memtable : memtables) {
    flushed_sequence = std::max(flushed_sequence, memtable->largest_sequence());
  }
  MutexLock lock(manifest_mutex_);
  if (keyspace.dropped.load(std::memory_order_acquire)) {
    parts_.obsolete_files->AddOutputs(job.edit);
    return {};
  }
  // The log first: a memtable made after the look at it starts in this segment or a later one, and
  // holds later sequences. What is durable reaches beyond what is flushed, which was sealed with
  // its segment.
  const std::uint64_t current_segment = parts_.wal->segment_number();
  const SequenceNumber durable_sequence = parts_.wal->durable_sequence();
  job.edit.first_log_segment = parts_.keyspaces->FirstSegment(memtables, current_segment);
  const SequenceNumber everywhere = parts_.keyspaces->FlushedSequence(memtables, durable_sequence);
  job.edit.flushed_sequence = everywhere;
  if (everywhere < flushed_sequence) {
    job.edit.keyspace_flushed.push_back({keyspace.id, flushed_sequence});
  }
  AddRangeDeletesOf(memtables, keyspace.id, job.edit);
  Result<CatalogRef> catalog = parts_.versions->Apply(job.edit);
  if (!catalog) {
    ReportEdit(catalog.error());
    return catalog.error();
  }
  keyspace.state.FinishFlush((*catalog)->Find(keyspace.id)->version, memtables);
  ForgetRangeDeletes(keyspace, *(*catalog)->Find(keyspace.id)->version);
  return {};
}

Result<void> BackgroundCompactionWorker::RunTask(const Task& task, Retry& retry) {
  KeyspaceState& keyspace = *task.keyspace;
  JobContext jobs = JobsOf(keyspace);
  if (task.is_idle) jobs.cancelled = &idle_cancelled_;
  const bool are_warm = InputsAreWarm(task.plan, jobs);
  const Result<JobResult> job =
      RunCompaction(jobs, *task.version, task.plan, RetentionOf(keyspace, *task.version));
  if (!job) {
    const bool gave_way = task.is_idle && job.error().code() == ErrorCode::kClosed;
    if (task.is_idle && !gave_way) ReportIdleJob(job.error());
    if (!task.is_idle) retry = ReportJob(job.error());
    return job.error();
  }
  {
    MutexLock lock(manifest_mutex_);
    if (keyspace.dropped.load(std::memory_order_acquire)) {
      parts_.obsolete_files->AddOutputs(job->edit);
      return {};
    }
    const VersionRef before = VersionOf(keyspace);
    Result<CatalogRef> after = parts_.versions->Apply(job->edit);
    if (!after) {
      ReportEdit(after.error());
      return after.error();
    }
    keyspace.state.InstallVersion((*after)->Find(keyspace.id)->version);
    parts_.obsolete_files->AddRemoved(*before, job->edit);
    ForgetRangeDeletes(keyspace, *(*after)->Find(keyspace.id)->version);
  }
  parts_.health->JobSucceeded();
  if (are_warm) WarmOutputs(*VersionOf(keyspace), job->edit, jobs);
  return {};
}

// Range deletes that no table or no reader needs any more go. Whoever reads this version without a
// snapshot stands above all that was flushed into it. If that cannot be recorded now, a later
// compaction tries again.
void BackgroundCompactionWorker::ForgetRangeDeletes(KeyspaceState& keyspace,
                                                    const Version& version) {
  if (version.range_deletes() == nullptr) return;
  const SnapshotList readers = Snapshots();
  std::vector<RangeDelete> unneeded = version.UnneededRangeDeletes();
  // A transaction that began below one must find that its keys were written.
  std::erase_if(unneeded, [&](const RangeDelete& range) {
    return !readers.empty() && range.sequence > readers.front();
  });
  if (unneeded.empty()) {
    unneeded = RedundantRangeDeletes(version.range_deletes()->all(), readers);
  }
  if (unneeded.empty()) return;
  VersionEdit edit;
  for (RangeDelete& range : unneeded) {
    edit.removed_range_deletes.push_back({keyspace.id, std::move(range)});
  }
  const Result<CatalogRef> catalog = parts_.versions->Apply(edit);
  if (!catalog) return ReportEdit(catalog.error());
  keyspace.state.InstallVersion((*catalog)->Find(keyspace.id)->version);
}

Retention BackgroundCompactionWorker::RetentionOf(const KeyspaceState& keyspace,
                                                  const Version& version) const {
  // The clock first: a snapshot taken in between sees no more of what expires than the clock says.
  const std::uint64_t now_us = parts_.jobs.clock->WallMicros();
  Retention retention(Snapshots());
  retention.expired_until_us = std::min(now_us, parts_.snapshots->OldestTimeUs(now_us));
  retention.range_deletes = version.range_deletes();
  retention.merge_operator = keyspace.merge_operator;
  return retention;
}

Result<void> BackgroundCompactionWorker::ApplyEdit(const VersionEdit& edit,
                                                   const std::function<void()>& publish) {
  MutexLock lock(manifest_mutex_);
  if (const auto applied = parts_.versions->Apply(edit); !applied) {
    ReportEdit(applied.error());
    return applied.error();
  }
  publish();
  return {};
}

}  // namespace quiver
