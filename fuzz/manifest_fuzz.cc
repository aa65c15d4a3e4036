// Goal: no bytes in a manifest make the open or the inspection crash or hang, and whatever opens
// takes an edit and opens again with the same keyspaces, tables and range deletes.
//
// Input: MANIFEST-0000000001 of kDatabase.
#include "fuzz_files.h"
#include "fuzz_target.h"
#include "version/identity_file.h"
#include "version/version_edit.h"
#include "version/version_set.h"

namespace quiver::fuzz {

namespace {

std::vector<RangeDelete> RangesOf(const KeyspaceRecord& keyspace) {
  const RangeDeletesRef& ranges = keyspace.version->range_deletes();
  return ranges == nullptr ? std::vector<RangeDelete>() : ranges->all();
}

void CheckSame(const Catalog& found, const Catalog& expected) {
  QUIVER_CHECK(found.next_id() == expected.next_id());
  QUIVER_CHECK(found.keyspaces().size() == expected.keyspaces().size());
  for (std::size_t i = 0; i < expected.keyspaces().size(); ++i) {
    const KeyspaceRecord& a = found.keyspaces()[i];
    const KeyspaceRecord& b = expected.keyspaces()[i];
    QUIVER_CHECK(a.id == b.id && a.name == b.name && a.settings == b.settings);
    QUIVER_CHECK(a.version->table_count() == b.version->table_count());
    QUIVER_CHECK(RangesOf(a) == RangesOf(b));
  }
}

}  // namespace

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
  const CatalogRef catalog = versions.catalog();
  versions.Close();
  if (!applied) return;
  const auto again = VersionSet::Open(directory);
  QUIVER_CHECK(again.ok());
  QUIVER_CHECK((*again)->current()->table_count() == tables);
  QUIVER_CHECK((*again)->state().flushed_sequence == state.flushed_sequence);
  QUIVER_CHECK((*again)->state().first_log_segment == state.first_log_segment);
  CheckSame(*(*again)->catalog(), *catalog);
}

}  // namespace quiver::fuzz
