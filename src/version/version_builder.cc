#include "version/version_builder.h"

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace quiver {

namespace {

Error DoesNotFit(std::uint32_t level, RunNumber run, FileNumber table, std::string_view what) {
  return Error(ErrorCode::kInternal, "the edit does not fit the version: table " +
                                         std::to_string(table) + " in level " +
                                         std::to_string(level) + ", run " + std::to_string(run) +
                                         ": " + std::string(what));
}

Result<void> CheckPlace(std::uint32_t level, RunNumber run, FileNumber table) {
  if (level >= kLevelCountMax) return DoesNotFit(level, run, table, "there is no such level");
  if (run == 0) return DoesNotFit(level, run, table, "0 is the number of no run");
  return {};
}

// Where the run `number` stands, or would have to, in runs that go from new to old.
std::vector<SortedRun>::iterator FindRun(std::vector<SortedRun>& runs, RunNumber number) {
  return std::partition_point(runs.begin(), runs.end(),
                              [number](const SortedRun& run) { return run.number > number; });
}

}  // namespace

VersionBuilder::VersionBuilder(const Version& base)
    : levels_(base.levels()), base_range_deletes_(base.range_deletes()) {
  if (base_range_deletes_ != nullptr) range_deletes_ = base_range_deletes_->all();
  tables_.reserve(base.table_count());
  for (const Level& level : levels_) {
    for (const SortedRun& run : level.runs) {
      for (const TableFileRef& table : run.tables) tables_.emplace(table->summary.number, table);
    }
  }
}

Result<void> VersionBuilder::Apply(const VersionEdit& edit) {
  for (const auto& table : edit.removed) QUIVER_TRY(Remove(table));
  for (const auto& table : edit.added) QUIVER_TRY(Add(table));
  EndEdit();
  for (const auto& table : edit.cleaned) QUIVER_TRY(Clean(table));
  for (const auto& entry : edit.added_range_deletes) QUIVER_TRY(AddRangeDelete(entry.range));
  for (const auto& entry : edit.removed_range_deletes) QUIVER_TRY(RemoveRangeDelete(entry.range));
  return {};
}

Result<void> VersionBuilder::Remove(const VersionEdit::RemovedTable& table) {
  QUIVER_TRY(CheckPlace(table.level, table.run, table.number));
  const auto known = tables_.find(table.number);
  if (known == tables_.end()) {
    return DoesNotFit(table.level, table.run, table.number, "it is to go but is not there");
  }
  const auto absent = [&] {
    return DoesNotFit(table.level, table.run, table.number,
                      "it is to go from there but is not in it");
  };
  if (table.level >= levels_.size()) return absent();
  std::vector<SortedRun>& runs = levels_[table.level].runs;
  const auto run = FindRun(runs, table.run);
  if (run == runs.end() || run->number != table.run) return absent();
  const std::size_t index = run->FindTable(known->second->summary.smallest_key);
  if (index == run->tables.size() || run->tables[index] != known->second) return absent();
  run->tables.erase(run->tables.begin() + static_cast<std::ptrdiff_t>(index));
  // A run without tables stays until Build: the same edit may add to it.
  taken_out_.insert(tables_.extract(known));
  return {};
}

Result<void> VersionBuilder::Add(const VersionEdit::AddedTable& table) {
  const TableSummary& summary = table.summary;
  QUIVER_TRY(CheckPlace(table.level, table.run, summary.number));
  const auto refuse = [&](std::string_view what) {
    return DoesNotFit(table.level, table.run, summary.number, what);
  };
  if (tables_.contains(summary.number)) return refuse("it is to come but is there already");
  if (summary.smallest_key > summary.largest_key) return refuse("it ends before it begins");

  TableFileRef file;
  if (const auto moved = taken_out_.find(summary.number); moved != taken_out_.end()) {
    if (moved->second->summary != summary) return refuse("it is not the table that was taken out");
    file = moved->second;
  } else {
    auto fresh = std::make_shared<TableFile>();
    fresh->summary = summary;
    file = std::move(fresh);
  }

  if (table.level >= levels_.size()) levels_.resize(table.level + 1);
  std::vector<SortedRun>& runs = levels_[table.level].runs;
  auto run = FindRun(runs, table.run);
  if (run == runs.end() || run->number != table.run) {
    run = runs.insert(run, SortedRun{.number = table.run, .tables = {}});
  }
  // Whatever ends at or after the table's first key must begin behind its last.
  const std::size_t index = run->FindTable(summary.smallest_key);
  if (index < run->tables.size() &&
      run->tables[index]->summary.smallest_key <= summary.largest_key) {
    return refuse("it overlaps table " + std::to_string(run->tables[index]->summary.number));
  }
  run->tables.insert(run->tables.begin() + static_cast<std::ptrdiff_t>(index), file);
  tables_.emplace(summary.number, std::move(file));
  return {};
}

// A table that stays gets another TableFile, and loses its place in the table cache: only one that
// the edit itself adds is cleaned in practice.
Result<void> VersionBuilder::Clean(const VersionEdit::CleanedTable& cleaned) {
  const auto known = tables_.find(cleaned.number);
  if (known == tables_.end()) {
    return Error(ErrorCode::kInternal, "the edit does not fit the version: table " +
                                           std::to_string(cleaned.number) +
                                           " is cleaned but not there");
  }
  auto file = std::make_shared<TableFile>();
  file->summary = known->second->summary;
  file->cleaned_sequence = cleaned.sequence;
  for (Level& level : levels_) {
    for (SortedRun& run : level.runs) {
      const std::size_t index = run.FindTable(file->summary.smallest_key);
      if (index < run.tables.size() && run.tables[index] == known->second) {
        run.tables[index] = file;
      }
    }
  }
  known->second = std::move(file);
  return {};
}

Result<void> VersionBuilder::AddRangeDelete(const RangeDelete& range) {
  range_deletes_.push_back(range);
  range_deletes_changed_ = true;
  return {};
}

// Thousands may go at once, while writers wait: they are found by their sequences, and taken out
// together.
Result<void> VersionBuilder::RemoveRangeDelete(const RangeDelete& range) {
  for (; range_deletes_indexed_ < range_deletes_.size(); ++range_deletes_indexed_) {
    range_delete_places_.emplace(range_deletes_[range_deletes_indexed_].sequence,
                                 range_deletes_indexed_);
  }
  auto [found, end] = range_delete_places_.equal_range(range.sequence);
  while (found != end && range_deletes_[found->second] != range) ++found;
  if (found == end) {
    return Error(ErrorCode::kInternal, "the edit does not fit the version: range delete " +
                                           std::to_string(range.sequence) +
                                           " is to go but is not there");
  }
  removed_range_deletes_.push_back(found->second);
  range_delete_places_.erase(found);
  range_deletes_changed_ = true;
  return {};
}

std::vector<RangeDelete> VersionBuilder::RangeDeletesLeft() && {
  std::ranges::sort(removed_range_deletes_);
  std::vector<RangeDelete> left;
  left.reserve(range_deletes_.size() - removed_range_deletes_.size());
  auto removed = removed_range_deletes_.begin();
  for (std::size_t i = 0; i < range_deletes_.size(); ++i) {
    if (removed != removed_range_deletes_.end() && *removed == i) {
      ++removed;
    } else {
      left.push_back(std::move(range_deletes_[i]));
    }
  }
  return left;
}

VersionRef VersionBuilder::Build() && {
  for (Level& level : levels_) {
    std::erase_if(level.runs, [](const SortedRun& run) { return run.tables.empty(); });
  }
  while (!levels_.empty() && levels_.back().runs.empty()) levels_.pop_back();
  RangeDeletesRef range_deletes = base_range_deletes_;
  if (range_deletes_changed_) {
    std::vector<RangeDelete> left = std::move(*this).RangeDeletesLeft();
    range_deletes = left.empty() ? nullptr : std::make_shared<const RangeDeletes>(std::move(left));
  }
  return std::make_shared<const Version>(std::move(levels_), std::move(range_deletes));
}

}  // namespace quiver
