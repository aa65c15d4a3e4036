#include "metrics/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>
#include <vector>

#include "base/random.h"
#include "testing/seed.h"

namespace quiver {
namespace {

constexpr std::uint64_t kMax64 = std::numeric_limits<std::uint64_t>::max();

TEST(LatencyHistogram, BucketsTileTheNumbersWithoutGapOrOverlap) {
  for (std::size_t i = 0; i < LatencyHistogram::kBucketCount; ++i) {
    const std::uint64_t lower = LatencyHistogram::BucketLowerBound(i);
    EXPECT_EQ(LatencyHistogram::BucketOf(lower), i);
    if (i > 0) {
      EXPECT_EQ(LatencyHistogram::BucketOf(lower - 1), i - 1);
    }
  }
  EXPECT_EQ(LatencyHistogram::BucketOf(kMax64), LatencyHistogram::kBucketCount - 1);
}

TEST(LatencyHistogram, BucketsArePowersOfTwoSplitInFour) {
  for (unsigned bit = 2; bit < 63; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    const std::size_t bucket = LatencyHistogram::BucketOf(power);
    for (std::uint64_t quarter = 0; quarter <= 4; ++quarter) {
      EXPECT_EQ(LatencyHistogram::BucketLowerBound(bucket + quarter), power + power / 4 * quarter);
    }
  }
}

TEST(LatencyHistogram, WithoutSamplesEverythingIsZero) {
  const LatencySummary summary = LatencyHistogram().Summary(64);
  EXPECT_EQ(summary.count, 0U);
  EXPECT_EQ(summary.p50_ns, 0U);
  EXPECT_EQ(summary.p999_ns, 0U);
  EXPECT_EQ(summary.max_ns, 0U);
  EXPECT_EQ(summary.sample_every, 64U);
}

TEST(LatencyHistogram, OneSampleIsEveryPercentile) {
  for (const std::uint64_t sample :
       {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{1000}, kMax64}) {
    LatencyHistogram histogram;
    histogram.Record(sample);
    const LatencySummary summary = histogram.Summary();
    EXPECT_EQ(summary.count, 1U);
    EXPECT_EQ(summary.sum_ns, sample);
    EXPECT_EQ(summary.max_ns, sample);
    EXPECT_EQ(summary.p50_ns, sample);
    EXPECT_EQ(summary.p999_ns, sample);
  }
}

TEST(LatencyHistogram, PercentilesAreAtMostAQuarterOff) {
  Random random(testing::TestSeed(8));
  for (int round = 0; round < 20; ++round) {
    LatencyHistogram histogram;
    std::vector<std::uint64_t> samples;
    for (int i = 0; i < 5000; ++i) {
      samples.push_back(static_cast<std::uint64_t>(std::exp(random.Uniform() * 20)));
      histogram.Record(samples.back());
    }
    std::sort(samples.begin(), samples.end());
    const LatencySummary summary = histogram.Summary();
    EXPECT_EQ(summary.count, samples.size());
    EXPECT_EQ(summary.max_ns, samples.back());
    const std::pair<double, std::uint64_t> percentiles[] = {{0.5, summary.p50_ns},
                                                            {0.9, summary.p90_ns},
                                                            {0.99, summary.p99_ns},
                                                            {0.999, summary.p999_ns}};
    for (const auto& [fraction, reported] : percentiles) {
      const auto rank = static_cast<std::size_t>(std::ceil(fraction * 5000.0));
      const auto exact = static_cast<double>(samples[rank - 1]);
      EXPECT_NEAR(static_cast<double>(reported), exact, exact / 4 + 1) << fraction;
    }
  }
}

TEST(LatencyHistogram, PercentilesNeverPassTheMaximumOrEachOther) {
  Random random(testing::TestSeed(9));
  for (int round = 0; round < 500; ++round) {
    LatencyHistogram histogram;
    const std::uint64_t count = 1 + random.Below(20);
    for (std::uint64_t i = 0; i < count; ++i) histogram.Record(random.Next() >> random.Below(64));
    const LatencySummary summary = histogram.Summary();
    EXPECT_LE(summary.p50_ns, summary.p90_ns);
    EXPECT_LE(summary.p90_ns, summary.p99_ns);
    EXPECT_LE(summary.p99_ns, summary.p999_ns);
    EXPECT_LE(summary.p999_ns, summary.max_ns);
  }
}

TEST(LatencyHistogram, NoSampleIsLostBetweenThreads) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kSamplesEach = 20'000;
  LatencyHistogram histogram;
  std::atomic<bool> done{false};
  std::jthread reader([&] {
    std::uint64_t last_count = 0;
    while (!done) {
      const LatencySummary summary = histogram.Summary();
      EXPECT_GE(summary.count, last_count);
      EXPECT_LE(summary.p50_ns, summary.p999_ns);
      last_count = summary.count;
    }
  });
  {
    std::vector<std::jthread> writers;
    for (std::uint64_t t = 0; t < kThreads; ++t) {
      writers.emplace_back([&histogram, t] {
        for (std::uint64_t i = 0; i < kSamplesEach; ++i) histogram.Record(t * kSamplesEach + i);
      });
    }
  }
  done = true;
  reader.join();
  constexpr std::uint64_t kAll = kThreads * kSamplesEach;
  const LatencySummary summary = histogram.Summary();
  EXPECT_EQ(summary.count, kAll);
  EXPECT_EQ(summary.sum_ns, kAll * (kAll - 1) / 2);
  EXPECT_EQ(summary.max_ns, kAll - 1);
}

}  // namespace
}  // namespace quiver
