// What memtable.h promises, checked alike for all eight kinds.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <numeric>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/random.h"
#include "memtable/memtable.h"
#include "memtable/memtable_test_support.h"
#include "memtable/memtable_traits.h"
#include "testing/seed.h"

namespace quiver {

// The kind's name in place of the bytes of its row.
inline void PrintTo(const MemtableTraits& traits, std::ostream* out) {
  *out << traits.name;
}

namespace {

using testing::Model;
using namespace std::string_literals;

class MemtableConformance : public ::testing::TestWithParam<MemtableTraits> {
 protected:
  std::unique_ptr<Memtable> NewTable() {
    return NewMemtable(GetParam().kind, surroundings_.context());
  }
  void Add(std::string_view key, std::string_view value, SequenceNumber sequence) {
    table_->Add({.key = key, .value = value, .sequence = sequence});
  }

  testing::Surroundings surroundings_;
  std::unique_ptr<Memtable> table_ = NewTable();
  Model model_;
};

// The place of an iterator against the place in a model.
void ExpectSamePlace(const InternalIterator& iterator, const Model::Entries& entries,
                     Model::Entries::const_iterator expected) {
  ASSERT_EQ(iterator.Valid(), expected != entries.end());
  if (!iterator.Valid()) return;
  ASSERT_EQ(iterator.entry().key, expected->first.first);
  ASSERT_EQ(iterator.entry().sequence, expected->first.second);
  ASSERT_EQ(iterator.entry().value, expected->second);
}

TEST(MemtableTraits, EveryKindIsBuiltUnderItsOwnName) {
  const std::vector<std::string_view> names = {
      "sorted",           "skiplist",          "trie",          "linked_list",
      "hash_linked_list", "enhanced_skiplist", "hash_skiplist", "vector"};
  testing::Surroundings surroundings;
  ASSERT_EQ(AllMemtableTraits().size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const MemtableTraits& traits = AllMemtableTraits()[i];
    EXPECT_EQ(traits.name, names[i]);
    EXPECT_EQ(&TraitsOf(traits.kind), &traits);
    EXPECT_EQ(NewMemtable(traits.kind, surroundings.context())->kind(), traits.kind);
    EXPECT_GE(traits.size_bytes_max, std::uint64_t{4} << 20);
    EXPECT_LE(traits.size_bytes_max, std::uint64_t{2} << 30);
  }
}

TEST_P(MemtableConformance, AnEmptyTableHoldsNothing) {
  for (const bool sealed : {false, true}) {
    if (sealed) table_->Seal();
    LookupAnswer answer;
    EXPECT_FALSE(table_->Get(LookupKey("", kSequenceMax), answer));
    EXPECT_FALSE(table_->Get(LookupKey("key", 0), answer));
    EXPECT_EQ(table_->entry_count(), 0U);
    auto iterator = table_->NewIterator();
    EXPECT_FALSE(iterator->Valid());
    iterator->SeekToFirst();
    EXPECT_FALSE(iterator->Valid());
    iterator->SeekToLast();
    EXPECT_FALSE(iterator->Valid());
    iterator->Seek("", kSequenceMax);
    EXPECT_FALSE(iterator->Valid());
    iterator->SeekForPrev("key", 0);
    EXPECT_FALSE(iterator->Valid());
    EXPECT_TRUE(iterator->status().ok());
  }
}

TEST_P(MemtableConformance, ASingleEntryIsFoundFromEverywhere) {
  model_.Add(*table_, "key", 7);
  model_.ExpectEquals(*table_);
  auto iterator = table_->NewIterator();
  for (const auto& [key, sequence, ahead] : {std::tuple{"", SequenceNumber{0}, true},
                                             {"ke", 0, true},
                                             {"key", 8, true},
                                             {"key", 6, false},
                                             {"key0", kSequenceMax, false}}) {
    iterator->Seek(key, sequence);
    EXPECT_EQ(iterator->Valid(), ahead) << key << " " << sequence;
    iterator->SeekForPrev(key, sequence);
    EXPECT_EQ(iterator->Valid(), !ahead) << key << " " << sequence;
  }
}

TEST_P(MemtableConformance, EachOfManyVersionsIsSeenAtItsSnapshot) {
  constexpr std::uint64_t kVersions = 300;
  for (std::uint64_t i = 0; i < kVersions; ++i) {
    const SequenceNumber sequence = 10 + i * 101 % kVersions * 10;  // in no order
    model_.Add(*table_, "key", sequence);
    if (i % 10 == 0) model_.Add(*table_, "kex", sequence);
    if (i % 10 == 5) model_.Add(*table_, "key\0"s, sequence);
  }
  LookupAnswer answer;
  for (SequenceNumber snapshot = 0; snapshot < 10 * kVersions + 20; ++snapshot) {
    ASSERT_EQ(table_->Get(LookupKey("key", snapshot), answer), snapshot >= 10);
    if (snapshot < 10) continue;
    ASSERT_EQ(answer.sequence, std::min(snapshot / 10 * 10, 10 * kVersions));
    ASSERT_EQ(answer.value, Model::ValueOf("key", answer.sequence));
  }
  model_.ExpectEquals(*table_);
}

TEST_P(MemtableConformance, KeysMayBeAnyBytesOfAnyLength) {
  std::set<std::string> keys = {""};
  for (const char byte : {'\0', '\1', 'a', '\x7f', '\x80', '\xff'}) {
    for (const std::size_t length : {1U, 2U, 7U, 8U, 9U, 15U, 16U, 17U, 255U, 256U, 65535U}) {
      keys.insert(std::string(length, byte));
      keys.insert(std::string(length - 1, byte) + '\0');
      keys.insert(std::string(length - 1, byte) + '\xff');
    }
  }
  SequenceNumber sequence = 0;
  for (const std::string& key : keys) model_.Add(*table_, key, ++sequence);
  for (const std::string& key : keys) model_.Add(*table_, key, ++sequence);
  model_.ExpectEquals(*table_);
  table_->Seal();
  model_.ExpectEquals(*table_);
}

TEST_P(MemtableConformance, KeysThatShareLongPrefixesOrArePrefixesOfOthersKeepTheirOrder) {
  Random random(testing::TestSeed(301));
  std::set<std::string> keys;
  const std::string shared = "twenty bytes shared:";
  ASSERT_EQ(shared.size(), 20U);
  for (std::size_t i = 0; i <= 60; ++i) {
    keys.insert(std::string(i, 'p'));
    keys.insert(shared.substr(0, i));
    keys.insert(shared + std::string(i, '\0'));
  }
  while (keys.size() < 800) {
    std::string key = shared;
    for (std::uint64_t rest = random.Below(12); rest > 0; --rest) {
      key += static_cast<char>("\0\1ab\xff"[random.Below(5)]);
    }
    keys.insert(key);
  }
  std::vector<std::string> order(keys.begin(), keys.end());
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  for (std::size_t i = 0; i < order.size(); ++i) model_.Add(*table_, order[i], i + 1);
  model_.ExpectEquals(*table_);
}

TEST_P(MemtableConformance, ValuesOfAnySizeComeBackWholeAndStayWhereTheyAre) {
  const std::string large(std::size_t{1} << 20, 'L');
  Add("empty", "", 1);
  Add("large", large, 2);
  Add("binary", std::string_view("\0\xff\0", 3), 3);
  LookupAnswer empty;
  LookupAnswer answer;
  ASSERT_TRUE(table_->Get(LookupKey("empty", kSequenceMax), empty));
  ASSERT_TRUE(table_->Get(LookupKey("large", kSequenceMax), answer));
  for (SequenceNumber sequence = 4; sequence < 2000; ++sequence) {
    Add("other" + std::to_string(sequence), "value", sequence);
  }
  table_->Seal();
  EXPECT_EQ(empty.value, "");
  EXPECT_EQ(answer.value, large);
  ASSERT_TRUE(table_->Get(LookupKey("binary", kSequenceMax), answer));
  EXPECT_EQ(answer.value, std::string_view("\0\xff\0", 3));
}

TEST_P(MemtableConformance, OperationsAndExpiryTimesAreCarriedThrough) {
  const std::vector<EntryView> entries = {
      {.key = "a", .value = "", .sequence = 9, .operation = Operation::kDelete},
      {.key = "a", .value = "x", .sequence = 4, .expiry_us = 77},
      {.key = "b", .value = "c", .sequence = kSequenceMax, .operation = Operation::kRangeDelete},
      {.key = "b", .value = "+1", .sequence = 1, .operation = Operation::kMerge, .expiry_us = ~0U},
  };
  for (const std::size_t i : {2U, 1U, 0U, 3U}) table_->Add(entries[i]);
  auto iterator = table_->NewIterator();
  iterator->SeekToFirst();
  for (const EntryView& entry : entries) {
    LookupAnswer answer;
    ASSERT_TRUE(table_->Get(LookupKey(entry.key, entry.sequence), answer));
    EXPECT_EQ(answer.operation, entry.operation);
    EXPECT_EQ(answer.expiry_us, entry.expiry_us);
    EXPECT_EQ(answer.value, entry.value);
    ASSERT_TRUE(iterator->Valid());
    EXPECT_EQ(iterator->entry().operation, entry.operation);
    EXPECT_EQ(iterator->entry().expiry_us, entry.expiry_us);
    EXPECT_EQ(iterator->entry().sequence, entry.sequence);
    iterator->Next();
  }
  EXPECT_FALSE(iterator->Valid());
}

// One step of a random walk: the same move on the iterator and in the model.
class RandomWalk {
 public:
  RandomWalk(const Memtable& table, const Model& model, std::uint64_t seed)
      : table_(table), entries_(model.entries()), random_(seed), place_(entries_.end()) {}

