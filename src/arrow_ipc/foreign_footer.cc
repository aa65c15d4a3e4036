// ReadFooter and ReadStream: from a file to the list of its record batches.
#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow_format_generated.h"
#include "arrow_ipc/foreign_bytes.h"
#include "arrow_ipc/foreign_metadata.h"
#include "base/coding.h"
#include "base/escape.h"
#include "base/try.h"

namespace quiver::arrow_ipc {
namespace {

constexpr std::string_view kShortMagic = kFileMagic.substr(0, 6);
constexpr std::uint64_t kHeadBytes = kFileMagic.size();
constexpr std::uint64_t kTailBytes = sizeof(std::int32_t) + kShortMagic.size();
constexpr std::uint64_t kFooterBytesMax = std::uint64_t{256} << 20;

// Buffers that a field itself has in a batch of V5, without those of its children and without the
// variadic ones of views. Empty for a type of a newer format.
std::optional<std::uint32_t> OwnBufferCount(const format::Field& field) {
  switch (field.type_type()) {
    case format::Type::Null:
    case format::Type::RunEndEncoded: return 0;
    case format::Type::Struct_:
    case format::Type::FixedSizeList: return 1;
    case format::Type::Int:
    case format::Type::FloatingPoint:
    case format::Type::Bool:
    case format::Type::Decimal:
    case format::Type::Date:
    case format::Type::Time:
    case format::Type::Timestamp:
    case format::Type::Interval:
    case format::Type::Duration:
    case format::Type::FixedSizeBinary:
    case format::Type::List:
    case format::Type::LargeList:
    case format::Type::Map:
    case format::Type::BinaryView:
    case format::Type::Utf8View: return 2;
    case format::Type::Binary:
    case format::Type::Utf8:
    case format::Type::LargeBinary:
    case format::Type::LargeUtf8:
    case format::Type::ListView:
    case format::Type::LargeListView: return 3;
    case format::Type::Union:
      return field.type_as_Union()->mode() == format::UnionMode::Dense ? 2 : 1;
    case format::Type::NONE: break;
  }
  return std::nullopt;
}

// Counts the nodes and buffers of a field and everything below it. The recursion is bounded by
// the depth that the verifier allows.
Result<void> CountField(const format::Field& field, ForeignFooter& footer) {
  if (field.type() == nullptr || field.type_type() == format::Type::NONE) {
    return Error(ErrorCode::kCorruption, "a field of the schema has no type");
  }
  ++footer.node_count;
  if (field.dictionary() != nullptr) {
    footer.fixed_buffer_count += 2;  // the indices; the children belong to the dictionary
    return {};
  }
  const auto own_buffers = OwnBufferCount(field);
  if (!own_buffers) {
    return Error(ErrorCode::kUnsupported, "a field has type " +
                                              std::to_string(static_cast<int>(field.type_type())) +
                                              ", which is newer than this build of Quiver");
  }
  footer.fixed_buffer_count += *own_buffers;
  const bool is_view =
      field.type_type() == format::Type::BinaryView || field.type_type() == format::Type::Utf8View;
  if (is_view) ++footer.view_count;
  if (field.type_type() == format::Type::Union) ++footer.union_count;
  if (field.children() == nullptr) return {};
  for (const format::Field* child : *field.children()) {
    QUIVER_TRY(CountField(*child, footer));
  }
  return {};
}

ColumnType TypeOf(const format::Field& field) {
  if (field.dictionary() != nullptr) return ColumnType::kOther;
  switch (field.type_type()) {
    case format::Type::Binary: return ColumnType::kBinary;
    case format::Type::LargeBinary: return ColumnType::kLargeBinary;
    case format::Type::Utf8: return ColumnType::kUtf8;
    case format::Type::LargeUtf8: return ColumnType::kLargeUtf8;
    case format::Type::BinaryView: return ColumnType::kBinaryView;
    case format::Type::Utf8View: return ColumnType::kUtf8View;
    case format::Type::FixedSizeBinary: return ColumnType::kFixedSizeBinary;
    case format::Type::Int: {
      const format::Int& integer = *field.type_as_Int();
      if (!integer.is_signed() && integer.bit_width() == 64) return ColumnType::kUInt64;
      if (!integer.is_signed() && integer.bit_width() == 8) return ColumnType::kUInt8;
      if (integer.is_signed() && integer.bit_width() == 64) return ColumnType::kInt64;
      return ColumnType::kOther;
    }
    case format::Type::Timestamp: return ColumnType::kTimestamp;
    default: return ColumnType::kOther;
  }
}

std::uint32_t TickNanos(const format::Timestamp& timestamp) {
  switch (timestamp.unit()) {
    case format::TimeUnit::SECOND: return 1'000'000'000;
    case format::TimeUnit::MILLISECOND: return 1'000'000;
    case format::TimeUnit::MICROSECOND: return 1000;
    case format::TimeUnit::NANOSECOND: return 1;
  }
  return 0;
}

std::string StringOf(const flatbuffers::String* text) {
  return text == nullptr ? std::string() : text->str();
}

Result<void> ParseSchema(const format::Schema& schema, ForeignFooter& footer) {
  if (schema.endianness() != format::Endianness::Little) {
    return Error(ErrorCode::kUnsupported,
                 "the file is not little-endian; rewrite it on a little-endian machine");
  }
  if (schema.fields() == nullptr) return Error(ErrorCode::kCorruption, "the schema has no fields");
  for (const format::Field* field : *schema.fields()) {
    ColumnLayout layout;
    layout.node = footer.node_count;
    layout.fixed_buffer = footer.fixed_buffer_count;
    layout.views_before = footer.view_count;
    layout.unions_before = footer.union_count;
    layout.dictionary = field->dictionary() != nullptr;
    QUIVER_TRY(CountField(*field, footer));
    layout.type_name = format::EnumNameType(field->type_type());

    Column column;
    column.name = StringOf(field->name());
    column.type = TypeOf(*field);
    column.nullable = field->nullable();
    if (column.type == ColumnType::kFixedSizeBinary) {
      const std::int32_t width = field->type_as_FixedSizeBinary()->byte_width();
      if (width < 0) {
        return Error(ErrorCode::kCorruption,
                     "column '" + EscapeName(column.name) + "' has width " + std::to_string(width));
      }
      column.width_bytes = static_cast<std::uint32_t>(width);
    }
    if (column.type == ColumnType::kTimestamp) {
      column.tick_ns = TickNanos(*field->type_as_Timestamp());
      if (column.tick_ns == 0) column.type = ColumnType::kOther;
    }
    footer.schema.columns.push_back(std::move(column));
    footer.columns.push_back(std::move(layout));
  }
  if (schema.custom_metadata() != nullptr) {
    for (const format::KeyValue* pair : *schema.custom_metadata()) {
      footer.schema.metadata.emplace_back(StringOf(pair->key()), StringOf(pair->value()));
    }
  }
  return {};
}

// Structs of a vector may stand misaligned in a hostile file, so their numbers are copied out.
FooterBlock LoadBlock(const std::uint8_t* bytes) {
  static_assert(sizeof(format::Block) == 24);
  return {LoadFixed<std::uint64_t>(bytes), LoadFixed<std::uint32_t>(bytes + 8),
          LoadFixed<std::uint64_t>(bytes + 16)};
}

// The blocks of the footer's list `vector`, named `what` in errors.
Result<std::vector<FooterBlock>> ParseBlocks(
    const io::ReadableFile& file, const flatbuffers::Vector<const format::Block*>* vector,
    std::uint64_t footer_offset, std::string_view what) {
  const std::uint32_t count = vector == nullptr ? 0 : vector->size();
  std::vector<FooterBlock> blocks;
  blocks.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const FooterBlock block = LoadBlock(vector->Data() + i * sizeof(format::Block));
    const std::string name = std::string(what) + " " + std::to_string(i);
    // Negative numbers of the file are huge here and fail the same comparisons.
    if (block.metadata_bytes > std::numeric_limits<std::int32_t>::max() ||
        block.offset < kHeadBytes || block.offset > footer_offset ||
        block.metadata_bytes > footer_offset - block.offset ||
        block.body_bytes > footer_offset - block.offset - block.metadata_bytes) {
      return CorruptAt(file, block.offset,
                       name + " does not lie between the start of the file and its footer at " +
                           std::to_string(footer_offset));
    }
    if ((block.offset | block.metadata_bytes | block.body_bytes) % 8 != 0) {
      return CorruptAt(file, block.offset, name + " is not aligned to 8 bytes");
    }
    blocks.push_back(block);
  }
  return blocks;
}

// Checks that no two blocks share bytes and that no message follows the last of them: a footer
// that lost the end of its list would otherwise read as a shorter file. `schema_end` is where the
// schema message ends, if that is known.
Result<void> CheckBlocks(const io::ReadableFile& file, std::vector<FooterBlock> blocks,
                         std::optional<std::uint64_t> schema_end, std::uint64_t footer_offset) {
  if (blocks.empty() && !schema_end) return {};
  std::uint64_t end = schema_end.value_or(kHeadBytes);
  std::ranges::sort(blocks, {}, &FooterBlock::offset);
  for (const FooterBlock& block : blocks) {
    if (block.offset < end) return CorruptAt(file, block.offset, "two messages overlap");
    end = block.offset + block.metadata_bytes + block.body_bytes;
  }
  const std::uint64_t marker_bytes = std::min<std::uint64_t>(footer_offset - end, 8);
  QUIVER_ASSIGN_OR_RETURN(const ForeignBytes marker,
                          ReadForeign(file, end, marker_bytes, "the end-of-stream marker"));
  // Before Arrow 0.15 the marker was four zeroes, and some writers leave it out.
  const bool legacy = marker.view().starts_with(std::string_view("\0\0\0\0", 4));
  if (!marker.view().empty() && !legacy && marker.view() != kEndOfStream) {
    return CorruptAt(file, end, "a message follows that the footer does not list");
  }
  return {};
}

// The footer's bytes and, in `footer_offset`, where they stand.
Result<ForeignBytes> ReadFooterBytes(const io::ReadableFile& file, std::uint64_t& footer_offset) {
  const std::uint64_t file_bytes = file.size_bytes();
  if (file_bytes < kHeadBytes + kTailBytes) {
    return CorruptAt(
        file, 0, "it has " + std::to_string(file_bytes) + " bytes, too few for an Arrow IPC file");
  }
  QUIVER_ASSIGN_OR_RETURN(const ForeignBytes head,
                          ReadForeign(file, 0, kShortMagic.size(), "the magic"));
  if (head.view() != kShortMagic) {
    return CorruptAt(
        file, 0,
        "it is neither an Arrow IPC file, which starts with ARROW1, nor an Arrow stream; "
        "rewrite Parquet, CSV and others as one, for example with "
        "pyarrow.feather.write_feather");
  }
  const std::uint64_t tail_offset = file_bytes - kTailBytes;
  QUIVER_ASSIGN_OR_RETURN(const ForeignBytes tail,
                          ReadForeign(file, tail_offset, kTailBytes, "the file's tail"));
  if (!tail.view().ends_with(kShortMagic)) {
    return CorruptAt(file, tail_offset, "it does not end with ARROW1: it was cut short");
  }
  const auto footer_bytes = LoadFixed<std::int32_t>(tail.data.get());
  if (footer_bytes <= 0 || static_cast<std::uint64_t>(footer_bytes) > tail_offset - kHeadBytes ||
      static_cast<std::uint64_t>(footer_bytes) > kFooterBytesMax) {
    return CorruptAt(file, tail_offset,
                     "the footer cannot have " + std::to_string(footer_bytes) + " bytes");
  }
  footer_offset = tail_offset - static_cast<std::uint64_t>(footer_bytes);
  return ReadForeign(file, footer_offset, static_cast<std::uint64_t>(footer_bytes), "the footer");
}

// The specification wants the schema of the footer to be that of the first message. Comparing
// them finds damage to either that would still read as some other schema. Returns where the
// message ends, or nothing if there is none: polars 2 writes the schema without the prefix of a
// message, so the footer has to do.
Result<std::optional<std::uint64_t>> CheckSchemaMessage(const io::ReadableFile& file,
                                                        std::uint64_t footer_offset,
                                                        const Schema& schema) {
  const auto read = ReadForeignMessage(file, kHeadBytes, footer_offset - kHeadBytes);
  if (!read) {
    if (read.error().code() == ErrorCode::kCorruption) return std::nullopt;
    return Error(read.error());
  }
  const ForeignBytes& bytes = read->flatbuffer;
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data.get()),
                                 bytes.size);
  if (!verifier.VerifyBuffer<format::Message>()) return std::nullopt;
  const format::Message& message = *flatbuffers::GetRoot<format::Message>(bytes.data.get());
  if (message.header_as_Schema() == nullptr) return std::nullopt;
  ForeignFooter first;
  if (!ParseSchema(*message.header_as_Schema(), first) || first.schema.columns != schema.columns) {
    return CorruptAt(file, kHeadBytes, "the first message does not hold the schema of the footer");
  }
  return std::optional(read->end_offset);
}

}  // namespace

