// ReadBatchMessage: one record batch message, checked against its block and the schema.
#include <algorithm>
#include <string>
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

Result<void> ParseCompression(const format::RecordBatch& record, ForeignBatch& batch) {
  if (record.compression() == nullptr) return {};
  if (record.compression()->method() != format::BodyCompressionMethod::BUFFER) {
    return Error(ErrorCode::kUnsupported, "the body is compressed by an unknown method");
  }
  switch (record.compression()->codec()) {
    case format::CompressionType::LZ4_FRAME: batch.compression = CompressionKind::kLz4; return {};
    case format::CompressionType::ZSTD: batch.compression = CompressionKind::kZstd; return {};
  }
  return Error(ErrorCode::kUnsupported,
               "the body is compressed with codec " +
                   std::to_string(static_cast<int>(record.compression()->codec())) +
                   "; only LZ4 and ZSTD can be read");
}

Error Corrupt(std::string what) {
  return Error(ErrorCode::kCorruption, std::move(what));
}

Result<void> ParseNodes(const format::RecordBatch& record, const ForeignFooter& footer,
                        ForeignBatch& batch) {
  const std::uint32_t count = record.nodes() == nullptr ? 0 : record.nodes()->size();
  if (count != footer.node_count) {
    return Corrupt("the batch has " + std::to_string(count) + " field nodes, the schema needs " +
                   std::to_string(footer.node_count));
  }
  batch.nodes.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint8_t* node = record.nodes()->Data() + i * sizeof(format::FieldNode);
    batch.nodes.push_back({LoadFixed<std::uint64_t>(node), LoadFixed<std::int64_t>(node + 8)});
  }
  for (std::size_t i = 0; i < footer.columns.size(); ++i) {
    const std::uint64_t rows = batch.nodes[footer.columns[i].node].rows;
    if (rows != batch.rows) {
      return Corrupt("column '" + EscapeName(footer.schema.columns[i].name) + "' has " +
                     std::to_string(rows) + " rows, its batch " + std::to_string(batch.rows));
    }
  }
  return {};
}

Result<void> ParseVariadicCounts(const format::RecordBatch& record, const ForeignFooter& footer,
                                 std::uint64_t buffer_count, ForeignBatch& batch) {
  const auto* counts = record.variadic_buffer_counts();
  const std::uint32_t view_count = counts == nullptr ? 0 : counts->size();
  if (view_count != footer.view_count) {
    return Corrupt("the batch counts the buffers of " + std::to_string(view_count) +
                   " views, the schema has " + std::to_string(footer.view_count));
  }
  std::uint64_t expected = footer.fixed_buffer_count;
  if (batch.unions_have_validity) expected += footer.union_count;
  for (std::uint32_t i = 0; i < view_count; ++i) {
    // Copied out because the vector may stand misaligned in a hostile file.
    const auto count = LoadFixed<std::uint64_t>(counts->Data() + i * sizeof(std::int64_t));
    if (count > buffer_count) return Corrupt("a view has more buffers than its batch");
    expected += count;
    batch.variadic_counts.push_back(static_cast<std::uint32_t>(count));
  }
  if (expected != buffer_count) {
    return Corrupt("the batch has " + std::to_string(buffer_count) + " buffers, the schema needs " +
                   std::to_string(expected));
  }
  return {};
}

// A body is its buffers written one after the other, in any order. Two that share bytes are a
// wrong offset or length.
Result<void> CheckNoOverlap(std::vector<BufferRange> buffers) {
  std::ranges::sort(buffers, {}, &BufferRange::offset);
  std::uint64_t end = 0;
  for (const BufferRange& range : buffers) {
    if (range.size_bytes == 0) continue;
    if (range.offset < end) {
      return Corrupt("two buffers overlap at body offset " + std::to_string(range.offset));
    }
    end = range.offset + range.size_bytes;
  }
  return {};
}

