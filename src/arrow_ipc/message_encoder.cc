// How the template finds its numbers: the flatbuffer is built once with every number non-zero, so
// that none is left out as a default, and each accessor's address is the number's place. The
// constructor then stamps distinct numbers and reads them back through the accessors, so a change
// of the flatbuffers library that moved a number would stop at the first table, not on disk.
#include "arrow_ipc/message_encoder.h"

#include <cstring>
#include <limits>
#include <vector>

#include "arrow_format_generated.h"
#include "base/check.h"
#include "base/coding.h"

namespace quiver::arrow_ipc {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

constexpr std::uint32_t kContinuation = 0xFFFFFFFF;
constexpr std::uint32_t kMessagePrefixBytes = 8;  // continuation and metadata size
constexpr std::size_t kNodeBytes = sizeof(format::FieldNode);
constexpr std::size_t kBufferBytes = sizeof(format::Buffer);
static_assert(kNodeBytes == 16 && kBufferBytes == 16 && sizeof(format::Block) == 24);

struct TypeOffset {
  format::Type tag = format::Type::NONE;
  Offset<void> value;
};

TypeOffset BuildType(FlatBufferBuilder& builder, const Column& column) {
  switch (column.type) {
    case ColumnType::kBinary: return {format::Type::Binary, format::CreateBinary(builder).Union()};
    case ColumnType::kLargeBinary:
      return {format::Type::LargeBinary, format::CreateLargeBinary(builder).Union()};
    case ColumnType::kUtf8: return {format::Type::Utf8, format::CreateUtf8(builder).Union()};
    case ColumnType::kLargeUtf8:
      return {format::Type::LargeUtf8, format::CreateLargeUtf8(builder).Union()};
    case ColumnType::kFixedSizeBinary:
      return {format::Type::FixedSizeBinary,
              format::CreateFixedSizeBinary(builder, static_cast<std::int32_t>(column.width_bytes))
                  .Union()};
    case ColumnType::kUInt64:
      return {format::Type::Int, format::CreateInt(builder, 64, false).Union()};
    case ColumnType::kUInt8:
      return {format::Type::Int, format::CreateInt(builder, 8, false).Union()};
    case ColumnType::kBinaryView:
    case ColumnType::kUtf8View:
    case ColumnType::kInt64:
    case ColumnType::kTimestamp:
    case ColumnType::kOther: break;
  }
  QUIVER_CHECK(false && "a column of this type can only be read");
  return {};
}

// The schema stands in the schema message and again in the footer; both must be equal, so both
// are built here. `children` and `dictionaries` are written even when empty because some readers
// refuse a file without them.
Offset<format::Schema> BuildSchema(FlatBufferBuilder& builder, const Schema& schema) {
  std::vector<Offset<format::Field>> fields;
  fields.reserve(schema.columns.size());
  for (const Column& column : schema.columns) {
    const TypeOffset type = BuildType(builder, column);
    const auto name = builder.CreateString(column.name);
    const auto children = builder.CreateVector(std::vector<Offset<format::Field>>{});
    fields.push_back(format::CreateField(builder, name, column.nullable, type.tag, type.value,
                                         /*dictionary=*/0, children));
  }
  const auto field_vector = builder.CreateVector(fields);
  Offset<flatbuffers::Vector<Offset<format::KeyValue>>> metadata;
  if (!schema.metadata.empty()) {
    std::vector<Offset<format::KeyValue>> pairs;
    pairs.reserve(schema.metadata.size());
    for (const auto& [key, value] : schema.metadata) {
      const auto key_offset = builder.CreateString(key);
      const auto value_offset = builder.CreateString(value);
      pairs.push_back(format::CreateKeyValue(builder, key_offset, value_offset));
    }
    metadata = builder.CreateVector(pairs);
  }
  return format::CreateSchema(builder, format::Endianness::Little, field_vector, metadata);
}

// The finished flatbuffer as an encapsulated message.
std::string Encapsulate(const FlatBufferBuilder& builder) {
  const std::uint64_t padded_bytes = AlignUp(builder.GetSize(), 8);
  QUIVER_CHECK(padded_bytes <= std::numeric_limits<std::int32_t>::max());
  std::string message;
  message.reserve(kMessagePrefixBytes + padded_bytes);
  AppendFixed<std::uint32_t>(message, kContinuation);
  AppendFixed<std::uint32_t>(message, static_cast<std::uint32_t>(padded_bytes));
  message.append(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  message.resize(kMessagePrefixBytes + padded_bytes, '\0');
  return message;
}

std::string BuildRecordBatch(const Schema& schema, CompressionKind compression,
                             std::uint32_t buffer_count) {
  FlatBufferBuilder builder;
  const auto nodes = builder.CreateVectorOfStructs(
      std::vector<format::FieldNode>(schema.columns.size(), format::FieldNode(1, 1)));
  const auto buffers = builder.CreateVectorOfStructs(
      std::vector<format::Buffer>(buffer_count, format::Buffer(1, 1)));
  Offset<format::BodyCompression> body_compression;
  if (compression != CompressionKind::kNone) {
    body_compression = format::CreateBodyCompression(
        builder, compression == CompressionKind::kLz4 ? format::CompressionType::LZ4_FRAME
                                                      : format::CompressionType::ZSTD);
  }
  const auto batch = format::CreateRecordBatch(builder, 1, nodes, buffers, body_compression);
  builder.Finish(format::CreateMessage(builder, format::MetadataVersion::V5,
                                       format::MessageHeader::RecordBatch, batch.Union(), 1));
  return Encapsulate(builder);
}

// A message of 64 KiB and more would have some 3,000 columns: a bug above.
std::uint16_t OffsetInMessage(const std::string& message, const std::uint8_t* address) {
  QUIVER_CHECK(address != nullptr);
  const auto offset = reinterpret_cast<const char*>(address) - message.data();
  QUIVER_CHECK(offset > 0 && offset <= std::numeric_limits<std::uint16_t>::max());
  return static_cast<std::uint16_t>(offset);
}

const format::Message& MessageOf(const char* message) {
  return *flatbuffers::GetRoot<format::Message>(message + kMessagePrefixBytes);
}

// Stamps numbers that all differ and checks that the accessors return each at its place.
void CheckTemplate(const RecordBatchTemplate& batch_template, std::uint32_t column_count) {
  std::vector<std::uint64_t> null_counts(column_count);
  std::vector<BufferRange> buffers(batch_template.buffer_count());
  for (std::uint32_t i = 0; i < column_count; ++i) null_counts[i] = 1000 + i;
  for (std::uint32_t i = 0; i < buffers.size(); ++i) buffers[i] = {2000 + 8 * i, 900000 + i};
  // Allocated as 64-bit words because the accessors dereference aligned pointers.
  std::vector<std::uint64_t> words(batch_template.size_bytes() / 8);
  char* const bytes = reinterpret_cast<char*>(words.data());
  batch_template.Stamp(bytes, 123456789, 987654321, null_counts, buffers);

  const std::size_t metadata_bytes = batch_template.size_bytes() - kMessagePrefixBytes;
  QUIVER_CHECK(LoadFixed<std::uint32_t>(bytes) == kContinuation);
  QUIVER_CHECK(LoadFixed<std::uint32_t>(bytes + 4) == metadata_bytes);
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes) + kMessagePrefixBytes,
                                 metadata_bytes);
  QUIVER_CHECK(verifier.VerifyBuffer<format::Message>());
  const format::Message& message = MessageOf(bytes);
  QUIVER_CHECK(message.body_length() == 987654321);
  const format::RecordBatch& batch = *message.header_as_RecordBatch();
  QUIVER_CHECK(batch.length() == 123456789);
  QUIVER_CHECK(batch.nodes()->size() == column_count && batch.buffers()->size() == buffers.size());
  for (std::uint32_t i = 0; i < column_count; ++i) {
    QUIVER_CHECK(batch.nodes()->Get(i)->length() == 123456789);
    QUIVER_CHECK(batch.nodes()->Get(i)->null_count() == 1000 + i);
  }
  for (std::uint32_t i = 0; i < buffers.size(); ++i) {
    QUIVER_CHECK(batch.buffers()->Get(i)->offset() == 2000 + 8 * i);
    QUIVER_CHECK(batch.buffers()->Get(i)->length() == 900000 + i);
  }
}

}  // namespace

