// The frame that strategies share: levels in the order of their urgency, and the words for it.
//
// Thread safety: pure functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compaction/compaction_strategy.h"
#include "metrics/human_text.h"

namespace quiver {

/// The levels whose score is at least 1, most urgent first; of equals the upper.
std::vector<std::uint32_t> UrgentLevels(const std::vector<double>& scores);

/// "level 2 is 1.4 times its size".
inline std::string SizeReason(std::uint32_t level, double score) {
  return "level " + std::to_string(level) + " is " + FormatFixed(score, 1) + " times its size";
}
/// "level 0 has 5 runs of 4".
inline std::string RunsReason(std::uint32_t level, std::size_t runs, std::uint32_t trigger) {
  return "level " + std::to_string(level) + " has " + std::to_string(runs) + " runs of " +
         std::to_string(trigger);
}

/// Writes down why a plan was made; passes nothing on as nothing.
inline std::optional<CompactionPlan> Because(std::optional<CompactionPlan> plan, std::string reason,
                                             double score) {
  if (plan) {
    plan->reason = std::move(reason);
    plan->score = score;
  }
  return plan;
}

/// runs / trigger.
inline double RunScore(const Level& level, std::uint32_t trigger) {
  return static_cast<double>(level.runs.size()) / static_cast<double>(trigger == 0 ? 1 : trigger);
}

/// The same for level 0, in which a run larger than a memtable (merged while nobody wrote, or
/// ingested) counts as the memtables that it could be of: few runs may not hold a level's worth. A
/// single run waits for another, since alone it would only be copied.
inline double Level0Score(const DatabaseConfig& config, const Level& level, std::uint32_t trigger) {
  if (level.runs.size() < 2) return RunScore(level, trigger);
  const double flushes =
      static_cast<double>(level.size_bytes()) /
      static_cast<double>(std::max<std::uint64_t>(config.memtable_size_bytes, 1));
  return RunScore(level, trigger) * std::max(1.0, flushes / static_cast<double>(level.runs.size()));
}
/// What made the score of `level`, whose number is `number`: its runs, or in level 0 their size.
inline std::string MergeReason(std::uint32_t number, const Level& level, std::uint32_t trigger,
                               double score) {
  return level.runs.size() >= trigger ? RunsReason(number, level.runs.size(), trigger)
                                      : SizeReason(number, score);
}

}  // namespace quiver
