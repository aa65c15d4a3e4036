// StoredBlock: one block as it lies in the file, verified, and the ways to make a DataBlock of it.
//
// Uncompressed blocks are used in place. Compressed ones are decoded into memory laid out as
//   hash slots, keys, values, key offsets, value offsets, sequences, operations, expiries
// where offsets of uniform widths, constant sequences and operations, and absent expiries are left
// out and not even decoded.
//
// Nothing here parses a flatbuffer: every number of a message lies at an offset that the trailer
// gives. And nothing here trusts a block because its checksum is right: sizes, offsets and hash
// slots are checked too, so that even a forged file cannot make a reader leave its buffers.
//
// Thread safety: a StoredBlock one thread at a time (Parse writes to the bytes it verifies).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "quiver/config.h"
#include "quiver/error.h"
#include "sstable/data_block.h"
#include "sstable/table_layout.h"

namespace quiver {

/// What all blocks of a table have in common.
struct BlockGeometry {
  std::string file;  ///< name, for errors
  std::uint64_t identity = 0;
  std::uint32_t message_bytes = 0;
  std::uint16_t rows_offset = 0;
  std::uint16_t body_bytes_offset = 0;
  std::uint16_t buffers_offset = 0;
  TableSchema schema;
  CompressionKind compression = CompressionKind::kNone;
};

/// Whether a decoded copy is to hold the values, too. Without, room is left for them and
/// DecodeValues fills what is needed.
enum class DecodeScope : std::uint8_t { kAll, kWithoutValues };

class StoredBlock {
 public:
  /// Verifies the checksum of `stored`, which must be 8-aligned and entry.stored_bytes long and
  /// outlive the result, then every size in it. Writes to `stored` meanwhile, but leaves it as it
  /// was.
  /// Errors: kCorruption with the block's offset.
  static Result<StoredBlock> Parse(const BlockGeometry& geometry, const BlockEntry& entry,
                                   std::span<std::byte> stored);
  /// Only the checksum.
  static Result<void> VerifyChecksum(const BlockGeometry& geometry, const BlockEntry& entry,
                                     std::span<std::byte> stored);

  const BlockHeader& header() const noexcept { return header_; }
  bool compressed() const noexcept { return geometry_->compression != CompressionKind::kNone; }

  /// A view of an uncompressed block in place.
  Result<DataBlock> View() const;

  /// Bytes that Decode needs, hash slots included.
  std::uint64_t decoded_bytes() const noexcept;
  /// Decodes a compressed block into `memory` (8-aligned, decoded_bytes() long). The first bytes
  /// are left for the hash slots: the caller builds them or not.
  Result<DataBlock> Decode(std::span<std::byte> memory, DecodeScope scope) const;
  /// Decodes the value bytes [begin, end) to their place in a copy made with kWithoutValues.
  Result<void> DecodeValues(const DataBlock& block, std::uint64_t begin, std::uint64_t end) const;

 private:
  struct Columns {
    std::string_view key_offsets, keys, value_offsets, values, sequences, operations, expiries;
  };

  StoredBlock(const BlockGeometry& geometry, const BlockEntry& entry,
              std::span<std::byte> stored) noexcept
      : geometry_(&geometry), entry_(entry), stored_(stored) {}

  Result<void> ParseHeader();
  Result<void> ParseColumns();
  Result<void> CheckRawSizes() const;
  Result<void> CheckContents(const DataBlock& block, const std::uint32_t* key_offsets,
                             const std::uint32_t* value_offsets) const;
  DataBlock NewBlock() const noexcept;
  bool Has(BlockFlag flag) const noexcept { return (header_.flags & flag) != 0; }
  Error Damaged(std::string what) const;

  const BlockGeometry* geometry_;
  BlockEntry entry_;
  std::span<std::byte> stored_;
  BlockHeader header_;
  Columns columns_;
};

}  // namespace quiver
