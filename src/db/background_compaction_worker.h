// BackgroundCompactionWorker: decides when to flush and compact, runs the jobs on the executor's
// lanes, and makes their edits durable and visible.
//
// A job's three closing steps are always the same: the edit goes into the manifest, the new version
// is published, and what is no longer needed (log segments, input tables) is removed.
//
// Invariants:
//  1. At most one flush runs. It takes the memtables of one keyspace, the oldest first, and of the
//     keyspaces the one that needs the oldest log segment.
//  2. A table is an input of at most one compaction at a time (busy_).
//  3. A log segment is removed only after the edit that makes it unnecessary is durable.
//  4. No edit about a keyspace becomes durable after the one that drops it: both are made with
//     manifest_mutex_ held.
//
// Thread safety: everything from any thread. Lock order: mutex_ before manifest_mutex_ is never
// held; manifest_mutex_, then the state's lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "compaction/compaction_job.h"
#include "compaction/compaction_strategy.h"
#include "db/health.h"
#include "db/keyspaces.h"
#include "db/obsolete_files.h"
#include "db/snapshot_registry.h"
#include "io/executor.h"
#include "version/version_set.h"
#include "wal/wal_manager.h"

namespace quiver {

class BackgroundCompactionWorker {
 public:
  struct Parts {
    JobContext jobs;  ///< what differs between keyspaces, and `cancelled`, is set by the worker
    io::Executor* executor;
    Keyspaces* keyspaces;
    ChangeSignal* changed;
    VersionSet* versions;
    wal::WalManager* wal;
    Health* health;
    SnapshotRegistry* snapshots;
    ObsoleteFiles* obsolete_files;
    const std::atomic<SequenceNumber>* visible_sequence;
  };
  explicit BackgroundCompactionWorker(Parts parts);
  BackgroundCompactionWorker(const BackgroundCompactionWorker&) = delete;
  BackgroundCompactionWorker& operator=(const BackgroundCompactionWorker&) = delete;

  void ScheduleFlush() EXCLUDES(mutex_);
  void ScheduleCompaction() EXCLUDES(mutex_);
  /// Whether nobody has written for a while: runs are then merged for the sake of reads. `false`
  /// keeps such a merge from beginning; one that runs goes on until GiveWay.
  void SetIdle(bool idle) EXCLUDES(mutex_);
  /// Makes such a merge, if one runs, end soon and undone.
  void GiveWay() EXCLUDES(mutex_);
  /// How often in a row such merges were given up: so many times is the pause before one to be
  /// doubled.
  std::uint32_t given_up() const noexcept { return given_up_.load(std::memory_order_relaxed); }
  /// Differs from an earlier answer if a flush has ended, or a caller's job begun or ended, since.
  std::uint64_t activity() const noexcept { return activity_.load(std::memory_order_relaxed); }

  /// Waits until every memtable sealed before the call is in tables.
  Result<void> WaitForFlush() EXCLUDES(mutex_);
  /// Waits until neither a flush nor a compaction runs or is due. One for the sake of reads alone
  /// is waited for if it runs or may begin now.
  Result<void> WaitIdle() EXCLUDES(mutex_);
  /// Merges everything overlapping [begin, end) into the last level, on the calling thread, after
  /// the running compactions have ended.
  Result<void> CompactRange(KeyspaceState& keyspace, std::optional<std::string_view> begin,
                            std::optional<std::string_view> end) EXCLUDES(mutex_);
  /// What a job on a caller's thread is given, until EndJob. kClosed after Cancel.
  Result<JobContext> BeginJob(const KeyspaceState& keyspace) EXCLUDES(mutex_);
  void EndJob() EXCLUDES(mutex_);
  /// Makes tables that are newer than all others durable and visible: in level 0, or deeper where
  /// nothing overlaps and no compaction runs. Sets their places in `edit`. If the error is that of
  /// the manifest the tables must be kept (VersionSet::Apply).
  Result<void> CommitIngest(KeyspaceState& keyspace, VersionEdit& edit)
      EXCLUDES(mutex_, manifest_mutex_);
  /// Makes an edit about no table durable, beside running jobs: a keyspace recorded or dropped.
  /// `publish` is called before another edit can follow.
  Result<void> ApplyEdit(const VersionEdit& edit, const std::function<void()>& publish)
      EXCLUDES(manifest_mutex_);

