// WriteStall: slows writers down smoothly when flush and compaction cannot follow, and says why.
//
// Between slowdown_run_count and stop_run_count runs in level 0 a write pays for its bytes at a
// rate that falls in proportion to the runs left before the stop; debts under a millisecond are
// carried over, so that small writes do not sleep for less than a sleep costs. At stop_run_count,
// or with all memtables full, a write waits until a flush or compaction has made room.
//
// Thread safety: the write path calls it one thread at a time; reason() from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "io/clock.h"
#include "metrics/engine_metrics.h"
#include "quiver/config.h"
#include "quiver/error.h"
#include "quiver/metrics.h"

namespace quiver {

class WriteStall {
 public:
  WriteStall(io::Clock& clock, EngineMetrics& metrics) : clock_(clock), metrics_(metrics) {}

  /// True if `level0_runs` forbid writing at all.
  static bool MustStop(const DatabaseConfig& config, std::uint64_t level0_runs) noexcept {
    return level0_runs >= config.stop_run_count;
  }
  /// The share of the full rate that is left at `level0_runs`: 1 while writes need not be slowed.
  static double RateShare(const DatabaseConfig& config, std::uint64_t level0_runs) noexcept;
  /// Nanoseconds to sleep now for what `bytes` and those before them owe at such a share.
  std::uint64_t OwedSleep(std::uint64_t bytes, double rate_share);
  /// Sleeps for what OwedSleep answered.
  void Sleep(std::uint64_t owed_ns);

  /// Marks the begin and end of a wait for `reason`, which the caller does itself.
  void BeginWait(StallReason reason) noexcept { Set(reason); }
  void EndWait(StallReason reason, std::uint64_t waited_ns) noexcept;

  /// What a write that does not want to wait is told.
  static Error WouldWait(StallReason reason);

  /// Why writes wait right now, if they do.
  std::optional<StallReason> current() const noexcept;
  /// The same by name; nullptr if they do not.
  const char* reason() const noexcept;

 private:
  void Set(StallReason reason) noexcept {
    reason_.store(static_cast<int>(reason), std::memory_order_relaxed);
  }
  /// What a store that is neither starved nor idle sustains; the slowdown starts from it.
  static constexpr double kFullRateBytesPerSecond = 64.0 * (1 << 20);
  static constexpr std::uint64_t kSleepNsMin = 1'000'000;
  static constexpr std::uint64_t kSleepNsMax = 50'000'000;

  io::Clock& clock_;
  EngineMetrics& metrics_;
  std::uint64_t owed_ns_ = 0;
  std::atomic<int> reason_{-1};
};

}  // namespace quiver
