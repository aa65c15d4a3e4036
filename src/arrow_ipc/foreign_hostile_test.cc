// Files that lie: every truncation, every changed byte, and lies made by hand. Run under the
// address and undefined-behaviour sanitizers to mean what they say.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow_format_generated.h"
#include "arrow_ipc/file_builder_for_test.h"
#include "arrow_ipc/foreign_file.h"
#include "arrow_ipc/message_encoder.h"

namespace quiver::arrow_ipc {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using testing::BuildFile;
using testing::BuiltFile;
using testing::StringReadableFile;
using testing::TestBatch;

using Rows = std::vector<std::pair<std::string, std::string>>;

const Schema& SmallSchema() {
  static const Schema schema = {{{"key", ColumnType::kBinary, 0, false},
                                 {"value", ColumnType::kLargeBinary, 0, true},
                                 {"fixed", ColumnType::kFixedSizeBinary, 3, true}},
                                {{"name", "text"}}};
  return schema;
}

std::vector<TestBatch> SmallBatches() {
  const std::string text(90, 'x');
  return {{{"a", "bb", "ccc"}, {"1" + text, {}, "3"}, {"abc", "def", {}}},
          {{"dddd", "ee"}, {"44" + text, ""}, {"ghi", "jkl"}}};
}

Result<Rows> ReadPair(const io::ReadableFile& file, std::string_view first,
                      std::string_view second) {
  auto reader = ForeignFileReader::Open(file);
  if (!reader) return Error(reader.error());
  Rows rows;
  auto read = (*reader)->ReadRows(first, second, [&](const Cell& a, const Cell& b) -> Result<bool> {
    rows.emplace_back(a.null ? "null" : std::string(a.bytes),
                      b.null ? "null" : std::string(b.bytes));
    return true;
  });
  if (!read) return Error(read.error());
  if (rows.size() != (*reader)->row_count()) {
    return Error(ErrorCode::kInternal, "row_count() is not the number of rows");
  }
  return rows;
}

void ExpectPlainError(const Error& error) {
  EXPECT_TRUE(error.code() == ErrorCode::kCorruption || error.code() == ErrorCode::kUnsupported ||
              error.code() == ErrorCode::kInvalidArgument)
      << error.ToString();
  EXPECT_EQ(error.file(), "test.arrow") << error.ToString();
}

constexpr CompressionKind kCodecs[] = {CompressionKind::kNone, CompressionKind::kLz4,
                                       CompressionKind::kZstd};

TEST(HostileFile, EveryTruncationIsRefused) {
  for (const CompressionKind codec : kCodecs) {
    const std::string bytes = BuildFile(SmallSchema(), codec, SmallBatches()).bytes;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const StringReadableFile file(std::string_view(bytes).substr(0, size));
      const auto rows = ReadPair(file, "key", "value");
      ASSERT_FALSE(rows.ok()) << "cut to " << size;
      EXPECT_EQ(rows.error().code(), ErrorCode::kCorruption);
      ExpectPlainError(rows.error());
    }
  }
}

bool InBody(const BuiltFile& built, std::size_t position) {
  for (const FooterBlock& block : built.blocks) {
    const std::uint64_t body = block.offset + block.metadata_bytes;
    if (position >= body && position < body + block.body_bytes) return true;
  }
  return false;
}

// Arrow has no checksums: a changed byte of a body may change what cells hold, but never how many
// there are. A changed byte of the metadata is found or means nothing.
TEST(HostileFile, EveryChangedByteIsRefusedOrHarmless) {
  for (const CompressionKind codec : kCodecs) {
    const BuiltFile built = BuildFile(SmallSchema(), codec, SmallBatches());
    const StringReadableFile intact(built.bytes);
    const Rows key_value = ReadPair(intact, "key", "value").value();
    const Rows fixed_key = ReadPair(intact, "fixed", "key").value();
    ASSERT_EQ(key_value.size(), 5U);
    for (std::size_t position = 0; position < built.bytes.size(); ++position) {
      for (unsigned change = 1; change < 256; change = change < 128 ? change * 2 : change + 127) {
        std::string bytes = built.bytes;
        bytes[position] = static_cast<char>(bytes[position] ^ static_cast<char>(change));
        const StringReadableFile file(bytes);
        for (const bool first : {true, false}) {
          const auto rows = first ? ReadPair(file, "key", "value") : ReadPair(file, "fixed", "key");
          if (!rows) {
            ExpectPlainError(rows.error());
          } else if (InBody(built, position)) {
            EXPECT_EQ(rows->size(), key_value.size()) << "byte " << position;
          } else {
            EXPECT_EQ(*rows, first ? key_value : fixed_key)
                << "byte " << position << " changed by " << change;
          }
        }
      }
    }
  }
}

