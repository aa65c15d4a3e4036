// RunCompaction: carries out a plan.
#include "compaction/compaction_job.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/try.h"
#include "compaction/job_run.h"
#include "iterator/merging_iterator.h"
#include "metrics/engine_metrics.h"
#include "version/level_iterator.h"

namespace quiver {

namespace {

// One read of this size costs a disk little more than one of a block.
constexpr std::uint32_t kReadAheadBytes = 1U << 20;

void RemoveInputs(const JobContext& context, const CompactionPlan& plan, VersionEdit& edit) {
  for (const CompactionInput& input : plan.inputs) {
    for (const TableFileRef& table : input.tables) {
      edit.removed.push_back({context.keyspace, input.level, input.run, table->summary.number});
    }
  }
}

RunNumber OutputRun(const JobContext& context, const CompactionPlan& plan) {
  return plan.output_run != 0 ? plan.output_run : context.new_run_number();
}

void AddMoved(const JobContext& context, const CompactionPlan& plan, VersionEdit& edit) {
  const RunNumber run = OutputRun(context, plan);
  for (const CompactionInput& input : plan.inputs) {
    for (const TableFileRef& table : input.tables) {
      edit.added.push_back({context.keyspace, plan.output_level, run, table->summary});
    }
  }
}

// What is merged within level 0 keeps the age of its newest part, for strategies that go by age.
std::uint64_t CreationTime(const JobContext& context, const CompactionPlan& plan) {
  if (plan.output_level != 0) return NowSeconds(*context.clock);
  std::uint64_t newest_s = 0;
  for (const CompactionInput& input : plan.inputs) {
    for (const TableFileRef& table : input.tables) {
      newest_s = std::max(newest_s, table->summary.created_s);
    }
  }
  return newest_s;
}

bool HasExpiry(const CompactionPlan& plan) {
  for (const CompactionInput& input : plan.inputs) {
    for (const TableFileRef& table : input.tables) {
      if (table->summary.expiry_us_max != 0) return true;
    }
  }
  return false;
}

Result<void> Merge(const JobContext& given, const CompactionPlan& plan, const Retention& retention,
                   JobResult& result) {
  JobContext context = given;
  context.schema.has_expiry |= HasExpiry(plan);
  const std::uint64_t buffers = plan.inputs.size() * std::uint64_t{kReadAheadBytes};
  const CompactionMemory memory(context.ledger, buffers + OutputBufferBytes(*context.config));
  // The runs of the version, cut down to the inputs. They outlive the iterators over them.
  std::vector<SortedRun> runs;
  runs.reserve(plan.inputs.size());
  std::uint64_t expected_entries = 0;
  for (const CompactionInput& input : plan.inputs) {
    runs.push_back({input.run, input.tables});
    expected_entries += runs.back().entry_count();
    result.read_bytes += runs.back().size_bytes();
  }
  std::vector<std::unique_ptr<InternalIterator>> children;
  children.reserve(runs.size());
  for (const SortedRun& run : runs) {
    children.push_back(NewLevelIterator(
        run, *context.table_cache, {.fill_cache = false, .read_ahead_bytes = kReadAheadBytes}));
  }
  const auto merged = NewMergingIterator(std::move(children));
  OutputWriter output(context, {.level = plan.output_level,
                                .run = OutputRun(context, plan),
                                .compression = plan.compression,
                                .created_s = CreationTime(context, plan),
                                .grandparents = plan.grandparents});
  CompactionIterator survivors(*merged, retention, plan.is_bottom);
  QUIVER_TRY(WriteSurvivors(context, survivors, output, result));
  if (result.entries_read != expected_entries) {
    return Error(ErrorCode::kInternal, "the compaction read " +
                                           std::to_string(result.entries_read) +
                                           " entries, the manifest counts " +
                                           std::to_string(expected_entries) + " in its inputs");
  }
  return {};
}

}  // namespace

Result<JobResult> RunCompaction(const JobContext& context, const Version& version,
                                const CompactionPlan& plan, const Retention& retention) {
  // The caller has marked the inputs as busy since; everything else must still hold.
  QUIVER_TRY(CheckPlan(version, plan, {}));
  const std::uint64_t start_ns = context.clock->MonotonicNanos();
  JobResult result;
  RemoveInputs(context, plan, result.edit);
  if (plan.action == CompactionAction::kMerge) {
    QUIVER_TRY(Merge(context, plan, retention, result));
  } else if (plan.action == CompactionAction::kMove) {
    AddMoved(context, plan, result.edit);
  }
  result.duration_ns = context.clock->MonotonicNanos() - start_ns;
  if (context.metrics == nullptr) return result;
  if (plan.action == CompactionAction::kMove) {
    context.metrics->RecordTrivialMove();
  } else {
    context.metrics->RecordCompaction(plan.output_level, result.read_bytes, result.written_bytes,
                                      result.entries_dropped);
  }
  return result;
}

}  // namespace quiver
