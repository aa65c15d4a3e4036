// Test support of this floor: a model to compare any memtable with, and readers that check it
// while a writer works.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "memtable/memtable.h"

namespace quiver::testing {

/// What every memtable needs around it.
struct Surroundings {
  EpochManager epochs;
  HugeMemoryPool pool{std::size_t{8} << 20};

  MemtableContext context(std::uint32_t hash_buckets = 1U << 10) {
    return {.memory_pool = &pool, .epochs = &epochs, .hash_buckets = hash_buckets};
  }
};

/// The entries as an ordered map says they should be.
class Model {
 public:
  using Place = std::pair<std::string, SequenceNumber>;
  struct Order {
    bool operator()(const Place& a, const Place& b) const {
      return CompareEntry(a.first, a.second, b.first, b.second) < 0;
    }
  };
  using Entries = std::map<Place, std::string, Order>;

  /// Adds the same entry to `memtable` and here. The value tells key and sequence apart.
  void Add(Memtable& memtable, const std::string& key, SequenceNumber sequence) {
    const std::string value = ValueOf(key, sequence);
    memtable.Add({.key = key, .value = value, .sequence = sequence});
    ASSERT_TRUE(entries_.emplace(Place(key, sequence), value).second);
  }

  static std::string ValueOf(const std::string& key, SequenceNumber sequence) {
    return std::to_string(sequence) + ":" + key.substr(0, 8);
  }
  const Entries& entries() const { return entries_; }

  /// Both directions of a whole scan, every Get, and seeks at and between all places.
  void ExpectEquals(const Memtable& memtable) const {
    ASSERT_EQ(memtable.entry_count(), entries_.size());
    ExpectScans(memtable);
    auto iterator = memtable.NewIterator();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      const auto& [key, sequence] = it->first;
      for (const SequenceNumber at : {sequence, sequence - 1, sequence + 1, SequenceNumber{0}}) {
        ExpectLookup(memtable, key, at);
        ExpectSeeks(*iterator, key, at);
      }
      ExpectLookup(memtable, key + '\0', kSequenceMax);
      ExpectSeeks(*iterator, key + '\0', kSequenceMax);
      if (::testing::Test::HasFailure()) return;
    }
  }

  void ExpectScans(const Memtable& memtable) const {
    auto iterator = memtable.NewIterator();
    ASSERT_FALSE(iterator->Valid());
    iterator->SeekToFirst();
    for (auto it = entries_.begin(); it != entries_.end(); ++it) {
      ExpectAt(*iterator, it);
      if (::testing::Test::HasFailure()) return;
      iterator->Next();
    }
    ASSERT_FALSE(iterator->Valid());
    iterator->SeekToLast();
    for (auto it = entries_.end(); it != entries_.begin();) {
      ExpectAt(*iterator, --it);
      if (::testing::Test::HasFailure()) return;
      iterator->Prev();
    }
    ASSERT_FALSE(iterator->Valid());
  }

  /// `steps` random turns and seeks of one iterator.
  void ExpectWalk(const Memtable& memtable, Random& random, int steps) const {
    ASSERT_FALSE(entries_.empty());
    auto iterator = memtable.NewIterator();
    iterator->SeekToFirst();
    auto it = entries_.begin();
    for (int step = 0; step < steps; ++step) {
      if (random.OneIn(20)) {
        it = std::next(entries_.begin(), static_cast<long>(random.Below(entries_.size())));
        iterator->Seek(it->first.first, it->first.second);
      } else if (random.OneIn(2)) {
        if (std::next(it) == entries_.end()) continue;
        ++it;
        iterator->Next();
      } else {
        if (it == entries_.begin()) continue;
        --it;
        iterator->Prev();
      }
      ExpectAt(*iterator, it);
      if (::testing::Test::HasFailure()) return;
    }
  }

 private:
  void ExpectAt(const InternalIterator& iterator, Entries::const_iterator it) const {
    if (it == entries_.end()) {
      ASSERT_FALSE(iterator.Valid());
      return;
    }
    ASSERT_TRUE(iterator.Valid());
    ASSERT_EQ(iterator.entry().key, it->first.first);
    ASSERT_EQ(iterator.entry().sequence, it->first.second);
    ASSERT_EQ(iterator.entry().value, it->second);
  }
  void ExpectLookup(const Memtable& memtable, const std::string& key, SequenceNumber at) const {
    const auto it = entries_.lower_bound(Place(key, at));
    const bool expected = it != entries_.end() && it->first.first == key;
    LookupAnswer answer;
    ASSERT_EQ(memtable.Get(LookupKey(key, at), answer), expected);
    if (!expected) return;
    ASSERT_EQ(answer.sequence, it->first.second);
    ASSERT_EQ(answer.value, it->second);
  }
  void ExpectSeeks(InternalIterator& iterator, const std::string& key, SequenceNumber at) const {
    iterator.Seek(key, at);
    ExpectAt(iterator, entries_.lower_bound(Place(key, at)));
    iterator.SeekForPrev(key, at);
    const auto behind = entries_.upper_bound(Place(key, at));
    ExpectAt(iterator, behind == entries_.begin() ? entries_.end() : std::prev(behind));
  }

  Entries entries_;
};

