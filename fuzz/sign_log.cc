// Signs log segments (docs/formats/wal.md) and manifests (docs/formats/manifest.md).
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/hash.h"
#include "fuzz_files.h"
#include "sign.h"

namespace quiver::fuzz {

namespace {

constexpr std::size_t kSegmentHeaderBytes = 128;
constexpr std::size_t kFrameHeaderBytes = 40;
constexpr std::uint64_t kFrameHeaderSalt = 0x5157465248445231ULL;
constexpr std::uint32_t kTrailerType = 2;
constexpr std::size_t kManifestHeaderBytes = 64;
constexpr std::size_t kRecordHeaderBytes = 32;

std::uint64_t Word(const std::string& file, std::size_t offset) {
  return LoadFixed<std::uint64_t>(file.data() + offset);
}
void SetWord(std::string& file, std::size_t offset, std::uint64_t word) {
  StoreFixed(file.data() + offset, word);
}

struct SegmentEnd {
  std::uint64_t number = 0;
  std::uint64_t length_bytes = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t digest = 0;
};

std::uint64_t IdentityOf(const std::string& file, std::size_t id_offset) {
  const DatabaseId id{.high = Word(file, id_offset), .low = Word(file, id_offset + 8)};
  return id.FileIdentity(Word(file, id_offset + 16));
}

void SignSegmentHeader(std::string& file, const SegmentEnd& before, std::uint64_t choice) {
  if ((choice & kKeepNames) == 0) {
    SetWord(file, 16, kDatabase.high);
    SetWord(file, 24, kDatabase.low);
    SetWord(file, 32, before.number + 1);
  }
  if ((choice & kKeepChain) == 0 && before.number != 0) {
    SetWord(file, 40, before.number);
    SetWord(file, 48, before.length_bytes);
    SetWord(file, 56, before.last_sequence);
    SetWord(file, 64, before.digest);
    SetWord(file, 72, before.last_sequence + 1);
  }
  if ((choice & kKeepOuter) == 0) {
    SetWord(file, 120,
            Checksum(std::string_view(file).substr(0, 120), PlaceSeed(IdentityOf(file, 16), 0)));
  }
}

// Signs the frame at `offset`; returns the bytes it takes, 0 at the end of what can be signed.
std::size_t SignFrame(std::string& file, std::size_t offset, SegmentEnd& end,
                      std::uint64_t choice) {
  if (file.size() - offset < kFrameHeaderBytes) return 0;
  char* const frame = file.data() + offset;
  const auto type = LoadFixed<std::uint32_t>(frame + 12);
  if (type == 0) return 0;
  const std::size_t room = file.size() - offset;
  auto payload_bytes = LoadFixed<std::uint32_t>(frame + 8);
  std::size_t bytes = AlignUp(kFrameHeaderBytes + payload_bytes, 8);
  if (bytes > room && (choice & kKeepSizes) == 0) {
    bytes = room - room % 8;
    payload_bytes = static_cast<std::uint32_t>(bytes - kFrameHeaderBytes);
    StoreFixed(frame + 8, payload_bytes);
  }
  const std::uint64_t seed = PlaceSeed(IdentityOf(file, 16), offset);
  std::array<char, kFrameHeaderBytes - 8> fields;
  std::memcpy(fields.data(), frame + 8, fields.size());
  StoreFixed(fields.data() + 20, std::uint32_t{0});
  StoreFixed(frame + 28, static_cast<std::uint32_t>(
                             Checksum({fields.data(), fields.size()}, seed ^ kFrameHeaderSalt)));
  if (bytes > room) return 0;
  if (type == kTrailerType && payload_bytes >= 8 && (choice & kKeepChain) == 0) {
    StoreFixed(frame + kFrameHeaderBytes, end.digest);
  }
  const std::uint64_t checksum = Checksum({frame + 8, bytes - 8}, seed);
  if ((choice & kKeepInner) == 0) StoreFixed(frame, checksum);
  std::array<char, 8> word;
  StoreFixed(word.data(), checksum);
  end.digest = Checksum({word.data(), word.size()}, end.digest);
  if (type != kTrailerType) {
    end.last_sequence =
        LoadFixed<std::uint64_t>(frame + 16) + LoadFixed<std::uint32_t>(frame + 24) - 1;
  }
  return bytes;
}

SegmentEnd SignSegment(std::string& file, const SegmentEnd& before, std::uint64_t choice) {
  if (file.size() < kSegmentHeaderBytes) return {.number = before.number + 1};
  SignSegmentHeader(file, before, choice);
  SegmentEnd end{
      .number = Word(file, 32), .last_sequence = Word(file, 72) - 1, .digest = Word(file, 120)};
  std::size_t offset = kSegmentHeaderBytes;
  while (const std::size_t bytes = SignFrame(file, offset, end, choice)) offset += bytes;
  end.length_bytes = offset;
  return end;
}

}  // namespace

void SignSegments(std::string& input, std::uint64_t choice) {
  if (input.size() <= kSegmentOptionBytes) return;
  std::vector<std::string> files =
      SplitFiles(std::string_view(input).substr(kSegmentOptionBytes), kSegmentCountMax);
  SegmentEnd end;
  for (std::string& file : files) end = SignSegment(file, end, choice);
  input.resize(kSegmentOptionBytes);
  input += JoinFiles(files);
}

void SignManifest(std::string& input, std::uint64_t choice) {
  if (input.size() < kManifestHeaderBytes) return;
  if ((choice & kKeepNames) == 0) {
    SetWord(input, 16, kDatabase.high);
    SetWord(input, 24, kDatabase.low);
    SetWord(input, 32, 1);
  }
  const std::uint64_t identity = IdentityOf(input, 16);
  if ((choice & kKeepOuter) == 0) {
    SetWord(input, 56, Checksum(std::string_view(input).substr(0, 56), PlaceSeed(identity, 0)));
  }
  std::uint64_t chain = Word(input, 56);
  std::uint32_t number = 0;
  for (std::size_t offset = kManifestHeaderBytes; input.size() - offset >= kRecordHeaderBytes;) {
    char* const record = input.data() + offset;
    const std::size_t room = input.size() - offset;
    auto payload_bytes = LoadFixed<std::uint32_t>(record + 8);
    std::size_t bytes = AlignUp(kRecordHeaderBytes + payload_bytes, 8);
    if (bytes > room && (choice & kKeepSizes) == 0) {
      bytes = room - room % 8;
      StoreFixed(record + 8, static_cast<std::uint32_t>(bytes - kRecordHeaderBytes));
    }
    if ((choice & kKeepChain) == 0) {
      StoreFixed(record + 12, number);
      StoreFixed(record + 16, chain);
    }
    const std::uint64_t seed = PlaceSeed(identity, offset);
    StoreFixed(record + 28, static_cast<std::uint32_t>(Checksum({record + 8, 20}, seed)));
    if (bytes > room) return;
    const std::uint64_t checksum = Checksum({record + 8, bytes - 8}, seed);
    if ((choice & kKeepInner) == 0) StoreFixed(record, checksum);
    chain = checksum;
    ++number;
    offset += bytes;
  }
}

}  // namespace quiver::fuzz
