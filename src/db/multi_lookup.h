// Point lookups of several keys in one view that wait for memory together.
//
// A lookup is a chain of cache misses: filter line, head of a block and its hash slot, row. Taken
// key by key the chains follow each other; here all keys take each step before one takes the next,
// so that the misses of a step are under way at once (Chen, Ailamaki, Gibbons, Mowry, "Improving
// hash join performance through prefetching", 2004: group prefetching).
//
//   wave 0   memtable: first line      tables: filter lines of all runs
//   wave 1   memtable: second line
//   wave 2   memtables answer; else the first table whose filter passes: block head, hash slot
//   wave 3   its row
//   answer   the table; if it was a false positive, the tables behind it one by one
//
// Thread safety: pure functions over an immutable view; the caller holds an EpochGuard.
#pragma once

#include <cstddef>
#include <span>

#include "base/entry.h"
#include "db/point_lookup.h"
#include "db/read_view.h"
#include "quiver/error.h"
#include "sstable/table.h"
#include "sstable/table_cache.h"

namespace quiver {

/// Keys looked up at once: what their steps load fits the first-level cache.
inline constexpr std::size_t kLookupGroup = 32;

struct GroupAnswer {
  TableAnswer found;
  bool is_live = false;  ///< then `found` holds the value
};

/// Answers keys[i] in answers[i], as LookupInView would. Requires at most kLookupGroup keys and as
/// many fresh answers.
Result<void> LookupGroupInView(const ReadView& view, TableCache& tables,
                               std::span<const LookupKey> keys, const PointLookupOptions& options,
                               std::span<GroupAnswer> answers);

}  // namespace quiver
