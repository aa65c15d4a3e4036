#include "arrow_ipc/zstd_frames.h"

#include <zstd.h>

#include <algorithm>
#include <string>

#include "base/check.h"

namespace quiver::arrow_ipc {
namespace {

Error Corrupt(const std::string& what) {
  return Error(ErrorCode::kCorruption, "ZSTD buffer: " + what);
}

struct DecoderDeleter {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// One decoder a thread: it holds some 100 KiB, and making it costs more than decoding a chunk.
ZSTD_DCtx* ThreadDecoder() {
  static thread_local std::unique_ptr<ZSTD_DCtx, DecoderDeleter> context(ZSTD_createDCtx());
  QUIVER_CHECK(context != nullptr);
  return context.get();
}

}  // namespace

struct ZstdFrameEncoder::Context {
  explicit Context(std::int32_t level) : encoder(ZSTD_createCCtx()) {
    QUIVER_CHECK(encoder != nullptr);
    const int clamped = std::clamp(level, ZSTD_minCLevel(), ZSTD_maxCLevel());
    QUIVER_CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(encoder, ZSTD_c_compressionLevel, clamped)));
  }
  ~Context() { ZSTD_freeCCtx(encoder); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  ZSTD_CCtx* const encoder;
};

ZstdFrameEncoder::ZstdFrameEncoder(std::int32_t level)
    : context_(std::make_unique<Context>(level)) {}
ZstdFrameEncoder::~ZstdFrameEncoder() = default;

std::size_t ZstdFrameEncoder::Encode(std::string_view raw, std::uint64_t chunk_bytes,
                                     std::span<char> out) {
  QUIVER_CHECK(chunk_bytes > 0);
  std::size_t written = 0;
  for (; !raw.empty(); raw.remove_prefix(std::min<std::size_t>(chunk_bytes, raw.size()))) {
    const std::string_view chunk = raw.substr(0, chunk_bytes);
    const std::size_t frame_bytes = ZSTD_compress2(
        context_->encoder, out.data() + written, out.size() - written, chunk.data(), chunk.size());
    if (ZSTD_isError(frame_bytes)) return 0;
    written += frame_bytes;
  }
  return written;
}

Result<void> DecodeZstdFrames(std::string_view frames, std::span<char> out) {
  const std::size_t written =
      ZSTD_decompressDCtx(ThreadDecoder(), out.data(), out.size(), frames.data(), frames.size());
  if (ZSTD_isError(written)) {
    return Corrupt(std::string("it does not decode: ") + ZSTD_getErrorName(written));
  }
  if (written != out.size()) {
    return Corrupt("it decodes to " + std::to_string(written) + " bytes, expected " +
                   std::to_string(out.size()));
  }
  return {};
}

Result<void> DecodeZstdChunks(std::string_view frames, std::uint64_t chunk_bytes,
                              std::uint64_t begin, std::uint64_t end, std::span<char> out) {
  QUIVER_CHECK(chunk_bytes > 0 && end <= out.size());
  for (std::uint64_t chunk_begin = 0; chunk_begin < end; chunk_begin += chunk_bytes) {
    const std::size_t frame_bytes = ZSTD_findFrameCompressedSize(frames.data(), frames.size());
    if (ZSTD_isError(frame_bytes)) {
      return Corrupt("the frame of the chunk at raw offset " + std::to_string(chunk_begin) +
                     " is damaged: " + ZSTD_getErrorName(frame_bytes));
    }
    const std::uint64_t raw_bytes = std::min<std::uint64_t>(chunk_bytes, out.size() - chunk_begin);
    if (chunk_begin + raw_bytes > begin) {
      const auto decoded =
          DecodeZstdFrames(frames.substr(0, frame_bytes), out.subspan(chunk_begin, raw_bytes));
      if (!decoded) {
        return decoded.error().WithContext("chunk at raw offset " + std::to_string(chunk_begin));
      }
    }
    frames.remove_prefix(frame_bytes);
  }
  return {};
}

}  // namespace quiver::arrow_ipc
