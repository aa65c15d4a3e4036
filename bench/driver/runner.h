// Runner: works off a plan, child by child, into Results.
//
// Thread safety: one thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "driver/child.h"
#include "driver/memory_group.h"
#include "driver/plan.h"
#include "driver/results.h"

namespace quiver::bench {

/// An engine kind as it is run.
struct Variant {
  EngineFacts facts;
  bool huge_pages = false;
};

struct RunnerSettings {
  Plan plan;
  std::filesystem::path directory;
  double others_share_max = 0.1;
};

class Runner {
 public:
  Runner(RunnerSettings settings, std::vector<Variant> variants, Results& results)
      : settings_(std::move(settings)), variants_(std::move(variants)), results_(results) {}

  /// Returns the rounds that the plan's minutes allowed.
  std::uint64_t Run();

 private:
  void RunSection(const Section& section, std::uint64_t round);
  void RunStep(const Section& section, const Step& step, const Variant& variant,
               std::uint64_t round);
  std::filesystem::path StoreOf(const Section& section, const Step& step,
                                const Variant& variant) const;
  ChildOutcome RunQuietly(const ChildRequest& request, const Step& step,
                          const std::filesystem::path& store);
  /// Nothing, with the reason noted, if the step needs a memory group and none can be made.
  bool PrepareMemory(const Section& section, const Step& step, std::optional<MemoryGroup>& memory);
  void RemoveStores(const Section& section, const Variant& variant);

  RunnerSettings settings_;
  std::vector<Variant> variants_;
  Results& results_;
  std::vector<std::string> broken_loads_;  ///< stores whose load failed in this round
};

}  // namespace quiver::bench
