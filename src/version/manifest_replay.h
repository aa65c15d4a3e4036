// Replay of a manifest: from its bytes to the catalog and the state that its records add up to.
//
// Thread safety: free functions; each call is independent.
#pragma once

#include <cstdint>
#include <string>

#include "base/identity.h"
#include "io/directory.h"
#include "quiver/error.h"
#include "version/catalog.h"
#include "version/version_edit.h"
#include "version/version_set.h"

namespace quiver {

struct ReplayedManifest {
  CatalogRef catalog;
  ManifestState state;
  std::uint64_t next_file_number = 0;
  RunNumber next_run_number = 0;
  std::uint64_t size_bytes = 0;
  std::string note;  ///< what was left out at the end, or empty
};

/// Reads manifest `number` of database `database_id`. kCorruption with file and offset for
/// anything that is not what was written, kUnsupported for what only a newer build knows.
Result<ReplayedManifest> ReplayManifest(io::Directory& directory, DatabaseId database_id,
                                        std::uint64_t number);

/// `state` after `edit`. kInternal if the edit would take it back.
Result<ManifestState> AdvanceState(const ManifestState& state, const VersionEdit& edit);

}  // namespace quiver
