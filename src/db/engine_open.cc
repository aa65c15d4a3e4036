// The second half of opening: replay of the log, first memtable and segment, timers.
#include <algorithm>
#include <limits>

#include "base/batch_codec.h"
#include "base/try.h"
#include "config/config_limits.h"
#include "db/engine.h"
#include "db/keyspace_settings.h"
#include "db/memtable_flush.h"
#include "db/orphan_files.h"
#include "io/fork_guard.h"
#include "memtable/memtable_traits.h"

namespace quiver {

namespace {

constexpr std::uint64_t kTickMs = 250;
// A sync of a mapped log also writes the zeroes behind its end, for nothing: there are few of them.
constexpr std::uint64_t kMappedReserveStepBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kTicksBetweenExpiryChecks = 40;
/// A clean log of as many segments is not kept but flushed.
constexpr std::uint64_t kSegmentsKeptAtOpen = 16;

}  // namespace

Result<std::shared_ptr<Engine>> Engine::Open(const io::Environment& environment,
                                             const std::filesystem::path& path,
                                             const DatabaseConfig& config, OpenMode mode,
                                             std::shared_ptr<const MergeOperator> merge_operator) {
  QUIVER_ASSIGN_OR_RETURN(OpenedDirectory opened, OpenDirectory(environment, path, config, mode));
  // A forked child has neither the threads to join nor the right to end the parent's log: there
  // the engine is left as it is until the child ends.
  const auto destroy = [](Engine* engine) {
    if (!engine->IsForkedCopy()) delete engine;
  };
  std::shared_ptr<Engine> engine(
      new Engine(environment, std::move(opened), mode, std::move(merge_operator)), destroy);
  QUIVER_TRY(engine->Recover());
  return engine;
}

Engine::Engine(const io::Environment& environment, OpenedDirectory opened, OpenMode mode,
               std::shared_ptr<const MergeOperator> merge_operator)
    : environment_(environment),
      mode_(mode),
      config_(opened.config),
      merge_operator_(std::move(merge_operator)),
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
  // A table that a follower closed could not be opened again once the writer has removed it.
  const std::uint32_t open_files_max = mode == OpenMode::kFollower
                                           ? std::numeric_limits<std::uint32_t>::max()
                                           : config_.open_files_max;
  table_cache_ = std::make_unique<TableCache>(tables, core_->epochs, open_files_max);
  rate_limiter_ = std::make_unique<io::RateLimiter>(config_.compaction_rate_limit_bytes_per_s,
                                                    *environment_.clock);
  obsolete_files_ = std::make_unique<ObsoleteFiles>(*directory_, core_->epochs);
}

JobContext Engine::MakeJobContext(const KeyspaceState& keyspace) {
  JobContext jobs;
  jobs.directory = directory_.get();
  jobs.clock = environment_.clock;
  jobs.table_cache = table_cache_.get();
  jobs.epochs = &core_->epochs;
  jobs.ledger = &core_->ledger;
  jobs.metrics = &core_->metrics;
  jobs.rate_limiter = rate_limiter_.get();
  jobs.config = &keyspace.config;
  jobs.schema = keyspace.schema();
  jobs.keyspace = keyspace.id;
  jobs.database_id = versions_->database_id();
  jobs.new_file_number = [this] { return versions_->NewFileNumber(); };
  jobs.new_run_number = [this] { return versions_->NewRunNumber(); };
  return jobs;
}

const MergeOperator* Engine::MergeOperatorOf(const DatabaseConfig& config) const noexcept {
  switch (config.merge_operator) {
    case MergeOperatorKind::kNone: break;
    case MergeOperatorKind::kAddInt64: return &AddInt64Operator();
    case MergeOperatorKind::kAppend: return &AppendOperator();
    case MergeOperatorKind::kCustom: return merge_operator_.get();
  }
  return nullptr;
}

// A reader may go without: it can read everything but merged values.
Result<void> Engine::CheckMergeOperator(const DatabaseConfig& config) const {
  if (config.merge_operator != MergeOperatorKind::kCustom || merge_operator_ != nullptr ||
      mode_ != OpenMode::kReadWrite) {
    return {};
  }
  return Error(
      ErrorCode::kInvalidArgument,
      "merge_operator is custom, but no operator was passed to Open; pass the one that the "
      "data was written with");
}