// --- lies made by hand ------------------------------------------------------------------------

// What a batch message declares, to be told wrong.
struct BatchLie {
  std::uint64_t rows = 2;
  std::vector<std::uint64_t> nulls = {0, 0};
  std::vector<BufferRange> buffers = {{0, 0}, {0, 12}, {16, 4}, {0, 0}, {24, 12}, {40, 4}};
  std::string body = DefaultBody();
  std::uint64_t message_body_bytes = 48;
  FooterBlock block = {0, 0, 48};  // offset and metadata size are filled in
  CompressionKind compression = CompressionKind::kNone;

  static std::string DefaultBody() {
    std::string body(48, '\0');
    for (const std::size_t at : {std::size_t{0}, std::size_t{24}}) {
      StoreFixed<std::int32_t>(body.data() + at + 4, 2);
      StoreFixed<std::int32_t>(body.data() + at + 8, 4);
    }
    body.replace(16, 4, "aabb");
    body.replace(40, 4, "1122");
    return body;
  }
  void SetOffset(std::size_t index, std::int32_t value) {
    StoreFixed(body.data() + 4 * index, value);
  }
};

Schema PairSchema() {
  return {{{"key", ColumnType::kBinary, 0, false}, {"value", ColumnType::kBinary, 0, false}}, {}};
}

std::string BuildLie(BatchLie lie, int copies_in_footer = 1) {
  const RecordBatchTemplate batch_template(PairSchema(), lie.compression);
  std::string bytes(kFileMagic);
  bytes += EncodeSchemaMessage(PairSchema());
  lie.block.offset += bytes.size();
  lie.block.metadata_bytes += batch_template.size_bytes();
  std::string message(batch_template.size_bytes(), '\0');
  batch_template.Stamp(message.data(), lie.rows, lie.message_body_bytes, lie.nulls, lie.buffers);
  bytes += message + lie.body;
  bytes += kEndOfStream;
  return bytes +
         EncodeFileTail(PairSchema(), std::vector<FooterBlock>(
                                          static_cast<std::size_t>(copies_in_footer), lie.block));
}

void ExpectRefused(const std::string& bytes, ErrorCode code, std::string_view message) {
  const StringReadableFile file(bytes);
  const auto rows = ReadPair(file, "key", "value");
  ASSERT_FALSE(rows.ok()) << "expected: " << message;
  EXPECT_EQ(rows.error().code(), code) << rows.error().ToString();
  EXPECT_NE(rows.error().message().find(message), std::string::npos)
      << rows.error().ToString() << "\nexpected: " << message;
  EXPECT_EQ(rows.error().file(), "test.arrow");
  EXPECT_LE(file.largest_read(), file.size_bytes());
}

void ExpectLieRefused(const std::function<void(BatchLie&)>& tell, std::string_view message) {
  BatchLie lie;
  tell(lie);
  ExpectRefused(BuildLie(lie), ErrorCode::kCorruption, message);
}

constexpr std::uint64_t kHuge = std::uint64_t{1} << 63;

TEST(HostileFile, TheBatchThatTheLiesStartFromIsValid) {
  const StringReadableFile file(BuildLie({}));
  EXPECT_EQ(ReadPair(file, "key", "value").value(), (Rows{{"aa", "11"}, {"bb", "22"}}));
}

TEST(HostileFile, WrongRowAndNullCountsAreRefused) {
  for (const std::uint64_t rows : {std::uint64_t{3}, kHuge - 1, std::uint64_t{1} << 61}) {
    ExpectLieRefused([&](BatchLie& lie) { lie.rows = rows; }, "bytes of offsets for");
  }
  ExpectLieRefused([](BatchLie& lie) { lie.rows = kHuge; }, "rows");
  for (const std::uint64_t nulls : {std::uint64_t{1}, kHuge, ~std::uint64_t{0}}) {
    ExpectLieRefused([&](BatchLie& lie) { lie.nulls[1] = nulls; }, "nulls");
  }
  ExpectLieRefused([](BatchLie& lie) { lie.buffers[0] = {16, 4}, lie.buffers[2] = {0, 0}; },
                   "the validity bitmap has");
}

