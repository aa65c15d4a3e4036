// JobHarness: a database's tables without the database, for tests of jobs: a VersionSet, a table
// cache and a JobContext over a fault-injecting file system in memory, and a model of all writes.
//
// Thread safety: one thread at a time.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "compaction/compaction_job.h"
#include "io/fault_file_system.h"
#include "io/manual_clock.h"
#include "io/memory_file_system.h"
#include "iterator/merging_iterator.h"
#include "iterator/vector_iterator.h"
#include "metrics/engine_metrics.h"
#include "version/level_iterator.h"
#include "version/version_set.h"

namespace quiver::testing {

class JobHarness {
 public:
  static constexpr DatabaseId kId{7, 8};

  explicit JobHarness(const DatabaseConfig& config) : config_(config) {
    directory_ = *files_.OpenDirectory("/db", true);
    versions_ = *VersionSet::Create(*directory_, kId);
    TableContext tables{.directory = directory_.get(),
                        .database_id = kId,
                        .cache = nullptr,
                        .ledger = nullptr,
                        .metrics = &metrics_};
    cache_ = std::make_unique<TableCache>(tables, epochs_, config.open_files_max);
    context_.directory = directory_.get();
    context_.clock = &clock_;
    context_.table_cache = cache_.get();
    context_.epochs = &epochs_;
    context_.ledger = &ledger_;
    context_.metrics = &metrics_;
    context_.config = &config_;
    context_.database_id = kId;
    context_.new_file_number = [this] { return versions_->NewFileNumber(); };
    context_.new_run_number = [this] { return versions_->NewRunNumber(); };
    context_.cancelled = &cancelled_;
  }

  /// Puts or deletes in the memtable and the model.
  void Write(const std::string& key, const std::string& value, bool is_delete) {
    const OwnedEntry entry{key, is_delete ? "" : value, ++sequence_,
                           is_delete ? Operation::kDelete : Operation::kPut, 0};
    memtable_.push_back(entry);
    model_[{key, sequence_}] = entry;
  }
  SequenceNumber TakeSnapshot() {
    snapshots_.push_back(sequence_);
    return sequence_;
  }
  void DropSnapshot(std::size_t index) {
    snapshots_.erase(snapshots_.begin() + static_cast<std::ptrdiff_t>(index));
  }
  const SnapshotList& snapshots() const { return snapshots_; }
  /// As a job gets them: the present last.
  SnapshotList Readers() const {
    SnapshotList readers = snapshots_;
    if (readers.empty() || readers.back() != sequence_) readers.push_back(sequence_);
    return readers;
  }

  Result<JobResult> Flush() {
    auto result = RunFlush(context_, NewVectorIterator(memtable_), Readers());
    if (!result) return result;
    if (auto applied = versions_->Apply(result->edit); !applied) return applied.error();
    memtable_.clear();
    return result;
  }
  Result<JobResult> Compact(const CompactionPlan& plan) {
    const VersionRef version = versions_->current();
    auto result = RunCompaction(context_, *version, plan, Readers());
    if (!result) return result;
    if (auto applied = versions_->Apply(result->edit); !applied) return applied.error();
    RemoveFiles(result->edit);
    return result;
  }

  /// All live keys that a reader at `sequence` finds in the tables.
  Result<std::map<std::string, std::string>> ReadAt(SequenceNumber sequence) {
    const VersionRef version = versions_->current();
    std::vector<std::unique_ptr<InternalIterator>> children;
    for (const Level& level : version->levels()) {
      for (const SortedRun& run : level.runs) {
        children.push_back(NewLevelIterator(run, *cache_, {.fill_cache = false}));
      }
    }
    const auto merged = NewMergingIterator(std::move(children));
    std::map<std::string, std::string> found;
    std::string key;
    bool has_key = false;
    for (merged->SeekToFirst(); merged->Valid(); merged->Next()) {
      const EntryView& entry = merged->entry();
      if (entry.sequence > sequence || (has_key && key == entry.key)) continue;
      key = entry.key;
      has_key = true;
      if (entry.operation == Operation::kPut) found[key] = entry.value;
    }
    if (auto status = merged->status(); !status) return status.error();
    return found;
  }
  std::map<std::string, std::string> ModelAt(SequenceNumber sequence) const {
    std::map<std::string, std::string> found;
    for (const auto& [place, entry] : model_) {
      if (place.second > sequence) continue;
      if (entry.operation == Operation::kPut) {
        found[entry.key] = entry.value;
      } else {
        found.erase(entry.key);
      }
    }
    return found;
  }

  std::vector<std::string> TableNames() {
    std::vector<std::string> names;
    const std::vector<io::DirectoryEntry> entries = *directory_->List();
    for (const io::DirectoryEntry& entry : entries) {
      if (ParseFileName(entry.name).kind == FileKind::kTable) names.push_back(entry.name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  io::MemoryFileSystem& disk() { return disk_; }
  io::FaultFileSystem& files() { return files_; }
  VersionSet& versions() { return *versions_; }
  TableCache& cache() { return *cache_; }
  JobContext& context() { return context_; }
  MemoryLedger& ledger() { return ledger_; }
  EngineMetrics& metrics() { return metrics_; }
  io::ManualClock& clock() { return clock_; }
  std::atomic<bool>& cancelled() { return cancelled_; }
  SequenceNumber sequence() const { return sequence_; }
  const DatabaseConfig& config() const { return config_; }

 private:
  void RemoveFiles(const VersionEdit& edit) {
    for (const auto& removed : edit.removed) {
      bool is_moved = false;
      for (const auto& added : edit.added) is_moved |= added.summary.number == removed.number;
      if (!is_moved) QUIVER_CHECK(directory_->Remove(TableName(removed.number)).ok());
    }
  }

  const DatabaseConfig config_;
  io::MemoryFileSystem disk_;
  io::FaultFileSystem files_{disk_};
  std::unique_ptr<io::Directory> directory_;
  io::ManualClock clock_;
  EpochManager epochs_;
  MemoryLedger ledger_{std::uint64_t{1} << 30};
  EngineMetrics metrics_;
  std::atomic<bool> cancelled_{false};
  std::unique_ptr<VersionSet> versions_;
  std::unique_ptr<TableCache> cache_;
  JobContext context_;

  std::vector<OwnedEntry> memtable_;
  std::map<std::pair<std::string, SequenceNumber>, OwnedEntry> model_;
  SnapshotList snapshots_;
  SequenceNumber sequence_ = 0;
};

}  // namespace quiver::testing
