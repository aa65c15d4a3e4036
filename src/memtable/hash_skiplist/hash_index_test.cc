#include "memtable/hash_skiplist/hash_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "memtable/memtable_test_support.h"

namespace quiver {
namespace {

using testing::NumberKey;

class HashIndexTest : public ::testing::TestWithParam<std::uint32_t> {
 protected:
  const EntryRecord& NewRecord(const std::string& key, SequenceNumber sequence) {
    return *EntryRecord::Create(arena_, {.key = key, .sequence = sequence});
  }
  void Publish(const std::string& key, SequenceNumber sequence) {
    index_.Publish(HashKey(key), NewRecord(key, sequence));
  }
  SequenceNumber NewestOf(const std::string& key) const {
    const EntryRecord* record = index_.Newest(HashKey(key), key);
    return record == nullptr ? 0 : record->sequence();
  }

  Arena arena_;
  HashIndex index_{arena_, GetParam()};
};

TEST_P(HashIndexTest, FindsEveryKeyAndNoOther) {
  for (std::uint64_t i = 1; i <= 500; ++i) Publish(NumberKey(i), i);
  for (std::uint64_t i = 1; i <= 500; ++i) EXPECT_EQ(NewestOf(NumberKey(i)), i);
  for (std::uint64_t i = 501; i <= 1500; ++i) EXPECT_EQ(NewestOf(NumberKey(i)), 0U);
  EXPECT_EQ(NewestOf(""), 0U);
}

TEST_P(HashIndexTest, TheHighestSequenceWinsInWhateverOrderVersionsCome) {
  SequenceNumber highest = 0;
  for (const SequenceNumber sequence : {5U, 3U, 9U, 9000U, 1U, 8999U}) {
    Publish("key", sequence);
    Publish("other", sequence + 1);
    highest = std::max(highest, sequence);
    EXPECT_EQ(NewestOf("key"), highest);
    EXPECT_EQ(NewestOf("other"), highest + 1);
  }
}

TEST_P(HashIndexTest, KeysWithTheSameHashAreToldApart) {
  for (std::uint64_t i = 1; i <= 40; ++i) index_.Publish(77, NewRecord(NumberKey(i), i));
  for (std::uint64_t i = 1; i <= 40; ++i) {
    const EntryRecord* record = index_.Newest(77, NumberKey(i));
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->sequence(), i);
  }
  EXPECT_EQ(index_.Newest(77, NumberKey(41)), nullptr);
}

TEST_P(HashIndexTest, WritersOfTheSameKeysLeaveOneNewestVersionEach) {
  constexpr std::uint64_t kWriters = 4;
  constexpr std::uint64_t kKeys = 300;
  constexpr std::uint64_t kVersions = 10;
  std::atomic<std::uint64_t> ready{0};
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([&, writer] {
        ++ready;
        while (ready.load() < kWriters) std::this_thread::yield();
        for (std::uint64_t i = 0; i < kKeys * kVersions; ++i) {
          const std::uint64_t version = i / kKeys;
          // Half of the writers go through the versions from the newest to the oldest.
          const std::uint64_t rank = writer % 2 == 0 ? version : kVersions - 1 - version;
          Publish(NumberKey(i % kKeys), rank * kWriters + writer + 1);
        }
      });
    }
  }
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    EXPECT_EQ(NewestOf(NumberKey(i)), kWriters * kVersions);
  }
}

INSTANTIATE_TEST_SUITE_P(BucketCounts, HashIndexTest, ::testing::Values(1U, 64U, 4096U));

}  // namespace
}  // namespace quiver