std::string EncodeSchemaMessage(const Schema& schema) {
  FlatBufferBuilder builder;
  const auto header = BuildSchema(builder, schema);
  builder.Finish(format::CreateMessage(builder, format::MetadataVersion::V5,
                                       format::MessageHeader::Schema, header.Union()));
  return Encapsulate(builder);
}

std::string EncodeFileTail(const Schema& schema, std::span<const FooterBlock> blocks) {
  FlatBufferBuilder builder;
  const auto schema_offset = BuildSchema(builder, schema);
  const auto dictionaries = builder.CreateVectorOfStructs(std::vector<format::Block>{});
  std::vector<format::Block> list;
  list.reserve(blocks.size());
  for (const FooterBlock& block : blocks) {
    list.emplace_back(static_cast<std::int64_t>(block.offset),
                      static_cast<std::int32_t>(block.metadata_bytes),
                      static_cast<std::int64_t>(block.body_bytes));
  }
  const auto record_batches = builder.CreateVectorOfStructs(list);
  builder.Finish(format::CreateFooter(builder, format::MetadataVersion::V5, schema_offset,
                                      dictionaries, record_batches));
  std::string tail(reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize());
  AppendFixed<std::uint32_t>(tail, builder.GetSize());
  tail.append(kFileMagic.substr(0, 6));
  return tail;
}

