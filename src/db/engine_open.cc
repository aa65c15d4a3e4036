// The second half of opening: replay of the log, first memtable and segment, timers.
#include <algorithm>

#include "base/batch_codec.h"
#include "base/try.h"
#include "config/config_limits.h"
#include "db/engine.h"
#include "io/fork_guard.h"
#include "memtable/memtable_traits.h"
#include "sstable/table_owner.h"

namespace quiver {

namespace {

constexpr std::uint64_t kTickMs = 250;

}  // namespace

Result<std::shared_ptr<Engine>> Engine::Open(const io::Environment& environment,
                                             const std::filesystem::path& path,
                                             const DatabaseConfig& config, OpenMode mode) {
  QUIVER_ASSIGN_OR_RETURN(OpenedDirectory opened, OpenDirectory(environment, path, config, mode));
  std::shared_ptr<Engine> engine(new Engine(environment, std::move(opened), mode));
  QUIVER_TRY(engine->Recover());
  return engine;
}

Engine::Engine(const io::Environment& environment, OpenedDirectory opened, OpenMode mode)
    : environment_(environment),
      mode_(mode),
      config_(opened.config),
      report_(std::move(opened.report)),
      opened_ns_(environment.clock->MonotonicNanos()),
      fork_generation_(io::ForkGeneration()),
      orphans_(std::move(opened.orphans)),
      directory_(std::move(opened.directory)),
      lock_(std::move(opened.lock)),
      core_(std::make_shared<EngineCore>(config_.memory_limit_bytes, config_.memtable_size_bytes)),
      cache_(std::make_unique<BlockCache>(BlockCacheBytes(config_, 0), core_->epochs,
                                          &core_->ledger, &core_->metrics)),
      versions_(std::move(opened.versions)) {
  TableContext tables;
  tables.directory = directory_.get();
  tables.database_id = versions_->database_id();
  tables.cache = cache_.get();
  tables.ledger = &core_->ledger;
  tables.metrics = &core_->metrics;
  table_cache_ = std::make_unique<TableCache>(tables, core_->epochs, config_.open_files_max);
  rate_limiter_ = std::make_unique<io::RateLimiter>(config_.compaction_rate_limit_bytes_per_s,
                                                    *environment_.clock);
  obsolete_files_ = std::make_unique<ObsoleteFiles>(*directory_, core_->epochs);
}

JobContext Engine::MakeJobContext() {
  JobContext jobs;
  jobs.directory = directory_.get();
  jobs.clock = environment_.clock;
  jobs.table_cache = table_cache_.get();
  jobs.epochs = &core_->epochs;
  jobs.ledger = &core_->ledger;
  jobs.metrics = &core_->metrics;
  jobs.rate_limiter = rate_limiter_.get();
  jobs.config = &config_;
  jobs.schema = {config_.key_width_bytes, config_.value_width_bytes, false};
  jobs.database_id = versions_->database_id();
  jobs.new_file_number = [this] { return versions_->NewFileNumber(); };
  jobs.new_run_number = [this] { return versions_->NewRunNumber(); };
  return jobs;
}

Result<void> Engine::Recover() {
  const std::uint64_t start_ns = NowNanos();
  auto memtable =
      std::make_shared<MemtableHandle>(core_, config_.memtable_kind, config_.memtable_hash_buckets,
                                       versions_->state().first_log_segment);
  state_ = std::make_unique<LiveState>(core_->epochs, memtable, versions_->current());
  QUIVER_ASSIGN_OR_RETURN(const wal::RecoveryResult log, ReplayLog(memtable));

  report_.clean_shutdown = log.clean_shutdown;
  report_.segments_replayed = log.segments;
  report_.batches_replayed = log.batches;
  report_.entries_replayed = log.entries;
  report_.bytes_replayed = log.bytes;
  report_.torn_tail_bytes = log.torn_tail_bytes;
  report_.notes.insert(report_.notes.end(), log.notes.begin(), log.notes.end());
  report_.losses = log.losses;
  const SequenceNumber last = std::max({log.end.last_sequence, versions_->state().flushed_sequence,
                                        versions_->current()->largest_sequence()});
  report_.last_sequence = last;
  visible_sequence_.store(last, std::memory_order_seq_cst);

  if (mode_ == OpenMode::kReadWrite) {
    QUIVER_TRY(StartWriting(memtable, log));
    RemoveOrphans();
  }
  report_.duration_ms = (NowNanos() - start_ns) / 1'000'000;
  return {};
}

// Puts every batch of the log into `memtable`. A log larger than a memtable is flushed on the way
// (or, when reading only, spread over several memtables); `memtable` ends as the last one.
Result<wal::RecoveryResult> Engine::ReplayLog(MemtableRef& memtable) {
  wal::RecoveryOptions options;
  options.directory = directory_.get();
  options.database_id = versions_->database_id();
  options.mode = config_.wal_recovery_mode;
  options.first_segment = versions_->state().first_log_segment;
  options.flushed_sequence = versions_->state().flushed_sequence;
  const std::uint64_t bytes_max =
      std::min(config_.memtable_size_bytes, TraitsOf(config_.memtable_kind).size_bytes_max);

  return wal::RecoverLog(options, [&](const wal::RecoveredBatch& batch) -> Result<void> {
    if (memtable->table().memory_bytes() >= bytes_max && memtable->table().entry_count() != 0) {
      auto next = std::make_shared<MemtableHandle>(
          core_, config_.memtable_kind, config_.memtable_hash_buckets, memtable->first_segment());
      state_->Rotate(next);
      if (mode_ == OpenMode::kReadWrite) QUIVER_TRY(FlushRecovered(memtable, std::nullopt));
      memtable = std::move(next);
    }
    BatchReader reader(batch.encoded);
    BatchEntry entry;
    SequenceNumber sequence = batch.first_sequence;
    while (reader.Next(entry)) {
      memtable->table().Add({entry.key, entry.value, sequence++, entry.operation, entry.expiry_us});
    }
    if (reader.malformed() || sequence != batch.first_sequence + batch.entry_count) {
      return Error(ErrorCode::kCorruption,
                   "the batch verifies but its entries cannot be read: written by a faulty build?",
                   wal::SegmentName(batch.segment_number), batch.offset + reader.offset());
    }
    memtable->set_largest_sequence(sequence - 1);
    memtable->UpdateCharge();
    return {};
  });
}

Result<void> Engine::FlushRecovered(const MemtableRef& memtable,
                                    std::optional<std::uint64_t> first_log_segment) {
  memtable->table().Seal();
  QUIVER_ASSIGN_OR_RETURN(JobResult job, RunFlush(MakeJobContext(), memtable->table().NewIterator(),
                                                  {memtable->largest_sequence()}));
  job.edit.flushed_sequence = memtable->largest_sequence();
  job.edit.first_log_segment = first_log_segment;
  QUIVER_ASSIGN_OR_RETURN(VersionRef version, versions_->Apply(job.edit));
  state_->FinishFlush(std::move(version), std::vector<MemtableRef>{memtable});
  return {};
}

Result<void> Engine::StartWriting(const MemtableRef& memtable, const wal::RecoveryResult& log) {
  wal::WalManagerOptions options;
  options.directory = directory_.get();
  options.clock = environment_.clock;
  options.metrics = &core_->metrics;
  options.database_id = versions_->database_id();
  options.access =
      config_.wal_mode == WalMode::kSync ? io::LogAccess::kWritten : io::LogAccess::kMapped;
  const std::uint64_t segment = versions_->NewFileNumber();
  QUIVER_ASSIGN_OR_RETURN(wal_, wal::WalManager::Create(options, segment, log.end));

  // After a clean shutdown the log is durable and its memtable may go on. After a crash its tail
  // may exist in the page cache alone, for example behind a failed sync, and a second sync would
  // not write it: so it goes to a table, which is synced from the first byte.
  const bool keep = log.clean_shutdown || memtable->table().entry_count() == 0;
  if (!keep) {
    auto next = std::make_shared<MemtableHandle>(core_, config_.memtable_kind,
                                                 config_.memtable_hash_buckets, segment);
    state_->Rotate(next);
    QUIVER_TRY(FlushRecovered(memtable, segment));
  } else if (memtable->table().entry_count() == 0) {
    auto next = std::make_shared<MemtableHandle>(core_, config_.memtable_kind,
                                                 config_.memtable_hash_buckets, segment);
    VersionEdit edit;
    edit.first_log_segment = segment;
    edit.flushed_sequence = visible_sequence_.load(std::memory_order_acquire);
    QUIVER_ASSIGN_OR_RETURN(VersionRef version, versions_->Apply(edit));
    state_->Rotate(next);
    state_->FinishFlush(std::move(version), std::vector<MemtableRef>{memtable});
  }
  (void)wal_->DeleteSegmentsBefore(versions_->state().first_log_segment);

  executor_ = environment_.new_executor(config_.compaction_threads);
  worker_ = std::make_unique<BackgroundCompactionWorker>(BackgroundCompactionWorker::Parts{
      MakeJobContext(), executor_.get(), state_.get(), versions_.get(), wal_.get(), &health_,
      snapshots_.get(), obsolete_files_.get(), &visible_sequence_});
  write_path_ = std::make_unique<WritePath>(WritePath::Parts{
      &config_, core_, environment_.clock, executor_.get(), state_.get(), versions_.get(),
      wal_.get(), &health_, &visible_sequence_, &closed_, [this] { worker_->ScheduleFlush(); }});
  worker_->ScheduleCompaction();
  StartTimers();
  return {};
}

// --- orphans

// A file is ours if its trailer names this database, or if it has no readable trailer at all (an
// output that a crash cut off): its number is one that only this database has handed out.
bool Engine::IsOurs(const std::string& name) const {
  const ParsedName parsed = ParseFileName(name);
  if (parsed.kind != FileKind::kTable) return true;
  const Result<DatabaseId> owner = ReadTableOwner(*directory_, parsed.number);
  return !owner || *owner == versions_->database_id();
}

void Engine::RemoveOrphans() {
  for (const std::string& name : orphans_) {
    if (!IsOurs(name)) {
      report_.foreign_files.push_back(name);
    } else if (directory_->Remove(name)) {
      report_.orphans_removed.push_back(name);
    }
  }
}

// --- timers

void Engine::StartTimers() {
  executor_->SubmitAfter(io::Lane::kLog, kTickMs, [this] { Tick(); });
  if (config_.wal_mode == WalMode::kBatch) {
    executor_->SubmitAfter(io::Lane::kLog, config_.wal_batch_interval_ms, [this] { BatchSync(); });
  }
}

void Engine::Tick() {
  obsolete_files_->Sweep();
  BalanceMemory();
  if (const Result<std::uint64_t> free = directory_->FreeBytes()) {
    const std::uint64_t waiting =
        state_->immutable_count() != 0 ? core_->ledger.bytes(MemoryOwner::kMemtables) : 0;
    if (health_.disk_full() && *free >= config_.disk_reserve_bytes + waiting) {
      health_.SpaceReturned();
      worker_->ScheduleFlush();
      worker_->ScheduleCompaction();
      state_->Wake();
    } else if (health_.writable() && *free < config_.disk_reserve_bytes) {
      health_.Report(Error(
          ErrorCode::kNoSpace,
          "the disk has " + std::to_string(*free) + " free bytes, less than disk_reserve_bytes",
          directory_->path().string()));
    }
  }
  executor_->SubmitAfter(io::Lane::kLog, kTickMs, [this] { Tick(); });
}

void Engine::BatchSync() {
  if (wal_->unsynced_bytes() != 0) {
    if (const Result<void> synced = wal_->Sync(); !synced) health_.Report(synced.error());
  }
  executor_->SubmitAfter(io::Lane::kLog, config_.wal_batch_interval_ms, [this] { BatchSync(); });
}

// Pinned indexes and filters grow with the data; the cache gives way to them.
void Engine::BalanceMemory() {
  const std::uint64_t capacity =
      BlockCacheBytes(config_, core_->ledger.bytes(MemoryOwner::kTables));
  if (capacity != cache_->capacity_bytes()) cache_->SetCapacity(capacity);
}

}  // namespace quiver
