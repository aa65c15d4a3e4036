// Spread of repeated measurements, and a histogram of latencies.
//
// Thread safety: values; one thread writes.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace quiver::bench {

struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

/// Of at least one value; the median of an even number is the mean of the middle two.
Spread SpreadOf(std::vector<double> values);

/// Counts nanoseconds in buckets no wider than 1/16 of their value; Add takes a few nanoseconds.
class LatencyHistogram {
 public:
  void Add(std::uint64_t nanoseconds) noexcept {
    ++buckets_[BucketOf(nanoseconds)];
    ++count_;
    max_ = nanoseconds > max_ ? nanoseconds : max_;
  }
  void Merge(const LatencyHistogram& other) noexcept;

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t max() const noexcept { return max_; }
  /// The least bucket end that at least `share` of the samples do not pass (0 < share <= 1), never
  /// above max(); 0 without samples.
  std::uint64_t Quantile(double share) const noexcept;

 private:
  static constexpr unsigned kStepBits = 4;
  static constexpr std::size_t kBuckets = (64 - kStepBits + 1) << kStepBits;

  static std::size_t BucketOf(std::uint64_t value) noexcept {
    if (value < (1U << kStepBits)) return value;
    const unsigned shift = 63U - static_cast<unsigned>(__builtin_clzll(value)) - kStepBits;
    return (std::size_t{shift + 1} << kStepBits) + ((value >> shift) & ((1U << kStepBits) - 1));
  }
  /// The largest value that falls into the bucket.
  static std::uint64_t EndOf(std::size_t bucket) noexcept;

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace quiver::bench
