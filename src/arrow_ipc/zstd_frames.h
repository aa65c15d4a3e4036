// A sequence of ZSTD frames, one a chunk, each with its content size, so that any chunk decodes
// on its own. To every ZSTD decoder the sequence is one compressed buffer.
//
// Source: RFC 8878.
//
// Thread safety: ZstdFrameEncoder one thread at a time; the functions are pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "quiver/error.h"

namespace quiver::arrow_ipc {

class ZstdFrameEncoder {
 public:
  /// `level` as ZSTD numbers them: 1 to 22, negative for faster.
  explicit ZstdFrameEncoder(std::int32_t level);
  ~ZstdFrameEncoder();

  /// Writes the frames to `out`. Returns their size, or 0 if they do not fit `out`.
  std::size_t Encode(std::string_view raw, std::uint64_t chunk_bytes, std::span<char> out);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// Decodes any sequence of ZSTD frames that fills `out` exactly. kCorruption otherwise.
Result<void> DecodeZstdFrames(std::string_view frames, std::span<char> out);

/// Decodes the frames that cover [begin, end) of a sequence written with `chunk_bytes`. `out` has
/// the raw size of the whole sequence.
Result<void> DecodeZstdChunks(std::string_view frames, std::uint64_t chunk_bytes,
                              std::uint64_t begin, std::uint64_t end, std::span<char> out);

}  // namespace quiver::arrow_ipc
