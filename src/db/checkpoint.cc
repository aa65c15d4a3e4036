#include "db/checkpoint.h"

#include "base/try.h"
#include "db/followed_directory.h"
#include "db/stored_config.h"
#include "version/database_copy.h"

namespace quiver {

namespace {

Result<void> BringTables(Engine& engine, const PinnedTables& tables, io::Directory& target,
                         const ProgressCallback& callback, CheckpointReport& report) {
  ForEachTable(*tables.catalog, [&](const KeyspaceRecord&, const TableFileRef& table) {
    report.bytes += table->summary.size_bytes;
  });
  CopyProgress progress(callback, report.bytes);
  Result<void> result;
  ForEachTable(*tables.catalog, [&](const KeyspaceRecord&, const TableFileRef& table) {
    if (!result) return;
    if (tables.written.contains(table->summary.number)) {
      ++report.tables_written;
      result = progress.Advance(table->summary.size_bytes);
    } else {
      result = BringTable(engine, table->summary, target, report, &progress);
    }
  });
  return result;
}

Result<CheckpointReport> FillDirectory(Engine& engine, io::Directory& target,
                                       const ProgressCallback& progress) {
  const DatabaseId id = engine.versions().database_id();
  QUIVER_ASSIGN_OR_RETURN(const PinnedState pinned, engine.PinState());
  QUIVER_ASSIGN_OR_RETURN(const PinnedTables tables, engine.WritePinnedMemtables(pinned, target));
  CheckpointReport report{.sequence = pinned.sequence};
  QUIVER_TRY(BringTables(engine, tables, target, progress, report));
  QUIVER_ASSIGN_OR_RETURN(const DatabaseConfig stored, ReadStoredConfig(engine.directory(), id));
  QUIVER_TRY(WriteStoredConfig(target, id, stored));
  VersionSet& versions = engine.versions();
  DatabaseCopy copy{.database_id = id, .catalog = tables.catalog};
  copy.state.flushed_sequence = pinned.sequence;
  copy.manifest_number = versions.NewFileNumber();
  copy.next_file_number = versions.NewFileNumber();
  copy.next_run_number = versions.NewRunNumber();
  QUIVER_TRY(WriteDatabaseCopy(target, copy));
  return report;
}

}  // namespace

Result<std::unique_ptr<io::Directory>> OpenEmptyDirectory(io::FileSystem& files,
                                                          const std::filesystem::path& path,
                                                          std::string_view purpose) {
  QUIVER_ASSIGN_OR_RETURN(std::unique_ptr<io::Directory> directory,
                          files.OpenDirectory(path, /*create=*/true));
  QUIVER_ASSIGN_OR_RETURN(const std::vector<io::DirectoryEntry> entries, directory->List());
  if (entries.empty()) return directory;
  return Error(ErrorCode::kInvalidArgument,
               "the directory for " + std::string(purpose) + " must be empty or absent, but has " +
                   std::to_string(entries.size()) + " entries, such as " + entries.front().name +
                   "; name another one",
               path.string());
}

Result<void> BringTable(Engine& engine, const TableSummary& table, io::Directory& target,
                        CheckpointReport& report, CopyProgress* progress) {
  const std::string name = TableName(table.number);
  auto* const followed = dynamic_cast<FollowedDirectory*>(&engine.directory());
  Result<void> linked =
      target.LinkFrom(followed != nullptr ? followed->base() : engine.directory(), name);
  if (linked) {
    ++report.tables_linked;
    return progress == nullptr ? Result<void>() : progress->Advance(table.size_bytes);
  }
  // A table that the writer has removed since has no name to link; a follower still holds its
  // bytes.
  const bool removed = followed != nullptr && linked.error().code() == ErrorCode::kNotFound;
  if (linked.error().code() != ErrorCode::kUnsupported && !removed) return linked;
  QUIVER_TRY(io::CopyFile(engine.directory(), name, target, name,
                          progress == nullptr ? io::StepCallback() : progress->Step()));
  ++report.tables_copied;
  return {};
}

void RemoveEverything(io::Directory& directory) {
  const auto entries = directory.List();
  if (!entries) return;
  for (const io::DirectoryEntry& entry : *entries) (void)directory.Remove(entry.name);
  (void)directory.Sync();
}

std::string RemoveCopy(io::Directory& directory, std::string_view last_made) {
  std::string stays = "; files of it are left there, remove them before the next attempt";
  // A disk may keep a later removal and lose an earlier one: the name that stands for the whole has
  // to be gone for good before anything of the whole goes.
  const Result<void> unmade = directory.Remove(last_made);
  if (!unmade && unmade.error().code() != ErrorCode::kNotFound) return stays;
  if (unmade && !directory.Sync()) return stays;
  RemoveEverything(directory);
  const auto left = directory.List();
  return left && left->empty() ? std::string() : stays;
}

void ForEachTable(const Catalog& catalog,
                  const std::function<void(const KeyspaceRecord&, const TableFileRef&)>& visit) {
  for (const KeyspaceRecord& keyspace : catalog.keyspaces()) {
    for (const Level& level : keyspace.version->levels()) {
      for (const SortedRun& run : level.runs) {
        for (const TableFileRef& table : run.tables) visit(keyspace, table);
      }
    }
  }
}

Result<CheckpointReport> WriteCheckpoint(Engine& engine, const std::filesystem::path& path,
                                         const ProgressCallback& progress) {
  QUIVER_ASSIGN_OR_RETURN(
      const std::unique_ptr<io::Directory> target,
      OpenEmptyDirectory(*engine.environment().file_system, path, "a checkpoint"));
  auto report = FillDirectory(engine, *target, progress);
  if (!report) {
    return report.error().WithContext("the checkpoint in " + path.string() + " was not made" +
                                      RemoveCopy(*target, kCurrentName));
  }
  return report;
}

}  // namespace quiver
