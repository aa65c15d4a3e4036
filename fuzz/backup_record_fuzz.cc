// Goal: no bytes in the description of a backup do harm, and what reads as one is what would be
// written, byte for byte; no file that it names lies anywhere but in the directory of the backups.
//
// Input: the description of backup 1. It is tried as a file name as well.
#include "admin/backup_record.h"
#include "base/check.h"
#include "fuzz_target.h"

namespace quiver::fuzz {

void FuzzBackupRecord(std::string_view input) {
  if (const std::uint64_t id = ParseBackupRecordName(input); id != 0) {
    QUIVER_CHECK(BackupRecordName(id) == input);
  }
  const auto record = BackupRecord::Decode(1, input);
  if (!record) return;
  QUIVER_CHECK(record->Encode() == input);
  for (const BackupFile& file : record->files) {
    const std::string stored = record->StoredName(file);
    QUIVER_CHECK(IsStoredName(stored) && stored.find('/') == std::string::npos);
  }
}

}  // namespace quiver::fuzz
