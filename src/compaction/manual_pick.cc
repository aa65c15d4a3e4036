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

// The tables of `run` in `from` that hold what a range delete hides.
TableSpan TablesUnderRangeDeletes(const SortedRun& run, const TableSpan& from,
                                  const Version& version, const CompactionContext& context) {
  TableSpan found;
  if (version.range_deletes() == nullptr) return found;
  for (const RangeDelete& range : version.range_deletes()->all()) {
    if (range.sequence > context.oldest_snapshot) continue;
    for (std::size_t i = std::max(from.first, run.FindTable(range.begin)); i < from.last; ++i) {
      if (run.tables[i]->summary.smallest_key >= range.end) break;
      if (run.tables[i]->IsUnder(range)) found.Include({i, i + 1});
    }
  }
  return found;
}

// Whether deletes have outlived the snapshot that they were kept for, or entries may have expired.
bool MayDropEntries(const TableSummary& table, const CompactionContext& context) {
  if (table.delete_count != 0 && table.smallest_sequence <= context.oldest_snapshot) return true;
  return table.expiry_us_max != 0 && table.expiry_us_min / 1'000'000 <= context.now_s;
}

// What is merged already may hold entries that go by now, for nothing else would come by to drop
// them: the tables that do, and those between, are written anew in their place.
std::optional<CompactionPlan> RewriteInPlace(const CompactionInput& merged, const Version& version,
                                             const DatabaseConfig& config,
                                             const CompactionContext& context) {
  const std::vector<SortedRun>& runs = version.level(merged.level).runs;
  const auto run = std::ranges::find(runs, merged.run, &SortedRun::number);
  const auto first = std::ranges::find(run->tables, merged.tables.front());
  const auto begin = static_cast<std::size_t>(first - run->tables.begin());
  const TableSpan all{begin, begin + merged.tables.size()};
  TableSpan rewritten = TablesUnderRangeDeletes(*run, all, version, context);
  for (std::size_t i = all.first; i < all.last; ++i) {
    if (MayDropEntries(run->tables[i]->summary, context)) rewritten.Include({i, i + 1});
  }
  if (rewritten.empty()) return std::nullopt;
  const auto index = static_cast<std::size_t>(run - runs.begin());
  PlanBuilder builder(config, version, context);
  builder.Take(merged.level, index, rewritten);
  return builder.IntoRun(merged.level, index);
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
  if (is_merged_already) plan = RewriteInPlace(plan->inputs.front(), version, config, context);
  if (!plan) return std::nullopt;
  plan->reason = "asked for by CompactRange";
  plan->score = 1;
  return plan;
}

}  // namespace quiver
