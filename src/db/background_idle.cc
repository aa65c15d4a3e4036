// The worker's part of merges while nobody writes. They are nobody's need, so they give way: to
// whatever is due, to flushes, to jobs of callers and to a disk that is nearly full; and one that
// failed waits for the next pause. A lone write ends none, or a write now and then would have the
// same merge begun again for ever; and after one that was given up the next pause has to be twice
// as long.
#include <algorithm>

#include "compaction/idle_pick.h"
#include "db/background_compaction_worker.h"

namespace quiver {

void BackgroundCompactionWorker::SetIdle(bool idle) {
  {
    MutexLock lock(mutex_);
    SetIdleLocked(idle);
  }
  if (idle) ScheduleCompaction();
}

// `false` keeps the next merge from beginning; the running one goes on until GiveWayLocked.
void BackgroundCompactionWorker::SetIdleLocked(bool idle) {
  is_idle_ = idle && callers_ == 0;
}

// The pause counts from now.
void BackgroundCompactionWorker::GiveWayLocked() {
  activity_.fetch_add(1, std::memory_order_relaxed);
  is_idle_ = false;
  idle_cancelled_.store(true, std::memory_order_release);
}

void BackgroundCompactionWorker::GiveWay() {
  MutexLock lock(mutex_);
  GiveWayLocked();
}

void BackgroundCompactionWorker::AddCallerLocked() {
  ++callers_;
  GiveWayLocked();
}

void BackgroundCompactionWorker::RemoveCallerLocked() {
  --callers_;
  activity_.fetch_add(1, std::memory_order_relaxed);
  idle_.NotifyAll();
}

// Writers may wait for a flush or for the end of a caller's job: they are not idle then, only
// still.
bool BackgroundCompactionWorker::MayMergeIdleLocked() const {
  return is_idle_ && callers_ == 0 && busy_.empty() && !HasImmutables();
}

std::optional<CompactionPlan> BackgroundCompactionWorker::PickForReads(
    const KeyspaceState& keyspace, const Version& version, const CompactionContext& context) const {
  return PickIdle(version, keyspace.config, context);
}

bool BackgroundCompactionWorker::HasRoomFor(const Task& task) const {
  const auto free_bytes = parts_.jobs.directory->FreeBytes();
  const std::uint64_t memtable_bytes = parts_.jobs.ledger->bytes(MemoryOwner::kMemtables);
  return free_bytes && *free_bytes >= task.plan.input_bytes() + memtable_bytes +
                                          parts_.jobs.config->disk_reserve_bytes;
}

// What fails here was nobody's need: unless it is damage, the database's health does not suffer.
void BackgroundCompactionWorker::ReportIdleJob(const Error& error) {
  if (error.code() != ErrorCode::kIo && error.code() != ErrorCode::kNoSpace) {
    (void)ReportJob(error);
    return;
  }
  parts_.jobs.metrics->background_errors.Add();
}

// Whatever comes of it, the loop goes on with what is due.
Result<void> BackgroundCompactionWorker::RunIdleTask(const Task& task) {
  Result<void> done;
  const bool begun = HasRoomFor(task);
  Retry unused;
  if (begun) done = RunTask(task, unused);
  MutexLock lock(mutex_);
  if (!done && done.error().code() == ErrorCode::kClosed) {
    const std::uint32_t given_up = given_up_.load(std::memory_order_relaxed);
    given_up_.store(std::min(given_up + 1, kGivenUpMax), std::memory_order_relaxed);
  } else if (begun && done) {
    given_up_.store(0, std::memory_order_relaxed);
  } else {
    is_idle_ = false;
  }
  return {};
}

}  // namespace quiver
