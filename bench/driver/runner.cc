#include "driver/runner.h"

#include <algorithm>
#include <cstdio>

#include "driver/dataset.h"
#include "report.h"

namespace quiver::bench {

namespace {

void Recreate(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::remove_all(directory, error);
  std::filesystem::create_directories(directory, error);
  if (error) Fail("cannot make " + directory.string() + ": " + error.message());
}

std::string Number(double value) {
  return Fixed(value, 6);
}

}  // namespace

std::uint64_t Runner::Run() {
  const Plan& plan = settings_.plan;
  for (std::uint64_t round = 0; round < plan.rounds; ++round) {
    for (const Section& section : plan.sections) RunSection(section, round);
    if (cut_) return round + 1;
    // Half a round would give some rows more samples than others. A later call ends a round that
    // its journal has begun.
    const double with_another =
        stopwatch_.seconds() * static_cast<double>(round + 2) / static_cast<double>(round + 1);
    if (plan.minutes != 0 && !journal_.kept() &&
        with_another > static_cast<double>(plan.minutes) * 60) {
      return round + 1;
    }
  }
  return plan.rounds;
}

bool Runner::TimeIsOver() {
  const std::uint64_t minutes = settings_.plan.minutes;
  cut_ = cut_ || (minutes != 0 && stopwatch_.seconds() > static_cast<double>(minutes) * 60);
  return cut_;
}

void Runner::RunSection(const Section& section, std::uint64_t round) {
  loads_.clear();
  broken_loads_.clear();
  // The engine that begins changes from round to round.
  const auto turn = [&](std::size_t i) -> const Variant& {
    return variants_[(i + round) % variants_.size()];
  };
  if (section.engine_by_engine) {
    for (std::size_t i = 0; i < variants_.size(); ++i) {
      for (const Step& step : section.steps) RunStep(section, step, turn(i), round);
      RemoveStores(section, turn(i));
    }
    return;
  }
  for (const Step& step : section.steps) {
    for (std::size_t i = 0; i < variants_.size(); ++i) RunStep(section, step, turn(i), round);
  }
  for (const Variant& variant : variants_) RemoveStores(section, variant);
}

std::filesystem::path Runner::StoreOf(const Section& section, const Step& step,
                                      const Variant& variant) const {
  return settings_.directory / variant.facts.name /
         (step.store == Store::kScratch ? "scratch" : section.name);
}

void Runner::RemoveStores(const Section& section, const Variant& variant) {
  std::error_code error;
  for (const Store store : {Store::kScratch, Store::kLoad}) {
    std::filesystem::remove_all(StoreOf(section, {.store = store}, variant), error);
  }
}

bool Runner::PrepareMemory(const Section& section, const Step& step,
                           std::optional<MemoryGroup>& memory) {
  if (!step.in_memory_group) return true;
  const auto dataset = DatasetNamed(step.dataset, settings_.plan.scale * section.scale_factor);
  auto created = MemoryGroup::Create(dataset->memory_limit_bytes);
  if (!created) {
    results_.Skipped("data set " + step.dataset + ", " + step.group + ": " +
                     created.error().message());
    return false;
  }
  memory.emplace(std::move(*created));
  return true;
}

ChildRequest Runner::RequestFor(const Section& section, const Step& step, const Variant& variant,
                                std::uint64_t round) const {
  ChildRequest request;
  request.program = variant.program;
  request.arguments = {"--child",     step.group,
                       "--engine",    variant.facts.kind,
                       "--dataset",   step.dataset,
                       "--directory", StoreOf(section, step, variant).string(),
                       "--round",     std::to_string(round),
                       "--scale",     Number(settings_.plan.scale * section.scale_factor),
                       "--seconds",   Number(settings_.plan.seconds * step.seconds_factor),
                       "--set",       variant.settings};
  request.allocator = variant.allocator;
  request.others_share_max = settings_.others_share_max;
  return request;
}

void Runner::RunStep(const Section& section, const Step& step, const Variant& variant,
                     std::uint64_t round) {
  if (step.first_round_only && round != 0) return;
  const std::string child = std::to_string(round) + "/" + section.name + "/" + step.dataset + "/" +
                            step.group + "/" + variant.facts.name;
  if (const auto known = journal_.Find(child)) {
    results_.Add(step.dataset, variant.facts.name, *known);
    return;
  }
  if (TimeIsOver()) return;
  const std::filesystem::path store = StoreOf(section, step, variant);
  if (step.store == Store::kLoaded) {
    ProvideLoad(section, variant, round);
    if (broken_loads_.contains(store)) return;
  }
  std::optional<MemoryGroup> memory;
  if (!PrepareMemory(section, step, memory)) return;
  ChildRequest request = RequestFor(section, step, variant, round);
  request.memory_group = memory ? &*memory : nullptr;
  const ChildOutcome outcome = RunQuietly(request, step, store);
  Note(step, variant, round, outcome);
  if (const auto noted = journal_.Add(child, outcome); !noted) Fail(noted.error().ToString());
  if (step.store == Store::kLoad) (outcome.error.empty() ? loads_ : broken_loads_).insert(store);
  std::error_code error;
  if (step.store == Store::kScratch) std::filesystem::remove_all(store, error);
}

void Runner::ProvideLoad(const Section& section, const Variant& variant, std::uint64_t round) {
  const auto load = std::find_if(section.steps.begin(), section.steps.end(),
                                 [](const Step& step) { return step.store == Store::kLoad; });
  const std::filesystem::path store = StoreOf(section, *load, variant);
  if (loads_.contains(store) || broken_loads_.contains(store)) return;
  std::fprintf(stderr, "%s: the load is made again\n", variant.facts.title.c_str());
  Recreate(store);
  const ChildOutcome outcome = RunChild(RequestFor(section, *load, variant, round));
  if (!outcome.error.empty()) results_.Failed("the load, made again: " + outcome.error);
  (outcome.error.empty() ? loads_ : broken_loads_).insert(store);
}

void Runner::Note(const Step& step, const Variant& variant, std::uint64_t round,
                  const ChildOutcome& outcome) {
  const std::string what = "round " + std::to_string(round + 1) + ", " + step.dataset + " " +
                           step.group + ", " + variant.facts.title;
  const bool disturbed = outcome.disturbance.disturbed;
  const std::string others = Fixed(outcome.disturbance.others_share * 100, 0);
  std::fprintf(
      stderr, "%s: %.1f s%s\n", what.c_str(), outcome.seconds,
      disturbed ? (", disturbed: others took " + others + " % of a processor").c_str() : "");
  results_.Add(step.dataset, variant.facts.name, outcome);
  if (round == 0) {
    for (const std::string& skipped : outcome.skipped) results_.Skipped(skipped);
  }
  if (!outcome.error.empty()) results_.Failed(what + ": " + outcome.error);
}

ChildOutcome Runner::RunQuietly(const ChildRequest& request, const Step& step,
                                const std::filesystem::path& store) {
  std::optional<ChildOutcome> best;
  for (std::uint64_t attempt = 0; attempt <= settings_.plan.repeats; ++attempt) {
    if (step.store != Store::kLoaded) Recreate(store);
    ChildOutcome outcome = RunChild(request);
    if (!outcome.error.empty() || !outcome.disturbance.disturbed) return outcome;
    if (!best || outcome.disturbance.others_share < best->disturbance.others_share) {
      best = std::move(outcome);
    }
  }
  return std::move(*best);
}

}  // namespace quiver::bench
