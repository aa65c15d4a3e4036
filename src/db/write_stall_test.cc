#include "db/write_stall.h"

#include <gtest/gtest.h>

#include "io/manual_clock.h"

namespace quiver {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kMilli = 1'000'000;

class WriteStallTest : public ::testing::Test {
 protected:
  static DatabaseConfig Config() {
    DatabaseConfig config;
    config.slowdown_run_count = 10;
    config.stop_run_count = 20;
    return config;
  }

  const DatabaseConfig config_ = Config();
  io::ManualClock clock_;
  EngineMetrics metrics_;
  WriteStall stall_{clock_, metrics_};

  std::uint64_t OwedSleep(std::uint64_t bytes, std::uint64_t runs) {
    return stall_.OwedSleep(bytes, WriteStall::RateShare(config_, runs));
  }
};

TEST_F(WriteStallTest, BelowTheSlowdownNothingIsOwed) {
  EXPECT_EQ(OwedSleep(1024 * kMiB, 9), 0U);
  EXPECT_FALSE(WriteStall::MustStop(config_, 19));
  EXPECT_TRUE(WriteStall::MustStop(config_, 20));
}

TEST_F(WriteStallTest, ASlowdownCarriesSmallDebtsOverAndForgetsThemWhenItEnds) {
  const std::uint64_t quarter = kMiB / 64;  // not quite a quarter of a millisecond at 64 MiB/s
  for (int i = 0; i < 3; ++i) EXPECT_EQ(OwedSleep(quarter, 10), 0U);
  EXPECT_GE(OwedSleep(quarter + 2048, 10), kMilli);
  EXPECT_EQ(OwedSleep(0, 9), 0U);
  EXPECT_EQ(OwedSleep(quarter, 10), 0U) << "the debt of before is forgotten";
}

TEST_F(WriteStallTest, TheRateFallsTowardsTheStopAndNoSleepIsLong) {
  const auto owed_at = [this](std::uint64_t runs) {
    (void)OwedSleep(0, 0);
    return OwedSleep(kMiB / 8, runs);
  };
  std::uint64_t last_ns = 0;
  for (std::uint64_t runs = 10; runs < 20; ++runs) {
    EXPECT_GT(owed_at(runs), last_ns) << runs;
    last_ns = owed_at(runs);
  }
  EXPECT_LE(owed_at(1000), 50 * kMilli);
  (void)OwedSleep(0, 0);
  EXPECT_EQ(OwedSleep(1024 * kMiB, 15), 50 * kMilli);
}

TEST_F(WriteStallTest, ASleepPaysTheDebtIsCountedAndEnds) {
  const std::uint64_t owed_ns = OwedSleep(kMiB, 10);
  ASSERT_GT(owed_ns, kMilli);
  const std::uint64_t before_ns = clock_.MonotonicNanos();
  stall_.Sleep(owed_ns);
  EXPECT_EQ(clock_.MonotonicNanos() - before_ns, owed_ns);
  EXPECT_EQ(OwedSleep(0, 10), 0U) << "nothing is left to pay";
  EXPECT_EQ(stall_.reason(), nullptr);
  const auto slowdown = static_cast<std::size_t>(StallReason::kRunsSlowdown);
  EXPECT_EQ(metrics_.stall_ns[slowdown].Sum(), owed_ns);
}

TEST_F(WriteStallTest, AWaitBearsItsReasonUntilItEnds) {
  stall_.BeginWait(StallReason::kTooManyRuns);
  EXPECT_EQ(stall_.current(), StallReason::kTooManyRuns);
  EXPECT_STREQ(stall_.reason(), StallReasonName(StallReason::kTooManyRuns));
  stall_.EndWait(StallReason::kTooManyRuns, 5);
  EXPECT_EQ(stall_.current(), std::nullopt);
}

}  // namespace
}  // namespace quiver
