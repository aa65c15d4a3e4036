// How the write path makes room for a group: which memtables are sealed, who waits, who pays.
#include <algorithm>
#include <functional>
#include <iterator>

#include "base/try.h"
#include "db/write_path.h"

namespace quiver {

namespace {

bool IsFull(const KeyspaceState& keyspace) {
  const MemtableHandle& memtable = *keyspace.active;
  if (memtable.has_many_range_deletes()) [[unlikely]]
    return true;
  return memtable.memory_bytes() >= MemtableBytesMax(keyspace.config) && !memtable.empty();
}

}  // namespace

Result<void> WritePath::MakeRoom(Group& group) {
  std::uint64_t bytes = 0;
  for (const WriteRequest* request : group) bytes += request->encoded.size();
  double rate_share = 1;
  bool busy = false;
  for (const KeyspaceState* target : targets_) {
    const std::uint64_t runs = target->state.level0_run_count();
    rate_share = std::min(rate_share, WriteStall::RateShare(target->config, runs));
    busy |= WriteStall::MustStop(target->config, runs) || IsFull(*target);
  }
  if (const std::uint64_t owed_ns = stall_.OwedSleep(bytes, rate_share); owed_ns != 0)
      [[unlikely]] {
    if (EndUnwilling(group, StallReason::kRunsSlowdown)) return group.front()->result;
    stall_.Sleep(owed_ns);
  }
  if (MustCheckMemory(bytes)) [[unlikely]] {
    if (const std::vector<KeyspaceState*> largest = ChooseForMemory(); !largest.empty()) {
      QUIVER_TRY(SealMemtables(largest));
    }
    busy |= IsMemoryFull();
  }
  if (busy) [[unlikely]] {
    QUIVER_TRY(SealFullMemtables(group));
  } else if (parts_.closed->load(std::memory_order_acquire)) {
    return Error(ErrorCode::kClosed, "the database was closed");
  } else {
    QUIVER_TRY(parts_.health->CheckWritable());
  }
  for (KeyspaceState* target : targets_) EnsureActive(*target);
  return {};
}

Result<void> WritePath::SealFullMemtables(Group& group) {
  QUIVER_TRY(WaitForRoom(group, targets_));
  std::vector<KeyspaceState*> full;
  for (KeyspaceState* target : targets_) {
    if (IsFull(*target)) full.push_back(target);
  }
  return full.empty() ? Result<void>() : SealMemtables(full);
}

// An idle keyspace gets a memtable before its first entry is logged, so that whoever asks which log
// segments are needed finds it.
void WritePath::EnsureActive(KeyspaceState& keyspace) {
  if (!keyspace.active->is_placeholder()) [[likely]]
    return;
  keyspace.active =
      std::make_shared<MemtableHandle>(parts_.core, keyspace.config, parts_.wal->segment_number(),
                                       parts_.visible_sequence->load(std::memory_order_relaxed));
  keyspace.state.ReplaceActive(keyspace.active);
}

// Before a wait: whoever asked not to wait is answered now. True if the leader is one of them;
// then another writer leads next.
bool WritePath::EndUnwilling(Group& group, StallReason reason) {
  const WriteRequest* const leader = group.front();
  group = queue_.EndEarly([&](WriteRequest& request) {
    if (request.fail_if_stalled) request.result = WriteStall::WouldWait(reason);
    return request.fail_if_stalled;
  });
  return leader->fail_if_stalled;
}

Result<void> WritePath::WaitForRoom(Group& group, Targets targets) {
  const auto usable = [&] {
    return !parts_.closed->load(std::memory_order_acquire) && parts_.health->writable();
  };
  const auto blocked = [&](StallReason& reason) {
    if (IsMemoryFull()) {
      reason = StallReason::kMemtablesFull;
      return true;
    }
    for (const KeyspaceState* target : targets) {
      if (target->state.immutable_count() + 1 >= target->config.memtable_count_max) {
        reason = StallReason::kMemtablesFull;
        return true;
      }
      if (WriteStall::MustStop(target->config, target->state.level0_run_count())) {
        reason = StallReason::kTooManyRuns;
        return true;
      }
    }
    return false;
  };
  StallReason reason{};
  if (usable() && blocked(reason)) {
    const std::uint64_t start_ns = parts_.clock->MonotonicNanos();
    // First the mark, so that nobody who does not want to wait queues up unseen.
    stall_.BeginWait(reason);
    const bool leader_ended = EndUnwilling(group, reason);
    StallReason still{};
    if (!leader_ended) {
      parts_.changed->WaitUntil(*parts_.executor, [&] { return !usable() || !blocked(still); });
    }
    stall_.EndWait(reason, parts_.clock->MonotonicNanos() - start_ns);
    if (leader_ended) return group.front()->result;
  }
  if (parts_.closed->load(std::memory_order_acquire)) {
    return Error(ErrorCode::kClosed, "the database was closed while the write waited");
  }
  return parts_.health->CheckWritable();
}

Result<void> WritePath::SealMemtables(Targets targets) {
  const std::uint64_t segment = parts_.versions->NewFileNumber();
  if (Result<void> rotated = parts_.wal->Rotate(segment); !rotated) {
    parts_.health->Report(rotated.error());
    return rotated;
  }
  std::vector<KeyspaceState*> sealed(targets.begin(), targets.end());
  ChooseForLog(sealed);
  for (KeyspaceState* keyspace : sealed) {
    keyspace->state.Seal();
    keyspace->active = keyspace->state.active();
  }
  parts_.schedule_flush();
  return {};
}

std::uint64_t WritePath::MemtablesBytesMax() const {
  return parts_.config->memtable_size_bytes * std::uint64_t{parts_.config->memtable_count_max};
}

// Looked at once for so many bytes, since it may mean a walk over all keyspaces.
bool WritePath::MustCheckMemory(std::uint64_t group_bytes) {
  constexpr std::uint64_t kBytesBetweenChecks = std::uint64_t{256} << 10;
  bytes_since_memory_check_ += group_bytes;
  if (bytes_since_memory_check_ < kBytesBetweenChecks) [[likely]]
    return false;
  bytes_since_memory_check_ = 0;
  return parts_.core->ledger.bytes(MemoryOwner::kMemtables) > MemtablesBytesMax() / 2;
}

bool WritePath::IsMemoryFull() const {
  if (parts_.core->ledger.bytes(MemoryOwner::kMemtables) <= MemtablesBytesMax() / 2 * 3) {
    return false;
  }
  return std::ranges::any_of(parts_.keyspaces->All(), [](const KeyspaceState* keyspace) {
    return keyspace->state.immutable_count() != 0;
  });
}

// Many keyspaces may each hold less than a full memtable and yet too much together: then the
// largest are sealed until the rest is half of what there may be.
std::vector<KeyspaceState*> WritePath::ChooseForMemory() const {
  std::vector<KeyspaceState*> written;
  std::uint64_t active_bytes = 0;
  for (KeyspaceState* keyspace : parts_.keyspaces->All()) {
    if (keyspace->active->empty()) continue;
    written.push_back(keyspace);
    active_bytes += keyspace->active->memory_bytes();
  }
  // One alone is sealed when it is full, and what is sealed already comes down by itself.
  if (written.size() < 2 || active_bytes <= MemtablesBytesMax() / 2) return {};
  const auto bytes_of = [](const KeyspaceState* keyspace) {
    return keyspace->active->memory_bytes();
  };
  std::ranges::sort(written, std::ranges::greater(), bytes_of);
  std::size_t count = 0;
  while (count < written.size() && active_bytes > MemtablesBytesMax() / 4) {
    active_bytes -= bytes_of(written[count++]);
  }
  written.resize(count);
  return written;
}

// A keyspace that is seldom written to must not keep the whole log alive: beyond a size those that
// need its oldest segment are sealed too.
void WritePath::ChooseForLog(std::vector<KeyspaceState*>& chosen) const {
  const std::uint64_t limit_bytes = std::max<std::uint64_t>(
      std::uint64_t{2} * parts_.config->memtable_size_bytes * parts_.config->memtable_count_max,
      std::uint64_t{64} << 20);
  if (parts_.wal->live_bytes() <= limit_bytes) return;
  std::vector<KeyspaceState*> others;
  for (KeyspaceState* keyspace : parts_.keyspaces->All()) {
    if (keyspace->active->empty()) continue;
    if (std::ranges::find(chosen, keyspace) == chosen.end()) others.push_back(keyspace);
  }
  const auto segment_of = [](const KeyspaceState* keyspace) {
    return keyspace->active->first_segment();
  };
  if (others.empty()) return;
  const std::uint64_t oldest = segment_of(*std::ranges::min_element(others, {}, segment_of));
  std::ranges::copy_if(others, std::back_inserter(chosen), [&](const KeyspaceState* keyspace) {
    return segment_of(keyspace) == oldest;
  });
}

}  // namespace quiver