Result<ForeignFooter> ReadFooter(const io::ReadableFile& file) {
  std::uint64_t footer_offset = 0;
  QUIVER_ASSIGN_OR_RETURN(const ForeignBytes bytes, ReadFooterBytes(file, footer_offset));
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data.get()),
                                 bytes.size);
  if (!verifier.VerifyBuffer<format::Footer>()) {
    return CorruptAt(file, footer_offset, "the footer is no valid flatbuffer");
  }
  const format::Footer& root = *flatbuffers::GetRoot<format::Footer>(bytes.data.get());
  if (root.version() != format::MetadataVersion::V4 &&
      root.version() != format::MetadataVersion::V5) {
    return Error(ErrorCode::kUnsupported,
                 "metadata version V" + std::to_string(static_cast<int>(root.version()) + 1) +
                     " cannot be read, only V4 and V5",
                 file.name(), footer_offset);
  }
  if (root.schema() == nullptr) return CorruptAt(file, footer_offset, "the footer has no schema");
  ForeignFooter footer;
  if (auto parsed = ParseSchema(*root.schema(), footer); !parsed) {
    const Error& error = parsed.error();
    return Error(error.code(), error.message(), file.name(), footer_offset);
  }
  QUIVER_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> schema_end,
                          CheckSchemaMessage(file, footer_offset, footer.schema));
  QUIVER_ASSIGN_OR_RETURN(footer.blocks,
                          ParseBlocks(file, root.record_batches(), footer_offset, "record batch"));
  QUIVER_ASSIGN_OR_RETURN(
      std::vector<FooterBlock> messages,
      ParseBlocks(file, root.dictionaries(), footer_offset, "dictionary batch"));
  messages.insert(messages.end(), footer.blocks.begin(), footer.blocks.end());
  QUIVER_TRY(CheckBlocks(file, std::move(messages), schema_end, footer_offset));
  return footer;
}

