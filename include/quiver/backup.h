// Backups: any number of states of one database in one directory, each table stored once.
//
//   auto made = quiver::CreateBackup(*db, "/mnt/backups/fruit");     // while db is written to
//   auto back = quiver::RestoreBackup("/mnt/backups/fruit", made->id, "/tmp/fruit");
//
// A backup is there whole or not at all. It is a copy: it shares no byte with the database. Every
// file is stored with a checksum, which verify and restore hold it against. docs/backup.md says how
// to use them, docs/formats/backup.md what the directory holds.
//
// A callback that throws ends the call with kInvalidArgument and what() of the exception.
//
// Thread safety: free functions, from any thread. One call at a time changes a backup directory:
// another one gets kBusy.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "quiver/admin.h"
#include "quiver/database.h"
#include "quiver/error.h"
#include "quiver/progress.h"
#include "quiver/types.h"

namespace quiver {

struct BackupInfo {
  std::uint64_t id = 0;  ///< 1, 2, …; not used again while a later one is there
  std::string database_id;
  std::uint64_t created_us = 0;  ///< wall clock, since 1970
  SequenceNumber sequence = 0;   ///< it holds exactly what was written up to here
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;      ///< of all its files: what a restore writes
  std::uint64_t new_bytes = 0;  ///< of those that no earlier backup held
};

struct BackupList {
  std::vector<BackupInfo> backups;  ///< oldest first
  std::vector<Damage> damages;      ///< descriptions that do not verify
};

struct BackupVerifyReport {
  std::uint64_t backups = 0;
  std::uint64_t files = 0;  ///< read; one that several backups share counts once
  std::uint64_t bytes = 0;
  std::vector<Damage> damages;
};

/// Adds a backup of the state of `database` at one sequence number: everything acknowledged before
/// the call is in it. The directory is made if absent. Copies the tables that no earlier backup
/// holds, after checking every block of them; writers go on. Errors: kInvalidArgument (the
/// directory holds backups of another database, or no backups but other files), kCorruption (a
/// table of the database is damaged; an earlier description is), kBusy, kNoSpace, kIo.
Result<BackupInfo> CreateBackup(Database& database, const std::filesystem::path& backup_directory,
                                const ProgressCallback& progress = {}) noexcept;

/// kNotFound if there is no such directory, or a database in it.
Result<BackupList> ListBackups(const std::filesystem::path& backup_directory) noexcept;

/// Reads every file of a backup, or of all, and holds it against its checksum. An error only if
/// that cannot be done; damage is in the report. kNotFound: no such backup, or none at all.
Result<BackupVerifyReport> VerifyBackup(const std::filesystem::path& backup_directory,
                                        std::optional<std::uint64_t> id = {},
                                        const ProgressCallback& progress = {}) noexcept;

/// Makes a database in `destination`, which must be empty or absent, of a backup. A file that does
/// not verify ends it with kCorruption, and what was made is removed again.
Result<BackupInfo> RestoreBackup(const std::filesystem::path& backup_directory, std::uint64_t id,
                                 const std::filesystem::path& destination,
                                 const ProgressCallback& progress = {}) noexcept;

/// Removes a backup and the files that no other one needs. One whose description is damaged can be
/// removed too; while there is another such one, files are kept. kNotFound: no such backup.
Result<void> DeleteBackup(const std::filesystem::path& backup_directory, std::uint64_t id) noexcept;

/// Removes all but the newest `keep` backups; returns how many it removed. `keep` 0 is
/// kInvalidArgument.
Result<std::uint64_t> PruneBackups(const std::filesystem::path& backup_directory,
                                   std::uint64_t keep) noexcept;

}  // namespace quiver
