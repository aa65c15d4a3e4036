// See frame.h.
#include "wal/frame.h"

#include <array>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"

namespace quiver::wal {

namespace {

constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kHeaderChecksumOffset = 28;
// Apart from the frame's checksum, which starts at the same place.
constexpr std::uint64_t kHeaderChecksumSalt = 0x5157465248445231ULL;  // "QWFRHDR1"

std::uint32_t HeaderChecksum(const char* frame, std::uint64_t seed) {
  std::array<char, kFrameHeaderBytes - kChecksumBytes> fields;
  std::memcpy(fields.data(), frame + kChecksumBytes, fields.size());
  StoreFixed(fields.data() + kHeaderChecksumOffset - kChecksumBytes, std::uint32_t{0});
  return static_cast<std::uint32_t>(
      Checksum(std::string_view(fields.data(), fields.size()), seed ^ kHeaderChecksumSalt));
}

}  // namespace

std::uint64_t AppendFrame(std::string& out, const FramePlace& place, const FrameHeader& header,
                          std::uint64_t word, std::string_view rest) {
  const std::uint64_t payload_bytes = kPayloadWordBytes + rest.size();
  QUIVER_CHECK(payload_bytes <= ~std::uint32_t{0});
  const std::size_t start = out.size();
  const std::uint64_t seed = PlaceSeed(place.identity, place.offset);

  out.reserve(start + FrameBytes(payload_bytes));
  AppendFixed(out, std::uint64_t{0});  // the checksum, once everything else is there
  AppendFixed(out, static_cast<std::uint32_t>(payload_bytes));
  AppendFixed(out, static_cast<std::uint32_t>(header.type));
  AppendFixed(out, header.first_sequence);
  AppendFixed(out, header.entry_count);
  AppendFixed(out, std::uint32_t{0});
  AppendFixed(out, header.synced_offset);
  StoreFixed(out.data() + start + kHeaderChecksumOffset, HeaderChecksum(out.data() + start, seed));
  AppendFixed(out, word);
  out.append(rest);
  out.resize(start + FrameBytes(payload_bytes), '\0');

  const std::uint64_t checksum =
      Checksum(std::string_view(out).substr(start + kChecksumBytes), seed);
  StoreFixed(out.data() + start, checksum);
  return checksum;
}

std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes, const FramePlace& place) {
  const char* const frame = bytes.data();
  const auto type = LoadFixed<std::uint32_t>(frame + 12);
  if (type != static_cast<std::uint32_t>(FrameType::kBatch) &&
      type != static_cast<std::uint32_t>(FrameType::kTrailer)) {
    return std::nullopt;
  }
  const std::uint64_t seed = PlaceSeed(place.identity, place.offset);
  if (LoadFixed<std::uint32_t>(frame + kHeaderChecksumOffset) != HeaderChecksum(frame, seed)) {
    return std::nullopt;
  }
  FrameHeader header;
  header.checksum = LoadFixed<std::uint64_t>(frame);
  header.payload_bytes = LoadFixed<std::uint32_t>(frame + 8);
  header.type = static_cast<FrameType>(type);
  header.first_sequence = LoadFixed<std::uint64_t>(frame + 16);
  header.entry_count = LoadFixed<std::uint32_t>(frame + 24);
  header.synced_offset = LoadFixed<std::uint64_t>(frame + 32);
  return header;
}

bool FrameVerifies(std::string_view bytes, const FramePlace& place) {
  return LoadFixed<std::uint64_t>(bytes.data()) ==
         Checksum(bytes.substr(kChecksumBytes), PlaceSeed(place.identity, place.offset));
}

std::uint64_t ExtendDigest(std::uint64_t digest, std::uint64_t frame_checksum) noexcept {
  std::array<char, sizeof(frame_checksum)> bytes;
  StoreFixed(bytes.data(), frame_checksum);
  return Checksum(std::string_view(bytes.data(), bytes.size()), digest);
}

}  // namespace quiver::wal
