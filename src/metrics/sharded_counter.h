// Counter and ShardedCounter: numbers that only grow and that any thread may add to.
//
// A Counter is one atomic, for events that are rare or that one thread at a time counts. A
// ShardedCounter gives threads cache lines of their own, for events on the paths of reads and
// writes: an Add never waits for another core's line as long as there are no more threads than
// shards, and stays right when there are more.
//
// Thread safety: everything from any thread. Sum() sees every Add that happened before it and some
// of those beside it; sums read one after the other never go down.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace quiver {

inline constexpr std::size_t kCacheLineBytes = 64;

/// A small number for the calling thread, handed out in turn: the index of its shard.
inline std::size_t ThreadShard() noexcept {
  static constinit std::atomic<std::size_t> next{0};
  thread_local const std::size_t shard = next.fetch_add(1, std::memory_order_relaxed);
  return shard;
}

class Counter {
 public:
  void Add(std::uint64_t delta = 1) noexcept { value_.fetch_add(delta, std::memory_order_relaxed); }
  std::uint64_t Sum() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class ShardedCounter {
 public:
  static constexpr std::size_t kShards = 16;

  void Add(std::uint64_t delta = 1) noexcept {
    shards_[ThreadShard() % kShards].counter.Add(delta);
  }
  /// Cost: one load a shard.
  std::uint64_t Sum() const noexcept {
    std::uint64_t sum = 0;
    for (const Shard& shard : shards_) sum += shard.counter.Sum();
    return sum;
  }

 private:
  struct alignas(kCacheLineBytes) Shard {
    Counter counter;
  };
  std::array<Shard, kShards> shards_;
};

}  // namespace quiver
