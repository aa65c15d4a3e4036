// Goal: no bytes in a database's CONFIG.toml do harm, and what reads as settings is stored and
// read back the same.
//
// Input: the file. The TOML behind the checksum is the target `settings`, which has no checksum.
#include "config/config_table.h"
#include "db/stored_config.h"
#include "fuzz_files.h"
#include "fuzz_target.h"
#include "version/version_set.h"

namespace quiver::fuzz {

void FuzzStoredConfig(std::string_view input) {
  MemoryFiles files;
  files.Put(kConfigName, input);
  const auto config = ReadStoredConfig(files.directory(), kDatabase);
  if (!config) return;
  QUIVER_CHECK(WriteStoredConfig(files.directory(), kDatabase, *config).ok());
  const auto again = ReadStoredConfig(files.directory(), kDatabase);
  QUIVER_CHECK(again.ok() && *again == StoredSettings(*config));
}

}  // namespace quiver::fuzz