  std::string RandomKey() {
    std::string key(random_.Below(4) * 5, 'k');
    for (std::uint64_t rest = random_.Below(4); rest > 0; --rest) {
      key += static_cast<char>('a' + random_.Below(8));
    }
    return key;
  }
  Random& random() { return random_; }

  void Steps(int count) {
    iterator_ = table_.NewIterator();
    place_ = entries_.end();
    for (int i = 0; i < count && !::testing::Test::HasFailure(); ++i) Step();
  }

 private:
  void Step() {
    const Model::Place target(RandomKey(), random_.Below(6000));
    switch (random_.Below(16)) {
      case 0: return Seek(target);
      case 1: return SeekForPrev(target);
      case 2: return Look(target);
      case 3: return SeekToEnd(random_.OneIn(2));
      default: return random_.OneIn(2) ? Next() : Prev();
    }
  }
  void Seek(const Model::Place& target) {
    iterator_->Seek(target.first, target.second);
    place_ = entries_.lower_bound(target);
    ExpectSamePlace(*iterator_, entries_, place_);
  }
  void SeekForPrev(const Model::Place& target) {
    iterator_->SeekForPrev(target.first, target.second);
    place_ = entries_.upper_bound(target);
    place_ = place_ == entries_.begin() ? entries_.end() : std::prev(place_);
    ExpectSamePlace(*iterator_, entries_, place_);
  }
  void SeekToEnd(bool first) {
    first ? iterator_->SeekToFirst() : iterator_->SeekToLast();
    place_ = first || entries_.empty() ? entries_.begin() : std::prev(entries_.end());
    ExpectSamePlace(*iterator_, entries_, place_);
  }
  void Next() {
    if (!iterator_->Valid()) return;
    iterator_->Next();
    ExpectSamePlace(*iterator_, entries_, ++place_);
  }
  void Prev() {
    if (!iterator_->Valid()) return;
    iterator_->Prev();
    place_ = place_ == entries_.begin() ? entries_.end() : std::prev(place_);
    ExpectSamePlace(*iterator_, entries_, place_);
  }
  void Look(const Model::Place& target) {
    LookupAnswer answer;
    const auto expected = entries_.lower_bound(target);
    const bool found = expected != entries_.end() && expected->first.first == target.first;
    ASSERT_EQ(table_.Get(LookupKey(target.first, target.second), answer), found);
    if (!found) return;
    ASSERT_EQ(answer.value, expected->second);
  }

