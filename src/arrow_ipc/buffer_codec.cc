#include "arrow_ipc/buffer_codec.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "arrow_ipc/lz4_frame.h"
#include "arrow_ipc/zstd_frames.h"
#include "base/coding.h"
#include "base/try.h"

namespace quiver::arrow_ipc {
namespace {

constexpr std::int64_t kStoredRaw = -1;
constexpr std::size_t kCompressBytesMin = 64;

// No LZ4 block can decode to more than 255 bytes a stored byte, and no ZSTD block to more than
// 128 KiB for the 4 bytes of a run. What declares more is a bomb, known before memory is taken.
constexpr std::uint64_t kLz4RatioMax = 255;
constexpr std::uint64_t kZstdRatioMax = 32 << 10;

Error Corrupt(std::string what) {
  return Error(ErrorCode::kCorruption, "compressed buffer: " + std::move(what));
}

// The chunk size in force: the writer and DecodeRange must agree on it.
std::uint64_t ChunkBytes(CompressionKind kind, std::uint32_t chunk_bytes, std::uint64_t raw_bytes) {
  const std::uint64_t wanted = chunk_bytes == 0 ? raw_bytes : chunk_bytes;
  return kind == CompressionKind::kLz4 ? std::min(wanted, kLz4BlockBytesMax) : wanted;
}

// The compressed bytes behind the declared size, once `out` is known to have that size.
Result<std::string_view> CompressedData(std::string_view stored, std::size_t out_bytes) {
  std::int64_t declared = 0;
  if (!ConsumeFixed(stored, declared)) return Corrupt("it is shorter than its 8-byte size");
  if (declared < 0 || static_cast<std::uint64_t>(declared) != out_bytes) {
    return Corrupt("it declares " + std::to_string(declared) + " bytes, expected " +
                   std::to_string(out_bytes));
  }
  return stored;
}

// Copies bytes [begin, end) of a buffer that is stored as it is.
Result<void> CopyRaw(std::string_view raw, std::uint64_t begin, std::uint64_t end,
                     std::span<char> out) {
  if (raw.size() != out.size()) {
    return Corrupt("it holds " + std::to_string(raw.size()) + " bytes as they are, expected " +
                   std::to_string(out.size()));
  }
  if (begin < end) std::memcpy(out.data() + begin, raw.data() + begin, end - begin);
  return {};
}

}  // namespace

struct BufferCodec::State {
  State(CompressionKind codec_kind, std::int32_t level) : kind(codec_kind) {
    if (kind == CompressionKind::kLz4) lz4.emplace(level);
    if (kind == CompressionKind::kZstd) zstd.emplace(level);
  }

  // Compresses into the scratch memory; 0 if that gains less than a twentieth.
  std::size_t Compress(std::string_view raw, std::uint64_t chunk_bytes) {
    const std::size_t useful_max = raw.size() - raw.size() / 20;
    if (scratch_bytes < useful_max) {
      scratch_bytes = std::max(useful_max, 2 * scratch_bytes);
      scratch = std::make_unique_for_overwrite<char[]>(scratch_bytes);
    }
    const std::span<char> out(scratch.get(), useful_max);
    return lz4 ? lz4->Encode(raw, chunk_bytes, out) : zstd->Encode(raw, chunk_bytes, out);
  }

