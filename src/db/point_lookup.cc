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

const TableFile* TableFor(const SortedRun& run, std::string_view key) noexcept {
  const std::size_t index = run.FindTable(key);
  if (index == run.tables.size()) return nullptr;
  const TableFile& table = *run.tables[index];
  return table.summary.smallest_key <= key ? &table : nullptr;
}

}  // namespace

Result<bool> NewestInView(const ReadView& view, TableCache& tables, const LookupKey& key,
                          const PointLookupOptions& options, TableAnswer& found) {
  if (FindInMemtable(view.active, key, options.want_pin, found)) return true;
  for (const MemtableRef& memtable : view.immutables) {
    if (FindInMemtable(memtable, key, options.want_pin, found)) return true;
  }
  const TableReadOptions read_options{.fill_cache = options.fill_cache};
  for (const Level& level : view.version->levels()) {
    for (const SortedRun& run : level.runs) {
      const TableFile* file = TableFor(run, key.key);
      if (file == nullptr) continue;
      QUIVER_ASSIGN_OR_RETURN(const Table* table, tables.Find(file->slot, file->summary));
      QUIVER_ASSIGN_OR_RETURN(const bool hit,
                              table->Get(key, read_options, options.want_pin, found));
      if (hit) return true;
    }
  }
  return false;
}

Result<bool> LookupInView(const ReadView& view, TableCache& tables, const LookupKey& key,
                          const PointLookupOptions& options, TableAnswer& found) {
  QUIVER_ASSIGN_OR_RETURN(const bool any, NewestInView(view, tables, key, options, found));
  if (!any) return false;
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

void PrefetchInView(const ReadView& view, TableCache& tables, const LookupKey& key) {
  for (const Level& level : view.version->levels()) {
    for (const SortedRun& run : level.runs) {
      const TableFile* file = TableFor(run, key.key);
      if (file == nullptr) continue;
      // An error shows again, and is reported, when the lookup itself asks for the table.
      if (const auto table = tables.Find(file->slot, file->summary)) (*table)->Prefetch(key);
    }
  }
}

}  // namespace quiver
