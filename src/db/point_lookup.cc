#include "db/point_lookup.h"

#include "base/try.h"

namespace quiver {

namespace {

// What the newest visible version of a key means for the reader.
bool IsLive(const LookupAnswer& answer, std::uint64_t now_us) noexcept {
  if (answer.operation != Operation::kPut) return false;
  return answer.expiry_us == 0 || answer.expiry_us > now_us;
}

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

Result<bool> LookupInView(const ReadView& view, TableCache& tables, const LookupKey& key,
                          const PointLookupOptions& options, TableAnswer& found) {
  if (FindInMemtable(view.active, key, options.want_pin, found)) {
    return IsLive(found.answer, options.now_us);
  }
  for (const MemtableRef& memtable : view.immutables) {
    if (FindInMemtable(memtable, key, options.want_pin, found)) {
      return IsLive(found.answer, options.now_us);
    }
  }
  const TableReadOptions read_options{.fill_cache = options.fill_cache};
  for (const Level& level : view.version->levels()) {
    for (const SortedRun& run : level.runs) {
      const TableFile* file = TableFor(run, key.key);
      if (file == nullptr) continue;
      QUIVER_ASSIGN_OR_RETURN(const Table* table, tables.Find(file->slot, file->summary));
      QUIVER_ASSIGN_OR_RETURN(const bool hit,
                              table->Get(key, read_options, options.want_pin, found));
      if (hit) return IsLive(found.answer, options.now_us);
    }
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
