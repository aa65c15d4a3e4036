#include "compaction/fifo_strategy.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "compaction/plan_builder.h"
#include "compaction/step_picker.h"
#include "compaction/strategy_pick.h"

namespace quiver {

namespace {

std::vector<TableFileRef> OldestTablesFirst(const SortedRun& run) {
  std::vector<TableFileRef> tables = run.tables;
  std::sort(tables.begin(), tables.end(), [](const TableFileRef& a, const TableFileRef& b) {
    const auto age = [](const TableSummary& table) {
      return std::tie(table.created_s, table.largest_sequence, table.number);
    };
    return age(a->summary) < age(b->summary);
  });
  return tables;
}

void SortByKey(std::vector<TableFileRef>& tables) {
  std::sort(tables.begin(), tables.end(), [](const TableFileRef& a, const TableFileRef& b) {
    return a->summary.smallest_key < b->summary.smallest_key;
  });
}

}  // namespace

// Walks from the oldest run to newer ones and stops at the first table that may stay.
std::optional<CompactionPlan> FifoStrategy::PickDrop(const Version& version,
                                                     const CompactionContext& context) const {
  std::uint64_t left_bytes = version.size_bytes();
  const auto must_go = [&](const TableSummary& table) {
    if (config_.fifo_size_limit_bytes != 0 && left_bytes > config_.fifo_size_limit_bytes) {
      return true;
    }
    return config_.fifo_age_limit_s != 0 && context.now_s >= config_.fifo_age_limit_s &&
           table.created_s <= context.now_s - config_.fifo_age_limit_s;
  };
  CompactionPlan plan;
  plan.action = CompactionAction::kDrop;
  bool stop = false;
  for (std::size_t level = version.levels().size(); level-- > 0 && !stop;) {
    const std::vector<SortedRun>& runs = version.levels()[level].runs;
    for (std::size_t run = runs.size(); run-- > 0 && !stop;) {
      CompactionInput input{static_cast<std::uint32_t>(level), runs[run].number, {}};
      for (const TableFileRef& table : OldestTablesFirst(runs[run])) {
        stop = context.busy.contains(table->summary.number) || !must_go(table->summary);
        if (stop) break;
        left_bytes -= table->summary.size_bytes;
        input.tables.push_back(table);
      }
      SortByKey(input.tables);
      if (!input.tables.empty()) plan.inputs.push_back(std::move(input));
    }
  }
  if (plan.inputs.empty()) return std::nullopt;
  std::reverse(plan.inputs.begin(), plan.inputs.end());
  plan.output_level = plan.inputs.back().level;
  plan.is_bottom = true;
  return plan;
}

std::optional<CompactionPlan> FifoStrategy::PickLevel0(const Version& version,
                                                       const CompactionContext& context) const {
  const StepPicker steps(config_, version, context);
  const Level& level = version.level(0);
  // A run of half a table or more is not worth merging, and would only be in the way of the small
  // ones: what moves down is never rewritten.
  if (level.runs.back().size_bytes() < config_.table_size_bytes / 2) {
    if (const auto window = CheapestWindow(level, config_.table_size_bytes)) {
      auto plan = steps.MergeRuns(0, window->first, window->last);
      if (plan) plan->compression = config_.compression;
      return plan;
    }
  }
  PlanBuilder builder(config_, version, context);
  builder.TakeRun(0, level.runs.size() - 1);
  auto plan = builder.IntoNewRun(1);
  if (plan) {
    plan->action = CompactionAction::kMove;
    plan->grandparents.clear();
  }
  return plan;
}

std::vector<double> FifoStrategy::Scores(const Version& version,
                                         const CompactionContext& context) const {
  std::vector<double> scores(version.deepest_level() + 1, 0.0);
  scores[0] = RunScore(version.level(0), std::max<std::uint32_t>(config_.level0_run_trigger, 2));
  CompactionContext idle = context;
  idle.busy.clear();
  if (PickDrop(version, idle)) {
    const double limit = static_cast<double>(config_.fifo_size_limit_bytes);
    const double share = limit == 0 ? 1.0 : static_cast<double>(version.size_bytes()) / limit;
    scores.back() = std::max({scores.back(), 1.0, share});
  }
  return scores;
}

std::optional<CompactionPlan> FifoStrategy::Pick(const Version& version,
                                                 const CompactionContext& context) const {
  const std::vector<double> scores = Scores(version, context);
  if (auto plan = Because(PickDrop(version, context), "the oldest tables are over the limits",
                          scores.back())) {
    return plan;
  }
  const std::uint32_t trigger = std::max<std::uint32_t>(config_.level0_run_trigger, 2);
  const std::size_t runs = version.level(0).runs.size();
  if (runs < trigger) return std::nullopt;
  return Because(PickLevel0(version, context), RunsReason(0, runs, trigger), scores[0]);
}

}  // namespace quiver
