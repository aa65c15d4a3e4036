#include "compaction/level_targets.h"

#include <algorithm>

namespace quiver {

std::uint32_t LastLevel(const DatabaseConfig& config, const Version& version) {
  const std::uint32_t configured =
      std::clamp<std::uint32_t>(config.level_count_max, 2, kLevelCountMax) - 1;
  return std::max(configured, version.deepest_level());
}

LevelTargets ComputeLevelTargets(const DatabaseConfig& config, const Version& version) {
  LevelTargets targets;
  targets.last_level = LastLevel(config, version);
  targets.target_bytes.assign(targets.last_level + 1, 0);
  // After a change of strategy the largest level may not be the last one yet.
  std::uint64_t bytes = 0;
  for (std::uint32_t level = 1; level <= targets.last_level; ++level) {
    bytes = std::max(bytes, version.level(level).size_bytes());
  }
  targets.base_level = targets.last_level;
  targets.target_bytes[targets.last_level] = std::max(bytes, config.level_base_bytes);
  const std::uint64_t ratio = std::max<std::uint32_t>(config.level_size_ratio, 2);
  // A base level of up to twice its size costs less than one more level that is hardly larger
  // than the one above it.
  while (targets.base_level > 1 && bytes / 2 > config.level_base_bytes) {
    bytes /= ratio;
    --targets.base_level;
    targets.target_bytes[targets.base_level] = std::max(bytes, config.level_base_bytes);
  }
  return targets;
}

}  // namespace quiver
