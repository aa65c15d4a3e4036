#include "db/point_lookup.h"

#include "base/try.h"
#include "db/merge_lookup.h"
#include "db/range_delete_view.h"

namespace quiver {

namespace {

bool FindInMemtable(const MemtableRef& memtable, const LookupKey& key, bool want_pin,
                    TableAnswer& found) {
  if (!memtable->table().Get(key, found.answer)) return false;
  if (want_pin) found.pin = memtable;
  return true;
}

}  // namespace

const TableFile* TableWalk::Next() noexcept {
  for (; level_ < levels_.size(); ++level_, run_ = 0) {
    const std::vector<SortedRun>& runs = levels_[level_].runs;
    while (run_ < runs.size()) {
      const SortedRun& run = runs[run_++];
      const std::size_t index = run.FindTable(key_);
      if (index == run.tables.size()) continue;
      const TableFile& table = *run.tables[index];
      if (table.summary.smallest_key <= key_) return &table;
    }
  }
  return nullptr;
}

bool NewestInMemtables(const ReadView& view, const LookupKey& key,
                       const PointLookupOptions& options, TableAnswer& found) {
  if (FindInMemtable(view.active, key, options.want_pin, found)) return true;
  for (const MemtableRef& memtable : view.immutables) {
    if (FindInMemtable(memtable, key, options.want_pin, found)) return true;
  }
  return false;
}

Result<bool> NewestInTables(TableWalk walk, TableCache& tables, const LookupKey& key,
                            const PointLookupOptions& options, TableAnswer& found) {
  const TableReadOptions read_options{.fill_cache = options.fill_cache};
  while (const TableFile* const file = walk.Next()) {
    QUIVER_ASSIGN_OR_RETURN(const Table* table, tables.Find(file->slot, file->summary));
    QUIVER_ASSIGN_OR_RETURN(const bool hit, table->Get(key, read_options, options.want_pin, found));
    if (hit) return true;
  }
  return false;
}

Result<bool> NewestInView(const ReadView& view, TableCache& tables, const LookupKey& key,
                          const PointLookupOptions& options, TableAnswer& found) {
  if (NewestInMemtables(view, key, options, found)) return true;
  return NewestInTables(TableWalk(*view.version, key.key), tables, key, options, found);
}

Result<bool> LookupInView(const ReadView& view, TableCache& tables, const LookupKey& key,
                          const PointLookupOptions& options, TableAnswer& found) {
  QUIVER_ASSIGN_OR_RETURN(const bool any, NewestInView(view, tables, key, options, found));
  if (!any) return false;
  return ResolveInView(view, tables, key, options, found);
}

Result<bool> ResolveInView(const ReadView& view, TableCache& tables, const LookupKey& key,
                           const PointLookupOptions& options, TableAnswer& found) {
  const SequenceNumber range_delete = NewestRangeDelete(view, key.key, key.sequence);
  if (found.answer.sequence < range_delete) return false;
  switch (found.answer.operation) {
    case Operation::kPut: return !options.IsExpired(found.answer.expiry_us);
    case Operation::kMerge: return MergeInView(view, tables, key, options, range_delete, found);
    case Operation::kDelete:
    case Operation::kRangeDelete: break;
  }
  return false;
}

}  // namespace quiver
