#include "metrics/operation_timer.h"

#include <gtest/gtest.h>

#include <thread>

namespace quiver {
namespace {

// Runs `body` in a thread of its own, whose sampling starts anew.
template <typename Body>
void InNewThread(Body body) {
  std::jthread(body).join();
}

TEST(OperationTimer, RecordsTheTimeBetweenItsMakingAndItsEnd) {
  LatencyHistogram histogram;
  std::uint64_t now_ns = 1000;
  {
    const OperationTimer timer(histogram, [&now_ns] { return now_ns; }, 1);
    now_ns = 1700;
  }
  EXPECT_EQ(histogram.Summary().count, 1U);
  EXPECT_EQ(histogram.Summary().sum_ns, 700U);
}

TEST(OperationTimer, AcceptsAPlainFunction) {
  LatencyHistogram histogram;
  std::uint64_t (*now)() = [] { return std::uint64_t{5}; };
  {
    const OperationTimer timer(histogram, now, 0);
  }
  EXPECT_EQ(histogram.Summary().count, 1U);
}

TEST(OperationTimer, ReadsTheClockOnlyWhenItSamples) {
  InNewThread([] {
    LatencyHistogram histogram;
    std::uint64_t readings = 0;
    for (int i = 0; i < 64'000; ++i) {
      const OperationTimer timer(histogram, [&readings] { return ++readings; }, 64);
    }
    const std::uint64_t samples = histogram.Summary().count;
    EXPECT_EQ(readings, 2 * samples);
    EXPECT_NEAR(static_cast<double>(samples), 1000, 100);
  });
}

TEST(OperationTimer, TheFirstScopeOfAThreadIsTimed) {
  InNewThread([] { EXPECT_TRUE(TakeLatencySample(1'000'000)); });
}

// A loop of two kinds of operation with an even gap would sample one kind only.
TEST(OperationTimer, SamplesOfALoopFallOnEveryOperationOfIt) {
  InNewThread([] {
    int samples[2] = {0, 0};
    for (int i = 0; i < 100'000; ++i) samples[i % 2] += TakeLatencySample(10) ? 1 : 0;
    EXPECT_NEAR(samples[0], 5000, 500);
    EXPECT_NEAR(samples[1], 5000, 500);
  });
}

}  // namespace
}  // namespace quiver
