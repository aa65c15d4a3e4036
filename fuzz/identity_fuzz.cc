// Goal: no bytes in IDENTITY or CURRENT do harm, and what reads as one is written back the same.
//
// Input: one byte, even for an IDENTITY, odd for a CURRENT; then the file. File names are fuzzed
// here too, as CURRENT holds one.
#include "fuzz_files.h"
#include "fuzz_target.h"
#include "version/identity_file.h"
#include "version/version_set.h"

namespace quiver::fuzz {

void FuzzIdentity(std::string_view input) {
  InputReader reader(input);
  const bool is_current = reader.Byte() % 2 == 1;
  MemoryFiles files;
  io::Directory& directory = files.directory();
  if (is_current) {
    const ParsedName parsed = ParseFileName(reader.rest());
    if (parsed.kind == FileKind::kManifest) {
      QUIVER_CHECK(ManifestName(parsed.number) == reader.rest());
    }
    files.Put(kCurrentName, reader.rest());
    const auto number = ReadCurrentFile(directory, kDatabase);
    if (!number) return;
    QUIVER_CHECK(WriteCurrentFile(directory, kDatabase, *number).ok());
    const auto again = ReadCurrentFile(directory, kDatabase);
    QUIVER_CHECK(again.ok() && *again == *number);
    return;
  }
  files.Put(kIdentityName, reader.rest());
  const auto id = ReadIdentityFile(directory);
  if (!id) return;
  QUIVER_CHECK(WriteIdentityFile(directory, *id).ok());
  const auto again = ReadIdentityFile(directory);
  QUIVER_CHECK(again.ok() && *again == *id);
}

}  // namespace quiver::fuzz
