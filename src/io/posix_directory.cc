#include "io/posix_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cstdio>
#include <optional>

#include "base/try.h"
#include "io/file_name.h"
#include "io/posix_directory_lock.h"
#include "io/posix_error.h"
#include "io/posix_file.h"
#include "io/posix_log_file.h"

namespace quiver::io {

namespace {

struct CloseStream {
  void operator()(DIR* stream) const noexcept { (void)::closedir(stream); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseStream>;

// The status of `name` itself, links not followed; nothing if there is no such name.
Result<std::optional<struct stat>> StatusOf(int directory_fd, const std::string& name) {
  struct stat status = {};
  if (::fstatat(directory_fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return {status};
  if (errno == ENOENT) return {std::nullopt};
  return PosixError(errno, "cannot read the status", name);
}

// What stands under a name of ours but is no regular file was not made by us, so it is neither
// renamed, replaced nor removed.
Result<void> CheckReplaceable(int directory_fd, const std::string& name, bool may_be_absent) {
  QUIVER_ASSIGN_OR_RETURN(const std::optional<struct stat> status, StatusOf(directory_fd, name));
  if (!status) {
    if (may_be_absent) return {};
    return PosixError(ENOENT, "cannot find the file", name);
  }
  if (S_ISREG(status->st_mode)) return {};
  return Error(ErrorCode::kCorruption,
               "is not a regular file, so it is left as it is; find out who put it there and "
               "remove it",
               name);
}

// What only a copy gets around is kUnsupported. EPERM is how file systems without links answer, and
// how the kernel protects files of other users.
Error LinkError(int error_number, std::string_view name) {
  switch (error_number) {
    case EXDEV:
    case EPERM:
    case EOPNOTSUPP:
    case ENOSYS:
    case EMLINK:
      return Error(ErrorCode::kUnsupported,
                   "cannot be linked there (errno " + std::to_string(error_number) +
                       "), only copied: the directories lie on different file systems, or theirs "
                       "has no links for this file",
                   std::string(name));
    default: return PosixError(error_number, "cannot link", name);
  }
}

}  // namespace

Result<void> SyncPosixDirectory(int directory_fd, const std::filesystem::path& path) {
  if (RetryInterrupted([&] { return ::fsync(directory_fd); }) == 0 || errno == EINVAL) return {};
  return PosixError(errno, "cannot sync the directory, new names may be lost", path.string());
}

Result<std::unique_ptr<ReadableFile>> PosixDirectory::OpenForRead(std::string_view name) {
  QUIVER_TRY(CheckFileName(name));
  std::string own_name(name);
  QUIVER_ASSIGN_OR_RETURN(FileDescriptor fd, OpenRegularFile(fd_.get(), own_name, O_RDONLY));
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return PosixError(errno, "cannot read the status", name);
  return std::make_unique<PosixReadableFile>(std::move(fd), std::move(own_name),
                                             static_cast<std::uint64_t>(status.st_size));
}

Result<std::unique_ptr<WritableFile>> PosixDirectory::Create(std::string_view name) {
  QUIVER_TRY(CheckFileName(name));
  std::string own_name(name);
  QUIVER_ASSIGN_OR_RETURN(FileDescriptor fd,
                          OpenRegularFile(fd_.get(), own_name, O_WRONLY | O_CREAT | O_EXCL));
  return std::make_unique<PosixWritableFile>(std::move(fd), std::move(own_name));
}

Result<std::unique_ptr<LogFile>> PosixDirectory::CreateLog(std::string_view name,
                                                           LogAccess access) {
  QUIVER_TRY(CheckFileName(name));
  std::string own_name(name);
  QUIVER_ASSIGN_OR_RETURN(FileDescriptor fd,
                          OpenRegularFile(fd_.get(), own_name, O_RDWR | O_CREAT | O_EXCL));
  if (access == LogAccess::kMapped && MappingIsSafe(fd.get())) {
    return std::make_unique<PosixMappedLogFile>(std::move(fd), std::move(own_name));
  }
  return std::make_unique<PosixWrittenLogFile>(std::move(fd), std::move(own_name));
}

Result<void> PosixDirectory::Rename(std::string_view from, std::string_view to) {
  QUIVER_TRY(CheckFileName(from));
  QUIVER_TRY(CheckFileName(to));
  const std::string own_from(from);
  const std::string own_to(to);
  QUIVER_TRY(CheckReplaceable(fd_.get(), own_from, /*may_be_absent=*/false));
  QUIVER_TRY(CheckReplaceable(fd_.get(), own_to, /*may_be_absent=*/true));
  if (::renameat(fd_.get(), own_from.c_str(), fd_.get(), own_to.c_str()) != 0) {
    return PosixError(errno, "cannot rename to '" + own_to + "'", from);
  }
  return {};
}

Result<void> PosixDirectory::Remove(std::string_view name) {
  QUIVER_TRY(CheckFileName(name));
  const std::string own_name(name);
  QUIVER_TRY(CheckReplaceable(fd_.get(), own_name, /*may_be_absent=*/false));
  if (::unlinkat(fd_.get(), own_name.c_str(), 0) != 0) {
    return PosixError(errno, "cannot remove", name);
  }
  return {};
}

Result<void> PosixDirectory::LinkFrom(Directory& source, std::string_view name) {
  QUIVER_TRY(CheckFileName(name));
  const auto* const other = dynamic_cast<PosixDirectory*>(&source);
  if (other == nullptr) return LinkError(EXDEV, name);
  const std::string own_name(name);
  QUIVER_TRY(CheckReplaceable(other->fd_.get(), own_name, /*may_be_absent=*/false));
  // Without AT_SYMLINK_FOLLOW: a symbolic link put there since the check would itself be linked.
  if (::linkat(other->fd_.get(), own_name.c_str(), fd_.get(), own_name.c_str(), 0) != 0) {
    return LinkError(errno, name);
  }
  return {};
}

Result<std::vector<DirectoryEntry>> PosixDirectory::List() {
  // A descriptor of its own: the position in a directory belongs to the open file, and two lists
  // at a time would take each other's entries.
  FileDescriptor fd = OpenAboveStandardStreams(
      [&] { return ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (!fd.valid()) return PosixError(errno, "cannot list the directory", path_.string());
  const DirectoryStream stream(::fdopendir(fd.get()));
  if (stream == nullptr) return PosixError(errno, "cannot list the directory", path_.string());
  (void)fd.Release();  // the stream closes it
  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;
    // The stream is this call's own. NOLINTNEXTLINE(concurrency-mt-unsafe)
    const dirent* const found = ::readdir(stream.get());
    if (found == nullptr) {
      if (errno != 0) return PosixError(errno, "cannot list the directory", path_.string());
      return entries;
    }
    std::string name = found->d_name;
    if (name == "." || name == "..") continue;
    QUIVER_ASSIGN_OR_RETURN(const std::optional<struct stat> status, StatusOf(fd_.get(), name));
    if (!status) continue;  // removed since it was read
    entries.push_back(
        {std::move(name), static_cast<std::uint64_t>(status->st_size), S_ISREG(status->st_mode)});
  }
}

Result<void> PosixDirectory::Sync() {
  MutexLock lock(sync_mutex_);
  QUIVER_TRY(sync_failure_.Check());
  return sync_failure_.Keep(SyncPosixDirectory(fd_.get(), path_));
}

Result<std::unique_ptr<DirectoryLock>> PosixDirectory::Lock(std::string_view name) {
  QUIVER_TRY(CheckFileName(name));
  return LockPosixDirectory(fd_.get(), path_, std::string(name));
}

Result<std::unique_ptr<DirectoryLock>> PosixDirectory::LockForReading(std::string_view name) {
  QUIVER_TRY(CheckFileName(name));
  return LockPosixDirectoryForReading(fd_.get(), path_, std::string(name));
}

Result<std::uint64_t> PosixDirectory::FreeBytes() {
  struct statvfs status = {};
  if (RetryInterrupted([&] { return ::fstatvfs(fd_.get(), &status); }) != 0) {
    return PosixError(errno, "cannot read the free space", path_.string());
  }
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace quiver::io
