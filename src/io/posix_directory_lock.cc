#include "io/posix_directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "base/mutex.h"
#include "base/try.h"
#include "io/posix_descriptor.h"
#include "io/posix_error.h"
#include "io/posix_file.h"

namespace quiver::io {

namespace {

using DirectoryKey = std::pair<dev_t, ino_t>;

enum class Sharing : std::uint8_t { kExclusive, kShared };

// The directories that this process has locked, each with the process that locked it: a child of
// fork() finds entries of its parent here, which say nothing about the child.
class LockTable {
 public:
  static LockTable& Instance() {
    // Never destroyed: a lock may be released after the static destructors have begun.
    static LockTable* const table = new LockTable;
    return *table;
  }

  /// False if this process holds a lock that does not go with this one.
  bool Add(DirectoryKey key, Sharing sharing) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    Holders& holders = holders_[key];
    const pid_t self = ::getpid();
    if (holders.process != self) holders = {self, 0, false};
    const bool fits = sharing == Sharing::kExclusive ? holders.count == 0 : !holders.exclusive;
    if (!fits) return false;
    ++holders.count;
    holders.exclusive = sharing == Sharing::kExclusive;
    return true;
  }
  void Remove(DirectoryKey key) EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    const auto found = holders_.find(key);
    if (found != holders_.end() && --found->second.count == 0) holders_.erase(found);
  }

 private:
  struct Holders {
    pid_t process = 0;
    std::uint32_t count = 0;
    bool exclusive = false;
  };
  Mutex mutex_;
  std::map<DirectoryKey, Holders> holders_ GUARDED_BY(mutex_);
};

// The place of a directory in the table, given back unless it is released to a lock.
class TablePlace {
 public:
  TablePlace(DirectoryKey key, Sharing sharing)
      : key_(key), owner_(::getpid()), held_(LockTable::Instance().Add(key, sharing)) {}
  TablePlace(TablePlace&& other) noexcept
      : key_(other.key_), owner_(other.owner_), held_(std::exchange(other.held_, false)) {}
  TablePlace& operator=(TablePlace&&) = delete;
  ~TablePlace() {
    if (held_ && own_process()) LockTable::Instance().Remove(key_);
  }

  bool held() const noexcept { return held_; }
  /// False in a child that inherited this by fork().
  bool own_process() const noexcept { return owner_ == ::getpid(); }

 private:
  const DirectoryKey key_;
  const pid_t owner_;
  bool held_;
};

class PosixDirectoryLock final : public DirectoryLock {
 public:
  PosixDirectoryLock(TablePlace place, FileDescriptor directory, FileDescriptor fd, Sharing sharing)
      : place_(std::move(place)),
        directory_(std::move(directory)),
        fd_(std::move(fd)),
        sharing_(sharing) {}
  ~PosixDirectoryLock() override {
    // An empty lock file tells that nobody holds it. Closing releases the lock, before the place
    // in the table is given back.
    if (sharing_ == Sharing::kExclusive && place_.own_process()) (void)!::ftruncate(fd_.get(), 0);
  }
  PosixDirectoryLock(const PosixDirectoryLock&) = delete;
  PosixDirectoryLock& operator=(const PosixDirectoryLock&) = delete;

 private:
  TablePlace place_;
  const FileDescriptor directory_;
  FileDescriptor fd_;
  const Sharing sharing_;
};

Error Busy(const std::filesystem::path& path, const std::string& name, const std::string& holder) {
  return Error(ErrorCode::kBusy,
               "directory " + path.string() + " is in use by " + holder +
                   "; close it there, or wait, then open again",
               name);
}

