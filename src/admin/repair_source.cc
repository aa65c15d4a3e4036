#include "admin/repair_source.h"

#include <algorithm>
#include <utility>

#include "base/batch_codec.h"
#include "base/try.h"
#include "io/posix_error.h"
#include "iterator/merging_iterator.h"
#include "sstable/table_owner.h"

namespace quiver {

namespace {

constexpr std::uint32_t kReadAheadBytes = 1U << 20;
constexpr std::uint32_t kLogHashBuckets = 1U << 10;

// An error that is to end the repair is passed on; any other is for the caller to make a loss of.
Result<void> PassOnRefusal(const Error& error) {
  if (io::IsRefusedToProcess(error)) return error;
  return {};
}

}  // namespace

Result<void> RepairSource::Read() {
  QUIVER_ASSIGN_OR_RETURN(const auto entries, directory_.List());
  keyspaces_[kDefaultKeyspaceId].name = kDefaultKeyspaceName;
  const auto versions = VersionSet::Open(directory_);
  if (versions) {
    has_manifest_ = true;
    id_ = (*versions)->database_id();
    first_segment_ = (*versions)->state().first_log_segment;
    QUIVER_TRY(TakeCatalog(*(*versions)->catalog(), (*versions)->state().flushed_sequence));
  } else {
    QUIVER_TRY(PassOnRefusal(versions.error()));
    lost_.push_back("the manifest cannot be used (" + versions.error().ToString() +
                    "): every table file is read; keys deleted since may come back, and merge "
                    "operands that a compaction had folded may count twice");
    QUIVER_TRY(ReadDirectoryWithoutManifest(entries));
    QUIVER_TRY(EstimateFlushed());
  }
  QUIVER_TRY(ReadLog());
  NameKeyspaces();
  return {};
}

Result<void> RepairSource::TakeCatalog(const Catalog& catalog, SequenceNumber flushed_sequence) {
  next_keyspace_id_ = catalog.next_id();
  for (const KeyspaceRecord& record : catalog.keyspaces()) {
    RescuedKeyspace& keyspace = keyspaces_[record.id];
    keyspace.name = record.name;
    keyspace.settings = record.settings;
    keyspace.flushed_sequence = std::max(record.flushed_sequence, flushed_sequence);
    if (record.version->range_deletes() != nullptr) {
      keyspace.range_deletes = record.version->range_deletes()->all();
    }
    for (const Level& level : record.version->levels()) {
      for (const SortedRun& run : level.runs) {
        for (const TableFileRef& table : run.tables) {
          QUIVER_TRY(OpenTable(table->summary, record.id, table->summary.size_bytes));
        }
      }
    }
  }
  return {};
}

Result<void> RepairSource::ReadDirectoryWithoutManifest(
    const std::vector<io::DirectoryEntry>& entries) {
  bool found_id = false;
  const auto take_id = [&](const Result<DatabaseId>& owner) -> Result<void> {
    if (!owner) return PassOnRefusal(owner.error());
    if (!found_id) id_ = *owner;
    found_id = true;
    return {};
  };
  for (const io::DirectoryEntry& entry : entries) {
    const ParsedName parsed = ParseFileName(entry.name);
    if (parsed.kind == FileKind::kTable) {
      QUIVER_TRY(take_id(ReadTableOwner(directory_, parsed.number)));
    } else if (parsed.kind == FileKind::kLogSegment) {
      QUIVER_TRY(take_id(wal::ReadSegmentOwner(directory_, entry.name)));
    }
  }
  if (!found_id) {
    return Error(ErrorCode::kNotFound,
                 "holds no table and no log segment that names its database: nothing to repair",
                 directory_.path().string());
  }
  for (const io::DirectoryEntry& entry : entries) {
    if (ParseFileName(entry.name).kind != FileKind::kManifest) continue;
    QUIVER_TRY(ReadManifestRecords(entry.name));
  }
  for (const io::DirectoryEntry& entry : entries) {
    const ParsedName parsed = ParseFileName(entry.name);
    if (parsed.kind != FileKind::kTable) continue;
    TableSummary expected;
    expected.number = parsed.number;
    QUIVER_TRY(OpenTable(expected, std::nullopt, entry.size_bytes));
  }
  return {};
}

// What a record says of keyspaces and range deletes stays true whatever the records around it said:
// ids are never used twice, and a range delete hides what is older for good.
Result<void> RepairSource::ReadManifestRecords(const std::string& name) {
  const Result<DatabaseId> owner = ReadManifestOwner(directory_, name);
  if (!owner) return PassOnRefusal(owner.error());
  if (*owner != id_) return {};
  const auto walked = WalkManifest(directory_, name, [&](const ManifestRecord& record) {
    if (!record.damage.empty()) return true;
    for (const auto& recorded : record.edit.keyspaces) {
      keyspaces_[recorded.id].name = recorded.name;
      keyspaces_[recorded.id].settings = recorded.settings;
    }
    dropped_.insert(record.edit.dropped_keyspaces.begin(), record.edit.dropped_keyspaces.end());
    for (const auto& added : record.edit.added_range_deletes) {
      keyspaces_[added.keyspace].range_deletes.push_back(added.range);
    }
    return true;
  });
  if (!walked) {
    QUIVER_TRY(PassOnRefusal(walked.error()));
    lost_.push_back(name + ": " + walked.error().ToString());
  }
  for (const std::uint32_t id : dropped_) keyspaces_.erase(id);
  return {};
}

Result<void> RepairSource::OpenTable(const TableSummary& expected,
                                     std::optional<std::uint32_t> keyspace,
                                     std::uint64_t size_bytes) {
  table_bytes_ += size_bytes;
  TableContext context;
  context.directory = &directory_;
  context.database_id = id_;
  auto table = Table::Open(context, expected);
  if (!table) {
    QUIVER_TRY(PassOnRefusal(table.error()));
    lost_.push_back(TableName(expected.number) +
                    (keyspace ? " (" + std::to_string(expected.entry_count) + " entries)" : "") +
                    ": " + table.error().ToString());
    return {};
  }
  const std::uint32_t id = keyspace.value_or((*table)->keyspace());
  if (!dropped_.contains(id)) keyspaces_[id].tables.push_back(*std::move(table));
  return {};
}

wal::RecoveryOptions RepairSource::LogOptions() const {
  wal::RecoveryOptions options;
  options.directory = &directory_;
  options.database_id = id_;
  options.mode = WalRecoveryMode::kSkipAnyCorrupt;
  options.first_segment = first_segment_;
  return options;
}

// Without a manifest: memtables are flushed in their order, so what the log says of a keyspace up
// to the newest of its entries that stands in a table is in tables. The number of an ingest says
// nothing of that: it stands in no frame, is ahead of what was logged before, and may come beside
// memtables that were never flushed.
Result<void> RepairSource::EstimateFlushed() {
  std::map<SequenceNumber, SequenceNumber> logged;  // last of each batch -> its first
  const auto read =
      wal::RecoverLog(LogOptions(), [&](const wal::RecoveredBatch& batch) -> Result<void> {
        logged.emplace(batch.first_sequence + batch.entry_count - 1, batch.first_sequence);
        return {};
      });
  if (!read) return PassOnRefusal(read.error());
  if (logged.empty()) return {};
  const auto is_logged = [&](SequenceNumber sequence) {
    const auto batch = logged.lower_bound(sequence);
    return batch != logged.end() && batch->second <= sequence;
  };
  for (auto& [id, keyspace] : keyspaces_) {
    for (const auto& table : keyspace.tables) {
      const SequenceNumber largest = table->summary().largest_sequence;
      if (is_logged(largest)) {
        keyspace.flushed_sequence = std::max(keyspace.flushed_sequence, largest);
      } else if (largest > logged.begin()->second) {
        const auto entries = table->NewIterator({.fill_cache = false});
        for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
          const SequenceNumber sequence = entries->entry().sequence;
          if (sequence <= keyspace.flushed_sequence || !is_logged(sequence)) continue;
          keyspace.flushed_sequence = sequence;
        }
      }
    }
  }
  return {};
}

