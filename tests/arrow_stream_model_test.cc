// Goal: whatever a database consists of, an Arrow stream shows what a std::map shows: any range,
// prefix, limit, projection, batch size and snapshot, over memtables, runs and both, with versions,
// deletes, every codec, fixed and variable widths, with and without a block cache.
//
// Method: random operations; after each some, streams with random options are read whole and
// compared with the model row by row.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "quiver/database.h"
#include "testing/arrow_consumer.h"
#include "testing/model.h"
#include "testing/sanitized.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using testing::ArrowConsumer;
using testing::ArrowRow;
using testing::ModelKey;
using testing::ModelValue;

struct StreamCase {
  std::string name;
  MemtableKind memtable;
  CompactionStrategyKind strategy;
  CompressionKind compression;
  bool fixed_widths;
};

class ArrowStreamModelTest : public ::testing::TestWithParam<StreamCase> {
 protected:
  struct Version {
    std::string value;
    SequenceNumber sequence;
  };
  using Rows = std::map<std::string, Version, std::less<>>;
  struct Held {
    Snapshot snapshot;
    Rows rows;
  };
  static constexpr std::uint32_t kKeyWidth = 9;
  static constexpr std::uint32_t kValueWidth = 24;

  void SetUp() override {
    const StreamCase& c = GetParam();
    DatabaseConfig config = Balanced();
    config.memtable_kind = c.memtable;
    config.compaction_strategy = c.strategy;
    config.compression = c.compression;
    config.compression_bottom = c.compression;
    config.wal_mode = WalMode::kAsync;
    config.memtable_size_bytes = 256 << 10;
    config.memtable_hash_buckets = 1024;
    config.memory_limit_bytes = 64 << 20;
    config.table_size_bytes = 64 << 10;
    config.level_base_bytes = 256 << 10;
    config.block_size_bytes = 4096;
    config.value_chunk_bytes = 1024;
    config.disk_reserve_bytes = 0;
    if (c.fixed_widths) {
      config.key_width_bytes = kKeyWidth;
      config.value_width_bytes = kValueWidth;
    }
    auto opened = Database::Open(dir_.path() / "db", config);
    ASSERT_TRUE(opened) << opened.error().ToString();
    db_ = std::move(*opened);
  }

  // Neighbours in the order of keys are often neighbours in time too, so that blocks, runs and
  // memtables meet each other in long stretches as well as row by row.
  std::string NextKey() {
    if (GetParam().fixed_widths || random_.OneIn(2)) {
      if (random_.OneIn(64)) cursor_ = random_.Below(kKeySpace);
      cursor_ = (cursor_ + 1) % kKeySpace;
      std::string digits = std::to_string(1'000'000 + cursor_);
      return "ke" + digits;
    }
    return ModelKey(random_, kKeySpace);
  }
  std::string NextValue() {
    if (!GetParam().fixed_widths) return ModelValue(random_, stamp_++);
    std::string value = std::to_string(stamp_++);
    value.resize(kValueWidth, '.');
    return value;
  }

  void WriteSome() {
    for (int batches = 0; batches < 40; ++batches) {
      WriteBatch batch;
      const bool deletes_only = random_.OneIn(20);
      for (std::uint64_t i = 1 + random_.Below(30); i > 0; --i) {
        const std::string key = NextKey();
        ++sequence_;
        if (deletes_only || random_.OneIn(12)) {
          ASSERT_TRUE(batch.Delete(key).ok());
          rows_.erase(key);
        } else {
          const std::string value = NextValue();
          ASSERT_TRUE(batch.Put(key, value).ok());
          rows_.insert_or_assign(key, Version{value, sequence_});
        }
      }
      const auto written = db_->Write(batch);
      ASSERT_TRUE(written) << written.error().ToString();
      ASSERT_EQ(*written, sequence_);
    }
  }

