// LatencyHistogram: how long something took, in buckets of powers of two of nanoseconds split in
// four, so that a percentile is at most a quarter off at any magnitude:
//
//   0 1 2 3 | 4 5 6 7 | 8-9 10-11 12-13 14-15 | 16-19 20-23 24-27 28-31 | 32-39 …
//
// The log-linear layout is that of HdrHistogram (Gil Tene), with two bits of precision.
//
// Thread safety: Record and Summary from any thread; relaxed additions, no lock. A Summary beside
// Records is one of the states in between, up to the samples in flight: its percentiles agree with
// its count, its sum may be some samples ahead or behind.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "quiver/metrics.h"

namespace quiver {

class LatencyHistogram {
 public:
  /// Every 64-bit number has a bucket.
  static constexpr std::size_t kBucketCount = 252;

  /// The bucket of `duration_ns`.
  static std::size_t BucketOf(std::uint64_t duration_ns) noexcept;
  /// The smallest duration in bucket `index`, which must be below kBucketCount.
  static std::uint64_t BucketLowerBound(std::size_t index) noexcept;

  void Record(std::uint64_t duration_ns) noexcept;

  /// Count, sum, percentiles and maximum. `sample_every` says how many events stand behind a
  /// sample and is only passed on. Percentiles are interpolated within their bucket.
  LatencySummary Summary(std::uint32_t sample_every = 1) const noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, kBucketCount> buckets_ = {};
  std::atomic<std::uint64_t> sum_ns_{0};
  std::atomic<std::uint64_t> max_ns_{0};
};

}  // namespace quiver