Result<void> RepairSource::ReadLog() {
  const auto result =
      wal::RecoverLog(LogOptions(), [&](const wal::RecoveredBatch& batch) -> Result<void> {
        BatchReader reader(batch.encoded);
        BatchEntry entry;
        for (SequenceNumber sequence = batch.first_sequence; reader.Next(entry); ++sequence) {
          TakeLogEntry(entry, sequence);
        }
        return {};
      });
  if (!result) {
    QUIVER_TRY(PassOnRefusal(result.error()));
    lost_.push_back("the log: " + result.error().ToString());
    return {};
  }
  segments_read_ = result->segments;
  lost_.insert(lost_.end(), result->losses.begin(), result->losses.end());
  lost_.insert(lost_.end(), result->notes.begin(), result->notes.end());
  return {};
}

void RepairSource::TakeLogEntry(const BatchEntry& entry, SequenceNumber sequence) {
  const bool known = keyspaces_.contains(entry.keyspace);
  if (!known && has_manifest_ && entry.keyspace < next_keyspace_id_) return;  // it was dropped
  if (dropped_.contains(entry.keyspace)) return;
  RescuedKeyspace& keyspace = keyspaces_[entry.keyspace];
  if (entry.operation == Operation::kRangeDelete) {
    if (entry.key < entry.value) {
      keyspace.range_deletes.push_back(
          {std::string(entry.key), std::string(entry.value), sequence});
    }
    return;
  }
  // A flushed put may replace one that a damaged table has lost; a flushed operand may be folded
  // into another entry already and would count twice.
  if (entry.operation == Operation::kMerge && sequence <= keyspace.flushed_sequence) return;
  if (keyspace.log == nullptr) {
    keyspace.log = NewMemtable(MemtableKind::kSkiplist, {nullptr, &epochs_, kLogHashBuckets});
  }
  keyspace.log->Add({entry.key, entry.value, sequence, entry.operation, entry.expiry_us});
}

