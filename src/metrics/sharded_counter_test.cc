#include "metrics/sharded_counter.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace quiver {
namespace {

TEST(ShardedCounter, StartsAtZeroAndAdds) {
  ShardedCounter counter;
  EXPECT_EQ(counter.Sum(), 0U);
  counter.Add();
  counter.Add(41);
  EXPECT_EQ(counter.Sum(), 42U);
}

TEST(ShardedCounter, ShardsAreCacheLinesApart) {
  EXPECT_EQ(sizeof(ShardedCounter), ShardedCounter::kShards * kCacheLineBytes);
  EXPECT_EQ(alignof(ShardedCounter), kCacheLineBytes);
}

TEST(ShardedCounter, ThreadsGetShardsOfTheirOwnInTurn) {
  std::set<std::size_t> shards{ThreadShard()};
  EXPECT_EQ(ThreadShard(), *shards.begin()) << "a thread keeps its shard";
  for (int i = 0; i < 3; ++i) {
    std::jthread([&shards] { shards.insert(ThreadShard()); }).join();
  }
  EXPECT_EQ(shards.size(), 4U);
}

// More threads than shards, and a reader that must never see the sum go down.
TEST(ShardedCounter, NoAdditionIsLostAndSumsNeverGoDown) {
  constexpr std::uint64_t kThreads = 2 * ShardedCounter::kShards;
  constexpr std::uint64_t kAdditionsEach = 5000;
  ShardedCounter sharded;
  Counter plain;
  std::atomic<bool> done{false};
  std::jthread reader([&] {
    std::uint64_t last = 0;
    while (!done) {
      const std::uint64_t sum = sharded.Sum();
      EXPECT_GE(sum, last);
      last = sum;
    }
  });
  {
    std::vector<std::jthread> writers;
    for (std::uint64_t t = 0; t < kThreads; ++t) {
      writers.emplace_back([&] {
        for (std::uint64_t i = 0; i < kAdditionsEach; ++i) {
          sharded.Add(3);
          plain.Add();
        }
      });
    }
  }
  done = true;
  reader.join();
  EXPECT_EQ(sharded.Sum(), 3 * kThreads * kAdditionsEach);
  EXPECT_EQ(plain.Sum(), kThreads * kAdditionsEach);
}

}  // namespace
}  // namespace quiver
