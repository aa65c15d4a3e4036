// LazyLevelingStrategy: the last level is one run, as in leveled; the levels above it hold several
// runs each, as in tiered. Writes cost little more than tiered, long scans and space little more
// than leveled, because nearly all data lies in the one last run. After Dayan and Idreos,
// "Dostoevsky" (SIGMOD 2018).
//
//   level 0         tier_run_trigger runs  ─┐ all runs become one new run
//   level base      tier_run_trigger runs  ─┤ of the next level
//   level last-1    tier_run_trigger runs  ─┤ a stretch of keys at a time is merged
//   level last      one run               ◄─┘ into the last run
//
// The base level follows the size of the data: as many levels of runs as it takes for the runs of
// the level before the last to be, together, 1 / level_size_ratio of the whole. So an entry is
// rewritten once a level and about level_size_ratio / 2 times in the last.
//
// When the levels between reach space_amplification_max_percent (last run included, as a share of
// it), the deepest of them is merged down early.
//
// Thread safety: pure.
#pragma once

#include "compaction/compaction_strategy.h"

namespace quiver {

class LazyLevelingStrategy final : public CompactionStrategy {
 public:
  explicit LazyLevelingStrategy(const DatabaseConfig& config) : config_(config) {}

  std::optional<CompactionPlan> Pick(const Version& version,
                                     const CompactionContext& context) const override;
  std::vector<double> Scores(const Version& version,
                             const CompactionContext& context) const override;
  CompactionStrategyKind kind() const noexcept override {
    return CompactionStrategyKind::kLazyLeveling;
  }

 private:
  /// The level that level 0 is merged into: the last one while the data is small.
  std::uint32_t BaseLevel(const Version& version, std::uint32_t last_level) const;
  /// The deepest level between 0 and the last that holds tables, or 0.
  static std::uint32_t DeepestTier(const Version& version, std::uint32_t last_level);
  double SpaceScore(const Version& version, std::uint32_t last_level) const;
  std::optional<CompactionPlan> PickLevel(const Version& version, const CompactionContext& context,
                                          std::uint32_t level, double score) const;

  const DatabaseConfig config_;
};

}  // namespace quiver
