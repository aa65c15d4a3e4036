// MemoryFileSystem: a disk in memory that can lose its power. It keeps apart what has been written
// and what has been synced, for the bytes of files and for the names of directories, so that a test
// sees what a crash at any moment would leave.
//
// Invariants:
//  1. Only Sync of a file makes its bytes durable, only Sync of a directory its names: the strict
//     reading of POSIX, of which every real file system leaves a possible outcome.
//  2. A crash kills the machine: handles and locks from before it answer kIo and hold nothing.
//  3. Directories themselves are durable once made, as io/directory.h promises.
//
// What a crash may keep stands in crash_model.h, memory_file_image.h and memory_disk.h. All models
// leave out disks that lie about a flush.
//
// Thread safety: all methods from any thread, also while handles are in use. The handles may
// outlive the file system.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>

#include "base/random.h"
#include "io/crash_model.h"
#include "io/directory.h"
#include "io/memory_disk.h"

namespace quiver::io {

class MemoryFileSystem final : public FileSystem {
 public:
  MemoryFileSystem() : disk_(std::make_shared<MemoryDisk>()) {}

  /// Relative paths start at the root, which exists.
  Result<std::unique_ptr<Directory>> OpenDirectory(const std::filesystem::path& path,
                                                   bool create) override;

  /// Cuts the power: drops every byte and every name that is not durable.
  void Crash() { Crash(CrashModel{}); }
  /// Cuts the power: keeps, of what is not durable, a part that `random` draws: per sector of 512
  /// bytes, per size of a file and per name.
  void Crash(Random& random) { Crash(CrashModel::Drawn(&random)); }
  /// Cuts the power: keeps what the model says.
  void Crash(const CrashModel& model);
  /// The disk as Crash() now would leave it, while this one runs on. `random` may be null.
  std::unique_ptr<MemoryFileSystem> CrashImage(Random* random) const {
    return CrashImage(CrashModel::Drawn(random));
  }
  std::unique_ptr<MemoryFileSystem> CrashImage(const CrashModel& model) const;
  /// The ordinals of all changes that are not synced, in the order in which they were made.
  std::set<std::uint64_t> UnsyncedChanges() const;
  /// Handles that are open on files with a name.
  std::size_t open_file_count() const;
  /// Called after every change of the disk, by the thread that made it, with no lock held: the
  /// place for a test to take crash images. Empty: nobody. Set it while nothing runs.
  void SetObserver(std::function<void()> observer);

  /// Sets how many bytes fit in addition to those there are; a terabyte to begin with.
  void SetFreeBytes(std::uint64_t free_bytes);

 private:
  const std::shared_ptr<MemoryDisk> disk_;
};

}  // namespace quiver::io
