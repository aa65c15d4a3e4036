#include "compaction/ingest_level.h"

#include <algorithm>

#include "compaction/level_targets.h"

namespace quiver {

namespace {

bool OverlapsLevel(const Level& level, std::string_view smallest, std::string_view largest) {
  return std::ranges::any_of(level.runs, [&](const SortedRun& run) {
    const std::size_t index = run.FindTable(smallest);
    return index < run.tables.size() && run.tables[index]->summary.smallest_key <= largest;
  });
}

}  // namespace

std::uint32_t IngestLevel(const DatabaseConfig& config, const Version& version,
                          std::string_view smallest, std::string_view largest) {
  if (config.compaction_strategy != CompactionStrategyKind::kLeveled) return 0;
  // Levels above the base level stay empty.
  const LevelTargets targets = ComputeLevelTargets(config, version);
  std::uint32_t deepest = 0;
  for (std::uint32_t level = 0; level <= targets.last_level; ++level) {
    if (OverlapsLevel(version.level(level), smallest, largest)) break;
    if (level >= targets.base_level && version.level(level).runs.size() <= 1) deepest = level;
  }
  return deepest;
}

}  // namespace quiver
