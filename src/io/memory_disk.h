// MemoryDisk: the state behind a MemoryFileSystem: directories, the files that their names lead to,
// and how much room is left.
//
// Invariants:
//  1. A directory's current names = its durable names with all unsynced name changes applied.
//  2. A name change is atomic: after a crash a rename has happened to both of its names or to
//     neither. It survives a crash only if every earlier change of its names does.
//  3. free + used = the size of the disk. A file's bytes are used while it has a name or is open.
//  4. Handles opened before a crash are dead: generation tells.
//  5. The observer runs after each change, before the call that made it returns, with no lock of
//     the disk held; a durable write is two changes, the write and the sync.
//
// Thread safety: every member is guarded by `mutex`.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "io/crash_model.h"
#include "io/memory_file_image.h"
#include "quiver/error.h"

namespace quiver::io {

struct MemoryFileNode {
  MemoryFileImage image;
  std::size_t link_count = 0;  // current names
  std::size_t open_count = 0;
};
using MemoryFileRef = std::shared_ptr<MemoryFileNode>;
using MemoryNames = std::map<std::string, MemoryFileRef, std::less<>>;

class MemoryDirectoryNode {
 public:
  MemoryDirectoryNode() = default;
  /// A directory whose names are durable.
  explicit MemoryDirectoryNode(MemoryNames names) : durable_(names), current_(std::move(names)) {}

  /// The file of a name, or null.
  MemoryFileRef Find(std::string_view name) const;
  /// `ordinal` is the change's place among all of the disk.
  void Link(std::string_view name, MemoryFileRef file, std::uint64_t ordinal);
  void Unlink(std::string_view name, std::uint64_t ordinal);
  void Rename(std::string_view from, std::string_view to, std::uint64_t ordinal);
  void Sync();

  const MemoryNames& current() const { return current_; }
  /// What a crash now leaves: the durable names, the current ones, or a possible state between.
  MemoryNames AfterCrash(const CrashModel& model) const;
  /// Adds the ordinals of the name changes since the last sync, and of those of the files' bytes.
  void AddUnsynced(std::set<std::uint64_t>& ordinals) const;

  /// Who holds the directory's lock: a writer, or any number of readers.
  bool held_by_writer = false;
  std::uint32_t reader_count = 0;

 private:
  struct Assignment {
    std::string name;
    MemoryFileRef file;  // null: the name goes
  };
  struct Change {
    std::vector<Assignment> parts;
    std::uint64_t ordinal;
    bool removes_only() const;
  };

  static void Apply(const Change& change, MemoryNames& names);
  void Record(Change change);

  MemoryNames durable_;
  MemoryNames current_;
  std::vector<Change> unsynced_;
};

using MemoryDirectories = std::map<std::string, MemoryDirectoryNode, std::less<>>;

struct MemoryDisk {
  Mutex mutex;
  /// By normalised absolute path. The root is not listed and always there.
  MemoryDirectories directories GUARDED_BY(mutex);
  std::uint64_t free_bytes GUARDED_BY(mutex) = std::uint64_t{1} << 40;
  std::uint64_t used_bytes GUARDED_BY(mutex) = 0;
  std::uint64_t generation GUARDED_BY(mutex) = 0;
  std::uint64_t change_count GUARDED_BY(mutex) = 0;
  std::shared_ptr<const std::function<void()>> observer GUARDED_BY(mutex);

  /// The error of a handle from before a crash.
  Result<void> CheckAlive(std::uint64_t handle_generation, std::string_view name) const
      REQUIRES(mutex);
  /// Takes room for `grow_bytes`; false, and none taken, if there is less.
  bool TakeSpace(std::uint64_t grow_bytes) REQUIRES(mutex);
  void ReturnSpace(std::uint64_t bytes) REQUIRES(mutex);
  /// Returns the room of a file that has neither a name nor a handle any more.
  void ReleaseIfUnused(const MemoryFileNode& file) REQUIRES(mutex);
  /// The ordinal of the next change.
  std::uint64_t NextOrdinal() REQUIRES(mutex) { return ++change_count; }
  /// The directories that a crash now leaves, with files of their own.
  MemoryDirectories DirectoriesAfterCrash(const CrashModel& model) const REQUIRES(mutex);
  /// Replaces the contents of the disk, as a restart after a crash finds it.
  void Restart(MemoryDirectories found) REQUIRES(mutex);
};

/// Tells the disk's observer at the end of its scope. Make it before the lock.
class MemoryChangeNotice {
 public:
  explicit MemoryChangeNotice(MemoryDisk& disk) : disk_(disk) {}
  ~MemoryChangeNotice();
  MemoryChangeNotice(const MemoryChangeNotice&) = delete;
  MemoryChangeNotice& operator=(const MemoryChangeNotice&) = delete;

 private:
  MemoryDisk& disk_;
};

}  // namespace quiver::io
