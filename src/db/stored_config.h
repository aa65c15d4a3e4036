// CONFIG.toml: the settings that a database was last opened with. The file is the TOML that
// FormatConfig writes and a last line with a checksum; docs/formats/config.md has it byte by byte.
//
// Invariants:
//  1. The file is replaced as a whole and durably: a crash leaves the old settings or the new ones.
//  2. It verifies only as a whole and only in the directory of its own database, so that no setting
//     changes because a byte rotted, the file was cut short, or another database's was copied here.
//
// Thread safety: free functions; each call is independent.
#pragma once

#include "base/identity.h"
#include "io/directory.h"
#include "quiver/config.h"
#include "quiver/error.h"

namespace quiver {

Result<void> WriteStoredConfig(io::Directory& directory, DatabaseId id,
                               const DatabaseConfig& config);

/// kCorruption if the file is missing or does not verify, kUnsupported if it is whole and holds
/// settings that this build does not know.
Result<DatabaseConfig> ReadStoredConfig(io::Directory& directory, DatabaseId id);

}  // namespace quiver
