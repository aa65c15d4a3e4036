// VerifyBackup and RestoreBackup: every byte that they read is held against its checksum.
#include <algorithm>
#include <set>

#include "admin/backup_store.h"
#include "base/hex64.h"
#include "base/try.h"
#include "db/checkpoint.h"
#include "db/copy_progress.h"

namespace quiver {

namespace {

Result<void> CheckCopied(const BackupFile& file, const std::string& stored_name,
                         const io::CopiedFile& found) {
  if (found.size_bytes != file.size_bytes) {
    return Error(ErrorCode::kCorruption,
                 "has " + std::to_string(found.size_bytes) + " bytes, its backup says " +
                     std::to_string(file.size_bytes),
                 stored_name, std::min(found.size_bytes, file.size_bytes));
  }
  if (found.checksum == file.checksum) return {};
  return Error(ErrorCode::kCorruption,
               "the checksum is " + Hex64(found.checksum) + ", its backup says " +
                   Hex64(file.checksum) + "; restore an older backup, or the file from a copy",
               stored_name);
}

class BackupVerifier {
 public:
  BackupVerifier(BackupStore& store, const ProgressCallback& callback)
      : store_(store), callback_(callback) {}

  Result<BackupVerifyReport> Run(const std::vector<const BackupRecord*>& records) {
    std::uint64_t total_bytes = 0;
    for (const BackupRecord* record : records) total_bytes += record->Info().bytes;
    CopyProgress progress(callback_, total_bytes);
    for (const BackupRecord* record : records) {
      ++report_.backups;
      for (const BackupFile& file : record->files) {
        QUIVER_TRY(Verify(file, record->StoredName(file), progress.Step()));
      }
    }
    return std::move(report_);
  }
  BackupVerifyReport& report() { return report_; }

 private:
  Result<void> Verify(const BackupFile& file, const std::string& stored_name,
                      const io::StepCallback& step) {
    if (!seen_.emplace(stored_name, file.checksum).second) return step(file.size_bytes);
    const auto found = io::ReadForChecksum(store_.directory(), stored_name, step);
    if (!found && found.error().code() == ErrorCode::kInvalidArgument) return found.error();
    const Result<void> checked =
        found ? CheckCopied(file, stored_name, *found) : Result<void>(found.error());
    ++report_.files;
    if (found) report_.bytes += found->size_bytes;
    if (!checked) {
      const std::uint64_t offset = checked.error().offset();
      report_.damages.push_back(
          {stored_name, offset == Error::kNoOffset ? 0 : offset, checked.error().message()});
    }
    return {};
  }

  BackupStore& store_;
  const ProgressCallback& callback_;
  std::set<std::pair<std::string, std::uint64_t>> seen_;
  BackupVerifyReport report_;
};

// The description names the file, so that its absence is damage.
Result<io::CopiedFile> CopyStored(BackupStore& store, const std::string& stored_name,
                                  io::Directory& target, const std::string& name,
                                  const io::StepCallback& step) {
  auto copied = io::CopyFile(store.directory(), stored_name, target, name, step);
  if (copied || copied.error().code() != ErrorCode::kNotFound ||
      copied.error().file() != stored_name) {
    return copied;
  }
  return Error(ErrorCode::kCorruption,
               "is missing, but the backup names it; restore an older backup, or the file from a "
               "copy",
               stored_name);
}

// CURRENT last and by renaming, so that what a crash leaves is no database.
Result<void> RestoreFiles(BackupStore& store, const BackupRecord& record, io::Directory& target,
                          const io::StepCallback& step) {
  const std::string unfinished_current = std::string(kCurrentName) + ".tmp";
  bool has_current = false;
  for (const BackupFile& file : record.files) {
    const bool is_current = file.name == kCurrentName;
    has_current |= is_current;
    const std::string stored_name = record.StoredName(file);
    QUIVER_ASSIGN_OR_RETURN(
        const io::CopiedFile copied,
        CopyStored(store, stored_name, target, is_current ? unfinished_current : file.name, step));
    QUIVER_TRY(CheckCopied(file, stored_name, copied));
  }
  if (!has_current) {
    return Error(ErrorCode::kCorruption, "names no CURRENT: written by a faulty build?",
                 BackupRecordName(record.id));
  }
  QUIVER_TRY(target.Sync());
  QUIVER_TRY(target.Rename(unfinished_current, kCurrentName));
  return target.Sync();
}

}  // namespace

Result<BackupVerifyReport> VerifyBackupIn(io::FileSystem& files, const std::filesystem::path& path,
                                          std::optional<std::uint64_t> id,
                                          const ProgressCallback& progress) {
  QUIVER_ASSIGN_OR_RETURN(const std::unique_ptr<BackupStore> store,
                          BackupStore::Open(files, path, BackupStore::Access::kRead));
  std::vector<const BackupRecord*> records;
  BackupVerifier verifier(*store, progress);
  if (id) {
    QUIVER_ASSIGN_OR_RETURN(records.emplace_back(), store->Get(*id));
  } else {
    for (const BackupRecord& record : store->records()) records.push_back(&record);
    verifier.report().damages = store->damages();
  }
  return verifier.Run(records);
}

Result<BackupInfo> RestoreBackupFrom(io::FileSystem& files, const std::filesystem::path& path,
                                     std::uint64_t id, const std::filesystem::path& destination,
                                     const ProgressCallback& progress) {
  QUIVER_ASSIGN_OR_RETURN(const std::unique_ptr<BackupStore> store,
                          BackupStore::Open(files, path, BackupStore::Access::kRead));
  QUIVER_ASSIGN_OR_RETURN(const BackupRecord* const record, store->Get(id));
  QUIVER_ASSIGN_OR_RETURN(const std::unique_ptr<io::Directory> target,
                          OpenEmptyDirectory(files, destination, "a restored database"));
  CopyProgress counted(progress, record->Info().bytes);
  if (Result<void> restored = RestoreFiles(*store, *record, *target, counted.Step()); !restored) {
    return restored.error().WithContext("backup " + std::to_string(id) + " was not restored to " +
                                        destination.string() + RemoveCopy(*target, kCurrentName));
  }
  return record->Info();
}

Result<BackupVerifyReport> VerifyBackup(const std::filesystem::path& backup_directory,
                                        std::optional<std::uint64_t> id,
                                        const ProgressCallback& progress) noexcept {
  QUIVER_ASSIGN_OR_RETURN(BackupVerifyReport report,
                          VerifyBackupIn(io::PosixFileSystem(), backup_directory, id, progress));
  // Who asks whether the backups are whole, and has mistyped where they are, must not hear yes.
  if (report.backups == 0 && report.damages.empty()) {
    return Error(ErrorCode::kNotFound,
                 "the directory holds no backups, so that there is nothing to verify; name the one "
                 "that they were made in",
                 backup_directory.string());
  }
  return report;
}

Result<BackupInfo> RestoreBackup(const std::filesystem::path& backup_directory, std::uint64_t id,
                                 const std::filesystem::path& destination,
                                 const ProgressCallback& progress) noexcept {
  return RestoreBackupFrom(io::PosixFileSystem(), backup_directory, id, destination, progress);
}

}  // namespace quiver
