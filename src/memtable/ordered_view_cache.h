// OrderedViewCache: the ordered view of a RecordLog, made when first asked for and kept while no
// newer record has been appended.
//
// A new view sorts only the records that arrived since the last one and merges the two: with m
// new records among n it costs O(m log m + n), so the first costs O(n log n).
//
// Invariants:
//  1. view_ holds exactly the records of the slots [0, covered_) of the log.
//  2. A view that misses a slot, because its writer was between claim and publication, is handed
//     out (that Add has not returned) but not kept.
//
// Thread safety: Get from any thread beside appends; one caller at a time builds, the others wait
// for its result.
#pragma once

#include <cstdint>
#include <memory>

#include "base/mutex.h"
#include "memtable/record_log.h"
#include "memtable/sorted_records.h"

namespace quiver {

class OrderedViewCache {
 public:
  OrderedViewCache(const RecordLog& log, const MemoryAccount& account);

  /// Every record whose Append returned before the call, in order.
  std::shared_ptr<const SortedRecords> Get() EXCLUDES(mutex_);

 private:
  const RecordLog& log_;
  const MemoryAccount account_;
  Mutex mutex_;
  std::shared_ptr<const SortedRecords> view_ GUARDED_BY(mutex_);
  std::uint64_t covered_ GUARDED_BY(mutex_) = 0;
};

}  // namespace quiver
