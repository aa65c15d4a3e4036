// The header of a segment: which database and segment the file is, and which end of the chain it
// continues. The layout is in wal_format.h.
//
// Invariants:
//  1. Every version of the format keeps the place of magic, version, flags, identity, number and
//     checksum, so that a newer version can be told from a damaged header.
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/identity.h"
#include "io/directory.h"
#include "quiver/error.h"
#include "wal/wal_format.h"

namespace quiver::wal {

struct SegmentHeader {
  DatabaseId database_id;
  std::uint64_t number = 0;
  ChainEnd predecessor;
  SequenceNumber first_sequence = 0;
  std::uint64_t creation_time_us = 0;
  std::uint64_t checksum = 0;  ///< set by decoding; encoding computes it

  /// What the digest of the segment starts from.
  std::uint64_t digest() const noexcept { return checksum; }
};

/// The 128 bytes of `header`. Sets `header.checksum`.
std::string EncodeSegmentHeader(SegmentHeader& header);

enum class HeaderState : std::uint8_t {
  kValid,
  kBlank,        ///< never written: zeros only, or no byte at all
  kDamaged,      ///< does not verify
  kForeign,      ///< whole, but of another database or another segment number
  kUnsupported,  ///< whole, but of a version or with a flag that this build does not know
};

struct HeaderReading {
  HeaderState state = HeaderState::kBlank;
  SegmentHeader header;  ///< kValid and kForeign; for kDamaged what the bytes say, unproved
  std::string problem;   ///< what is wrong, empty for kValid
};

/// Reads the first bytes of a file (up to 128) named as segment `number`. With a null
/// `database_id` the header's own is accepted.
HeaderReading DecodeSegmentHeader(std::string_view bytes, const DatabaseId* database_id,
                                  std::uint64_t number);

/// The state of the header of file `name` as a segment of database `database_id`.
Result<HeaderState> ReadHeaderState(io::Directory& directory, DatabaseId database_id,
                                    std::string_view name);

}  // namespace quiver::wal
