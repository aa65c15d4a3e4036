// LevelIterator: an InternalIterator over one sorted run. The run's tables are disjoint and in
// order, so only one of them is open in it at a time; the next is opened when the cursor crosses a
// table's border, in either direction.
//
// Invariants:
//  1. While valid, `table_iterator_` stands on the current entry of table `index_`.
//  2. The table under the cursor is pinned, so the table cache may close any other.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "iterator/internal_iterator.h"
#include "sstable/table.h"
#include "sstable/table_cache.h"
#include "version/version.h"

namespace quiver {

/// An iterator over `run`. The run (that is, the version that holds it) and the cache must outlive
/// it. Making one reads nothing; a seek opens at most two tables.
std::unique_ptr<InternalIterator> NewLevelIterator(const SortedRun& run, TableCache& table_cache,
                                                   const TableReadOptions& options);

}  // namespace quiver
