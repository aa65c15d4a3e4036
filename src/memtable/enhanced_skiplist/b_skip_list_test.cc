// What the conformance test does not reach: lists of several levels, the ways keys share
// prefixes, how full the nodes become, and writers that split the same nodes.
#include "memtable/enhanced_skiplist/b_skip_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "memtable/memtable_test_support.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using testing::NumberKey;
using Places = std::vector<std::pair<std::string, SequenceNumber>>;

constexpr std::uint64_t kEntries = 20'000;

Places WithSequences(const std::vector<std::string>& keys) {
  Places places;
  for (std::size_t i = 0; i < keys.size(); ++i) places.emplace_back(keys[i], i + 1);
  return places;
}

template <typename KeyOf>
Places MakePlaces(std::uint64_t count, KeyOf key_of) {
  std::vector<std::string> keys;
  for (std::uint64_t i = 0; i < count; ++i) keys.push_back(key_of(i));
  return WithSequences(keys);
}

void Shuffle(Places& places, Random& random) {
  for (std::size_t i = places.size(); i > 1; --i) {
    std::swap(places[i - 1], places[random.Below(i)]);
  }
}

class BSkipListTest : public ::testing::Test {
 protected:
  void Insert(const std::string& key, SequenceNumber sequence) {
    list_.Insert(*EntryRecord::Create(arena_, {.key = key, .sequence = sequence}));
  }
  void InsertAll(const Places& places) {
    for (const auto& [key, sequence] : places) Insert(key, sequence);
  }

  /// Every entry is found by itself, and both scans show all of them in order.
  void ExpectHolds(Places places) {
    for (const auto& [key, sequence] : places) {
      const EntryRecord* record = list_.Find(LookupKey(key, sequence));
      ASSERT_NE(record, nullptr) << key;
      ASSERT_EQ(record->sequence(), sequence);
    }
    std::sort(places.begin(), places.end(), [](const auto& a, const auto& b) {
      return CompareEntry(a.first, a.second, b.first, b.second) < 0;
    });
    auto iterator = list_.NewIterator();
    iterator->SeekToFirst();
    for (const auto& place : places) {
      ASSERT_TRUE(iterator->Valid());
      ASSERT_EQ(iterator->entry().key, place.first);
      ASSERT_EQ(iterator->entry().sequence, place.second);
      iterator->Next();
    }
    ASSERT_FALSE(iterator->Valid());
    iterator->SeekToLast();
    for (auto place = places.rbegin(); place != places.rend(); ++place) {
      ASSERT_TRUE(iterator->Valid());
      ASSERT_EQ(iterator->entry().key, place->first);
      ASSERT_EQ(iterator->entry().sequence, place->second);
      iterator->Prev();
    }
    ASSERT_FALSE(iterator->Valid());
    EXPECT_EQ(list_.entry_count(), places.size());
  }

  void ExpectHoldsOnceInserted(const Places& places) {
    InsertAll(places);
    ExpectHolds(places);
  }

  Arena arena_;
  BSkipList list_{arena_};
};

TEST_F(BSkipListTest, KeysThatDifferInTheirFirstBytesKeepTheirOrder) {
  Random random(testing::TestSeed(311));
  ExpectHoldsOnceInserted(MakePlaces(kEntries, [&](std::uint64_t /*i*/) {
    const std::uint64_t word = random.Next();
    return std::string(reinterpret_cast<const char*>(&word), sizeof(word)) + "tail";
  }));
}

TEST_F(BSkipListTest, KeysThatDifferOnlyInTheirLastBytesKeepTheirOrder) {
  Random random(testing::TestSeed(312));
  Places places = MakePlaces(
      kEntries, [](std::uint64_t i) { return "tenant/0000/table/users/row/" + NumberKey(i); });
  Shuffle(places, random);
  ExpectHoldsOnceInserted(places);
}

TEST_F(BSkipListTest, KeysOutsideThePrefixOfAllOthersShortenItAtEitherEnd) {
  Random random(testing::TestSeed(313));
  Places places;
  for (std::uint64_t round = 0; round < 20; ++round) {
    // Each round shares less with the rounds before it, and comes before or after all of them.
    const std::string prefix = std::string(20 - round, 'm') + (round % 2 == 0 ? "a" : "z");
    for (std::uint64_t i = 0; i < 500; ++i) {
      places.emplace_back(prefix + NumberKey(random.Below(1000)), places.size() + 1);
    }
    places.emplace_back(std::string(20 - round, 'm'), places.size() + 1);
  }
  ExpectHoldsOnceInserted(places);
}