  const Memtable& table_;
  const Model::Entries& entries_;
  Random random_;
  std::unique_ptr<InternalIterator> iterator_;
  Model::Entries::const_iterator place_;
};

TEST_P(MemtableConformance, RandomOperationsAgreeWithAnOrderedMap) {
  RandomWalk walk(*table_, model_, testing::TestSeed(302));
  constexpr int kRounds = 40;
  for (int round = 0; round <= kRounds && !HasFatalFailure(); ++round) {
    for (int i = 0; round < kRounds && i < 120; ++i) {
      const std::string key = walk.RandomKey();
      const SequenceNumber sequence = walk.random().Below(6000);
      if (!model_.entries().contains({key, sequence})) model_.Add(*table_, key, sequence);
    }
    if (round == kRounds) table_->Seal();
    walk.Steps(2600);
  }
  EXPECT_EQ(table_->entry_count(), model_.entries().size());
}

// Steps to one end and checks that the order holds and that nothing of `before` is skipped.
void ExpectAllAhead(InternalIterator& iterator, bool forward, const Model::Entries& before) {
  ASSERT_TRUE(iterator.Valid());
  auto expected = before.find({std::string(iterator.entry().key), iterator.entry().sequence});
  std::string last_key;
  SequenceNumber last_sequence = 0;
  for (bool first = true; iterator.Valid(); first = false) {
    const EntryView& entry = iterator.entry();
    const int order = CompareEntry(last_key, last_sequence, entry.key, entry.sequence);
    ASSERT_TRUE(first || (forward ? order < 0 : order > 0));
    last_key = entry.key;
    last_sequence = entry.sequence;
    if (expected != before.end() && expected->first == Model::Place(last_key, last_sequence)) {
      ASSERT_EQ(entry.value, expected->second);
      if (forward) {
        ++expected;
      } else {
        expected = expected == before.begin() ? before.end() : std::prev(expected);
      }
    }
    forward ? iterator.Next() : iterator.Prev();
  }
  ASSERT_TRUE(expected == before.end()) << "skipped " << expected->first.first;
}

TEST_P(MemtableConformance, AnIteratorSkipsNothingThatWasThereWhenItWasMade) {
  for (std::uint64_t i = 0; i < 1000; ++i) model_.Add(*table_, testing::NumberKey(i * 10), i + 1);
  const Model::Entries before = model_.entries();
  std::vector<std::unique_ptr<InternalIterator>> iterators;
  for (std::uint64_t i = 0; i < 20; ++i) {
    iterators.push_back(table_->NewIterator());
    iterators.back()->Seek(testing::NumberKey(i * 500), kSequenceMax);
  }
  for (std::uint64_t i = 0; i < 9000; ++i) {
    model_.Add(*table_, testing::NumberKey(i * 7919 % 9000 / 9 * 10 + 1 + i * 7919 % 9), 2000 + i);
  }
  for (std::size_t i = 0; i < iterators.size(); ++i) {
    ExpectAllAhead(*iterators[i], i % 2 == 0, before);
    iterators[i]->Seek(testing::NumberKey(5011), kSequenceMax);
    ASSERT_TRUE(iterators[i]->Valid());
    EXPECT_EQ(iterators[i]->entry().key, testing::NumberKey(5011)) << "a later Seek sees it";
  }
}

TEST_P(MemtableConformance, SealChangesNothingForReadersOldAndNew) {
  Random random(testing::TestSeed(303));
  const auto keys = testing::ShuffledKeys(1500, 700, random);
  for (std::size_t i = 0; i < keys.size(); ++i) model_.Add(*table_, keys[i], i + 1);
  auto untouched = table_->NewIterator();
  auto forward = table_->NewIterator();
  auto backward = table_->NewIterator();
  forward->SeekToFirst();
  backward->SeekToLast();
  table_->Seal();
  model_.ExpectEquals(*table_);
  ExpectAllAhead(*forward, true, model_.entries());
  ExpectAllAhead(*backward, false, model_.entries());
  untouched->SeekToFirst();
  ExpectAllAhead(*untouched, true, model_.entries());
}

TEST_P(MemtableConformance, MemoryIsNeverCountedBelowTheBytesStored) {
  EXPECT_LE(table_->memory_bytes(), std::size_t{64} << 10);
  const std::string value(300, 'v');
  std::size_t stored = 0;
  std::size_t last = table_->memory_bytes();
  for (SequenceNumber sequence = 1; sequence <= 5000; ++sequence) {
    const std::string key = "key" + std::to_string(sequence * 7919 % 5000);
    Add(key, value, sequence);
    stored += key.size() + value.size();
    ASSERT_GE(table_->memory_bytes(), stored);
  }
  EXPECT_GT(table_->memory_bytes(), last);
  last = table_->memory_bytes();
  Add("large", std::string(std::size_t{8} << 20, 'L'), 9000);
  EXPECT_GE(table_->memory_bytes(), last + (std::size_t{8} << 20));
}

TEST_P(MemtableConformance, ReadersFindWhatAWriterHasPublished) {
  Random random(testing::TestSeed(304));
  const auto shuffled = testing::ShuffledKeys(4000, 1500, random);
  testing::ReadersBesideWriter(*table_, shuffled).Run(2, 305);
  std::vector<std::string> ascending;
  for (std::uint64_t i = 0; i < 4000; ++i) ascending.push_back(testing::NumberKey(i));
  table_ = NewTable();
  testing::ReadersBesideWriter(*table_, ascending).Run(2, 306);
}

TEST_P(MemtableConformance, ReadersWorkBesideSeal) {
  Random random(testing::TestSeed(307));
  const auto keys = testing::ShuffledKeys(3000, 3000, random);
  for (std::size_t i = 0; i < keys.size(); ++i) Add(keys[i], "value", i + 1);
  testing::CheckReadersBesideSeal(*table_, keys);
}

// Several writers, each with sequences of its own, beside readers that check whatever the writers
// have published. Entry `index` of writer `writer` has the sequence index * kWriters + writer + 1.
class WritersBesideReaders {
 public:
  using KeyOf = std::function<std::string(std::size_t writer, std::size_t index)>;
  static constexpr std::size_t kWriters = 3;
  static constexpr std::size_t kReaders = 2;

