#include "compaction/plan_builder.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace quiver {

PlanBuilder::PlanBuilder(const DatabaseConfig& config, const Version& version,
                         const CompactionContext& context)
    : config_(config), version_(version), context_(context) {
  for (std::uint32_t level = 0; level < version.levels().size(); ++level) {
    const std::vector<SortedRun>& runs = version.level(level).runs;
    for (std::size_t run = 0; run < runs.size(); ++run) {
      places_.push_back({level, run, &runs[run], {}});
    }
  }
}

std::size_t PlanBuilder::TopOf(std::uint32_t level) const {
  const auto top = std::partition_point(
      places_.begin(), places_.end(), [level](const Place& place) { return place.level < level; });
  return static_cast<std::size_t>(top - places_.begin());
}

std::size_t PlanBuilder::PlaceOf(std::uint32_t level, std::size_t run) const {
  const std::size_t place = TopOf(level) + run;
  QUIVER_CHECK(place < places_.size() && places_[place].level == level);
  return place;
}

void PlanBuilder::Take(std::uint32_t level, std::size_t run, TableSpan tables) {
  places_[PlaceOf(level, run)].taken.Include(tables);
}

void PlanBuilder::TakeRun(std::uint32_t level, std::size_t run) {
  Take(level, run, {0, version_.level(level).runs[run].tables.size()});
}

void PlanBuilder::TakeLevel(std::uint32_t level) {
  for (std::size_t run = 0; run < version_.level(level).runs.size(); ++run) TakeRun(level, run);
}

// Each run before `end` also gives what overlaps the newer inputs, which pass it.
void PlanBuilder::TakePassed(std::size_t end) {
  KeyRange range;
  for (std::size_t i = 0; i < end; ++i) {
    Place& place = places_[i];
    place.taken.Include(FindOverlap(*place.run, range));
    if (place.taken.empty()) continue;
    range.Extend(*place.run->tables[place.taken.first]);
    range.Extend(*place.run->tables[place.taken.last - 1]);
  }
}

std::optional<CompactionPlan> PlanBuilder::IntoRun(std::uint32_t level, std::size_t run) {
  const std::size_t place = PlaceOf(level, run);
  TakePassed(place + 1);
  return Finish(level, places_[place].run->number, place + 1);
}

std::optional<CompactionPlan> PlanBuilder::IntoNewRun(std::uint32_t level) {
  const std::size_t place = TopOf(level);
  TakePassed(place);
  return Finish(level, 0, place);
}

std::optional<CompactionPlan> PlanBuilder::IntoLevel(std::uint32_t level) {
  return version_.level(level).runs.empty() ? IntoNewRun(level) : IntoRun(level, 0);
}

bool PlanBuilder::CollectInputs(CompactionPlan& plan) const {
  for (const Place& place : places_) {
    if (place.taken.empty()) continue;
    CompactionInput input{place.level, place.run->number, {}};
    for (std::size_t i = place.taken.first; i < place.taken.last; ++i) {
      const TableFileRef& table = place.run->tables[i];
      if (context_.busy.contains(table->summary.number)) return false;
      input.tables.push_back(table);
    }
    plan.inputs.push_back(std::move(input));
  }
  return !plan.inputs.empty();
}

bool PlanBuilder::IsWrittenByOthers(const CompactionPlan& plan, const KeyRange& range) const {
  // Nobody else writes into a new run, nor into a run of level 0, which is always taken whole.
  if (plan.output_run == 0 || plan.output_level == 0) return false;
  if (context_.outputs.empty() && !context_.busy.empty()) {
    KeyRange busy;
    for (const Place& place : places_) {
      for (const TableFileRef& table : place.run->tables) {
        if (context_.busy.contains(table->summary.number)) busy.Extend(*table);
      }
    }
    return !busy.empty && range.Overlaps(busy.smallest, busy.largest);
  }
  return std::any_of(context_.outputs.begin(), context_.outputs.end(), [&](const OutputRange& o) {
    return o.level == plan.output_level && o.run == plan.output_run &&
           range.Overlaps(o.smallest_key, o.largest_key);
  });
}

// Whatever stands at `oldest_place` or behind it is older than the output.
std::optional<CompactionPlan> PlanBuilder::Finish(std::uint32_t level, RunNumber run,
                                                  std::size_t oldest_place) {
  CompactionPlan plan;
  plan.output_level = level;
  plan.output_run = run;
  if (!CollectInputs(plan)) return std::nullopt;
  const KeyRange range = InputRange(plan);
  if (IsWrittenByOthers(plan, range)) return std::nullopt;

  plan.is_bottom = true;
  bool is_oldest = true;
  for (std::size_t i = oldest_place; i < places_.size(); ++i) {
    const Place& place = places_[i];
    is_oldest &= place.taken.first == 0 && place.taken.last == place.run->tables.size();
    const TableSpan overlap = FindOverlap(*place.run, range);
    for (std::size_t table = overlap.first; table < overlap.last; ++table) {
      plan.is_bottom &= place.taken.contains(table);
    }
    if (i == oldest_place && place.level > level && place.taken.empty()) {
      plan.grandparents.assign(
          place.run->tables.begin() + static_cast<std::ptrdiff_t>(overlap.first),
          place.run->tables.begin() + static_cast<std::ptrdiff_t>(overlap.last));
    }
  }
  plan.compression = is_oldest ? config_.compression_bottom : config_.compression;
  return plan;
}

KeyRange InputRange(const CompactionPlan& plan) {
  KeyRange range;
  for (const CompactionInput& input : plan.inputs) {
    for (const TableFileRef& table : input.tables) range.Extend(*table);
  }
  return range;
}

void MoveIfPossible(const DatabaseConfig& config, CompactionPlan& plan) {
  std::vector<const TableFile*> tables;
  bool changes_level = false;
  std::uint64_t deletes = 0;
  for (const CompactionInput& input : plan.inputs) {
    if (input.level == plan.output_level && input.run == plan.output_run) return;
    changes_level |= input.level != plan.output_level;
    for (const TableFileRef& table : input.tables) {
      tables.push_back(table.get());
      deletes += table->summary.delete_count;
    }
  }
  // Tables above the last run were written with config.compression.
  if (changes_level && plan.compression != config.compression) return;
  if (plan.is_bottom && deletes != 0) return;
  std::sort(tables.begin(), tables.end(), [](const TableFile* a, const TableFile* b) {
    return a->summary.smallest_key < b->summary.smallest_key;
  });
  for (std::size_t i = 1; i < tables.size(); ++i) {
    if (tables[i - 1]->summary.largest_key >= tables[i]->summary.smallest_key) return;
  }
  for (const TableFile* table : tables) {
    KeyRange range;
    range.Extend(*table);
    std::uint64_t below_bytes = 0;
    for (const TableFileRef& below : plan.grandparents) {
      if (range.Overlaps(*below)) below_bytes += below->summary.size_bytes;
    }
    if (below_bytes > kGrandparentOverlapMax * config.table_size_bytes) return;
  }
  plan.action = CompactionAction::kMove;
  plan.grandparents.clear();
}

}  // namespace quiver
