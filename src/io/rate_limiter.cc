#include "io/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace quiver::io {

namespace {

constexpr std::uint64_t kStepMaxNs = 10'000'000;
constexpr double kNanosPerSecond = 1e9;

// A bucket of less than one token would never fill.
double CapacityOf(std::uint64_t bytes_per_second) {
  return std::max(1.0, static_cast<double>(bytes_per_second) / 10);
}

}  // namespace

RateLimiter::RateLimiter(std::uint64_t bytes_per_second, Clock& clock)
    : bytes_per_second_(bytes_per_second),
      clock_(clock),
      tokens_(CapacityOf(bytes_per_second)),
      refilled_ns_(clock.MonotonicNanos()) {}

void RateLimiter::Acquire(std::uint64_t bytes, const std::atomic<bool>* cancelled) {
  if (bytes_per_second_ == 0) return;
  const auto rate = static_cast<double>(bytes_per_second_);
  const double capacity = CapacityOf(bytes_per_second_);
  // Takes what is there and comes back for the rest, so that a request larger than the bucket
  // gets through and several waiters share the rate.
  while (cancelled == nullptr || !cancelled->load(std::memory_order_acquire)) {
    std::uint64_t wait_ns = 0;
    {
      MutexLock lock(mutex_);
      const std::uint64_t now_ns = clock_.MonotonicNanos();
      const auto passed_ns = static_cast<double>(now_ns - refilled_ns_);
      tokens_ = std::min(capacity, tokens_ + passed_ns * rate / kNanosPerSecond);
      refilled_ns_ = now_ns;
      const std::uint64_t taken = std::min(bytes, static_cast<std::uint64_t>(tokens_));
      tokens_ -= static_cast<double>(taken);
      bytes -= taken;
      if (bytes == 0) return;
      const double missing = std::min(static_cast<double>(bytes), capacity) - tokens_;
      const double missing_ns = std::ceil(missing * kNanosPerSecond / rate);
      wait_ns = missing_ns < static_cast<double>(kStepMaxNs)
                    ? std::max<std::uint64_t>(1, static_cast<std::uint64_t>(missing_ns))
                    : kStepMaxNs;
    }
    const std::uint64_t before_ns = clock_.MonotonicNanos();
    clock_.SleepFor(wait_ns);
    slept_ns_.fetch_add(clock_.MonotonicNanos() - before_ns, std::memory_order_relaxed);
  }
}

}  // namespace quiver::io
