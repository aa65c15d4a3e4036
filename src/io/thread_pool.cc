// The executor of production: one queue and its threads for each lane.
//
// Invariants:
//  1. A task leaves the queue under the lane's lock, first in, first out: that is its start.
//  2. Timers belong to the lane. Whichever of its threads is idle waits for the earliest; a timer
//     that is due goes to the end of the queue.
//  3. Tasks run, and are destroyed, without the lock.
//
// Thread safety: as io/executor.h says.
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/mutex.h"
#include "base/schedule_point.h"
#include "io/executor.h"

namespace quiver::io {

namespace {

using Task = std::function<void()>;
using SteadyTime = std::chrono::steady_clock::time_point;

// Longer waits are cut into pieces of this length.
constexpr std::uint64_t kWaitMaxMs = 3'600'000;
// A hundred years. Timers much further away would overflow the clock.
constexpr std::uint64_t kDelayMaxMs = std::uint64_t{100} * 365 * 24 * 3'600'000;

// Blocks, for a scope, the signals that the application should handle on threads of its own, so
// that threads started in it inherit the block. Left open: signals that a fault raises on the very
// thread, and the profiler's.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF}) {
      sigdelset(&blocked, signal);
    }
    (void)pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~SignalsBlocked() { (void)pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

class LaneThreads {
 public:
  LaneThreads(const char* thread_name, std::uint32_t thread_count) {
    const SignalsBlocked signals_blocked;
    for (std::uint32_t i = 0; i < thread_count; ++i) {
      try {
        threads_.emplace_back([this] { Run(); });
      } catch (const std::system_error&) {
        break;  // the process may have no more threads: those there are do the work
      }
      // The name is for people with a debugger; without it all works.
      (void)pthread_setname_np(threads_.back().native_handle(), thread_name);
    }
    // A lane without a thread would accept work and never do it.
    QUIVER_CHECK(!threads_.empty());
  }

  void Submit(Task task) EXCLUDES(mutex_) {
    QUIVER_CHECK(task);
    MutexLock lock(mutex_);
    if (stopping_) return;
    ready_.push_back(std::move(task));
    wake_.NotifyOne();
  }

  void SubmitAfter(std::uint64_t delay_ms, Task task) EXCLUDES(mutex_) {
    QUIVER_CHECK(task);
    const SteadyTime due = std::chrono::steady_clock::now() +
                           std::chrono::milliseconds(std::min(delay_ms, kDelayMaxMs));
    MutexLock lock(mutex_);
    if (stopping_) return;
    timers_.emplace(due, std::move(task));
    // All: any idle thread may have to take over the wait for the earliest timer.
    wake_.NotifyAll();
  }

  // Drops what has not started. Tasks that run go on.
  void Stop() EXCLUDES(mutex_) {
    std::deque<Task> dropped;
    std::multimap<SteadyTime, Task> dropped_timers;
    MutexLock lock(mutex_);
    stopping_ = true;
    dropped.swap(ready_);
    dropped_timers.swap(timers_);
    wake_.NotifyAll();
    lock.Unlock();  // before what was dropped is destroyed
  }

  void Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  bool HasCurrentThread() const {
    return std::any_of(threads_.begin(), threads_.end(), [](const std::thread& thread) {
      return thread.get_id() == std::this_thread::get_id();
    });
  }

 private:
  void Run() EXCLUDES(mutex_) {
    for (;;) {
      Task task = Next();
      if (!task) return;
      SchedulePoint();
      task();
    }
  }

  // The next task, or an empty one when the lane stops.
  Task Next() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    for (;;) {
      if (stopping_) return nullptr;
      const SteadyTime now = std::chrono::steady_clock::now();
      QueueDueTimers(now);
      if (!ready_.empty()) {
        Task task = std::move(ready_.front());
        ready_.pop_front();
        return task;
      }
      if (timers_.empty()) {
        wake_.Wait(mutex_);
      } else {
        const auto wait =
            std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - now);
        wake_.WaitFor(mutex_, std::min(static_cast<std::uint64_t>(wait.count()), kWaitMaxMs));
      }
    }
  }

  void QueueDueTimers(SteadyTime now) REQUIRES(mutex_) {
    std::size_t moved = 0;
    for (; !timers_.empty() && timers_.begin()->first <= now; ++moved) {
      ready_.push_back(std::move(timers_.begin()->second));
      timers_.erase(timers_.begin());
    }
    // This thread takes one; others sleep until a timer that is no longer there.
    if (moved > 1) wake_.NotifyAll();
  }

  Mutex mutex_;
  CondVar wake_;
  std::deque<Task> ready_ GUARDED_BY(mutex_);
  std::multimap<SteadyTime, Task> timers_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // changed by the constructor and Join only
};

class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(std::uint32_t compaction_threads)
      : lanes_{std::make_unique<LaneThreads>("quiver-flush", 1),
               std::make_unique<LaneThreads>("quiver-compact", std::max(1U, compaction_threads)),
               std::make_unique<LaneThreads>("quiver-log", 1),
               std::make_unique<LaneThreads>("quiver-upkeep", 1)} {}
  ~ThreadPool() override { Shutdown(); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void Submit(Lane lane, Task task) override { LaneOf(lane).Submit(std::move(task)); }
  void SubmitAfter(Lane lane, std::uint64_t delay_ms, Task task) override {
    LaneOf(lane).SubmitAfter(delay_ms, std::move(task));
  }
  void Shutdown() override EXCLUDES(shutdown_mutex_) {
    // All lanes stop before any is waited for: a task that still runs may submit to another lane.
    for (const auto& lane : lanes_) lane->Stop();
    // A second caller waits here until the first has waited for every task.
    MutexLock lock(shutdown_mutex_);
    for (const auto& lane : lanes_) {
      QUIVER_CHECK(!lane->HasCurrentThread());
      lane->Join();
    }
  }

 private:
  LaneThreads& LaneOf(Lane lane) { return *lanes_[static_cast<std::size_t>(lane)]; }

  Mutex shutdown_mutex_;
  const std::array<std::unique_ptr<LaneThreads>, kLaneCount> lanes_;
};

}  // namespace

std::unique_ptr<Executor> NewThreadPool(std::uint32_t compaction_threads) {
  return std::make_unique<ThreadPool>(compaction_threads);
}

}  // namespace quiver::io
