#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "io/executor.h"

namespace quiver::io {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr Lane kLanes[] = {Lane::kFlush, Lane::kCompaction, Lane::kLog, Lane::kUpkeep};

std::string CurrentThreadName() {
  std::array<char, 16> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

TEST(ThreadPoolTest, RunsTheTasksOfALaneInTheOrderOfTheirSubmission) {
  auto pool = NewThreadPool(1);
  for (const Lane lane : kLanes) {
    std::vector<int> order;  // written by the lane's one thread, read after the latch
    std::latch done(1);
    for (int i = 0; i < 1'000; ++i) pool->Submit(lane, [&order, i] { order.push_back(i); });
    pool->Submit(lane, [&done] { done.count_down(); });
    done.wait();
    ASSERT_EQ(order.size(), 1'000U);
    for (int i = 0; i < 1'000; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  }
}

TEST(ThreadPoolTest, StartsTasksInOrderAlsoOnSeveralThreads) {
  auto pool = NewThreadPool(3);
  std::latch all_started(3);
  std::atomic<int> later_started{0};
  std::latch release(1);
  // Three tasks that occupy all three threads; none behind them may start.
  for (int i = 0; i < 3; ++i) {
    pool->Submit(Lane::kCompaction, [&] {
      all_started.count_down();
      release.wait();
    });
  }
  std::latch later_done(1);
  pool->Submit(Lane::kCompaction, [&] {
    later_started.store(1);
    later_done.count_down();
  });
  all_started.wait();
  EXPECT_EQ(later_started.load(), 0);
  release.count_down();
  later_done.wait();
  EXPECT_EQ(later_started.load(), 1);
}

TEST(ThreadPoolTest, ABusyLaneDoesNotHoldUpAnother) {
  auto pool = NewThreadPool(2);
  std::latch release(1);
  std::latch compactions_running(2);
  for (int i = 0; i < 2; ++i) {
    pool->Submit(Lane::kCompaction, [&] {
      compactions_running.count_down();
      release.wait();
    });
  }
  compactions_running.wait();
  std::latch others(2);
  pool->Submit(Lane::kFlush, [&] { others.count_down(); });
  pool->Submit(Lane::kLog, [&] { others.count_down(); });
  others.wait();
  release.count_down();
}

TEST(ThreadPoolTest, NamesItsThreads) {
  auto pool = NewThreadPool(1);
  for (const auto& [lane, expected] :
       {std::pair{Lane::kFlush, "quiver-flush"}, std::pair{Lane::kCompaction, "quiver-compact"},
        std::pair{Lane::kLog, "quiver-log"}, std::pair{Lane::kUpkeep, "quiver-upkeep"}}) {
    // The starter names the thread right after it has started, so a first task may be earlier.
    std::string name;
    for (int attempt = 0; attempt < 1'000 && name != expected; ++attempt) {
      std::latch done(1);
      pool->Submit(lane, [&] {
        name = CurrentThreadName();
        done.count_down();
      });
      done.wait();
    }
    EXPECT_EQ(name, expected);
  }
}

TEST(ThreadPoolTest, LeavesTheSignalsOfTheApplicationToItsOwnThreads) {
  auto pool = NewThreadPool(1);
  sigset_t in_task;
  std::latch done(1);
  pool->Submit(Lane::kFlush, [&] {
    (void)pthread_sigmask(SIG_SETMASK, nullptr, &in_task);
    done.count_down();
  });
  done.wait();
  EXPECT_EQ(sigismember(&in_task, SIGTERM), 1);
  EXPECT_EQ(sigismember(&in_task, SIGINT), 1);
  EXPECT_EQ(sigismember(&in_task, SIGSEGV), 0);
  EXPECT_EQ(sigismember(&in_task, SIGPROF), 0);
  sigset_t here;
  (void)pthread_sigmask(SIG_SETMASK, nullptr, &here);
  EXPECT_EQ(sigismember(&here, SIGTERM), 0) << "the mask of the caller is as before";
}

TEST(ThreadPoolTest, RunsADelayedTaskNotBeforeItsTimeHoweverOftenTheLaneIsWoken) {
  auto pool = NewThreadPool(1);
  for (const Lane lane : kLanes) {
    std::atomic<bool> done{false};
    const auto before = steady_clock::now();
    steady_clock::time_point ran;
    pool->SubmitAfter(lane, 30, [&] {
      ran = steady_clock::now();
      done.store(true);
    });
    while (!done.load()) {
      pool->Submit(lane, [] {});
      std::this_thread::sleep_for(milliseconds(1));
    }
    EXPECT_GE(ran - before, milliseconds(30));
  }
}

TEST(ThreadPoolTest, RunsDelayedTasksInTheOrderOfTheirTimes) {
  auto pool = NewThreadPool(1);
  std::vector<int> order;
  std::latch done(4);
  const auto record = [&](int i) {
    return [&order, &done, i] {
      order.push_back(i);
      done.count_down();
    };
  };
  pool->SubmitAfter(Lane::kLog, 200, record(3));
  pool->SubmitAfter(Lane::kLog, 100, record(2));
  pool->Submit(Lane::kLog, record(0));
  pool->SubmitAfter(Lane::kLog, 1, record(1));
  done.wait();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST(ThreadPoolTest, WorkGoesOnWhileATimerWaits) {
  auto pool = NewThreadPool(1);
  std::atomic<bool> timer_ran{false};
  pool->SubmitAfter(Lane::kLog, 3'600'000, [&] { timer_ran.store(true); });
  std::latch done(1);
  pool->Submit(Lane::kLog, [&] { done.count_down(); });
  done.wait();
  pool->Shutdown();
  EXPECT_FALSE(timer_ran.load());
}

TEST(ThreadPoolTest, TakesDelaysBeyondAllTime) {
  auto pool = NewThreadPool(1);
  std::atomic<bool> ran{false};
  pool->SubmitAfter(Lane::kFlush, ~std::uint64_t{0}, [&] { ran.store(true); });
  std::latch done(1);
  pool->SubmitAfter(Lane::kFlush, 5, [&] { done.count_down(); });
  done.wait();
  EXPECT_FALSE(ran.load());
}

TEST(ThreadPoolTest, TasksMaySubmitTasks) {
  auto pool = NewThreadPool(1);
  std::latch done(1);
  pool->Submit(Lane::kFlush, [&] {
    pool->Submit(Lane::kCompaction, [&] {
      pool->SubmitAfter(Lane::kLog, 1,
                        [&] { pool->Submit(Lane::kLog, [&] { done.count_down(); }); });
    });
  });
  done.wait();
}

TEST(ThreadPoolTest, ShutdownWaitsForRunningTasksAndDropsTheRest) {
  auto pool = NewThreadPool(1);
  std::latch started(1);
  std::atomic<bool> finished{false};
  std::atomic<int> dropped_ran{0};
  auto token = std::make_shared<int>(0);
  pool->Submit(Lane::kFlush, [&] {
    started.count_down();
    std::this_thread::sleep_for(milliseconds(50));
    finished.store(true);
  });
  pool->Submit(Lane::kFlush, [&, token] { dropped_ran.fetch_add(1); });
  pool->SubmitAfter(Lane::kLog, 60'000, [&, token] { dropped_ran.fetch_add(1); });
  started.wait();
  pool->Shutdown();
  EXPECT_TRUE(finished.load());
  EXPECT_EQ(dropped_ran.load(), 0);
  EXPECT_EQ(token.use_count(), 1) << "dropped tasks are destroyed";
}

TEST(ThreadPoolTest, AfterShutdownNothingStarts) {
  auto pool = NewThreadPool(2);
  pool->Shutdown();
  std::atomic<int> ran{0};
  auto token = std::make_shared<int>(0);
  for (const Lane lane : kLanes) {
    pool->Submit(lane, [&, token] { ran.fetch_add(1); });
    pool->SubmitAfter(lane, 0, [&, token] { ran.fetch_add(1); });
  }
  EXPECT_EQ(token.use_count(), 1);
  pool->Shutdown();
  pool.reset();
  EXPECT_EQ(ran.load(), 0);
}

TEST(ThreadPoolTest, ARunningTaskMaySubmitWhileShutdownWaitsForIt) {
  auto pool = NewThreadPool(1);
  std::latch started(1);
  std::latch go_on(1);
  std::atomic<bool> later_ran{false};
  pool->Submit(Lane::kFlush, [&] {
    started.count_down();
    go_on.wait();
    for (const Lane lane : kLanes) pool->Submit(lane, [&] { later_ran.store(true); });
  });
  started.wait();
  std::jthread stopper([&] { pool->Shutdown(); });
  std::this_thread::sleep_for(milliseconds(20));
  go_on.count_down();
  stopper.join();
  EXPECT_FALSE(later_ran.load());
}

TEST(ThreadPoolTest, SeveralThreadsMayShutDownAtOnce) {
  for (int round = 0; round < 20; ++round) {
    auto pool = NewThreadPool(2);
    std::atomic<int> running{0};
    std::latch started(1);
    pool->Submit(Lane::kCompaction, [&] {
      running.store(1);
      started.count_down();
      std::this_thread::sleep_for(milliseconds(2));
      running.store(0);
    });
    started.wait();
    std::vector<std::jthread> stoppers;
    for (int i = 0; i < 3; ++i) {
      stoppers.emplace_back([&] {
        pool->Shutdown();
        EXPECT_EQ(running.load(), 0);
      });
    }
  }
}

TEST(ThreadPoolTest, ManySubmittersLoseNothing) {
  auto pool = NewThreadPool(2);
  constexpr int kThreads = 4;
  constexpr int kTasks = 2'000;
  std::atomic<int> ran{0};
  std::latch done(kThreads * kTasks);
  {
    std::vector<std::jthread> submitters;
    for (int i = 0; i < kThreads; ++i) {
      submitters.emplace_back([&] {
        for (int j = 0; j < kTasks; ++j) {
          const auto task = [&] {
            ran.fetch_add(1);
            done.count_down();
          };
          if (j % 10 == 0) {
            pool->SubmitAfter(kLanes[j % 3], static_cast<std::uint64_t>(j % 4), task);
          } else {
            pool->Submit(kLanes[j % 3], task);
          }
        }
      });
    }
  }
  done.wait();
  EXPECT_EQ(ran.load(), kThreads * kTasks);
}

TEST(ThreadPoolTest, GivesTheCompactionLaneAtLeastOneThread) {
  auto pool = NewThreadPool(0);
  std::latch done(1);
  pool->Submit(Lane::kCompaction, [&] { done.count_down(); });
  done.wait();
}

TEST(ThreadPoolTest, ShutdownFromATaskIsCaught) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        auto pool = NewThreadPool(1);
        std::latch never(1);
        pool->Submit(Lane::kFlush, [&] { pool->Shutdown(); });
        never.wait();
      },
      "check failed");
}

}  // namespace
}  // namespace quiver::io