namespace {

// A whole message of a stream at `offset`, or nothing if the marker of the end stands there. A
// stream may end without one, but then nobody can tell it from one that was cut short.
Result<std::optional<ForeignMessage>> NextMessage(const io::ReadableFile& file,
                                                  std::uint64_t offset) {
  const std::uint64_t left = file.size_bytes() - offset;
  if (left == 0) {
    return CorruptAt(file, offset, "the stream has no end-of-stream marker: it was cut short");
  }
  QUIVER_ASSIGN_OR_RETURN(
      const ForeignBytes begin,
      ReadForeign(file, offset, std::min<std::uint64_t>(left, kEndOfStream.size()), "a message"));
  const bool legacy_end = begin.view().starts_with(std::string_view("\0\0\0\0", 4));
  if (begin.view() == kEndOfStream || legacy_end) {
    if (left > kEndOfStream.size()) {
      return CorruptAt(file, offset, "bytes follow the end-of-stream marker");
    }
    return std::optional<ForeignMessage>();
  }
  QUIVER_ASSIGN_OR_RETURN(ForeignMessage message, ReadForeignMessage(file, offset, left));
  flatbuffers::Verifier verifier(
      reinterpret_cast<const std::uint8_t*>(message.flatbuffer.data.get()),
      message.flatbuffer.size);
  if (!verifier.VerifyBuffer<format::Message>()) {
    return CorruptAt(file, offset, "the message is no valid flatbuffer");
  }
  return std::optional<ForeignMessage>(std::move(message));
}

}  // namespace

