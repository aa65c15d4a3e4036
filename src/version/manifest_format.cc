// See manifest_format.h.
#include "version/manifest_format.h"

#include "base/hash.h"
#include "base/try.h"

namespace quiver::manifest {

namespace {

constexpr std::uint64_t kHeaderChecksumOffset = 56;

// Where the fields of a record stand.
constexpr std::uint64_t kPayloadBytesOffset = 8;
constexpr std::uint64_t kNumberOffset = 12;
constexpr std::uint64_t kChainOffset = 16;
constexpr std::uint64_t kKindOffset = 24;
constexpr std::uint64_t kShortChecksumOffset = 28;
static_assert(kShortChecksumOffset + sizeof(std::uint32_t) == kRecordHeaderBytes);

// `fields` are the bytes from kPayloadBytesOffset to kShortChecksumOffset.
std::uint32_t ShortChecksum(std::string_view fields, std::uint64_t seed) {
  return static_cast<std::uint32_t>(Checksum(fields, seed));
}

std::uint64_t HeaderChecksum(std::string_view bytes, std::uint64_t identity) {
  return Checksum(bytes.substr(0, kHeaderChecksumOffset), PlaceSeed(identity, 0));
}

Error BadHeader(std::string_view name, std::uint64_t offset, std::string_view what) {
  return Error(ErrorCode::kCorruption,
               "the manifest's header " + std::string(what) +
                   "; restore the file, or rescue the data with 'quiver repair'",
               std::string(name), offset);
}

}  // namespace

std::string EncodeHeader(Header& header) {
  std::string bytes;
  AppendFixed(bytes, kMagic);
  AppendFixed(bytes, kFormatVersion);
  AppendFixed(bytes, std::uint32_t{0});
  AppendFixed(bytes, header.database_id.high);
  AppendFixed(bytes, header.database_id.low);
  AppendFixed(bytes, header.number);
  bytes.resize(kHeaderChecksumOffset, '\0');
  header.checksum = HeaderChecksum(bytes, header.identity());
  AppendFixed(bytes, header.checksum);
  return bytes;
}

Result<Header> DecodeHeader(std::string_view bytes, std::string_view name) {
  if (bytes.size() < kHeaderBytes) {
    return BadHeader(name, bytes.size(), "is cut short");
  }
  if (LoadFixed<std::uint64_t>(bytes.data()) != kMagic) {
    return BadHeader(name, 0, "does not begin with the mark of a manifest");
  }
  Header header;
  header.database_id.high = LoadFixed<std::uint64_t>(bytes.data() + 16);
  header.database_id.low = LoadFixed<std::uint64_t>(bytes.data() + 24);
  header.number = LoadFixed<std::uint64_t>(bytes.data() + 32);
  header.checksum = LoadFixed<std::uint64_t>(bytes.data() + kHeaderChecksumOffset);
  if (header.checksum != HeaderChecksum(bytes, header.identity())) {
    return BadHeader(name, kHeaderChecksumOffset, "does not match its checksum");
  }
  // Only a header that verifies is believed to be of a newer build.
  const auto version = LoadFixed<std::uint32_t>(bytes.data() + 8);
  const auto flags = LoadFixed<std::uint32_t>(bytes.data() + 12);
  if (version != kFormatVersion || flags != 0) {
    return Error(ErrorCode::kUnsupported,
                 "the manifest has version " + std::to_string(version) + " and flags " +
                     std::to_string(flags) + ", this build knows version " +
                     std::to_string(kFormatVersion) + " without flags; use a newer build",
                 std::string(name), 8);
  }
  return header;
}

void AppendRecord(std::string& out, std::uint64_t identity, Record& record) {
  const std::uint64_t seed = PlaceSeed(identity, record.offset);
  std::string covered;
  AppendFixed(covered, static_cast<std::uint32_t>(record.payload.size()));
  AppendFixed(covered, record.number);
  AppendFixed(covered, record.chain);
  AppendFixed(covered, record.kind);
  AppendFixed(covered, ShortChecksum(covered, seed));
  covered.append(record.payload);
  covered.resize(record.end() - record.offset - kPayloadBytesOffset, '\0');
  record.checksum = Checksum(covered, seed);
  AppendFixed(out, record.checksum);
  out.append(covered);
}

std::optional<Record> DecodeRecord(std::string_view bytes, std::uint64_t identity,
                                   std::uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < kRecordHeaderBytes) return std::nullopt;
  bytes.remove_prefix(offset);
  const std::uint64_t seed = PlaceSeed(identity, offset);
  const std::string_view fields =
      bytes.substr(kPayloadBytesOffset, kShortChecksumOffset - kPayloadBytesOffset);
  if (LoadFixed<std::uint32_t>(bytes.data() + kShortChecksumOffset) !=
      ShortChecksum(fields, seed)) {
    return std::nullopt;
  }
  const auto payload_bytes = LoadFixed<std::uint32_t>(bytes.data() + kPayloadBytesOffset);
  const std::uint64_t record_bytes = AlignUp(kRecordHeaderBytes + payload_bytes, kRecordAlignment);
  if (record_bytes > bytes.size()) return std::nullopt;
  Record record;
  record.offset = offset;
  record.checksum = LoadFixed<std::uint64_t>(bytes.data());
  record.number = LoadFixed<std::uint32_t>(bytes.data() + kNumberOffset);
  record.chain = LoadFixed<std::uint64_t>(bytes.data() + kChainOffset);
  record.kind = LoadFixed<std::uint32_t>(bytes.data() + kKindOffset);
  record.payload = bytes.substr(kRecordHeaderBytes, payload_bytes);
  const std::string_view covered =
      bytes.substr(kPayloadBytesOffset, record_bytes - kPayloadBytesOffset);
  if (record.checksum != Checksum(covered, seed)) return std::nullopt;
  return record;
}

}  // namespace quiver::manifest
