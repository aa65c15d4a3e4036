// OperationTimer: times a scope into a LatencyHistogram, once in so many scopes of a thread, so
// that the hot path reads no clock most of the time.
//
// The caller brings the clock: this floor reads none. The gap between two samples is random with
// the wanted mean, because a fixed gap would, on a loop of a few operations, hit the same one
// always. A thread's first scope is always timed, so that short runs show something.
//
// Thread safety: a timer belongs to the thread that made it.
#pragma once

#include <cstdint>
#include <utility>

#include "metrics/latency_histogram.h"

namespace quiver {

/// True once in `sample_every` calls of a thread on average, whatever the calls are for. 0 and 1:
/// always. Cost when false: a decrement of a thread-local word.
inline bool TakeLatencySample(std::uint32_t sample_every) noexcept {
  thread_local constinit std::uint32_t calls_left = 1;
  thread_local constinit std::uint64_t random_state = 0;
  if (sample_every <= 1) return true;
  if (--calls_left > 0) [[likely]]
    return false;
  // One step of SplitMix64: the gap is uniform in [1, 2 * sample_every - 1].
  random_state += 0x9E3779B97F4A7C15ULL;
  std::uint64_t mixed = random_state;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  const std::uint64_t gap_count = 2 * std::uint64_t{sample_every} - 1;
  calls_left = static_cast<std::uint32_t>(1 + ((mixed >> 32) * gap_count >> 32));
  return true;
}

/// `Now` is a callable that returns monotonic nanoseconds as std::uint64_t.
template <typename Now>
class OperationTimer {
 public:
  /// Starts the time if this scope is one to sample. `histogram` must outlive the timer.
  OperationTimer(LatencyHistogram& histogram, Now now, std::uint32_t sample_every)
      : now_(std::move(now)) {
    if (!TakeLatencySample(sample_every)) [[likely]]
      return;
    histogram_ = &histogram;
    start_ns_ = now_();
  }
  ~OperationTimer() {
    if (histogram_ == nullptr) [[likely]]
      return;
    histogram_->Record(now_() - start_ns_);
  }
  OperationTimer(const OperationTimer&) = delete;
  OperationTimer& operator=(const OperationTimer&) = delete;

 private:
  Now now_;
  LatencyHistogram* histogram_ = nullptr;
  std::uint64_t start_ns_ = 0;
};

}  // namespace quiver
