// Encodes the metadata of an Arrow IPC file: schema message, record batch messages, footer.
//
//   file := "ARROW1\0\0" schema-message record-batch-message* end-of-stream … footer
//           i32 footer_bytes "ARROW1"
//
// Record batch messages are stamped from a template: the flatbuffer is built once and only the
// numbers in it change, so a block costs a copy of some 300 bytes and readers of our own find
// every number at a fixed offset.
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arrow_ipc/arrow_schema.h"
#include "quiver/config.h"

namespace quiver::arrow_ipc {

inline constexpr std::string_view kFileMagic{"ARROW1\0\0", 8};
inline constexpr std::string_view kEndOfStream{"\xFF\xFF\xFF\xFF\0\0\0\0", 8};

/// The encapsulated schema message: FFFFFFFF, metadata size, flatbuffer, padding to 8.
std::string EncodeSchemaMessage(const Schema& schema);

/// One record batch of the footer's list.
struct FooterBlock {
  std::uint64_t offset = 0;          ///< of the message's FFFFFFFF
  std::uint32_t metadata_bytes = 0;  ///< message without body
  std::uint64_t body_bytes = 0;
};

/// Everything from the footer flatbuffer to the end of the file: footer, its length, "ARROW1".
std::string EncodeFileTail(const Schema& schema, std::span<const FooterBlock> blocks);

/// A buffer inside a record batch body.
struct BufferRange {
  std::uint64_t offset = 0;  ///< from the start of the body, a multiple of 8
  std::uint64_t size_bytes = 0;
};

class RecordBatchTemplate {
 public:
  /// `compression` other than kNone declares BodyCompression for every batch.
  RecordBatchTemplate(const Schema& schema, CompressionKind compression);

  /// Bytes of each message, a multiple of 8.
  std::uint32_t size_bytes() const noexcept { return static_cast<std::uint32_t>(bytes_.size()); }
  std::uint32_t buffer_count() const noexcept { return buffer_count_; }

  /// Writes a message to `out` (size_bytes() long). `null_counts` has one number a column,
  /// `buffers` buffer_count() ranges in schema order.
  void Stamp(char* out, std::uint64_t rows, std::uint64_t body_bytes,
             std::span<const std::uint64_t> null_counts,
             std::span<const BufferRange> buffers) const;

  /// Offsets inside the message, for readers that parse no flatbuffer.
  std::uint16_t rows_offset() const noexcept { return rows_offset_; }
  std::uint16_t body_bytes_offset() const noexcept { return body_bytes_offset_; }
  std::uint16_t nodes_offset() const noexcept { return nodes_offset_; }
  std::uint16_t buffers_offset() const noexcept { return buffers_offset_; }

 private:
  std::string bytes_;
  std::uint32_t column_count_ = 0;
  std::uint32_t buffer_count_ = 0;
  std::uint16_t rows_offset_ = 0;
  std::uint16_t body_bytes_offset_ = 0;
  std::uint16_t nodes_offset_ = 0;
  std::uint16_t buffers_offset_ = 0;
};

}  // namespace quiver::arrow_ipc
