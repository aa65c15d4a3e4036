#include "version/identity_file.h"

#include <charconv>
#include <string_view>

#include "base/hash.h"
#include "base/hex64.h"
#include "base/try.h"
#include "version/version_set.h"

namespace quiver {

namespace {

constexpr std::string_view kFirstLine = "quiver database\n";
constexpr std::string_view kFormatLabel = "format ";
constexpr std::string_view kIdLabel = "id ";
constexpr std::string_view kChecksumLabel = "checksum ";
// Far more than either file has; leaves a newer format room for further lines.
constexpr std::uint64_t kFileBytesMax = 4096;

bool ConsumeText(std::string_view& in, std::string_view text) {
  if (!in.starts_with(text)) return false;
  in.remove_prefix(text.size());
  return true;
}

bool ConsumeDecimal(std::string_view& in, std::uint32_t& value) {
  const auto [stop, error] = std::from_chars(in.data(), in.data() + in.size(), value);
  if (error != std::errc()) return false;
  in.remove_prefix(static_cast<std::size_t>(stop - in.data()));
  return true;
}

Error DamagedFile(std::string_view file, std::string_view what) {
  return Error(ErrorCode::kCorruption,
               std::string(what) + "; restore the file, or rescue the data with 'quiver repair'",
               std::string(file), 0);
}

// The text before the checksum line, if that line is whole, in place and right.
Result<std::string_view> VerifiedIdentity(std::string_view contents) {
  const std::size_t line = contents.rfind(kChecksumLabel);
  if (line == std::string_view::npos) return DamagedFile(kIdentityName, "has no checksum");
  const std::string_view text = contents.substr(0, line);
  std::string_view rest = contents.substr(line + kChecksumLabel.size());
  std::uint64_t checksum = 0;
  if (!ConsumeHex64(rest, checksum) || rest != "\n") {
    return DamagedFile(kIdentityName, "ends with a malformed checksum");
  }
  if (checksum != Checksum(text, 0)) {
    return DamagedFile(kIdentityName, "the checksum is " + Hex64(checksum) + ", expected " +
                                          Hex64(Checksum(text, 0)));
  }
  return text;
}

// The name's own checksum is bound to the database, so that a CURRENT copied from another one is
// noticed before a manifest is opened.
std::uint64_t CurrentChecksum(std::string_view name, DatabaseId id) {
  return Checksum(name, PlaceSeed(id.FileIdentity(0), 0));
}

}  // namespace

Result<void> WriteIdentityFile(io::Directory& directory, DatabaseId id) {
  std::string text(kFirstLine);
  text += std::string(kFormatLabel) + std::to_string(kDirectoryFormatVersion) + "\n";
  text += std::string(kIdLabel) + id.ToString() + "\n";
  const std::uint64_t checksum = Checksum(text, 0);
  text += std::string(kChecksumLabel) + Hex64(checksum) + "\n";
  return io::ReplaceFileDurably(directory, kIdentityName, text);
}

Result<DatabaseId> ReadIdentityFile(io::Directory& directory) {
  QUIVER_ASSIGN_OR_RETURN(const std::string contents,
                          io::ReadWholeFile(directory, kIdentityName, kFileBytesMax));
  QUIVER_ASSIGN_OR_RETURN(std::string_view text, VerifiedIdentity(contents));
  std::uint32_t format = 0;
  if (!ConsumeText(text, kFirstLine) || !ConsumeText(text, kFormatLabel) ||
      !ConsumeDecimal(text, format) || !ConsumeText(text, "\n")) {
    return DamagedFile(kIdentityName, "is not the identity of a Quiver database");
  }
  if (format != kDirectoryFormatVersion) {
    return Error(ErrorCode::kUnsupported,
                 "the database has format " + std::to_string(format) +
                     ", this build knows format " + std::to_string(kDirectoryFormatVersion) +
                     " only; use a newer build",
                 std::string(kIdentityName));
  }
  DatabaseId id;
  if (!ConsumeText(text, kIdLabel) || !ConsumeHex64(text, id.high) || !ConsumeHex64(text, id.low) ||
      text != "\n") {
    return DamagedFile(kIdentityName, "has no readable database id");
  }
  return id;
}

Result<void> WriteCurrentFile(io::Directory& directory, DatabaseId id, std::uint64_t number) {
  const std::string name = ManifestName(number);
  return io::ReplaceFileDurably(directory, kCurrentName,
                                name + " " + Hex64(CurrentChecksum(name, id)) + "\n");
}

Result<std::uint64_t> ReadCurrentFile(io::Directory& directory, DatabaseId id) {
  QUIVER_ASSIGN_OR_RETURN(const std::string contents,
                          io::ReadWholeFile(directory, kCurrentName, kFileBytesMax));
  const std::size_t space = contents.find(' ');
  const std::string_view name = std::string_view(contents).substr(0, space);
  // Only a plain manifest name passes, so nothing in the file can point outside the directory.
  const ParsedName parsed = ParseFileName(name);
  if (space == std::string::npos || parsed.kind != FileKind::kManifest) {
    return DamagedFile(kCurrentName, "does not begin with the name of a manifest");
  }
  std::string_view rest = std::string_view(contents).substr(space + 1);
  std::uint64_t checksum = 0;
  if (!ConsumeHex64(rest, checksum) || rest != "\n") {
    return DamagedFile(kCurrentName, "has a malformed checksum");
  }
  if (checksum != CurrentChecksum(name, id)) {
    return DamagedFile(kCurrentName, "is damaged or belongs to another database: the checksum of " +
                                         std::string(name) + " is " + Hex64(checksum) +
                                         ", expected " + Hex64(CurrentChecksum(name, id)));
  }
  return parsed.number;
}

}  // namespace quiver
