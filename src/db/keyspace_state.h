// KeyspaceState: a keyspace while its database is open: settings, memtables and version, strategy.
//
// Invariants:
//  1. It lives as long as the engine, dropped or not: whoever holds a Keyspace of this engine may
//     follow it. A dropped one holds neither memtables nor tables.
//  2. While nothing was written since the last flush, its active memtable is the placeholder that
//     all idle keyspaces share: an idle keyspace costs about a kilobyte.
//
// Thread safety: the constants and `state` from any thread; `active` and `group` are the write
// path's own.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "compaction/compaction_strategy.h"
#include "db/live_state.h"
#include "memtable/memtable_traits.h"
#include "quiver/config.h"
#include "quiver/error.h"
#include "quiver/merge_operator.h"
#include "sstable/table_format.h"
#include "version/catalog.h"

namespace quiver {

struct KeyspaceState {
  KeyspaceState(std::uint32_t keyspace_id, std::string keyspace_name, DatabaseConfig settings,
                const MergeOperator* merges, SequenceNumber flushed_sequence,
                const LiveState::Parts& parts, VersionRef version)
      : id(keyspace_id),
        name(std::move(keyspace_name)),
        config(std::move(settings)),
        flushed_at_open(flushed_sequence),
        strategy(NewCompactionStrategy(config)),
        merge_operator(merges),
        state(parts, std::move(version)),
        active(state.active()) {}

  TableSchema schema() const noexcept {
    return {config.key_width_bytes, config.value_width_bytes, false};
  }

  const std::uint32_t id;
  const std::string name;
  const DatabaseConfig config;
  const SequenceNumber flushed_at_open;  ///< what the log says up to here is in tables
  const std::unique_ptr<CompactionStrategy> strategy;
  const MergeOperator* const merge_operator;  ///< nullptr: merges are refused
  LiveState state;
  std::atomic<bool> dropped{false};

  // The write path's own.
  MemtableRef active;       ///< the one that `state` publishes; kept to save the lock
  std::uint64_t group = 0;  ///< the last group that wrote here
};

inline Error DroppedKeyspaceError(const KeyspaceState& keyspace) {
  return {ErrorCode::kNotFound, "the keyspace " + keyspace.name + " was dropped"};
}

/// At this size a memtable of the keyspace is full.
inline std::uint64_t MemtableBytesMax(const DatabaseConfig& config) noexcept {
  return std::min(config.memtable_size_bytes, TraitsOf(config.memtable_kind).size_bytes_max);
}

}  // namespace quiver
