#include "db/write_stall.h"

#include <algorithm>
#include <string>

namespace quiver {

double WriteStall::RateShare(const DatabaseConfig& config, std::uint64_t level0_runs) noexcept {
  if (level0_runs < config.slowdown_run_count) [[likely]]
    return 1;
  const double span =
      static_cast<double>(config.stop_run_count) - static_cast<double>(config.slowdown_run_count);
  const double left =
      static_cast<double>(config.stop_run_count) -
      static_cast<double>(std::min<std::uint64_t>(level0_runs, config.stop_run_count));
  // At the start of the slowdown almost the full rate, just before the stop a twentieth of it.
  return std::clamp(left / std::max(1.0, span), 0.05, 0.999);
}

std::uint64_t WriteStall::OwedSleep(std::uint64_t bytes, double rate_share) {
  if (rate_share >= 1) [[likely]] {
    owed_ns_ = 0;
    return 0;
  }
  owed_ns_ += static_cast<std::uint64_t>(static_cast<double>(bytes) * 1e9 /
                                         (kFullRateBytesPerSecond * rate_share));
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

Error WriteStall::WouldWait(StallReason reason) {
  return {ErrorCode::kBusy, std::string("the write would have to wait: ") +
                                StallReasonName(reason) + "; try again later"};
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
