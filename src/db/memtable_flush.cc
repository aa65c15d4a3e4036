#include "db/memtable_flush.h"

#include <memory>
#include <utility>
#include <vector>

#include "iterator/merging_iterator.h"

namespace quiver {

Result<JobResult> FlushMemtables(JobContext jobs, std::span<const MemtableRef> memtables,
                                 Retention retention) {
  for (const MemtableRef& memtable : memtables) memtable->table().Seal();
  return WriteMemtables(std::move(jobs), memtables, std::move(retention));
}

Result<JobResult> WriteMemtables(JobContext jobs, std::span<const MemtableRef> memtables,
                                 Retention retention) {
  std::vector<std::unique_ptr<InternalIterator>> children;
  for (const MemtableRef& memtable : memtables) {
    children.push_back(memtable->table().NewIterator());
    jobs.schema.has_expiry |= memtable->has_expiry();
    retention.range_deletes = AddRangeDeletes(retention.range_deletes, memtable->PinRangeDeletes());
  }
  return RunFlush(jobs, NewMergingIterator(std::move(children)), retention);
}

void AddRangeDeletesOf(std::span<const MemtableRef> memtables, std::uint32_t keyspace,
                       VersionEdit& edit) {
  for (const MemtableRef& memtable : memtables) {
    const RangeDeletesRef ranges = memtable->PinRangeDeletes();
    if (ranges == nullptr) continue;
    const std::vector<RangeDelete> all = ranges->all();
    for (const RangeDelete& range : all) {
      if (range.begin < range.end) edit.added_range_deletes.push_back({keyspace, range});
    }
  }
}

}  // namespace quiver