  void ChangeShape() {
    const std::uint64_t dice = random_.Below(10);
    if (dice < 3) {
      ASSERT_TRUE(db_->Flush().ok());
    } else if (dice == 3) {
      ASSERT_TRUE(db_->CompactRange().ok());
    } else if (dice == 4 && held_.size() < 3) {
      auto snapshot = db_->NewSnapshot();
      ASSERT_TRUE(snapshot.ok());
      held_.push_back({*std::move(snapshot), rows_});
    } else if (dice == 5 && !held_.empty()) {
      held_.pop_front();
    }
  }

  std::string SomeBound() {
    if (random_.OneIn(3) || rows_.empty()) return NextKey();
    auto row = rows_.lower_bound(NextKey());
    if (row == rows_.end()) row = rows_.begin();
    return random_.OneIn(2) ? row->first : row->first + '\0';
  }

  ArrowStreamOptions SomeOptions() {
    ArrowStreamOptions options;
    if (random_.OneIn(2)) options.lower_bound = SomeBound();
    if (random_.OneIn(2)) options.upper_bound = SomeBound();
    if (random_.OneIn(4)) {
      options.prefix = SomeBound();
      options.prefix.resize(random_.Below(options.prefix.size() + 1));
    }
    if (random_.OneIn(3)) options.limit = 1 + random_.Below(2000);
    if (random_.OneIn(2)) {
      options.batch_rows =
          static_cast<std::uint32_t>(1 + random_.Below(random_.OneIn(2) ? 50 : 5000));
    }
    options.with_sequence = random_.OneIn(2);
    options.with_key = !random_.OneIn(4);
    options.with_value = !random_.OneIn(4) || !(options.with_key || options.with_sequence);
    options.fill_cache = random_.OneIn(2);
    return options;
  }

  std::vector<ArrowRow> Expected(const Rows& rows, const ArrowStreamOptions& options) {
    std::vector<ArrowRow> expected;
    for (const auto& [key, version] : rows) {
      if (options.lower_bound && key < *options.lower_bound) continue;
      if (options.upper_bound && key >= *options.upper_bound) continue;
      if (!key.starts_with(options.prefix)) continue;
      if (options.limit != 0 && expected.size() == options.limit) break;
      ArrowRow& row = expected.emplace_back();
      if (options.with_key) row.key = key;
      if (options.with_value) row.value = version.value;
      if (options.with_sequence) row.sequence = version.sequence;
    }
    return expected;
  }

  void CheckAStream() {
    ArrowStreamOptions options = SomeOptions();
    const Rows* rows = &rows_;
    if (!held_.empty() && random_.OneIn(2)) {
      const Held& held = held_[random_.Below(held_.size())];
      options.snapshot = &held.snapshot;
      rows = &held.rows;
    }
    const std::vector<ArrowRow> expected = Expected(*rows, options);
    ArrowConsumer consumer;
    const auto made = db_->ExportArrowStream(options, &consumer.stream);
    ASSERT_TRUE(made) << made.error().ToString();
    // The stream shows the state it was made in, whatever is written while it is read.
    if (random_.OneIn(8)) {
      if (random_.OneIn(2)) consumer.ReadBatch();
      WriteSome();
      if (random_.OneIn(2)) {
        ASSERT_TRUE(db_->Flush().ok());
      }
    }
    consumer.ReadAll();
    ASSERT_EQ(consumer.error, "");
    ASSERT_EQ(consumer.rows.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(consumer.rows[i], expected[i])
          << "row " << i << ", key " << expected[i].key.value_or("not shown");
    }
    if (options.batch_rows != 0 && !consumer.batch_rows.empty()) {
      consumer.batch_rows.pop_back();
      for (const std::int64_t batch : consumer.batch_rows) ASSERT_EQ(batch, options.batch_rows);
    }
    streamed_ += expected.size();
  }

