// Runner: works off a plan, child by child, into Results.
//
// Thread safety: one thread.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "driver/child.h"
#include "driver/journal.h"
#include "driver/memory_group.h"
#include "driver/plan.h"
#include "driver/results.h"
#include "report.h"

namespace quiver::bench {

/// An engine kind as it is run.
struct Variant {
  EngineFacts facts;
  Allocator allocator = Allocator::kSystem;
  std::string program;   ///< that has this engine; empty: this one
  std::string settings;  ///< "name=value,…" of Quiver, beside the common ones
};

struct RunnerSettings {
  Plan plan;
  std::filesystem::path directory;
  double others_share_max = 0.1;
};

class Runner {
 public:
  Runner(RunnerSettings settings, std::vector<Variant> variants, Journal& journal, Results& results)
      : settings_(std::move(settings)),
        variants_(std::move(variants)),
        journal_(journal),
        results_(results) {}

  /// Returns the rounds that the plan's minutes allowed, a begun one included.
  std::uint64_t Run();
  /// True if the plan's minutes ended before the plan did.
  bool cut() const noexcept { return cut_; }

 private:
  /// True once the time is over; then no step begins any more.
  bool TimeIsOver();
  ChildRequest RequestFor(const Section& section, const Step& step, const Variant& variant,
                          std::uint64_t round) const;
  /// Makes the section's load again if it was made by an earlier call, whose stores are gone.
  void ProvideLoad(const Section& section, const Variant& variant, std::uint64_t round);
  void Note(const Step& step, const Variant& variant, std::uint64_t round,
            const ChildOutcome& outcome);
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
  Journal& journal_;
  Results& results_;
  Stopwatch stopwatch_;
  bool cut_ = false;
  std::set<std::string> loads_;         ///< stores whose load this call has made in this round
  std::set<std::string> broken_loads_;  ///< stores whose load failed in this round
};

}  // namespace quiver::bench
