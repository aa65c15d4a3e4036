// SimulatedTree: a tree of made-up tables, for tests of strategies. Tables hold small integer keys
// in memory; plans are carried out exactly, edits go through VersionBuilder, and a model of all
// writes says what the tree must hold. No files, no threads: thousands of plans a second.
//
// Thread safety: one thread at a time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "compaction/compaction_strategy.h"
#include "version/version_builder.h"

namespace quiver::testing {

/// Keys of equal length sort like their numbers.
inline std::string SimulatedKey(std::uint32_t key) {
  std::string text(9, '\0');
  std::snprintf(text.data(), text.size(), "%08u", key);
  text.resize(8);
  return text;
}

struct SimulatedEntry {
  std::uint32_t key;
  SequenceNumber sequence;
  bool is_delete;
};

class SimulatedTree {
 public:
  static constexpr std::uint64_t kEntryBytes = 100;

  explicit SimulatedTree(const DatabaseConfig& config)
      : table_entries_(std::max<std::uint64_t>(config.table_size_bytes / kEntryBytes, 1)),
        version_(std::make_shared<const Version>(std::vector<Level>())) {}

  /// Writes each key (a delete where `is_delete` says so) and flushes them as one run.
  template <typename IsDelete>
  void Flush(const std::vector<std::uint32_t>& keys, const IsDelete& is_delete) {
    std::map<std::uint32_t, SimulatedEntry> memtable;
    for (const std::uint32_t key : keys) {
      const SimulatedEntry entry{key, ++sequence_, is_delete(key)};
      memtable[key] = entry;
      model_[key] = entry;
    }
    std::vector<SimulatedEntry> entries;
    for (const auto& [key, entry] : memtable) entries.push_back(entry);
    VersionEdit edit;
    AddTables(entries, 0, next_run_++, entries.size(), edit);
    flushed_bytes_ += entries.size() * kEntryBytes;
    QUIVER_CHECK(Apply(edit).ok());
  }

  /// A plan on its way: what it will change, to be applied later.
  struct Job {
    CompactionPlan plan;
    VersionEdit edit;
  };
  Job Run(CompactionPlan plan) {
    Job job{std::move(plan), {}};
    const RunNumber run = job.plan.output_run != 0 ? job.plan.output_run : next_run_++;
    std::map<std::uint32_t, SimulatedEntry> newest;
    for (const CompactionInput& input : job.plan.inputs) {
      for (const TableFileRef& table : input.tables) {
        job.edit.removed.push_back({0, input.level, input.run, table->summary.number});
        if (job.plan.action == CompactionAction::kMove) {
          job.edit.added.push_back({0, job.plan.output_level, run, table->summary});
        }
        for (const SimulatedEntry& entry : contents_.at(table->summary.number)) {
          SimulatedEntry& kept = newest.try_emplace(entry.key, entry).first->second;
          if (entry.sequence > kept.sequence) kept = entry;
        }
      }
    }
    if (job.plan.action == CompactionAction::kDrop) {
      for (const auto& [key, entry] : newest) Forget(entry);
    }
    if (job.plan.action != CompactionAction::kMerge) return job;
    std::vector<SimulatedEntry> survivors;
    for (const auto& [key, entry] : newest) {
      if (!(entry.is_delete && job.plan.is_bottom)) survivors.push_back(entry);
    }
    merged_bytes_ += survivors.size() * kEntryBytes;
    AddTables(survivors, job.plan.output_level, run, table_entries_, job.edit);
    return job;
  }

  Result<void> Apply(const VersionEdit& edit) {
    VersionBuilder builder(*version_);
    if (auto applied = builder.Apply(edit); !applied) return applied;
    version_ = std::move(builder).Build();
    return version_->Validate();
  }

  /// What a reader finds differs from the model, or a key is older in a newer run: says where.
  std::string CheckContents() const {
    std::map<std::uint32_t, SimulatedEntry> found;
    for (const Level& level : version_->levels()) {
      for (const SortedRun& run : level.runs) {
        for (const TableFileRef& table : run.tables) {
          for (const SimulatedEntry& entry : contents_.at(table->summary.number)) {
            const auto [newer, is_first] = found.try_emplace(entry.key, entry);
            if (!is_first && newer->second.sequence <= entry.sequence) {
              return "key " + std::to_string(entry.key) + " is newer in an older run";
            }
          }
        }
      }
    }
    for (const auto& [key, entry] : model_) {
      const auto at = found.find(key);
      const bool is_gone = at == found.end();
      if (is_gone && !entry.is_delete) return "key " + std::to_string(key) + " is lost";
      if (!is_gone && at->second.sequence != entry.sequence) {
        return "key " + std::to_string(key) + " has an old value";
      }
    }
    return {};
  }

  const VersionRef& version() const { return version_; }
  std::uint64_t flushed_bytes() const { return flushed_bytes_; }
  std::uint64_t live_keys() const {
    return static_cast<std::uint64_t>(std::count_if(
        model_.begin(), model_.end(), [](const auto& item) { return !item.second.is_delete; }));
  }
  /// Bytes written by flushes and merges for each byte flushed.
  double write_amplification() const {
    return static_cast<double>(flushed_bytes_ + merged_bytes_) /
           static_cast<double>(std::max<std::uint64_t>(flushed_bytes_, 1));
  }
  double space_amplification() const {
    return static_cast<double>(version_->entry_count()) /
           static_cast<double>(std::max<std::uint64_t>(live_keys(), 1));
  }
  void set_now_s(std::uint64_t now_s) { now_s_ = now_s; }

 private:
  // A dropped version may be the one that the model knows.
  void Forget(const SimulatedEntry& entry) {
    const auto at = model_.find(entry.key);
    if (at != model_.end() && at->second.sequence == entry.sequence) model_.erase(at);
  }

  void AddTables(const std::vector<SimulatedEntry>& entries, std::uint32_t level, RunNumber run,
                 std::size_t table_entries, VersionEdit& edit) {
    for (std::size_t first = 0; first < entries.size(); first += table_entries) {
      const std::size_t last = std::min(entries.size(), first + table_entries);
      const std::vector<SimulatedEntry> part(entries.begin() + static_cast<std::ptrdiff_t>(first),
                                             entries.begin() + static_cast<std::ptrdiff_t>(last));
      TableSummary summary;
      summary.number = next_file_++;
      summary.size_bytes = part.size() * kEntryBytes;
      summary.entry_count = part.size();
      summary.created_s = now_s_;
      summary.smallest_sequence = kSequenceMax;
      for (const SimulatedEntry& entry : part) {
        summary.delete_count += entry.is_delete ? 1 : 0;
        summary.smallest_sequence = std::min(summary.smallest_sequence, entry.sequence);
        summary.largest_sequence = std::max(summary.largest_sequence, entry.sequence);
      }
      summary.smallest_key = SimulatedKey(part.front().key);
      summary.largest_key = SimulatedKey(part.back().key);
      contents_[summary.number] = part;
      edit.added.push_back({0, level, run, std::move(summary)});
    }
  }

  const std::size_t table_entries_;
  VersionRef version_;
  std::map<FileNumber, std::vector<SimulatedEntry>> contents_;
  std::map<std::uint32_t, SimulatedEntry> model_;
  SequenceNumber sequence_ = 0;
  FileNumber next_file_ = 1;
  RunNumber next_run_ = 1;
  std::uint64_t now_s_ = 1000;
  std::uint64_t flushed_bytes_ = 0;
  std::uint64_t merged_bytes_ = 0;
};

}  // namespace quiver::testing
