// Goal: no bytes in a manifest make the open or the inspection crash or hang, and whatever opens
// takes an edit and opens again with the same tables.
//
// Input: MANIFEST-0000000001 of kDatabase.
#include "fuzz_files.h"
#include "fuzz_target.h"
#include "version/identity_file.h"
#include "version/version_edit.h"
#include "version/version_set.h"

namespace quiver::fuzz {

void FuzzManifest(std::string_view input) {
  MemoryFiles files;
  io::Directory& directory = files.directory();
  const std::string name = ManifestName(1);
  files.Put(name, input);
  QUIVER_CHECK(WriteIdentityFile(directory, kDatabase).ok());
  QUIVER_CHECK(WriteCurrentFile(directory, kDatabase, 1).ok());
  (void)WalkManifest(directory, name, [&](const ManifestRecord& record) {
    QUIVER_CHECK(record.offset <= input.size());
    const auto again = VersionEdit::Decode(record.edit.Encode());
    QUIVER_CHECK(again.ok() && *again == record.edit);
    return true;
  });
  (void)ReadManifestOwner(directory, name);
  (void)BeginsAsUnfinishedManifest(directory, name);

  auto opened = VersionSet::Open(directory);
  if (!opened) return;
  VersionSet& versions = **opened;
  const ManifestState state = versions.state();
  VersionEdit edit;
  edit.flushed_sequence = state.flushed_sequence;
  const auto applied = versions.Apply(edit);
  const std::uint64_t tables = versions.current()->table_count();
  versions.Close();
  if (!applied) return;
  const auto again = VersionSet::Open(directory);
  QUIVER_CHECK(again.ok());
  QUIVER_CHECK((*again)->current()->table_count() == tables);
  QUIVER_CHECK((*again)->state().flushed_sequence == state.flushed_sequence);
  QUIVER_CHECK((*again)->state().first_log_segment == state.first_log_segment);
}

}  // namespace quiver::fuzz
