#include "sstable/table_cache.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "sstable/table_test_directory.h"
#include "sstable/table_test_util.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using sstable_test::kTestDatabase;
using sstable_test::ObservedDirectory;
using sstable_test::TestTables;

constexpr std::size_t kTables = 8;

class TableCacheTest : public ::testing::Test {
 protected:
  TableCacheTest() {
    for (FileNumber number = 1; number <= kTables; ++number) {
      summaries_.push_back(
          tables_.Write(number, TestTables::Options(), {{"key", std::to_string(number), number}}));
    }
  }
  // Looks the key up in table `index` and expects that table's value.
  void ExpectServed(TableCache& cache, std::vector<TableSlot>& slots, std::size_t index) {
    const EpochGuard guard(epochs_);
    const auto table = cache.Find(slots[index], summaries_[index]);
    ASSERT_TRUE(table.ok()) << table.error().ToString();
    TableAnswer found;
    ASSERT_TRUE(*(*table)->Get({"key", kSequenceMax}, {}, false, found));
    ASSERT_EQ(found.answer.value, std::to_string(index + 1));
  }

  TestTables tables_;
  EpochManager epochs_;
  std::vector<TableSummary> summaries_;
};

TEST_F(TableCacheTest, OpensOnFirstUseAndOnlyOnce) {
  int opens = 0;
  ObservedDirectory observed(tables_.directory(), [&](std::uint64_t offset, std::size_t) {
    opens += offset == 0 ? 1 : 0;  // small tables are read by one call from the start
  });
  TableContext context = tables_.Context();
  context.directory = &observed;
  TableCache cache(context, epochs_, 100);
  std::vector<TableSlot> slots(kTables);
  EXPECT_EQ(cache.open_tables(), 0U);
  ExpectServed(cache, slots, 2);
  ExpectServed(cache, slots, 2);
  EXPECT_EQ(opens, 1);
  EXPECT_EQ(cache.open_tables(), 1U);
}

TEST_F(TableCacheTest, KeepsAtMostItsNumberOpenAndReopensOnDemand) {
  TableCache cache(tables_.Context(), epochs_, 3);
  std::vector<TableSlot> slots(kTables);
  Random random(testing::TestSeed(51));
  for (int i = 0; i < 500; ++i) {
    ExpectServed(cache, slots, random.Below(kTables));
    ASSERT_LE(cache.open_tables(), 3U);
  }
}

TEST_F(TableCacheTest, APinnedTableOutlivesItsEvictionItsSlotAndTheCache) {
  auto cache = std::make_unique<TableCache>(tables_.Context(), epochs_, 1);
  auto slots = std::make_unique<std::vector<TableSlot>>(kTables);
  const auto pinned = *cache->Pin((*slots)[0], summaries_[0]);
  EXPECT_EQ(*cache->Pin((*slots)[0], summaries_[0]), pinned);
  for (std::size_t i = 1; i < kTables; ++i) ExpectServed(*cache, *slots, i);
  cache.reset();
  slots.reset();
  TableAnswer found;
  ASSERT_TRUE(*pinned->Get({"key", kSequenceMax}, {}, false, found));
  EXPECT_EQ(found.answer.value, "1");
}

TEST_F(TableCacheTest, ADestroyedSlotLeavesTheCache) {
  TableCache cache(tables_.Context(), epochs_, 100);
  std::vector<TableSlot> kept(kTables);
  ExpectServed(cache, kept, 0);
  {
    std::vector<TableSlot> slots(kTables);
    for (std::size_t i = 0; i < kTables; ++i) ExpectServed(cache, slots, i);
    EXPECT_EQ(cache.open_tables(), kTables + 1);
  }
  EXPECT_EQ(cache.open_tables(), 1U);
  ExpectServed(cache, kept, 0);
}

TEST_F(TableCacheTest, AFailedOpenIsReportedAndTriedAgain) {
  TableCache cache(tables_.Context(), epochs_, 100);
  std::vector<TableSlot> slots(kTables);
  const std::string bytes = tables_.ReadFile(1);
  tables_.WriteFile(1, bytes.substr(0, bytes.size() - 1));
  {
    const EpochGuard guard(epochs_);
    const auto table = cache.Find(slots[0], summaries_[0]);
    ASSERT_FALSE(table.ok());
    EXPECT_EQ(table.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(cache.Pin(slots[0], summaries_[0]).error().code(), ErrorCode::kCorruption);
  }
  tables_.WriteFile(1, bytes);
  ExpectServed(cache, slots, 0);
}

TEST_F(TableCacheTest, ManyThreadsOpenCloseAndDropTheSameTables) {
  const std::uint64_t seed = testing::TestSeed(52);
  BlockCache blocks(1 << 20, epochs_, nullptr, nullptr);
  TableCache cache(tables_.Context(&blocks), epochs_, 2);
  std::vector<TableSlot> slots(kTables);
  std::vector<std::jthread> threads;
  for (std::uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      Random random(seed + thread);
      for (int i = 0; i < 300; ++i) {
        const std::size_t index = random.Below(kTables);
        if (random.OneIn(3)) {
          const auto pinned = cache.Pin(slots[index], summaries_[index]);
          ASSERT_TRUE(pinned.ok());
          ASSERT_EQ((*pinned)->summary().number, index + 1);
        } else if (random.OneIn(10)) {
          std::vector<TableSlot> own(kTables);
          ExpectServed(cache, own, index);
        } else {
          ExpectServed(cache, slots, index);
        }
      }
    });
  }
  threads.clear();
  EXPECT_LE(cache.open_tables(), 2U);
}

}  // namespace
}  // namespace quiver
