#include "db/engine.h"

#include <algorithm>
#include <array>

#include "base/schedule_point.h"
#include "base/try.h"
#include "db/arrow_stream_source.h"
#include "db/db_iterator.h"
#include "db/multi_lookup.h"
#include "db/range_delete_view.h"
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
  keyspaces_.Clear();
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
  return Error(ErrorCode::kReadOnly, "the database was opened for reading only");
}

Result<SnapshotRegistry::ReadPoint> Engine::ReadPointOf(const Snapshot* snapshot) const {
  if (snapshot != nullptr) return snapshots_->Resolve(*snapshot);
  const SequenceNumber visible = visible_sequence_.load(std::memory_order_seq_cst);
  SchedulePoint();
  return SnapshotRegistry::ReadPoint{visible, 0};
}

// --- writing

Result<SequenceNumber> Engine::Write(std::string_view encoded, std::uint32_t entry_count,
                                     std::span<KeyspaceState* const> keyspaces,
                                     const WriteOptions& options,
                                     const TransactionFootprint* footprint) {
  QUIVER_TRY(CheckWritable());
  const WalMode mode = options.wal_mode.value_or(config_.wal_mode);
  if (mode > WalMode::kAsync) [[unlikely]] {
    return Error(ErrorCode::kInvalidArgument,
                 "wal_mode " + std::to_string(static_cast<int>(mode)) +
                     " of the write is none of kSync, kBatch and kAsync");
  }
  if (entry_count == 0) return visible_sequence_.load(std::memory_order_acquire);
  return write_path_->Submit({.encoded = encoded,
                              .entry_count = entry_count,
                              .keyspaces = keyspaces,
                              .footprint = footprint,
                              .mode = mode,
                              .fail_if_stalled = options.fail_if_stalled});
}

Result<void> Engine::Flush() {
  QUIVER_TRY(CheckWritable());
  QUIVER_TRY(health_.CheckWritable());
  QUIVER_TRY(write_path_->Rotate());
  return worker_->WaitForFlush();
}

Result<void> Engine::CompactRange(std::optional<std::string_view> begin,
                                  std::optional<std::string_view> end, const Keyspace* keyspace) {
  QUIVER_ASSIGN_OR_RETURN(KeyspaceState* const target, Resolve(keyspace));
  QUIVER_TRY(Flush());
  return worker_->CompactRange(*target, begin, end);
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

PointLookupOptions Engine::LookupOptions(const ReadOptions& options, const KeyspaceState& keyspace,
                                         std::uint64_t now_us, bool want_pin) const {
  return {.fill_cache = options.fill_cache,
          .want_pin = want_pin,
          .now_us = now_us,
          .clock = environment_.clock,
          .merge_operator = keyspace.merge_operator};
}

Result<bool> Engine::Get(std::string_view key, const ReadOptions& options, bool want_pin,
                         TableAnswer& found) const {
  QUIVER_TRY(CheckOpen());
  QUIVER_ASSIGN_OR_RETURN(const KeyspaceState* const keyspace, Resolve(options.keyspace));
  // The view before the sequence number: see read_view.h.
  const ReadView& view = *keyspace->state.views().Current();
  QUIVER_ASSIGN_OR_RETURN(const auto at, ReadPointOf(options.snapshot));
  return LookupInView(view, *table_cache_, LookupKey(key, at.sequence),
                      LookupOptions(options, *keyspace, at.wall_us, want_pin), found);
}

Result<std::vector<std::optional<PinnedValue>>> Engine::MultiGet(
    std::span<const std::string_view> keys, const ReadOptions& options) const {
  QUIVER_TRY(CheckOpen());
  QUIVER_ASSIGN_OR_RETURN(const KeyspaceState* const keyspace, Resolve(options.keyspace));
  const EpochGuard guard(core_->epochs);
  const ReadView& view = *keyspace->state.views().Current();
  QUIVER_ASSIGN_OR_RETURN(const auto at, ReadPointOf(options.snapshot));
  std::vector<std::optional<PinnedValue>> values(keys.size());
  const PointLookupOptions lookup_options =
      LookupOptions(options, *keyspace, at.wall_us, /*want_pin=*/true);
  std::vector<LookupKey> lookups;
  lookups.reserve(std::min(keys.size(), kLookupGroup));
  for (std::size_t first = 0; first < keys.size(); first += kLookupGroup) {
    const auto group = keys.subspan(first, std::min(kLookupGroup, keys.size() - first));
    lookups.clear();
    for (const std::string_view key : group) lookups.emplace_back(key, at.sequence);
    std::array<GroupAnswer, kLookupGroup> answers;
    QUIVER_TRY(LookupGroupInView(view, *table_cache_, lookups, lookup_options,
                                 std::span(answers).first(group.size())));
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (!answers[i].is_live) continue;
      TableAnswer& found = answers[i].found;
      values[first + i].emplace(found.answer.value, std::move(found.pin));
    }
  }
  return values;
}

