// What copies of an open database are made of.
#include <algorithm>

#include "base/try.h"
#include "db/engine.h"
#include "db/memtable_flush.h"
#include "version/catalog_builder.h"

namespace quiver {

// A batch may be over several keyspaces, so all are pinned between two writes: whatever is in the
// views then has a sequence up to the visible one, and nothing up to it is missing. A flush or a
// compaction that publishes a new view meanwhile changes none of that.
Result<PinnedState> Engine::PinState() {
  QUIVER_TRY(CheckOpen());
  const bool writing = mode_ == OpenMode::kReadWrite;
  // After a failure that ended writing for good nothing can be flushed, but neither does anything
  // change: just then a copy is wanted most.
  const bool stopped = writing && health_.read_only();
  if (writing && !stopped) QUIVER_TRY(Flush());
  MutexLock lock(keyspace_mutex_);
  PinnedState pinned;
  const auto pin = [&] {
    const CatalogRef catalog = versions_->catalog();
    pinned.next_keyspace_id = catalog->next_id();
    pinned.sequence = visible_sequence_.load(std::memory_order_acquire);
    for (KeyspaceState* keyspace : keyspaces_.All()) {
      const KeyspaceRecord* const record = catalog->Find(keyspace->id);
      const std::shared_ptr<const ReadView> view = keyspace->state.views().Pin();
      PinnedKeyspace& kept = pinned.keyspaces.emplace_back(*record, keyspace);
      kept.record.version = view->version;
      kept.memtables.assign(view->immutables.rbegin(), view->immutables.rend());
      if (!view->active->empty()) kept.memtables.push_back(view->active);
    }
  };
  if (stopped) {
    write_path_->Drain(pin);
  } else if (writing) {
    QUIVER_TRY(write_path_->Rotate(pin));
  } else {
    pin();
  }
  return pinned;
}

Result<PinnedTables> Engine::WritePinnedMemtables(const PinnedState& pinned,
                                                  io::Directory& target) {
  std::vector<KeyspaceRecord> records;
  VersionEdit edit;
  PinnedTables tables;
  for (const PinnedKeyspace& keyspace : pinned.keyspaces) {
    records.push_back(keyspace.record);
    if (keyspace.memtables.empty()) continue;
    JobContext jobs = MakeJobContext(*keyspace.state);
    jobs.directory = &target;
    jobs.rate_limiter = nullptr;
    jobs.metrics = nullptr;  // they tell of the database's own tables
    QUIVER_ASSIGN_OR_RETURN(const JobResult job, WriteMemtables(jobs, keyspace.memtables,
                                                                SnapshotList{pinned.sequence}));
    edit.added.insert(edit.added.end(), job.edit.added.begin(), job.edit.added.end());
    edit.cleaned.insert(edit.cleaned.end(), job.edit.cleaned.begin(), job.edit.cleaned.end());
    AddRangeDeletesOf(keyspace.memtables, keyspace.record.id, edit);
  }
  for (const VersionEdit::AddedTable& added : edit.added) {
    tables.written.insert(added.summary.number);
  }
  const Catalog before(std::move(records), pinned.next_keyspace_id);
  CatalogBuilder builder(before);
  QUIVER_TRY(builder.Apply(edit));
  tables.catalog = std::move(builder).Build();
  return tables;
}

}  // namespace quiver
