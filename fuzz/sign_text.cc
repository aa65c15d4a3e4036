// Signs the small text files: IDENTITY and CURRENT (docs/formats/manifest.md), CONFIG.toml
// (docs/formats/config.md) and the descriptions of backups (docs/formats/backup.md).
#include <string_view>

#include "base/hash.h"
#include "base/hex64.h"
#include "fuzz_files.h"
#include "sign.h"

namespace quiver::fuzz {

namespace {

constexpr std::string_view kIdentityLabel = "checksum ";
constexpr std::string_view kBackupLabel = "checksum ";
constexpr std::string_view kConfigLabel = "# checksum ";

// Replaces what stands behind the last `label` by the checksum of everything before it.
void SignTextBefore(std::string& file, std::string_view label, std::uint64_t seed) {
  std::size_t line = file.rfind(label);
  if (line == std::string::npos) {
    line = file.size();
    file += label;
  }
  file.resize(line + label.size());
  file += Hex64(Checksum(std::string_view(file).substr(0, line), seed)) + "\n";
}

}  // namespace

void SignIdentity(std::string& input, std::uint64_t choice) {
  if (input.empty() || (choice & kKeepOuter) != 0) return;
  std::string file = input.substr(1);
  input.resize(1);
  if (input[0] % 2 == 0) {
    SignTextBefore(file, kIdentityLabel, 0);
  } else {
    const std::string name = file.substr(0, file.find(' '));
    file = name + " " + Hex64(Checksum(name, PlaceSeed(kDatabase.FileIdentity(0), 0))) + "\n";
  }
  input += file;
}

void SignStoredConfig(std::string& input, std::uint64_t choice) {
  if ((choice & kKeepOuter) != 0) return;
  SignTextBefore(input, kConfigLabel, PlaceSeed(kDatabase.FileIdentity(0), 1));
}

void SignBackupRecord(std::string& input, std::uint64_t choice) {
  if ((choice & kKeepOuter) == 0) SignTextBefore(input, kBackupLabel, 0);
}

}  // namespace quiver::fuzz
