#include "db/background_compaction_worker.h"

#include <algorithm>

#include "base/try.h"
#include "iterator/merging_iterator.h"

namespace quiver {

BackgroundCompactionWorker::BackgroundCompactionWorker(Parts parts)
    : parts_([&] {
        parts.jobs.cancelled = &cancelled_;
        return std::move(parts);
      }()),
      strategy_(NewCompactionStrategy(*parts_.jobs.config)) {}

void BackgroundCompactionWorker::Cancel() {
  cancelled_.store(true, std::memory_order_release);
  MutexLock lock(mutex_);
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
  parts_.state->Wake();
  return retry;
}

void BackgroundCompactionWorker::ReportEdit(const Error& error) {
  parts_.jobs.metrics->background_errors.Add();
  parts_.health->Report(error);
  parts_.state->Wake();
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

void BackgroundCompactionWorker::FlushLoop() {
  while (!cancelled_.load(std::memory_order_acquire)) {
    const std::vector<MemtableRef> memtables = parts_.state->ImmutablesOldestFirst();
    if (memtables.empty()) break;
    Retry retry;
    const Result<void> flushed = FlushOnce(memtables, retry);
    if (retry) {
      parts_.executor->SubmitAfter(io::Lane::kFlush, *retry, [this] { FlushLoop(); });
      return;  // still scheduled
    }
    if (!flushed) break;
    ScheduleCompaction();
  }
  MutexLock lock(mutex_);
  flush_scheduled_ = false;
  // A memtable sealed after the last look found the flush still scheduled and did not ask again.
  const bool again = parts_.state->immutable_count() != 0 && parts_.health->writable() &&
                     !cancelled_.load(std::memory_order_acquire);
  if (again) {
    flush_scheduled_ = true;
    parts_.executor->Submit(io::Lane::kFlush, [this] { FlushLoop(); });
  }
  idle_.NotifyAll();
}

Result<void> BackgroundCompactionWorker::FlushOnce(const std::vector<MemtableRef>& memtables,
                                                   Retry& retry) {
  std::vector<std::unique_ptr<InternalIterator>> children;
  SequenceNumber flushed_sequence = 0;
  for (const MemtableRef& memtable : memtables) {
    memtable->table().Seal();
    children.push_back(memtable->table().NewIterator());
    flushed_sequence = std::max(flushed_sequence, memtable->largest_sequence());
  }
  // Writers wait for flushes, so the limit of compactions is not theirs.
  JobContext jobs = parts_.jobs;
  jobs.rate_limiter = nullptr;
  Result<JobResult> job = RunFlush(jobs, NewMergingIterator(std::move(children)), Snapshots());
  if (!job) {
    retry = ReportJob(job.error());
    return job.error();
  }
  job->edit.first_log_segment = parts_.state->FirstSegmentAfter(memtables.back());
  job->edit.flushed_sequence = flushed_sequence;
  {
    MutexLock lock(manifest_mutex_);
    Result<VersionRef> version = parts_.versions->Apply(job->edit);
    if (!version) {
      ReportEdit(version.error());
      return version.error();
    }
    parts_.state->FinishFlush(*std::move(version), memtables);
  }
  parts_.health->JobSucceeded();
  parts_.obsolete_files->Sweep();
  // A segment that cannot be removed now is removed by the next flush or the next open.
  (void)parts_.wal->DeleteSegmentsBefore(*job->edit.first_log_segment);
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

std::optional<CompactionPlan> BackgroundCompactionWorker::PickLocked(const VersionRef& version) {
  if (manual_waiting_ || !parts_.health->writable() || cancelled_.load(std::memory_order_acquire)) {
    return std::nullopt;
  }
  return strategy_->Pick(*version, ContextLocked());
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
    VersionRef version = parts_.versions->current();
    std::optional<CompactionPlan> plan = PickLocked(version);
    if (!plan) break;
    SetBusyLocked(*plan, true);
    lock.Unlock();
    ScheduleCompaction();  // another thread may find work beside this plan
    Retry retry;
    const Result<void> done = RunPlan(*version, *plan, retry);
    lock.Lock();
    SetBusyLocked(*plan, false);
    // The plan and its version hold the inputs: only without them can the files be removed.
    plan.reset();
    version.reset();
    lock.Unlock();
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

Result<void> BackgroundCompactionWorker::RunPlan(const Version& version, const CompactionPlan& plan,
                                                 Retry& retry) {
  const Result<JobResult> job = RunCompaction(parts_.jobs, version, plan, Snapshots());
  if (!job) {
    retry = ReportJob(job.error());
    return job.error();
  }
  {
    MutexLock lock(manifest_mutex_);
    const VersionRef before = parts_.versions->current();
    Result<VersionRef> after = parts_.versions->Apply(job->edit);
    if (!after) {
      ReportEdit(after.error());
      return after.error();
    }
    parts_.state->InstallVersion(*std::move(after));
    parts_.obsolete_files->AddRemoved(*before, job->edit);
  }
  parts_.health->JobSucceeded();
  return {};
}

Result<void> BackgroundCompactionWorker::CompactRange(std::optional<std::string_view> begin,
                                                      std::optional<std::string_view> end) {
  const auto stopping = [this] { return cancelled_.load(std::memory_order_acquire); };
  const Error closed(ErrorCode::kClosed, "the database was closed before the compaction began");
  MutexLock lock(mutex_);
  if (stopping()) return closed;
  ++callers_;
  while (manual_waiting_ && !stopping()) idle_.WaitFor(mutex_, 100);  // one at a time
  manual_waiting_ = true;
  while (compactions_scheduled_ != 0 && !stopping()) idle_.WaitFor(mutex_, 100);

  Result<void> result;
  VersionRef version = parts_.versions->current();
  std::optional<CompactionPlan> plan =
      PickManual(*version, *parts_.jobs.config, ContextLocked(), begin, end);
  if (stopping()) {
    result = closed;
  } else if (plan) {
    SetBusyLocked(*plan, true);
    lock.Unlock();
    Retry retry;  // whoever asked for the compaction gets the error and decides
    result = RunPlan(*version, *plan, retry);
    lock.Lock();
    SetBusyLocked(*plan, false);
  }
  manual_waiting_ = false;
  idle_.NotifyAll();
  lock.Unlock();
  plan.reset();
  version.reset();
  parts_.obsolete_files->Sweep();
  ScheduleCompaction();
  lock.Lock();
  --callers_;
  idle_.NotifyAll();
  return result;
}

// --- waiting

Result<void> BackgroundCompactionWorker::WaitFor(const std::function<bool()>& ready) {
  MutexLock lock(mutex_);
  while (!ready()) {
    if (cancelled_.load(std::memory_order_acquire)) {
      return Error(ErrorCode::kClosed,
                   "the database was closed while waiting for its background work");
    }
    QUIVER_TRY(parts_.health->CheckWritable());
    idle_.WaitFor(mutex_, 100);
  }
  return {};
}

Result<void> BackgroundCompactionWorker::WaitForFlush() {
  const std::vector<MemtableRef> sealed = parts_.state->ImmutablesOldestFirst();
  if (sealed.empty()) return {};
  ScheduleFlush();
  return WaitFor([&] {
    const std::vector<MemtableRef> left = parts_.state->ImmutablesOldestFirst();
    return std::find(left.begin(), left.end(), sealed.back()) == left.end();
  });
}

Result<void> BackgroundCompactionWorker::WaitIdle() {
  ScheduleFlush();
  ScheduleCompaction();
  return WaitFor([&] NO_THREAD_SAFETY_ANALYSIS {
    return !flush_scheduled_ && compactions_scheduled_ == 0 && parts_.state->immutable_count() == 0;
  });
}

}  // namespace quiver
