// LZ4 frames made of independent blocks, one block a chunk, so that any chunk decodes on its own:
//
//   frame := 04 22 4D 18, 60 BD HC, (u32 stored_bytes | bit 31 if not compressed, data)*, u32 0
//
// BD names the smallest block size (64 KiB, 256 KiB, 1 MiB, 4 MiB) that holds a chunk; HC is its
// header checksum. A block may be shorter than BD says, which is how chunks of 8 KiB work.
//
// Source: "LZ4 Frame Format Description" 1.6 (Yann Collet).
//
// Thread safety: Lz4FrameEncoder one thread at a time; the functions are pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "quiver/error.h"

namespace quiver::arrow_ipc {

/// The largest block that a frame can hold.
inline constexpr std::uint64_t kLz4BlockBytesMax = std::uint64_t{4} << 20;

class Lz4FrameEncoder {
 public:
  /// `level` as LZ4 numbers them: negative accelerates, 0 to 2 is the fast mode, 3 to 12 the
  /// high-compression mode.
  explicit Lz4FrameEncoder(std::int32_t level);

  /// Writes one frame to `out`. Returns its size, or 0 if it does not fit `out`.
  /// `chunk_bytes` is in 1 to kLz4BlockBytesMax.
  std::size_t Encode(std::string_view raw, std::uint64_t chunk_bytes, std::span<char> out);

 private:
  std::size_t CompressBlock(std::string_view raw, std::span<char> out);

  std::int32_t level_;
  std::unique_ptr<std::uint64_t[]> state_;  // LZ4's or LZ4HC's, which wants 8-byte alignment
};

/// Decodes any single LZ4 frame that fills `out` exactly. kCorruption otherwise.
Result<void> DecodeLz4Frame(std::string_view frame, std::span<char> out);

/// Decodes the blocks that cover [begin, end) of a frame written by Lz4FrameEncoder with
/// `chunk_bytes`. `out` has the raw size of the whole frame. kCorruption for any other frame.
Result<void> DecodeLz4Blocks(std::string_view frame, std::uint64_t chunk_bytes, std::uint64_t begin,
                             std::uint64_t end, std::span<char> out);

}  // namespace quiver::arrow_ipc
