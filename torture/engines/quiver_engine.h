// Quiver's adapter over a database that is open already: a follower's, a copy's.
//
// Thread safety: that of Engine.
#pragma once

#include <memory>

#include "engines/engine.h"
#include "quiver/database.h"

namespace quiver::torture {

/// Reads and writes the rows that the adapter of EngineKinds() has written. One that is open for
/// reading must have its keyspaces.
Result<std::unique_ptr<Engine>> QuiverEngineOver(std::shared_ptr<Database> database);

}  // namespace quiver::torture
