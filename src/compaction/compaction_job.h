// The jobs of the background: flush (memtables to a table of level 0) and compaction (a plan to
// its outputs). A job reads and writes files and returns a VersionEdit; it sees neither the
// database nor its locks. On any error or cancellation every output is removed.
//
// Thread safety: a job runs on one thread; different jobs on different threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/memory_ledger.h"
#include "compaction/compaction_strategy.h"
#include "compaction/retention.h"
#include "io/clock.h"
#include "io/directory.h"
#include "io/rate_limiter.h"
#include "iterator/internal_iterator.h"
#include "quiver/config.h"
#include "quiver/error.h"
#include "sstable/table_cache.h"
#include "sstable/table_writer.h"
#include "version/version_edit.h"

namespace quiver {

struct EngineMetrics;  // metrics/engine_metrics.h

/// What jobs use of their surroundings. Everything outlives the job.
struct JobContext {
  io::Directory* directory = nullptr;
  io::Clock* clock = nullptr;
  TableCache* table_cache = nullptr;
  EpochManager* epochs = nullptr;
  MemoryLedger* ledger = nullptr;
  EngineMetrics* metrics = nullptr;
  io::RateLimiter* rate_limiter = nullptr;
  const DatabaseConfig* config = nullptr;
  TableSchema schema;
  DatabaseId database_id;
  std::uint32_t keyspace = 0;
  std::function<FileNumber()> new_file_number;
  std::function<RunNumber()> new_run_number;
  /// Turns true to stop soon; the job then returns kClosed.
  const std::atomic<bool>* cancelled = nullptr;
};

struct JobResult {
  VersionEdit edit;
  std::uint64_t read_bytes = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t entries_read = 0;
  std::uint64_t entries_written = 0;
  std::uint64_t entries_dropped = 0;
  std::uint64_t duration_ns = 0;
};

/// Writes everything `entries` yields into one new run of level 0 (several tables if it is
/// large). Versions that nobody needs are dropped; deletes are kept.
Result<JobResult> RunFlush(const JobContext& context, std::unique_ptr<InternalIterator> entries,
                           const Retention& retention);

/// Carries out `plan` on `version`. Checks on the way that entries come in order, that as many are
/// read as the manifest counts in the inputs, and that read = written + dropped.
///
/// Both: kClosed if cancelled; else the error of the first call that failed, naming its file. The
/// outputs and their names are durable when it returns; the caller applies the edit, and if that
/// fails it keeps the outputs (see VersionSet::Apply).
Result<JobResult> RunCompaction(const JobContext& context, const Version& version,
                                const CompactionPlan& plan, const Retention& retention);

}  // namespace quiver
