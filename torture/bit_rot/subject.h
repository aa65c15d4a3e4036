// Subject: a small closed database of one engine, held in memory as files, with the rows that it
// must answer; and an older copy of the same files.
//
// Made in a child process, so that the caller stays without threads of an engine and may fork.
//
// Thread safety: a value.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engines/oracle.h"

namespace quiver::torture {

struct SubjectFile {
  std::string name;
  std::string type;  ///< of figures: log, table_lz4, manifest, …
  std::string bytes;
  std::string older;  ///< the file of this name in the older copy; empty if there was none
};

struct Subject {
  std::string label;    ///< of figures: quiver, quiver_backup, rocksdb_default, leveldb_strictest
  std::string variant;  ///< none, lz4, zstd, checkpoint, backup, follower, or empty
  const EngineKind* kind = nullptr;
  EngineConfig config;
  Rows rows;
  std::vector<SubjectFile> files;
  /// Every flip of a bit has to be reported, even where it does not matter to the rows.
  bool every_flip_is_damage = false;
};

/// Quiver's, its tables compressed as `compression` says.
Result<Subject> MakeQuiverSubject(const std::string& compression,
                                  const std::filesystem::path& directory);
/// Quiver's copies: "checkpoint", opened for writing; "backup", two of them in a directory,
/// verified and the newer one restored; "follower", the files of a database that is followed.
Result<Subject> MakeCopySubject(const std::string& variant, const std::filesystem::path& directory);
Result<Subject> MakePeerSubject(const EngineKind& kind, Checks checks,
                                const std::filesystem::path& directory);

}  // namespace quiver::torture
