#include "base/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "base/random.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using Piece = std::pair<std::byte*, std::size_t>;

// True if no two pieces share a byte.
bool AreDisjoint(std::vector<Piece> pieces) {
  std::sort(pieces.begin(), pieces.end());
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    if (pieces[i - 1].first + pieces[i - 1].second > pieces[i].first) return false;
  }
  return true;
}

std::size_t SumBytes(const std::vector<Piece>& pieces) {
  std::size_t sum = 0;
  for (const Piece& piece : pieces) sum += piece.second;
  return sum;
}

TEST(Arena, AnUnusedArenaTakesNoMemory) {
  const Arena arena;
  EXPECT_EQ(arena.memory_bytes(), 0U);
}

TEST(Arena, AnEmptyMemtableIsCheap) {
  Arena arena;
  arena.Allocate(100);
  EXPECT_EQ(arena.memory_bytes(), 4096U);
}

TEST(Arena, PiecesAreAlignedDisjointAndKeepTheirBytes) {
  Arena arena;
  Random random(testing::TestSeed(2));
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < 20'000; ++i) {
    const std::size_t bytes = random.OneIn(200) ? random.Below(40'000) : 1 + random.Below(300);
    std::byte* memory = arena.Allocate(bytes);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(memory) % 8, 0U);
    std::memset(memory, static_cast<int>(i & 0xFF), bytes);
    pieces.emplace_back(memory, bytes);
  }
  EXPECT_TRUE(AreDisjoint(pieces));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto [memory, bytes] = pieces[i];
    EXPECT_TRUE(std::all_of(memory, memory + bytes,
                            [i](std::byte b) { return b == static_cast<std::byte>(i & 0xFF); }));
  }
  EXPECT_GE(arena.memory_bytes(), SumBytes(pieces));
  EXPECT_LE(arena.memory_bytes(), 2 * SumBytes(pieces) + kHugePageBytes);
}

TEST(Arena, APieceLargerThanAQuarterChunkGetsMemoryOfItsOwn) {
  Arena arena;
  std::byte* before = arena.Allocate(8);
  const std::size_t used = arena.memory_bytes();
  constexpr std::size_t kLarge = std::size_t{10} << 20;
  std::byte* large = arena.Allocate(kLarge);
  std::memset(large, 1, kLarge);
  EXPECT_EQ(arena.memory_bytes(), used + kLarge);
  EXPECT_EQ(arena.Allocate(8), before + 8) << "the current chunk stays in use";
}

TEST(Arena, LargeChunksComeFromThePoolAndGoBackToIt) {
  HugeMemoryPool pool(8 * kHugePageBytes);
  {
    Arena arena(&pool);
    while (arena.memory_bytes() < 3 * kHugePageBytes) arena.Allocate(1000);
    EXPECT_EQ(pool.kept_bytes(), 0U);
  }
  const std::size_t kept = pool.kept_bytes();
  EXPECT_GE(kept, kHugePageBytes);
  Arena arena(&pool);
  while (arena.memory_bytes() < 3 * kHugePageBytes) arena.Allocate(1000);
  EXPECT_LT(pool.kept_bytes(), kept) << "the next arena takes warm chunks";
}

TEST(Arena, ManyThreadsAllocateDisjointPieces) {
  HugeMemoryPool pool(4 * kHugePageBytes);
  Arena arena(&pool);
  constexpr std::size_t kThreads = 4;
  std::vector<std::vector<Piece>> pieces(kThreads);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&arena, &mine = pieces[t], t] {
        Random random(t);
        for (int i = 0; i < 20'000; ++i) {
          const std::size_t bytes = random.OneIn(500) ? 5000 : 1 + random.Below(200);
          std::byte* memory = arena.Allocate(bytes);
          std::memset(memory, static_cast<int>(t + 1), bytes);
          mine.emplace_back(memory, bytes);
        }
      });
    }
  }
  std::vector<Piece> all;
  for (std::size_t t = 0; t < kThreads; ++t) {
    for (const auto& [memory, bytes] : pieces[t]) {
      ASSERT_TRUE(std::all_of(memory, memory + bytes,
                              [t](std::byte b) { return b == static_cast<std::byte>(t + 1); }));
      all.emplace_back(memory, bytes);
    }
  }
  EXPECT_TRUE(AreDisjoint(all));
  EXPECT_GE(arena.memory_bytes(), SumBytes(all));
}

}  // namespace
}  // namespace quiver