// A name may be lost, and found twice where a keyspace was dropped and made again and the record of
// the drop is lost: the newest keeps it.
void RepairSource::NameKeyspaces() {
  std::set<std::string> taken;
  for (auto place = keyspaces_.rbegin(); place != keyspaces_.rend(); ++place) {
    auto& [id, keyspace] = *place;
    keyspace.id = id;
    const bool unnamed = keyspace.name.empty();
    if (unnamed) keyspace.name = "keyspace-" + std::to_string(id);
    const std::string wanted = keyspace.name;
    while (!taken.insert(keyspace.name).second) keyspace.name += "-" + std::to_string(id);
    if (unnamed) {
      lost_.push_back("name and settings of keyspace " + std::to_string(id) + ": it is called " +
                      keyspace.name + " and has the settings of the database");
    } else if (keyspace.name != wanted) {
      lost_.push_back("which of the keyspaces called " + wanted + " was dropped: the older one, " +
                      std::to_string(id) + ", is called " + keyspace.name);
    }
  }
}

std::unique_ptr<InternalIterator> RepairSource::NewIterator(const RescuedKeyspace& keyspace) {
  std::vector<std::unique_ptr<InternalIterator>> children;
  for (const auto& table : keyspace.tables) {
    TableReadOptions options;
    options.fill_cache = false;
    options.read_ahead_bytes = kReadAheadBytes;
    const std::string name = TableName(table->summary().number);
    options.on_damage = [this, name](std::uint64_t offset, const std::string& what) {
      std::string loss = name + ", offset " + std::to_string(offset) + ": " + what;
      if (std::ranges::find(lost_, loss) == lost_.end()) lost_.push_back(std::move(loss));
    };
    children.push_back(table->NewIterator(options));
  }
  if (keyspace.log != nullptr) children.push_back(keyspace.log->NewIterator());
  return NewMergingIterator(std::move(children));
}

}  // namespace quiver
