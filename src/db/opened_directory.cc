#include "db/opened_directory.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/try.h"
#include "config/config_table.h"
#include "db/followed_directory.h"
#include "db/stored_config.h"

namespace quiver {

namespace {

Result<void> CheckConfig(const DatabaseConfig& config) {
  const std::vector<ConfigViolation> violations = ValidateConfig(config);
  if (violations.empty()) return {};
  std::string message =
      "the configuration breaks " + std::to_string(violations.size()) + " rule(s):";
  for (const ConfigViolation& violation : violations) message += "\n  " + violation.ToString();
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

Result<void> CheckCompatible(const DatabaseConfig& stored, const DatabaseConfig& wanted) {
  std::string message;
  for (const SettingInfo& setting : ConfigTable()) {
    if (!setting.fixed_at_creation) continue;
    QUIVER_ASSIGN_OR_RETURN(const std::string was, GetSetting(stored, setting.name));
    QUIVER_ASSIGN_OR_RETURN(const std::string is, GetSetting(wanted, setting.name));
    if (was == is) continue;
    message.append("\n  ").append(setting.name).append(" is ").append(was);
    message.append(" since the creation and cannot become ").append(is);
  }
  if (message.empty()) return {};
  return Error(ErrorCode::kInvalidArgument,
               "the configuration does not fit the database:" + message +
                   "\nopen it with the stored values, or load its data into a new database",
               std::string(kConfigName));
}

Result<bool> HasDatabase(const std::vector<io::DirectoryEntry>& entries) {
  bool current = false;
  std::string evidence;
  for (const io::DirectoryEntry& entry : entries) {
    switch (ParseFileName(entry.name).kind) {
      case FileKind::kCurrent: current = true; break;
      case FileKind::kTable:
      case FileKind::kLogSegment: evidence = entry.name; break;
      default: break;
    }
  }
  if (current) return true;
  if (evidence.empty()) return false;
  return Error(ErrorCode::kCorruption,
               "is missing, but the directory holds files of a database, such as " + evidence +
                   "; restore the file, or rescue the data with 'quiver repair'",
               std::string(kCurrentName));
}

using FileSizes = std::map<std::string, std::uint64_t, std::less<>>;

Result<void> CheckTableFile(const TableSummary& summary, std::uint32_t level,
                            const FileSizes& sizes) {
  const std::string name = TableName(summary.number);
  const auto found = sizes.find(name);
  if (found == sizes.end()) {
    return Error(ErrorCode::kCorruption,
                 "a table of level " + std::to_string(level) + " is missing (" +
                     std::to_string(summary.entry_count) +
                     " entries); restore the file, or rescue the rest with 'quiver repair'",
                 name);
  }
  if (found->second == summary.size_bytes) return {};
  return Error(ErrorCode::kCorruption,
               "the table has " + std::to_string(found->second) + " bytes, the manifest says " +
                   std::to_string(summary.size_bytes),
               name, std::min(found->second, summary.size_bytes));
}

// Every table that the manifest names must be there with its size; what it does not name is ours
// to clean up, or foreign.
Result<void> CompareFiles(const std::vector<io::DirectoryEntry>& entries, OpenedDirectory& opened) {
  FileSizes sizes;
  for (const io::DirectoryEntry& entry : entries) {
    if (entry.regular) sizes[entry.name] = entry.size_bytes;
  }
  std::set<std::string> named;
  const CatalogRef catalog = opened.versions->catalog();
  for (const KeyspaceRecord& keyspace : catalog->keyspaces()) {
    const Version& version = *keyspace.version;
    for (std::uint32_t number = 0; number < version.levels().size(); ++number) {
      for (const SortedRun& run : version.level(number).runs) {
        for (const TableFileRef& table : run.tables) {
          QUIVER_TRY(CheckTableFile(table->summary, number, sizes));
          named.insert(TableName(table->summary.number));
        }
      }
    }
  }
  for (const io::DirectoryEntry& entry : entries) {
    const ParsedName parsed = ParseFileName(entry.name);
    const bool stale_manifest =
        parsed.kind == FileKind::kManifest && entry.name != opened.versions->manifest_name();
    const bool unnamed_table = parsed.kind == FileKind::kTable && !named.contains(entry.name);
    const bool foreign_segment =
        parsed.kind == FileKind::kLogSegment && parsed.number >= opened.versions->handed_out_end();
    if (parsed.kind == FileKind::kForeign || foreign_segment || !entry.regular) {
      opened.report.foreign_files.push_back(entry.name);
    } else if (stale_manifest || unnamed_table || parsed.kind == FileKind::kTemporary) {
      opened.orphans.push_back(entry.name);
    }
    if (parsed.number != 0) opened.versions->ReserveFileNumber(parsed.number);
  }
  return {};
}

// Opens at once what the writer may remove: the log first, as segments go sooner than tables. Where
// a table is gone again, the manifest is read again; what is held by then stays, so that each round
// has less to open and even a writer that never rests is caught up with.
Result<std::unique_ptr<FollowedDirectory>> HoldFiles(OpenedDirectory& opened) {
  constexpr int kRoundsMax = 20;
  auto followed = std::make_unique<FollowedDirectory>(std::move(opened.directory));
  for (int round = 1;; ++round) {
    QUIVER_TRY(followed->HoldLog(opened.versions->state().first_log_segment));
    QUIVER_ASSIGN_OR_RETURN(const bool all, followed->HoldTables(*opened.versions->catalog()));
    if (all || round == kRoundsMax) return followed;
    QUIVER_ASSIGN_OR_RETURN(opened.versions, VersionSet::Open(followed->base()));
  }
}

Result<void> OpenExisting(std::vector<io::DirectoryEntry> entries, const DatabaseConfig& config,
                          OpenMode mode, OpenedDirectory& opened) {
  QUIVER_ASSIGN_OR_RETURN(opened.versions, VersionSet::Open(*opened.directory));
  if (mode == OpenMode::kFollower) {
    QUIVER_ASSIGN_OR_RETURN(auto followed, HoldFiles(opened));
    // What the manifest names was there before it did; what is gone again, the list lacks.
    QUIVER_ASSIGN_OR_RETURN(entries, followed->List());
    opened.directory = std::move(followed);
  }
  if (const std::string& note = opened.versions->recovery_note(); !note.empty()) {
    opened.report.notes.push_back(note);
  }
  QUIVER_ASSIGN_OR_RETURN(const DatabaseConfig stored,
                          ReadStoredConfig(*opened.directory, opened.versions->database_id()));
  if (mode != OpenMode::kReadWrite) {
    opened.config = stored;
  } else {
    QUIVER_TRY(CheckCompatible(stored, config));
    opened.config = config;
  }
  QUIVER_TRY(CompareFiles(entries, opened));
  if (mode == OpenMode::kReadWrite && config.store_settings &&
      !(stored == StoredSettings(config))) {
    QUIVER_TRY(WriteStoredConfig(*opened.directory, opened.versions->database_id(), config));
  }
  return {};
}

Result<void> CreateNew(const io::Environment& environment, const DatabaseConfig& config,
                       OpenedDirectory& opened) {
  // The configuration first: CURRENT, which VersionSet writes last, is what makes a database.
  const DatabaseId id{environment.random(), environment.random()};
  QUIVER_TRY(WriteStoredConfig(*opened.directory, id, config));
  QUIVER_ASSIGN_OR_RETURN(opened.versions, VersionSet::Create(*opened.directory, id));
  opened.config = config;
  opened.report.created = true;
  return {};
}

}  // namespace

Result<OpenedDirectory> OpenDirectory(const io::Environment& environment,
                                      const std::filesystem::path& path,
                                      const DatabaseConfig& config, OpenMode mode) {
  const bool writing = mode == OpenMode::kReadWrite;
  if (writing) QUIVER_TRY(CheckConfig(config));
  OpenedDirectory opened;
  QUIVER_ASSIGN_OR_RETURN(opened.directory, environment.file_system->OpenDirectory(
                                                path, writing && config.create_if_missing));
  QUIVER_ASSIGN_OR_RETURN(std::vector<io::DirectoryEntry> entries, opened.directory->List());
  QUIVER_ASSIGN_OR_RETURN(bool exists, HasDatabase(entries));
  if (!exists && (!writing || !config.create_if_missing)) {
    return Error(ErrorCode::kNotFound, "there is no database in " + path.string());
  }
  if (mode != OpenMode::kFollower) {
    QUIVER_ASSIGN_OR_RETURN(opened.lock, writing ? opened.directory->Lock(kLockName)
                                                 : opened.directory->LockForReading(kLockName));
  }
  // Another process may have made or changed the database while this one waited for the lock.
  QUIVER_ASSIGN_OR_RETURN(entries, opened.directory->List());
  QUIVER_ASSIGN_OR_RETURN(exists, HasDatabase(entries));
  if (exists && writing && config.error_if_exists) {
    return Error(ErrorCode::kInvalidArgument, "there is a database in " + path.string() +
                                                  " already, and error_if_exists is set");
  }
  if (exists) {
    QUIVER_TRY(OpenExisting(entries, config, mode, opened));
  } else {
    QUIVER_TRY(CreateNew(environment, config, opened));
  }
  return opened;
}

}  // namespace quiver
