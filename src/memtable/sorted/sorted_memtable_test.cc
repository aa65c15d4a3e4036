#include "memtable/sorted/sorted_memtable.h"

#include <gtest/gtest.h>

#include "memtable/memtable_test_support.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using testing::Model;
using testing::NumberKey;

class SortedMemtableTest : public ::testing::Test {
 protected:
  void ExpectGeometricRuns() const {
    const auto sizes = memtable_.RunSizes();
    for (std::size_t i = 1; i < sizes.size(); ++i) ASSERT_GE(sizes[i - 1], kRunRatio * sizes[i]);
  }

  testing::Surroundings surroundings_;
  SortedMemtable memtable_{surroundings_.context()};
  Model model_;
};

TEST_F(SortedMemtableTest, EntriesInOrderNeedOneRunAndATail) {
  for (std::uint64_t i = 1; i <= 20'000; ++i) model_.Add(memtable_, NumberKey(i), i);
  EXPECT_LE(memtable_.RunSizes().size(), 2U);
  ExpectGeometricRuns();
  model_.ExpectScans(memtable_);
}

TEST_F(SortedMemtableTest, EntriesInReverseMergeIntoLogarithmicallyManyRuns) {
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    model_.Add(memtable_, NumberKey(20'000 - i), i);
    if (i % 1000 == 0) ExpectGeometricRuns();
  }
  EXPECT_GE(memtable_.RunSizes().size(), 2U);
  EXPECT_LE(memtable_.RunSizes().size(), 5U);  // log4(20,000 / 64)
  model_.ExpectScans(memtable_);
}

TEST_F(SortedMemtableTest, RandomEntriesAreFoundInTailStragglersAndEveryRun) {
  Random random(testing::TestSeed(21));
  const auto keys = testing::ShuffledKeys(3000, 1200, random);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    model_.Add(memtable_, keys[i], i + 1);
    if (i % 700 == 0) model_.ExpectEquals(memtable_);
  }
  EXPECT_GE(memtable_.RunSizes().size(), 2U);
  ExpectGeometricRuns();
  model_.ExpectEquals(memtable_);
  model_.ExpectWalk(memtable_, random, 5000);
}

TEST_F(SortedMemtableTest, AppendsResumeAfterOneEarlyKeyAtTheVeryEnd) {
  // The first two settle what all keys have in common; the second stays in the tail.
  model_.Add(memtable_, NumberKey(2), 1);
  model_.Add(memtable_, NumberKey(99'999'999), 2);
  for (std::uint64_t i = 3; i <= 10'000; ++i) model_.Add(memtable_, NumberKey(i), i);
  EXPECT_GE(memtable_.TailSize(), Stragglers::kRecordsMax);
  EXPECT_LE(memtable_.RunSizes().size(), 2U);
  model_.ExpectScans(memtable_);
}

TEST_F(SortedMemtableTest, AFewStragglersDoNotCutTheTailShort) {
  std::uint64_t next = 1;
  const auto append = [&] {
    model_.Add(memtable_, NumberKey(10 * next), next);
    ++next;
  };
  while (next < 5000 || memtable_.TailSize() > 1) append();
  // One more than fits, so that the stragglers are made a run; two appends for each.
  for (std::uint64_t i = 1; i <= Stragglers::kRecordsMax + 1; ++i) {
    append();
    append();
    model_.Add(memtable_, NumberKey(10 * i + 1), 100'000 + i);
  }
  EXPECT_EQ(memtable_.TailSize(), 1 + 2 * (Stragglers::kRecordsMax + 1));
  ExpectGeometricRuns();
  model_.ExpectScans(memtable_);
}

TEST_F(SortedMemtableTest, NewestVersionWinsWhereverOlderOnesLie) {
  // Sequences out of order: the largest run holds versions newer than those in the small ones.
  for (std::uint64_t i = 1; i <= 500; ++i) model_.Add(memtable_, NumberKey(i % 50), 10'000 - i);
  for (std::uint64_t i = 1; i <= 200; ++i) model_.Add(memtable_, NumberKey(i % 50), i);
  model_.ExpectEquals(memtable_);
}

TEST_F(SortedMemtableTest, KeysThatBeginDifferentlyShortenTheCommonPrefixStepByStep) {
  // Each group of keys has one byte less in common with those before; runs of all of these
  // lengths are alive at the same time.
  const std::string base = "a prefix that is long";
  SequenceNumber sequence = 0;
  for (std::size_t common = base.size(); common-- > 0;) {
    for (std::uint64_t i = 0; i < 70; ++i) {
      model_.Add(memtable_, base.substr(0, common) + NumberKey(i * 37 % 71), ++sequence);
    }
    model_.Add(memtable_, base.substr(0, common), ++sequence);
    if (common % 5 == 0) model_.ExpectEquals(memtable_);
  }
  Random random(testing::TestSeed(25));
  model_.ExpectWalk(memtable_, random, 3000);
  memtable_.Seal();
  model_.ExpectEquals(memtable_);
}

TEST_F(SortedMemtableTest, SealLeavesOneRunOfExactlyAllEntries) {
  Random random(testing::TestSeed(23));
  const auto keys = testing::ShuffledKeys(2000, 2000, random);
  for (std::size_t i = 0; i < keys.size(); ++i) model_.Add(memtable_, keys[i], i + 1);
  auto before_seal = memtable_.NewIterator();
  before_seal->SeekToFirst();
  memtable_.Seal();
  EXPECT_EQ(memtable_.RunSizes(), std::vector<std::size_t>{2000});
  model_.ExpectEquals(memtable_);
  // An iterator of before keeps its runs and goes on in them.
  std::size_t seen = 0;
  for (; before_seal->Valid(); before_seal->Next()) ++seen;
  EXPECT_EQ(seen, keys.size());
}

TEST_F(SortedMemtableTest, SealOfAnEmptyTableAndASecondSealDoNoHarm) {
  memtable_.Seal();
  EXPECT_TRUE(memtable_.RunSizes().empty());
  memtable_.Seal();
  model_.ExpectScans(memtable_);
}

TEST_F(SortedMemtableTest, ReplacedRunsAreCountedUntilTheLastIteratorLetsGo) {
  for (std::uint64_t i = 1; i <= 5000; ++i) model_.Add(memtable_, NumberKey(5000 - i), i);
  auto iterator = memtable_.NewIterator();
  iterator->SeekToFirst();
  const std::size_t before = memtable_.memory_bytes();
  memtable_.Seal();
  surroundings_.epochs.Collect();
  const std::size_t run_bytes = 5000 * sizeof(PrefixedRecord);
  EXPECT_GE(memtable_.memory_bytes(), before + run_bytes);
  iterator.reset();
  EXPECT_LT(memtable_.memory_bytes(), before + run_bytes);
  EXPECT_GE(memtable_.memory_bytes(), run_bytes);
}

TEST_F(SortedMemtableTest, RetiredRunsMayOutliveTheMemtable) {
  auto memtable = std::make_unique<SortedMemtable>(surroundings_.context());
  const EpochGuard guard(surroundings_.epochs);
  for (std::uint64_t i = 1; i <= 1000; ++i) model_.Add(*memtable, NumberKey(1000 - i), i);
  EXPECT_GT(surroundings_.epochs.pending(), 0U);
  memtable.reset();
}

TEST_F(SortedMemtableTest, ReadersFindEverythingCommittedBesideTheWriter) {
  Random random(testing::TestSeed(24));
  const auto keys = testing::ShuffledKeys(6000, 2000, random);
  testing::ReadersBesideWriter(memtable_, keys).Run(3, 24);
}

TEST_F(SortedMemtableTest, AStragglerIsNeverMissedWhileOthersAreInsertedBeforeIt) {
  constexpr std::size_t kTables = 50;
  std::vector<std::unique_ptr<SortedMemtable>> tables;
  for (std::size_t i = 0; i < kTables; ++i) {
    tables.push_back(std::make_unique<SortedMemtable>(surroundings_.context()));
    tables.back()->Add({.key = "z", .value = {}, .sequence = 1});
    tables.back()->Add({.key = "m", .value = {}, .sequence = 2});
  }
  std::atomic<std::size_t> current{0};
  std::atomic<std::size_t> lookups{0};
  std::atomic<std::size_t> misses{0};
  {
    const std::jthread reader([&] {
      for (std::size_t i = current; i < kTables; i = current) {
        LookupAnswer answer;
        if (!tables[i]->Get(LookupKey("m", kSequenceMax), answer)) ++misses;
        auto iterator = tables[i]->NewIterator();
        std::string last;
        bool seen = false;
        for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
          if (iterator->entry().key <= last) ++misses;  // a record twice, or out of order
          last = iterator->entry().key;
          seen = seen || last == "m";
        }
        if (!seen) ++misses;
        ++lookups;
      }
    });
    for (std::size_t i = 0; i < kTables; ++i) {
      const std::size_t before = lookups;
      testing::Await([&lookups, before] { return lookups >= before + 2; });
      for (SequenceNumber sequence = 60; sequence > 3; --sequence) {
        tables[i]->Add({.key = NumberKey(sequence), .value = {}, .sequence = sequence});
      }
      current = i + 1;
    }
  }
  EXPECT_EQ(misses, 0U);
}

TEST_F(SortedMemtableTest, ReadersSurviveASealInTheMiddle) {
  std::vector<std::string> keys;
  for (std::uint64_t i = 1; i <= 3000; ++i) {
    keys.push_back(NumberKey(3000 - i));
    model_.Add(memtable_, keys.back(), i);
  }
  testing::CheckReadersBesideSeal(memtable_, keys);
  model_.ExpectScans(memtable_);
}

}  // namespace
}  // namespace quiver
