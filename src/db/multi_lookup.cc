#include "db/multi_lookup.h"

#include <array>
#include <cstdint>

#include "base/check.h"
#include "base/try.h"

namespace quiver {

namespace {

// Where one key of the group stands.
struct Progress {
  enum class State : std::uint8_t { kNowhere, kInMemtable, kInTable };
  State state = State::kNowhere;
  const Table* table = nullptr;  // with kInTable: the newest that may hold the key
  GetPlace place;
  TableWalk behind;  // the tables behind it
};

void PrefetchInMemtables(const ReadView& view, const LookupKey& key, unsigned wave) {
  view.active->table().Prefetch(key, wave);
  for (const MemtableRef& memtable : view.immutables) memtable->table().Prefetch(key, wave);
}

void PrefetchFilters(const ReadView& view, TableCache& tables, const LookupKey& key) {
  TableWalk walk(*view.version, key.key);
  while (const TableFile* const file = walk.Next()) {
    // An error shows again, and is reported, when the lookup itself asks for the table.
    if (const auto table = tables.Find(file->slot, file->summary)) (*table)->Prefetch(key);
  }
}

// To the first table whose filter passes.
Result<void> BeginInTables(TableCache& tables, const LookupKey& key, Progress& progress) {
  while (const TableFile* const file = progress.behind.Next()) {
    QUIVER_ASSIGN_OR_RETURN(const Table* const table, tables.Find(file->slot, file->summary));
    if (!table->Begin(key, progress.place)) continue;
    progress.state = Progress::State::kInTable;
    progress.table = table;
    break;
  }
  return {};
}

Result<bool> FinishInTables(TableCache& tables, const LookupKey& key,
                            const PointLookupOptions& options, const Progress& progress,
                            TableAnswer& found) {
  const TableReadOptions read_options{.fill_cache = options.fill_cache};
  QUIVER_ASSIGN_OR_RETURN(const bool hit, progress.table->Finish(key, progress.place, read_options,
                                                                 options.want_pin, found));
  if (hit) return true;
  return NewestInTables(progress.behind, tables, key, options, found);
}

}  // namespace

Result<void> LookupGroupInView(const ReadView& view, TableCache& tables,
                               std::span<const LookupKey> keys, const PointLookupOptions& options,
                               std::span<GroupAnswer> answers) {
  QUIVER_DCHECK(keys.size() <= kLookupGroup && answers.size() == keys.size());
  using State = Progress::State;
  for (const LookupKey& key : keys) {
    PrefetchInMemtables(view, key, 0);
    PrefetchFilters(view, tables, key);
  }
  for (const LookupKey& key : keys) PrefetchInMemtables(view, key, 1);
  std::array<Progress, kLookupGroup> progress;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (NewestInMemtables(view, keys[i], options, answers[i].found)) {
      progress[i].state = State::kInMemtable;
      continue;
    }
    progress[i].behind = TableWalk(*view.version, keys[i].key);
    QUIVER_TRY(BeginInTables(tables, keys[i], progress[i]));
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (progress[i].state == State::kInTable) progress[i].table->Enter(keys[i], progress[i].place);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (progress[i].state == State::kInTable) {
      progress[i].table->Approach(keys[i], progress[i].place);
    }
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    bool any = progress[i].state == State::kInMemtable;
    if (progress[i].state == State::kInTable) {
      QUIVER_ASSIGN_OR_RETURN(
          any, FinishInTables(tables, keys[i], options, progress[i], answers[i].found));
    }
    if (!any) continue;
    QUIVER_ASSIGN_OR_RETURN(answers[i].is_live,
                            ResolveInView(view, tables, keys[i], options, answers[i].found));
  }
  return {};
}

}  // namespace quiver