TEST_F(BSkipListTest, KeysWhosePrefixesTieEverywhereAreDecidedByWholeEntries) {
  Random random(testing::TestSeed(314));
  // Two groups far apart, so that nodes in between share nothing, and long ties within each.
  Places places = MakePlaces(kEntries / 4, [](std::uint64_t i) {
    return (i % 2 == 0 ? "alpha: the same long text " : "omega: the same long text ") +
           NumberKey(i / 3);
  });
  Shuffle(places, random);
  ExpectHoldsOnceInserted(places);
}

TEST_F(BSkipListTest, OneKeyMayHaveMoreVersionsThanANodeHolds) {
  Random random(testing::TestSeed(315));
  Places places = MakePlaces(kEntries / 4, [](std::uint64_t /*i*/) { return "the key"; });
  ExpectHoldsOnceInserted(places);  // newest last, so each goes to the front
  for (const SequenceNumber above : {SequenceNumber{kEntries}, kSequenceMax}) {
    const EntryRecord* record = list_.Find(LookupKey("the key", above));
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->sequence(), kEntries / 4);
  }
  EXPECT_EQ(list_.Find(LookupKey("the key", 0)), nullptr);
  EXPECT_EQ(list_.Find(LookupKey("the keys", kSequenceMax)), nullptr);
}

// So many that a chunk of the arena more or less does not matter. A record takes 24 + 11 bytes,
// rounded up to 40, and an entry 18 bytes of a full node but 34 of one half empty.
constexpr std::uint64_t kManyEntries = 300'000;
constexpr std::size_t kFullNodesBytes = kManyEntries * 60 + kHugePageBytes;

TEST_F(BSkipListTest, EntriesThatArriveInOrderFillTheirNodes) {
  ExpectHoldsOnceInserted(MakePlaces(kManyEntries, [](std::uint64_t i) { return NumberKey(i); }));
  EXPECT_LE(arena_.memory_bytes(), kFullNodesBytes);
}

TEST_F(BSkipListTest, EntriesThatArriveInReverseFillTheirNodes) {
  ExpectHoldsOnceInserted(
      MakePlaces(kManyEntries, [](std::uint64_t i) { return NumberKey(kManyEntries - i); }));
  EXPECT_LE(arena_.memory_bytes(), kFullNodesBytes);
}

TEST_F(BSkipListTest, ManyAscendingStreamsAreKeptApart) {
  ExpectHoldsOnceInserted(MakePlaces(kEntries, [](std::uint64_t i) {
    return "stream" + std::to_string(i * 7919 % 13) + "/" + NumberKey(i);
  }));
}

TEST_F(BSkipListTest, AnIteratorSkipsNothingWhenSplitsMoveWhatLiesAhead) {
  InsertAll(MakePlaces(300, [](std::uint64_t i) { return NumberKey(i * 1000); }));
  auto forward = list_.NewIterator();
  forward->Seek(NumberKey(30'000), kSequenceMax);
  auto backward = list_.NewIterator();
  backward->SeekToLast();
  // 6 i + 1 is no multiple of 1000, so the old entries can be told by their three zeros.
  InsertAll(MakePlaces(50'000, [](std::uint64_t i) { return NumberKey(i * 6 + 1); }));
  std::uint64_t met = 0;
  for (; forward->Valid(); forward->Next()) met += forward->entry().key.ends_with("000");
  EXPECT_EQ(met, 270U);
  met = 0;
  for (; backward->Valid(); backward->Prev()) met += backward->entry().key.ends_with("000");
  EXPECT_EQ(met, 300U);
}

TEST_F(BSkipListTest, WritersThatSplitTheSameNodesLoseNothing) {
  constexpr std::size_t kWriters = 4;
  constexpr std::uint64_t kEach = 5000;
  // All writers append at the same end, so that they meet in every split up to the root.
  const auto place_of = [](std::size_t writer, std::uint64_t i) {
    return std::pair(NumberKey(i * kWriters + writer), SequenceNumber{i + 1});
  };
  std::atomic<std::size_t> ready{0};
  {
    std::vector<std::jthread> threads;
    for (std::size_t writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([&, writer] {
        ++ready;
        while (ready.load() < kWriters) std::this_thread::yield();
        for (std::uint64_t i = 0; i < kEach; ++i) {
          const auto [key, sequence] = place_of(writer, i);
          Insert(key, sequence);
        }
      });
    }
  }
  Places places;
  for (std::size_t writer = 0; writer < kWriters; ++writer) {
    for (std::uint64_t i = 0; i < kEach; ++i) places.push_back(place_of(writer, i));
  }
  ExpectHolds(places);
}

}  // namespace
}  // namespace quiver
