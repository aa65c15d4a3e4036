#include "io/manual_executor.h"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace quiver::io {
namespace {

class ManualExecutorTest : public ::testing::Test {
 protected:
  std::function<void()> Record(const std::string& what) {
    return [this, what] { order_.push_back(what); };
  }
  ManualClock clock_;
  ManualExecutor executor_{clock_};
  std::vector<std::string> order_;
};

using Order = std::vector<std::string>;

TEST_F(ManualExecutorTest, RunsNothingByItself) {
  executor_.Submit(Lane::kFlush, Record("a"));
  EXPECT_TRUE(order_.empty());
  EXPECT_EQ(executor_.ready_count(), 1U);
  EXPECT_TRUE(executor_.RunOne());
  EXPECT_EQ(order_, Order{"a"});
  EXPECT_FALSE(executor_.RunOne());
}

TEST_F(ManualExecutorTest, RunOneTakesTheOldestTaskOfAllLanes) {
  executor_.Submit(Lane::kLog, Record("log 1"));
  executor_.Submit(Lane::kFlush, Record("flush 1"));
  executor_.Submit(Lane::kLog, Record("log 2"));
  executor_.Submit(Lane::kCompaction, Record("compaction 1"));
  EXPECT_EQ(executor_.RunAll(), 4U);
  EXPECT_EQ(order_, (Order{"log 1", "flush 1", "log 2", "compaction 1"}));
}

TEST_F(ManualExecutorTest, RunOneOfKeepsToItsLane) {
  executor_.Submit(Lane::kLog, Record("log 1"));
  executor_.Submit(Lane::kFlush, Record("flush 1"));
  executor_.Submit(Lane::kFlush, Record("flush 2"));
  EXPECT_TRUE(executor_.RunOneOf(Lane::kFlush));
  EXPECT_TRUE(executor_.RunOneOf(Lane::kFlush));
  EXPECT_FALSE(executor_.RunOneOf(Lane::kFlush));
  EXPECT_FALSE(executor_.RunOneOf(Lane::kCompaction));
  EXPECT_EQ(order_, (Order{"flush 1", "flush 2"}));
}

TEST_F(ManualExecutorTest, WorksForWaitersAsFarAsItIsTold) {
  executor_.Submit(Lane::kFlush, Record("ready"));
  executor_.SubmitAfter(Lane::kLog, 10, Record("later"));
  EXPECT_FALSE(executor_.works_for_waiters());
  EXPECT_FALSE(executor_.RunOneForWaiter());
  executor_.SetWaiterHelp(ManualExecutor::WaiterHelp::kReady);
  EXPECT_TRUE(executor_.works_for_waiters());
  EXPECT_TRUE(executor_.RunOneForWaiter());
  EXPECT_FALSE(executor_.RunOneForWaiter()) << "time does not pass";
  EXPECT_EQ(order_, Order{"ready"});
  executor_.SetWaiterHelp(ManualExecutor::WaiterHelp::kTimed);
  EXPECT_TRUE(executor_.RunOneForWaiter()) << "moves the clock";
  EXPECT_TRUE(executor_.RunOneForWaiter());
  EXPECT_EQ(order_, (Order{"ready", "later"}));
  EXPECT_FALSE(executor_.RunOneForWaiter());
}

TEST_F(ManualExecutorTest, RunsDelayedTasksWhenTheClockReachesThem) {
  executor_.SubmitAfter(Lane::kLog, 20, Record("later"));
  executor_.SubmitAfter(Lane::kFlush, 10, Record("sooner"));
  EXPECT_EQ(executor_.timer_count(), 2U);
  EXPECT_FALSE(executor_.RunOne());
  clock_.Advance(9'999'999);
  EXPECT_FALSE(executor_.RunOne());
  clock_.Advance(1);
  EXPECT_EQ(executor_.RunAll(), 1U);
  EXPECT_EQ(order_, Order{"sooner"});
  clock_.Advance(1'000'000'000);
  executor_.Submit(Lane::kCompaction, Record("after the timer came due"));
  EXPECT_EQ(executor_.RunAll(), 2U);
  EXPECT_EQ(order_, (Order{"sooner", "later", "after the timer came due"}));
}

TEST_F(ManualExecutorTest, AdvancesToTheNextTimer) {
  EXPECT_FALSE(executor_.AdvanceToNextTimer());
  const std::uint64_t start_ns = clock_.MonotonicNanos();
  executor_.SubmitAfter(Lane::kLog, 50, Record("a"));
  executor_.SubmitAfter(Lane::kLog, 80, Record("b"));
  EXPECT_TRUE(executor_.AdvanceToNextTimer());
  EXPECT_EQ(clock_.MonotonicNanos() - start_ns, 50'000'000U);
  EXPECT_EQ(executor_.RunAll(), 1U);
  EXPECT_TRUE(executor_.AdvanceToNextTimer());
  EXPECT_EQ(clock_.MonotonicNanos() - start_ns, 80'000'000U);
  EXPECT_EQ(executor_.RunAll(), 1U);
  EXPECT_FALSE(executor_.AdvanceToNextTimer());
}

TEST_F(ManualExecutorTest, RunsWhatTasksSubmit) {
  executor_.Submit(Lane::kFlush, [this] {
    order_.push_back("outer");
    executor_.Submit(Lane::kCompaction, Record("inner"));
  });
  EXPECT_EQ(executor_.RunAll(), 2U);
  EXPECT_EQ(order_, (Order{"outer", "inner"}));
}

TEST_F(ManualExecutorTest, ARandomOrderIsRepeatedByItsSeedAndKeepsEachLaneInOrder) {
  const auto run = [](std::uint64_t seed) {
    ManualClock clock;
    ManualExecutor executor(clock);
    Order order;
    for (int i = 0; i < 10; ++i) {
      for (const auto& [lane, name] : {std::pair{Lane::kFlush, "f"}, std::pair{Lane::kLog, "l"},
                                       std::pair{Lane::kCompaction, "c"}}) {
        executor.Submit(lane, [&order, text = name + std::to_string(i)] { order.push_back(text); });
      }
    }
    Random random(seed);
    while (executor.RunOneAtRandom(random)) {
    }
    return order;
  };
  const Order first = run(1);
  EXPECT_EQ(first, run(1));
  EXPECT_NE(first, run(2));
  ASSERT_EQ(first.size(), 30U);
  for (const char lane : {'f', 'l', 'c'}) {
    int next = 0;
    for (const std::string& entry : first) {
      if (entry[0] != lane) continue;
      EXPECT_EQ(entry.substr(1), std::to_string(next++));
    }
    EXPECT_EQ(next, 10);
  }
}

TEST_F(ManualExecutorTest, ShutdownDropsEverythingForGood) {
  auto token = std::make_shared<int>(0);
  executor_.Submit(Lane::kFlush, [this, token] { order_.push_back("dropped"); });
  executor_.SubmitAfter(Lane::kLog, 1, [this, token] { order_.push_back("dropped"); });
  executor_.Shutdown();
  EXPECT_EQ(token.use_count(), 1);
  executor_.Submit(Lane::kFlush, Record("late"));
  executor_.SubmitAfter(Lane::kFlush, 1, Record("late"));
  EXPECT_FALSE(executor_.AdvanceToNextTimer());
  EXPECT_EQ(executor_.RunAll(), 0U);
  EXPECT_TRUE(order_.empty());
}

TEST_F(ManualExecutorTest, ShutdownWaitsForATaskThatAnotherThreadRuns) {
  std::latch started(1);
  std::atomic<bool> finished{false};
  executor_.Submit(Lane::kFlush, [&] {
    started.count_down();
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    finished.store(true);
  });
  std::jthread runner([&] { EXPECT_TRUE(executor_.RunOne()); });
  started.wait();
  executor_.Shutdown();
  EXPECT_TRUE(finished.load());
}

TEST_F(ManualExecutorTest, ShutdownFromATaskIsCaught) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  executor_.Submit(Lane::kFlush, [this] { executor_.Shutdown(); });
  EXPECT_DEATH(executor_.RunOne(), "check failed");
}

TEST(ManualClockTest, MovesOnlyWhenMovedAndSleepsAtOnce) {
  ManualClock clock;
  const std::uint64_t wall_us = clock.WallMicros();
  const std::uint64_t monotonic_ns = clock.MonotonicNanos();
  EXPECT_EQ(clock.WallMicros(), wall_us);
  clock.SleepFor(1'500);
  EXPECT_EQ(clock.MonotonicNanos(), monotonic_ns + 1'500);
  EXPECT_EQ(clock.WallMicros(), wall_us + 1);
  clock.Advance(500);
  EXPECT_EQ(clock.WallMicros(), wall_us + 2);
  clock.SetWallMicros(5);
  EXPECT_EQ(clock.WallMicros(), 5U);
  EXPECT_EQ(clock.MonotonicNanos(), monotonic_ns + 2'000);
}

}  // namespace
}  // namespace quiver::io