  /// Makes running jobs stop soon and keeps new ones from starting.
  void Cancel() EXCLUDES(mutex_);
  /// After Cancel: waits until no CompactRange runs on a caller's thread.
  void WaitForCallers() EXCLUDES(mutex_);

 private:
  void FlushLoop();
  /// An answer asks for the same again after so many milliseconds.
  using Retry = std::optional<std::uint64_t>;
  Result<void> FlushOnce(KeyspaceState& keyspace, const std::vector<MemtableRef>& memtables,
                         Retry& retry);
  Result<void> CommitFlush(KeyspaceState& keyspace, const std::vector<MemtableRef>& memtables,
                           JobResult& job) EXCLUDES(manifest_mutex_);
  KeyspaceState* KeyspaceToFlush() const;
  bool HasImmutables() const;
  void CompactionLoop();
  /// A plan with all that it needs to be carried out.
  struct Task {
    KeyspaceState* keyspace;
    VersionRef version;
    CompactionPlan plan;
    bool is_idle = false;  ///< for the sake of reads alone: it gives way to everything else
  };
  Result<void> RunTask(const Task& task, Retry& retry) EXCLUDES(mutex_);
  Result<void> RunIdleTask(const Task& task) EXCLUDES(mutex_);
  void ReportIdleJob(const Error& error);
  bool HasRoomFor(const Task& task) const;
  /// A plan of one keyspace, or nothing.
  using Picker = std::optional<CompactionPlan> (BackgroundCompactionWorker::*)(
      const KeyspaceState&, const Version&, const CompactionContext&) const;
  std::optional<Task> PickLocked() REQUIRES(mutex_);
  std::optional<Task> PickWithLocked(Picker pick) REQUIRES(mutex_);
  std::optional<CompactionPlan> PickDue(const KeyspaceState& keyspace, const Version& version,
                                        const CompactionContext& context) const;
  std::optional<CompactionPlan> PickForReads(const KeyspaceState& keyspace, const Version& version,
                                             const CompactionContext& context) const;
  void SetIdleLocked(bool idle) REQUIRES(mutex_);
  void GiveWayLocked() REQUIRES(mutex_);
  bool MayMergeIdleLocked() const REQUIRES(mutex_);
  void AddCallerLocked() REQUIRES(mutex_);
  void RemoveCallerLocked() REQUIRES(mutex_);
  void PlaceIngest(const KeyspaceState& keyspace, const Version& version, bool may_go_deep,
                   VersionEdit& edit) const;
  void ForgetRangeDeletes(KeyspaceState& keyspace, const Version& version)
      REQUIRES(manifest_mutex_);
  Retention RetentionOf(const KeyspaceState& keyspace, const Version& version) const;
  JobContext JobsOf(const KeyspaceState& keyspace) const;
  VersionRef VersionOf(const KeyspaceState& keyspace) const;
  CompactionContext ContextLocked() const REQUIRES(mutex_);
  void SetBusyLocked(const CompactionPlan& plan, bool busy) REQUIRES(mutex_);
  Result<void> WaitFor(const std::function<bool()>& ready) EXCLUDES(mutex_);
  /// Returns after a task has ended, or a tenth of a second.
  void WaitForChangeLocked() REQUIRES(mutex_);
  bool WasCancelled(const Error& error) const;
  /// What a job's failure means, unless it was only cancelled.
  Retry ReportJob(const Error& error);
  void ReportEdit(const Error& error);
  std::vector<SequenceNumber> Snapshots() const;

  const Parts parts_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> idle_cancelled_{false};  // as cancelled_, for merges in pauses
  std::atomic<std::uint32_t> given_up_{0};
  std::atomic<std::uint64_t> activity_{0};
  static constexpr std::uint32_t kGivenUpMax = 10;

  Mutex manifest_mutex_;  // held while an edit is made durable and published

  Mutex mutex_;
  CondVar idle_;
  bool flush_scheduled_ GUARDED_BY(mutex_) = false;
  std::uint32_t compactions_scheduled_ GUARDED_BY(mutex_) = 0;
  bool manual_waiting_ GUARDED_BY(mutex_) = false;
  bool is_idle_ GUARDED_BY(mutex_) = false;
  std::uint32_t callers_ GUARDED_BY(mutex_) = 0;  // threads in jobs of their own
  std::set<FileNumber> busy_ GUARDED_BY(mutex_);
  std::uint32_t last_picked_ GUARDED_BY(mutex_) = 0;  // keyspace, so that each gets its turn
};

}  // namespace quiver
