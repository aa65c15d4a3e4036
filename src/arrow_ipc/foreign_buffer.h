// ForeignBuffer: one buffer of a record batch body. An uncompressed one is read through a window,
// so a batch of any size costs a megabyte; a compressed one is decoded whole, up to a limit.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <string_view>

#include "arrow_ipc/foreign_bytes.h"
#include "io/file.h"
#include "quiver/config.h"
#include "quiver/error.h"

namespace quiver::arrow_ipc {

/// What one compressed buffer may decode to at most: all that 32-bit offsets can address.
inline constexpr std::uint64_t kForeignBufferBytesMax = (std::uint64_t{1} << 31) - 1;

class ForeignBuffer {
 public:
  /// Opens the buffer stored in bytes [offset, offset + stored_bytes) of `file`, which must
  /// outlive it. kCorruption if it does not decode.
  static Result<ForeignBuffer> Open(const io::ReadableFile& file, std::uint64_t offset,
                                    std::uint64_t stored_bytes, CompressionKind compression);

  std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  /// Where it stands in the file, for error messages.
  std::uint64_t offset() const noexcept { return offset_; }
  const io::ReadableFile& file() const noexcept { return *file_; }

  /// Bytes [begin, begin + size), which must lie inside; valid until the next View.
  Result<std::string_view> View(std::uint64_t begin, std::uint64_t size) {
    if (begin < window_begin_ || begin + size > window_begin_ + window_bytes_) [[unlikely]] {
      return Refill(begin, size);
    }
    return std::string_view(window_.data.get() + (begin - window_begin_), size);
  }

 private:
  ForeignBuffer(const io::ReadableFile& file, std::uint64_t offset, std::uint64_t size_bytes)
      : file_(&file), offset_(offset), size_bytes_(size_bytes) {}
  Result<void> DecodeWhole(std::uint64_t stored_bytes, CompressionKind compression);
  Result<std::string_view> Refill(std::uint64_t begin, std::uint64_t size);

  const io::ReadableFile* file_;
  std::uint64_t offset_;
  std::uint64_t size_bytes_;
  ForeignBytes window_;
  std::uint64_t window_begin_ = 0;
  std::uint64_t window_bytes_ = 0;  ///< filled, at most window_.size
};

}  // namespace quiver::arrow_ipc
