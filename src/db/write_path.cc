#include "db/write_path.h"

#include <algorithm>

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

Error WouldWait(StallReason reason) {
  return {ErrorCode::kBusy, std::string("the write would have to wait: ") +
                                StallReasonName(reason) + "; try again later"};
}

}  // namespace

WritePath::WritePath(Parts parts)
    : parts_(std::move(parts)),
      stall_(*parts_.config, *parts_.clock, parts_.core->metrics),
      active_(parts_.state->active()),
      queue_([this](std::span<WriteRequest* const> group) { HandleGroup(group); }) {}

Result<SequenceNumber> WritePath::Submit(std::string_view encoded, std::uint32_t entry_count,
                                         WalMode mode, bool fail_if_stalled) {
  // Behind a writer that waits, this one would wait too.
  if (fail_if_stalled) {
    if (const std::optional<StallReason> reason = stall_.current()) return WouldWait(*reason);
  }
  WriteRequest request;
  request.encoded = encoded;
  request.entry_count = entry_count;
  request.mode = mode;
  request.fail_if_stalled = fail_if_stalled;
  queue_.Submit(request);
  QUIVER_TRY(request.result);
  return request.last_sequence;
}

Result<void> WritePath::Rotate() {
  WriteRequest request;
  request.barrier = WriteRequest::Barrier::kRotate;
  queue_.Submit(request);
  return request.result;
}

void WritePath::Drain() {
  WriteRequest request;
  request.barrier = WriteRequest::Barrier::kDrain;
  queue_.Submit(request);
}

void WritePath::HandleGroup(Group group) {
  if (group.front()->barrier != WriteRequest::Barrier::kNone) {
    WriteRequest& barrier = *group.front();
    if (barrier.barrier == WriteRequest::Barrier::kDrain) return;
    if (active_->table().entry_count() == 0) return;
    barrier.result = WaitForRoom(group);
    if (barrier.result.ok()) barrier.result = RotateMemtable();
    return;
  }
  if (const Result<void> room = MakeRoom(group); !room) return FailAll(group, room.error());
  if (const Result<void> logged = AppendToLog(group); !logged) {
    return FailAll(group, logged.error());
  }
  SequenceNumber sequence = parts_.visible_sequence->load(std::memory_order_relaxed);
  for (WriteRequest* request : group) {
    SchedulePoint();
    InsertIntoMemtable(*request, sequence + 1);
    sequence += request->entry_count;
    request->last_sequence = sequence;
  }
  active_->set_largest_sequence(sequence);
  SchedulePoint();
  parts_.visible_sequence->store(sequence, std::memory_order_seq_cst);
  active_->UpdateCharge();
}

std::uint64_t WritePath::MemtableBytesMax() const noexcept {
  return std::min(parts_.config->memtable_size_bytes,
                  TraitsOf(parts_.config->memtable_kind).size_bytes_max);
}

Result<void> WritePath::MakeRoom(Group& group) {
  std::uint64_t bytes = 0;
  for (const WriteRequest* request : group) bytes += request->encoded.size();
  if (const std::uint64_t owed_ns = stall_.OwedSleep(bytes, parts_.state->level0_run_count());
      owed_ns != 0) [[unlikely]] {
    if (EndUnwilling(group, StallReason::kRunsSlowdown)) return group.front()->result;
    stall_.Sleep(owed_ns);
  }
  const bool full =
      active_->table().memory_bytes() >= MemtableBytesMax() && active_->table().entry_count() != 0;
  if (!full && !stall_.MustStop(parts_.state->level0_run_count())) [[likely]] {
    if (parts_.closed->load(std::memory_order_acquire)) {
      return Error(ErrorCode::kClosed, "the database was closed");
    }
    return parts_.health->CheckWritable();
  }
  QUIVER_TRY(WaitForRoom(group));
  if (full) QUIVER_TRY(RotateMemtable());
  return {};
}

// Before a wait: whoever asked not to wait is answered now. True if the leader is one of them;
// then another writer leads next.
bool WritePath::EndUnwilling(Group& group, StallReason reason) {
  const WriteRequest* const leader = group.front();
  group = queue_.EndEarly([&](WriteRequest& request) {
    if (request.fail_if_stalled) request.result = WouldWait(reason);
    return request.fail_if_stalled;
  });
  return leader->fail_if_stalled;
}

Result<void> WritePath::WaitForRoom(Group& group) {
  const LiveState& state = *parts_.state;
  const std::uint64_t immutables_max = parts_.config->memtable_count_max - 1;
  const auto usable = [&] {
    return !parts_.closed->load(std::memory_order_acquire) && parts_.health->writable();
  };
  const auto blocked = [&](StallReason& reason) {
    if (state.immutable_count() >= immutables_max) {
      reason = StallReason::kMemtablesFull;
      return true;
    }
    reason = StallReason::kTooManyRuns;
    return stall_.MustStop(state.level0_run_count());
  };
  StallReason reason{};
  if (usable() && blocked(reason)) {
    const std::uint64_t start_ns = parts_.clock->MonotonicNanos();
    // First the mark, so that nobody who does not want to wait queues up unseen.
    stall_.BeginWait(reason);
    const bool leader_ended = EndUnwilling(group, reason);
    StallReason still{};
    if (!leader_ended) parts_.state->WaitUntil([&] { return !usable() || !blocked(still); });
    stall_.EndWait(reason, parts_.clock->MonotonicNanos() - start_ns);
    if (leader_ended) return group.front()->result;
  }
  if (parts_.closed->load(std::memory_order_acquire)) {
    return Error(ErrorCode::kClosed, "the database was closed while the write waited");
  }
  return parts_.health->CheckWritable();
}

Result<void> WritePath::RotateMemtable() {
  const std::uint64_t segment = parts_.versions->NewFileNumber();
  if (Result<void> rotated = parts_.wal->Rotate(segment); !rotated) {
    parts_.health->Report(rotated.error());
    return rotated;
  }
  auto next = std::make_shared<MemtableHandle>(parts_.core, parts_.config->memtable_kind,
                                               parts_.config->memtable_hash_buckets, segment);
  parts_.state->Rotate(next);
  active_ = std::move(next);
  parts_.schedule_flush();
  return {};
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
    interval_armed_.store(false, std::memory_order_release);
    if (parts_.wal->unsynced_bytes() != 0) SyncNow();
  });
}

void WritePath::InsertIntoMemtable(const WriteRequest& request, SequenceNumber first_sequence) {
  BatchReader reader(request.encoded);
  BatchEntry entry;
  SequenceNumber sequence = first_sequence;
  while (reader.Next(entry)) {
    active_->table().Add({entry.key, entry.value, sequence++, entry.operation, entry.expiry_us});
  }
  QUIVER_CHECK(!reader.malformed() && sequence == first_sequence + request.entry_count);
}

}  // namespace quiver
