#include "io/manual_executor.h"

#include <utility>
#include <vector>

#include "base/check.h"

namespace quiver::io {

namespace {

// The executor whose task this thread is running.
thread_local const ManualExecutor* running_executor = nullptr;

}  // namespace

void ManualExecutor::Submit(Lane lane, std::function<void()> task) {
  QUIVER_CHECK(task);
  MutexLock lock(mutex_);
  if (stopped_) return;
  // Timers that came due before this call are ahead of it.
  QueueDueTimers();
  ready_[static_cast<std::size_t>(lane)].push_back({next_ordinal_++, std::move(task)});
}

void ManualExecutor::SubmitAfter(Lane lane, std::uint64_t delay_ms, std::function<void()> task) {
  QUIVER_CHECK(task);
  MutexLock lock(mutex_);
  if (stopped_) return;
  timers_.emplace(clock_.MonotonicNanos() + delay_ms * 1'000'000, Timer{lane, std::move(task)});
}

void ManualExecutor::Shutdown() {
  QUIVER_CHECK(running_executor != this);
  // Declared before the lock: what was dropped is destroyed after it is given up.
  std::array<std::deque<ReadyTask>, kLaneCount> dropped;
  std::multimap<std::uint64_t, Timer> dropped_timers;
  MutexLock lock(mutex_);
  stopped_ = true;
  dropped.swap(ready_);
  dropped_timers.swap(timers_);
  while (running_ > 0) idle_.Wait(mutex_);
}

void ManualExecutor::QueueDueTimers() {
  const std::uint64_t now_ns = clock_.MonotonicNanos();
  while (!timers_.empty() && timers_.begin()->first <= now_ns) {
    Timer& timer = timers_.begin()->second;
    ready_[static_cast<std::size_t>(timer.lane)].push_back({next_ordinal_++, std::move(timer.run)});
    timers_.erase(timers_.begin());
  }
}

std::optional<std::size_t> ManualExecutor::EarliestLane() {
  std::optional<std::size_t> earliest;
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    if (ready_[lane].empty()) continue;
    if (!earliest || ready_[lane].front().ordinal < ready_[*earliest].front().ordinal) {
      earliest = lane;
    }
  }
  return earliest;
}

void ManualExecutor::RunFirst(std::size_t lane) {
  std::function<void()> run = std::move(ready_[lane].front().run);
  ready_[lane].pop_front();
  ++running_;
  mutex_.Unlock();
  const ManualExecutor* const outer = std::exchange(running_executor, this);
  run();
  run = nullptr;  // what the task holds goes before the task counts as finished
  running_executor = outer;
  mutex_.Lock();
  if (--running_ == 0) idle_.NotifyAll();
}

bool ManualExecutor::RunOne() {
  MutexLock lock(mutex_);
  QueueDueTimers();
  const std::optional<std::size_t> lane = EarliestLane();
  if (!lane) return false;
  RunFirst(*lane);
  return true;
}

bool ManualExecutor::RunOneOf(Lane lane) {
  MutexLock lock(mutex_);
  QueueDueTimers();
  const auto index = static_cast<std::size_t>(lane);
  if (ready_[index].empty()) return false;
  RunFirst(index);
  return true;
}

bool ManualExecutor::RunOneAtRandom(Random& random) {
  MutexLock lock(mutex_);
  QueueDueTimers();
  std::vector<std::size_t> candidates;
  for (std::size_t lane = 0; lane < kLaneCount; ++lane) {
    if (!ready_[lane].empty()) candidates.push_back(lane);
  }
  if (candidates.empty()) return false;
  RunFirst(candidates[random.Below(candidates.size())]);
  return true;
}

std::size_t ManualExecutor::RunAll() {
  std::size_t count = 0;
  while (RunOne()) ++count;
  return count;
}

bool ManualExecutor::AdvanceToNextTimer() {
  MutexLock lock(mutex_);
  if (timers_.empty()) return false;
  const std::uint64_t now_ns = clock_.MonotonicNanos();
  const std::uint64_t due_ns = timers_.begin()->first;
  if (due_ns > now_ns) clock_.Advance(due_ns - now_ns);
  QueueDueTimers();
  return true;
}

bool ManualExecutor::RunOneForWaiter() {
  const WaiterHelp help = help_.load();
  if (help == WaiterHelp::kNone) return false;
  return RunOne() || (help == WaiterHelp::kTimed && AdvanceToNextTimer());
}

std::size_t ManualExecutor::ready_count() {
  MutexLock lock(mutex_);
  QueueDueTimers();
  std::size_t count = 0;
  for (const auto& lane : ready_) count += lane.size();
  return count;
}

std::size_t ManualExecutor::timer_count() {
  MutexLock lock(mutex_);
  QueueDueTimers();
  return timers_.size();
}

}  // namespace quiver::io
