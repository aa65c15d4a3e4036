#include "sstable/cache_arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/huge_memory.h"
#include "base/random.h"
#include "testing/seed.h"

namespace quiver {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TEST(CacheArenaTest, PiecesNeverOverlapAndStayWithinTheCapacity) {
  Random random(testing::TestSeed(31));
  constexpr std::uint64_t kCapacity = 5 * kMiB;
  CacheArena arena(kCapacity);
  struct Live {
    CacheArena::Piece piece;
    unsigned char mark;
  };
  std::vector<Live> live;
  std::uint64_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    if (random.OneIn(2)) {
      const std::size_t bytes = 1 + random.Below(random.OneIn(50) ? 600'000 : 60'000);
      const CacheArena::Piece piece = arena.Allocate(bytes);
      if (piece.memory == nullptr) {
        ++refused;
        continue;
      }
      ASSERT_GE(piece.size_bytes(), bytes);
      ASSERT_LT(piece.size_bytes() - bytes, CacheArena::kGranuleBytes);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(piece.memory) % 64, 0U);
      const auto mark = static_cast<unsigned char>(random.Next());
      std::memset(piece.memory, mark, piece.size_bytes());
      live.push_back({piece, mark});
    } else if (!live.empty()) {
      std::swap(live[random.Below(live.size())], live.back());
      const auto& [piece, mark] = live.back();
      const auto wrong = [mark](std::byte byte) {
        return static_cast<unsigned char>(byte) != mark;
      };
      ASSERT_TRUE(std::none_of(piece.memory, piece.memory + piece.size_bytes(), wrong));
      arena.Free(piece);
      live.pop_back();
    }
    ASSERT_LE(arena.size_bytes(), kCapacity);
    std::uint64_t used = 0;
    if (i % 100 == 0) {
      for (const Live& item : live) used += item.piece.size_bytes();
      ASSERT_EQ(arena.free_bytes(), kCapacity - used);
    }
  }
  EXPECT_GT(refused, 0U);
}

TEST(CacheArenaTest, FreedNeighboursBecomeOneRun) {
  CacheArena arena(2 * kMiB);
  std::vector<CacheArena::Piece> pieces;
  for (int i = 0; i < 64; ++i) pieces.push_back(arena.Allocate(32 << 10));
  EXPECT_EQ(arena.Allocate(1).memory, nullptr);
  for (std::size_t i = 0; i < 64; i += 2) arena.Free(pieces[i]);
  EXPECT_EQ(arena.Allocate(33 << 10).memory, nullptr);
  arena.Free(pieces[31]);
  EXPECT_EQ(arena.Allocate(96 << 10).memory, pieces[30].memory);
}

TEST(CacheArenaTest, ALargePieceGetsAChunkOfItsOwnWhoseRestServesOthers) {
  CacheArena arena(16 * kMiB);
  const CacheArena::Piece large = arena.Allocate(5 * kMiB);
  ASSERT_NE(large.memory, nullptr);
  EXPECT_EQ(arena.size_bytes(), 6 * kMiB);
  EXPECT_NE(arena.Allocate(kMiB).memory, nullptr);
  EXPECT_EQ(arena.size_bytes(), 6 * kMiB);
  EXPECT_EQ(arena.Allocate(11 * kMiB).memory, nullptr);
}

TEST(CacheArenaTest, TheHandVisitsEveryPieceOnceInARound) {
  CacheArena arena(8 * kMiB);
  std::vector<std::byte*> pieces;
  for (int i = 0; i < 300; ++i) pieces.push_back(arena.Allocate(20 << 10).memory);
  CacheArena::Hand hand;
  std::vector<std::byte*> visited;
  while (std::byte* memory = arena.NextPiece(hand)) visited.push_back(memory);
  std::sort(visited.begin(), visited.end());
  std::sort(pieces.begin(), pieces.end());
  EXPECT_EQ(visited, pieces);
  EXPECT_NE(arena.NextPiece(hand), nullptr);
}

TEST(CacheArenaTest, ADrainedChunkGoesWithItsLastPiece) {
  CacheArena arena(4 * kMiB);
  const CacheArena::Piece kept = arena.Allocate(100);
  const CacheArena::Piece other = arena.Allocate(200);
  const std::vector<std::byte*> pieces = arena.Drain({});
  EXPECT_EQ(pieces, (std::vector<std::byte*>{kept.memory, other.memory}));
  EXPECT_EQ(arena.size_bytes(), 0U);
  EXPECT_EQ(arena.drained_bytes(), kHugePageBytes);
  const CacheArena::Piece elsewhere = arena.Allocate(100);
  EXPECT_NE(elsewhere.chunk, kept.chunk);
  arena.Free(kept);
  EXPECT_EQ(arena.drained_bytes(), kHugePageBytes);
  arena.Free(other);
  EXPECT_EQ(arena.drained_bytes(), 0U);
  EXPECT_EQ(arena.chunk_count(), 1U);
}

TEST(CacheArenaTest, TrimGivesEmptyChunksBack) {
  CacheArena arena(64 * kMiB);
  const CacheArena::Piece first = arena.Allocate(2 * kMiB);
  const CacheArena::Piece second = arena.Allocate(2 * kMiB);
  arena.Free(first);
  arena.Trim();
  EXPECT_EQ(arena.size_bytes(), 2 * kMiB);
  arena.Free(second);
  arena.Trim();
  EXPECT_EQ(arena.chunk_count(), 0U);
}

}  // namespace
}  // namespace quiver
