#include "sstable/data_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "sstable/table_test_util.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using sstable_test::EntryShape;
using sstable_test::InOrder;
using sstable_test::OwnedEntry;
using sstable_test::RandomBytes;
using sstable_test::RandomEntries;

// The columns that a DataBlock views, with hash slots and samples.
class OwnedBlock {
 public:
  explicit OwnedBlock(const std::vector<OwnedEntry>& entries, bool uniform_keys) {
    key_offsets_.push_back(0);
    for (const OwnedEntry& entry : entries) {
      keys_ += entry.key;
      key_offsets_.push_back(static_cast<std::uint32_t>(keys_.size()));
      sequences_.push_back(entry.sequence);
      plain_.max_sequence = std::max(plain_.max_sequence, entry.sequence);
    }
    plain_.rows = static_cast<std::uint32_t>(entries.size());
    plain_.flags = kConstantOperation | kUniformValues | kNoExpiry;
    plain_.keys = keys_.data();
    plain_.values = keys_.data();
    plain_.sequences = sequences_.data();
    if (uniform_keys) {
      plain_.flags |= kUniformKeys;
      plain_.key_width = key_offsets_[1];
    } else {
      plain_.key_offsets = key_offsets_.data();
    }
    helped_ = plain_;
    slots_.resize(HashSlotCount(plain_.rows));
    BuildHashSlots(plain_, slots_.data());
    helped_.hash = slots_.data();
    helped_.hash_slots = HashSlotCount(plain_.rows);
    helped_.row_bits = RowBits(plain_.rows);
    samples_.resize(SampleWords(plain_.rows));
    BuildSamples(helped_, samples_.data());
  }
  OwnedBlock(const OwnedBlock&) = delete;
  OwnedBlock& operator=(const OwnedBlock&) = delete;

  const DataBlock& plain() const { return plain_; }    ///< neither slots nor samples
  const DataBlock& helped() const { return helped_; }  ///< with both

 private:
  std::string keys_;
  std::vector<std::uint32_t> key_offsets_;
  std::vector<std::uint64_t> sequences_;
  std::vector<std::uint16_t> slots_;
  std::vector<std::uint64_t> samples_;
  DataBlock plain_;
  DataBlock helped_;
};

void CheckSearches(const std::vector<OwnedEntry>& entries, bool uniform_keys, Random& random) {
  const OwnedBlock owned(entries, uniform_keys);
  const auto check = [&](const std::string& key, SequenceNumber sequence) {
    const OwnedEntry target{key, "", sequence};
    const auto lower = std::lower_bound(entries.begin(), entries.end(), target, InOrder);
    const auto expected = static_cast<std::uint32_t>(lower - entries.begin());
    ASSERT_EQ(owned.plain().LowerBound(key, sequence), expected);
    ASSERT_EQ(owned.helped().LowerBound(key, sequence), expected);
    const OwnedEntry newest{key, "", kSequenceMax};
    const auto first = std::lower_bound(entries.begin(), entries.end(), newest, InOrder);
    const bool present = first != entries.end() && first->key == key;
    const std::uint32_t row =
        present ? static_cast<std::uint32_t>(first - entries.begin()) : kNoRow;
    ASSERT_EQ(owned.plain().FindByOrder(key), row);
    ASSERT_EQ(owned.helped().FindByHash(key, HashKey(key)), row);
  };
  for (const OwnedEntry& entry : entries) {
    check(entry.key, entry.sequence);
    check(entry.key, entry.sequence - 1);
    check(entry.key + '\0', kSequenceMax);
    if (!entry.key.empty()) check(entry.key.substr(0, entry.key.size() - 1), 5);
  }
  for (int i = 0; i < 300; ++i) check(RandomBytes(random, random.Below(30)), random.Below(3'000));
}

TEST(DataBlockTest, SearchesByHashSamplesAndOrderAgreeWithASortedList) {
  Random random(testing::TestSeed(21));
  for (const std::size_t keys : {1, 2, 15, 16, 17, 250, 1'500}) {
    for (const char* prefix : {"", "a/rather/long/prefix/of/all/keys/"}) {
      const EntryShape shape{.keys = keys, .versions_max = 4, .key_prefix = prefix};
      CheckSearches(RandomEntries(random, shape), false, random);
    }
    const EntryShape fixed{.keys = keys, .key_width = 11, .versions_max = 2};
    CheckSearches(RandomEntries(random, fixed), true, random);
  }
}

TEST(DataBlockTest, SearchesABlockOfTheMostRows) {
  Random random(testing::TestSeed(22));
  std::vector<OwnedEntry> entries;
  for (std::uint32_t row = 0; row < kBlockRowsMax; ++row) {
    std::string key(4, '\0');
    StoreFixed(key.data(), __builtin_bswap32(row));
    entries.push_back({std::move(key), "", 1});
  }
  const OwnedBlock owned(entries, true);
  for (std::uint32_t row = 0; row < kBlockRowsMax; ++row) {
    const std::string& key = entries[row].key;
    ASSERT_EQ(owned.helped().FindByHash(key, HashKey(key)), row);
    ASSERT_EQ(owned.helped().LowerBound(key, 1), row);
  }
}

TEST(DataBlockTest, EqualBytesSeesADifferenceInEveryByteOfEveryLength) {
  for (std::size_t size = 0; size <= 40; ++size) {
    const std::string a(size, 'a');
    std::string b = a;
    EXPECT_TRUE(EqualBytes(a.data(), b.data(), size));
    for (std::size_t at = 0; at < size; ++at) {
      b[at] = 'b';
      EXPECT_FALSE(EqualBytes(a.data(), b.data(), size)) << size << " " << at;
      b[at] = 'a';
    }
  }
}

}  // namespace
}  // namespace quiver
