// LeveledStrategy: one run a level below level 0, each level larger than the one above it by
// level_size_ratio (level_targets.h). Reads and space are cheapest, writes dearest: about
// level_size_ratio / 2 bytes written for each byte and level.
//
//  - Level 0 wants a merge at level0_run_trigger runs; all of it goes to the base level at once.
//  - A level above its target gives one table to the next: the one that overlaps the fewest bytes
//    there for its size, deletes counting double. A table that overlaps nothing is only moved.
//  - A level that has more than one run (after a change of strategy, or two plans that both found
//    the level empty) is merged into one, a table at a time.
//
// Thread safety: pure.
#pragma once

#include "compaction/compaction_strategy.h"

namespace quiver {

class LeveledStrategy final : public CompactionStrategy {
 public:
  explicit LeveledStrategy(const DatabaseConfig& config) : config_(config) {}

  std::optional<CompactionPlan> Pick(const Version& version,
                                     const CompactionContext& context) const override;
  std::vector<double> Scores(const Version& version,
                             const CompactionContext& context) const override;
  CompactionStrategyKind kind() const noexcept override { return CompactionStrategyKind::kLeveled; }

 private:
  const DatabaseConfig config_;
};

}  // namespace quiver
