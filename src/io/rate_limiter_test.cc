#include "io/rate_limiter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "io/manual_clock.h"

namespace quiver::io {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kStepNs = 10'000'000;

// A manual clock that remembers its sleeps and may do something in them.
class RecordingClock final : public Clock {
 public:
  std::uint64_t WallMicros() const override { return clock_.WallMicros(); }
  std::uint64_t MonotonicNanos() const override { return clock_.MonotonicNanos(); }
  void SleepFor(std::uint64_t duration_ns) override {
    sleeps_ns.push_back(duration_ns);
    clock_.Advance(duration_ns);
    if (during_sleep) during_sleep();
  }
  std::vector<std::uint64_t> sleeps_ns;
  std::function<void()> during_sleep;

 private:
  ManualClock clock_;
};

TEST(RateLimiterTest, ZeroMeansNoLimit) {
  RecordingClock clock;
  RateLimiter limiter(0, clock);
  limiter.Acquire(~std::uint64_t{0});
  EXPECT_TRUE(clock.sleeps_ns.empty());
  EXPECT_EQ(limiter.slept_ns(), 0U);
}

TEST(RateLimiterTest, TheBucketHoldsATenthOfASecond) {
  RecordingClock clock;
  RateLimiter limiter(1'000, clock);
  limiter.Acquire(100);
  EXPECT_TRUE(clock.sleeps_ns.empty());
  limiter.Acquire(1);
  EXPECT_EQ(limiter.slept_ns(), 1'000'000U);
  // However long nothing is taken, no more than the bucket gathers.
  clock.SleepFor(100 * kSecond);
  clock.sleeps_ns.clear();
  limiter.Acquire(100);
  EXPECT_TRUE(clock.sleeps_ns.empty());
  limiter.Acquire(1);
  EXPECT_FALSE(clock.sleeps_ns.empty());
}

TEST(RateLimiterTest, SleepsInShortStepsForExactlyTheMissingTime) {
  RecordingClock clock;
  RateLimiter limiter(1'000'000, clock);
  limiter.Acquire(100'000);  // the full bucket
  const std::uint64_t start_ns = clock.MonotonicNanos();
  limiter.Acquire(50'000);
  EXPECT_NEAR(static_cast<double>(clock.MonotonicNanos() - start_ns), 0.05 * kSecond, 1'000);
  EXPECT_EQ(limiter.slept_ns(), clock.MonotonicNanos() - start_ns);
  EXPECT_GE(clock.sleeps_ns.size(), 5U);
  EXPECT_LE(*std::max_element(clock.sleeps_ns.begin(), clock.sleeps_ns.end()), kStepNs);
}

TEST(RateLimiterTest, ARequestLargerThanTheBucketGetsThroughAtTheRate) {
  RecordingClock clock;
  RateLimiter limiter(1'000'000, clock);
  const std::uint64_t start_ns = clock.MonotonicNanos();
  limiter.Acquire(5'100'000);  // the bucket of 100,000 and five seconds' worth
  EXPECT_NEAR(static_cast<double>(clock.MonotonicNanos() - start_ns), 5.0 * kSecond, 10'000);
}

TEST(RateLimiterTest, HoldsTheRateOverManyRequestsOfAnySize) {
  for (const std::uint64_t rate : {3ULL, 999ULL, 64ULL << 20, 1ULL << 40}) {
    RecordingClock clock;
    RateLimiter limiter(rate, clock);
    const std::uint64_t start_ns = clock.MonotonicNanos();
    const std::uint64_t total = rate * 3;
    for (std::uint64_t taken = 0, i = 0; taken < total; ++i) {
      const std::uint64_t bytes = std::min(total - taken, 1 + (i * 7'919) % (rate / 20 + 1));
      limiter.Acquire(bytes);
      taken += bytes;
    }
    const double seconds = static_cast<double>(clock.MonotonicNanos() - start_ns) / kSecond;
    const double bucket = std::max(1.0, static_cast<double>(rate) / 10);
    const double expected = (static_cast<double>(total) - bucket) / static_cast<double>(rate);
    EXPECT_NEAR(seconds, expected, 0.01) << rate;
  }
}

TEST(RateLimiterTest, CancellingEndsTheWaitWithinAStep) {
  RecordingClock clock;
  RateLimiter limiter(10, clock);
  std::atomic<bool> cancelled{false};
  clock.during_sleep = [&] { cancelled.store(clock.sleeps_ns.size() == 7); };
  limiter.Acquire(1'000'000, &cancelled);
  EXPECT_EQ(clock.sleeps_ns.size(), 7U);
  EXPECT_EQ(limiter.slept_ns(), 7 * kStepNs);
}

TEST(RateLimiterTest, ACancelledCallerTakesNothing) {
  RecordingClock clock;
  RateLimiter limiter(1'000, clock);
  const std::atomic<bool> cancelled{true};
  limiter.Acquire(100, &cancelled);
  limiter.Acquire(100);
  EXPECT_TRUE(clock.sleeps_ns.empty()) << "the bucket was still full";
}

TEST(RateLimiterTest, SharesTheRateAmongThreads) {
  RateLimiter limiter(1 << 20, SystemClock());
  const std::uint64_t start_ns = SystemClock().MonotonicNanos();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 8; ++j) limiter.Acquire(8 << 10);
      });
    }
  }
  const std::uint64_t passed_ns = SystemClock().MonotonicNanos() - start_ns;
  // 256 KiB at 1 MiB/s, less the bucket: 150 ms, and the threads slept for them together.
  EXPECT_GE(passed_ns, 149'000'000U);
  EXPECT_GE(limiter.slept_ns(), 149'000'000U);
}

}  // namespace
}  // namespace quiver::io
