// OpenedDirectory: the first half of opening a database: directory, lock, identity, manifest and
// stored configuration, all checked against each other before anything is read or written.
//
// Thread safety: used by one thread while opening.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/environment.h"
#include "quiver/config.h"
#include "quiver/error.h"
#include "quiver/recovery_report.h"
#include "version/version_set.h"

namespace quiver {

enum class OpenMode : std::uint8_t {
  kReadWrite,
  kReadOnly,  ///< with a lock against writers
  kFollower,  ///< without: another process may write
};

struct OpenedDirectory {
  std::unique_ptr<io::Directory> directory;
  std::unique_ptr<io::DirectoryLock> lock;
  std::unique_ptr<VersionSet> versions;
  DatabaseConfig config;
  /// Files of ours that no manifest names: outputs that a crash cut off.
  std::vector<std::string> orphans;
  RecoveryReport report;
};

/// Opens or creates. In kReadOnly and kFollower nothing is written and `config` is ignored for the
/// stored one. In kFollower what the writer does meanwhile may show as kNotFound or kCorruption:
/// try again.
Result<OpenedDirectory> OpenDirectory(const io::Environment& environment,
                                      const std::filesystem::path& path,
                                      const DatabaseConfig& config, OpenMode mode);

}  // namespace quiver