Result<std::unique_ptr<Iterator::Impl>> Engine::NewRows(const IteratorOptions& options,
                                                        const TableReadOptions& read_options,
                                                        OwnWrites own) const {
  QUIVER_TRY(CheckOpen());
  QUIVER_ASSIGN_OR_RETURN(const KeyspaceState* const keyspace, Resolve(options.keyspace));
  std::shared_ptr<const ReadView> view = keyspace->state.views().Pin();
  QUIVER_ASSIGN_OR_RETURN(const auto at, ReadPointOf(options.snapshot));
  std::vector<std::unique_ptr<InternalIterator>> children;
  if (own.entries != nullptr) children.push_back(std::move(own.entries));
  children.push_back(view->active->table().NewIterator());
  for (const MemtableRef& memtable : view->immutables) {
    children.push_back(memtable->table().NewIterator());
  }
  for (const Level& level : view->version->levels()) {
    for (const SortedRun& run : level.runs) {
      children.push_back(NewLevelIterator(run, *table_cache_, read_options));
    }
  }
  Iterator::Impl::Source source{
      .merged = NewMergingIterator(std::move(children)),
      .sequence = at.sequence,
      .now_us = at.wall_us != 0 ? at.wall_us : environment_.clock->WallMicros(),
      .range_deletes = AllRangeDeletes(*view),
      .own = std::move(own),
      .merge_operator = keyspace->merge_operator,
      .closed = &closed_,
      .metrics = &core_->metrics,
      .clock = environment_.clock,
      .view = std::move(view),
      .engine = shared_from_this()};
  return std::make_unique<Iterator::Impl>(std::move(source), options);
}

Result<Iterator> Engine::NewIterator(const IteratorOptions& options, OwnWrites own) const {
  QUIVER_ASSIGN_OR_RETURN(auto rows,
                          NewRows(options, {.fill_cache = options.fill_cache}, std::move(own)));
  return Iterator(std::move(rows));
}

Result<void> Engine::ExportArrowStream(const ArrowStreamOptions& options,
                                       ArrowArrayStream* out) const {
  if (out == nullptr) {
    return Error(ErrorCode::kInvalidArgument, "ExportArrowStream: out is null");
  }
  *out = {};
  if (!options.with_key && !options.with_value && !options.with_sequence) {
    return Error(ErrorCode::kInvalidArgument,
                 "an Arrow stream without columns was asked for: set at least one of with_key, "
                 "with_value and with_sequence");
  }
  QUIVER_ASSIGN_OR_RETURN(auto rows, NewRows({.keyspace = options.keyspace,
                                              .lower_bound = options.lower_bound,
                                              .upper_bound = options.upper_bound,
                                              .prefix = options.prefix,
                                              .snapshot = options.snapshot},
                                             {.fill_cache = options.fill_cache}, {}));
  arrow_ipc::ExportStream(std::make_unique<ArrowStreamSource>(std::move(rows), options), out);
  return {};
}

Result<Snapshot> Engine::NewSnapshot() const {
  QUIVER_TRY(CheckOpen());
  return snapshots_->Take([this] { return visible_sequence_.load(std::memory_order_seq_cst); },
                          [this] { return environment_.clock->WallMicros(); }, NowNanos());
}

// --- closing

Result<void> Engine::Close() {
  // The parent's locks may be held by threads that this process does not have.
  if (IsForkedCopy()) return ForkedCopyError();
  if (ingesting_.HasThisThread()) {
    return Error(ErrorCode::kBusy,
                 "Close was called by the progress callback of an ingest, and would wait for that "
                 "ingest for ever; let the callback throw, which ends the ingest, then close");
  }
  MutexLock lock(close_mutex_);
  if (closed_.exchange(true, std::memory_order_acq_rel)) return {};
  if (mode_ != OpenMode::kReadWrite) {
    lock_.reset();
    return {};
  }
  if (worker_ != nullptr) worker_->Cancel();
  changed_.Notify();
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
