#include "compaction/tiered_strategy.h"

#include <algorithm>
#include <limits>

#include "compaction/level_targets.h"
#include "compaction/plan_builder.h"
#include "compaction/step_picker.h"
#include "compaction/strategy_pick.h"

namespace quiver {

double TieredStrategy::SpaceScore(const Version& version) const {
  if (version.run_count() < config_.tier_run_trigger) return 0;
  const SortedRun& oldest = version.level(version.deepest_level()).runs.back();
  const auto oldest_bytes = static_cast<double>(std::max<std::uint64_t>(oldest.size_bytes(), 1));
  return static_cast<double>(version.size_bytes()) * 100.0 / oldest_bytes /
         static_cast<double>(config_.space_amplification_max_percent);
}

double TieredStrategy::MergeScore(const Version& version, std::uint32_t level) const {
  return level == 0 ? Level0Score(config_, version.level(0), config_.tier_run_trigger)
                    : RunScore(version.level(level), config_.tier_run_trigger);
}

std::vector<double> TieredStrategy::Scores(const Version& version,
                                           const CompactionContext& /*context*/) const {
  std::vector<double> scores;
  for (std::uint32_t level = 0; level <= LastLevel(config_, version); ++level) {
    scores.push_back(MergeScore(version, level));
  }
  double& deepest = scores[version.deepest_level()];
  deepest = std::max(deepest, SpaceScore(version));
  return scores;
}

// One level deeper each time, so that the runs that come after have levels of their own above the
// large one and do not count with it.
std::optional<CompactionPlan> TieredStrategy::MergeEverything(
    const Version& version, const CompactionContext& context) const {
  PlanBuilder builder(config_, version, context);
  const std::uint32_t deepest = version.deepest_level();
  for (std::uint32_t level = 0; level <= deepest; ++level) builder.TakeLevel(level);
  const std::uint32_t last = LastLevel(config_, version);
  return deepest < last ? builder.IntoNewRun(deepest + 1) : builder.IntoRun(last, 0);
}

std::optional<CompactionPlan> TieredStrategy::MergeLevel(const Version& version,
                                                         const CompactionContext& context,
                                                         std::uint32_t level) const {
  const StepPicker steps(config_, version, context);
  const std::uint32_t last = LastLevel(config_, version);
  if (level < last) {
    auto plan = steps.LevelDown(level, level + 1);
    if (!plan && level == 0) plan = steps.RelieveLevel0(config_.tier_run_trigger);
    return plan;
  }
  const auto window =
      CheapestWindow(version.level(last), std::numeric_limits<std::uint64_t>::max());
  return window ? steps.MergeRuns(last, window->first, window->last) : std::nullopt;
}

std::optional<CompactionPlan> TieredStrategy::Pick(const Version& version,
                                                   const CompactionContext& context) const {
  const std::vector<double> scores = Scores(version, context);
  const double space_score = SpaceScore(version);
  for (const std::uint32_t level : UrgentLevels(scores)) {
    if (level == version.deepest_level() && space_score >= 1.0) {
      auto plan =
          Because(MergeEverything(version, context),
                  "all tables are " +
                      FormatFixed(space_score * config_.space_amplification_max_percent, 0) +
                      " % of the oldest run",
                  scores[level]);
      if (plan) return plan;
    }
    const Level& runs = version.level(level);
    const double score = MergeScore(version, level);
    if (score < 1.0) continue;
    auto plan = Because(MergeLevel(version, context, level),
                        MergeReason(level, runs, config_.tier_run_trigger, score), scores[level]);
    if (plan) return plan;
  }
  return std::nullopt;
}

}  // namespace quiver
