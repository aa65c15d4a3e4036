#include "version/snapshot_edit.h"

#include <vector>

namespace quiver {

namespace {

void AddTables(const KeyspaceRecord& keyspace, VersionEdit& edit) {
  const Version& version = *keyspace.version;
  for (std::uint32_t level = 0; level < version.levels().size(); ++level) {
    for (const SortedRun& run : version.level(level).runs) {
      for (const TableFileRef& table : run.tables) {
        edit.added.push_back({keyspace.id, level, run.number, table->summary});
        if (table->cleaned_sequence == 0) continue;
        edit.cleaned.push_back({keyspace.id, table->summary.number, table->cleaned_sequence});
      }
    }
  }
  if (version.range_deletes() == nullptr) return;
  const std::vector<RangeDelete> ranges = version.range_deletes()->all();
  for (const RangeDelete& range : ranges) {
    edit.added_range_deletes.push_back({keyspace.id, range});
  }
}

}  // namespace

VersionEdit SnapshotEdit(const Catalog& catalog, const ManifestState& state) {
  VersionEdit edit;
  for (const KeyspaceRecord& keyspace : catalog.keyspaces()) {
    if (keyspace.id != kDefaultKeyspaceId) {
      edit.keyspaces.push_back({keyspace.id, keyspace.name, keyspace.settings});
    }
    if (keyspace.flushed_sequence > state.flushed_sequence) {
      edit.keyspace_flushed.push_back({keyspace.id, keyspace.flushed_sequence});
    }
    AddTables(keyspace, edit);
  }
  if (catalog.next_id() != kDefaultKeyspaceId + 1) edit.next_keyspace_id = catalog.next_id();
  edit.first_log_segment = state.first_log_segment;
  edit.flushed_sequence = state.flushed_sequence;
  return edit;
}

}  // namespace quiver
