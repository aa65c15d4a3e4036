#include "memtable/vector/vector_memtable.h"

#include <gtest/gtest.h>

#include <latch>

#include "memtable/memtable_test_support.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using testing::Model;
using testing::NumberKey;

class VectorMemtableTest : public ::testing::Test {
 protected:
  testing::Surroundings surroundings_;
  VectorMemtable memtable_{surroundings_.context()};
  Model model_;
};

TEST_F(VectorMemtableTest, ActiveAndSealedTableGiveTheSameAnswers) {
  Random random(testing::TestSeed(61));
  const auto keys = testing::ShuffledKeys(1500, 600, random);
  for (std::size_t i = 0; i < keys.size(); ++i) model_.Add(memtable_, keys[i], i + 1);
  model_.ExpectEquals(memtable_);
  memtable_.Seal();
  model_.ExpectEquals(memtable_);
  model_.ExpectWalk(memtable_, random, 3000);
}

TEST_F(VectorMemtableTest, NewestVersionWinsEvenIfItLiesInAnOlderSegment) {
  const std::uint64_t count = 3 * RecordLog::kSegmentRecords;
  for (std::uint64_t i = 0; i < count; ++i) model_.Add(memtable_, NumberKey(i % 100), count - i);
  model_.ExpectEquals(memtable_);
}

TEST_F(VectorMemtableTest, EmptyTableSealsToNothing) {
  model_.ExpectScans(memtable_);
  memtable_.Seal();
  model_.ExpectScans(memtable_);
  LookupAnswer answer;
  EXPECT_FALSE(memtable_.Get(LookupKey("a", kSequenceMax), answer));
}

TEST_F(VectorMemtableTest, InOrderLoadOverManySegmentsIsCompleteAfterSeal) {
  for (std::uint64_t i = 1; i <= 10'000; ++i) model_.Add(memtable_, NumberKey(i), i);
  memtable_.Seal();
  model_.ExpectScans(memtable_);
}

TEST_F(VectorMemtableTest, ASeekSeesWhatWasAddedSinceTheLastView) {
  auto iterator = memtable_.NewIterator();
  for (std::uint64_t i = 1; i <= 1200; ++i) {
    const std::string key = NumberKey(i * 7919 % 10'000);
    model_.Add(memtable_, key, i);
    iterator->Seek(key, kSequenceMax);
    ASSERT_TRUE(iterator->Valid());
    ASSERT_EQ(iterator->entry().key, key);
  }
  model_.ExpectScans(memtable_);
}

TEST_F(VectorMemtableTest, ConcurrentAppendsAreAllThereOnceTheyReturned) {
  constexpr std::uint64_t kThreads = 4;
  constexpr std::uint64_t kEach = 5000;
  std::atomic<std::size_t> misses{0};
  {
    std::latch start(kThreads);
    std::vector<std::jthread> writers;
    for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
      writers.emplace_back([&, thread] {
        start.arrive_and_wait();
        for (std::uint64_t i = 0; i < kEach; ++i) {
          const std::uint64_t number = i * kThreads + thread;
          const std::string key = NumberKey(number);
          memtable_.Add({.key = key, .value = key, .sequence = number + 1});
          // A writer reads its own writes, and sometimes by an iterator, beside the others.
          LookupAnswer answer;
          if (i % 50 == 0 && !memtable_.Get(LookupKey(key, kSequenceMax), answer)) ++misses;
          if (i % 500 == 0) {
            auto iterator = memtable_.NewIterator();
            iterator->Seek(key, kSequenceMax);
            if (!iterator->Valid() || iterator->entry().key != key) ++misses;
          }
        }
      });
    }
  }
  EXPECT_EQ(misses, 0U);
  EXPECT_EQ(memtable_.entry_count(), kThreads * kEach);
  memtable_.Seal();
  auto iterator = memtable_.NewIterator();
  iterator->SeekToFirst();
  for (std::uint64_t number = 0; number < kThreads * kEach; ++number, iterator->Next()) {
    ASSERT_TRUE(iterator->Valid());
    ASSERT_EQ(iterator->entry().key, NumberKey(number));
    ASSERT_EQ(iterator->entry().sequence, number + 1);
  }
  EXPECT_FALSE(iterator->Valid());
}

TEST_F(VectorMemtableTest, ReadersSurviveASealInTheMiddle) {
  std::vector<std::string> keys;
  for (std::uint64_t i = 1; i <= 5000; ++i) {
    keys.push_back(NumberKey(5000 - i));
    model_.Add(memtable_, keys.back(), i);
  }
  testing::CheckReadersBesideSeal(memtable_, keys);
  model_.ExpectScans(memtable_);
}

TEST_F(VectorMemtableTest, ReadersFindEverythingCommittedBesideTheWriter) {
  Random random(testing::TestSeed(62));
  const auto keys = testing::ShuffledKeys(2000, 700, random);
  testing::ReadersBesideWriter(memtable_, keys).Run(3, 62);
}

}  // namespace
}  // namespace quiver
