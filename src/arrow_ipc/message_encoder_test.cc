#include "arrow_ipc/message_encoder.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "arrow_format_generated.h"
#include "base/coding.h"

namespace quiver::arrow_ipc {
namespace {

Schema TableLikeSchema(ColumnType key, std::uint32_t key_width, ColumnType value,
                       std::uint32_t value_width) {
  return {{{"key", key, key_width, false},
           {"value", value, value_width, true},
           {"sequence", ColumnType::kUInt64, 0, false},
           {"operation", ColumnType::kUInt8, 0, false}},
          {{"quiver.format", "table/1"}, {"quiver.keyspace", ""}}};
}

std::vector<Schema> Schemas() {
  const auto binary = ColumnType::kBinary;
  const auto fixed = ColumnType::kFixedSizeBinary;
  Schema wide;
  for (int i = 0; i < 100; ++i) wide.columns.push_back({"c" + std::to_string(i), binary, 0, true});
  return {TableLikeSchema(binary, 0, binary, 0),
          TableLikeSchema(fixed, 16, binary, 0),
          TableLikeSchema(fixed, 1, fixed, 1000000),
          {{{"key", binary, 0, false}, {"value", binary, 0, false}}, {}},
          {{{"", ColumnType::kUInt8, 0, false}}, {}},
          {},
          wide};
}

// The flatbuffer of an encapsulated message in memory aligned as flatbuffers needs it.
class Unwrapped {
 public:
  explicit Unwrapped(std::string_view message) : words_(message.size() / 8) {
    EXPECT_EQ(message.size() % 8, 0U);
    EXPECT_EQ(LoadFixed<std::uint32_t>(message.data()), 0xFFFFFFFFU);
    EXPECT_EQ(LoadFixed<std::uint32_t>(message.data() + 4), message.size() - 8);
    std::memcpy(words_.data(), message.data() + 8, message.size() - 8);
    flatbuffers::Verifier verifier(bytes(), message.size() - 8);
    EXPECT_TRUE(verifier.VerifyBuffer<format::Message>());
  }
  const format::Message& message() const { return *flatbuffers::GetRoot<format::Message>(bytes()); }

