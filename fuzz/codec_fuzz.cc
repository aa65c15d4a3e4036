// Goal: no compressed buffer makes a decoder write outside of its output, parts decode to what the
// whole decodes to, and whatever is encoded decodes to itself.
//
// Input: codec, level and chunk size, the range to decode, the size to decode to, the buffer.
#include <algorithm>
#include <string>

#include "arrow_ipc/buffer_codec.h"
#include "fuzz_files.h"
#include "fuzz_target.h"

namespace quiver::fuzz {

namespace {

constexpr std::uint64_t kRawBytesMax = 1U << 20;

void DecodeHostile(CompressionKind kind, std::uint32_t chunk_bytes, std::uint32_t begin,
                   std::uint32_t end, std::string_view stored) {
  const auto raw_bytes = arrow_ipc::RawSize(kind, stored, kRawBytesMax);
  if (!raw_bytes) return;
  QUIVER_CHECK(*raw_bytes <= kRawBytesMax);
  std::string_view raw;
  const bool is_raw = arrow_ipc::StoredRaw(kind, stored, raw);
  std::string whole(*raw_bytes, '\0');
  const bool decodes = arrow_ipc::Decode(kind, stored, whole).ok();
  if (is_raw && decodes) QUIVER_CHECK(raw == whole);
  std::string part(*raw_bytes, '\0');
  const std::uint64_t stop = std::min<std::uint64_t>(end, *raw_bytes);
  const std::uint64_t start = std::min<std::uint64_t>(begin, stop);
  if (arrow_ipc::DecodeRange(kind, stored, chunk_bytes, start, stop, part).ok() && decodes) {
    QUIVER_CHECK(part.substr(start, stop - start) == whole.substr(start, stop - start));
  }
}

void RoundTrip(CompressionKind kind, std::int32_t level, std::uint32_t chunk_bytes,
               std::string_view raw) {
  arrow_ipc::BufferCodec codec(kind, level);
  std::string stored;
  codec.Append(raw, chunk_bytes, stored);
  const auto raw_bytes = arrow_ipc::RawSize(kind, stored, raw.size());
  QUIVER_CHECK(raw_bytes.ok() && *raw_bytes == raw.size());
  std::string decoded(raw.size(), '\0');
  QUIVER_CHECK(arrow_ipc::Decode(kind, stored, decoded).ok() && decoded == raw);
}

}  // namespace

void FuzzCodec(std::string_view input) {
  InputReader reader(input);
  const auto kind = static_cast<CompressionKind>(reader.Byte() % 3);
  const std::int32_t level = reader.Byte() % 16 - 4;
  const std::uint32_t chunk_bytes = reader.Byte() * 64U;
  const std::uint32_t begin = reader.Byte() * 16U;
  const std::uint32_t end = begin + reader.Byte() * 16U;
  DecodeHostile(kind, chunk_bytes, begin, end, reader.rest());
  RoundTrip(kind, level, chunk_bytes, reader.rest());
}

}  // namespace quiver::fuzz
