// RepairDatabase: builds a new database from whatever of an old one can still be read.
//
// All readable tables and the log are merged in entry order; of each key the newest version that is
// a put goes into the new database. The tables are those of the manifest or, if it cannot be read,
// every table file of the directory: then tables that a compaction had already replaced may bring
// deleted keys back, and the report says so.
#include <algorithm>
#include <map>
#include <utility>

#include "admin/callback_guard.h"
#include "base/batch_codec.h"
#include "base/try.h"
#include "db/stored_config.h"
#include "iterator/merging_iterator.h"
#include "memtable/memtable.h"
#include "quiver/admin.h"
#include "sstable/table.h"
#include "sstable/table_owner.h"
#include "version/version_set.h"
#include "wal/wal_recovery.h"

namespace quiver {

namespace {

constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr std::uint32_t kReadAheadBytes = 1U << 20;

class Salvage {
 public:
  Salvage(std::unique_ptr<io::Directory> directory, const ProgressCallback& progress)
      : directory_(std::move(directory)), progress_(progress) {}

  Result<RepairReport> Run(const std::filesystem::path& destination) {
    QUIVER_TRY(FindParts());
    QUIVER_ASSIGN_OR_RETURN(auto database, CreateDestination(destination));
    QUIVER_TRY(ReadLog());
    QUIVER_TRY(CopyNewest(*database));
    QUIVER_TRY(database->Close());
    return std::move(report_);
  }

 private:
  struct Part {
    TableSummary expected;  ///< only the number is set if the manifest is lost
    std::uint64_t size_bytes = 0;
  };

  Result<void> FindParts() {
    QUIVER_ASSIGN_OR_RETURN(const auto entries, directory_->List());
    auto versions = VersionSet::Open(*directory_);
    if (versions) {
      id_ = (*versions)->database_id();
      first_segment_ = (*versions)->state().first_log_segment;
      for (const Level& level : (*versions)->current()->levels()) {
        for (const SortedRun& run : level.runs) {
          for (const TableFileRef& table : run.tables) {
            parts_.push_back({table->summary, table->summary.size_bytes});
          }
        }
      }
      return {};
    }
    bool found_id = false;
    const auto take_id = [&](const Result<DatabaseId>& owner) {
      if (!owner || found_id) return;
      id_ = *owner;
      found_id = true;
    };
    report_.lost.push_back("the manifest cannot be used (" + versions.error().ToString() +
                           "): every table file is read, and keys deleted since may come back");
    for (const io::DirectoryEntry& entry : entries) {
      const ParsedName parsed = ParseFileName(entry.name);
      if (parsed.kind == FileKind::kTable) {
        Part part;
        part.expected.number = parsed.number;
        part.size_bytes = entry.size_bytes;
        parts_.push_back(std::move(part));
        take_id(ReadTableOwner(*directory_, parsed.number));
      } else if (parsed.kind == FileKind::kLogSegment) {
        take_id(wal::ReadSegmentOwner(*directory_, entry.name));
      }
    }
    if (found_id) return {};
    return Error(ErrorCode::kNotFound,
                 "holds no table and no log segment that names its database: nothing to repair",
                 directory_->path().string());
  }

  // The new database has the settings of the old one, if they can still be read.
  Result<std::unique_ptr<Database>> CreateDestination(const std::filesystem::path& destination) {
    DatabaseConfig config;
    if (const auto stored = ReadStoredConfig(*directory_, id_)) {
      config = *stored;
    } else {
      report_.lost.push_back("the stored configuration (" + stored.error().ToString() +
                             "): the defaults are used");
    }
    config.create_if_missing = true;
    config.error_if_exists = true;
    return Database::Open(destination, config);
  }

  Result<void> ReadLog() {
    wal::RecoveryOptions options;
    options.directory = directory_.get();
    options.database_id = id_;
    options.mode = WalRecoveryMode::kSkipAnyCorrupt;
    options.first_segment = first_segment_;
    log_ = NewMemtable(MemtableKind::kSkiplist, {nullptr, &epochs_, 1U << 10});
    const auto result =
        wal::RecoverLog(options, [&](const wal::RecoveredBatch& batch) -> Result<void> {
          BatchReader reader(batch.encoded);
          BatchEntry entry;
          for (SequenceNumber sequence = batch.first_sequence; reader.Next(entry); ++sequence) {
            log_->Add({entry.key, entry.value, sequence, entry.operation, entry.expiry_us});
          }
          return {};
        });
    if (!result) {
      report_.lost.push_back("the log: " + result.error().ToString());
      return {};
    }
    report_.segments_read = result->segments;
    report_.lost.insert(report_.lost.end(), result->losses.begin(), result->losses.end());
    report_.lost.insert(report_.lost.end(), result->notes.begin(), result->notes.end());
    return {};
  }

