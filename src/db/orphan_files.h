// Orphans: files under names of ours that no manifest names, most of them outputs that a crash cut
// short. They are removed only if they are provably this database's.
//
// The proof has two parts. The number is one that this database may have handed out and not yet
// recorded, so the name is ours to use. And the contents are ours: they carry the database's id or,
// in a file that was never finished, are empty, zeros, or begin exactly as our files begin.
// Anything else, and whatever cannot be read, is reported and left alone.
//
// Thread safety: a free function.
#pragma once

#include <span>
#include <string>

#include "io/directory.h"
#include "sstable/table_format.h"
#include "version/version_set.h"

namespace quiver {

/// Whether the orphan `name` may be removed. `schemas` are those of the database's tables. Errors:
/// kIo, if it cannot be read.
Result<bool> IsProvablyOurs(io::Directory& directory, const VersionSet& versions,
                            std::span<const TableSchema> schemas, const std::string& name);

}  // namespace quiver
