// ManualExecutor: an executor without threads, whose tasks run when and in what order the test
// says. With a ManualClock and a seed every interleaving of background work can be repeated.
//
// Invariants:
//  1. A task runs only within RunOne, RunOneOf, RunOneAtRandom, RunAll or RunOneForWaiter, on the
//     caller's thread.
//  2. Tasks of one lane start in the order of their submission; a delayed task joins its lane when
//     the clock has reached its time, delayed tasks among each other in the order of their times.
//  3. Across lanes RunOne takes the task that became ready first.
//  4. While waiters are helped, who waits for background work does it, so one thread is enough.
//
// Thread safety: all methods from any thread; a task may submit, but not call Shutdown.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "base/mutex.h"
#include "base/random.h"
#include "io/executor.h"
#include "io/manual_clock.h"

namespace quiver::io {

class ManualExecutor final : public Executor {
 public:
  /// `clock` drives the timers and must outlive the executor.
  explicit ManualExecutor(ManualClock& clock) : clock_(clock) {}
  ~ManualExecutor() override { Shutdown(); }
  ManualExecutor(const ManualExecutor&) = delete;
  ManualExecutor& operator=(const ManualExecutor&) = delete;

  void Submit(Lane lane, std::function<void()> task) override EXCLUDES(mutex_);
  void SubmitAfter(Lane lane, std::uint64_t delay_ms, std::function<void()> task) override
      EXCLUDES(mutex_);
  void Shutdown() override EXCLUDES(mutex_);
  bool RunOneForWaiter() override EXCLUDES(mutex_);
  bool works_for_waiters() const override { return help_.load() != WaiterHelp::kNone; }

  enum class WaiterHelp : std::uint8_t {
    kNone,   ///< who waits, waits for another thread that runs tasks
    kReady,  ///< a ready task
    kTimed,  ///< a ready task, else the clock moves to the next timer
  };
  void SetWaiterHelp(WaiterHelp help) { help_.store(help); }

  /// Runs the next ready task of any lane; false if there is none.
  bool RunOne() EXCLUDES(mutex_);
  /// Runs the next ready task of `lane`; false if there is none.
  bool RunOneOf(Lane lane) EXCLUDES(mutex_);
  /// Runs the next ready task of a lane drawn from those that have one; false if none has.
  bool RunOneAtRandom(Random& random) EXCLUDES(mutex_);
  /// Runs ready tasks, those they submit included, until there is none; returns how many.
  std::size_t RunAll() EXCLUDES(mutex_);
  /// Moves the clock to the earliest timer, which makes it ready; false if there is none.
  bool AdvanceToNextTimer() EXCLUDES(mutex_);

  /// Tasks that could run now.
  std::size_t ready_count() EXCLUDES(mutex_);
  /// Delayed tasks whose time has not come.
  std::size_t timer_count() EXCLUDES(mutex_);

 private:
  struct ReadyTask {
    std::uint64_t ordinal;  // the order in which tasks became ready
    std::function<void()> run;
  };
  struct Timer {
    Lane lane;
    std::function<void()> run;
  };

  void QueueDueTimers() REQUIRES(mutex_);
  std::optional<std::size_t> EarliestLane() REQUIRES(mutex_);
  /// Takes and runs the first task of `lane`; gives the mutex up meanwhile.
  void RunFirst(std::size_t lane) REQUIRES(mutex_);

  ManualClock& clock_;
  std::atomic<WaiterHelp> help_{WaiterHelp::kNone};
  Mutex mutex_;
  CondVar idle_;
  std::array<std::deque<ReadyTask>, kLaneCount> ready_ GUARDED_BY(mutex_);
  std::multimap<std::uint64_t, Timer> timers_ GUARDED_BY(mutex_);  // by time, in nanoseconds
  std::uint64_t next_ordinal_ GUARDED_BY(mutex_) = 0;
  std::size_t running_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
};

}  // namespace quiver::io
