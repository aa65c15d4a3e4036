// TieredStrategy: each level holds several runs of about the same size, newest first. Writes are
// cheapest (an entry is rewritten about once a level), reads and space dearest.
//
//  - A level with tier_run_trigger runs is merged, all of it, into one new run of the next level.
//  - In the last level, which has no next, the runs whose merge writes the fewest bytes for each
//    run it saves are merged in place.
//  - When all tables together reach space_amplification_max_percent of the oldest run, and there
//    are tier_run_trigger runs, everything is merged into one run a level further down. With 200 %
//    that is each time the data doubles.
//
// After size-tiered compaction (Cassandra) and RocksDB's universal compaction.
//
// Thread safety: pure.
#pragma once

#include "compaction/compaction_strategy.h"

namespace quiver {

class TieredStrategy final : public CompactionStrategy {
 public:
  explicit TieredStrategy(const DatabaseConfig& config) : config_(config) {}

  std::optional<CompactionPlan> Pick(const Version& version,
                                     const CompactionContext& context) const override;
  std::vector<double> Scores(const Version& version,
                             const CompactionContext& context) const override;
  CompactionStrategyKind kind() const noexcept override { return CompactionStrategyKind::kTiered; }

 private:
  /// How near the tables are to the limit of space amplification; below 1 while runs are few.
  double SpaceScore(const Version& version) const;
  double MergeScore(const Version& version, std::uint32_t level) const;
  std::optional<CompactionPlan> MergeEverything(const Version& version,
                                                const CompactionContext& context) const;
  std::optional<CompactionPlan> MergeLevel(const Version& version, const CompactionContext& context,
                                           std::uint32_t level) const;

  const DatabaseConfig config_;
};

}  // namespace quiver
