// FifoStrategy: for data that may go when it is old: caches, logs, metrics. It never rewrites large
// tables; the oldest are dropped, so every entry is written once. A read may have to ask every run.
//
//  - Tables of the oldest run, the oldest first, are dropped while all tables together exceed
//    fifo_size_limit_bytes or those tables are older than fifo_age_limit_s. Runs go strictly in
//    order of age: dropping from a newer one could bring old values back.
//  - Level 0 is kept below level0_run_trigger runs, so that writes do not stall: its oldest run
//    moves to level 1, unchanged; while it has less than half a table, small runs are merged with
//    their neighbours first.
//
// Dropping asks no snapshot: a snapshot does not keep data that has grown too old.
//
// Thread safety: pure.
#pragma once

#include "compaction/compaction_strategy.h"

namespace quiver {

class FifoStrategy final : public CompactionStrategy {
 public:
  explicit FifoStrategy(const DatabaseConfig& config) : config_(config) {}

  std::optional<CompactionPlan> Pick(const Version& version,
                                     const CompactionContext& context) const override;
  std::vector<double> Scores(const Version& version,
                             const CompactionContext& context) const override;
  CompactionStrategyKind kind() const noexcept override { return CompactionStrategyKind::kFifo; }

 private:
  std::optional<CompactionPlan> PickDrop(const Version& version,
                                         const CompactionContext& context) const;
  std::optional<CompactionPlan> PickLevel0(const Version& version,
                                           const CompactionContext& context) const;

  const DatabaseConfig config_;
};

}  // namespace quiver