// Who keeps a lock of `type` from being taken. The pid is the last writer's, who may be long dead,
// so it is told only while a writer holds the lock.
std::string HolderOf(int lock_fd, short type) {
  struct flock blocking = {};
  blocking.l_type = type;
  blocking.l_whence = SEEK_SET;
  if (::fcntl(lock_fd, F_OFD_GETLK, &blocking) == 0 && blocking.l_type == F_RDLCK) {
    return "other processes, which read it";
  }
  std::array<char, 32> text{};
  const ssize_t count =
      RetryInterrupted([&] { return ::pread(lock_fd, text.data(), text.size(), 0); });
  long pid = 0;
  if (count > 0) std::from_chars(text.data(), text.data() + count, pid);
  if (pid <= 0) return "another process, which has not yet written its pid";
  return "process " + std::to_string(pid);
}

// Only the message of the next opener depends on this text, so a full disk is no reason to fail.
void WriteHolder(int lock_fd) {
  const std::string text = std::to_string(::getpid()) + "\n";
  (void)!::pwrite(lock_fd, text.data(), text.size(), 0);
  (void)!::ftruncate(lock_fd, static_cast<off_t>(text.size()));
}

// A lock on the directory itself, which holds when somebody has removed the lock file in the belief
// that it was stale. Not every file system has it (NFS may not); there the lock file is alone.
Result<FileDescriptor> LockItself(int directory_fd, const std::filesystem::path& path,
                                  const std::string& name, Sharing sharing) {
  FileDescriptor fd = OpenAboveStandardStreams(
      [&] { return ::openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (!fd.valid()) return PosixError(errno, "cannot open the directory to lock it", path.string());
  const int operation = sharing == Sharing::kExclusive ? LOCK_EX : LOCK_SH;
  if (RetryInterrupted([&] { return ::flock(fd.get(), operation | LOCK_NB); }) != 0 &&
      errno == EWOULDBLOCK) {
    return Busy(path, name, "another process, whose lock file somebody has removed");
  }
  return fd;
}

Result<std::unique_ptr<DirectoryLock>> TakeLock(int directory_fd, const std::filesystem::path& path,
                                                const std::string& name, Sharing sharing) {
  struct stat status = {};
  if (::fstat(directory_fd, &status) != 0) {
    return PosixError(errno, "cannot read the status of the directory", path.string());
  }
  TablePlace place(DirectoryKey{status.st_dev, status.st_ino}, sharing);
  if (!place.held()) {
    return Busy(path, name, "this process (process " + std::to_string(::getpid()) + ")");
  }
  const bool exclusive = sharing == Sharing::kExclusive;
  auto fd = OpenRegularFile(directory_fd, name, exclusive ? O_RDWR | O_CREAT : O_RDONLY);
  if (!fd) {
    if (!exclusive && fd.error().code() == ErrorCode::kNotFound) return nullptr;
    return Error(fd.error());
  }
  struct flock whole_file = {};
  whole_file.l_type = exclusive ? F_WRLCK : F_RDLCK;
  whole_file.l_whence = SEEK_SET;
  if (RetryInterrupted([&] { return ::fcntl(fd->get(), F_OFD_SETLK, &whole_file); }) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return Busy(path, name, HolderOf(fd->get(), exclusive ? F_WRLCK : F_RDLCK));
    }
    return PosixError(errno, "cannot lock", name);
  }
  QUIVER_ASSIGN_OR_RETURN(FileDescriptor directory, LockItself(directory_fd, path, name, sharing));
  if (exclusive) WriteHolder(fd->get());
  return std::make_unique<PosixDirectoryLock>(std::move(place), std::move(directory),
                                              std::move(*fd), sharing);
}

}  // namespace

Result<std::unique_ptr<DirectoryLock>> LockPosixDirectory(int directory_fd,
                                                          const std::filesystem::path& path,
                                                          const std::string& name) {
  return TakeLock(directory_fd, path, name, Sharing::kExclusive);
}

Result<std::unique_ptr<DirectoryLock>> LockPosixDirectoryForReading(
    int directory_fd, const std::filesystem::path& path, const std::string& name) {
  return TakeLock(directory_fd, path, name, Sharing::kShared);
}

}  // namespace quiver::io
