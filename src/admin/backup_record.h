// BackupRecord: the small text file that describes a backup, and the names under which a backup
// directory stores files. docs/formats/backup.md has both, byte by byte.
//
// Invariants:
//  1. A record verifies only as a whole and under its own name.
//  2. No name in it leads out of the directory: each is the name of a file of a database, and the
//     name that it is stored under is made from it.
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.h"
#include "quiver/backup.h"
#include "quiver/error.h"

namespace quiver {

struct BackupFile {
  std::string name;  ///< in the database
  std::uint64_t size_bytes = 0;
  std::uint64_t digest = 0;    ///< of a table: what its manifest records; else 0
  std::uint64_t checksum = 0;  ///< XXH3-64 of its bytes

  bool is_table() const;
  bool operator==(const BackupFile&) const = default;
};

struct BackupRecord {
  std::uint64_t id = 0;
  DatabaseId database_id;
  std::uint64_t created_us = 0;
  SequenceNumber sequence = 0;
  std::uint64_t new_bytes = 0;
  std::vector<BackupFile> files;

  std::string Encode() const;
  /// kCorruption saying what is wrong, kUnsupported for a newer format.
  static Result<BackupRecord> Decode(std::uint64_t id, std::string_view text);

  BackupInfo Info() const;
  /// "0000000012-0123456789abcdef.arrow" for a table, which backups share; "0000000003-CURRENT" for
  /// another file of backup 3.
  std::string StoredName(const BackupFile& file) const;
  bool operator==(const BackupRecord&) const = default;
};

/// "BACKUP-0000000003".
std::string BackupRecordName(std::uint64_t id);
/// The id, or 0 if `name` is no record's.
std::uint64_t ParseBackupRecordName(std::string_view name);
/// Whether backups store files under such names.
bool IsStoredName(std::string_view name);

}  // namespace quiver