  std::unique_ptr<InternalIterator> OpenPart(const Part& part) {
    const std::string name = TableName(part.expected.number);
    TableContext context;
    context.directory = directory_.get();
    context.database_id = id_;
    auto table = Table::Open(context, part.expected);
    if (!table) {
      report_.lost.push_back(name + " (" + std::to_string(part.expected.entry_count) +
                             " entries): " + table.error().ToString());
      return nullptr;
    }
    ++report_.tables_read;
    TableReadOptions options;
    options.fill_cache = false;
    options.read_ahead_bytes = kReadAheadBytes;
    options.on_damage = [this, name](std::uint64_t offset, const std::string& what) {
      std::string loss = name + ", offset " + std::to_string(offset) + ": " + what;
      if (std::find(report_.lost.begin(), report_.lost.end(), loss) == report_.lost.end()) {
        report_.lost.push_back(std::move(loss));
      }
    };
    return (*table)->NewIterator(options);
  }

  Result<void> CopyNewest(Database& database) {
    std::vector<std::unique_ptr<InternalIterator>> children;
    std::uint64_t total_bytes = 0;
    for (const Part& part : parts_) {
      if (auto child = OpenPart(part)) children.push_back(std::move(child));
      total_bytes += part.size_bytes;
    }
    children.push_back(log_->NewIterator());
    const auto merged = NewMergingIterator(std::move(children));

    const WriteOptions unsynced{.wal_mode = WalMode::kAsync};
    WriteBatch batch;
    std::string last_key;
    bool first = true;
    std::uint64_t done_bytes = 0;
    for (merged->SeekToFirst(); merged->Valid(); merged->Next()) {
      const EntryView& entry = merged->entry();
      done_bytes += entry.key.size() + entry.value.size();
      if (!first && entry.key == last_key) continue;
      first = false;
      last_key.assign(entry.key);
      if (entry.operation != Operation::kPut) continue;
      QUIVER_TRY(batch.Put(entry.key, entry.value));
      ++report_.entries_recovered;
      if (batch.size_bytes() < kBatchBytes) continue;
      QUIVER_TRY(database.Write(batch, unsynced));
      batch.Clear();
      ShowProgress(std::min(done_bytes, total_bytes), total_bytes);
      QUIVER_TRY(guard_.status());
    }
    QUIVER_TRY(merged->status());
    QUIVER_TRY(database.Write(batch, unsynced));
    QUIVER_TRY(database.SyncLog());
    return database.Flush();
  }

  void ShowProgress(std::uint64_t done_bytes, std::uint64_t total_bytes) {
    if (!progress_) return;
    guard_.Call([&] {
      progress_(done_bytes, total_bytes);
      return true;
    });
  }

  const std::unique_ptr<io::Directory> directory_;
  const ProgressCallback& progress_;
  CallbackGuard guard_;
  RepairReport report_;
  DatabaseId id_;
  std::uint64_t first_segment_ = 0;
  std::vector<Part> parts_;
  EpochManager epochs_;
  std::unique_ptr<Memtable> log_;
};

// Said before anything is opened: what the open would answer speaks of locks and settings that the
// caller did not choose. The open itself still refuses a database that appears meanwhile.
Result<void> CheckDestination(const std::filesystem::path& destination) {
  auto directory = io::PosixFileSystem().OpenDirectory(destination, false);
  if (!directory) {
    if (directory.error().code() == ErrorCode::kNotFound) return {};
    return Error(directory.error());
  }
  QUIVER_ASSIGN_OR_RETURN(const auto entries, (*directory)->List());
  for (const io::DirectoryEntry& entry : entries) {
    const FileKind kind = ParseFileName(entry.name).kind;
    if (kind == FileKind::kForeign || kind == FileKind::kLock) continue;
    return Error(ErrorCode::kInvalidArgument,
                 destination.string() + " holds a database already (" + entry.name +
                     "); repair writes into a new directory and never changes an old one");
  }
  return {};
}

}  // namespace

Result<RepairReport> RepairDatabase(const std::filesystem::path& source,
                                    const std::filesystem::path& destination,
                                    const ProgressCallback& progress) {
  QUIVER_ASSIGN_OR_RETURN(auto directory, io::PosixFileSystem().OpenDirectory(source, false));
  QUIVER_TRY(CheckDestination(destination));
  QUIVER_ASSIGN_OR_RETURN(const auto lock, directory->LockForReading(kLockName));
  return Salvage(std::move(directory), progress).Run(destination);
}

}  // namespace quiver
