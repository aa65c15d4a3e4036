// See segment_header.h.
#include "wal/segment_header.h"

#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "base/hash.h"

namespace quiver::wal {

namespace {

constexpr std::size_t kChecksumOffset = 120;

std::uint64_t HeaderChecksum(std::string_view bytes, const SegmentHeader& header) {
  return Checksum(bytes.substr(0, kChecksumOffset),
                  PlaceSeed(header.database_id.FileIdentity(header.number), 0));
}

SegmentHeader DecodeFields(const char* bytes) {
  SegmentHeader header;
  header.database_id.high = LoadFixed<std::uint64_t>(bytes + 16);
  header.database_id.low = LoadFixed<std::uint64_t>(bytes + 24);
  header.number = LoadFixed<std::uint64_t>(bytes + 32);
  header.predecessor.segment_number = LoadFixed<std::uint64_t>(bytes + 40);
  header.predecessor.length_bytes = LoadFixed<std::uint64_t>(bytes + 48);
  header.predecessor.last_sequence = LoadFixed<std::uint64_t>(bytes + 56);
  header.predecessor.digest = LoadFixed<std::uint64_t>(bytes + 64);
  header.first_sequence = LoadFixed<std::uint64_t>(bytes + 72);
  header.creation_time_us = LoadFixed<std::uint64_t>(bytes + 80);
  header.checksum = LoadFixed<std::uint64_t>(bytes + kChecksumOffset);
  return header;
}

// What a header that verifies may still say wrong, or an empty string.
std::string Contradiction(const SegmentHeader& header) {
  const ChainEnd& predecessor = header.predecessor;
  if (header.number == 0 || predecessor.segment_number >= header.number) {
    return "segment " + std::to_string(header.number) + " names segment " +
           std::to_string(predecessor.segment_number) + " as its predecessor";
  }
  if (predecessor.last_sequence >= kSequenceMax ||
      header.first_sequence != predecessor.last_sequence + 1) {
    return "its first sequence is " + std::to_string(header.first_sequence) +
           ", but its predecessor ends at " + std::to_string(predecessor.last_sequence);
  }
  return {};
}

}  // namespace

std::string EncodeSegmentHeader(SegmentHeader& header) {
  std::string bytes;
  bytes.reserve(kHeaderBytes);
  AppendFixed(bytes, kMagic);
  AppendFixed(bytes, kFormatVersion);
  AppendFixed(bytes, std::uint32_t{0});
  AppendFixed(bytes, header.database_id.high);
  AppendFixed(bytes, header.database_id.low);
  AppendFixed(bytes, header.number);
  AppendFixed(bytes, header.predecessor.segment_number);
  AppendFixed(bytes, header.predecessor.length_bytes);
  AppendFixed(bytes, header.predecessor.last_sequence);
  AppendFixed(bytes, header.predecessor.digest);
  AppendFixed(bytes, header.first_sequence);
  AppendFixed(bytes, header.creation_time_us);
  bytes.resize(kChecksumOffset, '\0');
  header.checksum = HeaderChecksum(bytes, header);
  AppendFixed(bytes, header.checksum);
  QUIVER_CHECK(bytes.size() == kHeaderBytes);
  return bytes;
}

HeaderReading DecodeSegmentHeader(std::string_view bytes, const DatabaseId* database_id,
                                  std::uint64_t number) {
  HeaderReading reading;
  if (std::ranges::all_of(bytes, [](char byte) { return byte == '\0'; })) {
    reading.problem = "its header was never written";
    return reading;
  }
  reading.state = HeaderState::kDamaged;
  if (bytes.size() < kHeaderBytes) {
    reading.problem = "the file has " + std::to_string(bytes.size()) +
                      " bytes, its header alone takes " + std::to_string(kHeaderBytes);
    return reading;
  }
  reading.header = DecodeFields(bytes.data());
  const SegmentHeader& header = reading.header;
  if (HeaderChecksum(bytes, header) != header.checksum) {
    reading.problem = "the checksum of its header does not match";
    return reading;
  }
  const auto version = LoadFixed<std::uint32_t>(bytes.data() + 8);
  const auto flags = LoadFixed<std::uint32_t>(bytes.data() + 12);
  if (LoadFixed<std::uint64_t>(bytes.data()) != kMagic) {
    reading.problem = "it does not start with the magic of a log segment";
  } else if (version != kFormatVersion || flags != 0) {
    reading.state = HeaderState::kUnsupported;
    reading.problem = "it has format version " + std::to_string(version) + " and flags " +
                      std::to_string(flags) + ", this build reads version " +
                      std::to_string(kFormatVersion) + " without flags; use a newer Quiver";
  } else if (database_id != nullptr && header.database_id != *database_id) {
    reading.state = HeaderState::kForeign;
    reading.problem = "it belongs to database " + header.database_id.ToString() +
                      ", this is database " + database_id->ToString();
  } else if (header.number != number) {
    reading.state = HeaderState::kForeign;
    reading.problem = "it is segment " + std::to_string(header.number) +
                      " under the name of segment " + std::to_string(number);
  } else if (std::string contradiction = Contradiction(header); !contradiction.empty()) {
    reading.problem = std::move(contradiction);
  } else {
    reading.state = HeaderState::kValid;
  }
  return reading;
}

}  // namespace quiver::wal
