// ConflictCheck: whether a transaction may still commit, asked by the leader of a group of writes.
//
// Backward validation (Kung and Robinson, "On Optimistic Methods for Concurrency Control", 1981):
// of what the transaction wrote and, if it is serializable, of what it read, nothing may have
// been written since its snapshot. Looked at are the view, which holds all that is visible, and the
// requests before it in its group, which are in no memtable yet. One group is handled at a time, so
// nothing can come between the answer and the write.
//
// Invariants:
//  1. Whatever was written to a key after a snapshot leaves a version of the key, or a range delete
//     over it, above the snapshot while that is registered (docs/decisions/0018-transactions.md).
//  2. Memtables and tables without an entry above the snapshot are not looked into: a short
//     transaction is validated in memory.
//
// Thread safety: none; the leader of a group calls it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/epoch.h"
#include "db/keyspace_state.h"
#include "db/read_ranges.h"
#include "db/write_queue.h"
#include "quiver/error.h"
#include "sstable/table_cache.h"

namespace quiver {

/// What a transaction rests on. What it writes is in its request.
struct TransactionFootprint {
  struct Reads {
    KeyspaceState* keyspace = nullptr;
    const std::unordered_set<std::string>* keys = nullptr;
    std::vector<ReadRange> ranges;
  };
  SequenceNumber snapshot_sequence = 0;
  std::vector<Reads> reads;  ///< empty unless it is serializable
};

class ConflictCheck {
 public:
  ConflictCheck(EpochManager& epochs, TableCache& tables) : epochs_(epochs), tables_(tables) {}

  void BeginGroup();
  /// `request`, which has a footprint, against what is visible and what Add told. kConflict names
  /// what was written; kNotFound: a keyspace that it read was dropped; errors of tables.
  Result<void> Check(const WriteRequest& request) const;
  /// A request that will be written before those that are checked later.
  void Add(const WriteRequest& request);

 private:
  using KeyIn = std::pair<std::uint32_t, std::string_view>;  // of a keyspace
  struct RangeIn {
    std::uint32_t keyspace;
    std::string_view begin;
    std::string_view end;
  };

  Result<void> CheckWrites(const WriteRequest& request) const;
  Result<void> CheckReads(const TransactionFootprint& footprint) const;
  Result<void> CheckKey(const KeyspaceState& keyspace, std::string_view key,
                        SequenceNumber since) const;
  Result<void> CheckRange(const KeyspaceState& keyspace, std::string_view begin,
                          std::optional<std::string_view> end, SequenceNumber since) const;
  bool IsInGroup(KeyIn key) const;

  EpochManager& epochs_;
  TableCache& tables_;
  std::set<KeyIn> keys_;  // that the group writes; views of its requests
  std::vector<RangeIn> ranges_;
};

}  // namespace quiver
