#include "compaction/dead_tables.h"

#include <algorithm>

namespace quiver {

namespace {

// Every key hidden by a range delete, with no reader between the table and the newest of them.
bool IsCovered(const TableSummary& table, const Retention& retention) {
  if (retention.range_deletes == nullptr) return false;
  const SequenceNumber present =
      retention.snapshots.empty() ? kSequenceMax : retention.snapshots.back();
  const RangeDeletes::Cover cover =
      retention.range_deletes->CoveringAll(table.smallest_key, table.largest_key, present);
  if (cover.oldest <= table.largest_sequence) return false;
  return std::ranges::none_of(retention.snapshots, [&](SequenceNumber reader) {
    return reader >= table.smallest_sequence && reader < cover.newest;
  });
}

bool HasExpired(const TableSummary& table, const Retention& retention) {
  return table.expiry_us_min != 0 && table.expiry_us_max <= retention.expired_until_us &&
         (retention.snapshots.empty() || table.largest_sequence <= retention.snapshots.back());
}

bool OverlapsOlder(const Version& version, std::uint32_t level, RunNumber run,
                   const TableSummary& table) {
  for (std::uint32_t below = level; below < version.levels().size(); ++below) {
    for (const SortedRun& older : version.level(below).runs) {
      if (below == level && older.number >= run) continue;
      const std::size_t index = older.FindTable(table.smallest_key);
      if (index < older.tables.size() &&
          older.tables[index]->summary.smallest_key <= table.largest_key) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

std::optional<CompactionPlan> PickDead(const Version& version, const Retention& retention,
                                       const std::set<FileNumber>& busy) {
  CompactionPlan covered{.action = CompactionAction::kDrop,
                         .drops_hidden = true,
                         .reason = "every entry lies in a deleted range"};
  CompactionPlan expired{.action = CompactionAction::kDrop, .reason = "every entry has expired"};
  for (std::uint32_t number = 0; number < version.levels().size(); ++number) {
    for (const SortedRun& run : version.level(number).runs) {
      CompactionInput in_range{.level = number, .run = run.number, .tables = {}};
      CompactionInput over_time = in_range;
      for (const TableFileRef& table : run.tables) {
        const TableSummary& summary = table->summary;
        if (busy.contains(summary.number)) continue;
        if (IsCovered(summary, retention)) {
          in_range.tables.push_back(table);
        } else if (HasExpired(summary, retention) &&
                   !OverlapsOlder(version, number, run.number, summary)) {
          over_time.tables.push_back(table);
        }
      }
      if (!in_range.tables.empty()) covered.inputs.push_back(std::move(in_range));
      if (!over_time.tables.empty()) expired.inputs.push_back(std::move(over_time));
    }
  }
  if (!covered.inputs.empty()) return covered;
  if (!expired.inputs.empty()) return expired;
  return std::nullopt;
}

}  // namespace quiver
