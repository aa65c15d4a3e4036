// Goal: an Arrow stream shows exactly the rows that an iterator shows, whatever mix of memtables,
// runs, versions, deletes, codecs and widths they come from, and keeps to the letter of the Arrow
// C stream interface about lifetime and errors.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "quiver/database.h"
#include "testing/arrow_consumer.h"
#include "testing/model.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using testing::ArrowConsumer;
using testing::ArrowRow;
using testing::Model;

DatabaseConfig SmallConfig() {
  DatabaseConfig config = Balanced();
  config.wal_mode = WalMode::kAsync;
  config.memtable_size_bytes = 256 << 10;
  config.memory_limit_bytes = 64 << 20;
  config.table_size_bytes = 128 << 10;
  config.block_size_bytes = 4096;
  config.value_chunk_bytes = 4096;
  config.disk_reserve_bytes = 0;
  return config;
}

void CheckOk(const Result<void>& result) {
  ASSERT_TRUE(result) << result.error().ToString();
}

class ArrowStreamTest : public ::testing::Test {
 protected:
  void Open(const DatabaseConfig& config = SmallConfig()) {
    auto opened = Database::Open(dir_.path() / "db", config);
    ASSERT_TRUE(opened) << opened.error().ToString();
    db_ = std::move(*opened);
  }
  void Put(const std::string& key, const std::string& value) {
    CheckOk(db_->Put(key, value));
    model_[key] = value;
  }
  std::unique_ptr<ArrowConsumer> Export(const ArrowStreamOptions& options) {
    auto consumer = std::make_unique<ArrowConsumer>();
    const auto made = db_->ExportArrowStream(options, &consumer->stream);
    EXPECT_TRUE(made) << made.error().ToString();
    return consumer;
  }
  std::vector<ArrowRow> Rows(const ArrowStreamOptions& options) {
    const auto consumer = Export(options);
    consumer->ReadAll();
    EXPECT_EQ(consumer->error, "");
    return consumer->rows;
  }

  testing::TempDir dir_;
  std::unique_ptr<Database> db_;
  Model model_;
};

TEST_F(ArrowStreamTest, ShowsTheRowsOfAMemtable) {
  Open();
  Put("apple", "red");
  Put("banana", "");
  Put("", "empty");
  const auto rows = Rows({.with_sequence = true});
  EXPECT_EQ(rows,
            (std::vector<ArrowRow>{{"", "empty", 3}, {"apple", "red", 1}, {"banana", "", 2}}));
}

TEST_F(ArrowStreamTest, SchemaNamesTheColumnsAskedForAndIsTheSameAtAnyTime) {
  Open();
  Put("a", "1");
  const auto consumer = Export({.with_key = false, .with_sequence = true});
  for (int i = 0; i < 2; ++i) {
    ArrowSchema schema{};
    ASSERT_EQ(consumer->stream.get_schema(&consumer->stream, &schema), 0);
    EXPECT_STREQ(schema.format, "+s");
    EXPECT_EQ(schema.flags, 0);
    ASSERT_EQ(schema.n_children, 2);
    EXPECT_STREQ(schema.children[0]->name, "value");
    EXPECT_STREQ(schema.children[0]->format, "z");
    EXPECT_STREQ(schema.children[1]->name, "sequence");
    EXPECT_STREQ(schema.children[1]->format, "L");
    // Two pairs: quiver.stream and quiver.order.
    ASSERT_NE(schema.metadata, nullptr);
    std::int32_t pairs = 0;
    std::memcpy(&pairs, schema.metadata, sizeof pairs);
    EXPECT_EQ(pairs, 2);
    EXPECT_EQ(std::string_view(schema.metadata + 8, 13), "quiver.stream");
    schema.release(&schema);
    consumer->ReadAll();  // the second schema is asked for after the end
  }
  EXPECT_EQ(consumer->rows, (std::vector<ArrowRow>{{std::nullopt, "1", 1}}));
}

