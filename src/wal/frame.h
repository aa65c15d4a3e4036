// Frames: the records of a segment. One batch is one frame, so that it is there as a whole or not
// at all. The layout is in wal_format.h.
//
// A frame carries two checksums. The one over everything decides whether it is whole. The short
// one over its header alone lets a scan for the next frame behind a damaged place look at each
// candidate in constant time, and keeps it from believing a length before it is proved.
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/coding.h"
#include "wal/wal_format.h"

namespace quiver::wal {

struct FrameHeader {
  std::uint64_t checksum = 0;  ///< set by decoding; encoding computes it
  std::uint32_t payload_bytes = 0;
  FrameType type = FrameType::kEnd;
  SequenceNumber first_sequence = 0;  ///< of a trailer: the sequence that would come next
  std::uint32_t entry_count = 0;
  std::uint64_t synced_offset = 0;
};

/// Where a frame stands: what its checksums are bound to.
struct FramePlace {
  std::uint64_t identity = 0;  ///< DatabaseId::FileIdentity of the segment
  std::uint64_t offset = 0;
};

inline constexpr std::uint64_t kTrailerPayloadBytes = 16;
inline constexpr std::uint64_t kTrailerFrameBytes = kFrameHeaderBytes + kTrailerPayloadBytes;
/// The fixed first word of every payload: a batch's timestamp, a trailer's digest.
inline constexpr std::uint64_t kPayloadWordBytes = 8;

/// Bytes of a frame in the file, padding included.
constexpr std::uint64_t FrameBytes(std::uint64_t payload_bytes) noexcept {
  return AlignUp(kFrameHeaderBytes + payload_bytes, kFrameAlignment);
}

/// Appends a frame whose payload is `word` and then `rest`; the payload's size in `header` is
/// ignored. Returns the frame's checksum.
std::uint64_t AppendFrame(std::string& out, const FramePlace& place, const FrameHeader& header,
                          std::uint64_t word, std::string_view rest);

/// The frame header at the start of `bytes` (at least 40), if its own checksum holds. Cost: none
/// for bytes that cannot be a frame, else one hash of 32 bytes.
std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes, const FramePlace& place);

/// True if the checksum over the whole frame holds. `bytes` is the frame with its padding.
bool FrameVerifies(std::string_view bytes, const FramePlace& place);

/// The digest of a segment after one more frame.
std::uint64_t ExtendDigest(std::uint64_t digest, std::uint64_t frame_checksum) noexcept;

}  // namespace quiver::wal