Result<void> ParseBuffers(const format::RecordBatch& record, const ForeignFooter& footer,
                          std::uint64_t body_bytes, ForeignBatch& batch) {
  const std::uint32_t count = record.buffers() == nullptr ? 0 : record.buffers()->size();
  QUIVER_TRY(ParseVariadicCounts(record, footer, count, batch));
  batch.buffers.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint8_t* buffer = record.buffers()->Data() + i * sizeof(format::Buffer);
    BufferRange range{LoadFixed<std::uint64_t>(buffer), LoadFixed<std::uint64_t>(buffer + 8)};
    if (range.size_bytes == 0) range.offset = 0;  // of an empty buffer the offset means nothing
    // Negative numbers of the file are huge here and fail the same comparisons.
    if (range.size_bytes > body_bytes || range.offset > body_bytes - range.size_bytes) {
      return Corrupt("buffer " + std::to_string(i) + " does not lie in its body of " +
                     std::to_string(body_bytes) + " bytes");
    }
    if (range.offset % 8 != 0) {
      return Corrupt("buffer " + std::to_string(i) + " is not aligned to 8 bytes");
    }
    batch.buffers.push_back(range);
  }
  return CheckNoOverlap(batch.buffers);
}

Result<ForeignBatch> ParseMessage(const format::Message& message, const ForeignFooter& footer,
                                  const FooterBlock& block) {
  if (message.version() != format::MetadataVersion::V4 &&
      message.version() != format::MetadataVersion::V5) {
    return Error(ErrorCode::kUnsupported,
                 "metadata version V" + std::to_string(static_cast<int>(message.version()) + 1) +
                     " cannot be read, only V4 and V5");
  }
  const format::RecordBatch* record = message.header_as_RecordBatch();
  if (record == nullptr) return Corrupt("the message is no record batch");
  if (static_cast<std::uint64_t>(message.body_length()) != block.body_bytes) {
    return Corrupt("the message declares a body of " + std::to_string(message.body_length()) +
                   " bytes, the footer " + std::to_string(block.body_bytes));
  }
  if (record->length() < 0) {
    return Corrupt("the batch has " + std::to_string(record->length()) + " rows");
  }
  ForeignBatch batch;
  batch.rows = static_cast<std::uint64_t>(record->length());
  // The message tells, not the footer: Arrow C++ writes V5 footers over V4 messages.
  batch.unions_have_validity = message.version() == format::MetadataVersion::V4;
  batch.body_offset = block.offset + block.metadata_bytes;
  QUIVER_TRY(ParseCompression(*record, batch));
  QUIVER_TRY(ParseNodes(*record, footer, batch));
  QUIVER_TRY(ParseBuffers(*record, footer, block.body_bytes, batch));
  return batch;
}

}  // namespace

std::uint32_t ForeignBatch::FirstBuffer(const ColumnLayout& layout) const {
  std::uint32_t first = layout.fixed_buffer;
  if (unions_have_validity) first += layout.unions_before;
  for (std::uint32_t i = 0; i < layout.views_before; ++i) first += variadic_counts[i];
  return first;
}

Result<ForeignBatch> ReadBatchMessage(const io::ReadableFile& file, const ForeignFooter& footer,
                                      const FooterBlock& block) {
  QUIVER_ASSIGN_OR_RETURN(const ForeignMessage read,
                          ReadForeignMessage(file, block.offset, block.metadata_bytes));
  const ForeignBytes& bytes = read.flatbuffer;
  flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data.get()),
                                 bytes.size);
  if (!verifier.VerifyBuffer<format::Message>()) {
    return CorruptAt(file, block.offset, "the message is no valid flatbuffer");
  }
  auto batch =
      ParseMessage(*flatbuffers::GetRoot<format::Message>(bytes.data.get()), footer, block);
  if (!batch)
    return Error(batch.error().code(), batch.error().message(), file.name(), block.offset);
  return batch;
}

}  // namespace quiver::arrow_ipc
