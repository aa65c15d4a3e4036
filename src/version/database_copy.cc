#include "version/database_copy.h"

#include <memory>

#include "base/try.h"
#include "version/identity_file.h"
#include "version/manifest_writer.h"
#include "version/snapshot_edit.h"

namespace quiver {

Result<void> WriteDatabaseCopy(io::Directory& directory, const DatabaseCopy& copy) {
  VersionEdit snapshot = SnapshotEdit(*copy.catalog, copy.state);
  VersionEdit numbers;
  numbers.next_file_number = snapshot.next_file_number = copy.next_file_number;
  numbers.next_run_number = snapshot.next_run_number = copy.next_run_number;
  QUIVER_ASSIGN_OR_RETURN(
      const std::unique_ptr<ManifestWriter> writer,
      ManifestWriter::Create(directory, copy.database_id, copy.manifest_number, snapshot));
  QUIVER_TRY(writer->Finish(numbers));
  QUIVER_TRY(WriteIdentityFile(directory, copy.database_id));
  // The tables' names too, before there is a CURRENT that relies on them.
  QUIVER_TRY(directory.Sync());
  return WriteCurrentFile(directory, copy.database_id, copy.manifest_number);
}

}  // namespace quiver
