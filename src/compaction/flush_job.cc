// RunFlush: memtables to a run of level 0.
#include <memory>
#include <utility>

#include "base/try.h"
#include "compaction/job_run.h"
#include "metrics/engine_metrics.h"

namespace quiver {

Result<JobResult> RunFlush(const JobContext& context, std::unique_ptr<InternalIterator> entries,
                           const Retention& retention) {
  const std::uint64_t start_ns = context.clock->MonotonicNanos();
  const CompactionMemory memory(context.ledger, OutputBufferBytes(*context.config));
  JobResult result;
  OutputWriter output(context, {.level = 0,
                                .run = context.new_run_number(),
                                .compression = context.config->compression,
                                .created_s = NowSeconds(*context.clock),
                                .grandparents = {}});
  CompactionIterator survivors(*entries, retention, /*is_bottom=*/false);
  QUIVER_TRY(WriteSurvivors(context, survivors, output, result));
  result.duration_ns = context.clock->MonotonicNanos() - start_ns;
  if (context.metrics != nullptr) context.metrics->RecordFlush(0, result.written_bytes);
  return result;
}

}  // namespace quiver