RecordBatchTemplate::RecordBatchTemplate(const Schema& schema, CompressionKind compression)
    : column_count_(static_cast<std::uint32_t>(schema.columns.size())) {
  for (const Column& column : schema.columns) buffer_count_ += BufferCount(column.type);
  bytes_ = BuildRecordBatch(schema, compression, buffer_count_);
  const format::Message& message = MessageOf(bytes_.data());
  const format::RecordBatch& batch = *message.header_as_RecordBatch();
  // The generated classes hide their base, whose GetAddressOf tells where a number stands.
  const auto* message_table =
      flatbuffers::GetRoot<flatbuffers::Table>(bytes_.data() + kMessagePrefixBytes);
  const auto* batch_table = static_cast<const flatbuffers::Table*>(message.header());
  body_bytes_offset_ =
      OffsetInMessage(bytes_, message_table->GetAddressOf(format::Message::VT_BODY_LENGTH));
  rows_offset_ = OffsetInMessage(bytes_, batch_table->GetAddressOf(format::RecordBatch::VT_LENGTH));
  nodes_offset_ = OffsetInMessage(bytes_, batch.nodes()->Data());
  buffers_offset_ = OffsetInMessage(bytes_, batch.buffers()->Data());
  CheckTemplate(*this, column_count_);
}

void RecordBatchTemplate::Stamp(char* out, std::uint64_t rows, std::uint64_t body_bytes,
                                std::span<const std::uint64_t> null_counts,
                                std::span<const BufferRange> buffers) const {
  QUIVER_CHECK(null_counts.size() == column_count_ && buffers.size() == buffer_count_);
  std::memcpy(out, bytes_.data(), bytes_.size());
  StoreFixed(out + rows_offset_, rows);
  StoreFixed(out + body_bytes_offset_, body_bytes);
  char* node = out + nodes_offset_;
  for (const std::uint64_t null_count : null_counts) {
    StoreFixed(node, rows);
    StoreFixed(node + 8, null_count);
    node += kNodeBytes;
  }
  char* buffer = out + buffers_offset_;
  for (const BufferRange& range : buffers) {
    StoreFixed(buffer, range.offset);
    StoreFixed(buffer + 8, range.size_bytes);
    buffer += kBufferBytes;
  }
}

}  // namespace quiver::arrow_ipc
