// RepairDatabase: builds a new database from whatever of an old one can still be read.
//
// Of each keyspace all readable tables and the log are merged in entry order. What a reader of the
// newest state would see goes into a keyspace of the same name and settings: the newest put of each
// key with its expiry, unless a delete or a range delete hides it, and the merge operands above it.
// Operands are carried over, not applied: the operator may be the program's own.
//
// The new database is built beside its place, in DESTINATION.unfinished, and brought there by a
// checkpoint at the end: a repair that fails or is killed leaves nothing at the destination that
// opens and lacks what it had not come to.
#include <algorithm>
#include <optional>
#include <utility>

#include "admin/repair_source.h"
#include "base/callback_guard.h"
#include "base/escape.h"
#include "base/try.h"
#include "db/checkpoint.h"
#include "db/keyspace_settings.h"
#include "db/stored_config.h"
#include "io/environment.h"
#include "io/posix_error.h"
#include "quiver/admin.h"

namespace quiver {

namespace {

constexpr std::size_t kBatchBytes = std::size_t{1} << 20;

// Stands for the program's operator: every operand passes, and none is applied.
class CarryingOperator final : public MergeOperator {
 public:
  bool Merge(std::string_view, std::optional<std::string_view>, std::span<const std::string_view>,
             std::string&) const noexcept override {
    return false;
  }
  bool IsOperand(std::string_view) const noexcept override { return true; }
};

const MergeOperator* BuiltInOperator(MergeOperatorKind kind) {
  if (kind == MergeOperatorKind::kAddInt64) return &AddInt64Operator();
  if (kind == MergeOperatorKind::kAppend) return &AppendOperator();
  return nullptr;
}

// The newest entries of one key: the operands, the newest first, and the put under them.
struct KeyHistory {
  struct Version {
    std::string value;
    std::uint64_t expiry_us;
  };
  std::string key;
  SequenceNumber sequence = 0;  ///< of the entry taken last
  std::vector<Version> operands;
  std::optional<Version> base;
  bool closed = false;  ///< older entries are hidden

  void Start(std::string_view new_key) {
    key.assign(new_key);
    sequence = kSequenceMax + 1;
    operands.clear();
    base.reset();
    closed = false;
  }
  bool empty() const { return operands.empty() && !base; }
};

// What cannot be removed stays under a name that says what it is.
void RemoveWorkplace(const std::filesystem::path& workplace) {
  io::FileSystem& files = io::PosixFileSystem();
  if (const auto directory = files.OpenDirectory(workplace, false)) RemoveEverything(**directory);
  (void)files.RemoveDirectory(workplace);
}

class Salvage {
 public:
  Salvage(io::Directory& directory, const ProgressCallback& progress)
      : directory_(directory), source_(directory), progress_(progress) {}

  /// Builds the database in `workplace`, which it makes, and then brings it to `destination`.
  Result<RepairReport> Run(const std::filesystem::path& workplace,
                           const std::filesystem::path& destination) {
    QUIVER_TRY(source_.Read());
    auto database = CreateDatabase(workplace);
    if (!database) {
      const ErrorCode code = database.error().code();
      // Unless a repair that began meanwhile works there.
      if (code != ErrorCode::kBusy && code != ErrorCode::kInvalidArgument) {
        RemoveWorkplace(workplace);
      }
      return database.error();
    }
    auto report = Fill(**database, destination);
    database->reset();
    RemoveWorkplace(workplace);
    return report;
  }

 private:
  Result<RepairReport> Fill(Database& database, const std::filesystem::path& destination) {
    now_us_ = io::SystemEnvironment().clock->WallMicros();
    for (auto& [id, keyspace] : source_.keyspaces()) {
      QUIVER_TRY(CopyKeyspace(database, keyspace));
      report_.tables_read += keyspace.tables.size();
    }
    QUIVER_TRY(database.SyncLog());
    QUIVER_TRY(database.Flush());
    QUIVER_TRY(database.Checkpoint(destination));
    QUIVER_TRY(database.Close());
    report_.segments_read = source_.segments_read();
    report_.lost = std::move(source_.lost());
    return std::move(report_);
  }

