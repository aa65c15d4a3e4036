// CompactionStrategy: decides what to merge next. A pure function of the version, the
// configuration and the tables already being worked on: no IO, no clock of its own, no locks, so it
// is tested with made-up versions.
//
// What every plan keeps (checked by CheckPlan):
//  1. Inputs are whole runs or key-adjacent tables of runs, closed under age: if a run of a level
//     takes part, every older run of that level with overlapping keys takes part too, and so does
//     everything overlapping in the levels between it and the output level.
//  2. The output becomes one run (or part of the output level's run), older than every run above
//     it and newer than everything below. Runs merged within their level take the place of the
//     newest of them, or of the oldest where that leaves the order as it is.
//  3. No input is busy in another plan, and no other plan writes into the same run where the output
//     may come to lie.
//
// Sources: leveled with dynamic level sizes after RocksDB's level_compaction_dynamic_level_bytes;
// tiered after size-tiered (universal) compaction; lazy leveling after Dayan and Idreos,
// "Dostoevsky" (SIGMOD 2018).
//
// Thread safety: pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/config.h"
#include "version/version.h"

namespace quiver {

struct CompactionInput {
  std::uint32_t level = 0;
  RunNumber run = 0;
  std::vector<TableFileRef> tables;  ///< in key order
};

enum class CompactionAction : std::uint8_t {
  kMerge,  ///< read the inputs, write the output
  kMove,   ///< give the tables another level, unchanged
  kDrop,   ///< forget the tables (FIFO)
};

struct CompactionPlan {
  CompactionAction action = CompactionAction::kMerge;
  std::vector<CompactionInput> inputs;  ///< newest first
  std::uint32_t output_level = 0;
  /// The run of the output level that the output joins; 0: a new run takes its place.
  RunNumber output_run = 0;
  /// No older version of any key can lie outside the inputs: deletes may be dropped.
  bool is_bottom = false;
  /// Of kDrop: range deletes hide what the inputs hold, and all that is older, from everybody.
  bool drops_hidden = false;
  CompressionKind compression = CompressionKind::kNone;
  /// Tables of the level below the output, to cut outputs at their borders; may be empty.
  std::vector<TableFileRef> grandparents;
  std::string reason;  ///< "level 1 is 1.4 times its size": shown to operators
  double score = 0;

  std::uint64_t input_bytes() const noexcept;
};

/// Where the output of a plan may come to lie.
struct OutputRange {
  std::uint32_t level = 0;
  RunNumber run = 0;  ///< 0: a run of its own, in which nobody else writes
  std::string smallest_key;
  std::string largest_key;
};
OutputRange OutputRangeOf(const CompactionPlan& plan);

struct CompactionContext {
  std::uint64_t now_s = 0;    ///< wall clock, for ages
  std::set<FileNumber> busy;  ///< tables in running plans
  SequenceNumber oldest_snapshot = kSequenceMax;
  /// Of the running plans. A caller may leave it empty: the busy tables then count as one plan
  /// that writes into every level, which is safe but lets fewer plans run side by side.
  std::vector<OutputRange> outputs;
};

class CompactionStrategy {
 public:
  virtual ~CompactionStrategy() = default;
  /// The most urgent plan, or nothing. Deterministic.
  virtual std::optional<CompactionPlan> Pick(const Version& version,
                                             const CompactionContext& context) const = 0;
  /// How urgently each level wants compaction; at or above 1 it does. Ignores `busy`.
  virtual std::vector<double> Scores(const Version& version,
                                     const CompactionContext& context) const = 0;
  virtual CompactionStrategyKind kind() const noexcept = 0;
};

std::unique_ptr<CompactionStrategy> NewCompactionStrategy(const DatabaseConfig& config);

/// A plan that merges everything overlapping [begin, end) into the deepest level (for
/// CompactRange), or nothing if there is nothing to merge or an input is busy. Absent bounds are
/// open.
std::optional<CompactionPlan> PickManual(const Version& version, const DatabaseConfig& config,
                                         const CompactionContext& context,
                                         std::optional<std::string_view> begin,
                                         std::optional<std::string_view> end);

/// kInternal naming the first rule above that `plan` breaks on `version`.
Result<void> CheckPlan(const Version& version, const CompactionPlan& plan,
                       const CompactionContext& context);

}  // namespace quiver
