#include "compaction/lazy_leveling_strategy.h"

#include <algorithm>

#include "compaction/level_targets.h"
#include "compaction/plan_builder.h"
#include "compaction/step_picker.h"
#include "compaction/strategy_pick.h"

namespace quiver {

std::uint32_t LazyLevelingStrategy::BaseLevel(const Version& version,
                                              std::uint32_t last_level) const {
  // What arrives in the last level at a time if level 0 is merged straight into it.
  const double trigger = config_.tier_run_trigger;
  double batch_bytes = static_cast<double>(config_.memtable_size_bytes) * trigger;
  const double wanted_bytes =
      static_cast<double>(version.size_bytes()) / static_cast<double>(config_.level_size_ratio);
  std::uint32_t base = last_level;
  while (base > 1 && batch_bytes < wanted_bytes) {
    batch_bytes *= trigger;
    --base;
  }
  return base;
}

std::uint32_t LazyLevelingStrategy::DeepestTier(const Version& version, std::uint32_t last_level) {
  for (std::uint32_t level = last_level - 1; level != 0; --level) {
    if (!version.level(level).runs.empty()) return level;
  }
  return 0;
}

double LazyLevelingStrategy::SpaceScore(const Version& version, std::uint32_t last_level) const {
  const std::uint64_t all_bytes = version.size_bytes() - version.level(0).size_bytes();
  const std::uint64_t last_bytes = version.level(last_level).size_bytes();
  if (all_bytes == last_bytes) return 0;
  return static_cast<double>(all_bytes) * 100.0 /
         static_cast<double>(std::max<std::uint64_t>(last_bytes, 1)) /
         static_cast<double>(config_.space_amplification_max_percent);
}

std::vector<double> LazyLevelingStrategy::Scores(const Version& version,
                                                 const CompactionContext& /*context*/) const {
  const std::uint32_t last = LastLevel(config_, version);
  std::vector<double> scores;
  scores.reserve(last + 1);
  scores.push_back(Level0Score(config_, version.level(0), config_.tier_run_trigger));
  for (std::uint32_t level = 1; level < last; ++level) {
    scores.push_back(RunScore(version.level(level), config_.tier_run_trigger));
  }
  scores.push_back(version.level(last).runs.size() > 1 ? 1.0 : 0.0);
  if (const std::uint32_t tier = DeepestTier(version, last); tier != 0) {
    scores[tier] = std::max(scores[tier], SpaceScore(version, last));
  }
  return scores;
}

std::optional<CompactionPlan> LazyLevelingStrategy::PickLevel(const Version& version,
                                                              const CompactionContext& context,
                                                              std::uint32_t level,
                                                              double score) const {
  const StepPicker steps(config_, version, context);
  const std::uint32_t last = LastLevel(config_, version);
  const std::size_t runs = version.level(level).runs.size();
  if (level == last) {
    return Because(steps.TableIntoOldestRun(level), RunsReason(level, runs, 1), score);
  }
  if (level != 0 && runs < config_.tier_run_trigger) {
    return Because(steps.SliceDown(level, last),
                   "the levels above the last hold too much beside it", score);
  }
  const std::uint32_t to = std::max(level + 1, BaseLevel(version, last));
  const std::string reason =
      MergeReason(level, version.level(level), config_.tier_run_trigger, score);
  if (to == last && level != 0) return Because(steps.SliceDown(level, last), reason, score);
  if (to != last) {
    auto plan = steps.LevelDown(level, to);
    if (!plan && level == 0) plan = steps.RelieveLevel0(config_.tier_run_trigger);
    return Because(std::move(plan), reason, score);
  }
  // The runs of level 0 are single tables that span all keys: no stretch of them can go alone.
  PlanBuilder builder(config_, version, context);
  builder.TakeLevel(0);
  auto plan = builder.IntoLevel(last);
  if (plan) MoveIfPossible(config_, *plan);
  if (!plan) plan = steps.RelieveLevel0(config_.tier_run_trigger);
  return Because(std::move(plan), reason, score);
}

std::optional<CompactionPlan> LazyLevelingStrategy::Pick(const Version& version,
                                                         const CompactionContext& context) const {
  const std::vector<double> scores = Scores(version, context);
  for (const std::uint32_t level : UrgentLevels(scores)) {
    auto plan = PickLevel(version, context, level, scores[level]);
    if (plan) return plan;
  }
  return std::nullopt;
}

}  // namespace quiver