  WritersBesideReaders(Memtable& table, std::size_t entries, KeyOf key_of)
      : table_(table), entries_(entries), key_of_(std::move(key_of)) {}

  void Run(std::uint64_t seed) {
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < kReaders; ++i) {
        threads.emplace_back([this, seed, i] { Read(seed + i); });
      }
      for (std::size_t i = 0; i < kWriters; ++i) {
        threads.emplace_back([this, i] { Write(i); });
      }
    }
    Scan(true);
    Scan(false);
    EXPECT_EQ(failures_.load(), 0U);
    EXPECT_EQ(table_.entry_count(), entries_ * kWriters);
  }

 private:
  using Progress = std::array<std::size_t, kWriters>;

  static SequenceNumber SequenceOf(std::size_t writer, std::size_t index) {
    return index * kWriters + writer + 1;
  }
  void FailUnless(bool condition) { failures_ += condition ? 0 : 1; }
  Progress Published() const {
    Progress progress;
    for (std::size_t i = 0; i < kWriters; ++i) {
      progress[i] = published_[i].load(std::memory_order_acquire);
    }
    return progress;
  }

  void Write(std::size_t writer) {
    for (std::size_t index = 0; index < entries_; ++index) {
      // Waits for a reader now and then, so that readers are at work all the time.
      const std::size_t rounds = rounds_.load();
      while (index % (entries_ / 50) == 0 && rounds_.load() == rounds) std::this_thread::yield();
      const std::string key = key_of_(writer, index);
      table_.Add({.key = key, .value = key, .sequence = SequenceOf(writer, index)});
      published_[writer].store(index + 1, std::memory_order_release);
    }
  }