/// Waits until `condition` holds: at first without giving the processor up, so that two threads
/// that both have one stay in step within microseconds.
template <typename Condition>
void Await(Condition condition) {
  for (int spins = 0; !condition(); ++spins) {
    if (spins > 10'000) std::this_thread::yield();
  }
}

/// One writer that adds `keys` in their order (sequence = place + 1), and readers that check that
/// whatever they have learnt to be committed is found, by Get, by Seek and by whole scans in both
/// directions, and that everything comes in order.
class ReadersBesideWriter {
 public:
  ReadersBesideWriter(Memtable& memtable, const std::vector<std::string>& keys) noexcept
      : memtable_(memtable), keys_(keys) {}

  void Run(unsigned readers, std::uint64_t seed) {
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 0; i < readers; ++i) {
        threads.emplace_back([this, seed, i] { Read(seed + i); });
      }
      Write();
    }
    EXPECT_EQ(failures_.load(), 0U);
  }

 private:
  static constexpr std::size_t kBursts = 30;

  void FailUnless(bool condition) { failures_ += condition ? 0 : 1; }

  /// Adds in bursts, and lets a reader finish a round between two, so that both are at work all
  /// the time however the threads are scheduled.
  void Write() {
    const std::size_t burst = keys_.size() / kBursts + 1;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (i % burst == 0) {
        const std::size_t rounds = rounds_.load();
        Await([this, rounds] { return rounds_.load() != rounds; });
      }
      memtable_.Add({.key = keys_[i], .value = keys_[i], .sequence = i + 1});
      committed_.store(i + 1, std::memory_order_release);
    }
  }

  void Read(std::uint64_t seed) {
    Random random(seed);
    auto iterator = memtable_.NewIterator();
    while (true) {
      const std::size_t known = committed_.load(std::memory_order_acquire);
      for (int i = 0; known > 0 && i < 50; ++i) Look(*iterator, random.Below(known));
      Scan(random.OneIn(2));
      ++rounds_;
      if (known == keys_.size()) return;
    }
  }

  void Look(InternalIterator& iterator, std::size_t place) {
    const SequenceNumber sequence = place + 1;
    LookupAnswer answer;
    FailUnless(memtable_.Get(LookupKey(keys_[place], sequence), answer) &&
               answer.sequence == sequence);
    iterator.Seek(keys_[place], sequence);
    FailUnless(iterator.Valid() && iterator.entry().sequence == sequence);
    iterator.SeekForPrev(keys_[place], sequence);
    FailUnless(iterator.Valid() && iterator.entry().sequence == sequence);
    // Just before it, there may be nothing, but never an entry that comes after.
    iterator.SeekForPrev(keys_[place], sequence + 1);
    FailUnless(!iterator.Valid() || CompareEntry(iterator.entry().key, iterator.entry().sequence,
                                                 keys_[place], sequence + 1) <= 0);
  }

  void Scan(bool forward) {
    const std::size_t known = committed_.load(std::memory_order_acquire);
    auto iterator = memtable_.NewIterator();
    std::string last_key;
    SequenceNumber last_sequence = 0;
    std::size_t seen = 0;
    bool first = true;
    for (forward ? iterator->SeekToFirst() : iterator->SeekToLast(); iterator->Valid();
         forward ? iterator->Next() : iterator->Prev()) {
      const EntryView& entry = iterator->entry();
      const int order = CompareEntry(last_key, last_sequence, entry.key, entry.sequence);
      FailUnless(first || (forward ? order < 0 : order > 0));
      first = false;
      last_key = entry.key;
      last_sequence = entry.sequence;
      seen += entry.sequence <= known ? 1 : 0;
    }
    FailUnless(seen == known);
  }

  Memtable& memtable_;
  const std::vector<std::string>& keys_;
  std::atomic<std::size_t> committed_{0};
  std::atomic<std::size_t> rounds_{0};
  std::atomic<std::size_t> failures_{0};
};

/// Seals the table while another thread looks up `keys` by Get and by Seek, before, during and
/// after it.
inline void CheckReadersBesideSeal(Memtable& memtable, const std::vector<std::string>& keys) {
  std::atomic<bool> stop{false};
  std::atomic<std::size_t> lookups{0};
  std::atomic<std::size_t> misses{0};
  const auto await_lookups = [&lookups](std::size_t more) {
    const std::size_t goal = lookups.load() + more;
    Await([&lookups, goal] { return lookups.load() >= goal; });
  };
  {
    const std::jthread reader([&] {
      for (std::size_t i = 0; !stop; i = (i + 1) % keys.size()) {
        LookupAnswer answer;
        if (!memtable.Get(LookupKey(keys[i], kSequenceMax), answer)) ++misses;
        auto iterator = memtable.NewIterator();
        iterator->Seek(keys[i], kSequenceMax);
        if (!iterator->Valid() || iterator->entry().key != keys[i]) ++misses;
        ++lookups;
      }
    });
    await_lookups(100);
    memtable.Seal();
    await_lookups(100);
    stop = true;
  }
  EXPECT_EQ(misses.load(), 0U);
}

inline std::vector<std::string> ShuffledKeys(std::size_t count, std::size_t distinct,
                                             Random& random) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i) keys.push_back("key" + std::to_string(i % distinct));
  for (std::size_t i = count; i > 1; --i) std::swap(keys[i - 1], keys[random.Below(i)]);
  return keys;
}

/// An eight-digit key, so that the order of numbers is the order of keys.
inline std::string NumberKey(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return "key" + std::string(digits.size() < 8 ? 8 - digits.size() : 0, '0') + digits;
}

}  // namespace quiver::testing
