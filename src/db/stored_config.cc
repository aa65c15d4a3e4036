#include "db/stored_config.h"

#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/hex64.h"
#include "base/try.h"
#include "config/config_table.h"
#include "version/version_set.h"

namespace quiver {

namespace {

constexpr std::uint64_t kFileBytesMax = std::uint64_t{1} << 20;
constexpr std::string_view kChecksumLabel = "# checksum ";
constexpr std::string_view kWarning =
    "\n# Written by Quiver, not by hand: to change a setting, open the database with it.\n";
// A seed of its own, so that no other file's checksum fits.
constexpr std::uint64_t kSeedOffset = 1;

std::uint64_t ConfigChecksum(std::string_view text, DatabaseId id) {
  return Checksum(text, PlaceSeed(id.FileIdentity(0), kSeedOffset));
}

Error Damaged(std::string_view what, std::uint64_t offset) {
  return Error(ErrorCode::kCorruption,
               std::string(what) +
                   "; restore the file as it was (settings are changed by opening the database "
                   "with them), or rescue the data with 'quiver repair'",
               std::string(kConfigName), offset);
}

}  // namespace

Result<void> WriteStoredConfig(io::Directory& directory, DatabaseId id,
                               const DatabaseConfig& config) {
  std::string text = FormatConfig(StoredSettings(config));
  text += kWarning;
  const std::uint64_t checksum = ConfigChecksum(text, id);
  text.append(kChecksumLabel).append(Hex64(checksum)).append("\n");
  return io::ReplaceFileDurably(directory, kConfigName, text);
}

Result<DatabaseConfig> ReadStoredConfig(io::Directory& directory, DatabaseId id) {
  auto contents = io::ReadWholeFile(directory, kConfigName, kFileBytesMax);
  if (!contents) {
    if (contents.error().code() != ErrorCode::kNotFound) return Error(contents.error());
    return Damaged("the stored configuration is missing", 0);
  }
  const std::size_t line = contents->rfind(kChecksumLabel);
  if (line == std::string::npos) return Damaged("has no checksum", contents->size());
  const std::string_view text = std::string_view(*contents).substr(0, line);
  std::string_view rest = std::string_view(*contents).substr(line + kChecksumLabel.size());
  std::uint64_t checksum = 0;
  if (!ConsumeHex64(rest, checksum) || rest != "\n") {
    return Damaged("ends with a malformed checksum", line);
  }
  if (const std::uint64_t expected = ConfigChecksum(text, id); checksum != expected) {
    return Damaged(
        "is damaged, was changed by hand or belongs to another database: the checksum "
        "is " +
            Hex64(checksum) + ", expected " + Hex64(expected),
        0);
  }
  auto config = ParseConfig(text, kConfigName);
  if (!config) {
    return Error(ErrorCode::kUnsupported,
                 "was written by another version of Quiver; use that version, or a newer one: " +
                     config.error().message(),
                 std::string(kConfigName));
  }
  return config;
}

}  // namespace quiver
