#include "base/huge_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <set>
#include <thread>

namespace quiver {
namespace {

TEST(HugeMemory, MemoryIsAlignedAndWritableToTheEndOfItsLastPage) {
  constexpr std::size_t kBytes = kHugePageBytes + 1;
  std::byte* memory = AllocateHuge(kBytes);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % kHugePageBytes, 0U);
  std::memset(memory, 0xAB, 2 * kHugePageBytes);
  EXPECT_EQ(memory[2 * kHugePageBytes - 1], std::byte{0xAB});
  FreeHuge(memory, kBytes);
}

TEST(HugeMemoryPool, AFreedChunkIsHandedOutAgain) {
  HugeMemoryPool pool(kHugePageBytes);
  std::byte* chunk = pool.AllocateChunk();
  EXPECT_EQ(pool.kept_bytes(), 0U);
  pool.FreeChunk(chunk);
  EXPECT_EQ(pool.kept_bytes(), kHugePageBytes);
  EXPECT_EQ(pool.AllocateChunk(), chunk);
  EXPECT_EQ(pool.kept_bytes(), 0U);
  pool.FreeChunk(chunk);
}

TEST(HugeMemoryPool, NoMoreIsKeptThanAllowed) {
  HugeMemoryPool pool(2 * kHugePageBytes + kHugePageBytes / 2);
  std::set<std::byte*> chunks;
  for (int i = 0; i < 5; ++i) chunks.insert(pool.AllocateChunk());
  EXPECT_EQ(chunks.size(), 5U);
  for (std::byte* chunk : chunks) pool.FreeChunk(chunk);
  EXPECT_EQ(pool.kept_bytes(), 2 * kHugePageBytes);

  HugeMemoryPool keeps_nothing(0);
  keeps_nothing.FreeChunk(keeps_nothing.AllocateChunk());
  EXPECT_EQ(keeps_nothing.kept_bytes(), 0U);
}

TEST(HugeMemoryPool, ThreadsNeverShareAChunk) {
  HugeMemoryPool pool(4 * kHugePageBytes);
  std::vector<std::jthread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&pool, t] {
      for (std::uint64_t i = 0; i < 500; ++i) {
        std::byte* chunk = pool.AllocateChunk();
        const std::uint64_t mark = t << 32 | i;
        std::memcpy(chunk, &mark, sizeof(mark));
        std::this_thread::yield();
        std::uint64_t read = 0;
        std::memcpy(&read, chunk, sizeof(read));
        EXPECT_EQ(read, mark);
        pool.FreeChunk(chunk);
      }
    });
  }
}

}  // namespace
}  // namespace quiver
