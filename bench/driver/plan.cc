#include "driver/plan.h"

#include <algorithm>

namespace quiver::bench {

namespace {

Section SmallSection() {
  return {.name = "S",
          .steps = {{"S", "bulk"},
                    {"S", "fillseq"},
                    {"S", "load", Store::kLoad},
                    {"S", "fill2"},
                    {"S", "batch"},
                    {"S", "sync"},
                    {"S", "memtable"},
                    {"S", "reads", Store::kLoaded},
                    {"S-zipf", "reads", Store::kLoaded},
                    {"S", "ycsb", Store::kLoaded},
                    {"S", "reopen"},
                    {"S", "compaction"},
                    {.dataset = "S", .group = "sizes", .first_round_only = true}}};
}

Section PrefixSection() {
  return {.name = "S-prefix",
          .steps = {{"S-prefix", "load", Store::kLoad},
                    {"S-prefix", "memtable"},
                    {"S-prefix", "reads", Store::kLoaded},
                    {.dataset = "S-prefix", .group = "sizes", .first_round_only = true}}};
}

// L is M under a memory limit, so it reads M's load.
Section MediumSection() {
  constexpr double kSteady = 4;  // times the seconds: compactions need time to find their pace
  return {.name = "M",
          .steps = {{"M", "load", Store::kLoad},
                    {"M", "reads", Store::kLoaded},
                    {"M", "overwrite", Store::kLoaded, kSteady},
                    {"M", "mixed", Store::kLoaded, 2},
                    {"L", "coldreads", Store::kLoaded, 2, true},
                    {"L", "mixed", Store::kLoaded, 2, true}},
          .engine_by_engine = true};
}

Section LargeValueSection() {
  return {.name = "V",
          .steps = {{"V", "load", Store::kLoad},
                    {"V", "reads", Store::kLoaded},
                    {"V", "overwrite", Store::kLoaded, 2},
                    {.dataset = "V", .group = "sizes", .first_round_only = true}},
          .engine_by_engine = true};
}

// How the cost of an operation grows. The large sizes run once: they take many minutes.
Section GrowthSection(const std::string& size, bool once) {
  Section section{.name = size,
                  .steps = {{size, "load", Store::kLoad},
                            {size, "fill2"},
                            {size, "reads", Store::kLoaded},
                            {size, "overwrite", Store::kLoaded, 4}},
                  .engine_by_engine = true};
  for (Step& step : section.steps) step.first_round_only = once;
  return section;
}

Plan GrowthPlan() {
  return {.sections = {GrowthSection("1M", false), GrowthSection("3M", false),
                       GrowthSection("10M", false), GrowthSection("30M", true),
                       GrowthSection("100M", true)},
          .seconds = 5};
}

Plan MemtablesPlan() {
  return {.sections = {{.name = "memtables",
                        .steps = {{"1MiB", "memtables"},
                                  {"64MiB", "memtables"},
                                  {"64MiB-prefix", "memtables"}}}},
          .seconds = 1,
          .setting = "memtable_kind"};
}

Plan StrategiesPlan() {
  return {.sections = {{.name = "strategies", .steps = {{"S", "strategies"}}}},
          .seconds = 3,
          .setting = "compaction_strategy"};
}

bool Listed(const std::vector<std::string>& list, const std::string& name) {
  return list.empty() || std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

std::optional<Plan> PlanNamed(std::string_view name) {
  if (name == "full") {
    return Plan{
        .sections = {SmallSection(), PrefixSection(), MediumSection(), LargeValueSection()}};
  }
  if (name == "growth") return GrowthPlan();
  if (name == "memtables") return MemtablesPlan();
  if (name == "strategies") return StrategiesPlan();
  if (name != "smoke") return std::nullopt;
  Section medium = MediumSection();
  // As many bytes as S has at this scale, about: enough to see that every row works.
  medium.scale_factor = 0.2;
  medium.steps.erase(medium.steps.begin() + 1);
  return Plan{.sections = {SmallSection(), medium},
              .scale = 0.05,
              .seconds = 0.3,
              .rounds = 3,
              .minutes = 9,
              .repeats = 0};
}

void KeepOnly(Plan& plan, const std::vector<std::string>& datasets,
              const std::vector<std::string>& groups) {
  for (Section& section : plan.sections) {
    const auto wanted = [&](const Step& step) {
      return Listed(datasets, step.dataset) && Listed(groups, step.group);
    };
    const bool needs_load =
        std::any_of(section.steps.begin(), section.steps.end(),
                    [&](const Step& step) { return wanted(step) && step.store == Store::kLoaded; });
    std::erase_if(section.steps, [&](const Step& step) {
      return !wanted(step) && !(needs_load && step.store == Store::kLoad);
    });
  }
  std::erase_if(plan.sections, [](const Section& section) { return section.steps.empty(); });
}

}  // namespace quiver::bench
