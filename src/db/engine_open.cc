// The second half of opening: replay of the log, first memtable and segment, timers.
#include <algorithm>

#include "base/batch_codec.h"
#include "base/try.h"
#include "config/config_limits.h"
#include "db/engine.h"
#include "db/orphan_files.h"
#include "io/fork_guard.h"
#include "memtable/memtable_traits.h"

namespace quiver {

namespace {

constexpr std::uint64_t kTickMs = 250;

}  // namespace

Result<std::shared_ptr<Engine>> Engine::Open(const io::Environment& environment,
                                             const std::filesystem::path& path,
                                             const DatabaseConfig& config, OpenMode mode) {
  QUIVER_ASSIGN_OR_RETURN(OpenedDirectory opened, OpenDirectory(environment, path, config, mode));
  // A forked child has neither the threads to join nor the right to end the parent's log: there
  // the engine is left as it is until the child ends.
  const auto destroy = [](Engine* engine) {
    if (!engine->IsForkedCopy()) delete engine;
  };
  std::shared_ptr<Engine> engine(new Engine(environment, std::move(opened), mode), destroy);
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
  report_.losses.insert(report_.losses.end(), log.losses.begin(), log.losses.end());
  const SequenceNumber last = std::max({log.end.last_sequence, versions_->state().flushed_sequence,
                                        versions_->current()->largest_sequence()});
  report_.last_sequence = last;
  visible_sequence_.store(last, std::memory_order_seq_cst);

  if (mode_ == OpenMode::kReadWrite) {
    QUIVER_TRY(StartWriting(memtable, log));
    RemoveOrphans();
  }
  recovered_ = true;
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
  options.segment_number_end = versions_->handed_out_end();
  const std::uint64_t bytes_max =
      std::min(config_.memtable_size_bytes, TraitsOf(config_.memtable_kind).size_bytes_max);

  return wal::RecoverLog(options, [&](const wal::RecoveredBatch& batch) -> Result<void> {
    if (memtable->table().memory_bytes() >= bytes_max && memtable->table().entry_count() != 0) {
      auto next = std::make_shared<MemtableHandle>(
          core_, config_.memtable_kind, config_.memtable_hash_buckets, memtable->first_segment());
      state_->Rotate(next);
      if (mode_ == OpenMode::kReadWrite) QUIVER_TRY(FlushRecovered(memtable));
      memtable = std::move(next);
    }
    BatchReader reader(batch.encoded);
    BatchEntry entry;
    SequenceNumber sequence = batch.first_sequence;
    while (reader.Next(entry)) {
      memtable->table().Add({entry.key, entry.value, sequence++, entry.operation, entry.expiry_us});
    }
    memtable->set_largest_sequence(sequence - 1);
    memtable->UpdateCharge();
    return {};
  });
}

// The log segments stay until a later edit says that they are not needed.
Result<void> Engine::FlushRecovered(const MemtableRef& memtable) {
  memtable->table().Seal();
  JobContext jobs = MakeJobContext();
  jobs.rate_limiter = nullptr;
  QUIVER_ASSIGN_OR_RETURN(JobResult job, RunFlush(jobs, memtable->table().NewIterator(),
                                                  {memtable->largest_sequence()}));
  job.edit.flushed_sequence = memtable->largest_sequence();
  QUIVER_ASSIGN_OR_RETURN(VersionRef version, versions_->Apply(job.edit));
  state_->FinishFlush(std::move(version), std::vector<MemtableRef>{memtable});
  return {};
}

// After a clean shutdown the log is durable and its memtable may go on. After a crash its tail may
// exist in the page cache alone, for example behind a failed sync, and a second sync would not
// write it: so it goes to a table, which is synced from the first byte. Only then may a new log
// segment say that everything before it is durable. `next_segment` is the one to be.
Result<void> Engine::SettleRecovered(const MemtableRef& memtable, std::uint64_t next_segment) {
  auto next = std::make_shared<MemtableHandle>(core_, config_.memtable_kind,
                                               config_.memtable_hash_buckets, next_segment);
  state_->Rotate(std::move(next));
  if (memtable->table().entry_count() != 0) return FlushRecovered(memtable);
  VersionEdit edit;
  edit.flushed_sequence = visible_sequence_.load(std::memory_order_acquire);
  VersionRef version = versions_->current();
  if (edit.flushed_sequence != versions_->state().flushed_sequence) {
    QUIVER_ASSIGN_OR_RETURN(version, versions_->Apply(edit));
  }
  state_->FinishFlush(std::move(version), std::vector<MemtableRef>{memtable});
  return {};
}

Result<void> Engine::StartWriting(const MemtableRef& memtable, const wal::RecoveryResult& log) {
  wal::WalManagerOptions options;
  options.directory = directory_.get();
  options.clock = environment_.clock;
  options.metrics = &core_->metrics;
  options.database_id = versions_->database_id();
  options.segment_number_end = versions_->handed_out_end();
  // A segment holds about what a memtable does.
  options.reserve_step_bytes = std::min(options.reserve_step_bytes, config_.memtable_size_bytes);
  options.access =
      config_.wal_mode == WalMode::kSync ? io::LogAccess::kWritten : io::LogAccess::kMapped;
  const std::uint64_t segment = versions_->NewFileNumber();
  const bool keep = log.clean_shutdown && memtable->table().entry_count() != 0;
  if (!keep) QUIVER_TRY(SettleRecovered(memtable, segment));
  QUIVER_ASSIGN_OR_RETURN(wal_, wal::WalManager::Create(options, segment, log.end));
  if (!keep) {
    VersionEdit edit;
    edit.first_log_segment = segment;
    QUIVER_ASSIGN_OR_RETURN(VersionRef version, versions_->Apply(edit));
    state_->InstallVersion(std::move(version));
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
  executor_->SubmitAfter(io::Lane::kUpkeep, kTickMs, [this] { Tick(); });
  return {};
}

// --- orphans

void Engine::RemoveOrphans() {
  const TableSchema schema{config_.key_width_bytes, config_.value_width_bytes, false};
  for (const std::string& name : orphans_) {
    const Result<bool> ours = IsProvablyOurs(*directory_, *versions_, schema, name);
    if (!ours || !*ours) {
      report_.foreign_files.push_back(name);
    } else if (directory_->Remove(name)) {
      report_.orphans_removed.push_back(name);
    }
  }
}

// --- upkeep

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
  executor_->SubmitAfter(io::Lane::kUpkeep, kTickMs, [this] { Tick(); });
}

// Pinned indexes and filters grow with the data; the cache gives way to them.
void Engine::BalanceMemory() {
  const std::uint64_t capacity =
      BlockCacheBytes(config_, core_->ledger.bytes(MemoryOwner::kTables));
  if (capacity != cache_->capacity_bytes()) cache_->SetCapacity(capacity);
}

}  // namespace quiver