TEST(HostileFile, BuffersOutsideTheirBodyOrOverAnotherAreRefused) {
  for (const BufferRange range : {BufferRange{48, 8},
                                  {40, 16},
                                  {kHuge, 4},
                                  {~std::uint64_t{7}, 16},
                                  {0, kHuge},
                                  {40, ~std::uint64_t{0}},
                                  {kHuge, kHuge}}) {
    ExpectLieRefused([&](BatchLie& lie) { lie.buffers[5] = range; }, "does not lie in its body");
  }
  ExpectLieRefused([](BatchLie& lie) { lie.buffers[5] = {24, 4}; }, "overlap");
  ExpectLieRefused([](BatchLie& lie) { lie.buffers[5] = {41, 4}; }, "not aligned");
}

TEST(HostileFile, OffsetsThatAreNotMonotonicOrNotInTheDataAreRefused) {
  for (const std::int32_t offset : {-1, 5, std::numeric_limits<std::int32_t>::min(),
                                    std::numeric_limits<std::int32_t>::max()}) {
    for (const std::size_t index : {0, 1, 2}) {
      ExpectLieRefused([&](BatchLie& lie) { lie.SetOffset(index, offset); }, "expected");
    }
  }
  ExpectLieRefused([](BatchLie& lie) { lie.SetOffset(2, 1); }, "offset 2 is 1, expected 2 to 4");
}

TEST(HostileFile, ABatchIsCheckedBeforeItsFirstRowIsHandedOut) {
  BatchLie lie;
  lie.SetOffset(2, 1);
  const StringReadableFile file(BuildLie(lie));
  const auto reader = ForeignFileReader::Open(file).value();
  int rows = 0;
  EXPECT_FALSE(reader
                   ->ReadRows("value", "key",
                              [&](const Cell&, const Cell&) -> Result<bool> { return ++rows > 0; })
                   .ok());
  EXPECT_EQ(rows, 0);
}

TEST(HostileFile, BlocksThatLieAboutTheirPlaceAreRefused) {
  const std::string beyond = "does not lie between";
  ExpectLieRefused([](BatchLie& lie) { lie.block.offset = kHuge; }, beyond);
  ExpectLieRefused([](BatchLie& lie) { lie.block.offset = ~std::uint64_t{7}; }, "");
  ExpectLieRefused([](BatchLie& lie) { lie.block.body_bytes = kHuge; }, beyond);
  ExpectLieRefused([](BatchLie& lie) { lie.block.body_bytes = 4096; }, beyond);
  ExpectLieRefused([](BatchLie& lie) { lie.block.metadata_bytes = 0x80000000; }, beyond);
  ExpectLieRefused([](BatchLie& lie) { lie.block.metadata_bytes = 1U << 30; }, beyond);
  ExpectLieRefused([](BatchLie& lie) { lie.block.body_bytes = 40; }, "the footer does not list");
  ExpectLieRefused([](BatchLie& lie) { lie.message_body_bytes = kHuge; }, "declares a body of");
  ExpectLieRefused([](BatchLie& lie) { lie.block.offset = 4; }, "not aligned");
  ExpectLieRefused([](BatchLie& lie) { lie.block.body_bytes = 44; }, "not aligned");
  ExpectRefused(BuildLie({}, 2), ErrorCode::kCorruption, "overlap");
}

// A buffer that is 4 bytes of payload but declares `declared` bytes.
std::string Bomb(CompressionKind codec, std::int64_t declared, std::size_t payload_bytes) {
  BatchLie lie;
  lie.compression = codec;
  lie.body.resize(24);
  StoreFixed(lie.body.data() + 8, declared);
  lie.body.append(payload_bytes, '\x28');
  testing::Pad(lie.body);
  lie.buffers = {{0, 0}, {8, 16 + payload_bytes}, {0, 0}, {0, 0}, {0, 0}, {0, 0}};
  lie.block.body_bytes = lie.message_body_bytes = lie.body.size();
  return BuildLie(lie);
}

