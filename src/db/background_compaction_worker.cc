#include "db/background_compaction_worker.h"

#include <algorithm>

#include "base/try.h"
#include "compaction/dead_tables.h"
#include "db/cache_warmth.h"
#include "db/memtable_flush.h"

namespace quiver {

BackgroundCompactionWorker::BackgroundCompactionWorker(Parts parts)
    : parts_([&] {
        parts.jobs.cancelled = &cancelled_;
        return std::move(parts);
      }()) {}

void BackgroundCompactionWorker::Cancel() {
  cancelled_.store(true, std::memory_order_release);
  MutexLock lock(mutex_);
  GiveWayLocked();
  idle_.NotifyAll();
}

void BackgroundCompactionWorker::WaitForCallers() {
  MutexLock lock(mutex_);
  while (callers_ != 0) idle_.Wait(mutex_);
}

bool BackgroundCompactionWorker::WasCancelled(const Error& error) const {
  return error.code() == ErrorCode::kClosed && cancelled_.load(std::memory_order_acquire);
}

BackgroundCompactionWorker::Retry BackgroundCompactionWorker::ReportJob(const Error& error) {
  if (WasCancelled(error)) return std::nullopt;
  parts_.jobs.metrics->background_errors.Add();
  const Retry retry = parts_.health->ReportJob(error);
  parts_.changed->Notify();
  return retry;
}

void BackgroundCompactionWorker::ReportEdit(const Error& error) {
  parts_.jobs.metrics->background_errors.Add();
  parts_.health->Report(error);
  parts_.changed->Notify();
}

std::vector<SequenceNumber> BackgroundCompactionWorker::Snapshots() const {
  return parts_.snapshots->List(
      [this] { return parts_.visible_sequence->load(std::memory_order_seq_cst); });
}

// --- flush

void BackgroundCompactionWorker::ScheduleFlush() {
  MutexLock lock(mutex_);
  if (flush_scheduled_ || cancelled_.load(std::memory_order_acquire)) return;
  flush_scheduled_ = true;
  parts_.executor->Submit(io::Lane::kFlush, [this] { FlushLoop(); });
}

// Of those with sealed memtables, the keyspace that keeps the oldest log segment alive.
KeyspaceState* BackgroundCompactionWorker::KeyspaceToFlush() const {
  KeyspaceState* chosen = nullptr;
  std::uint64_t oldest_segment = 0;
  for (KeyspaceState* keyspace : parts_.keyspaces->All()) {
    if (keyspace->state.immutable_count() == 0) continue;
    const std::vector<MemtableRef> memtables = keyspace->state.ImmutablesOldestFirst();
    if (memtables.empty()) continue;
    const std::uint64_t segment = memtables.front()->first_segment();
    if (chosen != nullptr && segment >= oldest_segment) continue;
    chosen = keyspace;
    oldest_segment = segment;
  }
  return chosen;
}

bool BackgroundCompactionWorker::HasImmutables() const {
  return std::ranges::any_of(parts_.keyspaces->All(), [](const KeyspaceState* keyspace) {
    return keyspace->state.immutable_count() != 0;
  });
}

void BackgroundCompactionWorker::FlushLoop() {
  while (!cancelled_.load(std::memory_order_acquire)) {
    KeyspaceState* const keyspace = KeyspaceToFlush();
    if (keyspace == nullptr) break;
    Retry retry;
    const Result<void> flushed =
        FlushOnce(*keyspace, keyspace->state.ImmutablesOldestFirst(), retry);
    if (retry) {
      parts_.executor->SubmitAfter(io::Lane::kFlush, *retry, [this] { FlushLoop(); });
      return;  // still scheduled
    }
    if (!flushed) break;
    GiveWay();  // writing goes on
    ScheduleCompaction();
  }
  MutexLock lock(mutex_);
  flush_scheduled_ = false;
  // A memtable sealed after the last look found the flush still scheduled and did not ask again.
  const bool again =
      HasImmutables() && parts_.health->writable() && !cancelled_.load(std::memory_order_acquire);
  if (again) {
    flush_scheduled_ = true;
    parts_.executor->Submit(io::Lane::kFlush, [this] { FlushLoop(); });
  }
  idle_.NotifyAll();
}

Result<void> BackgroundCompactionWorker::FlushOnce(KeyspaceState& keyspace,
                                                   const std::vector<MemtableRef>& memtables,
                                                   Retry& retry) {
  if (memtables.empty()) return {};  // the keyspace was dropped meanwhile
  // Writers wait for flushes, so the limit of compactions is not theirs.
  JobContext jobs = JobsOf(keyspace);
  jobs.rate_limiter = nullptr;
  const VersionRef before = VersionOf(keyspace);
  const bool is_warm = NewestRunIsWarm(*before, jobs);
  Result<JobResult> job = FlushMemtables(jobs, memtables, RetentionOf(keyspace, *before));
  if (!job) {
    retry = ReportJob(job.error());
    return job.error();
  }
  QUIVER_TRY(CommitFlush(keyspace, memtables, *job));
  parts_.health->JobSucceeded();
  parts_.obsolete_files->Sweep();
  // A segment that cannot be removed now is removed by the next flush or the next open.
  (void)parts_.wal->DeleteSegmentsBefore(parts_.versions->state().first_log_segment);
  if (is_warm) WarmOutputs(*VersionOf(keyspace), job->edit, jobs);
  return {};
}

// --- compaction

void BackgroundCompactionWorker::ScheduleCompaction() {
  MutexLock lock(mutex_);
  if (cancelled_.load(std::memory_order_acquire) || manual_waiting_ ||
      compactions_scheduled_ >= parts_.jobs.config->compaction_threads) {
    return;
  }
  ++compactions_scheduled_;
  parts_.executor->Submit(io::Lane::kCompaction, [this] { CompactionLoop(); });
}

CompactionContext BackgroundCompactionWorker::ContextLocked() const {
  CompactionContext context;
  context.now_s = parts_.jobs.clock->WallMicros() / 1'000'000;
  context.busy = busy_;
  context.oldest_snapshot = Snapshots().front();
  return context;
}

std::optional<CompactionPlan> BackgroundCompactionWorker::PickDue(
    const KeyspaceState& keyspace, const Version& version, const CompactionContext& context) const {
  auto plan = PickDead(version, RetentionOf(keyspace, version), context.busy);
  return plan ? std::move(plan) : keyspace.strategy->Pick(version, context);
}

std::optional<BackgroundCompactionWorker::Task> BackgroundCompactionWorker::PickLocked() {
  if (manual_waiting_ || !parts_.health->writable() || cancelled_.load(std::memory_order_acquire)) {
    return std::nullopt;
  }
  std::optional<Task> task = PickWithLocked(&BackgroundCompactionWorker::PickDue);
  if (!task && MayMergeIdleLocked()) {
    task = PickWithLocked(&BackgroundCompactionWorker::PickForReads);
    if (task) {
      task->is_idle = true;
      idle_cancelled_.store(false, std::memory_order_release);
    }
  }
  return task;
}

std::optional<BackgroundCompactionWorker::Task> BackgroundCompactionWorker::PickWithLocked(
    Picker pick) {
  std::vector<KeyspaceState*> keyspaces = parts_.keyspaces->All();
  // Those behind the last one served come first.
  std::ranges::rotate(keyspaces,
                      std::ranges::upper_bound(keyspaces, last_picked_, {}, &KeyspaceState::id));
  const CatalogRef catalog = parts_.versions->catalog();
  const CompactionContext context = ContextLocked();
  for (KeyspaceState* keyspace : keyspaces) {
    const KeyspaceRecord* const record = catalog->Find(keyspace->id);
    if (record == nullptr || record->version->table_count() == 0) continue;
    std::optional<CompactionPlan> plan = (this->*pick)(*keyspace, *record->version, context);
    if (!plan) continue;
    last_picked_ = keyspace->id;
    return Task{keyspace, record->version, *std::move(plan)};
  }
  return std::nullopt;
}

void BackgroundCompactionWorker::SetBusyLocked(const CompactionPlan& plan, bool busy) {
  for (const CompactionInput& input : plan.inputs) {
    for (const TableFileRef& table : input.tables) {
      if (busy) {
        busy_.insert(table->summary.number);
      } else {
        busy_.erase(table->summary.number);
      }
    }
  }
}

void BackgroundCompactionWorker::CompactionLoop() {
  MutexLock lock(mutex_);
  while (true) {
    std::optional<Task> task = PickLocked();
    if (!task) break;
    SetBusyLocked(task->plan, true);
    lock.Unlock();
    ScheduleCompaction();  // another thread may find work beside this plan
    Retry retry;
    const Result<void> done = task->is_idle ? RunIdleTask(*task) : RunTask(*task, retry);
    lock.Lock();
    SetBusyLocked(task->plan, false);
    lock.Unlock();
    // The plan and its version hold the inputs: only without them can the files be removed.
    task.reset();
    parts_.obsolete_files->Sweep();
    lock.Lock();
    if (retry) {
      parts_.executor->SubmitAfter(io::Lane::kCompaction, *retry, [this] { CompactionLoop(); });
      return;  // still scheduled
    }
    if (!done) break;
  }
  --compactions_scheduled_;
  idle_.NotifyAll();
}

Result<void> BackgroundCompactionWorker::CompactRange(KeyspaceState& keyspace,
                                                      std::optional<std::string_view> begin,
                                                      std::optional<std::string_view> end) {
  const auto stopping = [this] { return cancelled_.load(std::memory_order_acquire); };
  const Error closed(ErrorCode::kClosed, "the database was closed before the compaction began");
  MutexLock lock(mutex_);
  if (stopping()) return closed;
  AddCallerLocked();
  while (manual_waiting_ && !stopping()) WaitForChangeLocked();  // one at a time
  manual_waiting_ = true;
  while (compactions_scheduled_ != 0 && !stopping()) WaitForChangeLocked();

  Result<void> result;
  std::optional<Task> task(Task{&keyspace, VersionOf(keyspace), {}});
  std::optional<CompactionPlan> plan =
      PickManual(*task->version, keyspace.config, ContextLocked(), begin, end);
  if (stopping()) {
    result = closed;
  } else if (plan) {
    std::swap(task->plan, *plan);
    SetBusyLocked(task->plan, true);
    lock.Unlock();
    Retry retry;  // whoever asked for the compaction gets the error and decides
    result = RunTask(*task, retry);
    lock.Lock();
    SetBusyLocked(task->plan, false);
  }
  manual_waiting_ = false;
  idle_.NotifyAll();
  lock.Unlock();
  plan.reset();
  task.reset();
  parts_.obsolete_files->Sweep();
  ScheduleCompaction();
  lock.Lock();
  RemoveCallerLocked();
  return result;
}

// --- waiting

void BackgroundCompactionWorker::WaitForChangeLocked() {
  if (parts_.executor->works_for_waiters()) {
    mutex_.Unlock();
    const bool ran = parts_.executor->RunOneForWaiter();
    mutex_.Lock();
    if (ran) return;
  }
  idle_.WaitFor(mutex_, 100);
}

Result<void> BackgroundCompactionWorker::WaitFor(const std::function<bool()>& ready) {
  MutexLock lock(mutex_);
  while (!ready()) {
    if (cancelled_.load(std::memory_order_acquire)) {
      return Error(ErrorCode::kClosed,
                   "the database was closed while waiting for its background work");
    }
    QUIVER_TRY(parts_.health->CheckWritable());
    WaitForChangeLocked();
  }
  return {};
}

Result<void> BackgroundCompactionWorker::WaitForFlush() {
  std::vector<std::pair<const KeyspaceState*, MemtableRef>> newest;
  for (const KeyspaceState* keyspace : parts_.keyspaces->All()) {
    const std::vector<MemtableRef> sealed = keyspace->state.ImmutablesOldestFirst();
    if (!sealed.empty()) newest.emplace_back(keyspace, sealed.back());
  }
  if (newest.empty()) return {};
  ScheduleFlush();
  return WaitFor([&] {
    return std::ranges::none_of(newest, [](const auto& wanted) {
      const std::vector<MemtableRef> left = wanted.first->state.ImmutablesOldestFirst();
      return std::ranges::find(left, wanted.second) != left.end();
    });
  });
}

Result<void> BackgroundCompactionWorker::WaitIdle() {
  ScheduleFlush();
  ScheduleCompaction();
  return WaitFor([&] NO_THREAD_SAFETY_ANALYSIS {
    return !flush_scheduled_ && compactions_scheduled_ == 0 && !HasImmutables();
  });
}

}  // namespace quiver