  void Read(std::uint64_t seed) {
    Random random(seed);
    auto iterator = table_.NewIterator();
    for (std::size_t done = 0; done < entries_ * kWriters;) {
      const Progress progress = Published();
      done = std::accumulate(progress.begin(), progress.end(), std::size_t{0});
      for (int i = 0; i < 100; ++i) {
        const std::size_t writer = random.Below(kWriters);
        if (progress[writer] > 0) Look(*iterator, writer, random.Below(progress[writer]));
      }
      Scan(random.OneIn(2));
      ++rounds_;
    }
  }

  void Look(InternalIterator& iterator, std::size_t writer, std::size_t index) {
    const std::string key = key_of_(writer, index);
    const SequenceNumber sequence = SequenceOf(writer, index);
    LookupAnswer answer;
    FailUnless(table_.Get(LookupKey(key, sequence), answer) && answer.sequence == sequence &&
               answer.value == key);
    FailUnless(table_.Get(LookupKey(key, kSequenceMax), answer) && answer.sequence >= sequence);
    iterator.Seek(key, sequence);
    FailUnless(iterator.Valid() && iterator.entry().sequence == sequence);
    iterator.SeekForPrev(key, sequence);
    FailUnless(iterator.Valid() && iterator.entry().sequence == sequence);
  }