void Engine::AddKeyspace(const KeyspaceRecord& record, const DatabaseConfig& config) {
  keyspaces_.Add(std::make_unique<KeyspaceState>(
      record.id, record.name, config, MergeOperatorOf(config),
      std::max(record.flushed_sequence, versions_->state().flushed_sequence),
      LiveState::Parts{&core_->epochs, &changed_, placeholder_}, record.version));
}

Result<void> Engine::MakeKeyspaces() {
  placeholder_ = MemtableHandle::NewPlaceholder(core_);
  const CatalogRef catalog = versions_->catalog();
  for (const KeyspaceRecord& record : catalog->keyspaces()) {
    QUIVER_ASSIGN_OR_RETURN(const DatabaseConfig config, KeyspaceConfigOf(record, config_));
    QUIVER_TRY(CheckMergeOperator(config));
    AddKeyspace(record, config);
  }
  return {};
}

Result<void> Engine::Recover() {
  const std::uint64_t start_ns = NowNanos();
  QUIVER_TRY(MakeKeyspaces());
  if (mode_ == OpenMode::kFollower) QUIVER_TRY(OpenAllTables());
  QUIVER_ASSIGN_OR_RETURN(const wal::RecoveryResult log, ReplayLog());
  log_end_ = log.end;
  if (log.awaited_segment != 0) log_end_ = {.segment_number = log.awaited_segment};

  report_.clean_shutdown = log.clean_shutdown;
  report_.segments_replayed = log.segments;
  report_.batches_replayed = log.batches;
  report_.entries_replayed = log.entries;
  report_.bytes_replayed = log.bytes;
  report_.torn_tail_bytes = log.torn_tail_bytes;
  report_.notes.insert(report_.notes.end(), log.notes.begin(), log.notes.end());
  report_.losses.insert(report_.losses.end(), log.losses.begin(), log.losses.end());
  const SequenceNumber last = std::max({log.end.last_sequence, versions_->state().flushed_sequence,
                                        versions_->catalog()->largest_sequence()});
  report_.last_sequence = last;
  visible_sequence_.store(last, std::memory_order_seq_cst);

  if (mode_ == OpenMode::kReadWrite) {
    QUIVER_TRY(StartWriting(log));
    RemoveOrphans();
  }
  recovered_ = true;
  report_.duration_ms = (NowNanos() - start_ns) / 1'000'000;
  return {};
}

// Puts every batch of the log into memtables. What is larger than a memtable is flushed on the way
// (or, when reading only, spread over several memtables).
Result<wal::RecoveryResult> Engine::ReplayLog() {
  wal::RecoveryOptions options;
  options.directory = directory_.get();
  options.database_id = versions_->database_id();
  options.mode = config_.wal_recovery_mode;
  options.first_segment = versions_->state().first_log_segment;
  options.flushed_sequence = versions_->state().flushed_sequence;
  options.segment_number_end = versions_->handed_out_end();
  if (mode_ == OpenMode::kFollower) {
    options.running = true;
    // A salvage would pass over what the writer has just removed.
    options.mode = WalRecoveryMode::kPointInTime;
  }
  return wal::RecoverLog(options,
                         [this](const wal::RecoveredBatch& batch) { return ReplayBatch(batch); });
}

Result<void> Engine::ReplayBatch(const wal::RecoveredBatch& batch) {
  const bool full = std::ranges::any_of(replayed_into_, [](const KeyspaceState* keyspace) {
    const Memtable& table = keyspace->active->table();
    return table.memory_bytes() >= MemtableBytesMax(keyspace->config);
  });
  if (full) QUIVER_TRY(SealReplayed(batch.first_sequence - 1));
  BatchReader reader(batch.encoded);
  BatchEntry entry;
  for (SequenceNumber sequence = batch.first_sequence; reader.Next(entry); ++sequence) {
    QUIVER_TRY(ReplayEntry(entry, sequence, batch));
  }
  for (KeyspaceState* keyspace : replayed_into_) keyspace->active->UpdateCharge();
  return {};
}