  CompressionKind kind;
  std::optional<Lz4FrameEncoder> lz4;
  std::optional<ZstdFrameEncoder> zstd;
  std::unique_ptr<char[]> scratch;
  std::size_t scratch_bytes = 0;
};

BufferCodec::BufferCodec(CompressionKind kind, std::int32_t level)
    : state_(std::make_unique<State>(kind, level)) {}
BufferCodec::~BufferCodec() = default;
BufferCodec::BufferCodec(BufferCodec&&) noexcept = default;
BufferCodec& BufferCodec::operator=(BufferCodec&&) noexcept = default;

void BufferCodec::Append(std::string_view raw, std::uint32_t chunk_bytes, std::string& out) {
  if (raw.empty()) return;
  if (state_->kind == CompressionKind::kNone) {
    out.append(raw);
    return;
  }
  std::size_t compressed_bytes = 0;
  if (raw.size() >= kCompressBytesMin) {
    compressed_bytes = state_->Compress(raw, ChunkBytes(state_->kind, chunk_bytes, raw.size()));
  }
  if (compressed_bytes == 0) {
    AppendFixed(out, kStoredRaw);
    out.append(raw);
    return;
  }
  AppendFixed<std::uint64_t>(out, raw.size());
  out.append(state_->scratch.get(), compressed_bytes);
}

Result<std::uint64_t> RawSize(CompressionKind kind, std::string_view stored,
                              std::uint64_t limit_bytes) {
  std::uint64_t raw_bytes = stored.size();
  if (kind != CompressionKind::kNone && !stored.empty()) {
    std::string_view data = stored;
    std::int64_t declared = 0;
    if (!ConsumeFixed(data, declared)) {
      return Corrupt("it has " + std::to_string(stored.size()) +
                     " bytes, too few for its 8-byte size");
    }
    if (declared < kStoredRaw) {
      return Corrupt("it declares a negative size, " + std::to_string(declared));
    }
    const std::uint64_t ratio_max = kind == CompressionKind::kLz4 ? kLz4RatioMax : kZstdRatioMax;
    raw_bytes = declared == kStoredRaw ? data.size() : static_cast<std::uint64_t>(declared);
    if (declared != kStoredRaw && raw_bytes / ratio_max > data.size()) {
      return Corrupt("it declares " + std::to_string(raw_bytes) + " bytes, more than " +
                     std::to_string(data.size()) + " compressed bytes can hold");
    }
  }
  if (raw_bytes > limit_bytes) {
    return Corrupt("it declares " + std::to_string(raw_bytes) + " bytes, over the limit of " +
                   std::to_string(limit_bytes));
  }
  return raw_bytes;
}

bool StoredRaw(CompressionKind kind, std::string_view stored, std::string_view& raw) {
  if (kind != CompressionKind::kNone && !stored.empty()) {
    std::int64_t declared = 0;
    if (!ConsumeFixed(stored, declared) || declared != kStoredRaw) return false;
  }
  raw = stored;
  return true;
}

Result<void> Decode(CompressionKind kind, std::string_view stored, std::span<char> out) {
  if (std::string_view raw; StoredRaw(kind, stored, raw)) {
    return CopyRaw(raw, 0, out.size(), out);
  }
  QUIVER_ASSIGN_OR_RETURN(const std::string_view data, CompressedData(stored, out.size()));
  if (data.empty() && out.empty()) return {};  // some writers keep the size of an empty buffer
  return kind == CompressionKind::kLz4 ? DecodeLz4Frame(data, out) : DecodeZstdFrames(data, out);
}

Result<void> DecodeRange(CompressionKind kind, std::string_view stored, std::uint32_t chunk_bytes,
                         std::uint64_t begin, std::uint64_t end, std::span<char> out) {
  if (begin > end || end > out.size()) {
    return Corrupt("bytes " + std::to_string(begin) + " to " + std::to_string(end) +
                   " were asked for, and it has " + std::to_string(out.size()));
  }
  if (std::string_view raw; StoredRaw(kind, stored, raw)) return CopyRaw(raw, begin, end, out);
  QUIVER_ASSIGN_OR_RETURN(const std::string_view data, CompressedData(stored, out.size()));
  if (begin == end) return {};
  const std::uint64_t chunk = ChunkBytes(kind, chunk_bytes, out.size());
  return kind == CompressionKind::kLz4 ? DecodeLz4Blocks(data, chunk, begin, end, out)
                                       : DecodeZstdChunks(data, chunk, begin, end, out);
}

}  // namespace quiver::arrow_ipc
