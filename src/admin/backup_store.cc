#include "admin/backup_store.h"

#include <algorithm>
#include <set>

#include "base/try.h"
#include "version/version_set.h"

namespace quiver {

namespace {

constexpr std::uint64_t kRecordBytesMax = std::uint64_t{256} << 20;
constexpr std::string_view kTemporarySuffix = ".tmp";

Damage DamageOf(const Error& error, const std::string& file) {
  return {error.file().empty() ? file : error.file(),
          error.offset() == Error::kNoOffset ? 0 : error.offset(), error.message()};
}

// What a record's replacement leaves behind when it is cut short.
bool IsUnfinishedRecord(std::string_view name) {
  if (!name.ends_with(kTemporarySuffix)) return false;
  name.remove_suffix(kTemporarySuffix.size());
  return ParseBackupRecordName(name) != 0;
}

}  // namespace

Result<std::unique_ptr<BackupStore>> BackupStore::Open(io::FileSystem& files,
                                                       const std::filesystem::path& path,
                                                       Access access) {
  std::unique_ptr<BackupStore> store(new BackupStore);
  QUIVER_ASSIGN_OR_RETURN(store->directory_, files.OpenDirectory(path, access == Access::kCreate));
  QUIVER_ASSIGN_OR_RETURN(std::vector<io::DirectoryEntry> entries, store->directory_->List());
  const bool known = std::ranges::any_of(entries, [](const io::DirectoryEntry& entry) {
    return entry.name == kLockName || ParseBackupRecordName(entry.name) != 0;
  });
  const bool database = std::ranges::any_of(
      entries, [](const io::DirectoryEntry& entry) { return entry.name == kCurrentName; });
  if (access == Access::kCreate && (database || (!entries.empty() && !known))) {
    return Error(ErrorCode::kInvalidArgument,
                 "the directory holds " + entries.front().name +
                     " and no backups; name an empty one, or one that holds backups",
                 path.string());
  }
  if (access != Access::kCreate && database) {
    return Error(
        ErrorCode::kNotFound,
        "the directory holds a database and no backups; name the one that they were made in",
        path.string());
  }
  QUIVER_ASSIGN_OR_RETURN(store->lock_, access == Access::kRead
                                            ? store->directory_->LockForReading(kLockName)
                                            : store->directory_->Lock(kLockName));
  // Another process may have changed it while this one waited.
  QUIVER_ASSIGN_OR_RETURN(entries, store->directory_->List());
  QUIVER_TRY(store->ReadRecords(entries));
  return store;
}

Result<void> BackupStore::ReadRecords(const std::vector<io::DirectoryEntry>& entries) {
  std::vector<std::uint64_t> ids;
  for (const io::DirectoryEntry& entry : entries) {
    // Whatever stands under the name of a record counts: were it passed over, the tables of its
    // backup would be swept away.
    if (const std::uint64_t id = ParseBackupRecordName(entry.name); id != 0) {
      ids.push_back(id);
    } else if (!entry.regular) {
      continue;
    } else if (IsStoredName(entry.name) || IsUnfinishedRecord(entry.name)) {
      stored_.emplace_back(entry.name, entry.size_bytes);
    }
  }
  std::ranges::sort(ids);
  std::ranges::sort(stored_);
  for (const std::uint64_t id : ids) {
    last_id_ = id;
    const std::string name = BackupRecordName(id);
    const auto text = io::ReadWholeFile(*directory_, name, kRecordBytesMax);
    // What cannot be read now is not damaged for that.
    if (!text && text.error().code() != ErrorCode::kCorruption) return text.error();
    auto record = text ? BackupRecord::Decode(id, *text) : Result<BackupRecord>(text.error());
    if (record) {
      records_.push_back(*std::move(record));
    } else {
      damages_.push_back(DamageOf(record.error(), name));
      damaged_ids_.push_back(id);
    }
  }
  return {};
}

const BackupRecord* BackupStore::Find(std::uint64_t id) const noexcept {
  const auto found = std::ranges::find(records_, id, &BackupRecord::id);
  return found == records_.end() ? nullptr : &*found;
}

Result<const BackupRecord*> BackupStore::Get(std::uint64_t id) const {
  if (const BackupRecord* const record = Find(id)) return record;
  for (std::size_t i = 0; i < damages_.size(); ++i) {
    if (damaged_ids_[i] == id) {
      return Error(ErrorCode::kCorruption, damages_[i].what, damages_[i].file);
    }
  }
  return Error(ErrorCode::kNotFound,
               "there is no backup " + std::to_string(id) +
                   "; 'quiver backup list' shows those "
                   "that there are",
               directory_->path().string());
}

Result<void> BackupStore::CheckAllReadable() const {
  if (damages_.empty()) return {};
  return Error(ErrorCode::kCorruption, damages_.front().what, damages_.front().file);
}

const BackupFile* BackupStore::FindTable(const BackupFile& table) const {
  for (const BackupRecord& record : records_) {
    for (const BackupFile& file : record.files) {
      if (file.name != table.name || file.digest != table.digest ||
          file.size_bytes != table.size_bytes) {
        continue;
      }
      const std::pair<std::string, std::uint64_t> stored(record.StoredName(file), file.size_bytes);
      if (std::ranges::binary_search(stored_, stored)) return &file;
    }
  }
  return nullptr;
}

Result<void> BackupStore::Add(const BackupRecord& record) {
  QUIVER_TRY(directory_->Sync());
  return io::ReplaceFileDurably(*directory_, BackupRecordName(record.id), record.Encode());
}

Result<void> BackupStore::Remove(std::uint64_t id) {
  const bool damaged = std::ranges::find(damaged_ids_, id) != damaged_ids_.end();
  if (!damaged) QUIVER_TRY(Get(id));
  QUIVER_TRY(directory_->Remove(BackupRecordName(id)));
  QUIVER_TRY(directory_->Sync());
  std::erase_if(records_, [&](const BackupRecord& record) { return record.id == id; });
  for (std::size_t i = 0; i < damaged_ids_.size(); ++i) {
    if (damaged_ids_[i] != id) continue;
    damaged_ids_.erase(damaged_ids_.begin() + static_cast<std::ptrdiff_t>(i));
    damages_.erase(damages_.begin() + static_cast<std::ptrdiff_t>(i));
    break;
  }
  return {};
}

Result<void> BackupStore::Sweep() {
  if (!damages_.empty()) return {};
  std::set<std::string> named;
  for (const BackupRecord& record : records_) {
    for (const BackupFile& file : record.files) named.insert(record.StoredName(file));
  }
  for (const auto& [name, size_bytes] : stored_) {
    if (!named.contains(name)) QUIVER_TRY(directory_->Remove(name));
  }
  std::erase_if(stored_, [&](const auto& file) { return !named.contains(file.first); });
  return directory_->Sync();
}

Result<void> DeleteBackupIn(io::FileSystem& files, const std::filesystem::path& path,
                            std::uint64_t id) {
  QUIVER_ASSIGN_OR_RETURN(const std::unique_ptr<BackupStore> store,
                          BackupStore::Open(files, path, BackupStore::Access::kChange));
  QUIVER_TRY(store->Remove(id));
  return store->Sweep();
}

Result<std::uint64_t> PruneBackupsIn(io::FileSystem& files, const std::filesystem::path& path,
                                     std::uint64_t keep) {
  if (keep == 0) {
    return Error(ErrorCode::kInvalidArgument,
                 "pruning must keep at least one backup; delete single ones by their ids");
  }
  QUIVER_ASSIGN_OR_RETURN(const std::unique_ptr<BackupStore> store,
                          BackupStore::Open(files, path, BackupStore::Access::kChange));
  QUIVER_TRY(store->CheckAllReadable());
  std::uint64_t removed = 0;
  while (store->records().size() > keep) {
    QUIVER_TRY(store->Remove(store->records().front().id));
    ++removed;
  }
  QUIVER_TRY(store->Sweep());
  return removed;
}

Result<BackupList> ListBackups(const std::filesystem::path& backup_directory) noexcept {
  QUIVER_ASSIGN_OR_RETURN(
      const std::unique_ptr<BackupStore> store,
      BackupStore::Open(io::PosixFileSystem(), backup_directory, BackupStore::Access::kRead));
  BackupList list;
  for (const BackupRecord& record : store->records()) list.backups.push_back(record.Info());
  list.damages = store->damages();
  return list;
}

Result<void> DeleteBackup(const std::filesystem::path& backup_directory,
                          std::uint64_t id) noexcept {
  return DeleteBackupIn(io::PosixFileSystem(), backup_directory, id);
}

Result<std::uint64_t> PruneBackups(const std::filesystem::path& backup_directory,
                                   std::uint64_t keep) noexcept {
  return PruneBackupsIn(io::PosixFileSystem(), backup_directory, keep);
}

}  // namespace quiver
