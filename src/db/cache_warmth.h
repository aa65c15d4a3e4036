// Cache warmth: a compaction takes its inputs, and with them their blocks, out of the block cache.
// If readers lived on these blocks, the outputs' blocks come in before the readers miss them one by
// one. A flush does the same for a memtable.
//
// Only what has room comes in: nothing leaves the cache for it. Where nobody reads, inputs are
// cold, and it costs nothing.
//
// Thread safety: functions of a background thread.
#pragma once

#include "compaction/compaction_job.h"
#include "compaction/compaction_strategy.h"
#include "version/version.h"
#include "version/version_edit.h"

namespace quiver {

/// Whether most blocks of the plan's inputs are in the block cache.
bool InputsAreWarm(const CompactionPlan& plan, const JobContext& jobs);

/// The same for the newest run of `version`: what was written last is read, so what is flushed next
/// will be.
bool NewestRunIsWarm(const Version& version, const JobContext& jobs);

/// Brings the blocks of the tables that `edit` added to `version` into the cache, as far as it has
/// room and the job is not cancelled. Reads them once. A block that cannot be read stays out:
/// whoever needs it meets the error.
void WarmOutputs(const Version& version, const VersionEdit& edit, const JobContext& jobs);

}  // namespace quiver
