// Directory and FileSystem: the seam between the engine and the operating system. Everything the
// engine keeps lies in one directory, and every call on its files goes through one Directory, so
// that a test can record, fail, reorder or lose any of them.
//
// Invariants:
//  1. Names are plain file names: no '/', not "." or "..", not empty; anything else is
//     kInvalidArgument.
//  2. Symbolic links are never followed and only regular files are opened: anything else under a
//     name of ours is kCorruption.
//  3. Files are made with mode 0600, directories with 0700.
//  4. Create, Rename and LinkFrom are durable only after Sync() of the directory.
//
// Thread safety: all methods from any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.h"
#include "quiver/error.h"

namespace quiver::io {

struct DirectoryEntry {
  std::string name;
  std::uint64_t size_bytes = 0;
  bool regular = true;
};

enum class LogAccess : std::uint8_t {
  kWritten,  ///< each WriteAt is a system call: the fastest to sync
  kMapped,   ///< each WriteAt is a copy into mapped memory: the fastest not to sync
};

/// Holds the lock file of a directory until destroyed.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

class Directory {
 public:
  virtual ~Directory() = default;
  /// kNotFound if absent.
  virtual Result<std::unique_ptr<ReadableFile>> OpenForRead(std::string_view name) = 0;
  /// A new file; kIo if the name exists.
  virtual Result<std::unique_ptr<WritableFile>> Create(std::string_view name) = 0;
  virtual Result<std::unique_ptr<LogFile>> CreateLog(std::string_view name, LogAccess access) = 0;
  /// Replaces `to` atomically.
  virtual Result<void> Rename(std::string_view from, std::string_view to) = 0;
  virtual Result<void> Remove(std::string_view name) = 0;
  /// A second name here, the same one, for the file `name` of `source`: no byte is copied, and
  /// neither name is the original. kUnsupported where that cannot be (another file system, one
  /// without links, too many names, not allowed); kIo if the name exists.
  virtual Result<void> LinkFrom(Directory& source, std::string_view name) = 0;
  /// Every entry but "." and "..", in no order; subdirectories too (regular = false).
  virtual Result<std::vector<DirectoryEntry>> List() = 0;
  /// Makes created, renamed and removed names durable.
  virtual Result<void> Sync() = 0;
  /// Locks against every other opener, in this process and outside. kBusy names the holder's pid.
  virtual Result<std::unique_ptr<DirectoryLock>> Lock(std::string_view name) = 0;
  /// Locks against writers only: any number of readers may hold it at once. Writes nothing and
  /// makes no file: if there is no lock file, nobody has ever written here, and null is returned.
  virtual Result<std::unique_ptr<DirectoryLock>> LockForReading(std::string_view name) = 0;
  /// Bytes that an unprivileged writer may still use.
  virtual Result<std::uint64_t> FreeBytes() = 0;
  virtual const std::filesystem::path& path() const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  /// With `create`, makes the directory (not its parents) if absent and syncs its parent.
  /// kNotFound if absent otherwise; kInvalidArgument if the path is empty or has a NUL.
  virtual Result<std::unique_ptr<Directory>> OpenDirectory(const std::filesystem::path& path,
                                                           bool create) = 0;
  /// Removes a directory that is empty; the name is not synced. kIo if anything is in it;
  /// kUnsupported where directories cannot be removed.
  virtual Result<void> RemoveDirectory(const std::filesystem::path& path) {
    return Error(ErrorCode::kUnsupported, "this file system keeps its directories", path.string());
  }
  /// Where a file that the user named lies, symbolic links followed; `path` itself where that
  /// cannot be told. Under names of ours no link is ever followed.
  virtual std::filesystem::path Resolved(const std::filesystem::path& path) { return path; }
};

/// The operating system's files. The only object of the library that opens one.
FileSystem& PosixFileSystem();

/// Reads a whole file of at most `limit_bytes` into a string; kCorruption if it is larger.
Result<std::string> ReadWholeFile(Directory& directory, std::string_view name,
                                  std::uint64_t limit_bytes);
struct CopiedFile {
  std::uint64_t size_bytes = 0;
  std::uint64_t checksum = 0;  ///< FileChecksum of the bytes, as they were read
};
/// Called with the bytes of each step; an Error ends the work with it.
using StepCallback = std::function<Result<void>(std::uint64_t step_bytes)>;

/// Copies `name` of `source` to the new file `new_name` of `target` and syncs it, not its name. A
/// copy that could not be finished is removed again.
Result<CopiedFile> CopyFile(Directory& source, std::string_view name, Directory& target,
                            std::string_view new_name, const StepCallback& step = {});
/// Reads a whole file for its size and checksum.
Result<CopiedFile> ReadForChecksum(Directory& directory, std::string_view name,
                                   const StepCallback& step = {});

/// Writes temp file, syncs it, renames it over `name`, syncs the directory.
Result<void> ReplaceFileDurably(Directory& directory, std::string_view name,
                                std::string_view contents);

}  // namespace quiver::io
