#include "compaction/leveled_strategy.h"

#include <algorithm>

#include "compaction/level_targets.h"
#include "compaction/plan_builder.h"
#include "compaction/step_picker.h"
#include "compaction/strategy_pick.h"

namespace quiver {

namespace {

double Ratio(std::uint64_t bytes, std::uint64_t target_bytes) {
  return static_cast<double>(bytes) / static_cast<double>(std::max<std::uint64_t>(target_bytes, 1));
}

// How urgently `level` (below 0), with `bytes` in it, wants to give tables away.
double SizeScore(const DatabaseConfig& config, const LevelTargets& targets, std::uint32_t level,
                 std::uint64_t bytes) {
  if (bytes == 0 || level >= targets.last_level) return 0;
  // What is left in a level that should be empty goes down whatever its size.
  if (level < targets.base_level) return 1.0 + Ratio(bytes, config.level_base_bytes);
  return Ratio(bytes, targets.target_bytes[level]);
}

// All of level 0 into the base level. Only one such plan at a time: its inputs may leave gaps in
// which a second one would write too.
std::optional<CompactionPlan> PickLevel0(const DatabaseConfig& config, const Version& version,
                                         const CompactionContext& context,
                                         const LevelTargets& targets) {
  PlanBuilder builder(config, version, context);
  builder.TakeLevel(0);
  auto plan = builder.IntoLevel(targets.base_level);
  if (plan) MoveIfPossible(config, *plan);
  return plan;
}

std::optional<CompactionPlan> PickLevel(const DatabaseConfig& config, const Version& version,
                                        const CompactionContext& context,
                                        const LevelTargets& targets, std::uint32_t level,
                                        double score) {
  const StepPicker steps(config, version, context);
  const std::size_t runs = version.level(level).runs.size();
  if (level == 0) {
    auto plan = PickLevel0(config, version, context, targets);
    if (!plan) plan = steps.RelieveLevel0(config.level0_run_trigger);
    return Because(std::move(plan),
                   MergeReason(0, version.level(0), config.level0_run_trigger, score), score);
  }
  if (runs > 1) {
    return Because(steps.TableIntoOldestRun(level), RunsReason(level, runs, 1), score);
  }
  // Others may be about to bring it below its target.
  if (SizeScore(config, targets, level, steps.IdleBytes(level)) < 1.0) return std::nullopt;
  const std::uint32_t to = std::max(level + 1, targets.base_level);
  return Because(steps.TableDown(level, to), SizeReason(level, score), score);
}

}  // namespace

std::vector<double> LeveledStrategy::Scores(const Version& version,
                                            const CompactionContext& /*context*/) const {
  const LevelTargets targets = ComputeLevelTargets(config_, version);
  std::vector<double> scores{Level0Score(config_, version.level(0), config_.level0_run_trigger)};
  for (std::uint32_t level = 1; level <= targets.last_level; ++level) {
    const double score = SizeScore(config_, targets, level, version.level(level).size_bytes());
    const bool has_runs_to_join = version.level(level).runs.size() > 1;
    scores.push_back(has_runs_to_join ? std::max(score, 1.0) : score);
  }
  return scores;
}

std::optional<CompactionPlan> LeveledStrategy::Pick(const Version& version,
                                                    const CompactionContext& context) const {
  const LevelTargets targets = ComputeLevelTargets(config_, version);
  const std::vector<double> scores = Scores(version, context);
  for (const std::uint32_t level : UrgentLevels(scores)) {
    auto plan = PickLevel(config_, version, context, targets, level, scores[level]);
    if (plan) return plan;
  }
  return std::nullopt;
}

}  // namespace quiver