  // The new database has the settings of the old one, if they can still be read.
  Result<std::unique_ptr<Database>> CreateDatabase(const std::filesystem::path& workplace) {
    DatabaseConfig config;
    if (const auto stored = ReadStoredConfig(directory_, source_.database_id())) {
      config = *stored;
    } else {
      if (io::IsRefusedToProcess(stored.error())) return stored.error();
      source_.lost().push_back("the stored configuration (" + stored.error().ToString() +
                               "): the defaults are used");
      QUIVER_TRY(GuessOperator(source_.keyspaces().at(kDefaultKeyspaceId), config));
    }
    config.create_if_missing = true;
    config.error_if_exists = true;
    return Database::Open(workplace, config, std::make_shared<CarryingOperator>());
  }

  // Where the settings are lost, operands can only be kept for whoever knows what they mean.
  Result<void> GuessOperator(const RescuedKeyspace& keyspace, DatabaseConfig& config) {
    if (config.merge_operator != MergeOperatorKind::kNone) return {};
    const auto entries = source_.NewIterator(keyspace);
    for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
      if (entries->entry().operation != Operation::kMerge) continue;
      config.merge_operator = MergeOperatorKind::kCustom;
      source_.lost().push_back("the merge operator of keyspace " + keyspace.name +
                               ": its operands are kept under merge_operator = custom; open the "
                               "database with the operator that they were written for");
      return {};
    }
    return entries->status();
  }

  Result<std::optional<Keyspace>> MakeKeyspace(Database& database,
                                               const RescuedKeyspace& keyspace) {
    config_ = database.config();
    if (keyspace.id == kDefaultKeyspaceId) return std::optional<Keyspace>();
    if (keyspace.settings) {
      KeyspaceRecord record;
      record.id = keyspace.id;
      record.name = keyspace.name;
      record.settings = *keyspace.settings;
      auto config = KeyspaceConfigOf(record, config_);
      if (config) {
        config_ = *std::move(config);
      } else {
        source_.lost().push_back("settings of keyspace " + keyspace.name + " (" +
                                 config.error().ToString() + "): those of the database are used");
        QUIVER_TRY(GuessOperator(keyspace, config_));
      }
    } else {
      QUIVER_TRY(GuessOperator(keyspace, config_));
    }
    QUIVER_ASSIGN_OR_RETURN(Keyspace made, database.CreateKeyspace(keyspace.name, config_));
    return std::optional<Keyspace>(std::move(made));
  }

  Result<void> CopyKeyspace(Database& database, const RescuedKeyspace& keyspace) {
    QUIVER_ASSIGN_OR_RETURN(const std::optional<Keyspace> target, MakeKeyspace(database, keyspace));
    target_ = target ? &*target : nullptr;
    const RangeDeletes hidden(keyspace.range_deletes);
    const auto entries = source_.NewIterator(keyspace);
    KeyHistory history;
    bool first = true;
    for (entries->SeekToFirst(); entries->Valid(); entries->Next()) {
      const EntryView& entry = entries->entry();
      done_bytes_ += entry.key.size() + entry.value.size();
      if (first || entry.key != history.key) {
        if (!first) QUIVER_TRY(Write(database, history));
        first = false;
        history.Start(entry.key);
      }
      Take(entry, hidden.Covering(entry.key, kSequenceMax), history);
    }
    QUIVER_TRY(entries->status());
    if (!first) QUIVER_TRY(Write(database, history));
    return Flush(database);
  }

  // Log and tables may both hold an entry. Of an operand and a put with the same sequence the put
  // is what a compaction made of the operand.
  void Take(const EntryView& entry, SequenceNumber hidden_below, KeyHistory& history) const {
    if (entry.sequence == history.sequence) {
      if (entry.operation != Operation::kPut || history.operands.empty() || history.base) return;
      history.operands.pop_back();
      history.closed = false;
    }
    history.sequence = entry.sequence;
    if (history.closed) return;
    const bool expired = entry.expiry_us != 0 && entry.expiry_us <= now_us_;
    history.closed = entry.operation != Operation::kMerge || entry.sequence < hidden_below;
    if (entry.sequence < hidden_below || expired) return;
    KeyHistory::Version version{std::string(entry.value), entry.expiry_us};
    if (entry.operation == Operation::kPut) history.base = std::move(version);
    if (entry.operation == Operation::kMerge) history.operands.push_back(std::move(version));
  }

