#include "db/engine.h"

#include <algorithm>

#include "base/schedule_point.h"
#include "base/try.h"
#include "db/db_iterator.h"
#include "db/point_lookup.h"
#include "io/fork_guard.h"
#include "iterator/merging_iterator.h"
#include "metrics/operation_timer.h"
#include "version/level_iterator.h"

namespace quiver {

namespace {

Error ForkedCopyError() {
  return {ErrorCode::kClosed,
          "this process is a fork of the one that opened the database; open it after the fork, or "
          "keep it in the parent"};
}

}  // namespace

Engine::~Engine() {
  // An error of a close that nobody asked for has nobody to go to; Close() reports it.
  (void)Close();
  write_path_.reset();
  worker_.reset();
  state_.reset();
  // What is retired may refer to the table cache and the block cache: free it before they go.
  core_->epochs.Collect();
}

bool Engine::IsForkedCopy() const noexcept {
  return io::ForkGeneration() != fork_generation_;
}

Result<void> Engine::CheckOpen() const {
  if (closed_.load(std::memory_order_acquire)) [[unlikely]] {
    return Error(ErrorCode::kClosed, "the database was closed");
  }
  if (IsForkedCopy()) [[unlikely]]
    return ForkedCopyError();
  return {};
}

Result<void> Engine::CheckWritable() const {
  QUIVER_TRY(CheckOpen());
  if (mode_ == OpenMode::kReadWrite) [[likely]]
    return {};
  return Error(ErrorCode::kReadOnly, "the database was opened with OpenReadOnly");
}

Result<SequenceNumber> Engine::ReadSequence(const Snapshot* snapshot) const {
  if (snapshot == nullptr) {
    const SequenceNumber visible = visible_sequence_.load(std::memory_order_seq_cst);
    SchedulePoint();
    return visible;
  }
  return snapshots_->Resolve(*snapshot);
}

// --- writing

Result<SequenceNumber> Engine::Write(std::string_view encoded, std::uint32_t entry_count,
                                     const WriteOptions& options) {
  QUIVER_TRY(CheckWritable());
  const WalMode mode = options.wal_mode.value_or(config_.wal_mode);
  if (mode > WalMode::kAsync) [[unlikely]] {
    return Error(ErrorCode::kInvalidArgument,
                 "wal_mode " + std::to_string(static_cast<int>(mode)) +
                     " of the write is none of kSync, kBatch and kAsync");
  }
  if (entry_count == 0) return visible_sequence_.load(std::memory_order_acquire);
  return write_path_->Submit(encoded, entry_count, mode, options.fail_if_stalled);
}

Result<void> Engine::Flush() {
  QUIVER_TRY(CheckWritable());
  QUIVER_TRY(health_.CheckWritable());
  QUIVER_TRY(write_path_->Rotate());
  return worker_->WaitForFlush();
}

Result<void> Engine::CompactRange(std::optional<std::string_view> begin,
                                  std::optional<std::string_view> end) {
  QUIVER_TRY(Flush());
  return worker_->CompactRange(begin, end);
}

Result<void> Engine::WaitForBackgroundWork() {
  QUIVER_TRY(CheckWritable());
  return worker_->WaitIdle();
}

Result<void> Engine::SyncLog() {
  QUIVER_TRY(CheckWritable());
  Result<void> synced = wal_->Sync();
  if (!synced) health_.Report(synced.error());
  return synced;
}

SequenceNumber Engine::DurableSequence() const {
  return wal_ == nullptr ? visible_sequence_.load(std::memory_order_acquire)
                         : wal_->durable_sequence();
}

Result<void> Engine::WaitDurable(SequenceNumber sequence) {
  if (DurableSequence() >= sequence) return {};
  if (sequence > visible_sequence_.load(std::memory_order_acquire)) {
    return Error(ErrorCode::kInvalidArgument, "sequence " + std::to_string(sequence) +
                                                  " was not acknowledged by this database yet");
  }
  return SyncLog();
}

// --- reading

Result<bool> Engine::Get(std::string_view key, const ReadOptions& options, bool want_pin,
                         TableAnswer& found) const {
  QUIVER_TRY(CheckOpen());
  // The view before the sequence number: see read_view.h.
  const ReadView& view = state_->views().Current();
  QUIVER_ASSIGN_OR_RETURN(const SequenceNumber sequence, ReadSequence(options.snapshot));
  return LookupInView(view, *table_cache_, LookupKey(key, sequence),
                      {.fill_cache = options.fill_cache, .want_pin = want_pin}, found);
}

Result<std::vector<std::optional<PinnedValue>>> Engine::MultiGet(
    std::span<const std::string_view> keys, const ReadOptions& options) const {
  QUIVER_TRY(CheckOpen());
  const EpochGuard guard(core_->epochs);
  const ReadView& view = state_->views().Current();
  QUIVER_ASSIGN_OR_RETURN(const SequenceNumber sequence, ReadSequence(options.snapshot));
  std::vector<LookupKey> lookups;
  lookups.reserve(keys.size());
  for (const std::string_view key : keys) lookups.emplace_back(key, sequence);
  // All keys' cache lines are under way before the first is needed.
  for (const LookupKey& lookup : lookups) PrefetchInView(view, *table_cache_, lookup);

  std::vector<std::optional<PinnedValue>> values(keys.size());
  const PointLookupOptions lookup_options{.fill_cache = options.fill_cache, .want_pin = true};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    TableAnswer found;
    QUIVER_ASSIGN_OR_RETURN(const bool hit,
                            LookupInView(view, *table_cache_, lookups[i], lookup_options, found));
    if (hit) values[i].emplace(found.answer.value, std::move(found.pin));
  }
  return values;
}

