// The lock of a directory, held against this process and all others.
//
// Invariants:
//  1. A table of this process, keyed by device and inode, names the locked directories and whether
//     one writer or some readers hold them: two paths to one directory (links, bind mounts) meet in
//     it.
//  2. Against other processes an open-file-description lock is held on the lock file. Unlike a
//     POSIX record lock it does not vanish when some other descriptor of the file is closed. The
//     file's text, the pid of the holder, serves the message only.
//  3. The lock file is never removed: an opener could hold the lock of a removed file.
//  4. A child made by fork() shares the lock. It holds it as long as it lives, but never releases
//     it for the parent nor touches the pid.
//
// Thread safety: all functions from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "io/directory.h"

namespace quiver::io {

/// Locks the directory that `directory_fd` is open on through its file `name`, made if absent.
/// kBusy names the holder's pid; kCorruption if `name` is no regular file.
Result<std::unique_ptr<DirectoryLock>> LockPosixDirectory(int directory_fd,
                                                          const std::filesystem::path& path,
                                                          const std::string& name);

/// The same against writers only, shared with other readers; writes nothing. Null if there is no
/// file `name`.
Result<std::unique_ptr<DirectoryLock>> LockPosixDirectoryForReading(
    int directory_fd, const std::filesystem::path& path, const std::string& name);

}  // namespace quiver::io
