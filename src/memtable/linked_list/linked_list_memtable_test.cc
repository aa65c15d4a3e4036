#include "memtable/linked_list/linked_list_memtable.h"

#include <gtest/gtest.h>

#include "memtable/memtable_test_support.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using testing::Model;
using testing::NumberKey;

constexpr std::size_t kChunkRecords = LinkedListMemtable::kChunkRecords;

class LinkedListMemtableTest : public ::testing::Test {
 protected:
  testing::Surroundings surroundings_;
  LinkedListMemtable memtable_{surroundings_.context()};
  Model model_;
};

TEST_F(LinkedListMemtableTest, ChunksSplitAtEveryPlaceOfAFullOne) {
  // The entry that finds the chunk full comes first, last, and around the middle of it.
  for (const std::size_t place : {std::size_t{0}, kChunkRecords / 2 - 1, kChunkRecords / 2,
                                  kChunkRecords / 2 + 1, kChunkRecords - 1, kChunkRecords}) {
    LinkedListMemtable memtable(surroundings_.context());
    Model model;
    for (std::size_t i = 0; i < kChunkRecords; ++i)
      model.Add(memtable, NumberKey(2 * i + 1), i + 1);
    model.Add(memtable, NumberKey(2 * place), kChunkRecords + 1);
    model.ExpectEquals(memtable);
  }
}

TEST_F(LinkedListMemtableTest, EntriesInOrderFillChunksCompletely) {
  const std::size_t chunks = 50;
  for (std::size_t i = 0; i < chunks * kChunkRecords; ++i) {
    model_.Add(memtable_, NumberKey(i), i + 1);
  }
  model_.ExpectScans(memtable_);
  // Half-full chunks would have made the list about twice as long.
  LinkedListMemtable backward(surroundings_.context());
  Model backward_model;
  for (std::size_t i = chunks * kChunkRecords; i-- > 0;) {
    backward_model.Add(backward, NumberKey(i), i + 1);
  }
  backward_model.ExpectScans(backward);
  EXPECT_LT(memtable_.memory_bytes(), backward.memory_bytes());
}

TEST_F(LinkedListMemtableTest, RandomEntriesMatchTheModel) {
  Random random(testing::TestSeed(41));
  const auto keys = testing::ShuffledKeys(3000, 1000, random);
  model_.ExpectScans(memtable_);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    model_.Add(memtable_, keys[i], i + 1);
    if (i % 1000 == 130) model_.ExpectEquals(memtable_);
  }
  model_.ExpectEquals(memtable_);
  model_.ExpectWalk(memtable_, random, 5000);
}

TEST_F(LinkedListMemtableTest, AVersionBehindTheEndOfAChunkIsFound) {
  // All chunks hold versions of one key, so most lookups end at another chunk's bound.
  for (std::size_t i = 0; i < 5 * kChunkRecords; ++i) model_.Add(memtable_, "key", 3 * (i + 1));
  model_.Add(memtable_, "kez", 1);
  model_.ExpectEquals(memtable_);
}

TEST_F(LinkedListMemtableTest, AnIteratorCrossesChunksThatWereSplitUnderIt) {
  for (std::size_t i = 0; i < 4 * kChunkRecords; ++i) {
    model_.Add(memtable_, NumberKey(10 * i), i + 1);
  }
  const Model before = model_;
  for (const bool forward : {true, false}) {
    auto iterator = memtable_.NewIterator();
    forward ? iterator->SeekToFirst() : iterator->SeekToLast();
    std::size_t seen = 0;
    Random random(testing::TestSeed(42));
    for (; iterator->Valid(); forward ? iterator->Next() : iterator->Prev()) {
      seen += before.entries().contains(
                  Model::Place(std::string(iterator->entry().key), iterator->entry().sequence))
                  ? 1
                  : 0;
      model_.Add(memtable_, NumberKey(random.Below(40 * kChunkRecords)),
                 memtable_.entry_count() + 1);
    }
    EXPECT_EQ(seen, before.entries().size());
  }
  model_.ExpectScans(memtable_);
}

TEST_F(LinkedListMemtableTest, AReaderNeverMissesTheHalfThatASplitMovesAway) {
  // Each list has two full chunks and gets one entry that splits the first, while the reader
  // looks up its upper half, by Get and by stepping back into it from the second chunk.
  constexpr std::size_t kLists = 100;
  std::vector<std::unique_ptr<LinkedListMemtable>> lists;
  for (std::size_t i = 0; i < kLists; ++i) {
    lists.push_back(std::make_unique<LinkedListMemtable>(surroundings_.context()));
    for (std::size_t j = 0; j < 2 * kChunkRecords; ++j) {
      lists.back()->Add({.key = NumberKey(2 * j), .value = {}, .sequence = j + 1});
    }
  }
  std::atomic<std::size_t> current{0};
  std::atomic<std::size_t> lookups{0};
  std::atomic<std::size_t> misses{0};
  const std::string last_key = NumberKey(2 * (kChunkRecords - 1));
  const std::string next_key = NumberKey(2 * kChunkRecords);
  {
    const std::jthread reader([&] {
      for (std::size_t i = current; i < kLists; i = current) {
        LookupAnswer answer;
        if (!lists[i]->Get(LookupKey(last_key, kSequenceMax), answer)) ++misses;
        auto iterator = lists[i]->NewIterator();
        iterator->Seek(next_key, kSequenceMax);
        iterator->Prev();
        if (!iterator->Valid() || iterator->entry().key != last_key) ++misses;
        ++lookups;
      }
    });
    for (std::size_t i = 0; i < kLists; ++i) {
      const std::size_t before = lookups;
      testing::Await([&lookups, before] { return lookups >= before + 2; });
      lists[i]->Add({.key = NumberKey(11), .value = {}, .sequence = 1000});
      current = i + 1;
    }
  }
  EXPECT_EQ(misses, 0U);
}

TEST_F(LinkedListMemtableTest, ReadersFindEverythingCommittedBesideTheWriter) {
  Random random(testing::TestSeed(43));
  const auto keys = testing::ShuffledKeys(5000, 1500, random);
  testing::ReadersBesideWriter(memtable_, keys).Run(3, 43);
}

TEST_F(LinkedListMemtableTest, ReadersFollowAnAppendOnlyStream) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < 5000; ++i) keys.push_back(NumberKey(i));
  testing::ReadersBesideWriter(memtable_, keys).Run(2, 44);
}

}  // namespace
}  // namespace quiver
