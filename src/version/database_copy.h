// What makes a directory with the tables of a database a database: a manifest, IDENTITY and CURRENT
// of its own. For checkpoints, which bring the tables and the configuration.
//
// Invariants:
//  1. The copy has the id of its source, to which its tables are bound.
//  2. CURRENT is the last name made: until it is durable there is no database.
//
// Thread safety: a free function.
#pragma once

#include <cstdint>

#include "base/identity.h"
#include "io/directory.h"
#include "quiver/error.h"
#include "version/catalog.h"
#include "version/version_set.h"

namespace quiver {

struct DatabaseCopy {
  DatabaseId database_id;
  CatalogRef catalog;
  ManifestState state;
  std::uint64_t manifest_number = 0;
  std::uint64_t next_file_number = 0;  ///< above every number of the copy
  RunNumber next_run_number = 0;
};

/// `directory` holds the tables, synced, and no manifest; every name in it is durable on return.
Result<void> WriteDatabaseCopy(io::Directory& directory, const DatabaseCopy& copy);

}  // namespace quiver
