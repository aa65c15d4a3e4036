// IDENTITY and CURRENT: the two small text files that say whose directory this is and which
// manifest is in force. docs/formats/manifest.md has both, byte by byte.
//
// Invariants:
//  1. Both are replaced as a whole and durably, so that a crash leaves the old one or the new one.
//  2. A file that does not verify is kCorruption; a whole IDENTITY of a newer format is
//     kUnsupported, and nothing else in the directory is looked at.
//  3. CURRENT verifies only in the directory of its own database.
//
// Thread safety: free functions; each call is independent.
#pragma once

#include <cstdint>
#include <string>

#include "base/identity.h"
#include "io/directory.h"
#include "quiver/error.h"

namespace quiver {

/// The format of the directory as a whole: what files there are and how they refer to each other.
inline constexpr std::uint32_t kDirectoryFormatVersion = 1;

Result<void> WriteIdentityFile(io::Directory& directory, DatabaseId id);
/// kNotFound if there is none.
Result<DatabaseId> ReadIdentityFile(io::Directory& directory);

/// Makes manifest `number` the one in force.
Result<void> WriteCurrentFile(io::Directory& directory, DatabaseId id, std::uint64_t number);
/// The number of the manifest in force. kNotFound if there is no CURRENT.
Result<std::uint64_t> ReadCurrentFile(io::Directory& directory, DatabaseId id);

}  // namespace quiver
