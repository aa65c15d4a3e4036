// The first record of a manifest: everything that it begins with, as one edit.
//
// Thread safety: a pure function.
#pragma once

#include "version/catalog.h"
#include "version/version_edit.h"
#include "version/version_set.h"

namespace quiver {

/// Without the numbers, which the caller adds.
VersionEdit SnapshotEdit(const Catalog& catalog, const ManifestState& state);

}  // namespace quiver
