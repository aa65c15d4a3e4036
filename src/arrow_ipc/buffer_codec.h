// Compression of one buffer of a record batch as Arrow's BodyCompression lays it out:
//
//   stored := i64 raw_bytes, data          raw_bytes = -1: data is the buffer itself
//
// A buffer may be cut into chunks of equal raw size that decode on their own: an LZ4 frame of
// independent blocks, or one ZSTD frame a chunk. Both are still one plain compressed buffer to
// every Arrow reader. A buffer that gains less than a twentieth, or has under 64 bytes, is stored
// raw; an empty one takes 0 bytes.
//
// Thread safety: BufferCodec objects one thread at a time (they hold codec contexts); the decoding
// functions are pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "quiver/config.h"
#include "quiver/error.h"

namespace quiver::arrow_ipc {

class BufferCodec {
 public:
  /// `level` is the codec's own (ZSTD: 1 to 19, negative for faster).
  BufferCodec(CompressionKind kind, std::int32_t level);
  ~BufferCodec();
  BufferCodec(BufferCodec&&) noexcept;
  BufferCodec& operator=(BufferCodec&&) noexcept;

  /// Appends the stored form of `raw` to `out`. `chunk_bytes` 0: one chunk. LZ4 chunks are at most
  /// 4 MiB, the largest block of a frame: larger ones are cut down to it.
  void Append(std::string_view raw, std::uint32_t chunk_bytes, std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The raw size that a stored buffer declares, or an error if it is cut short or absurd.
/// `limit_bytes` bounds what may be allocated for it.
Result<std::uint64_t> RawSize(CompressionKind kind, std::string_view stored,
                              std::uint64_t limit_bytes);
/// True if `stored` holds the buffer itself (kNone, empty, or marked -1); `raw` is then a view of
/// it.
bool StoredRaw(CompressionKind kind, std::string_view stored, std::string_view& raw);
/// Decodes a whole stored buffer into `out`, whose size must be RawSize(). kCorruption otherwise.
Result<void> Decode(CompressionKind kind, std::string_view stored, std::span<char> out);
/// Decodes only the chunks that cover raw bytes [begin, end) of a buffer written with
/// `chunk_bytes`, each to its place in `out` (which has the whole raw size).
Result<void> DecodeRange(CompressionKind kind, std::string_view stored, std::uint32_t chunk_bytes,
                         std::uint64_t begin, std::uint64_t end, std::span<char> out);

}  // namespace quiver::arrow_ipc
