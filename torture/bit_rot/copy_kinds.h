// Ways to read a directory of Quiver's that are no plain open, as kinds of engines: for the copies
// among the subjects.
//
// Thread safety: values.
#pragma once

#include "engines/engine.h"

namespace quiver::torture {

/// Follows the database in the directory.
const EngineKind& FollowerKind();
/// Verifies the backups in the directory and restores the newer of two beside it. What the
/// verification found is what it reports.
const EngineKind& BackupKind();

}  // namespace quiver::torture
