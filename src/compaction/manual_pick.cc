// PickManual: the plan of CompactRange.
#include <algorithm>

#include "compaction/level_targets.h"
#include "compaction/plan_builder.h"

namespace quiver {

namespace {

// The tables of `run` with keys in [begin, end).
TableSpan TablesIn(const SortedRun& run, std::optional<std::string_view> begin,
                   std::optional<std::string_view> end) {
  TableSpan span{0, run.tables.size()};
  if (begin) span.first = run.FindTable(*begin);
  if (end) {
    const auto behind = std::partition_point(
        run.tables.begin() + static_cast<std::ptrdiff_t>(span.first), run.tables.end(),
        [&](const TableFileRef& table) { return table->summary.smallest_key < *end; });
    span.last = static_cast<std::size_t>(behind - run.tables.begin());
  }
  return span;
}

}  // namespace

std::optional<CompactionPlan> PickManual(const Version& version, const DatabaseConfig& config,
                                         const CompactionContext& context,
                                         std::optional<std::string_view> begin,
                                         std::optional<std::string_view> end) {
  // First in, first out has no level that everything could go to without losing the order of age.
  if (config.compaction_strategy == CompactionStrategyKind::kFifo) return std::nullopt;
  if (begin && end && *begin >= *end) return std::nullopt;

  const bool is_tiered = config.compaction_strategy == CompactionStrategyKind::kTiered;
  const std::uint32_t to =
      is_tiered ? std::max<std::uint32_t>(version.deepest_level(), 1) : LastLevel(config, version);
  PlanBuilder builder(config, version, context);
  for (std::uint32_t level = 0; level < version.levels().size(); ++level) {
    const std::vector<SortedRun>& runs = version.level(level).runs;
    for (std::size_t run = 0; run < runs.size(); ++run) {
      builder.Take(level, run, TablesIn(runs[run], begin, end));
    }
  }
  const std::size_t runs = version.level(to).runs.size();
  auto plan = runs == 0 ? builder.IntoNewRun(to) : builder.IntoRun(to, runs - 1);
  if (!plan) return std::nullopt;
  const bool is_merged_already = plan->inputs.size() == 1 && plan->inputs.front().level == to;
  if (is_merged_already) return std::nullopt;
  plan->reason = "asked for by CompactRange";
  plan->score = 1;
  return plan;
}

}  // namespace quiver