  Result<void> Write(Database& database, const KeyHistory& history) {
    if (history.base) {
      QUIVER_TRY(batch_.Put(history.key, history.base->value,
                            {.keyspace = target_, .expiry_us = history.base->expiry_us}));
      ++report_.entries_recovered;
    }
    for (auto operand = history.operands.rbegin(); operand != history.operands.rend(); ++operand) {
      if (!Fits(operand->value)) {
        source_.lost().push_back("an operand of key " + EscapeBytes(history.key) +
                                 " that does not fit merge_operator = " +
                                 std::string(MergeOperatorName(config_.merge_operator)));
        continue;
      }
      QUIVER_TRY(batch_.Merge(history.key, operand->value,
                              {.keyspace = target_, .expiry_us = operand->expiry_us}));
      ++report_.entries_recovered;
    }
    return batch_.size_bytes() < kBatchBytes ? Result<void>() : Flush(database);
  }

  bool Fits(std::string_view operand) const {
    if (config_.merge_operator == MergeOperatorKind::kCustom) return true;
    const MergeOperator* const built_in = BuiltInOperator(config_.merge_operator);
    return built_in != nullptr && built_in->IsOperand(operand);
  }

  Result<void> Flush(Database& database) {
    QUIVER_TRY(database.Write(batch_, {.wal_mode = WalMode::kAsync}));
    batch_.Clear();
    if (progress_) {
      guard_.Call([&] {
        progress_(std::min(done_bytes_, source_.table_bytes()), source_.table_bytes());
        return true;
      });
    }
    return guard_.status();
  }

  io::Directory& directory_;
  RepairSource source_;
  const ProgressCallback& progress_;
  CallbackGuard guard_;
  RepairReport report_;
  std::uint64_t now_us_ = 0;
  std::uint64_t done_bytes_ = 0;
  // Of the keyspace that is copied.
  DatabaseConfig config_;
  const Keyspace* target_ = nullptr;
  WriteBatch batch_;
};

// Said before anything is opened: what the open would answer speaks of locks and settings that the
// caller did not choose. The checkpoint at the end still refuses what appears meanwhile.
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
  if (entries.empty()) return {};
  return Error(ErrorCode::kInvalidArgument,
               "repair writes into a directory that is empty or absent, but this one has " +
                   entries.front().name + "; name another one",
               destination.string());
}

// Beside the destination, where that lies if it is a link.
std::filesystem::path WorkplaceOf(const std::filesystem::path& destination) {
  std::filesystem::path place = io::PosixFileSystem().Resolved(destination).lexically_normal();
  if (!place.has_filename()) place = place.parent_path();
  place += ".unfinished";
  return place;
}

Result<void> CheckWorkplace(const std::filesystem::path& workplace) {
  const auto directory = io::PosixFileSystem().OpenDirectory(workplace, false);
  if (!directory && directory.error().code() == ErrorCode::kNotFound) return {};
  if (!directory && directory.error().code() != ErrorCode::kInvalidArgument) {
    return directory.error();
  }
  return Error(ErrorCode::kInvalidArgument,
               "is in the way: a repair that was cut short left it, or is running; remove it, or "
               "name another destination",
               workplace.string());
}

}  // namespace

Result<RepairReport> RepairDatabase(const std::filesystem::path& source,
                                    const std::filesystem::path& destination,
                                    const ProgressCallback& progress) noexcept {
  QUIVER_ASSIGN_OR_RETURN(auto directory, io::PosixFileSystem().OpenDirectory(source, false));
  QUIVER_TRY(CheckDestination(destination));
  QUIVER_ASSIGN_OR_RETURN(const auto lock, directory->LockForReading(kLockName));
  const std::filesystem::path workplace = WorkplaceOf(destination);
  QUIVER_TRY(CheckWorkplace(workplace));
  return Salvage(*directory, progress).Run(workplace, destination);
}

}  // namespace quiver
