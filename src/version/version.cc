#include "version/version.h"

#include <algorithm>

#include "base/escape.h"
#include "base/try.h"
#include "metrics/human_text.h"

namespace quiver {

namespace {

const Level kEmptyLevel;

std::string TableText(const TableFile& table) {
  return "table " + std::to_string(table.summary.number);
}

std::string PlaceText(std::size_t level, const SortedRun& run) {
  return "level " + std::to_string(level) + ", run " + std::to_string(run.number);
}

Error Broken(std::string what) {
  return Error(ErrorCode::kInternal, "the version is not well formed: " + std::move(what));
}

Result<void> CheckRun(std::size_t level, const SortedRun& run) {
  if (run.number == 0) return Broken(PlaceText(level, run) + " has the number of no run");
  if (run.tables.empty()) return Broken(PlaceText(level, run) + " has no tables");
  for (std::size_t i = 0; i < run.tables.size(); ++i) {
    const TableSummary& table = run.tables[i]->summary;
    if (table.smallest_key > table.largest_key) {
      return Broken(PlaceText(level, run) + ": " + TableText(*run.tables[i]) +
                    " ends before it begins");
    }
    if (i != 0 && run.tables[i - 1]->summary.largest_key >= table.smallest_key) {
      return Broken(PlaceText(level, run) + ": " + TableText(*run.tables[i - 1]) + " and " +
                    TableText(*run.tables[i]) + " overlap or stand in the wrong order");
    }
  }
  return {};
}

// Whether `table` begins or ends with `key`, so that it certainly holds it.
bool HasBorder(const TableSummary& table, std::string_view key) {
  return table.smallest_key == key || table.largest_key == key;
}

// Invariant 3 for one border key of `newer`: a table of an older run that surely holds the key too
// must not hold newer entries only.
Result<void> CheckBorder(const TableFile& newer, std::string_view key, const SortedRun& older) {
  const std::size_t index = older.FindTable(key);
  if (index == older.tables.size()) return {};
  const TableFile& table = *older.tables[index];
  if (!HasBorder(table.summary, key)) return {};
  if (newer.summary.largest_sequence > table.summary.smallest_sequence) return {};
  return Broken("key " + EscapeBytes(key) + " is older in " + TableText(newer) +
                ", which is in a newer run, than in " + TableText(table));
}

Result<void> CheckAges(const SortedRun& newer, const SortedRun& older) {
  for (const TableFileRef& table : newer.tables) {
    QUIVER_TRY(CheckBorder(*table, table->summary.smallest_key, older));
    QUIVER_TRY(CheckBorder(*table, table->summary.largest_key, older));
  }
  return {};
}

void AppendRun(const SortedRun& run, std::string& text) {
  text += "  run " + std::to_string(run.number) + ": " + FormatCount(run.tables.size()) +
          " tables, " + FormatBytes(run.size_bytes()) + ", " + FormatCount(run.entry_count()) +
          " entries, [" + EscapeBytes(run.tables.front()->summary.smallest_key) + " .. " +
          EscapeBytes(run.tables.back()->summary.largest_key) + "]\n";
}

}  // namespace

std::uint64_t SortedRun::size_bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const TableFileRef& table : tables) sum += table->summary.size_bytes;
  return sum;
}

std::uint64_t SortedRun::entry_count() const noexcept {
  std::uint64_t sum = 0;
  for (const TableFileRef& table : tables) sum += table->summary.entry_count;
  return sum;
}

std::size_t SortedRun::FindTable(std::string_view key) const noexcept {
  const auto found = std::partition_point(
      tables.begin(), tables.end(),
      [key](const TableFileRef& table) { return table->summary.largest_key < key; });
  return static_cast<std::size_t>(found - tables.begin());
}

std::uint64_t Level::size_bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const SortedRun& run : runs) sum += run.size_bytes();
  return sum;
}

std::uint64_t Level::table_count() const noexcept {
  std::uint64_t sum = 0;
  for (const SortedRun& run : runs) sum += run.tables.size();
  return sum;
}

