// The chain of segments and the group sync. See wal_manager.h.
//
// Group sync: of all threads that want a sync, one takes the sync role, notes how far the log is
// written, and syncs the file without holding the lock; the others wait. Whoever asked before the
// sync began is served by it, whoever came later shares the next one. A rotation and a durable
// append take the same role, so the current segment never changes under a sync.
//
// Rotation, in an order in which every crash leaves a log that recovery understands:
//   1. create the successor's file, blank, and make its name durable;
//   2. sync the current segment;
//   3. seal it, durably, with a trailer that names the successor: from here on a missing successor
//      is a deleted one;
//   4. write the successor's header, durably. Before that, a blank successor holds nothing.
#include "wal/wal_manager.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "base/schedule_point.h"
#include "base/try.h"
#include "metrics/engine_metrics.h"
#include "wal/segment_header.h"
#include "wal/segment_writer.h"

namespace quiver::wal {

namespace {

class SegmentedWal final : public WalManager {
 public:
  SegmentedWal(const WalManagerOptions& options, std::unique_ptr<SegmentWriter> segment,
               std::map<std::uint64_t, std::uint64_t> older_segments);

  Result<void> Append(std::span<const FrameInput> frames, bool durably) override EXCLUDES(mutex_);
  Result<void> Sync() override EXCLUDES(mutex_);
  Result<void> Rotate(std::uint64_t next_segment_number) override EXCLUDES(mutex_);
  Result<void> Close() override EXCLUDES(mutex_);
  Result<void> DeleteSegmentsBefore(std::uint64_t segment_number) override EXCLUDES(mutex_);

  std::uint64_t segment_number() const override {
    return segment_number_.load(std::memory_order_acquire);
  }
  SequenceNumber durable_sequence() const override {
    return durable_sequence_.load(std::memory_order_acquire);
  }
  SequenceNumber last_sequence() const override {
    return last_sequence_.load(std::memory_order_acquire);
  }
  std::uint64_t unsynced_bytes() const override EXCLUDES(mutex_);
  std::uint64_t live_bytes() const override EXCLUDES(mutex_);

 private:
  // A place in the current segment and in the order of writes.
  struct Position {
    std::uint64_t offset = 0;
    SequenceNumber sequence = 0;
  };

  // Whether `frames` may follow the log as they are; their bytes in all go to `total_bytes`.
  Result<void> CheckFrames(std::span<const FrameInput> frames, std::uint64_t& total_bytes) const;
  // Takes the sync role if it is free.
  bool TakeSyncRoleIfFree() EXCLUDES(mutex_);
  // Waits for the sync role and takes it. Fails if the log is dead.
  Result<void> TakeSyncRole() EXCLUDES(mutex_);
  // Gives the sync role back and, unless `result` is a failure, calls everything up to `reached`
  // durable. Answers the first cause of death, if any.
  Result<void> EndSync(const Result<void>& result, Position reached) REQUIRES(mutex_);
  // Makes `error` the cause of death unless there is one; answers the cause.
  Error Die(const Error& error) REQUIRES(mutex_);
  Error Fatal(const Error& error) const REQUIRES(mutex_);
  Error Cause() const EXCLUDES(mutex_);
  // The appending thread's, with the lock where the segment has changed.
  void PublishWritten();
  // Everything up to the sequence lies in front of the offset. Needs the lock.
  Position Written() const REQUIRES(mutex_);
  void PublishDurable(Position reached) REQUIRES(mutex_);
  // Runs one sync of the file and counts it.
  template <typename Operation>
  Result<void> TimedSync(const Operation& operation);
  // Steps 2 to 4 of a rotation. Needs the sync role.
  Result<void> SealAndStart(SegmentWriter& successor);

  const WalManagerOptions options_;
  // Replaced by Rotate with the sync role and the lock. The appending thread, which is the one that
  // rotates, reads it freely; others only with the sync role.
  std::unique_ptr<SegmentWriter> segment_;

  // How far the log is written. An append moves both on without the lock, the offset first, so that
  // Written() never answers a sequence beyond its offset; a rotation does it with the lock.
  std::atomic<std::uint64_t> written_offset_;
  std::atomic<SequenceNumber> last_sequence_;

