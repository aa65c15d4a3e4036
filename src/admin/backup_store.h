// BackupStore: a backup directory, opened: its records and what is stored beside them. Who changes
// it holds its lock; who reads may do so beside other readers.
//
// Invariants:
//  1. A record is made after everything that it names is durable, and removed, durably, before any
//     of it is: so a backup is there whole or not at all, whatever fails.
//  2. A stored file is removed only when every record was read and none names it.
//  3. Files under other names are never touched.
//
// Thread safety: one thread at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/backup_record.h"
#include "db/engine.h"
#include "io/directory.h"
#include "quiver/backup.h"

namespace quiver {

class BackupStore {
 public:
  enum class Access : std::uint8_t { kRead, kChange, kCreate };

  /// kCreate makes the directory if absent; it refuses one that holds files of others alone.
  static Result<std::unique_ptr<BackupStore>> Open(io::FileSystem& files,
                                                   const std::filesystem::path& path,
                                                   Access access);

  io::Directory& directory() noexcept { return *directory_; }
  const std::vector<BackupRecord>& records() const noexcept { return records_; }
  const std::vector<Damage>& damages() const noexcept { return damages_; }
  /// nullptr if there is none that can be read.
  const BackupRecord* Find(std::uint64_t id) const noexcept;
  /// kNotFound, or why its description cannot be read.
  Result<const BackupRecord*> Get(std::uint64_t id) const;
  /// The first damage as an error.
  Result<void> CheckAllReadable() const;
  std::uint64_t next_id() const noexcept { return last_id_ + 1; }
  /// An earlier backup's file with the same table in it, or nullptr.
  const BackupFile* FindTable(const BackupFile& table) const;

  /// Makes the record durable; what it names is.
  Result<void> Add(const BackupRecord& record);
  /// Removes a record, readable or not. kNotFound.
  Result<void> Remove(std::uint64_t id);
  /// Removes the stored files that no record names, unless some record cannot be read.
  Result<void> Sweep();

 private:
  BackupStore() = default;
  Result<void> ReadRecords(const std::vector<io::DirectoryEntry>& entries);

  std::unique_ptr<io::Directory> directory_;
  std::unique_ptr<io::DirectoryLock> lock_;
  std::vector<BackupRecord> records_;  // ascending ids
  std::vector<Damage> damages_;
  std::vector<std::uint64_t> damaged_ids_;
  std::vector<std::pair<std::string, std::uint64_t>> stored_;  // names and sizes, sorted
  std::uint64_t last_id_ = 0;
};

/// What the public functions do, on any file system.
Result<BackupInfo> CreateBackupOf(Engine& engine, const std::filesystem::path& path,
                                  const ProgressCallback& progress);
Result<BackupVerifyReport> VerifyBackupIn(io::FileSystem& files, const std::filesystem::path& path,
                                          std::optional<std::uint64_t> id,
                                          const ProgressCallback& progress);
Result<BackupInfo> RestoreBackupFrom(io::FileSystem& files, const std::filesystem::path& path,
                                     std::uint64_t id, const std::filesystem::path& destination,
                                     const ProgressCallback& progress);
Result<void> DeleteBackupIn(io::FileSystem& files, const std::filesystem::path& path,
                            std::uint64_t id);
Result<std::uint64_t> PruneBackupsIn(io::FileSystem& files, const std::filesystem::path& path,
                                     std::uint64_t keep);

}  // namespace quiver
