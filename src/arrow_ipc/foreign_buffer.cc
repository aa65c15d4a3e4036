#include "arrow_ipc/foreign_buffer.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>

#include "arrow_ipc/buffer_codec.h"
#include "base/check.h"
#include "base/coding.h"
#include "base/try.h"

namespace quiver::arrow_ipc {
namespace {

constexpr std::uint64_t kWindowBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kPrefixBytes = 8;
constexpr std::int64_t kStoredRaw = -1;
// What decodes to more than this and to more than so many times its size is taken for a bomb:
// ZSTD would let 64 KiB of a file ask for 2 GiB of memory.
constexpr std::uint64_t kBombBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kBombRatio = 1024;

}  // namespace

Result<ForeignBuffer> ForeignBuffer::Open(const io::ReadableFile& file, std::uint64_t offset,
                                          std::uint64_t stored_bytes, CompressionKind compression) {
  if (compression == CompressionKind::kNone || stored_bytes == 0) {
    return ForeignBuffer(file, offset, stored_bytes);
  }
  if (stored_bytes >= kPrefixBytes) {
    QUIVER_ASSIGN_OR_RETURN(const ForeignBytes prefix,
                            ReadForeign(file, offset, kPrefixBytes, "a buffer"));
    if (LoadFixed<std::int64_t>(prefix.data.get()) == kStoredRaw) {
      return ForeignBuffer(file, offset + kPrefixBytes, stored_bytes - kPrefixBytes);
    }
  }
  ForeignBuffer buffer(file, offset, 0);
  QUIVER_TRY(buffer.DecodeWhole(stored_bytes, compression));
  return buffer;
}

Result<void> ForeignBuffer::DecodeWhole(std::uint64_t stored_bytes, CompressionKind compression) {
  QUIVER_ASSIGN_OR_RETURN(const ForeignBytes stored,
                          ReadForeign(*file_, offset_, stored_bytes, "a compressed buffer"));
  const std::uint64_t limit_bytes =
      std::min(kForeignBufferBytesMax, std::max(kBombBytes, stored_bytes * kBombRatio));
  const auto raw_bytes = RawSize(compression, stored.view(), limit_bytes);
  if (!raw_bytes) return CorruptAt(*file_, offset_, raw_bytes.error().message());
  window_ = AllocateForeign(*raw_bytes);
  const std::span<char> out(window_.data.get(), window_.size);
  if (const auto decoded = Decode(compression, stored.view(), out); !decoded) {
    return CorruptAt(*file_, offset_, decoded.error().message());
  }
  size_bytes_ = window_bytes_ = *raw_bytes;
  return {};
}

Result<std::string_view> ForeignBuffer::Refill(std::uint64_t begin, std::uint64_t size) {
  QUIVER_CHECK(begin <= size_bytes_ && size <= size_bytes_ - begin);
  const std::uint64_t wanted = std::min(std::max(size, kWindowBytes), size_bytes_ - begin);
  if (window_.size < wanted) window_ = AllocateForeign(wanted);
  window_bytes_ = 0;  // stays empty should the read fail
  QUIVER_TRY(ReadForeign(*file_, offset_ + begin, wanted, "a buffer", window_.data.get()));
  window_begin_ = begin;
  window_bytes_ = wanted;
  return std::string_view(window_.data.get(), size);
}

}  // namespace quiver::arrow_ipc
