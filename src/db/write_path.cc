#include "db/write_path.h"

#include <algorithm>
#include <iterator>

#include "base/batch_codec.h"
#include "base/check.h"
#include "base/schedule_point.h"
#include "base/try.h"
#include "memtable/memtable_traits.h"

namespace quiver {

namespace {

// In async mode nobody waits for a sync, but one runs for each so many bytes, so that sealing a
// segment never has more than this to write.
constexpr std::uint64_t kAsyncSyncBytes = std::uint64_t{4} << 20;

void FailAll(std::span<WriteRequest* const> group, const Error& error) {
  for (WriteRequest* request : group) request->result = error;
}

}  // namespace

WritePath::WritePath(Parts parts)
    : parts_(std::move(parts)),
      stall_(*parts_.clock, parts_.core->metrics),
      conflicts_(parts_.core->epochs, *parts_.tables),
      queue_([this](std::span<WriteRequest* const> group) { HandleGroup(group); }) {}

Result<SequenceNumber> WritePath::Submit(const Batch& batch) {
  // Behind a writer that waits, this one would wait too.
  if (batch.fail_if_stalled) {
    if (const std::optional<StallReason> reason = stall_.current())
      return WriteStall::WouldWait(*reason);
  }
  WriteRequest request;
  request.encoded = batch.encoded;
  request.entry_count = batch.entry_count;
  request.keyspaces = batch.keyspaces;
  request.footprint = batch.footprint;
  request.mode = batch.mode;
  request.fail_if_stalled = batch.fail_if_stalled;
  queue_.Submit(request);
  QUIVER_TRY(request.result);
  return request.last_sequence;
}

Result<void> WritePath::Rotate(const std::function<void()>& at_barrier) {
  WriteRequest request;
  request.barrier = WriteRequest::Barrier::kRotate;
  if (at_barrier) request.at_barrier = &at_barrier;
  queue_.Submit(request);
  return request.result;
}

void WritePath::Drain(const std::function<void()>& at_barrier) {
  WriteRequest request;
  request.barrier = WriteRequest::Barrier::kDrain;
  if (at_barrier) request.at_barrier = &at_barrier;
  queue_.Submit(request);
}

void WritePath::HandleGroup(Group group) {
  if (group.front()->is_barrier()) return HandleBarrier(*group.front(), group);
  if (!CollectTargets(group)) return;
  if (has_transactions_ && !EndConflicting(group)) return;
  if (const Result<void> room = MakeRoom(group); !room) return FailAll(group, room.error());
  if (const Result<void> logged = AppendToLog(group); !logged) {
    return FailAll(group, logged.error());
  }
  SequenceNumber sequence = parts_.visible_sequence->load(std::memory_order_relaxed);
  for (WriteRequest* request : group) {
    SchedulePoint();
    InsertIntoMemtables(*request, sequence + 1);
    sequence += request->entry_count;
    request->last_sequence = sequence;
  }
  // An upper bound for each of them: who was not written to by the last request holds less.
  for (KeyspaceState* target : targets_) target->active->set_largest_sequence(sequence);
  SchedulePoint();
  parts_.visible_sequence->store(sequence, std::memory_order_seq_cst);
  for (KeyspaceState* target : targets_) target->active->UpdateCharge();
}

Result<AdvanceOutcome> WritePath::Advance(const WriteAdvance& advance) {
  WriteRequest request;
  request.barrier = WriteRequest::Barrier::kAdvance;
  request.advance = &advance;
  queue_.Submit(request);
  QUIVER_TRY(request.result);
  return static_cast<AdvanceOutcome>(request.last_sequence);
}

// The numbers passed over stand in the log as a frame without entries, so that what follows is in
// sequence. It is durable before the commit: were it lost, numbers below the committed one would be
// handed out again.
Result<AdvanceOutcome> WritePath::HandleAdvance(const WriteAdvance& advance, Group group) {
  KeyspaceState* const keyspace = advance.keyspace;
  QUIVER_TRY(WaitForRoom(group, {&keyspace, 1}));
  const SequenceNumber visible = parts_.visible_sequence->load(std::memory_order_relaxed);
  if (visible >= advance.sequence) return AdvanceOutcome::kOvertaken;
  if (keyspace->dropped.load(std::memory_order_acquire)) return DroppedKeyspaceError(*keyspace);
  if (!advance.is_ready()) {
    if (!advance.insist) return AdvanceOutcome::kNotReady;
    if (!keyspace->active->empty()) QUIVER_TRY(SealMemtables({&keyspace, 1}));
    QUIVER_TRY(advance.wait_for_flush());
  }
  const wal::FrameInput frame{
      {}, static_cast<std::uint32_t>(advance.sequence - visible), visible + 1};
  if (Result<void> logged = parts_.wal->Append({&frame, 1}, /*durably=*/true); !logged) {
    parts_.health->Report(logged.error());
    return logged.error();
  }
  const Result<void> committed = advance.commit();
  SchedulePoint();
  parts_.visible_sequence->store(advance.sequence, std::memory_order_seq_cst);
  QUIVER_TRY(committed);
  return AdvanceOutcome::kDone;
}

void WritePath::HandleBarrier(WriteRequest& barrier, Group group) {
  if (barrier.barrier == WriteRequest::Barrier::kDrain) {
    if (barrier.at_barrier != nullptr) (*barrier.at_barrier)();
    return;
  }
  if (barrier.barrier == WriteRequest::Barrier::kAdvance) {
    const Result<AdvanceOutcome> outcome = HandleAdvance(*barrier.advance, group);
    if (outcome) {
      barrier.last_sequence = static_cast<SequenceNumber>(*outcome);
    } else {
      barrier.result = outcome.error();
    }
    return;
  }
  std::vector<KeyspaceState*> written;
  for (KeyspaceState* keyspace : parts_.keyspaces->All()) {
    if (!keyspace->active->empty()) written.push_back(keyspace);
  }
  if (!written.empty()) barrier.result = WaitForRoom(group, written);
  if (!written.empty() && barrier.result.ok()) barrier.result = SealMemtables(written);
  if (barrier.at_barrier != nullptr && barrier.result.ok()) (*barrier.at_barrier)();
}

// False if nobody is left of the group.
bool WritePath::CollectTargets(Group& group) {
  targets_.clear();
  ++group_number_;
  bool dropped = false;
  has_transactions_ = false;
  for (const WriteRequest* request : group) {
    has_transactions_ |= request->footprint != nullptr;
    for (KeyspaceState* keyspace : request->keyspaces) {
      if (keyspace->group == group_number_) continue;
      keyspace->group = group_number_;
      targets_.push_back(keyspace);
      dropped |= keyspace->dropped.load(std::memory_order_acquire);
    }
  }
  if (!dropped) [[likely]]
    return true;
  return !EndDropped(group) && CollectTargets(group);
}

// Ends every request that writes to a dropped keyspace. True if the leader is one of them.
bool WritePath::EndDropped(Group& group) {
  const WriteRequest* const leader = group.front();
  bool leader_ended = false;
  group = queue_.EndEarly([&](WriteRequest& request) {
    for (const KeyspaceState* keyspace : request.keyspaces) {
      if (!keyspace->dropped.load(std::memory_order_acquire)) continue;
      request.result = DroppedKeyspaceError(*keyspace);
      leader_ended |= &request == leader;
      return true;
    }
    return false;
  });
  return leader_ended;
}

// Ends the transactions that conflict with what is visible or with a request before them. False if
// the leader is one of them: then the next request leads those behind it. Before the group waits
// for room, since nothing becomes visible meanwhile; what then leaves it only made the answer
// stricter.
bool WritePath::EndConflicting(Group& group) {
  conflicts_.BeginGroup();
  bool conflict = false;
  for (WriteRequest* request : group) {
    if (request->footprint != nullptr) {
      request->result = conflicts_.Check(*request);
      if (!request->result) {
        conflict = true;
        if (request == group.front()) break;
        continue;
      }
    }
    if (group.size() > 1) conflicts_.Add(*request);
  }
  if (!conflict) return true;
  group = queue_.EndEarly([](const WriteRequest& request) {
    return request.footprint != nullptr && !request.result.ok();
  });
  return group.front()->result.ok() && CollectTargets(group);
}

Result<void> WritePath::AppendToLog(Group group) {
  frames_.clear();
  SequenceNumber sequence = parts_.visible_sequence->load(std::memory_order_relaxed) + 1;
  bool durably = false;
  bool batch_mode = false;
  std::uint64_t bytes = 0;
  for (const WriteRequest* request : group) {
    frames_.push_back({request->encoded, request->entry_count, sequence});
    sequence += request->entry_count;
    bytes += request->encoded.size();
    durably |= request->mode == WalMode::kSync;
    batch_mode |= request->mode == WalMode::kBatch;
  }
  if (sequence - 1 > kSequenceMax) [[unlikely]] {
    return Error(ErrorCode::kInvalidArgument,
                 "the sequence numbers of the database are used up; load its data into a new one");
  }
  // Unsynced bytes never pass wal_batch_bytes: the write that would pass it syncs them all.
  const std::uint64_t unsynced = parts_.wal->unsynced_bytes() + bytes;
  durably |= batch_mode && unsynced > parts_.config->wal_batch_bytes;
  if (Result<void> appended = parts_.wal->Append(frames_, durably); !appended) {
    parts_.health->Report(appended.error());
    return appended;
  }
  if (durably) return {};
  if (batch_mode) SyncWithinInterval();
  if (unsynced > (batch_mode ? parts_.config->wal_batch_bytes / 2 : kAsyncSyncBytes)) SyncSoon();
  return {};
}

void WritePath::SyncNow() {
  if (const Result<void> synced = parts_.wal->Sync(); !synced) {
    parts_.health->Report(synced.error());
  }
}

void WritePath::SyncSoon() {
  if (sync_scheduled_.exchange(true, std::memory_order_acq_rel)) return;
  parts_.executor->Submit(io::Lane::kLog, [this] {
    sync_scheduled_.store(false, std::memory_order_release);
    SyncNow();
  });
}

// The timer runs from the first write in batch mode that is not durable, whatever the mode of the
// database.
void WritePath::SyncWithinInterval() {
  if (interval_armed_.exchange(true, std::memory_order_acq_rel)) return;
  parts_.executor->SubmitAfter(io::Lane::kLog, parts_.config->wal_batch_interval_ms, [this] {
    // An exchange, not a store: either the next writer sees that no timer runs, or what it wrote
    // before it looked is seen below.
    interval_armed_.exchange(false, std::memory_order_acq_rel);
    if (parts_.wal->unsynced_bytes() != 0) SyncNow();
  });
}

void WritePath::InsertIntoMemtables(const WriteRequest& request, SequenceNumber first_sequence) {
  BatchReader reader(request.encoded);
  BatchEntry entry;
  SequenceNumber sequence = first_sequence;
  KeyspaceState* keyspace = request.keyspaces.front();
  while (reader.Next(entry)) {
    if (entry.keyspace != keyspace->id) [[unlikely]] {
      const auto found = std::ranges::find(request.keyspaces, entry.keyspace, &KeyspaceState::id);
      QUIVER_CHECK(found != request.keyspaces.end());
      keyspace = *found;
    }
    keyspace->active->Add({entry.key, entry.value, sequence++, entry.operation, entry.expiry_us});
  }
  QUIVER_CHECK(!reader.malformed() && sequence == first_sequence + request.entry_count);
}

}  // namespace quiver
