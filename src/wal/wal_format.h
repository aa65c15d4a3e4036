// The bytes of a log segment. docs/formats/wal.md is the full page.
//
//   segment := header frame* [trailer] zeros*
//
//   header, 128 bytes                          frame, 40 bytes + payload, padded to 8 with zeros
//     0  u64 magic "QVRWAL1\n"                   0  u64 checksum of bytes 8.. of header, payload
//     8  u32 version, u32 flags (0)                     and padding
//    16  u64 database id high, u64 low           8  u32 payload_bytes
//    32  u64 segment number                     12  u8 type (1 batch, 2 trailer), u8[3] zero
//    40  u64 predecessor number (0 = none)      16  u64 first_sequence
//    48  u64 predecessor length                 24  u32 entry_count
//    56  u64 predecessor last sequence          28  u32 checksum of this header's bytes 8..39
//    64  u64 predecessor digest                 32  u64 synced_offset: everything before it was
//    72  u64 first sequence of this segment             durable when this frame was written
//    80  u64 creation time, microseconds        40  payload
//    88  zeros                                        batch:   u64 timestamp_us, then entries
//   120  u64 checksum of bytes 0..119                          (base/batch_codec.h)
//                                                     trailer: u64 digest of all before it,
//                                                              u64 number of the successor that
//                                                              a rotation made, 0 after Close
//
// Every checksum is seeded with PlaceSeed(file identity, offset), so a frame copied elsewhere, or
// left over from a recycled block, does not verify. A frame header of zeros is the end.
// The digest of a segment chains its header's checksum and its frames' checksums; since the header
// holds the predecessor's digest, it stands for the whole log up to there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quiver/types.h"

namespace quiver::wal {

inline constexpr std::uint64_t kMagic = 0x0A314C4157525651ULL;  // "QVRWAL1\n"
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint64_t kHeaderBytes = 128;
inline constexpr std::uint64_t kFrameHeaderBytes = 40;
inline constexpr std::uint64_t kFrameAlignment = 8;

enum class FrameType : std::uint8_t { kEnd = 0, kBatch = 1, kTrailer = 2 };

/// The end of the chain that a new segment continues; all zero for a new database.
struct ChainEnd {
  std::uint64_t segment_number = 0;
  std::uint64_t length_bytes = 0;
  SequenceNumber last_sequence = 0;
  std::uint64_t digest = 0;

  bool operator==(const ChainEnd&) const = default;
};

/// "0000000012.wal".
std::string SegmentName(std::uint64_t number);
/// The number of a segment name, or 0 if `name` is not one.
std::uint64_t ParseSegmentName(std::string_view name);

}  // namespace quiver::wal
