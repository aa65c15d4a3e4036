// Entries that are more than puts and deletes: with a time to live, over a range, or to be merged.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <random>
#include <thread>

#include "quiver/quiver.h"
#include "testing/engine_harness.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using testing::HarnessConfig;
using testing::TempDir;
using Rows = std::map<std::string, std::string>;

constexpr std::uint64_t kHourUs = 3'600'000'000;

std::uint64_t NowUs() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

std::unique_ptr<Database> MustOpen(const std::filesystem::path& path, DatabaseConfig config,
                                   std::shared_ptr<const MergeOperator> merges = nullptr) {
  auto opened = Database::Open(path, config, std::move(merges));
  EXPECT_TRUE(opened) << opened.error().ToString();
  return opened ? *std::move(opened) : nullptr;
}

DatabaseConfig Config(MergeOperatorKind merges = MergeOperatorKind::kNone) {
  DatabaseConfig config = HarnessConfig(WalMode::kAsync);
  config.merge_operator = merges;
  return config;
}

std::string GetOr(const Database& db, std::string_view key, std::string_view absent = "absent") {
  const auto value = db.Get(key);
  EXPECT_TRUE(value) << value.error().ToString();
  return value && *value ? (*value)->ToString() : std::string(absent);
}

Rows Scan(const Database& db, const Snapshot* snapshot = nullptr) {
  auto iterator = db.NewIterator({.snapshot = snapshot});
  EXPECT_TRUE(iterator);
  Rows rows;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    rows.emplace(iterator->key(), iterator->value());
  }
  EXPECT_TRUE(iterator->status()) << iterator->status().error().ToString();
  Rows backward;
  for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev()) {
    backward.emplace(iterator->key(), iterator->value());
  }
  EXPECT_EQ(rows, backward);
  return rows;
}

int TablesIn(const std::filesystem::path& path) {
  int tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    tables += entry.path().extension() == ".arrow" ? 1 : 0;
  }
  return tables;
}

// What a test does between writing and reading, so that each place an entry may be in is read.
enum class Place { kMemtable, kTable, kBottom, kReopened };

class PlaceTest : public ::testing::TestWithParam<Place> {
 protected:
  void Settle(std::unique_ptr<Database>& db) {
    switch (GetParam()) {
      case Place::kMemtable: return;
      case Place::kTable: ASSERT_TRUE(db->Flush()); return;
      case Place::kBottom: ASSERT_TRUE(db->CompactRange()); return;
      case Place::kReopened: break;
    }
    const DatabaseConfig config = db->config();
    ASSERT_TRUE(db->Close());
    db = MustOpen(dir_.path(), config);
  }
  const TempDir dir_;
};

TEST_P(PlaceTest, AnExpiredEntryIsGoneAndHidesWhatIsOlder) {
  auto db = MustOpen(dir_.path(), Config());
  ASSERT_TRUE(db->Put("gone", "older"));
  ASSERT_TRUE(db->Put("stays", "older"));
  ASSERT_TRUE(db->Put("gone", "newer", {.expiry_us = NowUs() - 1}));
  ASSERT_TRUE(db->Put("stays", "newer", {.expiry_us = NowUs() + kHourUs}));
  ASSERT_TRUE(db->Put("hour", "v", {.time_to_live_ms = 3'600'000}));
  Settle(db);
  EXPECT_EQ(GetOr(*db, "gone"), "absent");
  EXPECT_EQ(GetOr(*db, "stays"), "newer");
  EXPECT_EQ(Scan(*db), (Rows{{"hour", "v"}, {"stays", "newer"}}));
  const auto expiry = db->GetExpiry("hour");
  ASSERT_TRUE(expiry && *expiry);
  EXPECT_GT(**expiry, NowUs() + kHourUs - 60'000'000);
  EXPECT_LE(**expiry, NowUs() + kHourUs);
  EXPECT_FALSE(db->GetExpiry("gone")->has_value());
  ASSERT_TRUE(db->Put("stays", "for ever"));
  EXPECT_EQ(**db->GetExpiry("stays"), 0U);
}

