// StepPicker: the merges that strategies are made of. Each answers nothing if its inputs are not
// there or are busy.
//
// Thread safety: one thread at a time; version, context and configuration outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "compaction/compaction_strategy.h"
#include "compaction/key_range.h"

namespace quiver {

class StepPicker {
 public:
  StepPicker(const DatabaseConfig& config, const Version& version, const CompactionContext& context)
      : config_(config), version_(version), context_(context) {}

  /// One table of the oldest run of `from` into the newest run of `to`: the table that makes the
  /// fewest bytes below it be rewritten for its own.
  std::optional<CompactionPlan> TableDown(std::uint32_t from, std::uint32_t to) const;
  /// One table of any run of `from`, with what it overlaps in the older ones, into `to`: a stretch
  /// of the key space through the whole level.
  std::optional<CompactionPlan> SliceDown(std::uint32_t from, std::uint32_t to) const;
  /// One table of the second oldest run of a level into its oldest: towards a single run.
  std::optional<CompactionPlan> TableIntoOldestRun(std::uint32_t level) const;
  /// All runs of `from` into a new run of `to`.
  std::optional<CompactionPlan> LevelDown(std::uint32_t from, std::uint32_t to) const;
  /// Runs [first, last) of `level` into one that takes their place.
  std::optional<CompactionPlan> MergeRuns(std::uint32_t level, std::size_t first,
                                          std::size_t last) const;
  /// The newest runs of level 0 into one, while older ones are busy on their way down: keeps the
  /// number of runs, and with it the write stalls, in bounds. Needs `trigger` idle runs.
  std::optional<CompactionPlan> RelieveLevel0(std::uint32_t trigger) const;

  /// Tables of the level not busy in other plans.
  std::uint64_t IdleBytes(std::uint32_t level) const;
  bool IsBusy(const SortedRun& run) const;

 private:
  struct Target {
    std::uint32_t level;
    std::optional<std::size_t> run;  ///< by index; none: a new run
  };

  std::optional<CompactionPlan> CheapestTable(std::uint32_t from, std::size_t run,
                                              const Target& to) const;
  std::optional<CompactionPlan> TakeTables(std::uint32_t from, std::size_t run, TableSpan tables,
                                           const Target& to) const;
  std::optional<CompactionPlan> Widen(std::uint32_t from, std::size_t run, TableSpan tables,
                                      const Target& to, CompactionPlan plan) const;

  const DatabaseConfig& config_;
  const Version& version_;
  const CompactionContext& context_;
};

struct RunWindow {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// The adjacent runs of a level, at least two, whose merge writes the fewest bytes for each run it
/// saves, among windows of at most `bytes_max`; of equals the wider, then the newer.
std::optional<RunWindow> CheapestWindow(const Level& level, std::uint64_t bytes_max);

}  // namespace quiver
