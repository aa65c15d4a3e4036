// MemoryDisk: the state behind a MemoryFileSystem: directories, the files that their names lead to,
// and how much room is left.
//
// Invariants:
//  1. A directory's current names = its durable names with all unsynced name changes applied.
//  2. A name change is atomic: after a crash a rename has happened to both of its names or to
//     neither. It survives a crash only if every earlier change of its names does.
//  3. free + used = the size of the disk. A file's bytes are used while it has a name or is open.
//  4. Handles opened before a crash are dead: generation tells.
//
// Thread safety: every member is guarded by `mutex`.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
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
  void Link(std::string_view name, MemoryFileRef file);
  void Unlink(std::string_view name);
  void Rename(std::string_view from, std::string_view to);
  void Sync();

  const MemoryNames& current() const { return current_; }
  /// What a crash now leaves: the durable names, or with `random` a possible state between those
  /// and the current ones.
  MemoryNames AfterCrash(Random* random) const;

  /// Who holds the directory's lock: a writer, or any number of readers.
  bool held_by_writer = false;
  std::uint32_t reader_count = 0;

 private:
  struct Assignment {
    std::string name;
    MemoryFileRef file;  // null: the name goes
  };
  using Change = std::vector<Assignment>;

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

  /// The error of a handle from before a crash.
  Result<void> CheckAlive(std::uint64_t handle_generation, std::string_view name) const
      REQUIRES(mutex);
  /// Takes room for `grow_bytes`; false, and none taken, if there is less.
  bool TakeSpace(std::uint64_t grow_bytes) REQUIRES(mutex);
  void ReturnSpace(std::uint64_t bytes) REQUIRES(mutex);
  /// Returns the room of a file that has neither a name nor a handle any more.
  void ReleaseIfUnused(const MemoryFileNode& file) REQUIRES(mutex);
  /// The directories that a crash now leaves, with files of their own.
  MemoryDirectories DirectoriesAfterCrash(Random* random) const REQUIRES(mutex);
  /// Replaces the contents of the disk, as a restart after a crash finds it.
  void Restart(MemoryDirectories found) REQUIRES(mutex);
};

}  // namespace quiver::io
