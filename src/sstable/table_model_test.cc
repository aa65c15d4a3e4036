// Tables of every combination of options against a sorted list of entries.
#include <gtest/gtest.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/epoch.h"
#include "sstable/block_cache.h"
#include "sstable/table_test_util.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using sstable_test::EntryShape;
using sstable_test::InOrder;
using sstable_test::ModelGet;
using sstable_test::Owned;
using sstable_test::OwnedEntry;
using sstable_test::RandomBytes;
using sstable_test::RandomEntries;
using sstable_test::TestTables;

struct Combination {
  const char* name;
  CompressionKind compression = CompressionKind::kNone;
  std::uint32_t block_size_bytes = 512;
  std::uint32_t filter_bits_per_key = 10;
  EntryShape shape;
};

std::vector<Combination> Combinations() {
  std::vector<Combination> all;
  for (const CompressionKind codec :
       {CompressionKind::kNone, CompressionKind::kLz4, CompressionKind::kZstd}) {
    all.push_back({"variable widths", codec, 512, 10, {}});
    all.push_back({"one row a block", codec, 1, 10, {.keys = 60}});
    all.push_back({"one block", codec, 1U << 20, 10, {.keys = 3'000}});
    all.push_back({"fixed keys", codec, 512, 10, {.key_width = 8}});
    all.push_back({"fixed values", codec, 512, 10, {.value_width = 20}});
    all.push_back({"all fixed", codec, 700, 16, {.keys = 500, .key_width = 8, .value_width = 24}});
    all.push_back({"expiry", codec, 512, 10, {.has_expiry = true}});
    all.push_back({"no filter", codec, 300, 0, {.keys = 200}});
    all.push_back({"constant sequence", codec, 512, 10, {.constant_sequence = true}});
    all.push_back({"many versions", codec, 200, 10, {.keys = 20, .versions_max = 60}});
    all.push_back({"shared prefix", codec, 256, 10, {.keys = 300, .key_prefix = "a/long/prefix/"}});
    all.push_back({"one key", codec, 100, 10, {.keys = 1, .versions_max = 200}});
  }
  return all;
}

class ModelTable {
 public:
  ModelTable(const Combination& combination, Random& random)
      : entries(RandomEntries(random, combination.shape)) {
    TableWriterOptions options = TestTables::Options();
    options.schema = {combination.shape.key_width, combination.shape.value_width,
                      combination.shape.has_expiry};
    options.block_size_bytes = combination.block_size_bytes;
    options.value_chunk_bytes = 64;
    options.compression = combination.compression;
    options.filter_bits_per_key = combination.filter_bits_per_key;
    summary = tables.Write(1, options, entries);
  }

  std::string RandomKey(Random& random) const {
    if (random.OneIn(3)) return RandomBytes(random, random.Below(14));
    std::string key = entries[random.Below(entries.size())].key;
    if (random.OneIn(4)) key += '\0';
    if (random.OneIn(4) && !key.empty()) key.pop_back();
    return key;
  }
  SequenceNumber RandomSequence(Random& random) const {
    if (random.OneIn(4)) return kSequenceMax;
    return entries[random.Below(entries.size())].sequence - random.Below(2);
  }

  TestTables tables;
  const std::vector<OwnedEntry> entries;
  TableSummary summary;
};

// Runs `check` on each combination, opened without a cache, with a large and with a tiny one.
void ForEachTable(
    std::uint64_t seed,
    const std::function<void(const ModelTable&, const Table&, BlockCache*, Random&)>& check) {
  Random random(testing::TestSeed(seed));
  for (const Combination& combination : Combinations()) {
    SCOPED_TRACE(std::string(combination.name) + ", codec " +
                 std::to_string(static_cast<int>(combination.compression)));
    ModelTable model(combination, random);
    check(model, *model.tables.Open(model.summary), nullptr, random);
    for (const std::uint64_t capacity : {std::uint64_t{64} << 20, std::uint64_t{16} << 10}) {
      SCOPED_TRACE("cache of " + std::to_string(capacity));
      EpochManager epochs;
      BlockCache cache(capacity, epochs, nullptr, nullptr);
      check(model, *model.tables.Open(model.summary, &cache), &cache, random);
    }
    if (::testing::Test::HasFatalFailure()) return;
  }
}

Result<bool> GetInSteps(const Table& table, const LookupKey& key, const TableReadOptions& options,
                        bool want_pin, TableAnswer& found) {
  GetPlace place;
  table.Prefetch(key);
  if (!table.Begin(key, place)) return false;
  table.Enter(key, place);
  table.Approach(key, place);
  return table.Finish(key, place, options, want_pin, found);
}

TEST(TableModelTest, GetFindsTheNewestVisibleVersion) {
  ForEachTable(
      11, [](const ModelTable& model, const Table& table, BlockCache* cache, Random& random) {
        EpochManager unused;
        for (int i = 0; i < 1'000; ++i) {
          const std::string key = model.RandomKey(random);
          const SequenceNumber sequence = model.RandomSequence(random);
          const LookupKey lookup(key, sequence);
          const TableReadOptions options{.fill_cache = random.OneIn(2)};
          const bool want_pin = random.OneIn(2);
          TableAnswer found;
          const EpochGuard guard(cache == nullptr ? unused : cache->epochs());
          const auto got = random.OneIn(2) ? table.Get(lookup, options, want_pin, found)
                                           : GetInSteps(table, lookup, options, want_pin, found);
          ASSERT_TRUE(got.ok()) << got.error().ToString();
          const OwnedEntry* expected = ModelGet(model.entries, key, sequence);
          ASSERT_EQ(*got, expected != nullptr);
          if (expected == nullptr) continue;
          ASSERT_TRUE(table.MayContain(lookup));
          ASSERT_EQ(found.answer.value, expected->value);
          ASSERT_EQ(found.answer.sequence, expected->sequence);
          ASSERT_EQ(found.answer.operation, expected->operation);
          ASSERT_EQ(found.answer.expiry_us, expected->expiry_us);
          ASSERT_TRUE(found.pin != nullptr || !want_pin);
        }
      });
}

TEST(TableModelTest, IteratorsYieldEveryEntryBothWays) {
  ForEachTable(12, [](const ModelTable& model, const Table& table, BlockCache*, Random&) {
    for (const TableReadOptions& options :
         {TableReadOptions{true, 0}, TableReadOptions{false, 0}, TableReadOptions{true, 2'000},
          TableReadOptions{false, 2'000}}) {
      const auto iterator = table.NewIterator(options);
      EXPECT_FALSE(iterator->Valid());
      std::size_t at = 0;
      for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++at) {
        ASSERT_EQ(Owned(iterator->entry()), model.entries.at(at));
      }
      ASSERT_EQ(at, model.entries.size());
      ASSERT_TRUE(iterator->status().ok());
      for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev()) {
        ASSERT_EQ(Owned(iterator->entry()), model.entries.at(--at));
      }
      ASSERT_EQ(at, 0U);
      ASSERT_TRUE(iterator->status().ok());
    }
  });
}

// A position in the model that does what an iterator should.
class ModelCursor {
 public:
  explicit ModelCursor(const std::vector<OwnedEntry>& entries) : entries_(entries) {}

  bool valid() const { return at_ < entries_.size(); }
  const OwnedEntry& entry() const { return entries_[at_]; }
  void Seek(const std::string& key, SequenceNumber sequence) {
    const OwnedEntry target{key, "", sequence};
    at_ = static_cast<std::size_t>(
        std::lower_bound(entries_.begin(), entries_.end(), target, InOrder) - entries_.begin());
  }
  void SeekForPrev(const std::string& key, SequenceNumber sequence) {
    const OwnedEntry target{key, "", sequence};
    at_ = static_cast<std::size_t>(
        std::upper_bound(entries_.begin(), entries_.end(), target, InOrder) - entries_.begin());
    --at_;  // the first one wraps to "nowhere"
  }
  void Next() { ++at_; }
  void Prev() { --at_; }
  void Skip(std::size_t count) { at_ += count; }
  void SkipBack(std::size_t count) { at_ -= count; }
  /// The entries from the current one on.
  std::span<const OwnedEntry> rest() const { return std::span(entries_).subspan(at_); }
  /// The entries up to the current one and including it.
  std::span<const OwnedEntry> passed() const { return std::span(entries_).first(at_ + 1); }

 private:
  const std::vector<OwnedEntry>& entries_;
  std::size_t at_ = ~std::size_t{0};
};

TEST(TableModelTest, RandomMovesOfIteratorsAgreeWithTheModel) {
  ForEachTable(13, [](const ModelTable& model, const Table& table, BlockCache*, Random& random) {
    const auto iterator = table.NewIterator(
        {.fill_cache = random.OneIn(2),
         .read_ahead_bytes =
             random.OneIn(2) ? 0U : static_cast<std::uint32_t>(random.Below(4'000))});
    ModelCursor cursor(model.entries);
    for (int i = 0; i < 1'500; ++i) {
      const std::uint64_t move = random.Below(8);
      if (move == 0 || !iterator->Valid()) {
        const std::string key = model.RandomKey(random);
        const SequenceNumber sequence = random.OneIn(5) ? 0 : model.RandomSequence(random);
        // For this key, for another or cut short: never more than a hint.
        const std::string hinted = random.OneIn(3) ? model.RandomKey(random) : key;
        const unsigned waves = static_cast<unsigned>(random.Below(4));
        for (unsigned wave = 0; wave < waves; ++wave) iterator->Prefetch(hinted, wave);
        if (random.OneIn(2)) {
          iterator->Seek(key, sequence);
          cursor.Seek(key, sequence);
        } else {
          iterator->SeekForPrev(key, sequence);
          cursor.SeekForPrev(key, sequence);
        }
      } else if (move < 5) {
        iterator->Next();
        cursor.Next();
      } else {
        iterator->Prev();
        cursor.Prev();
      }
      ASSERT_TRUE(iterator->status().ok());
      ASSERT_EQ(iterator->Valid(), cursor.valid());
      if (!cursor.valid()) continue;
      ASSERT_EQ(Owned(iterator->entry()), cursor.entry());
    }
  });
}

TEST(TableModelTest, SpansBackHoldTheEntriesThatStepsBackWouldShow) {
  ForEachTable(18, [](const ModelTable& model, const Table& table, BlockCache*, Random& random) {
    const auto iterator = table.NewIterator({.fill_cache = random.OneIn(2)});
    ModelCursor cursor(model.entries);
    for (int i = 0; i < 300; ++i) {
      if (!iterator->Valid() || random.OneIn(8)) {
        const std::string key = model.RandomKey(random);
        iterator->SeekForPrev(key, 0);
        cursor.SeekForPrev(key, 0);
        ASSERT_EQ(iterator->Valid(), cursor.valid());
        if (!cursor.valid()) continue;
      }
      const EntrySpan span = iterator->SpanBack();
      ASSERT_GE(span.rows(), 1U);
      ASSERT_LE(span.rows(), cursor.passed().size());
      const auto rows = cursor.passed().last(span.rows());
      for (std::uint32_t row = 0; row < span.rows(); ++row) {
        OwnedEntry entry = Owned(span.columns->EntryAt(span.begin + row));
        if (entry.operation == Operation::kDelete) entry.value.clear();  // filler
        ASSERT_EQ(entry, rows[row]);
      }
      const auto step = static_cast<std::uint32_t>(1 + random.Below(span.rows()));
      iterator->SkipBack(step);
      cursor.SkipBack(step);
      if (random.OneIn(4) && iterator->Valid()) {
        iterator->Next();
        cursor.Next();
      }
      ASSERT_EQ(iterator->Valid(), cursor.valid());
      if (cursor.valid()) {
        ASSERT_EQ(Owned(iterator->entry()), cursor.entry());
      }
    }
  });
}

TEST(TableModelTest, SpansHoldTheEntriesThatStepsWouldShow) {
  ForEachTable(17,
               [](const ModelTable& model, const Table& table, BlockCache* cache, Random& random) {
                 const auto iterator = table.NewIterator({.fill_cache = random.OneIn(2)});
                 ModelCursor cursor(model.entries);
                 std::uint64_t pinned = 0;
                 for (int i = 0; i < 300; ++i) {
                   if (!iterator->Valid() || random.OneIn(8)) {
                     // Sometimes by way of another block, that nobody asks for a span.
                     if (random.OneIn(2)) iterator->Seek(model.RandomKey(random), kSequenceMax);
                     const std::string key = model.RandomKey(random);
                     iterator->Seek(key, kSequenceMax);
                     cursor.Seek(key, kSequenceMax);
                     if (!cursor.valid()) continue;
                   }
                   const EntrySpan span = iterator->Span();
                   ASSERT_GE(span.rows(), 1U);
                   ASSERT_LE(span.rows(), cursor.rest().size());
                   for (std::uint32_t row = 0; row < span.rows(); ++row) {
                     OwnedEntry entry = Owned(span.columns->EntryAt(span.begin + row));
                     if (entry.operation == Operation::kDelete) entry.value.clear();  // filler
                     ASSERT_EQ(entry, cursor.rest()[row]);
                     ASSERT_LE(entry.sequence, span.columns->max_sequence);
                     if (span.columns->distinct_keys && row > 0) {
                       ASSERT_NE(entry.key, cursor.rest()[row - 1].key);
                     }
                   }
                   pinned += span.columns->owner != nullptr ? 1 : 0;
                   const auto step = static_cast<std::uint32_t>(1 + random.Below(span.rows()));
                   iterator->Skip(step);
                   cursor.Skip(step);
                   ASSERT_EQ(iterator->Valid(), cursor.valid());
                   if (cursor.valid()) {
                     ASSERT_EQ(Owned(iterator->entry()), cursor.entry());
                   }
                 }
                 if (cache == nullptr) {
                   ASSERT_EQ(pinned, 0U);
                 }
               });
}

TEST(TableModelTest, VerifyFindsNothingWrongAndCountsEveryEntry) {
  ForEachTable(14, [](const ModelTable& model, const Table& table, BlockCache*, Random&) {
    const auto rows = table.VerifyAll([](std::uint64_t offset, const std::string& what) {
      ADD_FAILURE() << "offset " << offset << ": " << what;
    });
    ASSERT_TRUE(rows.ok());
    ASSERT_EQ(*rows, model.entries.size());
  });
}

TEST(TableModelTest, SummaryDescribesTheEntries) {
  ForEachTable(15, [](const ModelTable& model, const Table& table, BlockCache*, Random&) {
    const TableSummary& summary = table.summary();
    ASSERT_EQ(summary, model.summary);
    ASSERT_EQ(summary.entry_count, model.entries.size());
    ASSERT_EQ(summary.smallest_key, model.entries.front().key);
    ASSERT_EQ(summary.largest_key, model.entries.back().key);
    TableSummary expected = summary;
    expected.delete_count = expected.raw_bytes = expected.largest_sequence = 0;
    expected.smallest_sequence = kSequenceMax;
    expected.expiry_us_max = 0;
    expected.expiry_us_min = model.entries.front().expiry_us;
    for (const OwnedEntry& entry : model.entries) {
      expected.delete_count += entry.operation == Operation::kDelete ? 1 : 0;
      expected.raw_bytes += entry.key.size() + entry.value.size();
      expected.largest_sequence = std::max(expected.largest_sequence, entry.sequence);
      expected.smallest_sequence = std::min(expected.smallest_sequence, entry.sequence);
      expected.expiry_us_max = std::max(expected.expiry_us_max, entry.expiry_us);
      expected.expiry_us_min = std::min(expected.expiry_us_min, entry.expiry_us);
    }
    ASSERT_EQ(summary, expected);
    std::uint64_t rows = 0;
    for (std::uint64_t block = 0; block < table.block_count(); ++block) {
      rows += table.block_info(block).rows;
    }
    ASSERT_EQ(rows, model.entries.size());
    ASSERT_NE(table.Describe().find("entries: " + std::to_string(rows) + "\n"), std::string::npos);
    ASSERT_GT(table.pinned_bytes(), 0U);
    ASSERT_EQ(table.keyspace(), 3U);
  });
}

}  // namespace
}  // namespace quiver
