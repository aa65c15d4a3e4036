// A directory of a MemoryFileSystem.
//
// Thread safety: all methods from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/directory.h"
#include "io/memory_disk.h"

namespace quiver::io {

class MemoryDirectory final : public Directory {
 public:
  /// `key` is the directory's in disk->directories, `path` what the caller named it.
  MemoryDirectory(std::shared_ptr<MemoryDisk> disk, std::string key, std::filesystem::path path,
                  std::uint64_t generation)
      : disk_(std::move(disk)),
        key_(std::move(key)),
        path_(std::move(path)),
        generation_(generation) {}

  Result<std::unique_ptr<ReadableFile>> OpenForRead(std::string_view name) override;
  Result<std::unique_ptr<WritableFile>> Create(std::string_view name) override;
  Result<std::unique_ptr<LogFile>> CreateLog(std::string_view name, LogAccess access) override;
  Result<void> Rename(std::string_view from, std::string_view to) override;
  Result<void> Remove(std::string_view name) override;
  Result<void> LinkFrom(Directory& source, std::string_view name) override;
  Result<std::vector<DirectoryEntry>> List() override;
  Result<void> Sync() override;
  Result<std::unique_ptr<DirectoryLock>> Lock(std::string_view name) override;
  Result<std::unique_ptr<DirectoryLock>> LockForReading(std::string_view name) override;
  Result<std::uint64_t> FreeBytes() override;
  const std::filesystem::path& path() const override { return path_; }

 private:
  /// The directory, after all checks that every call makes. The caller holds the disk's mutex.
  Result<MemoryDirectoryNode*> Node(std::string_view name) const REQUIRES(disk_->mutex);
  /// The same of `other`, which lies on the same disk.
  Result<MemoryDirectoryNode*> NodeOf(const MemoryDirectory& other, std::string_view name) const
      REQUIRES(disk_->mutex);
  /// The regular file `name`; kNotFound, or kCorruption if it is a directory.
  Result<MemoryFileRef> FindFile(std::string_view name) const REQUIRES(disk_->mutex);
  Result<MemoryFileRef> CreateFile(std::string_view name) REQUIRES(disk_->mutex);
  bool IsDirectory(std::string_view name) const REQUIRES(disk_->mutex) {
    return IsDirectoryIn(key_, name);
  }
  bool IsDirectoryIn(const std::string& key, std::string_view name) const REQUIRES(disk_->mutex);

  const std::shared_ptr<MemoryDisk> disk_;
  const std::string key_;
  const std::filesystem::path path_;
  const std::uint64_t generation_;
};

}  // namespace quiver::io
