#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "arrow_ipc/file_builder_for_test.h"
#include "arrow_ipc/foreign_file.h"
#include "base/random.h"
#include "testing/seed.h"

namespace quiver::arrow_ipc {
namespace {

using testing::BuildFile;
using testing::StringReadableFile;
using testing::StringWritableFile;
using testing::TestBatch;
using testing::TestCell;

using Rows = std::vector<std::pair<TestCell, TestCell>>;

TestCell ToCell(const Cell& cell) {
  if (cell.null) {
    EXPECT_TRUE(cell.bytes.empty());
    return std::nullopt;
  }
  return std::string(cell.bytes);
}

Result<Rows> ReadAll(const io::ReadableFile& file, std::string_view first = "key",
                     std::string_view second = "value") {
  auto reader = ForeignFileReader::Open(file);
  if (!reader) return Error(reader.error());
  Rows rows;
  auto read = (*reader)->ReadRows(first, second, [&](const Cell& a, const Cell& b) -> Result<bool> {
    rows.emplace_back(ToCell(a), ToCell(b));
    return true;
  });
  if (!read) return Error(read.error());
  EXPECT_EQ(rows.size(), (*reader)->row_count());
  return rows;
}

Rows RowsOf(const std::vector<TestBatch>& batches, std::size_t first, std::size_t second) {
  Rows rows;
  for (const TestBatch& batch : batches) {
    for (std::size_t i = 0; i < batch[first].size(); ++i) {
      rows.emplace_back(batch[first][i], batch[second][i]);
    }
  }
  return rows;
}

std::string RandomCell(Random& random, std::size_t width) {
  std::string cell(width != 0 ? width : random.Below(40), '\0');
  for (char& byte : cell) byte = static_cast<char>('a' + random.Below(4));
  return cell;
}

TestBatch RandomBatch(Random& random, const Schema& schema, std::size_t rows) {
  TestBatch batch(schema.columns.size());
  for (std::size_t column = 0; column < batch.size(); ++column) {
    const Column& description = schema.columns[column];
    std::size_t width = description.width_bytes;
    if (description.type == ColumnType::kUInt64) width = 8;
    if (description.type == ColumnType::kUInt8) width = 1;
    for (std::size_t row = 0; row < rows; ++row) {
      const bool null = description.nullable && random.OneIn(5);
      batch[column].push_back(null ? TestCell() : TestCell(RandomCell(random, width)));
    }
  }
  return batch;
}

Schema SchemaOf(ColumnType key, ColumnType value, std::uint32_t width = 0) {
  return {{{"before", ColumnType::kUInt64, 0, true},
           {"key", key, key == ColumnType::kFixedSizeBinary ? width : 0, false},
           {"between", ColumnType::kBinary, 0, true},
           {"value", value, value == ColumnType::kFixedSizeBinary ? width : 0, true},
           {"after", ColumnType::kUInt8, 0, false}},
          {{"made.by", "a test"}}};
}

constexpr ColumnType kByteTypes[] = {ColumnType::kBinary, ColumnType::kLargeBinary,
                                     ColumnType::kUtf8, ColumnType::kLargeUtf8,
                                     ColumnType::kFixedSizeBinary};
constexpr CompressionKind kCodecs[] = {CompressionKind::kNone, CompressionKind::kLz4,
                                       CompressionKind::kZstd};

TEST(ForeignFileReader, ReadsStampedFilesOfEveryTypeAndCodec) {
  Random random(quiver::testing::TestSeed(1));
  for (const ColumnType key : kByteTypes) {
    for (const ColumnType value : kByteTypes) {
      for (const CompressionKind codec : kCodecs) {
        const Schema schema = SchemaOf(key, value, 12);
        std::vector<TestBatch> batches;
        for (const std::size_t rows : {0, 1, 7, 8, 9, 64, 300}) {
          batches.push_back(RandomBatch(random, schema, rows));
        }
        const StringReadableFile file(BuildFile(schema, codec, batches, 256).bytes);
        const auto reader = ForeignFileReader::Open(file);
        ASSERT_TRUE(reader.ok()) << reader.error().ToString();
        EXPECT_EQ((*reader)->schema(), schema);
        EXPECT_EQ((*reader)->batch_count(), batches.size());
        EXPECT_EQ((*reader)->row_count(), 389U);
        const auto rows = ReadAll(file);
        ASSERT_TRUE(rows.ok()) << rows.error().ToString();
        EXPECT_EQ(*rows, RowsOf(batches, 1, 3));
        const auto others = ReadAll(file, "value", "between");
        ASSERT_TRUE(others.ok()) << others.error().ToString();
        EXPECT_EQ(*others, RowsOf(batches, 3, 2));
      }
    }
  }
}

TEST(ForeignFileReader, OneColumnMayBeAskedForTwice) {
  const Schema schema = SchemaOf(ColumnType::kBinary, ColumnType::kBinary);
  Random random(quiver::testing::TestSeed(2));
  const std::vector<TestBatch> batches = {RandomBatch(random, schema, 10)};
  const StringReadableFile file(BuildFile(schema, CompressionKind::kNone, batches).bytes);
  EXPECT_EQ(ReadAll(file, "key", "key").value(), RowsOf(batches, 1, 1));
}

TEST(ForeignFileReader, AnEmptyFileHasNoRows) {
  const Schema schema = SchemaOf(ColumnType::kBinary, ColumnType::kBinary);
  const StringReadableFile file(BuildFile(schema, CompressionKind::kNone, {}).bytes);
  EXPECT_TRUE(ReadAll(file).value().empty());
}

TEST(ForeignFileReader, StopsWhenTheCallerHasEnoughAndPassesItsErrorsOn) {
  const Schema schema = SchemaOf(ColumnType::kBinary, ColumnType::kBinary);
  Random random(quiver::testing::TestSeed(3));
  const std::vector<TestBatch> batches = {RandomBatch(random, schema, 5),
                                          RandomBatch(random, schema, 5)};
  const StringReadableFile file(BuildFile(schema, CompressionKind::kNone, batches).bytes);
  const auto reader = ForeignFileReader::Open(file).value();
  int seen = 0;
  EXPECT_TRUE(reader
                  ->ReadRows("key", "value",
                             [&](const Cell&, const Cell&) -> Result<bool> { return ++seen < 3; })
                  .ok());
  EXPECT_EQ(seen, 3);
  const auto failed =
      reader->ReadRows("key", "value", [&](const Cell&, const Cell&) -> Result<bool> {
        return Error(ErrorCode::kNoSpace, "the sink is full");
      });
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code(), ErrorCode::kNoSpace);
}

TEST(ForeignFileReader, UncompressedBatchesAreReadThroughASmallWindow) {
  const Schema schema = SchemaOf(ColumnType::kBinary, ColumnType::kBinary);
  TestBatch batch(schema.columns.size());
  for (int row = 0; row < 64; ++row) {
    batch[0].emplace_back("12345678");
    batch[1].emplace_back("key " + std::to_string(row));
    batch[2].emplace_back("");
    batch[3].emplace_back(std::string(200'000, static_cast<char>('a' + row % 26)));
    batch[4].emplace_back("x");
  }
  const StringReadableFile file(BuildFile(schema, CompressionKind::kNone, {batch}).bytes);
  const auto rows = ReadAll(file);
  ASSERT_TRUE(rows.ok()) << rows.error().ToString();
  EXPECT_EQ(*rows, RowsOf({batch}, 1, 3));
  EXPECT_GT(file.size_bytes(), std::uint64_t{12} << 20);
  EXPECT_LE(file.largest_read(), std::uint64_t{1} << 20);
}

TEST(ForeignFileReader, ColumnsThatCannotBeReadAsBytesAreRefused) {
  Schema schema = SchemaOf(ColumnType::kBinary, ColumnType::kBinary);
  schema.columns.push_back({"twice", ColumnType::kBinary, 0, false});
  schema.columns.push_back({"twice", ColumnType::kBinary, 0, false});
  schema.columns.push_back({"nothing", ColumnType::kFixedSizeBinary, 0, false});
  const StringReadableFile file(BuildFile(schema, CompressionKind::kNone, {}).bytes);
  const std::pair<const char*, const char*> expectations[] = {
      {"absent", "does not exist; the file has 'before', 'key', 'between'"},
      {"before", "has type Int"},
      {"after", "has type Int"},
      {"twice", "exists more than once"},
      {"nothing", "has cells of 0 bytes"}};
  for (const auto& [column, message] : expectations) {
    for (const bool first : {true, false}) {
      const auto rows = ReadAll(file, first ? column : "key", first ? "value" : column);
      ASSERT_FALSE(rows.ok()) << column;
      EXPECT_EQ(rows.error().code(), ErrorCode::kInvalidArgument);
      EXPECT_NE(rows.error().message().find(message), std::string::npos) << rows.error().ToString();
      EXPECT_EQ(rows.error().file(), "test.arrow");
    }
  }
}

TEST(ForeignFileReader, OffsetsNeedNotStartAtZero) {
  const Schema schema = {
      {{"key", ColumnType::kBinary, 0, false}, {"value", ColumnType::kBinary, 0, false}}, {}};
  auto built = BuildFile(schema, CompressionKind::kNone, {{{"abcd", "ef"}, {"1", "2"}}});
  char* const offsets =
      built.bytes.data() + built.blocks[0].offset + built.blocks[0].metadata_bytes;
  ASSERT_EQ(LoadFixed<std::int32_t>(offsets + 4), 4);
  StoreFixed<std::int32_t>(offsets, 2);
  const auto rows = ReadAll(StringReadableFile(built.bytes));
  ASSERT_TRUE(rows.ok()) << rows.error().ToString();
  EXPECT_EQ(*rows, (Rows{{"cd", "1"}, {"ef", "2"}}));
}

TEST(PlainFileWriter, RowsComeBackThroughTheReaderInSeveralBatches) {
  Random random(quiver::testing::TestSeed(4));
  StringWritableFile sink;
  PlainFileWriter writer(sink, "k", "v");
  Rows expected;
  for (int row = 0; row < 20000; ++row) {
    const std::string key = "key" + std::to_string(row);
    const std::string value(random.Below(500), static_cast<char>('a' + row % 26));
    ASSERT_TRUE(writer.Add(key, value).ok());
    expected.emplace_back(key, value);
  }
  ASSERT_TRUE(writer.Finish().ok());
  EXPECT_EQ(sink.syncs(), 1);
  const StringReadableFile file(sink.bytes());
  const auto reader = ForeignFileReader::Open(file);
  ASSERT_TRUE(reader.ok()) << reader.error().ToString();
  EXPECT_GE((*reader)->batch_count(), 4U);
  EXPECT_LE((*reader)->batch_count(), 7U);
  EXPECT_EQ(ReadAll(file, "k", "v").value(), expected);
}

TEST(PlainFileWriter, EmptyFilesAndEmptyCellsAreValid) {
  StringWritableFile nothing;
  ASSERT_TRUE(PlainFileWriter(nothing, "k", "v").Finish().ok());
  EXPECT_TRUE(ReadAll(StringReadableFile(nothing.bytes()), "k", "v").value().empty());

  StringWritableFile sink;
  PlainFileWriter writer(sink, "k", "v");
  ASSERT_TRUE(writer.Add("", "").ok());
  ASSERT_TRUE(writer.Add(std::string_view("\0\xFF", 2), "").ok());
  ASSERT_TRUE(writer.Finish().ok());
  EXPECT_EQ(ReadAll(StringReadableFile(sink.bytes()), "k", "v").value(),
            (Rows{{"", ""}, {std::string("\0\xFF", 2), ""}}));
}

TEST(PlainFileWriter, ACellLargerThanABatchGetsABatchOfItsOwn) {
  StringWritableFile sink;
  PlainFileWriter writer(sink, "k", "v");
  const std::string large(std::size_t{5} << 20, 'L');
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(writer.Add(key, large).ok());
  ASSERT_TRUE(writer.Finish().ok());
  const StringReadableFile file(sink.bytes());
  EXPECT_EQ(ForeignFileReader::Open(file).value()->batch_count(), 3U);
  EXPECT_EQ(ReadAll(file, "k", "v").value(), (Rows{{"a", large}, {"b", large}, {"c", large}}));
}

TEST(PlainFileWriter, AFailureSticks) {
  for (const std::uint64_t fail_at : {0, 10, 2000, 1 << 20}) {
    StringWritableFile sink(fail_at);
    PlainFileWriter writer(sink, "k", "v");
    Result<void> added = {};
    for (int row = 0; row < 3000 && added.ok(); ++row)
      added = writer.Add("key", std::string(500, 'v'));
    ASSERT_FALSE(added.ok());
    EXPECT_EQ(added.error().code(), ErrorCode::kNoSpace);
    EXPECT_EQ(writer.Add("key", "value").error().code(), ErrorCode::kNoSpace);
    EXPECT_EQ(writer.Finish().error().code(), ErrorCode::kNoSpace);
    EXPECT_EQ(sink.syncs(), 0);
  }
}

}  // namespace
}  // namespace quiver::arrow_ipc
