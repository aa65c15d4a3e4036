#include "arrow_ipc/lz4_frame.h"

#include <lz4.h>
#include <lz4frame.h>
#include <lz4hc.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/coding.h"
#include "base/try.h"

namespace quiver::arrow_ipc {
namespace {

constexpr std::uint32_t kStoredBit = 0x80000000;
constexpr std::size_t kHeaderBytes = 7;
constexpr std::size_t kBlockPrefixBytes = 4;

// The four headers of our frames. The last byte is the second byte of XXH32 of the two before
// it; there are only four, so they are constants and LZ4's own decoder checks them in the tests.
struct FrameHeader {
  std::uint64_t block_bytes_max;
  std::array<char, kHeaderBytes> bytes;
};
constexpr std::array<FrameHeader, 4> kHeaders = {{
    {std::uint64_t{64} << 10, {0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, static_cast<char>(0x82)}},
    {std::uint64_t{256} << 10, {0x04, 0x22, 0x4D, 0x18, 0x60, 0x50, static_cast<char>(0xFB)}},
    {std::uint64_t{1} << 20, {0x04, 0x22, 0x4D, 0x18, 0x60, 0x60, 0x51}},
    {kLz4BlockBytesMax, {0x04, 0x22, 0x4D, 0x18, 0x60, 0x70, 0x73}},
}};

const FrameHeader& HeaderFor(std::uint64_t chunk_bytes) {
  for (const FrameHeader& header : kHeaders) {
    if (chunk_bytes <= header.block_bytes_max) return header;
  }
  return kHeaders.back();
}

// The header at the front of `frame`, or null if it is not one of ours.
const FrameHeader* OwnHeader(std::string_view frame) {
  for (const FrameHeader& header : kHeaders) {
    if (frame.starts_with(std::string_view(header.bytes.data(), kHeaderBytes))) return &header;
  }
  return nullptr;
}

Error Corrupt(const std::string& what) {
  return Error(ErrorCode::kCorruption, "LZ4 buffer: " + what);
}

// A block as it stands in a frame.
struct Block {
  std::string_view data;
  bool compressed = false;

