// See latency_histogram.h.
#include "metrics/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace quiver {

namespace {

using BucketCounts = std::array<std::uint64_t, LatencyHistogram::kBucketCount>;

constexpr unsigned kPrecisionBits = 2;
constexpr std::uint64_t kSubBuckets = std::uint64_t{1} << kPrecisionBits;

// The value below which `fraction` of `total` samples lie, taken as spread evenly in their bucket.
std::uint64_t Percentile(const BucketCounts& counts, std::uint64_t total, double fraction,
                         std::uint64_t max_ns) noexcept {
  const auto rank = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(fraction * static_cast<double>(total))));
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (below + counts[i] < rank) {
      below += counts[i];
      continue;
    }
    const std::uint64_t lower = LatencyHistogram::BucketLowerBound(i);
    const std::uint64_t upper =
        i + 1 < counts.size() ? LatencyHistogram::BucketLowerBound(i + 1) - 1 : max_ns;
    const std::uint64_t width = std::max(upper, lower) - lower;
    const double share = static_cast<double>(rank - below) / static_cast<double>(counts[i]);
    // The product may round up past the bucket, and past 64 bits in the last one.
    const auto inside = static_cast<std::uint64_t>(share * static_cast<double>(width));
    return std::min(max_ns, lower + std::min(inside, width));
  }
  return max_ns;
}

}  // namespace

std::size_t LatencyHistogram::BucketOf(std::uint64_t duration_ns) noexcept {
  if (duration_ns < kSubBuckets) return duration_ns;
  const auto exponent = static_cast<unsigned>(std::bit_width(duration_ns)) - 1;
  const std::uint64_t sub_bucket = (duration_ns >> (exponent - kPrecisionBits)) & (kSubBuckets - 1);
  return (exponent - kPrecisionBits + 1) * kSubBuckets + sub_bucket;
}

std::uint64_t LatencyHistogram::BucketLowerBound(std::size_t index) noexcept {
  if (index < kSubBuckets) return index;
  const std::uint64_t shift = index / kSubBuckets - 1;
  return (kSubBuckets + index % kSubBuckets) << shift;
}

void LatencyHistogram::Record(std::uint64_t duration_ns) noexcept {
  // The maximum goes first, so that a summary that counts this sample most likely knows it.
  std::uint64_t max_ns = max_ns_.load(std::memory_order_relaxed);
  while (duration_ns > max_ns &&
         !max_ns_.compare_exchange_weak(max_ns, duration_ns, std::memory_order_relaxed)) {
  }
  sum_ns_.fetch_add(duration_ns, std::memory_order_relaxed);
  buckets_[BucketOf(duration_ns)].fetch_add(1, std::memory_order_relaxed);
}

LatencySummary LatencyHistogram::Summary(std::uint32_t sample_every) const noexcept {
  LatencySummary summary;
  summary.sample_every = sample_every;
  BucketCounts counts;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts[i] = buckets_[i].load(std::memory_order_relaxed);
    summary.count += counts[i];
  }
  summary.sum_ns = sum_ns_.load(std::memory_order_relaxed);
  summary.max_ns = max_ns_.load(std::memory_order_relaxed);
  if (summary.count == 0) return summary;
  summary.p50_ns = Percentile(counts, summary.count, 0.5, summary.max_ns);
  summary.p90_ns = Percentile(counts, summary.count, 0.9, summary.max_ns);
  summary.p99_ns = Percentile(counts, summary.count, 0.99, summary.max_ns);
  summary.p999_ns = Percentile(counts, summary.count, 0.999, summary.max_ns);
  return summary;
}

}  // namespace quiver
