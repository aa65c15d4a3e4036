#include "db/newer_versions.h"

#include <algorithm>
#include <memory>

#include "base/try.h"
#include "db/range_delete_view.h"

namespace quiver {

namespace {

/// Calls `look` with each memtable that has entries above `since`, newest first, until it is true.
template <typename Look>
bool AnyNewerMemtable(const ReadView& view, SequenceNumber since, const Look& look) {
  if (view.active->largest_sequence() > since && look(*view.active)) return true;
  return std::ranges::any_of(view.immutables, [&](const MemtableRef& memtable) {
    return memtable->largest_sequence() > since && look(*memtable);
  });
}

/// The first key of `interval` with an entry above `since`, or nullopt.
Result<std::optional<std::string>> FindNewer(InternalIterator& entries, const KeyInterval& interval,
                                             SequenceNumber since) {
  entries.Seek(interval.begin, kSequenceMax);
  while (entries.Valid() && (!interval.end || entries.entry().key < *interval.end)) {
    if (entries.entry().sequence > since) return std::optional(std::string(entries.entry().key));
    if (EntrySpan span = entries.Span(); span.rows() > 0 && span.columns->max_sequence <= since) {
      entries.Skip(span.rows());
    } else {
      entries.Next();
    }
  }
  QUIVER_TRY(entries.status());
  return std::optional<std::string>();
}

std::optional<std::string> NewerRangeDelete(const RangeDeletes* ranges, const KeyInterval& interval,
                                            SequenceNumber since) {
  if (ranges == nullptr || ranges->largest_sequence() <= since) return std::nullopt;
  for (const RangeDelete& range : ranges->all()) {
    const std::string_view begin = std::max(std::string_view(range.begin), interval.begin);
    const bool meets = begin < range.end && (!interval.end || begin < *interval.end);
    if (range.sequence > since && meets) return std::string(begin);
  }
  return std::nullopt;
}

std::optional<std::string> NewerRangeDelete(const ReadView& view, const KeyInterval& interval,
                                            SequenceNumber since) {
  auto found = NewerRangeDelete(view.active->range_deletes(), interval, since);
  for (std::size_t i = 0; !found && i < view.immutables.size(); ++i) {
    found = NewerRangeDelete(view.immutables[i]->range_deletes(), interval, since);
  }
  return found ? found : NewerRangeDelete(view.version->range_deletes().get(), interval, since);
}

}  // namespace

Result<bool> HasNewerVersion(const ReadView& view, TableCache& tables, std::string_view key,
                             SequenceNumber since) {
  if (NewestRangeDelete(view, key, kSequenceMax) > since) return true;
  const LookupKey newest(key, kSequenceMax);
  LookupAnswer answer;
  const bool in_memory = AnyNewerMemtable(view, since, [&](const MemtableHandle& memtable) {
    return memtable.table().Get(newest, answer) && answer.sequence > since;
  });
  if (in_memory) return true;
  for (const Level& level : view.version->levels()) {
    for (const SortedRun& run : level.runs) {
      const std::size_t index = run.FindTable(key);
      if (index == run.tables.size()) continue;
      const TableFile& file = *run.tables[index];
      if (file.summary.largest_sequence <= since || key < file.summary.smallest_key) continue;
      QUIVER_ASSIGN_OR_RETURN(const Table* table, tables.Find(file.slot, file.summary));
      TableAnswer found;
      QUIVER_ASSIGN_OR_RETURN(const bool hit, table->Get(newest, {}, /*want_pin=*/false, found));
      if (hit && found.answer.sequence > since) return true;
    }
  }
  return false;
}

Result<std::optional<std::string>> NewerVersionInRange(const ReadView& view, TableCache& tables,
                                                       const KeyInterval& interval,
                                                       SequenceNumber since) {
  if (auto found = NewerRangeDelete(view, interval, since)) return found;
  Result<std::optional<std::string>> found;
  (void)AnyNewerMemtable(view, since, [&](const MemtableHandle& memtable) {
    found = FindNewer(*memtable.table().NewIterator(), interval, since);
    return !found || *found;
  });
  if (!found || *found) return found;
  for (const Level& level : view.version->levels()) {
    for (const SortedRun& run : level.runs) {
      for (std::size_t i = run.FindTable(interval.begin); i < run.tables.size(); ++i) {
        const TableFile& file = *run.tables[i];
        if (interval.end && file.summary.smallest_key >= *interval.end) break;
        if (file.summary.largest_sequence <= since) continue;
        QUIVER_ASSIGN_OR_RETURN(const auto table, tables.Pin(file.slot, file.summary));
        found = FindNewer(*table->NewIterator({}), interval, since);
        if (!found || *found) return found;
      }
    }
  }
  return found;
}

}  // namespace quiver
