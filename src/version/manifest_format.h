// The bytes of a manifest. docs/formats/manifest.md is the full page.
//
//   manifest := header snapshot edit* [end]
//
//   header, 64 bytes                        record, 32 bytes + payload, padded to 8 with zeros
//     0  u64 magic "QVRMANI\n"                0  u64 checksum of everything from byte 8 to the
//     8  u32 version, u32 flags (0)                  end of the padding
//    16  u64 database id high, u64 low        8  u32 payload_bytes
//    32  u64 manifest number                 12  u32 record number, from 0
//    40  zeros                               16  u64 chain: checksum of the record before it, of
//    56  u64 checksum of bytes 0..55                 the first record that of the header
//                                            24  u32 kind (1 snapshot, 2 edit, 3 end)
//                                            28  u32 checksum of bytes 8..27, so that a search
//                                                   for records behind a damaged place looks at
//                                                   each candidate in constant time
//                                            32  payload: an edit (VersionEdit::Encode)
//
// Every checksum is seeded with PlaceSeed(file identity, offset), so a record copied elsewhere does
// not verify; the chain stands among the bytes under it, so a record verifies on its own and yet
// says which one it follows. The end record is written when the database is closed: if it is there,
// every record before it was acknowledged, and damage to any of them is no torn write.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/coding.h"
#include "base/identity.h"
#include "quiver/error.h"

namespace quiver::manifest {

inline constexpr std::uint64_t kMagic = 0x0A494E414D525651ULL;  // "QVRMANI\n"
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint64_t kHeaderBytes = 64;
inline constexpr std::uint64_t kRecordHeaderBytes = 32;
inline constexpr std::uint64_t kRecordAlignment = 8;

enum class RecordKind : std::uint32_t { kSnapshot = 1, kEdit = 2, kEnd = 3 };

struct Header {
  DatabaseId database_id;
  std::uint64_t number = 0;
  std::uint64_t checksum = 0;  ///< set by decoding and encoding

  std::uint64_t identity() const noexcept { return database_id.FileIdentity(number); }
};

/// The 64 bytes of `header`. Sets `header.checksum`.
std::string EncodeHeader(Header& header);
/// The header at the start of `bytes`, found in file `name`. kCorruption, or kUnsupported for a
/// whole header of a newer version.
Result<Header> DecodeHeader(std::string_view bytes, std::string_view name);

struct Record {
  std::uint64_t offset = 0;
  std::uint64_t checksum = 0;
  std::uint32_t number = 0;
  std::uint64_t chain = 0;
  std::uint32_t kind = 0;  ///< a RecordKind, or one that only a newer build knows
  std::string_view payload;

  std::uint64_t end() const noexcept {
    return offset + AlignUp(kRecordHeaderBytes + payload.size(), kRecordAlignment);
  }
};

/// Appends `record` as it stands in a manifest of `identity` and sets record.checksum.
void AppendRecord(std::string& out, std::uint64_t identity, Record& record);
/// The record at `offset` of the manifest `bytes`, if there is a whole one that verifies.
std::optional<Record> DecodeRecord(std::string_view bytes, std::uint64_t identity,
                                   std::uint64_t offset);

}  // namespace quiver::manifest
