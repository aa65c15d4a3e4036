#include "db/conflict_check.h"

#include <algorithm>
#include <optional>

#include "base/batch_codec.h"
#include "base/check.h"
#include "base/escape.h"
#include "base/try.h"
#include "db/newer_versions.h"

namespace quiver {

namespace {

Error Conflict(const KeyspaceState& keyspace, std::string_view key, SequenceNumber since) {
  return {ErrorCode::kConflict, "the key " + EscapeBytes(key) + " of the keyspace " +
                                    keyspace.name +
                                    " was written after the transaction began (at sequence " +
                                    std::to_string(since) + "); do the whole transaction again"};
}

}  // namespace

void ConflictCheck::BeginGroup() {
  keys_.clear();
  ranges_.clear();
}

void ConflictCheck::Add(const WriteRequest& request) {
  BatchReader reader(request.encoded);
  BatchEntry entry;
  while (reader.Next(entry)) {
    if (entry.operation == Operation::kRangeDelete) {
      if (entry.key < entry.value) ranges_.push_back({entry.keyspace, entry.key, entry.value});
    } else {
      keys_.emplace(entry.keyspace, entry.key);
    }
  }
}

Result<void> ConflictCheck::Check(const WriteRequest& request) const {
  const EpochGuard guard(epochs_);
  QUIVER_TRY(CheckWrites(request));
  return CheckReads(*request.footprint);
}

Result<void> ConflictCheck::CheckWrites(const WriteRequest& request) const {
  const SequenceNumber since = request.footprint->snapshot_sequence;
  BatchReader reader(request.encoded);
  BatchEntry entry;
  const KeyspaceState* keyspace = request.keyspaces.front();
  while (reader.Next(entry)) {
    if (entry.keyspace != keyspace->id) {
      const auto found = std::ranges::find(request.keyspaces, entry.keyspace, &KeyspaceState::id);
      QUIVER_CHECK(found != request.keyspaces.end());
      keyspace = *found;
    }
    if (entry.operation == Operation::kRangeDelete) {
      QUIVER_TRY(CheckRange(*keyspace, entry.key, entry.value, since));
    } else {
      QUIVER_TRY(CheckKey(*keyspace, entry.key, since));
    }
  }
  return {};
}

Result<void> ConflictCheck::CheckReads(const TransactionFootprint& footprint) const {
  const SequenceNumber since = footprint.snapshot_sequence;
  for (const TransactionFootprint::Reads& reads : footprint.reads) {
    const KeyspaceState& keyspace = *reads.keyspace;
    if (keyspace.dropped.load(std::memory_order_acquire)) return DroppedKeyspaceError(keyspace);
    for (const std::string& key : *reads.keys) QUIVER_TRY(CheckKey(keyspace, key, since));
    for (const ReadRange& range : reads.ranges) {
      QUIVER_TRY(CheckRange(keyspace, range.begin, range.end, since));
    }
  }
  return {};
}

bool ConflictCheck::IsInGroup(KeyIn key) const {
  return keys_.contains(key) || std::ranges::any_of(ranges_, [&](const RangeIn& range) {
           return range.keyspace == key.first && range.begin <= key.second &&
                  key.second < range.end;
         });
}

Result<void> ConflictCheck::CheckKey(const KeyspaceState& keyspace, std::string_view key,
                                     SequenceNumber since) const {
  if (IsInGroup({keyspace.id, key})) return Conflict(keyspace, key, since);
  QUIVER_ASSIGN_OR_RETURN(const bool newer,
                          HasNewerVersion(*keyspace.state.views().Current(), tables_, key, since));
  if (newer) return Conflict(keyspace, key, since);
  return {};
}

Result<void> ConflictCheck::CheckRange(const KeyspaceState& keyspace, std::string_view begin,
                                       std::optional<std::string_view> end,
                                       SequenceNumber since) const {
  if (end && *end <= begin) return {};
  const auto key = keys_.lower_bound({keyspace.id, begin});
  if (key != keys_.end() && key->first == keyspace.id && (!end || key->second < *end)) {
    return Conflict(keyspace, key->second, since);
  }
  for (const RangeIn& range : ranges_) {
    if (range.keyspace != keyspace.id || range.end <= begin) continue;
    if (!end || range.begin < *end) {
      return Conflict(keyspace, std::max(range.begin, begin), since);
    }
  }
  QUIVER_ASSIGN_OR_RETURN(
      const std::optional<std::string> newer,
      NewerVersionInRange(*keyspace.state.views().Current(), tables_, {begin, end}, since));
  if (newer) return Conflict(keyspace, *newer, since);
  return {};
}

}  // namespace quiver
