// LevelTargets: how large each level of a leveled tree should be. The last level is as large as its
// data; each level above it is smaller by level_size_ratio, up to the base level, whose size is
// about level_base_bytes. Levels above the base stay empty, and level 0 is merged straight into it:
//
//   levels 0 to 6, ratio 10, level_base_bytes 256 MiB
//     last level 40 GiB:   base 4, targets 410 MiB, 4 GiB, 40 GiB
//     last level 90 MiB:   base 6, target 256 MiB
//
// So nearly all data is in the last level, whatever its size, and space amplification stays near
// 1 + 1/ratio. After RocksDB's level_compaction_dynamic_level_bytes.
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "quiver/config.h"
#include "version/version.h"

namespace quiver {

struct LevelTargets {
  std::uint32_t base_level = 1;
  std::uint32_t last_level = 1;
  std::vector<std::uint64_t> target_bytes;  ///< by level; 0 for levels that should be empty
};

/// The last level that the configuration allows, or the deepest with tables if that is deeper.
std::uint32_t LastLevel(const DatabaseConfig& config, const Version& version);

LevelTargets ComputeLevelTargets(const DatabaseConfig& config, const Version& version);

}  // namespace quiver
