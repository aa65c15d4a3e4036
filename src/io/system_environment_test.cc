#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <set>

#include "io/environment.h"

namespace quiver::io {
namespace {

TEST(SystemEnvironmentTest, IsMadeOfTheRealThings) {
  const Environment environment = SystemEnvironment();
  EXPECT_EQ(environment.file_system, &PosixFileSystem());
  EXPECT_EQ(environment.clock, &SystemClock());
  auto executor = environment.new_executor(2);
  std::latch both_run(2);
  // Each waits for the other, so this ends only if the lane has two threads.
  for (int i = 0; i < 2; ++i) {
    executor->Submit(Lane::kCompaction, [&] { both_run.arrive_and_wait(); });
  }
  both_run.wait();
}

TEST(SystemEnvironmentTest, RandomNumbersDoNotRepeat) {
  const Environment environment = SystemEnvironment();
  std::set<std::uint64_t> seen;
  std::uint64_t ones = 0;
  std::uint64_t zeroes = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::uint64_t word = environment.random();
    seen.insert(word);
    ones |= word;
    zeroes |= ~word;
  }
  EXPECT_EQ(seen.size(), 1'000U);
  EXPECT_EQ(ones, ~std::uint64_t{0}) << "every bit is set at some time";
  EXPECT_EQ(zeroes, ~std::uint64_t{0}) << "and clear at some other";
}

TEST(SystemClockTest, TellsTheTimeAndNeverGoesBack) {
  Clock& clock = SystemClock();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  EXPECT_NEAR(static_cast<double>(clock.WallMicros()), static_cast<double>(now_us), 60e6);
  std::uint64_t before_ns = clock.MonotonicNanos();
  for (int i = 0; i < 1'000; ++i) {
    const std::uint64_t next_ns = clock.MonotonicNanos();
    EXPECT_GE(next_ns, before_ns);
    before_ns = next_ns;
  }
}

TEST(SystemClockTest, SleepsAtLeastAsLongAsAsked) {
  Clock& clock = SystemClock();
  const std::uint64_t before_ns = clock.MonotonicNanos();
  clock.SleepFor(5'000'000);
  EXPECT_GE(clock.MonotonicNanos() - before_ns, 5'000'000U);
}

}  // namespace
}  // namespace quiver::io