  // Copies of what the lock guards, for readers that do not need the lock.
  std::atomic<std::uint64_t> segment_number_;
  std::atomic<SequenceNumber> durable_sequence_;
  std::atomic<std::uint64_t> durable_offset_;
  std::atomic<bool> dead_{false};

  mutable Mutex mutex_;
  CondVar changed_;
  bool sync_role_taken_ GUARDED_BY(mutex_) = false;
  Position durable_ GUARDED_BY(mutex_);
  std::optional<Error> cause_ GUARDED_BY(mutex_);
  // Sizes of the segments before the current one, by number.
  std::map<std::uint64_t, std::uint64_t> older_segments_ GUARDED_BY(mutex_);
};

SegmentedWal::SegmentedWal(const WalManagerOptions& options, std::unique_ptr<SegmentWriter> segment,
                           std::map<std::uint64_t, std::uint64_t> older_segments)
    : options_(options),
      segment_(std::move(segment)),
      written_offset_(segment_->end().length_bytes),
      last_sequence_(segment_->end().last_sequence),
      segment_number_(segment_->number()),
      durable_sequence_(segment_->end().last_sequence),
      durable_offset_(segment_->end().length_bytes),
      durable_{segment_->end().length_bytes, segment_->end().last_sequence},
      older_segments_(std::move(older_segments)) {}

void SegmentedWal::PublishWritten() {
  written_offset_.store(segment_->end().length_bytes, std::memory_order_release);
  SchedulePoint();
  last_sequence_.store(segment_->end().last_sequence, std::memory_order_release);
}

SegmentedWal::Position SegmentedWal::Written() const {
  const SequenceNumber sequence = last_sequence_.load(std::memory_order_acquire);
  SchedulePoint();
  return {written_offset_.load(std::memory_order_acquire), sequence};
}

void SegmentedWal::PublishDurable(Position reached) {
  durable_ = reached;
  durable_offset_.store(reached.offset, std::memory_order_release);
  SchedulePoint();
  durable_sequence_.store(reached.sequence, std::memory_order_release);
}

// Whatever the failure, what it means is that the log may have lost bytes: a disk that was full is
// no longer one that a write may simply try again.
Error SegmentedWal::Fatal(const Error& error) const {
  const ErrorCode code = error.code() == ErrorCode::kNoSpace ? ErrorCode::kIo : error.code();
  return {code,
          error.message() + "; the log is durable up to sequence " +
              std::to_string(durable_.sequence) + ", acknowledged up to " +
              std::to_string(last_sequence()),
          error.file(), error.offset(), error.os_error()};
}

Error SegmentedWal::Die(const Error& error) {
  if (!cause_) cause_ = error.code() == ErrorCode::kClosed ? error : Fatal(error);
  dead_.store(true, std::memory_order_release);
  changed_.NotifyAll();
  return *cause_;
}

Error SegmentedWal::Cause() const {
  MutexLock lock(mutex_);
  return *cause_;
}

template <typename Operation>
Result<void> SegmentedWal::TimedSync(const Operation& operation) {
  const std::uint64_t start_ns = options_.clock->MonotonicNanos();
  SchedulePoint();
  Result<void> result = operation();
  SchedulePoint();
  if (options_.metrics != nullptr) {
    options_.metrics->wal_syncs.Add();
    options_.metrics->wal_sync_latency.Record(options_.clock->MonotonicNanos() - start_ns);
  }
  return result;
}

bool SegmentedWal::TakeSyncRoleIfFree() {
  MutexLock lock(mutex_);
  if (sync_role_taken_ || cause_) return false;
  sync_role_taken_ = true;
  return true;
}

Result<void> SegmentedWal::TakeSyncRole() {
  MutexLock lock(mutex_);
  while (sync_role_taken_ && !cause_) changed_.Wait(mutex_);
  if (cause_) return *cause_;
  sync_role_taken_ = true;
  return {};
}

Result<void> SegmentedWal::EndSync(const Result<void>& result, Position reached) {
  sync_role_taken_ = false;
  if (!result) return Die(result.error());
  PublishDurable(reached);
  changed_.NotifyAll();
  return {};
}

Result<void> SegmentedWal::CheckFrames(std::span<const FrameInput> frames,
                                       std::uint64_t& total_bytes) const {
  constexpr std::uint64_t kEncodedBytesMax = ~std::uint32_t{0} - kPayloadWordBytes;
  SequenceNumber next = segment_->end().last_sequence + 1;
  for (const FrameInput& frame : frames) {
    if (frame.entry_count == 0 || frame.encoded.size() > kEncodedBytesMax) {
      return Error(ErrorCode::kInternal, "a log frame needs 1 entry or more in at most " +
                                             std::to_string(kEncodedBytesMax) + " bytes, got " +
                                             std::to_string(frame.entry_count) + " entries in " +
                                             std::to_string(frame.encoded.size()) + " bytes");
    }
    if (frame.first_sequence != next || frame.entry_count > kSequenceMax - next) {
      return Error(ErrorCode::kInternal, "the log expects sequence " + std::to_string(next) +
                                             " next, got " + std::to_string(frame.first_sequence) +
                                             " and " + std::to_string(frame.entry_count) +
                                             " entries");
    }
    next += frame.entry_count;
    total_bytes += FrameBytes(kPayloadWordBytes + frame.encoded.size());
  }
  return {};
}

Result<void> SegmentedWal::Append(std::span<const FrameInput> frames, bool durably) {
  if (dead_.load(std::memory_order_acquire)) return Cause();
  if (frames.empty()) return durably ? Sync() : Result<void>();
  std::uint64_t total_bytes = 0;
  QUIVER_TRY(CheckFrames(frames, total_bytes));
  if (Result<void> room = segment_->EnsureRoom(total_bytes); !room) {
    if (room.error().code() == ErrorCode::kNoSpace) return room;
    MutexLock lock(mutex_);
    return Die(room.error());
  }
  const std::uint64_t now_us = options_.clock->WallMicros();
  const std::uint64_t synced_offset = durable_offset_.load(std::memory_order_acquire);
  for (const FrameInput& frame : frames) segment_->Stage(frame, now_us, synced_offset);
  if (options_.metrics != nullptr) options_.metrics->wal_bytes.Add(total_bytes);

  if (durably && TakeSyncRoleIfFree()) {
    const Result<void> written = TimedSync([&] { return segment_->WriteStaged(true); });
    MutexLock lock(mutex_);
    if (written) PublishWritten();
    return EndSync(written, Written());
  }
  const Result<void> written = segment_->WriteStaged(false);
  if (!written) {
    MutexLock lock(mutex_);
    return Die(written.error());
  }
  PublishWritten();
  return durably ? Sync() : Result<void>();
}

Result<void> SegmentedWal::Sync() {
  MutexLock lock(mutex_);
  if (cause_) return *cause_;
  const SequenceNumber target = last_sequence();
  while (durable_.sequence < target && sync_role_taken_ && !cause_) changed_.Wait(mutex_);
  if (durable_.sequence >= target) return {};
  if (cause_) return *cause_;
  sync_role_taken_ = true;
  const Position reached = Written();
  SegmentWriter& segment = *segment_;
  lock.Unlock();
  const Result<void> synced = TimedSync([&] { return segment.Sync(); });
  lock.Lock();
  return EndSync(synced, reached);
}

Result<void> SegmentedWal::SealAndStart(SegmentWriter& successor) {
  QUIVER_TRY(TimedSync([&] { return segment_->Sync(); }));
  QUIVER_TRY(TimedSync([&] { return segment_->Seal(successor.number()); }));
  return TimedSync([&] { return successor.Start(segment_->end(), options_.clock->WallMicros()); });
}

Result<void> SegmentedWal::Rotate(std::uint64_t next_segment_number) {
  if (dead_.load(std::memory_order_acquire)) return Cause();
  if (next_segment_number <= segment_->number()) {
    return Error(ErrorCode::kInternal, "log segment " + std::to_string(next_segment_number) +
                                           " cannot follow segment " +
                                           std::to_string(segment_->number()));
  }
  auto successor = SegmentWriter::Create(options_, next_segment_number);
  if (!successor) {
    // Nothing of the current segment was touched, so a full disk is no reason to stop.
    if (successor.error().code() == ErrorCode::kNoSpace) return successor.error();
    MutexLock lock(mutex_);
    return Die(successor.error());
  }
  QUIVER_TRY(TakeSyncRole());
  Result<void> result = SealAndStart(**successor);
  MutexLock lock(mutex_);
  if (!result) return EndSync(result, durable_);
  std::unique_ptr<SegmentWriter> sealed = std::exchange(segment_, std::move(*successor));
  older_segments_[sealed->number()] = sealed->end().length_bytes;
  segment_number_.store(segment_->number(), std::memory_order_release);
  PublishWritten();
  QUIVER_TRY(EndSync(result, Written()));
  lock.Unlock();
  result = sealed->Close();
  lock.Lock();
  return result ? Result<void>() : Die(result.error());
}

Result<void> SegmentedWal::Close() {
  QUIVER_TRY(TakeSyncRole());
  Result<void> result = TimedSync([&] { return segment_->Sync(); });
  if (result) result = TimedSync([&] { return segment_->Seal(0); });
  MutexLock lock(mutex_);
  QUIVER_TRY(EndSync(result, Written()));
  (void)Die(Error(ErrorCode::kClosed, "the log was closed"));
  lock.Unlock();
  return segment_->Close();
}

Result<void> SegmentedWal::DeleteSegmentsBefore(std::uint64_t segment_number) {
  std::vector<std::uint64_t> numbers;
  {
    MutexLock lock(mutex_);
    for (const auto& [number, size_bytes] : older_segments_) {
      if (number < segment_number) numbers.push_back(number);
    }
  }
  Result<void> first_failure;
  for (const std::uint64_t number : numbers) {
    const Result<void> removed = options_.directory->Remove(SegmentName(number));
    if (!removed && removed.error().code() != ErrorCode::kNotFound) {
      if (first_failure) first_failure = removed;
      continue;
    }
    MutexLock lock(mutex_);
    older_segments_.erase(number);
  }
  return first_failure;
}

// Without the lock, since each write asks. Durable is read first: it never passes what is written,
// but a rotation between the two makes both small, and what was written before it is durable then.
// Whoever decides by it that nothing is to be synced must have synchronised with the writers
// itself.
std::uint64_t SegmentedWal::unsynced_bytes() const {
  const std::uint64_t durable = durable_offset_.load(std::memory_order_acquire);
  const std::uint64_t written = written_offset_.load(std::memory_order_acquire);
  return written > durable ? written - durable : 0;
}

std::uint64_t SegmentedWal::live_bytes() const {
  MutexLock lock(mutex_);
  std::uint64_t total = written_offset_.load(std::memory_order_acquire);
  for (const auto& [number, size_bytes] : older_segments_) total += size_bytes;
  return total;
}

// Whether a file under the name of a segment is provably ours to remove: it says so, or was never
// written. One that is damaged or cannot be read is left alone.
bool IsOurs(const WalManagerOptions& options, std::string_view name) {
  const auto state = ReadHeaderState(*options.directory, options.database_id, name);
  return state && (*state == HeaderState::kValid || *state == HeaderState::kBlank);
}

}  // namespace

Result<std::unique_ptr<WalManager>> WalManager::Create(const WalManagerOptions& options,
                                                       std::uint64_t segment_number,
                                                       const ChainEnd& previous) {
  QUIVER_ASSIGN_OR_RETURN(const auto entries, options.directory->List());
  std::map<std::uint64_t, std::uint64_t> older_segments;
  std::uint64_t highest = previous.segment_number;
  for (const io::DirectoryEntry& entry : entries) {
    const std::uint64_t number = ParseSegmentName(entry.name);
    if (number == 0 || number >= options.segment_number_end) continue;
    highest = std::max(highest, number);
    if (IsOurs(options, entry.name)) older_segments[number] = entry.size_bytes;
  }
  if (segment_number <= highest) {
    return Error(ErrorCode::kInternal, "log segment " + std::to_string(segment_number) +
                                           " cannot follow segment " + std::to_string(highest));
  }
  QUIVER_ASSIGN_OR_RETURN(auto segment, SegmentWriter::Create(options, segment_number));
  QUIVER_TRY(segment->Start(previous, options.clock->WallMicros()));
  return std::make_unique<SegmentedWal>(options, std::move(segment), std::move(older_segments));
}

}  // namespace quiver::wal