TEST_F(ArrowStreamTest, AnEmptyRangeHasASchemaAndNoBatch) {
  Open();
  for (const ArrowStreamOptions& options :
       {ArrowStreamOptions{}, ArrowStreamOptions{.lower_bound = "b", .upper_bound = "a"},
        ArrowStreamOptions{.prefix = "none"}}) {
    const auto consumer = Export(options);
    consumer->ReadSchema();
    EXPECT_EQ(consumer->names, (std::vector<std::string>{"key", "value"}));
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(consumer->ReadBatch());
    EXPECT_EQ(consumer->error, "");
  }
}

TEST_F(ArrowStreamTest, WrongArgumentsAreRefusedAndLeaveAReleasedStream) {
  Open();
  ArrowArrayStream stream{};
  auto made = db_->ExportArrowStream({.with_key = false, .with_value = false}, &stream);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(stream.release, nullptr);
  made = db_->ExportArrowStream({}, nullptr);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::kInvalidArgument);
  CheckOk(db_->Close());
  made = db_->ExportArrowStream({}, &stream);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::kClosed);
  EXPECT_EQ(stream.release, nullptr);
}

TEST_F(ArrowStreamTest, ASnapshotOfAnotherDatabaseIsRefused) {
  Open();
  auto other = Database::Open(dir_.path() / "other", SmallConfig());
  ASSERT_TRUE(other.ok());
  const auto snapshot = (*other)->NewSnapshot();
  ASSERT_TRUE(snapshot.ok());
  ArrowArrayStream stream{};
  EXPECT_FALSE(db_->ExportArrowStream({.snapshot = &*snapshot}, &stream).ok());
  EXPECT_EQ(stream.release, nullptr);
}

// The specification lets a consumer copy any struct and mark the original as released.
template <typename Struct>
Struct Moved(Struct& original) {
  Struct moved = original;
  original.release = nullptr;
  return moved;
}

TEST_F(ArrowStreamTest, StructsMayBeMovedAndChildrenOutliveTheirParents) {
  Open();
  Put("apple", "red");
  CheckOk(db_->Flush());
  auto consumer = Export({});
  ArrowArrayStream stream = Moved(consumer->stream);
  consumer.reset();

  ArrowSchema schema{};
  ASSERT_EQ(stream.get_schema(&stream, &schema), 0);
  ArrowSchema value_schema = Moved(*schema.children[1]);
  ArrowSchema whole_schema = Moved(schema);
  whole_schema.release(&whole_schema);
  EXPECT_EQ(whole_schema.release, nullptr);
  EXPECT_STREQ(value_schema.name, "value");
  value_schema.release(&value_schema);

  ArrowArray batch{};
  ASSERT_EQ(stream.get_next(&stream, &batch), 0);
  ArrowArray keys = Moved(*batch.children[0]);
  ArrowArray whole = Moved(batch);
  ArrowArray end{};
  ASSERT_EQ(stream.get_next(&stream, &end), 0);
  EXPECT_EQ(end.release, nullptr);
  whole.release(&whole);
  stream.release(&stream);
  EXPECT_EQ(stream.release, nullptr);
  db_.reset();
  EXPECT_EQ(testing::BinaryAt(keys, 0), "apple");
  keys.release(&keys);
  EXPECT_EQ(keys.release, nullptr);
}