  void Scan(bool forward) {
    const Progress progress = Published();
    auto iterator = table_.NewIterator();
    std::string last_key;
    SequenceNumber last_sequence = 0;
    Progress seen{};
    bool first = true;
    for (forward ? iterator->SeekToFirst() : iterator->SeekToLast(); iterator->Valid();
         forward ? iterator->Next() : iterator->Prev()) {
      const EntryView& entry = iterator->entry();
      const int order = CompareEntry(last_key, last_sequence, entry.key, entry.sequence);
      FailUnless(first || (forward ? order < 0 : order > 0));
      first = false;
      last_key = entry.key;
      last_sequence = entry.sequence;
      const std::size_t writer = (entry.sequence - 1) % kWriters;
      seen[writer] += (entry.sequence - 1) / kWriters < progress[writer] ? 1 : 0;
    }
    FailUnless(seen == progress);
  }

  Memtable& table_;
  const std::size_t entries_;
  const KeyOf key_of_;
  std::array<std::atomic<std::size_t>, kWriters> published_{};
  std::atomic<std::size_t> rounds_{0};
  std::atomic<std::size_t> failures_{0};
};

class ConcurrentWriters : public MemtableConformance {};

TEST_P(ConcurrentWriters, EveryEntryOfEveryWriterIsFoundOnceItIsPublished) {
  constexpr std::size_t kEntries = 1500;
  const WritersBesideReaders::KeyOf scattered = [](std::size_t writer, std::size_t index) {
    return testing::NumberKey((index * 3 + writer) * 7919 % 100'000);
  };
  const WritersBesideReaders::KeyOf ascending = [](std::size_t writer, std::size_t index) {
    return testing::NumberKey(index * 3 + writer);
  };
  const WritersBesideReaders::KeyOf few = [](std::size_t /*writer*/, std::size_t index) {
    return testing::NumberKey(index % 5);
  };
  for (const auto& key_of : {scattered, ascending, few}) {
    table_ = NewTable();
    WritersBesideReaders(*table_, kEntries, key_of).Run(testing::TestSeed(308));
  }
}

std::string NameOf(const ::testing::TestParamInfo<MemtableTraits>& info) {
  return std::string(info.param.name);
}

std::vector<MemtableTraits> KindsWithConcurrentWriters() {
  std::vector<MemtableTraits> kinds;
  for (const MemtableTraits& traits : AllMemtableTraits()) {
    if (traits.concurrent_writers) kinds.push_back(traits);
  }
  return kinds;
}

INSTANTIATE_TEST_SUITE_P(AllKinds, MemtableConformance,
                         ::testing::ValuesIn(AllMemtableTraits().begin(),
                                             AllMemtableTraits().end()),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(KindsThatAllowIt, ConcurrentWriters,
                         ::testing::ValuesIn(KindsWithConcurrentWriters()), NameOf);

}  // namespace
}  // namespace quiver