TEST(HostileFile, DecompressionBombsAreRefusedBeforeAnythingIsAllocated) {
  for (const CompressionKind codec : {CompressionKind::kLz4, CompressionKind::kZstd}) {
    for (const std::int64_t declared :
         {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min(),
          std::int64_t{-2}, std::int64_t{1} << 40, std::int64_t{1} << 31, std::int64_t{1} << 30}) {
      ExpectRefused(Bomb(codec, declared, 4), ErrorCode::kCorruption, "it declares");
    }
  }
  // ZSTD could make 1.9 GiB of this much, but nobody's table does.
  ExpectRefused(Bomb(CompressionKind::kZstd, std::int64_t{1900} << 20, 100'000),
                ErrorCode::kCorruption, "over the limit");
  // Within the limit, and yet a lie: it does not decode.
  ExpectRefused(Bomb(CompressionKind::kZstd, std::int64_t{60} << 20, 100'000),
                ErrorCode::kCorruption, "does not decode");
}

TEST(HostileFile, FootersThatLieAboutTheirSizeAreRefused) {
  const std::string bytes = BuildLie({});
  for (const std::int32_t footer_bytes :
       {0, -1, 1, 7, std::numeric_limits<std::int32_t>::min(),
        std::numeric_limits<std::int32_t>::max(), static_cast<std::int32_t>(bytes.size())}) {
    std::string changed = bytes;
    StoreFixed(changed.data() + changed.size() - 10, footer_bytes);
    ExpectRefused(changed, ErrorCode::kCorruption, "the footer");
  }
  ExpectRefused("", ErrorCode::kCorruption, "too few for an Arrow IPC file");
  ExpectRefused(std::string(100, 'x'), ErrorCode::kCorruption,
                "neither an Arrow IPC file, which starts with ARROW1, nor an Arrow stream");
  ExpectRefused("ARROW1" + std::string(94, 'x'), ErrorCode::kCorruption,
                "does not end with ARROW1");
  ExpectRefused(bytes.substr(0, 6) + bytes.substr(8), ErrorCode::kCorruption, "");
}

TEST(HostileFile, MessagesThatLieAboutTheirSizeAreRefused) {
  const std::string bytes = BuildLie({});
  const std::uint64_t at = 8 + EncodeSchemaMessage(PairSchema()).size();
  for (const std::uint32_t size : {0U, 8U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
    std::string changed = bytes;
    StoreFixed(changed.data() + at + 4, size);
    ExpectRefused(changed, ErrorCode::kCorruption, "message");
  }
}

// Polars 2 writes the first schema in no message at all.
TEST(HostileFile, ASchemaMessageThatCannotBeReadLeavesTheFooterToBeBelieved) {
  const std::string bytes = BuildLie({});
  for (const std::uint32_t size : {0U, 8U, 0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU}) {
    std::string changed = bytes;
    StoreFixed(changed.data() + 12, size);
    EXPECT_EQ(ReadPair(StringReadableFile(changed), "key", "value").value(),
              (Rows{{"aa", "11"}, {"bb", "22"}}));
  }
}

TEST(HostileFile, TwoSchemasThatDifferAreRefused) {
  const Schema narrow = {{{"key", ColumnType::kFixedSizeBinary, 2, false}}, {}};
  const Schema wide = {{{"key", ColumnType::kFixedSizeBinary, 4, false}}, {}};
  const TestBatch batch = {{"abcd", "efgh"}};
  BuiltFile built = BuildFile(wide, CompressionKind::kNone, {batch});
  EXPECT_EQ(ReadPair(StringReadableFile(built.bytes), "key", "key").value(),
            (Rows{{"abcd", "abcd"}, {"efgh", "efgh"}}));
  built.bytes.resize(built.bytes.size() - EncodeFileTail(wide, built.blocks).size());
  built.bytes += EncodeFileTail(narrow, built.blocks);
  const auto rows = ReadPair(StringReadableFile(built.bytes), "key", "key");
  ASSERT_FALSE(rows.ok());
  EXPECT_NE(rows.error().message().find("the schema of the footer"), std::string::npos);
}

// --- files that are valid but not for us ------------------------------------------------------

// The tail and head of a file without batches whose schema `fields` builds.
std::string FileWithFields(
    format::MetadataVersion version, format::Endianness endianness,
    const std::function<std::vector<Offset<format::Field>>(FlatBufferBuilder&)>& fields) {
  FlatBufferBuilder message_builder;
  const auto message_fields = message_builder.CreateVector(fields(message_builder));
  message_builder.Finish(format::CreateMessage(
      message_builder, version, format::MessageHeader::Schema,
      format::CreateSchema(message_builder, endianness, message_fields).Union()));
  FlatBufferBuilder builder;
  const auto footer_fields = builder.CreateVector(fields(builder));
  builder.Finish(format::CreateFooter(builder, version,
                                      format::CreateSchema(builder, endianness, footer_fields)));
  const auto append = [](std::string& out, const FlatBufferBuilder& from) {
    out.append(reinterpret_cast<const char*>(from.GetBufferPointer()), from.GetSize());
  };
  std::string bytes(kFileMagic);
  AppendFixed<std::uint32_t>(bytes, 0xFFFFFFFF);
  AppendFixed<std::uint32_t>(bytes, message_builder.GetSize());
  append(bytes, message_builder);
  append(bytes, builder);
  AppendFixed<std::uint32_t>(bytes, builder.GetSize());
  return bytes + "ARROW1";
}

std::vector<Offset<format::Field>> TwoFields(FlatBufferBuilder& builder, format::Type key_type,
                                             bool dictionary) {
  std::vector<Offset<format::Field>> fields;
  for (const char* name : {"key", "value"}) {
    const auto type = format::CreateBinary(builder).Union();
    const auto encoding = dictionary ? format::CreateDictionaryEncoding(builder)
                                     : Offset<format::DictionaryEncoding>();
    fields.push_back(
        format::CreateField(builder, builder.CreateString(name), false, key_type, type, encoding));
  }
  return fields;
}

TEST(HostileFile, OtherVersionsEndiannessAndTypesAreUnsupported) {
  const auto v5 = format::MetadataVersion::V5;
  const auto little = format::Endianness::Little;
  const auto build = [&](format::MetadataVersion version, format::Endianness endianness,
                         format::Type type, bool dictionary) {
    return FileWithFields(version, endianness, [&](FlatBufferBuilder& builder) {
      return TwoFields(builder, type, dictionary);
    });
  };
  const StringReadableFile valid(build(v5, little, format::Type::Binary, false));
  EXPECT_TRUE(ReadPair(valid, "key", "value").value().empty());
  ExpectRefused(build(format::MetadataVersion::V3, little, format::Type::Binary, false),
                ErrorCode::kUnsupported, "metadata version V3 cannot");
  ExpectRefused(build(static_cast<format::MetadataVersion>(5), little, format::Type::Binary, false),
                ErrorCode::kUnsupported, "metadata version V6 cannot");
  ExpectRefused(build(v5, format::Endianness::Big, format::Type::Binary, false),
                ErrorCode::kUnsupported, "little-endian");
  ExpectRefused(build(v5, little, static_cast<format::Type>(99), false), ErrorCode::kUnsupported,
                "type 99, which is newer");
  ExpectRefused(build(v5, little, format::Type::NONE, false), ErrorCode::kCorruption, "no type");
  ExpectRefused(build(v5, little, format::Type::Binary, true), ErrorCode::kInvalidArgument,
                "dictionary-encoded");
  ExpectRefused(build(v5, little, format::Type::Bool, false), ErrorCode::kInvalidArgument,
                "has type Bool");
}

TEST(HostileFile, SchemasNestedWithoutEndAreRefused) {
  const auto nested = [](int depth) {
    return FileWithFields(format::MetadataVersion::V5, format::Endianness::Little,
                          [&](FlatBufferBuilder& builder) {
                            std::vector<Offset<format::Field>> children;
                            for (int i = 0; i < depth; ++i) {
                              const auto child_vector = builder.CreateVector(children);
                              const auto type = format::CreateStruct_(builder).Union();
                              children = {format::CreateField(
                                  builder, 0, true, format::Type::Struct_, type, 0, child_vector)};
                            }
                            std::vector<Offset<format::Field>> fields =
                                TwoFields(builder, format::Type::Binary, false);
                            fields.push_back(children[0]);
                            return fields;
                          });
  };
  const StringReadableFile valid(nested(30));
  EXPECT_TRUE(ReadPair(valid, "key", "value").ok());
  ExpectRefused(nested(100'000), ErrorCode::kCorruption, "no valid flatbuffer");
}

}  // namespace
}  // namespace quiver::arrow_ipc
