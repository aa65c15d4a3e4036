// What the footer and the record batch messages of a foreign file say, verified and as plain
// values: the one place that parses flatbuffers of others.
//
// Invariants of what is returned:
//  1. Blocks lie between the magic and the footer, are multiples of 8 and do not overlap.
//  2. Every buffer lies in its block's body; every column of a batch has the batch's rows.
//  3. The counts of nodes and buffers of a batch are those that the schema implies, so the
//     indexes of a ColumnLayout are in range.
//
// Source: the Apache Arrow columnar format, "IPC file format" and "RecordBatch message".
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arrow_ipc/arrow_schema.h"
#include "arrow_ipc/message_encoder.h"
#include "io/file.h"
#include "quiver/config.h"
#include "quiver/error.h"

namespace quiver::arrow_ipc {

/// Where a top-level column's parts stand in the lists of a record batch.
struct ColumnLayout {
  std::uint32_t node = 0;           ///< index of its field node
  std::uint32_t fixed_buffer = 0;   ///< buffers before it, without the variadic ones of views
  std::uint32_t views_before = 0;   ///< view columns before it: each adds its variadic buffers
  std::uint32_t unions_before = 0;  ///< unions before it: each adds a bitmap in batches of V4
  bool dictionary = false;          ///< holds indices into a dictionary
  std::string type_name;            ///< as the format calls it
};

struct ForeignFooter {
  Schema schema;
  std::vector<ColumnLayout> columns;  ///< one for each of schema.columns
  std::uint32_t node_count = 0;
  std::uint32_t fixed_buffer_count = 0;
  std::uint32_t view_count = 0;
  std::uint32_t union_count = 0;
  std::vector<FooterBlock> blocks;
};

struct ForeignBatch {
  struct Node {
    std::uint64_t rows = 0;
    std::int64_t nulls = 0;  ///< as declared: not yet checked
  };
  std::uint64_t rows = 0;
  std::uint64_t body_offset = 0;  ///< in the file
  CompressionKind compression = CompressionKind::kNone;
  std::vector<Node> nodes;
  std::vector<BufferRange> buffers;
  std::vector<std::uint32_t> variadic_counts;  ///< buffers of each view column
  bool unions_have_validity = false;           ///< so in metadata version V4

  /// Index in `buffers` of a column's first.
  std::uint32_t FirstBuffer(const ColumnLayout& layout) const;
};

/// Finds, reads and verifies the footer. kCorruption, or kUnsupported for big-endian data, for
/// versions other than V4 and V5 and for types newer than this build.
Result<ForeignFooter> ReadFooter(const io::ReadableFile& file);

/// Whether the first bytes are those of a message, as in an IPC stream.
bool BeginsAsStream(const io::ReadableFile& file);
/// What a footer would say of the IPC stream in `file`, by walking over its messages. Errors as
/// ReadFooter; a stream without its end marker is kCorruption.
Result<ForeignFooter> ReadStream(const io::ReadableFile& file);

/// Reads and verifies the message of a block. kUnsupported for an unknown codec.
Result<ForeignBatch> ReadBatchMessage(const io::ReadableFile& file, const ForeignFooter& footer,
                                      const FooterBlock& block);

}  // namespace quiver::arrow_ipc
