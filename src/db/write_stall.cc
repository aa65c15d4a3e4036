#include "db/write_stall.h"

#include <algorithm>

namespace quiver {

std::uint64_t WriteStall::OwedSleep(std::uint64_t bytes, std::uint64_t level0_runs) {
  if (level0_runs < config_.slowdown_run_count) [[likely]] {
    owed_ns_ = 0;
    return 0;
  }
  const double span =
      static_cast<double>(config_.stop_run_count) - static_cast<double>(config_.slowdown_run_count);
  const double left =
      static_cast<double>(config_.stop_run_count) -
      static_cast<double>(std::min<std::uint64_t>(level0_runs, config_.stop_run_count));
  // At the start of the slowdown the full rate, just before the stop a twentieth of it.
  const double share = std::max(0.05, left / std::max(1.0, span));
  owed_ns_ += static_cast<std::uint64_t>(static_cast<double>(bytes) * 1e9 /
                                         (kFullRateBytesPerSecond * share));
  return owed_ns_ < kSleepNsMin ? 0 : std::min(owed_ns_, kSleepNsMax);
}

void WriteStall::Sleep(std::uint64_t owed_ns) {
  Set(StallReason::kRunsSlowdown);
  const std::uint64_t start_ns = clock_.MonotonicNanos();
  clock_.SleepFor(owed_ns);
  const std::uint64_t slept_ns = clock_.MonotonicNanos() - start_ns;
  owed_ns_ -= std::min(owed_ns_, slept_ns);
  EndWait(StallReason::kRunsSlowdown, slept_ns);
}

void WriteStall::EndWait(StallReason reason, std::uint64_t waited_ns) noexcept {
  reason_.store(-1, std::memory_order_relaxed);
  metrics_.RecordStall(reason, waited_ns);
}

std::optional<StallReason> WriteStall::current() const noexcept {
  const int reason = reason_.load(std::memory_order_relaxed);
  if (reason < 0) return std::nullopt;
  return static_cast<StallReason>(reason);
}

const char* WriteStall::reason() const noexcept {
  const std::optional<StallReason> reason = current();
  return reason ? StallReasonName(*reason) : nullptr;
}

}  // namespace quiver
