#include "sstable/block_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "base/random.h"
#include "metrics/engine_metrics.h"
#include "sstable/block_cache_impl.h"
#include "sstable/table_test_util.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using sstable_test::OwnedEntry;
using sstable_test::TestTables;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::size_t kBlockBytes = 30'000;

// Fills a block with its number and publishes it; null if there was no room.
std::shared_ptr<const CachedBlock> Insert(BlockCache::TableSlots& slots, std::size_t number,
                                          std::size_t bytes = kBlockBytes) {
  CachedBlock* const block = slots.Allocate(bytes);
  if (block == nullptr) return nullptr;
  std::memset(block->bytes().data(), static_cast<int>(number % 251), bytes);
  return slots.Publish(block, number);
}

bool HoldsNumber(const CachedBlock& block, std::size_t number) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(&block) + sizeof(CachedBlock);
  return bytes[0] == number % 251 && bytes[kBlockBytes - 1] == number % 251;
}

TEST(BlockCacheTest, FindsWhatWasPublished) {
  EpochManager epochs;
  BlockCache cache(kMiB, epochs, nullptr, nullptr);
  const auto slots = cache.NewTableSlots(3);
  const auto pin = Insert(*slots, 1);
  const EpochGuard guard(epochs);
  EXPECT_EQ(slots->Find(1), pin.get());
  EXPECT_EQ(slots->Find(0), nullptr);
  EXPECT_TRUE(HoldsNumber(*pin, 1));
}

TEST(BlockCacheTest, TheSecondOfTwoEqualBlocksGivesWay) {
  EpochManager epochs;
  BlockCache cache(kMiB, epochs, nullptr, nullptr);
  const auto slots = cache.NewTableSlots(1);
  const auto first = Insert(*slots, 0);
  EXPECT_EQ(Insert(*slots, 0), first);
}