TEST_F(ArrowStreamTest, AfterCloseTheStreamFailsAndItsBatchesStayReadable) {
  DatabaseConfig config = SmallConfig();
  config.block_size_bytes = 64 << 10;
  for (const bool in_tables : {false, true}) {
    for (const bool destroy : {false, true}) {
      Open(config);
      for (int i = 0; i < 3000; ++i) Put("key" + std::to_string(10'000 + i), std::string(90, 'v'));
      if (in_tables) CheckOk(db_->CompactRange());
      const auto consumer = Export({.batch_rows = 1000});
      consumer->ReadSchema();
      ArrowArray batch{};
      ASSERT_EQ(consumer->stream.get_next(&consumer->stream, &batch), 0);
      if (destroy) {
        db_.reset();
      } else {
        CheckOk(db_->Close());
      }
      for (int i = 0; i < 2; ++i) {
        ArrowArray none{};
        EXPECT_NE(consumer->stream.get_next(&consumer->stream, &none), 0);
        EXPECT_EQ(none.release, nullptr);
        const char* const text = consumer->stream.get_last_error(&consumer->stream);
        ASSERT_NE(text, nullptr);
        EXPECT_NE(std::string_view(text).find("closed"), std::string_view::npos) << text;
      }
      consumer->ReadSchema();
      EXPECT_EQ(consumer->names.size(), 2U);
      db_.reset();
      std::vector<ArrowRow> rows;
      consumer->TakeRows(batch, rows);
      ASSERT_EQ(rows.size(), 1000U);
      EXPECT_EQ(rows[999].key, "key10999");
      EXPECT_EQ(rows[999].value, std::string(90, 'v'));
      batch.release(&batch);
    }
  }
}

TEST_F(ArrowStreamTest, AStreamAndItsBatchesMayBeReleasedByAnotherThreadAfterTheDatabase) {
  Open();
  for (int i = 0; i < 5000; ++i) Put("key" + std::to_string(10'000 + i), std::string(50, 'v'));
  CheckOk(db_->Flush());
  auto consumer = Export({.batch_rows = 500});
  consumer->ReadSchema();
  std::vector<ArrowArray> batches(4);
  for (ArrowArray& batch : batches) {
    ASSERT_EQ(consumer->stream.get_next(&consumer->stream, &batch), 0);
  }
  std::thread other([&] {
    for (ArrowArray& batch : batches) batch.release(&batch);
  });
  ASSERT_TRUE(consumer->ReadBatch());
  db_.reset();
  other.join();
  std::thread([&] { consumer.reset(); }).join();
}

// Blocks of 4 KiB hold some forty of these rows.
void PutRowsOfABlock(Database& database, int rows) {
  for (int i = 0; i < rows; ++i) {
    CheckOk(database.Put("key" + std::to_string(100'000 + i), std::string(90, 'a' + i % 26)));
  }
  CheckOk(database.CompactRange());
}

TEST_F(ArrowStreamTest, BatchesNoLongerThanABlockAreViewsOfTheBlockCache) {
  for (const CompressionKind codec :
       {CompressionKind::kNone, CompressionKind::kLz4, CompressionKind::kZstd}) {
    for (const bool uniform : {false, true}) {
      DatabaseConfig config = SmallConfig();
      config.compression = config.compression_bottom = codec;
      Open(config);
      PutRowsOfABlock(*db_, 1000);
      if (!uniform) {
        CheckOk(db_->Put("key1000005", "x"));
        CheckOk(db_->CompactRange());
      }
      const ArrowStreamOptions options{.with_sequence = true, .batch_rows = 10};
      const auto first = Export(options);
      const auto second = Export(options);
      first->ReadSchema();
      int shared = 0;
      int batches = 0;
      for (;; ++batches) {
        ArrowArray a{};
        ArrowArray b{};
        ASSERT_EQ(first->stream.get_next(&first->stream, &a), 0);
        ASSERT_EQ(second->stream.get_next(&second->stream, &b), 0);
        ASSERT_EQ(a.release == nullptr, b.release == nullptr);
        if (a.release == nullptr) break;
        if (a.children[0]->buffers[2] == b.children[0]->buffers[2] &&
            a.children[1]->buffers[2] == b.children[1]->buffers[2]) {
          ++shared;
        }
        first->TakeRows(a, first->rows);
        a.release(&a);
        b.release(&b);
      }
      // The rows at the border of two blocks are copied together.
      EXPECT_GT(shared, batches / 2) << batches;
      EXPECT_LT(shared, batches);
      ASSERT_EQ(first->rows.size(), uniform ? 1000U : 1001U);
      for (std::size_t i = 1; i < first->rows.size(); ++i) {
        ASSERT_LT(first->rows[i - 1].key, first->rows[i].key);
      }
      db_.reset();
      std::filesystem::remove_all(dir_.path() / "db");
    }
  }
}

TEST_F(ArrowStreamTest, ALongBlockIsABatchOfItsOwnAndSurvivesCompactionAndTheDatabase) {
  DatabaseConfig config = SmallConfig();
  config.block_size_bytes = 1 << 20;
  config.memtable_size_bytes = 8 << 20;
  config.table_size_bytes = 8 << 20;
  Open(config);
  for (int i = 0; i < 40'000; ++i) {
    CheckOk(db_->Put("key" + std::to_string(100'000 + i), std::string(91, 'a' + i % 26)));
  }
  CheckOk(db_->CompactRange());
  const auto consumer = Export({});
  consumer->ReadSchema();
  std::vector<ArrowArray> kept;
  for (;;) {
    ArrowArray batch{};
    ASSERT_EQ(consumer->stream.get_next(&consumer->stream, &batch), 0);
    if (batch.release == nullptr) break;
    kept.push_back(batch);
  }
  EXPECT_EQ(kept.size(), 4U);
  for (int i = 0; i < 40'000; i += 3) {
    CheckOk(db_->Put("key" + std::to_string(100'000 + i), "new"));
  }
  CheckOk(db_->CompactRange());
  // Nothing but the batches is left: neither stream nor engine nor cache.
  consumer->stream.release(&consumer->stream);
  db_.reset();
  for (ArrowArray& batch : kept) {
    consumer->TakeRows(batch, consumer->rows);
    batch.release(&batch);
  }
  ASSERT_EQ(consumer->rows.size(), 40'000U);
  for (int i = 0; i < 40'000; ++i) {
    ASSERT_EQ(consumer->rows[static_cast<std::size_t>(i)].value, std::string(91, 'a' + i % 26));
  }
}

TEST_F(ArrowStreamTest, HugeValuesGetBatchesOfTheirOwn) {
  Open();
  const std::string huge(5 << 20, 'h');
  for (const char* key : {"b", "d", "f"}) Put(key, huge);
  for (const char* key : {"a", "c", "e", "g"}) Put(key, "small");
  for (const bool in_tables : {false, true}) {
    if (in_tables) CheckOk(db_->CompactRange());
    const auto consumer = Export({});
    consumer->ReadAll();
    ASSERT_EQ(consumer->error, "");
    ASSERT_EQ(consumer->rows.size(), 7U);
    EXPECT_GE(consumer->batch_rows.size(), 3U);
    for (const ArrowRow& row : consumer->rows) EXPECT_EQ(row.value, model_[*row.key]);
  }
}

TEST_F(ArrowStreamTest, ADamagedBlockEndsTheStreamWithTheFileAndOffset) {
  Open();
  PutRowsOfABlock(*db_, 2000);
  db_.reset();
  for (const auto& file : std::filesystem::directory_iterator(dir_.path() / "db")) {
    if (file.path().extension() != ".arrow") continue;
    std::fstream bytes(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(file.file_size() / 2));
    bytes.put('\x55');
  }
  Open();
  const auto consumer = Export({.batch_rows = 100});
  consumer->ReadAll();
  EXPECT_EQ(consumer->error_code, EIO);
  EXPECT_NE(consumer->error.find("corruption"), std::string::npos) << consumer->error;
  EXPECT_NE(consumer->error.find(".arrow"), std::string::npos) << consumer->error;
  EXPECT_GT(consumer->rows.size(), 100U);
  EXPECT_LT(consumer->rows.size(), 2000U);
  // The error stays: no later call hands out rows from behind the gap.
  EXPECT_FALSE(consumer->ReadBatch());
  EXPECT_EQ(consumer->error_code, EIO);
}

TEST_F(ArrowStreamTest, StreamsOfManyThreadsBesideWritersShowOneStateEach) {
  DatabaseConfig config = SmallConfig();
  config.memory_limit_bytes = 32 << 20;
  Open(config);
  constexpr int kKeys = 400;
  const auto write = [&](int round) {
    WriteBatch batch;
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_TRUE(
          batch.Put("key" + std::to_string(1000 + i), std::to_string(round) + std::string(30, '.'))
              .ok());
    }
    ASSERT_TRUE(db_->Write(batch).ok());
  };
  write(0);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int round = 1; round < 200; ++round) write(round);
    stop = true;
  });
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&, i] {
      while (!stop) {
        const auto rows =
            Rows({.batch_rows = static_cast<std::uint32_t>(i * 37), .fill_cache = i != 1});
        ASSERT_EQ(rows.size(), static_cast<std::size_t>(kKeys));
        for (const ArrowRow& row : rows) ASSERT_EQ(row.value, rows[0].value);
      }
    });
  }
  writer.join();
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace quiver
