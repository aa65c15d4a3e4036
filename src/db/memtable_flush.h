// What a flush makes of memtables: the entries of all of them in one merge, their range deletes,
// and the schema that their table needs.
//
// Thread safety: free functions; the memtables take no more entries.
#pragma once

#include <cstdint>
#include <span>

#include "compaction/compaction_job.h"
#include "db/memtable_handle.h"

namespace quiver {

/// Seals `memtables` (oldest first) and writes them to tables of level 0. Their range deletes are
/// added to those of `retention`.
Result<JobResult> FlushMemtables(JobContext jobs, std::span<const MemtableRef> memtables,
                                 Retention retention);

/// The same for memtables that others may flush at the same time, which it does not seal; they take
/// no more entries all the same.
Result<JobResult> WriteMemtables(JobContext jobs, std::span<const MemtableRef> memtables,
                                 Retention retention);

/// Hands the range deletes of `memtables` over to the version.
void AddRangeDeletesOf(std::span<const MemtableRef> memtables, std::uint32_t keyspace,
                       VersionEdit& edit);

}  // namespace quiver
