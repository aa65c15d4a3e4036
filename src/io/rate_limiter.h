// RateLimiter: a token bucket that paces background writes so that they leave the disk to users.
//
// Thread safety: all methods from any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/mutex.h"
#include "io/clock.h"

namespace quiver::io {

class RateLimiter {
 public:
  /// `bytes_per_second` 0 means no limit. The bucket holds a tenth of a second.
  RateLimiter(std::uint64_t bytes_per_second, Clock& clock);

  /// Takes `bytes` tokens, sleeping in steps of at most 10 ms until they are there. Returns early
  /// when `*cancelled` turns true.
  void Acquire(std::uint64_t bytes, const std::atomic<bool>* cancelled = nullptr) EXCLUDES(mutex_);
  /// Nanoseconds slept so far.
  std::uint64_t slept_ns() const noexcept { return slept_ns_.load(std::memory_order_relaxed); }

 private:
  const std::uint64_t bytes_per_second_;
  Clock& clock_;
  std::atomic<std::uint64_t> slept_ns_{0};
  Mutex mutex_;
  double tokens_ GUARDED_BY(mutex_);
  std::uint64_t refilled_ns_ GUARDED_BY(mutex_);
};

}  // namespace quiver::io
