#include "memtable/hash_linked_list/hash_linked_list_memtable.h"

#include <gtest/gtest.h>

#include "memtable/memtable_test_support.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using testing::Model;
using testing::NumberKey;

class HashLinkedListMemtableTest : public ::testing::Test {
 protected:
  testing::Surroundings surroundings_;
  HashLinkedListMemtable memtable_{surroundings_.context()};
  Model model_;
};

TEST_F(HashLinkedListMemtableTest, OneBucketForAllKeysIsStillRight) {
  HashLinkedListMemtable memtable(surroundings_.context(1));
  Random random(testing::TestSeed(51));
  const auto keys = testing::ShuffledKeys(1500, 500, random);
  for (std::size_t i = 0; i < keys.size(); ++i) model_.Add(memtable, keys[i], i + 1);
  model_.ExpectEquals(memtable);
  model_.ExpectWalk(memtable, random, 3000);
}

TEST_F(HashLinkedListMemtableTest, VersionsMayComeInAnyOrder) {
  for (const SequenceNumber sequence : {50U, 10U, 30U, 90U, 70U, 20U}) {
    model_.Add(memtable_, "key", sequence);
    model_.Add(memtable_, "", sequence + 1);
    model_.ExpectEquals(memtable_);
  }
}

TEST_F(HashLinkedListMemtableTest, TheBucketsAreCountedFromTheStart) {
  EXPECT_GE(memtable_.memory_bytes(), (1U << 10) * sizeof(void*));
  HashLinkedListMemtable large(surroundings_.context(1U << 16));
  EXPECT_GE(large.memory_bytes(), (1U << 16) * sizeof(void*));
}

TEST_F(HashLinkedListMemtableTest, TheOrderedViewIsMadeOnceAndSharedUntilTheNextAdd) {
  for (std::uint64_t i = 1; i <= 3000; ++i) model_.Add(memtable_, NumberKey(i * 7 % 3001), i);
  const std::size_t without_view = memtable_.memory_bytes();
  auto first = memtable_.NewIterator();
  EXPECT_EQ(memtable_.memory_bytes(), without_view);  // made by a Seek, not by the iterator
  first->SeekToFirst();
  const std::size_t with_view = memtable_.memory_bytes();
  EXPECT_GE(with_view, without_view + 3000 * sizeof(PrefixedRecord));
  auto second = memtable_.NewIterator();
  second->SeekToLast();
  EXPECT_EQ(memtable_.memory_bytes(), with_view);

  // After an Add the next Seek makes a new one; the first iterator still holds the old.
  model_.Add(memtable_, NumberKey(5000), 5000);
  second->SeekToLast();
  ASSERT_TRUE(second->Valid());
  EXPECT_EQ(second->entry().key, NumberKey(5000));
  EXPECT_GE(memtable_.memory_bytes(), with_view + 3000 * sizeof(PrefixedRecord));
  std::size_t seen = 0;
  for (; first->Valid(); first->Next()) ++seen;
  EXPECT_EQ(seen, 3000U);
  const std::size_t with_two_views = memtable_.memory_bytes();
  first.reset();
  EXPECT_LE(memtable_.memory_bytes(), with_two_views - 3000 * sizeof(PrefixedRecord));
}

TEST_F(HashLinkedListMemtableTest, ViewsThatGrowWithEveryFewAddsStayComplete) {
  Random random(testing::TestSeed(52));
  const auto keys = testing::ShuffledKeys(1500, 700, random);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    model_.Add(memtable_, keys[i], i + 1);
    if (random.OneIn(20)) model_.ExpectScans(memtable_);
  }
  memtable_.Seal();
  model_.ExpectEquals(memtable_);
}

TEST_F(HashLinkedListMemtableTest, SealMakesTheViewThatTheFlushReads) {
  for (std::uint64_t i = 1; i <= 1000; ++i) model_.Add(memtable_, NumberKey(1000 - i), i);
  memtable_.Seal();
  const std::size_t sealed = memtable_.memory_bytes();
  model_.ExpectScans(memtable_);
  EXPECT_EQ(memtable_.memory_bytes(), sealed);
}

TEST_F(HashLinkedListMemtableTest, ReadersFindEverythingCommittedBesideTheWriter) {
  Random random(testing::TestSeed(53));
  const auto keys = testing::ShuffledKeys(3000, 1000, random);
  testing::ReadersBesideWriter(memtable_, keys).Run(3, 53);
}

}  // namespace
}  // namespace quiver