TEST(BlockCacheTest, StaysWithinItsCapacityAndChargesTheLedger) {
  EpochManager epochs;
  MemoryLedger ledger(0);
  EngineMetrics metrics;
  constexpr std::uint64_t kCapacity = 5 * kMiB + 12'345;
  {
    BlockCache cache(kCapacity, epochs, &ledger, &metrics);
    const auto slots = cache.NewTableSlots(2'000);
    std::size_t uncached = 0;
    for (std::size_t i = 0; i < 2'000; ++i) {
      uncached += Insert(*slots, i) == nullptr ? 1 : 0;
      ASSERT_LE(cache.memory_bytes(), kCapacity);
      ASSERT_EQ(ledger.bytes(MemoryOwner::kBlockCache), cache.memory_bytes());
    }
    EXPECT_EQ(uncached, 0U);
    EXPECT_GT(cache.memory_bytes(), kCapacity * 9 / 10);
    std::size_t kept = 0;
    const EpochGuard guard(epochs);
    for (std::size_t i = 0; i < 2'000; ++i) {
      if (slots->Find(i) == nullptr) continue;
      ASSERT_TRUE(HoldsNumber(*slots->Find(i), i));
      ++kept;
    }
    // At least four fifths of the budget hold blocks.
    EXPECT_GT(kept * kBlockBytes, kCapacity * 4 / 5);
    EXPECT_EQ(metrics.cache_evictions.Sum(), 2'000 - kept);
  }
  EXPECT_EQ(ledger.bytes(MemoryOwner::kBlockCache), 0U);
}

TEST(BlockCacheTest, BlocksInUseSurviveAScan) {
  EpochManager epochs;
  BlockCache cache(4 * kMiB, epochs, nullptr, nullptr);
  const auto slots = cache.NewTableSlots(5'000);
  constexpr std::size_t kHot = 40;
  const auto touch_hot = [&] {
    std::size_t found = 0;
    const EpochGuard guard(epochs);
    for (std::size_t i = 0; i < kHot; ++i) {
      if (slots->Find(i) == nullptr) continue;
      slots->slot(i).Touch();
      ++found;
    }
    return found;
  };
  for (std::size_t i = 0; i < kHot; ++i) Insert(*slots, i);
  ASSERT_EQ(touch_hot(), kHot);
  for (std::size_t i = kHot; i < 5'000; ++i) {
    Insert(*slots, i);
    if (i % 10 != 0) continue;
    ASSERT_EQ(touch_hot(), kHot) << i;
  }
}

TEST(BlockCacheTest, PinnedBlocksOutliveEvictionTheirTableAndTheCache) {
  auto epochs = std::make_unique<EpochManager>();
  auto cache = std::make_unique<BlockCache>(2 * kMiB, *epochs, nullptr, nullptr);
  auto slots = cache->NewTableSlots(500);
  std::vector<std::shared_ptr<const CachedBlock>> pins;
  for (std::size_t i = 0; i < 10; ++i) pins.push_back(Insert(*slots, i));
  for (std::size_t i = 10; i < 500; ++i) Insert(*slots, i);
  {
    const EpochGuard guard(*epochs);
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(slots->Find(i), nullptr);
  }
  const auto late = Insert(*slots, 499);
  slots.reset();
  cache.reset();
  epochs.reset();
  for (std::size_t i = 0; i < 10; ++i) EXPECT_TRUE(HoldsNumber(*pins[i], i));
  EXPECT_TRUE(HoldsNumber(*late, 499));
}

TEST(BlockCacheTest, SlotsMayOutliveTheCache) {
  auto epochs = std::make_unique<EpochManager>();
  auto cache = std::make_unique<BlockCache>(2 * kMiB, *epochs, nullptr, nullptr);
  const auto slots = cache->NewTableSlots(4);
  Insert(*slots, 0);
  CachedBlock* const unfinished = slots->Allocate(100);
  cache.reset();
  epochs.reset();
  EXPECT_EQ(slots->Find(0), nullptr);
  EXPECT_EQ(slots->Allocate(100), nullptr);
  const auto published = slots->Publish(unfinished, 1);
  EXPECT_EQ(published.get(), unfinished);
  EXPECT_EQ(slots->Find(1), nullptr);
}

TEST(BlockCacheTest, ShrinkingEvictsAtOnceAndGrowingMakesRoom) {
  EpochManager epochs;
  BlockCache cache(16 * kMiB, epochs, nullptr, nullptr);
  const auto slots = cache.NewTableSlots(500);
  for (std::size_t i = 0; i < 450; ++i) Insert(*slots, i);
  EXPECT_GT(cache.memory_bytes(), 12 * kMiB);
  cache.SetCapacity(3 * kMiB);
  EXPECT_LE(cache.memory_bytes(), 3 * kMiB);
  EXPECT_NE(Insert(*slots, 460), nullptr);
  cache.SetCapacity(0);
  EXPECT_EQ(cache.memory_bytes(), 0U);
  EXPECT_EQ(Insert(*slots, 461), nullptr);
  cache.SetCapacity(16 * kMiB);
  for (std::size_t i = 0; i < 400; ++i) ASSERT_NE(Insert(*slots, i), nullptr);
  EXPECT_GT(cache.memory_bytes(), 11 * kMiB);
}

TEST(BlockCacheTest, LargeBlocksDisplaceSmallOnesButNotMoreThanHalf) {
  EpochManager epochs;
  BlockCache cache(16 * kMiB, epochs, nullptr, nullptr);
  const auto slots = cache.NewTableSlots(1'000);
  for (std::size_t i = 0; i < 800; ++i) Insert(*slots, i);
  EXPECT_NE(Insert(*slots, 900, 5 * kMiB), nullptr);
  EXPECT_LE(cache.memory_bytes(), 16 * kMiB);
  EXPECT_EQ(Insert(*slots, 901, 9 * kMiB), nullptr);
  const EpochGuard guard(epochs);
  EXPECT_NE(slots->Find(900), nullptr);
}

TEST(BlockCacheTest, ClosingATableDropsItsBlocksAlone) {
  EpochManager epochs;
  BlockCache cache(4 * kMiB, epochs, nullptr, nullptr);
  const auto kept = cache.NewTableSlots(10);
  {
    const auto dropped = cache.NewTableSlots(50);
    for (std::size_t i = 0; i < 50; ++i) Insert(*dropped, i);
    for (std::size_t i = 0; i < 10; ++i) Insert(*kept, i);
  }
  {
    const EpochGuard guard(epochs);
    for (std::size_t i = 0; i < 10; ++i) EXPECT_NE(kept->Find(i), nullptr);
  }
  // Their memory is free again: as many fit without one eviction.
  const auto next = cache.NewTableSlots(50);
  for (std::size_t i = 0; i < 50; ++i) Insert(*next, i);
  const EpochGuard guard(epochs);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_NE(next->Find(i), nullptr);
}

// Readers of two tables through a cache that holds a fraction of them, while one table after the
// other is closed and opened and the capacity changes.
TEST(BlockCacheTest, ConcurrentReadersOfATinyCacheGetRightAnswers) {
  const std::uint64_t seed = testing::TestSeed(41);
  TestTables tables;
  std::vector<OwnedEntry> entries;
  for (int i = 0; i < 2'000; ++i) {
    std::string key = "key" + std::to_string(100'000 + i);
    std::string value = key + std::string(static_cast<std::size_t>(i % 200), 'v');
    entries.push_back({std::move(key), std::move(value), 5});
  }
  TableWriterOptions options = TestTables::Options();
  options.block_size_bytes = 2'000;
  const TableSummary raw = tables.Write(1, options, entries);
  options.compression = CompressionKind::kLz4;
  const TableSummary packed = tables.Write(2, options, entries);

  EpochManager epochs;
  BlockCache cache(64 << 10, epochs, nullptr, nullptr);
  std::atomic<int> running{3};
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      Random random(seed + static_cast<std::uint64_t>(thread));
      for (int round = 0; round < 8; ++round) {
        const auto table = tables.Open(random.OneIn(2) ? raw : packed, &cache);
        const auto iterator = table->NewIterator({});
        for (int i = 0; i < 250; ++i) {
          const OwnedEntry& entry = entries[random.Below(entries.size())];
          TableAnswer found;
          if (random.OneIn(10)) {
            iterator->Seek(entry.key, kSequenceMax);
            EXPECT_TRUE(iterator->Valid());
            EXPECT_EQ(iterator->entry().value, entry.value);
            continue;
          }
          const bool want_pin = random.OneIn(2);
          std::optional<EpochGuard> guard(std::in_place, epochs);
          const auto got = table->Get({entry.key, kSequenceMax}, {}, want_pin, found);
          ASSERT_TRUE(got.ok() && *got);
          if (want_pin) guard.reset();
          EXPECT_EQ(found.answer.value, entry.value);
        }
      }
      --running;
    });
  }
  Random random(seed);
  while (running > 0) {
    cache.SetCapacity((16 + random.Below(64)) << 10);
    EXPECT_LE(cache.memory_bytes(), 80U << 10);
    std::this_thread::yield();
  }
}

}  // namespace
}  // namespace quiver