  bool IsEndMark() const { return data.empty() && compressed; }
};

// Takes the next block, which may be the end mark, off the front of `rest`.
Result<Block> NextBlock(std::string_view& rest) {
  std::uint32_t word = 0;
  if (!ConsumeFixed(rest, word)) return Corrupt("the frame ends before its end mark");
  const std::size_t stored_bytes = word & ~kStoredBit;
  if (stored_bytes > rest.size()) {
    return Corrupt("a block declares " + std::to_string(stored_bytes) + " bytes where " +
                   std::to_string(rest.size()) + " are left");
  }
  const Block block{rest.substr(0, stored_bytes), (word & kStoredBit) == 0};
  rest.remove_prefix(stored_bytes);
  return block;
}

// Decodes a block into the front of `out`; returns the bytes written.
Result<std::size_t> DecodeBlock(const Block& block, std::span<char> out) {
  if (block.data.empty()) return std::size_t{0};
  if (!block.compressed) {
    if (block.data.size() > out.size()) return Corrupt("a stored block is larger than its place");
    std::memcpy(out.data(), block.data.data(), block.data.size());
    return block.data.size();
  }
  const int written =
      LZ4_decompress_safe(block.data.data(), out.data(), static_cast<int>(block.data.size()),
                          static_cast<int>(out.size()));
  if (written < 0) return Corrupt("a block does not decode");
  return static_cast<std::size_t>(written);
}

// Frames of independent blocks without checksums need no decoder state and no copy through one.
Result<void> DecodeOwnFrame(const FrameHeader& header, std::string_view frame,
                            std::span<char> out) {
  std::string_view rest = frame.substr(kHeaderBytes);
  std::size_t written = 0;
  while (true) {
    QUIVER_ASSIGN_OR_RETURN(const Block block, NextBlock(rest));
    if (block.IsEndMark()) break;
    const std::size_t room = std::min(out.size() - written, header.block_bytes_max);
    QUIVER_ASSIGN_OR_RETURN(const std::size_t block_bytes,
                            DecodeBlock(block, out.subspan(written, room)));
    written += block_bytes;
  }
  if (!rest.empty()) return Corrupt(std::to_string(rest.size()) + " bytes follow the frame");
  if (written != out.size()) {
    return Corrupt("the frame decodes to " + std::to_string(written) + " bytes, expected " +
                   std::to_string(out.size()));
  }
  return {};
}

struct FrameContextDeleter {
  void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

// One decoder a thread: making one costs more than decoding a small buffer.
LZ4F_dctx* ThreadFrameContext() {
  static thread_local std::unique_ptr<LZ4F_dctx, FrameContextDeleter> context;
  if (context == nullptr) {
    LZ4F_dctx* created = nullptr;
    QUIVER_CHECK(!LZ4F_isError(LZ4F_createDecompressionContext(&created, LZ4F_VERSION)));
    context.reset(created);
  }
  LZ4F_resetDecompressionContext(context.get());
  return context.get();
}

// Frames of other writers: linked blocks, checksums, content sizes.
Result<void> DecodeForeignFrame(std::string_view frame, std::span<char> out) {
  LZ4F_dctx* const context = ThreadFrameContext();
  LZ4F_decompressOptions_t options = {};
  options.stableDst = 1;
  std::size_t written = 0;
  while (true) {
    // LZ4 does pointer arithmetic on the destination, so it never gets a null one.
    char nothing = 0;
    char* const place = out.empty() ? &nothing : out.data() + written;
    std::size_t produced = out.size() - written;
    std::size_t consumed = frame.size();
    const std::size_t hint =
        LZ4F_decompress(context, place, &produced, frame.data(), &consumed, &options);
    if (LZ4F_isError(hint)) {
      return Corrupt(std::string("the frame does not decode: ") + LZ4F_getErrorName(hint));
    }
    written += produced;
    frame.remove_prefix(consumed);
    if (hint == 0) break;
    if (produced == 0 && consumed == 0) {
      return Corrupt(frame.empty() ? "the frame is cut short"
                                   : "the frame decodes to more than the declared " +
                                         std::to_string(out.size()) + " bytes");
    }
  }
  if (!frame.empty()) return Corrupt(std::to_string(frame.size()) + " bytes follow the frame");
  if (written != out.size()) {
    return Corrupt("the frame decodes to " + std::to_string(written) + " bytes, expected " +
                   std::to_string(out.size()));
  }
  return {};
}

}  // namespace

Lz4FrameEncoder::Lz4FrameEncoder(std::int32_t level) : level_(std::min(level, LZ4HC_CLEVEL_MAX)) {
  const int state_bytes = level_ >= LZ4HC_CLEVEL_MIN ? LZ4_sizeofStateHC() : LZ4_sizeofState();
  state_ = std::make_unique_for_overwrite<std::uint64_t[]>(
      static_cast<std::size_t>(state_bytes) / sizeof(std::uint64_t) + 1);
}

std::size_t Lz4FrameEncoder::CompressBlock(std::string_view raw, std::span<char> out) {
  if (out.empty()) return 0;
  const int raw_bytes = static_cast<int>(raw.size());
  const int room = static_cast<int>(out.size());
  const int stored = level_ >= LZ4HC_CLEVEL_MIN
                         ? LZ4_compress_HC_extStateHC(state_.get(), raw.data(), out.data(),
                                                      raw_bytes, room, level_)
                         : LZ4_compress_fast_extState(state_.get(), raw.data(), out.data(),
                                                      raw_bytes, room, level_ < 0 ? 1 - level_ : 1);
  return stored > 0 ? static_cast<std::size_t>(stored) : 0;
}

std::size_t Lz4FrameEncoder::Encode(std::string_view raw, std::uint64_t chunk_bytes,
                                    std::span<char> out) {
  QUIVER_CHECK(chunk_bytes > 0 && chunk_bytes <= kLz4BlockBytesMax);
  if (out.size() < kHeaderBytes + kBlockPrefixBytes) return 0;
  const FrameHeader& header = HeaderFor(std::min<std::uint64_t>(chunk_bytes, raw.size()));
  std::memcpy(out.data(), header.bytes.data(), kHeaderBytes);
  std::size_t written = kHeaderBytes;
  for (; !raw.empty(); raw.remove_prefix(std::min<std::size_t>(chunk_bytes, raw.size()))) {
    const std::string_view chunk = raw.substr(0, chunk_bytes);
    // Room for this block's size and for the size or end mark that follows it.
    if (out.size() - written < 2 * kBlockPrefixBytes) return 0;
    const std::span<char> place =
        out.subspan(written + kBlockPrefixBytes, out.size() - written - 2 * kBlockPrefixBytes);
    const std::size_t useful_max = std::min(place.size(), chunk.size() - 1);
    std::size_t stored = CompressBlock(chunk, place.first(useful_max));
    std::uint32_t word = static_cast<std::uint32_t>(stored);
    if (stored == 0) {
      if (chunk.size() > place.size()) return 0;
      std::memcpy(place.data(), chunk.data(), chunk.size());
      stored = chunk.size();
      word = static_cast<std::uint32_t>(stored) | kStoredBit;
    }
    StoreFixed(out.data() + written, word);
    written += kBlockPrefixBytes + stored;
  }
  StoreFixed<std::uint32_t>(out.data() + written, 0);
  return written + kBlockPrefixBytes;
}

Result<void> DecodeLz4Frame(std::string_view frame, std::span<char> out) {
  const FrameHeader* header = OwnHeader(frame);
  if (header == nullptr) return DecodeForeignFrame(frame, out);
  return DecodeOwnFrame(*header, frame, out);
}

Result<void> DecodeLz4Blocks(std::string_view frame, std::uint64_t chunk_bytes, std::uint64_t begin,
                             std::uint64_t end, std::span<char> out) {
  QUIVER_CHECK(chunk_bytes > 0 && end <= out.size());
  if (OwnHeader(frame) == nullptr) return Corrupt("the frame header is not one that Quiver writes");
  std::string_view rest = frame.substr(kHeaderBytes);
  for (std::uint64_t chunk_begin = 0; chunk_begin < end; chunk_begin += chunk_bytes) {
    QUIVER_ASSIGN_OR_RETURN(const Block block, NextBlock(rest));
    if (block.IsEndMark()) return Corrupt("the frame ends before the chunk that was asked for");
    const std::uint64_t raw_bytes = std::min<std::uint64_t>(chunk_bytes, out.size() - chunk_begin);
    if (chunk_begin + raw_bytes <= begin) continue;
    QUIVER_ASSIGN_OR_RETURN(const std::size_t decoded,
                            DecodeBlock(block, out.subspan(chunk_begin, raw_bytes)));
    if (decoded != raw_bytes) {
      return Corrupt("the chunk at raw offset " + std::to_string(chunk_begin) + " decodes to " +
                     std::to_string(decoded) + " bytes, expected " + std::to_string(raw_bytes));
    }
  }
  return {};
}

}  // namespace quiver::arrow_ipc
