// Executor: the only source of background threads. A lane is a class of work with threads of its
// own, so that a flush never waits behind a compaction.
//
// Invariants:
//  1. Tasks of one lane start in the order of their submission.
//  2. After Shutdown() no task starts; tasks already running are waited for.
//
// Thread safety: all methods from any thread; Shutdown not from a task.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace quiver::io {

enum class Lane : std::uint8_t {
  kFlush,       ///< memtables to tables: one thread, never starved
  kCompaction,  ///< `compaction_threads` threads
  kLog,         ///< log syncs and their timers: one thread, which nothing else may keep waiting
  kUpkeep,      ///< removal of files, free space, balance of memory: one thread
};
inline constexpr std::size_t kLaneCount = 4;

class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Submit(Lane lane, std::function<void()> task) = 0;
  /// Runs `task` on the lane once `delay_ms` have passed; dropped by Shutdown.
  virtual void SubmitAfter(Lane lane, std::uint64_t delay_ms, std::function<void()> task) = 0;
  /// Drops what has not started, waits for what has.
  virtual void Shutdown() = 0;
  /// Asked by a thread that waits for what tasks do, and holds no lock that they may want: an
  /// executor without threads runs one of them now. False: there is none, or threads see to it.
  virtual bool RunOneForWaiter() { return false; }
  /// Whether RunOneForWaiter ever runs anything.
  virtual bool works_for_waiters() const { return false; }
};

/// Real threads, named quiver-flush, quiver-compact, quiver-log and quiver-upkeep.
std::unique_ptr<Executor> NewThreadPool(std::uint32_t compaction_threads);

}  // namespace quiver::io
