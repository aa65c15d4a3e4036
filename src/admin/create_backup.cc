// CreateBackup: pins a state, copies what no earlier backup has, then makes the record.
#include <algorithm>

#include "admin/backup_store.h"
#include "base/try.h"
#include "db/checkpoint.h"
#include "db/copy_progress.h"
#include "db/database_access.h"
#include "db/stored_config.h"
#include "sstable/table_reader.h"
#include "version/database_copy.h"

namespace quiver {

namespace {

/// Holds what was in memory, the manifest and so on while the backup is made.
constexpr std::string_view kWorkName = "work";

class BackupMaker {
 public:
  BackupMaker(Engine& engine, BackupStore& store, io::Directory& work,
              const ProgressCallback& progress)
      : engine_(engine), store_(store), work_(work), callback_(progress) {
    record_.id = store_.next_id();
  }

  Result<BackupInfo> Run() {
    QUIVER_ASSIGN_OR_RETURN(const PinnedState pinned, engine_.PinState());
    QUIVER_ASSIGN_OR_RETURN(const PinnedTables tables, engine_.WritePinnedMemtables(pinned, work_));
    record_.database_id = engine_.versions().database_id();
    record_.created_us = engine_.WallMicros();
    record_.sequence = pinned.sequence;
    QUIVER_TRY(WriteSmallFiles(tables.catalog));
    QUIVER_TRY(Plan(tables));
    std::uint64_t total_bytes = 0;
    for (const Copy& copy : copies_) total_bytes += copy.file.size_bytes;
    CopyProgress progress(callback_, total_bytes);
    for (const Copy& copy : copies_) QUIVER_TRY(CopyIn(copy, progress.Step()));
    record_.new_bytes = total_bytes;
    std::ranges::sort(record_.files, {}, &BackupFile::name);
    QUIVER_TRY(store_.Add(record_));
    return record_.Info();
  }

  /// After a failure: gives the space of the copies back, unless the record may name them.
  void Undo() {
    io::Directory& directory = store_.directory();
    const Result<void> removed = directory.Remove(BackupRecordName(record_.id));
    if (!removed && removed.error().code() != ErrorCode::kNotFound) return;
    if (!directory.Sync()) return;  // the next call sweeps them up
    for (const Copy& copy : copies_) (void)directory.Remove(record_.StoredName(copy.file));
  }

 private:
  struct Copy {
    BackupFile file;
    const TableSummary* table = nullptr;  ///< of the database's own; else it lies in work_
  };

  // Makes of work_ a database without most of its tables.
  Result<void> WriteSmallFiles(const CatalogRef& catalog) {
    VersionSet& versions = engine_.versions();
    QUIVER_ASSIGN_OR_RETURN(const DatabaseConfig stored,
                            ReadStoredConfig(engine_.directory(), record_.database_id));
    QUIVER_TRY(WriteStoredConfig(work_, record_.database_id, stored));
    DatabaseCopy copy{.database_id = record_.database_id, .catalog = catalog};
    copy.state.flushed_sequence = record_.sequence;
    copy.manifest_number = versions.NewFileNumber();
    copy.next_file_number = versions.NewFileNumber();
    copy.next_run_number = versions.NewRunNumber();
    return WriteDatabaseCopy(work_, copy);
  }

  // What is to be copied, and what is there already.
  Result<void> Plan(const PinnedTables& tables) {
    ForEachTable(*tables.catalog, [&](const KeyspaceRecord&, const TableFileRef& table) {
      const TableSummary& summary = table->summary;
      BackupFile file{.name = TableName(summary.number),
                      .size_bytes = summary.size_bytes,
                      .digest = summary.digest};
      if (const BackupFile* const held = store_.FindTable(file)) {
        record_.files.push_back(*held);
      } else {
        const bool in_work = tables.written.contains(summary.number);
        copies_.push_back({std::move(file), in_work ? nullptr : &summary});
      }
    });
    catalog_ = tables.catalog;  // it owns the summaries
    QUIVER_ASSIGN_OR_RETURN(const auto entries, work_.List());
    for (const io::DirectoryEntry& entry : entries) {
      if (ParseFileName(entry.name).kind == FileKind::kTable) continue;
      copies_.push_back({{.name = entry.name, .size_bytes = entry.size_bytes}, nullptr});
    }
    return {};
  }

  Result<void> CopyIn(const Copy& copy, const io::StepCallback& step) {
    io::Directory& source = copy.table != nullptr ? engine_.directory() : work_;
    if (copy.table != nullptr) QUIVER_TRY(CheckTable(*copy.table));
    BackupFile file = copy.file;
    QUIVER_ASSIGN_OR_RETURN(
        const io::CopiedFile copied,
        io::CopyFile(source, file.name, store_.directory(), record_.StoredName(file), step));
    if (copied.size_bytes != file.size_bytes) {
      return Error(ErrorCode::kCorruption,
                   "has " + std::to_string(copied.size_bytes) + " bytes, expected " +
                       std::to_string(file.size_bytes),
                   file.name);
    }
    file.checksum = copied.checksum;
    record_.files.push_back(std::move(file));
    return {};
  }

  // The checksum of a copy says what was read, not that it was right: a rotten block would be
  // backed up, and the good copy of it pruned in time.
  Result<void> CheckTable(const TableSummary& summary) const {
    TableContext context;
    context.directory = &engine_.directory();
    context.database_id = record_.database_id;
    QUIVER_ASSIGN_OR_RETURN(const auto table, TableReader::OpenReader(context, summary));
    return table->VerifyBlockChecksums();
  }

  Engine& engine_;
  BackupStore& store_;
  io::Directory& work_;
  const ProgressCallback& callback_;
  BackupRecord record_;
  CatalogRef catalog_;
  std::vector<Copy> copies_;
};

Result<void> CheckOwner(const BackupStore& store, DatabaseId id) {
  for (const BackupRecord& record : store.records()) {
    if (record.database_id == id) continue;
    return Error(ErrorCode::kInvalidArgument,
                 "the directory holds backups of database " + record.database_id.ToString() +
                     ", this one is " + id.ToString() + "; use a directory for each database",
                 BackupRecordName(record.id));
  }
  return {};
}

}  // namespace

Result<BackupInfo> CreateBackupOf(Engine& engine, const std::filesystem::path& path,
                                  const ProgressCallback& progress) {
  io::FileSystem& files = *engine.environment().file_system;
  QUIVER_ASSIGN_OR_RETURN(const std::unique_ptr<BackupStore> store,
                          BackupStore::Open(files, path, BackupStore::Access::kCreate));
  QUIVER_TRY(store->CheckAllReadable());
  QUIVER_TRY(CheckOwner(*store, engine.versions().database_id()));
  QUIVER_TRY(store->Sweep());
  QUIVER_ASSIGN_OR_RETURN(const std::unique_ptr<io::Directory> work,
                          files.OpenDirectory(path / kWorkName, /*create=*/true));
  RemoveEverything(*work);  // of a call that was cut short
  BackupMaker maker(engine, *store, *work, progress);
  auto made = maker.Run();
  RemoveEverything(*work);
  if (!made) maker.Undo();
  if (!made) return made.error().WithContext("the backup in " + path.string() + " was not made");
  return made;
}

Result<BackupInfo> CreateBackup(Database& database, const std::filesystem::path& backup_directory,
                                const ProgressCallback& progress) noexcept {
  return CreateBackupOf(*DatabaseAccess::EngineOf(database), backup_directory, progress);
}

}  // namespace quiver
