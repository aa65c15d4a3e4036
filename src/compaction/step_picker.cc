#include "compaction/step_picker.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "compaction/plan_builder.h"

namespace quiver {

namespace {

// A window of more runs than this saves little more and takes long to find.
constexpr std::size_t kWindowRunsMax = 32;
// Slices are looked for at this many tables of a run, evenly spread.
constexpr std::size_t kSliceProbesMax = 256;
// A plan of one table may take in neighbours that cost nothing below up to this many table sizes.
constexpr std::uint64_t kWidenTables = 10;

struct RankedTable {
  double cost;
  std::size_t index;
};

// A delete makes room below: a table full of them counts as half as costly as one of puts.
double Gain(const TableSummary& table) {
  const auto size = static_cast<double>(std::max<std::uint64_t>(table.size_bytes, 1));
  const auto entries = static_cast<double>(std::max<std::uint64_t>(table.entry_count, 1));
  return size * (1.0 + static_cast<double>(table.delete_count) / entries);
}

// The tables of `source` by the bytes of `below` that each overlaps, in proportion to its own. Both
// runs are in key order, so one pass over both finds all overlaps.
std::vector<RankedTable> RankByOverlap(const SortedRun& source, const SortedRun* below) {
  std::vector<RankedTable> ranked;
  std::size_t first = 0;
  for (std::size_t i = 0; i < source.tables.size(); ++i) {
    const TableSummary& table = source.tables[i]->summary;
    std::uint64_t overlap_bytes = 0;
    if (below != nullptr) {
      const std::vector<TableFileRef>& tables = below->tables;
      while (first < tables.size() && tables[first]->summary.largest_key < table.smallest_key) {
        ++first;
      }
      for (std::size_t j = first;
           j < tables.size() && tables[j]->summary.smallest_key <= table.largest_key; ++j) {
        overlap_bytes += tables[j]->summary.size_bytes;
      }
    }
    ranked.push_back({static_cast<double>(overlap_bytes) / Gain(table), i});
  }
  std::sort(ranked.begin(), ranked.end(), [](const RankedTable& a, const RankedTable& b) {
    return std::tie(a.cost, a.index) < std::tie(b.cost, b.index);
  });
  return ranked;
}

std::uint64_t BytesAtLevel(const CompactionPlan& plan, std::uint32_t level) {
  std::uint64_t sum = 0;
  for (const CompactionInput& input : plan.inputs) {
    if (input.level != level) continue;
    for (const TableFileRef& table : input.tables) sum += table->summary.size_bytes;
  }
  return sum;
}

}  // namespace

std::uint64_t StepPicker::IdleBytes(std::uint32_t level) const {
  std::uint64_t sum = 0;
  for (const SortedRun& run : version_.level(level).runs) {
    for (const TableFileRef& table : run.tables) {
      if (!context_.busy.contains(table->summary.number)) sum += table->summary.size_bytes;
    }
  }
  return sum;
}

bool StepPicker::IsBusy(const SortedRun& run) const {
  return std::any_of(run.tables.begin(), run.tables.end(), [&](const TableFileRef& table) {
    return context_.busy.contains(table->summary.number);
  });
}

std::optional<CompactionPlan> StepPicker::TakeTables(std::uint32_t from, std::size_t run,
                                                     TableSpan tables, const Target& to) const {
  PlanBuilder builder(config_, version_, context_);
  builder.Take(from, run, tables);
  return to.run ? builder.IntoRun(to.level, *to.run) : builder.IntoNewRun(to.level);
}

// Neighbours of `tables` that lie wholly in the range that the plan rewrites below anyway come for
// free now, and would have it rewritten once more later.
std::optional<CompactionPlan> StepPicker::Widen(std::uint32_t from, std::size_t run,
                                                TableSpan tables, const Target& to,
                                                CompactionPlan plan) const {
  const std::vector<TableFileRef>& source = version_.level(from).runs[run].tables;
  const KeyRange range = InputRange(plan);
  const std::uint64_t bytes_max = kWidenTables * config_.table_size_bytes;
  std::uint64_t bytes = plan.input_bytes();
  std::uint64_t added_bytes = 0;
  const auto takes = [&](const TableFile& table) {
    if (!range.Contains(table) || context_.busy.contains(table.summary.number) ||
        bytes + table.summary.size_bytes > bytes_max) {
      return false;
    }
    bytes += table.summary.size_bytes;
    added_bytes += table.summary.size_bytes;
    return true;
  };
  TableSpan wide = tables;
  while (wide.first != 0 && takes(*source[wide.first - 1])) --wide.first;
  while (wide.last != source.size() && takes(*source[wide.last])) ++wide.last;
  if (added_bytes == 0) return plan;
  std::optional<CompactionPlan> wider = TakeTables(from, run, wide, to);
  const bool is_free = wider && wider->input_bytes() == plan.input_bytes() + added_bytes;
  return is_free ? std::move(wider) : std::move(plan);
}

std::optional<CompactionPlan> StepPicker::CheapestTable(std::uint32_t from, std::size_t run,
                                                        const Target& to) const {
  const SortedRun& source = version_.level(from).runs[run];
  const SortedRun* below = to.run ? &version_.level(to.level).runs[*to.run] : nullptr;
  for (const RankedTable& ranked : RankByOverlap(source, below)) {
    if (context_.busy.contains(source.tables[ranked.index]->summary.number)) continue;
    const TableSpan tables{ranked.index, ranked.index + 1};
    std::optional<CompactionPlan> plan = TakeTables(from, run, tables, to);
    if (!plan) continue;
    MoveIfPossible(config_, *plan);
    if (plan->action == CompactionAction::kMove) return plan;
    return Widen(from, run, tables, to, *std::move(plan));
  }
  return std::nullopt;
}

std::optional<CompactionPlan> StepPicker::TableDown(std::uint32_t from, std::uint32_t to) const {
  const std::vector<SortedRun>& runs = version_.level(from).runs;
  if (runs.empty()) return std::nullopt;
  Target target{to, std::nullopt};
  if (!version_.level(to).runs.empty()) target.run = 0;
  return CheapestTable(from, runs.size() - 1, target);
}

std::optional<CompactionPlan> StepPicker::TableIntoOldestRun(std::uint32_t level) const {
  const std::size_t runs = version_.level(level).runs.size();
  if (runs < 2) return std::nullopt;
  return CheapestTable(level, runs - 2, {level, runs - 1});
}

std::optional<CompactionPlan> StepPicker::SliceDown(std::uint32_t from, std::uint32_t to) const {
  const std::vector<SortedRun>& runs = version_.level(from).runs;
  Target target{to, std::nullopt};
  if (!version_.level(to).runs.empty()) target.run = 0;
  std::optional<CompactionPlan> best;
  double best_cost = 0;
  for (std::size_t run = 0; run < runs.size(); ++run) {
    const std::size_t tables = runs[run].tables.size();
    const std::size_t step = (tables + kSliceProbesMax - 1) / kSliceProbesMax;
    for (std::size_t index = 0; index < tables; index += step) {
      auto plan = TakeTables(from, run, {index, index + 1}, target);
      if (!plan) continue;
      const std::uint64_t below_bytes = BytesAtLevel(*plan, to);
      const std::uint64_t above_bytes = plan->input_bytes() - below_bytes;
      const double cost = static_cast<double>(below_bytes) /
                          static_cast<double>(std::max<std::uint64_t>(above_bytes, 1));
      if (best && cost >= best_cost) continue;
      best = std::move(plan);
      best_cost = cost;
    }
  }
  if (best) MoveIfPossible(config_, *best);
  return best;
}

std::optional<CompactionPlan> StepPicker::LevelDown(std::uint32_t from, std::uint32_t to) const {
  PlanBuilder builder(config_, version_, context_);
  builder.TakeLevel(from);
  return builder.IntoNewRun(to);
}

std::optional<CompactionPlan> StepPicker::MergeRuns(std::uint32_t level, std::size_t first,
                                                    std::size_t last) const {
  PlanBuilder builder(config_, version_, context_);
  for (std::size_t run = first; run < last; ++run) builder.TakeRun(level, run);
  return builder.IntoRun(level, first);
}

std::optional<CompactionPlan> StepPicker::RelieveLevel0(std::uint32_t trigger) const {
  const std::vector<SortedRun>& runs = version_.level(0).runs;
  std::size_t idle = 0;
  while (idle < runs.size() && !IsBusy(runs[idle])) ++idle;
  if (idle == runs.size() || idle < std::max<std::uint32_t>(trigger, 2)) return std::nullopt;
  return MergeRuns(0, 0, idle);
}

std::optional<RunWindow> CheapestWindow(const Level& level, std::uint64_t bytes_max) {
  std::vector<std::uint64_t> sizes;
  sizes.reserve(level.runs.size());
  for (const SortedRun& run : level.runs) sizes.push_back(run.size_bytes());
  std::optional<RunWindow> best;
  double best_cost = 0;
  for (std::size_t first = 0; first < sizes.size(); ++first) {
    std::uint64_t bytes = sizes[first];
    const std::size_t end = std::min(sizes.size(), first + kWindowRunsMax);
    for (std::size_t last = first + 1; last < end; ++last) {
      bytes += sizes[last];
      if (bytes > bytes_max) break;
      const double cost = static_cast<double>(bytes) / static_cast<double>(last - first);
      const bool wider = best && last + 1 - first > best->last - best->first;
      if (best && (cost > best_cost || (cost == best_cost && !wider))) continue;
      best = RunWindow{first, last + 1};
      best_cost = cost;
    }
  }
  return best;
}

}  // namespace quiver