Result<void> Engine::ReplayEntry(const BatchEntry& entry, SequenceNumber sequence,
                                 const wal::RecoveredBatch& batch) {
  KeyspaceState* const keyspace = entry.keyspace == kDefaultKeyspaceId
                                      ? &keyspaces_.Default()
                                      : keyspaces_.Find(entry.keyspace);
  if (keyspace == nullptr) {
    if (entry.keyspace < versions_->catalog()->next_id()) return {};  // it was dropped since
    return Error(ErrorCode::kCorruption,
                 "the log has an entry of keyspace " + std::to_string(entry.keyspace) +
                     ", which the manifest does not know",
                 wal::SegmentName(batch.segment_number), batch.offset);
  }
  if (sequence <= keyspace->flushed_at_open) return {};
  if (keyspace->active->is_placeholder()) {
    keyspace->active = std::make_shared<MemtableHandle>(core_, keyspace->config,
                                                        batch.segment_number, sequence - 1);
    keyspace->state.ReplaceActive(keyspace->active);
    replayed_into_.push_back(keyspace);
  }
  keyspace->active->Add({entry.key, entry.value, sequence, entry.operation, entry.expiry_us});
  keyspace->active->set_largest_sequence(sequence);
  return {};
}

// Seals the memtables that the log was replayed into and, unless only reading, writes them to
// tables. The log behind them may not be durable, so all go into one edit: a batch over several
// keyspaces must not come to be in the tables of some alone. The segments stay until a later edit
// says that they are not needed.
Result<void> Engine::SealReplayed(SequenceNumber replayed_sequence) {
  for (KeyspaceState* keyspace : replayed_into_) {
    keyspace->state.Seal();
    keyspace->active = keyspace->state.active();
  }
  const std::vector<KeyspaceState*> sealed = std::exchange(replayed_into_, {});
  if (mode_ != OpenMode::kReadWrite) return {};
  VersionEdit edit;
  edit.flushed_sequence = replayed_sequence;
  for (KeyspaceState* keyspace : sealed) {
    const MemtableRef memtable = keyspace->state.ImmutablesOldestFirst().front();
    memtable->table().Seal();
    JobContext jobs = MakeJobContext(*keyspace);
    jobs.rate_limiter = nullptr;
    QUIVER_ASSIGN_OR_RETURN(
        const JobResult job,
        FlushMemtables(jobs, {&memtable, 1}, SnapshotList{memtable->largest_sequence()}));
    edit.added.insert(edit.added.end(), job.edit.added.begin(), job.edit.added.end());
    edit.cleaned.insert(edit.cleaned.end(), job.edit.cleaned.begin(), job.edit.cleaned.end());
    AddRangeDeletesOf({&memtable, 1}, keyspace->id, edit);
  }
  QUIVER_ASSIGN_OR_RETURN(const CatalogRef catalog, versions_->Apply(edit));
  for (KeyspaceState* keyspace : sealed) {
    keyspace->state.FinishFlush(catalog->Find(keyspace->id)->version,
                                keyspace->state.ImmutablesOldestFirst());
  }
  return {};
}

// After a clean shutdown the log is durable and its memtables may go on. After a crash its tail may
// exist in the page cache alone, for example behind a failed sync, and a second sync would not
// write it: so it goes to tables, which are synced from the first byte. Only then may a new log
// segment say that everything before it is durable.
Result<void> Engine::SettleRecovered() {
  const SequenceNumber last = visible_sequence_.load(std::memory_order_acquire);
  if (replayed_into_.empty() && last == versions_->state().flushed_sequence) return {};
  return SealReplayed(last);
}

Result<void> Engine::StartWriting(const wal::RecoveryResult& log) {
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
  if (options.access == io::LogAccess::kMapped) {
    options.reserve_step_bytes = std::min(options.reserve_step_bytes, kMappedReserveStepBytes);
  }
  const std::uint64_t segment = versions_->NewFileNumber();
  // Each open adds a segment: a program that opens often and writes little shall not gather them.
  const bool keep =
      log.clean_shutdown && !replayed_into_.empty() && log.segments < kSegmentsKeptAtOpen;
  if (!keep) QUIVER_TRY(SettleRecovered());
  // A salvage may have lost the frame that passes over the numbers before an ingest.
  wal::ChainEnd end = log.end;
  end.last_sequence =
      std::max(end.last_sequence, visible_sequence_.load(std::memory_order_acquire));
  QUIVER_ASSIGN_OR_RETURN(wal_, wal::WalManager::Create(options, segment, end));
  if (!keep) {
    VersionEdit edit;
    edit.first_log_segment = segment;
    QUIVER_TRY(versions_->Apply(edit));
  }
  (void)wal_->DeleteSegmentsBefore(versions_->state().first_log_segment);

  executor_ = environment_.new_executor(config_.compaction_threads);
  worker_ = std::make_unique<BackgroundCompactionWorker>(BackgroundCompactionWorker::Parts{
      MakeJobContext(keyspaces_.Default()), executor_.get(), &keyspaces_, &changed_,
      versions_.get(), wal_.get(), &health_, snapshots_.get(), obsolete_files_.get(),
      &visible_sequence_});
  write_path_ = std::make_unique<WritePath>(
      WritePath::Parts{&config_, core_, environment_.clock, executor_.get(), &keyspaces_, &changed_,
                       versions_.get(), wal_.get(), &health_, &visible_sequence_, &closed_,
                       [this] { worker_->ScheduleFlush(); }, table_cache_.get()});
  worker_->ScheduleCompaction();
  executor_->SubmitAfter(io::Lane::kUpkeep, kTickMs, [this] { Tick(); });
  return {};
}