const Level& Version::level(std::uint32_t index) const noexcept {
  return index < levels_.size() ? levels_[index] : kEmptyLevel;
}

std::uint32_t Version::deepest_level() const noexcept {
  for (std::size_t index = levels_.size(); index-- > 1;) {
    if (!levels_[index].runs.empty()) return static_cast<std::uint32_t>(index);
  }
  return 0;
}

std::uint64_t Version::size_bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const Level& level : levels_) sum += level.size_bytes();
  return sum;
}

std::uint64_t Version::table_count() const noexcept {
  std::uint64_t sum = 0;
  for (const Level& level : levels_) sum += level.table_count();
  return sum;
}

std::uint64_t Version::entry_count() const noexcept {
  std::uint64_t sum = 0;
  for (const Level& level : levels_) {
    for (const SortedRun& run : level.runs) sum += run.entry_count();
  }
  return sum;
}

std::uint64_t Version::run_count() const noexcept {
  std::uint64_t sum = 0;
  for (const Level& level : levels_) sum += level.runs.size();
  return sum;
}

SequenceNumber Version::largest_sequence() const noexcept {
  SequenceNumber largest = 0;
  for (const Level& level : levels_) {
    for (const SortedRun& run : level.runs) {
      for (const TableFileRef& table : run.tables) {
        largest = std::max(largest, table->summary.largest_sequence);
      }
    }
  }
  return largest;
}

// What summaries alone can show of invariant 3 is checked: the keys at the borders of tables.
Result<void> Version::Validate() const {
  if (levels_.size() > kLevelCountMax) {
    return Broken("it has " + std::to_string(levels_.size()) + " levels, at most " +
                  std::to_string(kLevelCountMax) + " are possible");
  }
  std::vector<const SortedRun*> newest_first;
  for (std::size_t level = 0; level < levels_.size(); ++level) {
    const std::vector<SortedRun>& runs = levels_[level].runs;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      QUIVER_TRY(CheckRun(level, runs[i]));
      if (i != 0 && runs[i - 1].number <= runs[i].number) {
        return Broken(PlaceText(level, runs[i]) + " stands behind run " +
                      std::to_string(runs[i - 1].number) + ", which is not newer");
      }
      newest_first.push_back(&runs[i]);
    }
  }
  for (std::size_t newer = 0; newer < newest_first.size(); ++newer) {
    for (std::size_t older = newer + 1; older < newest_first.size(); ++older) {
      QUIVER_TRY(CheckAges(*newest_first[newer], *newest_first[older]));
    }
  }
  return {};
}

std::string Version::Describe() const {
  std::string text;
  for (std::size_t index = 0; index < levels_.size(); ++index) {
    const Level& level = levels_[index];
    if (level.runs.empty()) continue;
    text += "level " + std::to_string(index) + ": " + FormatCount(level.runs.size()) + " runs, " +
            FormatCount(level.table_count()) + " tables, " + FormatBytes(level.size_bytes()) + "\n";
    for (const SortedRun& run : level.runs) AppendRun(run, text);
  }
  if (text.empty()) text = "no tables\n";
  return text;
}

std::vector<RangeDelete> Version::UnneededRangeDeletes() const {
  if (range_deletes_ == nullptr) return {};
  const auto needs = [](const SortedRun& run, const RangeDelete& range) {
    for (std::size_t i = run.FindTable(range.begin); i < run.tables.size(); ++i) {
      const TableFile& table = *run.tables[i];
      if (table.summary.smallest_key >= range.end) break;
      if (table.IsUnder(range)) return true;
    }
    return false;
  };
  std::vector<RangeDelete> unneeded;
  for (const std::vector<RangeDelete> all = range_deletes_->all(); const RangeDelete& range : all) {
    const bool needed = std::ranges::any_of(levels_, [&](const Level& level) {
      return std::ranges::any_of(level.runs,
                                 [&](const SortedRun& run) { return needs(run, range); });
    });
    if (!needed) unneeded.push_back(range);
  }
  return unneeded;
}

}  // namespace quiver
