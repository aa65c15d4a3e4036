#include "memtable/sorted_records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "testing/seed.h"

namespace quiver {
namespace {

class SortedRecordsTest : public ::testing::Test {
 protected:
  PrefixedRecord Record(const std::string& key, SequenceNumber sequence) {
    return PrefixedRecord(
        EntryRecord::Create(arena_, {.key = key, .value = {}, .sequence = sequence}));
  }

  Arena arena_;
  MemoryAccount account_;
};

TEST_F(SortedRecordsTest, LowerBoundAgreesWithALinearSearchForTiedPrefixes) {
  Random random(testing::TestSeed(11));
  // Prefixes of only 0x00 and 0xFF bytes tie often, and reach both ends of their range.
  std::vector<PrefixedRecord> items;
  std::vector<std::string> keys;
  for (int i = 0; i < 600; ++i) {
    std::string key(random.Below(12), '\xFF');
    for (char& byte : key) byte = random.OneIn(4) ? '\0' : '\xFF';
    keys.push_back(key);
    items.push_back(Record(key, static_cast<SequenceNumber>(i + 1)));
  }
  SortedRecords sorted(items.size(), {}, account_);
  std::copy(items.begin(), items.end(), sorted.space().begin());
  sorted.SortInPlace(items.size());
  const auto records = sorted.run().records;
  for (std::size_t i = 1; i < records.size(); ++i)
    ASSERT_TRUE(IsBefore(records[i - 1], records[i]));
  for (const std::string& key : keys) {
    for (const SequenceNumber sequence : {SequenceNumber{0}, SequenceNumber{300}, kSequenceMax}) {
      const auto expected = std::find_if(records.begin(), records.end(), [&](const auto& item) {
        return CompareRecord(*item.record, key, sequence) >= 0;
      });
      ASSERT_EQ(LowerBound(sorted.run(), key, sequence),
                static_cast<std::size_t>(expected - records.begin()));
    }
  }
  EXPECT_EQ(LowerBound({}, "a", 1), 0U);
}

TEST_F(SortedRecordsTest, MergeOfOverlappingAndOfDisjointArraysIsSorted) {
  const std::vector<PrefixedRecord> low = {Record("a", 1), Record("b", 3)};
  const std::vector<PrefixedRecord> high = {Record("x", 5), Record("y", 2)};
  const std::vector<PrefixedRecord> across = {Record("a", 9), Record("b", 2), Record("z", 4)};
  const auto keys_of = [](const std::shared_ptr<SortedRecords>& merged) {
    std::string text;
    for (const auto& item : merged->run().records) {
      text += item.record->key();
      text += std::to_string(item.record->sequence());
    }
    return text;
  };
  EXPECT_EQ(keys_of(SortedRecords::Merge({low, {}}, {high, {}}, account_)), "a1b3x5y2");
  EXPECT_EQ(keys_of(SortedRecords::Merge({high, {}}, {low, {}}, account_)), "a1b3x5y2");
  EXPECT_EQ(keys_of(SortedRecords::Merge({low, {}}, {across, {}}, account_)), "a9a1b3b2z4");
  EXPECT_EQ(keys_of(SortedRecords::Merge({}, {}, account_)), "");
}

TEST_F(SortedRecordsTest, PrefixesBeginBehindWhatAllKeysHaveInCommon) {
  Random random(testing::TestSeed(12));
  for (int round = 0; round < 50; ++round) {
    // Two runs with common prefixes of their own lengths, merged with one that both share.
    const std::string shared(random.Below(12), 's');
    std::vector<std::shared_ptr<SortedRecords>> runs;
    std::vector<std::string> keys;
    for (int i = 0; i < 2; ++i) {
      const std::string common = shared + std::string(random.Below(12), static_cast<char>('x' + i));
      auto run = std::make_shared<SortedRecords>(40, std::string_view(), account_);
      for (std::size_t j = 0; j < 40; ++j) {
        std::string key = common;
        for (std::size_t k = random.Below(12); k > 0; --k) {
          key += static_cast<char>(random.Below(3) * 127);
        }
        keys.push_back(key);
        run->space()[j] = Record(key, keys.size());
      }
      run->SortInPlace(40);
      EXPECT_TRUE(run->common().starts_with(common));
      runs.push_back(run);
    }
    const auto merged = SortedRecords::Merge(runs[0]->run(), runs[1]->run(), account_);
    const auto [records, common] = merged->run();
    ASSERT_TRUE(common.starts_with(shared));
    ASSERT_EQ(records.size(), keys.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      const std::string_view key = records[i].record->key();
      ASSERT_EQ(records[i].prefix, KeyPrefix(key.substr(common.size())));
      ASSERT_EQ(LowerBound(merged->run(), key, records[i].record->sequence()), i);
      ASSERT_EQ(UpperBound(merged->run(), key, records[i].record->sequence()), i + 1);
    }
    for (const std::string_view outside : {"", "r", "s", "t", "sssssssssssssssssssssss"}) {
      const auto expected = std::find_if(records.begin(), records.end(), [&](const auto& item) {
        return CompareRecord(*item.record, outside, 5) >= 0;
      });
      ASSERT_EQ(LowerBound(merged->run(), outside, 5),
                static_cast<std::size_t>(expected - records.begin()));
    }
  }
}

TEST_F(SortedRecordsTest, TheAccountCountsEachArrayAsLongAsItLives) {
  EXPECT_EQ(account_.bytes(), 0U);
  auto small = std::make_shared<SortedRecords>(100, std::string_view(), account_);
  EXPECT_EQ(account_.bytes(), sizeof(SortedRecords) + 100 * sizeof(PrefixedRecord));
  {
    // Beyond 2 MiB whole huge pages are taken, and counted.
    const SortedRecords large(kHugePageBytes / sizeof(PrefixedRecord) + 1, {}, account_);
    EXPECT_EQ(account_.bytes(),
              2 * sizeof(SortedRecords) + 100 * sizeof(PrefixedRecord) + 2 * kHugePageBytes);
  }
  EXPECT_EQ(account_.bytes(), sizeof(SortedRecords) + 100 * sizeof(PrefixedRecord));
  small.reset();
  EXPECT_EQ(account_.bytes(), 0U);
}

TEST_F(SortedRecordsTest, AppendRaisesSizeAndTheBoundOfSequences) {
  SortedRecords records(3, {}, account_);
  records.Append(Record("a", 7));
  records.Append(Record("a", 4));
  EXPECT_EQ(records.size(), 2U);
  EXPECT_EQ(records.max_sequence(), 7U);
  const EntryRecord* found = FindVisible(records.run(), LookupKey("a", 6));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->sequence(), 4U);
  EXPECT_EQ(FindVisible(records.run(), LookupKey("a", 3)), nullptr);
  EXPECT_EQ(FindVisible(records.run(), LookupKey(std::string_view("a\0", 2), 9)), nullptr);
}

}  // namespace
}  // namespace quiver