 private:
  const std::uint8_t* bytes() const { return reinterpret_cast<const std::uint8_t*>(words_.data()); }
  std::vector<std::uint64_t> words_;
};

void ExpectSameSchema(const format::Schema& written, const Schema& schema) {
  EXPECT_EQ(written.endianness(), format::Endianness::Little);
  ASSERT_EQ(written.fields()->size(), schema.columns.size());
  for (std::uint32_t i = 0; i < schema.columns.size(); ++i) {
    const format::Field& field = *written.fields()->Get(i);
    const Column& column = schema.columns[i];
    EXPECT_EQ(field.name()->str(), column.name);
    EXPECT_EQ(field.nullable(), column.nullable);
    ASSERT_NE(field.children(), nullptr);
    EXPECT_EQ(field.children()->size(), 0U);
    if (column.type == ColumnType::kBinary) {
      EXPECT_NE(field.type_as_Binary(), nullptr);
    } else if (column.type == ColumnType::kFixedSizeBinary) {
      EXPECT_EQ(field.type_as_FixedSizeBinary()->byte_width(),
                static_cast<std::int32_t>(column.width_bytes));
    } else {
      EXPECT_FALSE(field.type_as_Int()->is_signed());
      EXPECT_EQ(field.type_as_Int()->bit_width(), column.type == ColumnType::kUInt64 ? 64 : 8);
    }
  }
  if (schema.metadata.empty()) {
    EXPECT_EQ(written.custom_metadata(), nullptr);
    return;
  }
  ASSERT_EQ(written.custom_metadata()->size(), schema.metadata.size());
  for (std::uint32_t i = 0; i < schema.metadata.size(); ++i) {
    EXPECT_EQ(written.custom_metadata()->Get(i)->key()->str(), schema.metadata[i].first);
    EXPECT_EQ(written.custom_metadata()->Get(i)->value()->str(), schema.metadata[i].second);
  }
}

// The numbers of the public format. Should arrow_format.fbs ever drift, these fail.
TEST(ArrowFormat, EnumValuesAreThoseOfTheSpecification) {
  EXPECT_EQ(static_cast<int>(format::MetadataVersion::V5), 4);
  EXPECT_EQ(static_cast<int>(format::MessageHeader::Schema), 1);
  EXPECT_EQ(static_cast<int>(format::MessageHeader::DictionaryBatch), 2);
  EXPECT_EQ(static_cast<int>(format::MessageHeader::RecordBatch), 3);
  EXPECT_EQ(static_cast<int>(format::Type::Int), 2);
  EXPECT_EQ(static_cast<int>(format::Type::Binary), 4);
  EXPECT_EQ(static_cast<int>(format::Type::Utf8), 5);
  EXPECT_EQ(static_cast<int>(format::Type::FixedSizeBinary), 15);
  EXPECT_EQ(static_cast<int>(format::Type::LargeBinary), 19);
  EXPECT_EQ(static_cast<int>(format::Type::LargeUtf8), 20);
  EXPECT_EQ(static_cast<int>(format::Type::LargeListView), 26);
  EXPECT_EQ(static_cast<int>(format::CompressionType::LZ4_FRAME), 0);
  EXPECT_EQ(static_cast<int>(format::CompressionType::ZSTD), 1);
}

// A vtable slot is 4 + 2 * field id.
TEST(ArrowFormat, FieldIdsAreThoseOfTheSpecification) {
  EXPECT_EQ(format::Message::VT_BODY_LENGTH, 4 + 2 * 3);
  EXPECT_EQ(format::RecordBatch::VT_LENGTH, 4 + 2 * 0);
  EXPECT_EQ(format::RecordBatch::VT_COMPRESSION, 4 + 2 * 3);
  EXPECT_EQ(format::RecordBatch::VT_VARIADIC_BUFFER_COUNTS, 4 + 2 * 4);
  EXPECT_EQ(format::Field::VT_TYPE_TYPE, 4 + 2 * 2);
  EXPECT_EQ(format::Field::VT_DICTIONARY, 4 + 2 * 4);
  EXPECT_EQ(format::Field::VT_CHILDREN, 4 + 2 * 5);
  EXPECT_EQ(format::Schema::VT_CUSTOM_METADATA, 4 + 2 * 2);
  EXPECT_EQ(format::Footer::VT_RECORD_BATCHES, 4 + 2 * 3);
}

TEST(ArrowSchema, BufferCountIsThreeForVariableTypesAndTwoForFixedOnes) {
  EXPECT_EQ(BufferCount(ColumnType::kBinary), 3U);
  EXPECT_EQ(BufferCount(ColumnType::kLargeUtf8), 3U);
  EXPECT_EQ(BufferCount(ColumnType::kFixedSizeBinary), 2U);
  EXPECT_EQ(BufferCount(ColumnType::kUInt64), 2U);
}

TEST(SchemaMessage, HoldsTheSchemaAndNoBody) {
  for (const Schema& schema : Schemas()) {
    const Unwrapped unwrapped(EncodeSchemaMessage(schema));
    const format::Message& message = unwrapped.message();
    EXPECT_EQ(message.version(), format::MetadataVersion::V5);
    EXPECT_EQ(message.body_length(), 0);
    ASSERT_NE(message.header_as_Schema(), nullptr);
    ExpectSameSchema(*message.header_as_Schema(), schema);
  }
}

TEST(FileTail, HoldsTheSameSchemaEveryBlockAndTheMagic) {
  const std::vector<FooterBlock> blocks = {
      {8, 320, 4096}, {4424, 320, 0}, {std::uint64_t{1} << 40, 400, std::uint64_t{1} << 33}};
  for (const Schema& schema : Schemas()) {
    const std::string tail = EncodeFileTail(schema, blocks);
    ASSERT_TRUE(tail.ends_with("ARROW1"));
    const std::uint32_t footer_bytes = LoadFixed<std::uint32_t>(tail.data() + tail.size() - 10);
    ASSERT_EQ(footer_bytes, tail.size() - 10);
    std::vector<std::uint64_t> words(footer_bytes / 8 + 1);
    std::memcpy(words.data(), tail.data(), footer_bytes);
    flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(words.data()),
                                   footer_bytes);
    ASSERT_TRUE(verifier.VerifyBuffer<format::Footer>());
    const format::Footer& footer = *flatbuffers::GetRoot<format::Footer>(words.data());
    EXPECT_EQ(footer.version(), format::MetadataVersion::V5);
    EXPECT_EQ(footer.custom_metadata(), nullptr);
    EXPECT_EQ(footer.dictionaries()->size(), 0U);
    ExpectSameSchema(*footer.schema(), schema);
    ASSERT_EQ(footer.record_batches()->size(), blocks.size());
    for (std::uint32_t i = 0; i < blocks.size(); ++i) {
      const format::Block& block = *footer.record_batches()->Get(i);
      EXPECT_EQ(static_cast<std::uint64_t>(block.offset()), blocks[i].offset);
      EXPECT_EQ(static_cast<std::uint32_t>(block.metadata_length()), blocks[i].metadata_bytes);
      EXPECT_EQ(static_cast<std::uint64_t>(block.body_length()), blocks[i].body_bytes);
    }
  }
}

void ExpectStampedNumbers(const RecordBatchTemplate& batch_template, const Schema& schema,
                          CompressionKind compression) {
  const std::uint64_t rows = 0x0102030405060708;
  const std::uint64_t body_bytes = 0x1112131415161718;
  std::vector<std::uint64_t> null_counts;
  std::vector<BufferRange> buffers;
  for (std::uint64_t i = 0; i < schema.columns.size(); ++i) null_counts.push_back(7 * i);
  for (std::uint64_t i = 0; i < batch_template.buffer_count(); ++i) buffers.push_back({8 * i, i});
  std::string stamped(batch_template.size_bytes(), '#');
  batch_template.Stamp(stamped.data(), rows, body_bytes, null_counts, buffers);

  EXPECT_EQ(LoadFixed<std::uint64_t>(stamped.data() + batch_template.rows_offset()), rows);
  EXPECT_EQ(LoadFixed<std::uint64_t>(stamped.data() + batch_template.body_bytes_offset()),
            body_bytes);
  const Unwrapped unwrapped(stamped);
  const format::Message& message = unwrapped.message();
  EXPECT_EQ(static_cast<std::uint64_t>(message.body_length()), body_bytes);
  const format::RecordBatch& batch = *message.header_as_RecordBatch();
  EXPECT_EQ(static_cast<std::uint64_t>(batch.length()), rows);
  ASSERT_EQ(batch.nodes()->size(), null_counts.size());
  for (std::uint32_t i = 0; i < null_counts.size(); ++i) {
    const char* node = stamped.data() + batch_template.nodes_offset() + 16 * i;
    EXPECT_EQ(LoadFixed<std::uint64_t>(node), rows);
    EXPECT_EQ(LoadFixed<std::uint64_t>(node + 8), null_counts[i]);
    EXPECT_EQ(static_cast<std::uint64_t>(batch.nodes()->Get(i)->length()), rows);
    EXPECT_EQ(static_cast<std::uint64_t>(batch.nodes()->Get(i)->null_count()), null_counts[i]);
  }
  ASSERT_EQ(batch.buffers()->size(), buffers.size());
  for (std::uint32_t i = 0; i < buffers.size(); ++i) {
    const char* buffer = stamped.data() + batch_template.buffers_offset() + 16 * i;
    EXPECT_EQ(LoadFixed<std::uint64_t>(buffer), buffers[i].offset);
    EXPECT_EQ(LoadFixed<std::uint64_t>(buffer + 8), buffers[i].size_bytes);
    EXPECT_EQ(static_cast<std::uint64_t>(batch.buffers()->Get(i)->offset()), buffers[i].offset);
    EXPECT_EQ(static_cast<std::uint64_t>(batch.buffers()->Get(i)->length()), buffers[i].size_bytes);
  }
  if (compression == CompressionKind::kNone) {
    EXPECT_EQ(batch.compression(), nullptr);
  } else {
    EXPECT_EQ(batch.compression()->codec(), compression == CompressionKind::kLz4
                                                ? format::CompressionType::LZ4_FRAME
                                                : format::CompressionType::ZSTD);
    EXPECT_EQ(batch.compression()->method(), format::BodyCompressionMethod::BUFFER);
  }
}

TEST(RecordBatchTemplate, EveryNumberStandsAtItsOffsetForEverySchemaAndCodec) {
  for (const Schema& schema : Schemas()) {
    for (const auto compression :
         {CompressionKind::kNone, CompressionKind::kLz4, CompressionKind::kZstd}) {
      const RecordBatchTemplate batch_template(schema, compression);
      std::uint32_t buffer_count = 0;
      for (const Column& column : schema.columns) buffer_count += BufferCount(column.type);
      EXPECT_EQ(batch_template.buffer_count(), buffer_count);
      ExpectStampedNumbers(batch_template, schema, compression);
    }
  }
}

TEST(RecordBatchTemplate, StampsZeroesAsNumbersToo) {
  const Schema schema = TableLikeSchema(ColumnType::kBinary, 0, ColumnType::kBinary, 0);
  const RecordBatchTemplate batch_template(schema, CompressionKind::kNone);
  std::string stamped(batch_template.size_bytes(), '#');
  batch_template.Stamp(stamped.data(), 0, 0, std::vector<std::uint64_t>(4),
                       std::vector<BufferRange>(batch_template.buffer_count()));
  const Unwrapped unwrapped(stamped);
  EXPECT_EQ(unwrapped.message().body_length(), 0);
  EXPECT_EQ(unwrapped.message().header_as_RecordBatch()->length(), 0);
}

TEST(RecordBatchTemplateDeathTest, WrongCountsAreAProgrammerError) {
  const Schema schema = TableLikeSchema(ColumnType::kBinary, 0, ColumnType::kBinary, 0);
  const RecordBatchTemplate batch_template(schema, CompressionKind::kNone);
  std::string stamped(batch_template.size_bytes(), '#');
  EXPECT_DEATH(batch_template.Stamp(stamped.data(), 0, 0, std::vector<std::uint64_t>(3),
                                    std::vector<BufferRange>(batch_template.buffer_count())),
               "null_counts");
}

}  // namespace
}  // namespace quiver::arrow_ipc
