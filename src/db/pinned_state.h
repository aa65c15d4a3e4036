// PinnedState: everything that a database holds at one sequence number, kept from being removed:
// what checkpoints, backups and exports are made of.
//
// Invariants:
//  1. The files of its tables keep their names while it lives: ObsoleteFiles removes a file only
//     when nobody refers to its TableFile any more. (A follower's tables are another process's,
//     which knows nothing of the pin: there a name may go, and the caller begins again.)
//  2. Its memtables take no more entries.
//
// Thread safety: a value.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "db/keyspace_state.h"
#include "db/memtable_handle.h"
#include "version/catalog.h"

namespace quiver {

struct PinnedKeyspace {
  KeyspaceRecord record;  ///< with the version that goes with the memtables
  const KeyspaceState* state;
  std::vector<MemtableRef> memtables;  ///< oldest first, none of them empty
};

struct PinnedState {
  SequenceNumber sequence = 0;
  std::vector<PinnedKeyspace> keyspaces;
  std::uint32_t next_keyspace_id = 0;
};

/// The same as tables alone.
struct PinnedTables {
  CatalogRef catalog;
  std::set<FileNumber> written;  ///< those that were not there before
};

}  // namespace quiver
