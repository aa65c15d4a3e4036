// Where tables go that are newer than all others: level 0, or deeper if nothing is in the way.
//
// Thread safety: pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "quiver/config.h"
#include "version/version.h"

namespace quiver {

/// The level for one table or several with keys in [smallest, largest]: the deepest one such that
/// neither it nor a level above holds a key in between; 0 if there is none, and for strategies that
/// do not keep one run a level. The level may be written to only while no compaction runs.
std::uint32_t IngestLevel(const DatabaseConfig& config, const Version& version,
                          std::string_view smallest, std::string_view largest);

}  // namespace quiver
