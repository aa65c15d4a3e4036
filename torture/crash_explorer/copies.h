// Copies: the checkpoints, backups, restored databases and datasets that a workload has made, with
// what each must hold; and, for any disk that a crash leaves, whether it does.
//
// A copy whose call has answered is there and holds exactly its state. One whose call is under way,
// or was refused, is whole or not there: it does not open, it is not listed.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <optional>
#include <string>

#include "base/random.h"
#include "crash_explorer/history.h"
#include "io/memory_file_system.h"

namespace quiver::torture {

inline constexpr const char* kBackupPath = "/backups";

/// A database or a dataset in a directory of its own.
struct DirectoryCopy {
  std::filesystem::path path;
  bool is_dataset = false;
  History history;                         ///< as it was when the call began
  std::optional<SequenceNumber> sequence;  ///< once the call has answered: what it holds
};

struct BackupCopy {
  History history;
  std::optional<std::uint64_t> id;  ///< once the call has answered
  bool leaving = false;             ///< its removal has begun
};

class Copies {
 public:
  explicit Copies(std::uint64_t seed) : seed_(seed) {}

  /// A call that makes a copy of the state that `history` has begins.
  DirectoryCopy& Begin(std::filesystem::path path, bool is_dataset, const History& history);
  BackupCopy& BeginBackup(const History& history);
  /// Whether a copy may be half made.
  bool under_way() const noexcept { return under_way_; }
  /// The call that began last has answered, or was refused.
  void End() noexcept { under_way_ = false; }
  /// Copies that are finished, oldest first.
  std::list<DirectoryCopy>& directories() noexcept { return directories_; }
  const std::list<DirectoryCopy>& directories() const noexcept { return directories_; }
  std::list<BackupCopy>& backups() noexcept { return backups_; }
  const std::list<BackupCopy>& backups() const noexcept { return backups_; }
  /// The backups of these ids are about to be removed, and then they are.
  void Removing(std::uint64_t before_id);
  void Removed();

  /// What is wrong with the copies on `disk`, a crash image of `live`, or empty: with those in
  /// doubt, and with some of the others.
  std::string Check(io::MemoryFileSystem& disk, const io::MemoryFileSystem& live,
                    std::uint64_t wall_us, Random& random) const;
  /// What is wrong with the files of the backup directory right after a backup was made: none may
  /// be there that no backup names.
  static std::string CheckSwept(io::MemoryFileSystem& disk);

 private:
  std::string CheckDirectory(io::MemoryFileSystem& disk, const DirectoryCopy& copy,
                             std::uint64_t wall_us) const;
  std::string CheckBackups(io::MemoryFileSystem& disk, std::uint64_t wall_us, Random& random) const;
  std::string CheckRestored(io::MemoryFileSystem& disk, std::uint64_t id, const History& history,
                            std::uint64_t wall_us) const;

  const std::uint64_t seed_;
  bool under_way_ = false;
  std::list<DirectoryCopy> directories_;
  std::list<BackupCopy> backups_;
};

}  // namespace quiver::torture