Result<Iterator> Engine::NewIterator(const IteratorOptions& options) const {
  QUIVER_TRY(CheckOpen());
  std::shared_ptr<const ReadView> view = state_->views().Pin();
  QUIVER_ASSIGN_OR_RETURN(const SequenceNumber sequence, ReadSequence(options.snapshot));
  std::vector<std::unique_ptr<InternalIterator>> children;
  children.push_back(view->active->table().NewIterator());
  for (const MemtableRef& memtable : view->immutables) {
    children.push_back(memtable->table().NewIterator());
  }
  const TableReadOptions read_options{.fill_cache = options.fill_cache};
  for (const Level& level : view->version->levels()) {
    for (const SortedRun& run : level.runs) {
      children.push_back(NewLevelIterator(run, *table_cache_, read_options));
    }
  }
  Iterator::Impl::Source source{.merged = NewMergingIterator(std::move(children)),
                                .sequence = sequence,
                                .now_us = 0,
                                .closed = &closed_,
                                .metrics = &core_->metrics,
                                .clock = environment_.clock,
                                .view = std::move(view),
                                .engine = shared_from_this()};
  return Iterator(std::make_unique<Iterator::Impl>(std::move(source), options));
}

Result<Snapshot> Engine::NewSnapshot() const {
  QUIVER_TRY(CheckOpen());
  return snapshots_->Take([this] { return visible_sequence_.load(std::memory_order_seq_cst); },
                          NowNanos());
}

// --- closing

Result<void> Engine::Close() {
  // The parent's locks may be held by threads that this process does not have.
  if (IsForkedCopy()) return ForkedCopyError();
  MutexLock lock(close_mutex_);
  if (closed_.exchange(true, std::memory_order_acq_rel)) return {};
  if (mode_ == OpenMode::kReadOnly) {
    lock_.reset();
    return {};
  }
  if (worker_ != nullptr) worker_->Cancel();
  if (state_ != nullptr) state_->Wake();
  // A writer that passed the check of closed_ ends before the barrier; later ones are refused.
  if (write_path_ != nullptr) write_path_->Drain();
  if (executor_ != nullptr) executor_->Shutdown();
  if (worker_ != nullptr) worker_->WaitForCallers();
  // Sealing says that everything in the log is safe: after an open that failed half-way nobody
  // knows, and the next open has to find the log as a crash leaves it.
  Result<void> result;
  if (wal_ != nullptr && recovered_) result = wal_->Close();
  if (obsolete_files_ != nullptr) obsolete_files_->Sweep();
  // From here on another opener may own the directory: nothing may be written any more.
  versions_->Close();
  lock_.reset();
  return result;
}

}  // namespace quiver