bool BeginsAsStream(const io::ReadableFile& file) {
  const auto begin = ReadForeign(file, 0, 4, "a message");
  return begin && begin->view() == kEndOfStream.substr(0, 4);
}

Result<ForeignFooter> ReadStream(const io::ReadableFile& file) {
  ForeignFooter footer;
  bool has_schema = false;
  for (std::uint64_t offset = 0;;) {
    QUIVER_ASSIGN_OR_RETURN(const std::optional<ForeignMessage> read, NextMessage(file, offset));
    if (!read) break;
    const auto& message = *flatbuffers::GetRoot<format::Message>(read->flatbuffer.data.get());
    // A negative length is huge here and fails the same comparison.
    const auto body_bytes = static_cast<std::uint64_t>(message.body_length());
    if (body_bytes > file.size_bytes() - read->end_offset) {
      return CorruptAt(file, offset, "the body of a message reaches beyond the end of the file");
    }
    const std::uint64_t end = read->end_offset + body_bytes;
    if (const format::Schema* const schema = message.header_as_Schema(); schema != nullptr) {
      if (has_schema) return CorruptAt(file, offset, "the stream has a second schema");
      if (auto parsed = ParseSchema(*schema, footer); !parsed) {
        return Error(parsed.error().code(), parsed.error().message(), file.name(), offset);
      }
      has_schema = true;
    } else if (!has_schema) {
      return CorruptAt(file, offset, "the stream does not begin with a schema");
    } else if (message.header_as_RecordBatch() != nullptr) {
      footer.blocks.push_back(
          {offset, static_cast<std::uint32_t>(read->end_offset - offset), body_bytes});
    } else if (message.header_as_DictionaryBatch() == nullptr) {
      return CorruptAt(file, offset, "the message is no batch");
    }
    if (end % 8 != 0) return CorruptAt(file, offset, "the message is not aligned to 8 bytes");
    offset = end;
  }
  if (!has_schema) return CorruptAt(file, 0, "the stream has no schema");
  return footer;
}

}  // namespace quiver::arrow_ipc
