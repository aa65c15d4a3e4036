// The names of a database's files: docs/formats/manifest.md, "file names".
#include <charconv>

#include "version/version_set.h"

namespace quiver {

namespace {

constexpr std::string_view kManifestPrefix = "MANIFEST-";
constexpr std::string_view kSegmentSuffix = ".wal";
constexpr std::string_view kTemporarySuffix = ".tmp";
constexpr std::size_t kDigits = 10;

std::string PaddedNumber(std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return digits;
}

// The number that `digits` spells, or 0 if it is not the one spelling that PaddedNumber gives:
// "MANIFEST-3" is somebody else's file.
std::uint64_t ParsePaddedNumber(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, number);
  if (error != std::errc() || stop != end) return 0;
  return PaddedNumber(number) == digits ? number : 0;
}

FileKind SingleFileKind(std::string_view name) {
  if (name == kCurrentName) return FileKind::kCurrent;
  if (name == kIdentityName) return FileKind::kIdentity;
  if (name == kLockName) return FileKind::kLock;
  if (name == kConfigName) return FileKind::kConfig;
  return FileKind::kForeign;
}

}  // namespace

std::string ManifestName(std::uint64_t number) {
  return std::string(kManifestPrefix) + PaddedNumber(number);
}

ParsedName ParseFileName(std::string_view name) {
  if (const FileKind kind = SingleFileKind(name); kind != FileKind::kForeign) return {kind, 0};
  if (name.ends_with(kTemporarySuffix)) {
    name.remove_suffix(kTemporarySuffix.size());
    // What a replacement of a single file leaves behind when it is cut short.
    const bool ours = SingleFileKind(name) != FileKind::kForeign;
    return {ours ? FileKind::kTemporary : FileKind::kForeign, 0};
  }
  if (name.starts_with(kManifestPrefix)) {
    const std::uint64_t number = ParsePaddedNumber(name.substr(kManifestPrefix.size()));
    return {number != 0 ? FileKind::kManifest : FileKind::kForeign, number};
  }
  if (name.ends_with(kSegmentSuffix)) {
    const std::uint64_t number =
        ParsePaddedNumber(name.substr(0, name.size() - kSegmentSuffix.size()));
    return {number != 0 ? FileKind::kLogSegment : FileKind::kForeign, number};
  }
  const FileNumber number = ParseTableName(name);
  return {number != 0 ? FileKind::kTable : FileKind::kForeign, number};
}

}  // namespace quiver