  // An iterator goes to and fro in the same shapes: what it walks over are the stream's spans.
  void CheckAWalk() {
    const ArrowStreamOptions drawn = SomeOptions();
    IteratorOptions options{.lower_bound = drawn.lower_bound,
                            .upper_bound = drawn.upper_bound,
                            .prefix = drawn.prefix,
                            .fill_cache = drawn.fill_cache};
    const Rows* rows = &rows_;
    if (!held_.empty() && random_.OneIn(2)) {
      const Held& held = held_[random_.Below(held_.size())];
      options.snapshot = &held.snapshot;
      rows = &held.rows;
    }
    const std::vector<ArrowRow> expected = Expected(*rows, {.lower_bound = drawn.lower_bound,
                                                            .upper_bound = drawn.upper_bound,
                                                            .prefix = drawn.prefix});
    auto iterator = db_->NewIterator(options);
    ASSERT_TRUE(iterator) << iterator.error().ToString();
    iterator->SeekToLast();
    std::size_t at = expected.size() - 1;
    bool forward = false;
    for (std::size_t moves = expected.size() + 200; moves > 0 && at < expected.size(); --moves) {
      ASSERT_TRUE(iterator->Valid()) << "row " << at << " of " << expected.size();
      ASSERT_EQ(iterator->key(), expected[at].key) << "row " << at;
      ASSERT_EQ(iterator->value(), expected[at].value) << "row " << at;
      if (random_.OneIn(forward ? 25 : 50)) forward = !forward;
      if (at + 1 == expected.size()) forward = false;
      forward ? iterator->Next() : iterator->Prev();
      at += forward ? 1 : ~std::size_t{0};
    }
    if (at >= expected.size()) {
      ASSERT_FALSE(iterator->Valid());
    }
    ASSERT_TRUE(iterator->status()) << iterator->status().error().ToString();
  }

  static constexpr std::uint64_t kKeySpace = 6000;
  testing::TempDir dir_;
  std::unique_ptr<Database> db_;
  Random random_{testing::TestSeed(53)};
  Rows rows_;
  std::deque<Held> held_;
  SequenceNumber sequence_ = 0;
  std::uint64_t stamp_ = 0;
  std::uint64_t cursor_ = 0;
  std::uint64_t streamed_ = 0;
};

TEST_P(ArrowStreamModelTest, EveryStreamShowsWhatTheModelShows) {
  const int rounds = testing::kSanitized ? 20 : 80;
  for (int round = 0; round < rounds && !HasFatalFailure(); ++round) {
    WriteSome();
    ChangeShape();
    for (int streams = 0; streams < 4 && !HasFatalFailure(); ++streams) CheckAStream();
    for (int walks = 0; walks < 2 && !HasFatalFailure(); ++walks) CheckAWalk();
  }
  EXPECT_GT(streamed_, std::uint64_t{5'000});
}

constexpr auto kSkiplist = MemtableKind::kSkiplist;

INSTANTIATE_TEST_SUITE_P(
    Shapes, ArrowStreamModelTest,
    ::testing::Values(StreamCase{"none", kSkiplist, CompactionStrategyKind::kLeveled,
                                 CompressionKind::kNone, false},
                      StreamCase{"none_fixed", MemtableKind::kTrie, CompactionStrategyKind::kTiered,
                                 CompressionKind::kNone, true},
                      StreamCase{"lz4", MemtableKind::kSorted, CompactionStrategyKind::kTiered,
                                 CompressionKind::kLz4, false},
                      StreamCase{"lz4_fixed", MemtableKind::kVector,
                                 CompactionStrategyKind::kLeveled, CompressionKind::kLz4, true},
                      StreamCase{"zstd", MemtableKind::kHashSkiplist,
                                 CompactionStrategyKind::kLazyLeveling, CompressionKind::kZstd,
                                 false},
                      StreamCase{"zstd_fixed", MemtableKind::kEnhancedSkiplist,
                                 CompactionStrategyKind::kLeveled, CompressionKind::kZstd, true}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace quiver