TEST_P(PlaceTest, ARangeDeleteHidesWhatIsOlderAndNothingElse) {
  auto db = MustOpen(dir_.path(), Config());
  for (const char* key : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(db->Put(key, "1"));
  const auto before = db->NewSnapshot();
  ASSERT_TRUE(db->DeleteRange("b", "d"));
  ASSERT_TRUE(db->Put("c", "2"));
  ASSERT_TRUE(db->DeleteRange("x", "a"));
  ASSERT_TRUE(db->DeleteRange("e", "e"));
  if (GetParam() == Place::kReopened) {
    Settle(db);
    EXPECT_EQ(Scan(*db), (Rows{{"a", "1"}, {"c", "2"}, {"d", "1"}, {"e", "1"}}));
    return;
  }
  Settle(db);
  EXPECT_EQ(Scan(*db), (Rows{{"a", "1"}, {"c", "2"}, {"d", "1"}, {"e", "1"}}));
  EXPECT_EQ(GetOr(*db, "b"), "absent");
  EXPECT_EQ(GetOr(*db, "c"), "2");
  EXPECT_EQ(Scan(*db, &*before).size(), 5U) << "a snapshot from before sees all";
  ASSERT_TRUE(db->CompactRange());
  EXPECT_EQ(Scan(*db, &*before).size(), 5U);
  EXPECT_EQ(Scan(*db).size(), 4U);
}

TEST_P(PlaceTest, CountersAddUp) {
  auto db = MustOpen(dir_.path(), Config(MergeOperatorKind::kAddInt64));
  ASSERT_TRUE(db->Put("based", EncodeInt64(100)));
  for (int i = 1; i <= 10; ++i) {
    ASSERT_TRUE(db->Merge("based", EncodeInt64(i)));
    ASSERT_TRUE(db->Merge("new", EncodeInt64(-i)));
    if (i == 5) {
      ASSERT_TRUE(db->Flush());
    }
  }
  ASSERT_TRUE(db->Delete("deleted"));
  ASSERT_TRUE(db->Merge("deleted", EncodeInt64(7)));
  Settle(db);
  EXPECT_EQ(DecodeInt64(GetOr(*db, "based")), 155);
  EXPECT_EQ(DecodeInt64(GetOr(*db, "new")), -55);
  EXPECT_EQ(DecodeInt64(GetOr(*db, "deleted")), 7);
  EXPECT_EQ(
      Scan(*db),
      (Rows{{"based", EncodeInt64(155)}, {"deleted", EncodeInt64(7)}, {"new", EncodeInt64(-55)}}));
  const std::vector<std::string_view> keys{"new", "none", "based"};
  const auto many = db->MultiGet(keys);
  ASSERT_TRUE(many);
  EXPECT_EQ(DecodeInt64((*many)[0]->view()), -55);
  EXPECT_FALSE((*many)[1].has_value());
  EXPECT_EQ(DecodeInt64((*many)[2]->view()), 155);
  std::string into;
  ASSERT_TRUE(*db->GetInto("based", into));
  EXPECT_EQ(DecodeInt64(into), 155);
}

INSTANTIATE_TEST_SUITE_P(Places, PlaceTest,
                         ::testing::Values(Place::kMemtable, Place::kTable, Place::kBottom,
                                           Place::kReopened));

TEST(Expiry, TheMomentComesWhileTheDatabaseIsOpen) {
  const TempDir dir;
  auto db = MustOpen(dir.path(), Config());
  ASSERT_TRUE(db->Put("soon", "v", {.time_to_live_ms = 100}));
  const auto before = db->NewSnapshot();
  EXPECT_EQ(GetOr(*db, "soon"), "v");
  std::this_thread::sleep_for(std::chrono::milliseconds(120));
  EXPECT_EQ(GetOr(*db, "soon"), "absent");
  EXPECT_TRUE(Scan(*db).empty());
  EXPECT_EQ(Scan(*db, &*before).size(), 1U) << "a snapshot's answers do not change";
  ASSERT_TRUE(db->CompactRange());
  EXPECT_EQ(Scan(*db, &*before).size(), 1U);
}

TEST(Expiry, FilesThatHaveExpiredAsAWholeGoWithoutBeingRead) {
  const TempDir dir;
  auto db = MustOpen(dir.path(), Config());
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(
        db->Put("key" + std::to_string(i), std::string(100, 'v'), {.time_to_live_ms = 1'500}));
  }
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->WaitForBackgroundWork());
  EXPECT_GT(TablesIn(dir.path()), 0);
  const std::uint64_t written = db->Metrics().compaction_written_bytes;
  std::this_thread::sleep_for(std::chrono::milliseconds(1600));
  ASSERT_TRUE(db->WaitForBackgroundWork());
  EXPECT_EQ(TablesIn(dir.path()), 0);
  EXPECT_EQ(db->Metrics().compaction_written_bytes, written) << "dropped, not rewritten";
}

TEST(Expiry, AFileThatHasExpiredStaysAboveOlderVersionsOfItsKeys) {
  const TempDir dir;
  auto db = MustOpen(dir.path(), Config());
  const auto write_all = [&](std::string_view value, const WriteOptions& options) {
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(db->Put("key" + std::to_string(i), value, options));
  };
  write_all("old", {});
  ASSERT_TRUE(db->CompactRange());
  write_all("new", {.time_to_live_ms = 300});
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->WaitForBackgroundWork());
  ASSERT_EQ(TablesIn(dir.path()), 2);
  std::this_thread::sleep_for(std::chrono::milliseconds(320));
  ASSERT_TRUE(db->WaitForBackgroundWork());
  EXPECT_TRUE(Scan(*db).empty());
  EXPECT_EQ(GetOr(*db, "key7"), "absent");
  ASSERT_TRUE(db->CompactRange());
  EXPECT_TRUE(Scan(*db).empty());
}

TEST(Expiry, NonsenseIsRefused) {
  const TempDir dir;
  auto db = MustOpen(dir.path(), Config());
  EXPECT_EQ(db->Put("k", "v", {.time_to_live_ms = 1, .expiry_us = 1}).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(db->Put("k", "v", {.time_to_live_ms = ~std::uint64_t{0}}).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(db->Delete("k", {.time_to_live_ms = 1}).error().code(), ErrorCode::kInvalidArgument);
  WriteBatch batch;
  EXPECT_EQ(batch.Delete("k", {.expiry_us = 1}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(batch.DeleteRange("a", std::string(70'000, 'k')).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(batch.empty());
}

TEST(RangeDelete, GivesTheSpaceBackAndIsForgotten) {
  const TempDir dir;
  auto db = MustOpen(dir.path(), Config());
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(db->Put("key" + std::to_string(10'000 + i), std::string(100, 'v')));
  }
  ASSERT_TRUE(db->CompactRange());
  const int before = TablesIn(dir.path());
  ASSERT_GT(before, 2);
  ASSERT_TRUE(db->DeleteRange("key1", "key15"));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->WaitForBackgroundWork());
  EXPECT_LE(TablesIn(dir.path()), 1) << "whole tables go at once; one may reach over the end";
  EXPECT_TRUE(Scan(*db).empty());
  ASSERT_TRUE(db->CompactRange());
  EXPECT_EQ(TablesIn(dir.path()), 0);
  ASSERT_TRUE(db->Put("key11", "back"));
  ASSERT_TRUE(db->Close());
  db = MustOpen(dir.path(), Config());
  EXPECT_EQ(GetOr(*db, "key11"), "back");
}

// Whatever the reason for which entries can go, nothing else comes by in the last level.
TEST(RangeDelete, CompactRangeTakesWhatIsHiddenOutOfWhatIsMergedAlready) {
  const TempDir dir;
  auto db = MustOpen(dir.path(), Config());
  const auto key = [](int i) { return "key" + std::to_string(10'000 + i); };
  for (int i = 0; i < 3000; ++i) {
    const std::uint64_t time_to_live_ms = i % 100 == 7 ? 400 : 0;
    ASSERT_TRUE(db->Put(key(i), std::string(100, 'v'), {.time_to_live_ms = time_to_live_ms}));
  }
  ASSERT_TRUE(db->CompactRange());
  {
    const auto held = db->NewSnapshot();
    for (int i = 0; i < 3000; i += 10) ASSERT_TRUE(db->Delete(key(i)));
    ASSERT_TRUE(db->CompactRange());
  }
  for (int i = 0; i < 3000; i += 100) ASSERT_TRUE(db->DeleteRange(key(i + 1), key(i + 4)));
  std::this_thread::sleep_for(std::chrono::milliseconds(420));
  ASSERT_TRUE(db->CompactRange());
  const std::uint64_t written = db->Metrics().compaction_written_bytes;
  ASSERT_TRUE(db->CompactRange());
  EXPECT_EQ(db->Metrics().compaction_written_bytes, written) << "there is nothing left to drop";
  EXPECT_EQ(Scan(*db).size(), 3000U - 30 - 300 - 90);
  ASSERT_TRUE(db->Close());
  const auto verified = VerifyDatabase(dir.path());
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->entries, 3000U - 30 - 300 - 90);
}

// Long stretches of plain puts, which scans show without a look at each row.
TEST(RangeDelete, ScansOfPlainRowsShowWhatLiesBetweenRangeDeletes) {
  std::mt19937 random(testing::TestSeed(81));
  const auto key = [](std::uint64_t i) { return "key" + std::to_string(100'000 + i); };
  for (int round = 0; round < 8; ++round) {
    const TempDir dir;
    auto db = MustOpen(dir.path(), Config());
    Rows rows;
    for (std::uint64_t i = 0; i < 3000; ++i) {
      rows.emplace(key(i), "value" + std::to_string(i));
      ASSERT_TRUE(db->Put(key(i), rows[key(i)]));
    }
    ASSERT_TRUE(db->CompactRange());
    const auto before = db->NewSnapshot();
    const Rows all = rows;
    for (int deletes = 0; deletes < 1 + round * 6; ++deletes) {
      const std::uint64_t begin = random() % 3100;
      const std::uint64_t end = begin + random() % (deletes % 3 == 0 ? 300 : 5);
      ASSERT_TRUE(db->DeleteRange(key(begin), key(end)));
      rows.erase(rows.lower_bound(key(begin)), rows.lower_bound(key(end)));
      if (deletes % 4 == 1) {
        rows[key(begin)] = "again";
        ASSERT_TRUE(db->Put(key(begin), "again"));
      }
    }
    for (const bool flushed : {false, true}) {
      if (flushed) {
        ASSERT_TRUE(db->Flush());
      }
      EXPECT_EQ(Scan(*db), rows);
      EXPECT_EQ(Scan(*db, &*before), all);
    }
  }
}

TEST(RangeDelete, CountsAsMemoryOfTheMemtable) {
  const TempDir dir;
  DatabaseConfig config = Config();
  config.memtable_size_bytes = 4 << 20;
  auto db = MustOpen(dir.path(), config);
  const std::string key(50'000, 'k');
  std::uint64_t peak = 0;
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(db->DeleteRange(std::to_string(i) + key, std::to_string(i) + key + "x"));
    peak = std::max(peak, db->Metrics().memory_memtables_bytes);
  }
  EXPECT_GT(peak, 3U << 20) << "30 MB were written";
  EXPECT_LT(peak, 2 * config.memtable_size_bytes * config.memtable_count_max);
}

TEST(RangeDelete, ManyOfThemInARow) {
  const TempDir dir;
  auto db = MustOpen(dir.path(), Config());
  // A queue: written at one end, deleted from the other.
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(db->Put("q" + std::to_string(100'000 + i), "item"));
    if (i >= 10) {
      ASSERT_TRUE(db->DeleteRange("q", "q" + std::to_string(100'000 + i - 9)));
    }
  }
  EXPECT_EQ(Scan(*db).size(), 10U);
  ASSERT_TRUE(db->Close());
  db = MustOpen(dir.path(), Config());
  EXPECT_EQ(Scan(*db).size(), 10U);
  EXPECT_EQ(GetOr(*db, "q104990"), "item");
  EXPECT_EQ(GetOr(*db, "q104989"), "absent");
}

TEST(Merge, WhatDoesNotFitIsRefused) {
  const TempDir dir;
  auto db = MustOpen(dir.path(), Config());
  EXPECT_EQ(db->Merge("k", EncodeInt64(1)).error().code(), ErrorCode::kInvalidArgument);
  DatabaseConfig config = db->config();
  config.merge_operator = MergeOperatorKind::kAddInt64;
  const auto counters = db->CreateKeyspace("counters", config);
  ASSERT_TRUE(counters) << counters.error().ToString();
  EXPECT_EQ(db->Merge("k", "seven", {.keyspace = &*counters}).error().code(),
            ErrorCode::kInvalidArgument);
  WriteBatch batch;
  ASSERT_TRUE(batch.Merge("k", "seven", {.keyspace = &*counters}));
  EXPECT_EQ(db->Write(batch).error().code(), ErrorCode::kInvalidArgument);
  batch.Clear();
  ASSERT_TRUE(batch.Merge("k", EncodeInt64(1)));
  EXPECT_EQ(db->Write(batch).error().code(), ErrorCode::kInvalidArgument) << "default takes none";

  // A value that the operator cannot read fails the reads of its key, and nothing else.
  ASSERT_TRUE(db->Put("k", "not a number", {.keyspace = &*counters}));
  ASSERT_TRUE(db->Merge("k", EncodeInt64(1), {.keyspace = &*counters}));
  ASSERT_TRUE(db->Merge("l", EncodeInt64(1), {.keyspace = &*counters}));
  for (int round = 0; round < 2; ++round) {
    const auto read = db->Get("k", {.keyspace = &*counters});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_TRUE(db->Get("l", {.keyspace = &*counters}));
    auto iterator = db->NewIterator({.keyspace = &*counters});
    iterator->SeekToFirst();
    EXPECT_FALSE(iterator->Valid());
    EXPECT_EQ(iterator->status().error().code(), ErrorCode::kInvalidArgument);
    ASSERT_TRUE(db->CompactRange({}, {}, &*counters));
  }
  ASSERT_TRUE(db->Put("k", EncodeInt64(5), {.keyspace = &*counters}));
  EXPECT_TRUE(db->Get("k", {.keyspace = &*counters}));
}

/// Keeps the largest operand; cannot be combined.
class Largest final : public MergeOperator {
 public:
  bool Merge(std::string_view, std::optional<std::string_view> base,
             std::span<const std::string_view> operands,
             std::string& result) const noexcept override {
    std::string_view largest = base.value_or("");
    for (const std::string_view operand : operands) largest = std::max(largest, operand);
    result.assign(largest);
    return true;
  }
};

TEST(Merge, AnOperatorOfTheProgramsOwn) {
  const TempDir dir;
  const DatabaseConfig config = Config(MergeOperatorKind::kCustom);
  EXPECT_EQ(Database::Open(dir.path(), config).error().code(), ErrorCode::kInvalidArgument);
  const auto largest = std::make_shared<Largest>();
  auto db = MustOpen(dir.path(), config, largest);
  for (const char* operand : {"b", "d", "a"}) {
    ASSERT_TRUE(db->Merge("k", operand));
    ASSERT_TRUE(db->Flush());
  }
  EXPECT_EQ(GetOr(*db, "k"), "d");
  ASSERT_TRUE(db->CompactRange());
  EXPECT_EQ(GetOr(*db, "k"), "d");
  ASSERT_TRUE(db->Close());
  auto reader = Database::OpenReadOnly(dir.path(), largest);
  ASSERT_TRUE(reader) << reader.error().ToString();
  EXPECT_EQ(GetOr(**reader, "k"), "d");
}

TEST(Merge, CompactionsFoldOperands) {
  const TempDir dir;
  auto db = MustOpen(dir.path(), Config(MergeOperatorKind::kAppend));
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(db->Merge("log", "x"));
  ASSERT_TRUE(db->CompactRange());
  std::uint64_t entries = 0;
  for (const LevelMetrics& level : db->Metrics().levels) entries += level.entries;
  EXPECT_EQ(entries, 1U);
  EXPECT_EQ(GetOr(*db, "log"), std::string(1000, 'x'));
}

}  // namespace
}  // namespace quiver
