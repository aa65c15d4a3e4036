// A directory of the operating system, held open: every call on a file goes through the open
// descriptor, so that renaming or replacing the directory's path never leads elsewhere.
//
// Thread safety: all methods from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "io/directory.h"
#include "io/posix_descriptor.h"
#include "io/sticky_error.h"

namespace quiver::io {

class PosixDirectory final : public Directory {
 public:
  PosixDirectory(FileDescriptor fd, std::filesystem::path path)
      : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::unique_ptr<ReadableFile>> OpenForRead(std::string_view name) override;
  Result<std::unique_ptr<WritableFile>> Create(std::string_view name) override;
  /// A file system on which a mapping could meet a full disk gets written access for kMapped too.
  Result<std::unique_ptr<LogFile>> CreateLog(std::string_view name, LogAccess access) override;
  Result<void> Rename(std::string_view from, std::string_view to) override;
  Result<void> Remove(std::string_view name) override;
  Result<void> LinkFrom(Directory& source, std::string_view name) override;
  Result<std::vector<DirectoryEntry>> List() override;
  Result<void> Sync() override EXCLUDES(sync_mutex_);
  Result<std::unique_ptr<DirectoryLock>> Lock(std::string_view name) override;
  Result<std::unique_ptr<DirectoryLock>> LockForReading(std::string_view name) override;
  Result<std::uint64_t> FreeBytes() override;
  const std::filesystem::path& path() const override { return path_; }

 private:
  const FileDescriptor fd_;
  const std::filesystem::path path_;
  /// Held while syncing, so that no second sync begins before the failure of a first is kept.
  Mutex sync_mutex_;
  StickyError sync_failure_ GUARDED_BY(sync_mutex_);
};

/// fsync of a directory. A file system that cannot sync directories (EINVAL) makes names durable
/// by its own rules, which is all that can be had there.
Result<void> SyncPosixDirectory(int directory_fd, const std::filesystem::path& path);

}  // namespace quiver::io
