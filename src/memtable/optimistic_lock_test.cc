#include "memtable/optimistic_lock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace quiver {
namespace {

TEST(OptimisticLock, AVersionHoldsUntilAWriterHasChangedSomething) {
  OptimisticLock lock;
  const auto version = lock.AwaitVersion();
  EXPECT_TRUE(lock.Unchanged(version));
  ASSERT_TRUE(lock.TryLock(version));
  EXPECT_FALSE(lock.Unchanged(version));
  lock.UnlockUnchanged();
  EXPECT_TRUE(lock.Unchanged(version));
  ASSERT_TRUE(lock.TryLock());
  lock.Unlock();
  EXPECT_FALSE(lock.Unchanged(version));
  EXPECT_NE(lock.AwaitVersion(), version);
}

TEST(OptimisticLock, OnlyOneHolderAtATimeAndNoneWithAStaleVersion) {
  OptimisticLock lock;
  const auto stale = lock.AwaitVersion();
  ASSERT_TRUE(lock.TryLock());
  EXPECT_FALSE(lock.TryLock());
  lock.Unlock();
  EXPECT_FALSE(lock.TryLock(stale));
  EXPECT_TRUE(lock.TryLock(lock.AwaitVersion()));
}

TEST(OptimisticLock, AValidatedReadIsOneConsistentState) {
  OptimisticLock lock;
  std::atomic<std::uint64_t> first{0};
  std::atomic<std::uint64_t> second{0};
  std::atomic<int> torn{0};
  {
    const std::jthread reader([&] {
      std::uint64_t seen = 0;
      while (seen < 2000) {
        const auto version = lock.AwaitVersion();
        const std::uint64_t a = first.load(std::memory_order_acquire);
        const std::uint64_t b = second.load(std::memory_order_acquire);
        if (!lock.Unchanged(version)) continue;
        torn += a == b ? 0 : 1;
        seen = a;
      }
    });
    std::vector<std::jthread> writers;
    for (int i = 0; i < 2; ++i) {
      writers.emplace_back([&] {
        for (int added = 0; added < 1000;) {
          if (!lock.TryLock()) continue;
          // Not read-modify-write operations: the lock alone must keep writers apart.
          first.store(first.load(std::memory_order_relaxed) + 1, std::memory_order_release);
          second.store(second.load(std::memory_order_relaxed) + 1, std::memory_order_release);
          lock.Unlock();
          ++added;
        }
      });
    }
  }
  EXPECT_EQ(torn.load(), 0);
  EXPECT_EQ(first.load(), 2000U);
  EXPECT_EQ(second.load(), 2000U);
}

}  // namespace
}  // namespace quiver
