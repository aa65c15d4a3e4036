#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/try.h"
#include "io/directory.h"
#include "io/file_name.h"
#include "io/posix_descriptor.h"
#include "io/posix_directory.h"
#include "io/posix_error.h"

namespace quiver::io {

namespace {

constexpr mode_t kDirectoryMode = 0700;

// Makes the name of a directory durable in its parent. The parent is found through the directory
// itself, which no form of the path (relative, with a slash at its end) can lead astray.
Result<void> SyncParent(int directory_fd, const std::filesystem::path& path, bool created) {
  const FileDescriptor parent = OpenAboveStandardStreams(
      [&] { return ::openat(directory_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (!parent.valid()) {
    // A directory that was there before may stand in a parent that this user cannot read. Then he
    // did not make it in a run that was cut short, which is what the sync is for.
    if (!created && errno == EACCES) return {};
    return PosixError(errno, "cannot open the parent directory to sync it", path.string());
  }
  return SyncPosixDirectory(parent.get(), path / "..");
}

class OperatingSystemFiles final : public FileSystem {
 public:
  std::filesystem::path Resolved(const std::filesystem::path& path) override {
    std::error_code unresolved;
    std::filesystem::path real = std::filesystem::canonical(path, unresolved);
    return unresolved ? path : real;
  }
  Result<void> RemoveDirectory(const std::filesystem::path& path) override {
    QUIVER_TRY(CheckDirectoryPath(path));
    if (::rmdir(path.c_str()) == 0) return {};
    return PosixError(errno, "cannot remove the directory", path.string());
  }
  Result<std::unique_ptr<Directory>> OpenDirectory(const std::filesystem::path& path,
                                                   bool create) override {
    QUIVER_TRY(CheckDirectoryPath(path));
    bool created = false;
    if (create) {
      created = ::mkdir(path.c_str(), kDirectoryMode) == 0;
      if (!created && errno != EEXIST) {
        return PosixError(errno, "cannot create the directory", path.string());
      }
    }
    // The path may go through symbolic links: where the directory lies is the user's choice.
    FileDescriptor fd = OpenAboveStandardStreams(
        [&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (!fd.valid()) {
      if (errno == ENOTDIR) {
        return Error(ErrorCode::kInvalidArgument, "the path does not name a directory",
                     path.string());
      }
      return PosixError(errno, "cannot open the directory", path.string());
    }
    if (create) {
      Result<void> synced = SyncParent(fd.get(), path, created);
      if (!synced) {
        // Kept, it would be found next time as if its name were durable.
        if (created) (void)::rmdir(path.c_str());
        return synced.error();
      }
    }
    return std::make_unique<PosixDirectory>(std::move(fd), path);
  }
};

}  // namespace

FileSystem& PosixFileSystem() {
  static OperatingSystemFiles files;
  return files;
}

}  // namespace quiver::io
