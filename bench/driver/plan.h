// Plan: which groups run on which data sets, in which order, with which stores.
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quiver::bench {

/// Where a step's database is.
enum class Store : std::uint8_t {
  kScratch,  ///< empty before, removed after
  kLoad,     ///< empty before, kept: the section's other steps read it
  kLoaded,   ///< what the section's kLoad step left
};

struct Step {
  std::string dataset;
  std::string group;
  Store store = Store::kScratch;
  double seconds_factor = 1;      ///< of the seconds of a timed row
  bool in_memory_group = false;   ///< under the data set's memory limit
  bool first_round_only = false;  ///< its figures do not vary
};

/// Steps that share one load.
struct Section {
  std::string name;
  std::vector<Step> steps;
  double scale_factor = 1;
  /// True: one engine does all steps, then the next, and only one load lies on the disk. False:
  /// the engines take turns at each step, so that a drift of the machine meets all alike.
  bool engine_by_engine = false;
};

struct Plan {
  std::vector<Section> sections;
  double scale = 1;
  double seconds = 10;
  std::uint64_t rounds = 3;
  std::uint64_t minutes = 0;  ///< no step begins later; 0 is no limit
  std::uint64_t repeats = 2;  ///< of a disturbed run
  /// Not empty: not the engines take part, but Quiver once with each value of this setting.
  std::string setting;
};

/// "smoke" (ten minutes at most), "full", "growth" (cost by number of entries), "memtables" and
/// "strategies" (Quiver's own against each other), or nothing.
std::optional<Plan> PlanNamed(std::string_view name);

/// Keeps the steps whose data set and group are listed, and the loads that they need; an empty
/// list keeps all.
void KeepOnly(Plan& plan, const std::vector<std::string>& datasets,
              const std::vector<std::string>& groups);

}  // namespace quiver::bench
