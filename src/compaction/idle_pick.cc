#include "compaction/idle_pick.h"

#include "compaction/plan_builder.h"

namespace quiver {

std::optional<CompactionPlan> PickIdle(const Version& version, const DatabaseConfig& config,
                                       const CompactionContext& context) {
  if (config.compaction_strategy == CompactionStrategyKind::kFifo || !context.busy.empty()) {
    return std::nullopt;
  }
  const std::uint64_t bytes_max = kIdleMergeBaseLevels * config.level_base_bytes;
  std::optional<PlanBuilder> builder;
  std::uint64_t bytes = 0;
  std::size_t taken = 0;
  std::optional<CompactionPlan> plan;
  for (std::uint32_t level = 0; level < version.levels().size(); ++level) {
    const std::vector<SortedRun>& runs = version.level(level).runs;
    for (std::size_t run = 0; run < runs.size(); ++run) {
      const std::uint64_t run_bytes = runs[run].size_bytes();
      const bool in_proportion = taken != 0 && run_bytes <= bytes * config.level_size_ratio;
      if (plan && (!in_proportion || bytes + run_bytes > bytes_max)) return plan;
      if (!in_proportion || bytes + run_bytes > bytes_max) {
        builder.emplace(config, version, context);  // the newer ones stay as they are
        bytes = 0;
        taken = 0;
      }
      builder->TakeRun(level, run);
      bytes += run_bytes;
      if (++taken < 2) continue;
      plan = builder->IntoRun(level, run);
      if (plan) plan->reason = "nobody writes, and " + std::to_string(taken) + " runs make one";
    }
  }
  return plan;
}

}  // namespace quiver