// --- orphans

void Engine::RemoveOrphans() {
  const Result<std::vector<TableSchema>> found = SchemasOf(*versions_->catalog(), config_);
  const std::vector<TableSchema> schemas = found ? *found : std::vector<TableSchema>();
  for (const std::string& name : orphans_) {
    const Result<bool> ours = IsProvablyOurs(*directory_, *versions_, schemas, name);
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
    const std::vector<KeyspaceState*> all = keyspaces_.All();
    const bool flush_due = std::ranges::any_of(
        all, [](const KeyspaceState* each) { return each->state.immutable_count() != 0; });
    const std::uint64_t waiting = flush_due ? core_->ledger.bytes(MemoryOwner::kMemtables) : 0;
    if (health_.disk_full() && *free >= config_.disk_reserve_bytes + waiting) {
      health_.SpaceReturned();
      worker_->ScheduleFlush();
      worker_->ScheduleCompaction();
      changed_.Notify();
    } else if (health_.writable() && *free < config_.disk_reserve_bytes) {
      worker_->GiveWay();
      health_.Report(Error(
          ErrorCode::kNoSpace,
          "the disk has " + std::to_string(*free) + " free bytes, less than disk_reserve_bytes",
          directory_->path().string()));
    }
  }
  if (++ticks_ % kTicksBetweenExpiryChecks == 0 && HasExpiredTable()) {
    worker_->ScheduleCompaction();
  }
  NoteWhetherIdle();
  executor_->SubmitAfter(io::Lane::kUpkeep, kTickMs, [this] { Tick(); });
}

// Idle is a database that nobody has written to for idle_compaction_delay_ms.
void Engine::NoteWhetherIdle() {
  if (config_.idle_compaction_delay_ms == 0) return;
  const std::uint64_t delay_ticks = (config_.idle_compaction_delay_ms + kTickMs - 1) / kTickMs
                                    << worker_->given_up();
  const std::uint64_t activity =
      visible_sequence_.load(std::memory_order_acquire) + worker_->activity();
  if (activity == activity_at_tick_) {
    if (++idle_ticks_ == delay_ticks) worker_->SetIdle(true);
    return;
  }
  if (idle_ticks_ != 0) worker_->SetIdle(false);
  activity_at_tick_ = activity;
  idle_ticks_ = 0;
}

// Nothing else would ask for a compaction while nobody writes.
bool Engine::HasExpiredTable() const {
  const std::uint64_t now_us = environment_.clock->WallMicros();
  for (const KeyspaceState* keyspace : keyspaces_.All()) {
    const std::shared_ptr<const ReadView> view = keyspace->state.views().Pin();
    for (const Level& level : view->version->levels()) {
      for (const SortedRun& run : level.runs) {
        for (const TableFileRef& table : run.tables) {
          const TableSummary& summary = table->summary;
          if (summary.expiry_us_min != 0 && summary.expiry_us_max <= now_us) return true;
        }
      }
    }
  }
  return false;
}

// Pinned indexes and filters grow with the data; the cache gives way to them.
void Engine::BalanceMemory() {
  const std::uint64_t capacity =
      BlockCacheBytes(config_, core_->ledger.bytes(MemoryOwner::kTables));
  if (capacity != cache_->capacity_bytes()) cache_->SetCapacity(capacity);
}

}  // namespace quiver
