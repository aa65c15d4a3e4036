// PlanBuilder: turns the tables that a strategy wants to merge into a plan that keeps the rules of
// compaction_strategy.h.
//
// It sees the version as one list of runs from new to old. The output goes to a place in that list;
// every run that data passes on its way there gives its overlapping tables too, and each run passed
// may widen the range for the older ones:
//
//   level 0  run 9       [c──f]              taken by the strategy
//            run 8    [b────d]     [h──k]    [b d] is passed: taken; the range is now b..f
//   level 1  run 5  [a─b][c─e][g─j]          the output joins this run: [a b] and [c e] are taken
//
// Thread safety: one thread at a time; the version, the context and the configuration outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "compaction/compaction_strategy.h"
#include "compaction/key_range.h"

namespace quiver {

/// An output may overlap this many times its target size in the level below; beyond it the next
/// merge of that table would be out of proportion, so outputs are cut and moves refused.
inline constexpr std::uint64_t kGrandparentOverlapMax = 10;

class PlanBuilder {
 public:
  PlanBuilder(const DatabaseConfig& config, const Version& version,
              const CompactionContext& context);

  /// Takes tables of run `run` (by index) of `level`, and those between them and others taken of
  /// the same run.
  void Take(std::uint32_t level, std::size_t run, TableSpan tables);
  void TakeRun(std::uint32_t level, std::size_t run);
  void TakeLevel(std::uint32_t level);

  /// A merge of everything taken into an existing run, or into a new one of a level below all
  /// inputs. Nothing if there is an input that is busy or another plan writes there.
  std::optional<CompactionPlan> IntoRun(std::uint32_t level, std::size_t run);
  std::optional<CompactionPlan> IntoNewRun(std::uint32_t level);
  /// Into the newest run of `level`, or a new one if it has none.
  std::optional<CompactionPlan> IntoLevel(std::uint32_t level);

 private:
  struct Place {
    std::uint32_t level;
    std::size_t run_index;
    const SortedRun* run;
    TableSpan taken;
  };

  std::size_t PlaceOf(std::uint32_t level, std::size_t run) const;
  /// First place at or below the top of `level`.
  std::size_t TopOf(std::uint32_t level) const;
  void TakePassed(std::size_t end);
  std::optional<CompactionPlan> Finish(std::uint32_t level, RunNumber run,
                                       std::size_t oldest_place);
  bool CollectInputs(CompactionPlan& plan) const;
  bool IsWrittenByOthers(const CompactionPlan& plan, const KeyRange& range) const;

  const DatabaseConfig& config_;
  const Version& version_;
  const CompactionContext& context_;
  std::vector<Place> places_;  ///< newest first
};

/// The range of all inputs of `plan`.
KeyRange InputRange(const CompactionPlan& plan);

/// Makes a move of a merge that would only copy its inputs: they overlap neither each other nor the
/// output's run, need no other compression, hold no deletes that could go, and do not overlap the
/// level below the output too much.
void MoveIfPossible(const DatabaseConfig& config, CompactionPlan& plan);

}  // namespace quiver
