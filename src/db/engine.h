// Engine: owns every part of an open database and wires them together. It holds no logic of its
// own beyond opening, closing and handing calls to the part that knows.
//
//   WritePath ──► WalManager, Memtable, Keyspaces        BackgroundCompactionWorker ──► jobs,
//   reads ─────► LiveState.views ► memtables, tables      VersionSet, Keyspaces
//
// Lock order (a thread holds them only in this order): keyspace mutex, WriteQueue, worker mutex,
// manifest mutex, Keyspaces, LiveState, then the locks inside the parts. Nothing is called back
// with a lock held.
//
// Thread safety: every method from any thread. Iterators share the engine, so that closing the
// database under them is safe; Close() stops the work but frees nothing.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/batch_codec.h"
#include "base/mutex.h"
#include "base/thread_marks.h"
#include "db/background_compaction_worker.h"
#include "db/engine_core.h"
#include "db/health.h"
#include "db/keyspaces.h"
#include "db/obsolete_files.h"
#include "db/opened_directory.h"
#include "db/own_writes.h"
#include "db/pinned_state.h"
#include "db/point_lookup.h"
#include "db/snapshot_registry.h"
#include "db/write_path.h"
#include "io/environment.h"
#include "io/rate_limiter.h"
#include "quiver/database.h"
#include "sstable/block_cache.h"
#include "sstable/table_cache.h"
#include "wal/wal_manager.h"
#include "wal/wal_recovery.h"

namespace quiver {

class Engine : public std::enable_shared_from_this<Engine> {
 public:
  static Result<std::shared_ptr<Engine>> Open(
      const io::Environment& environment, const std::filesystem::path& path,
      const DatabaseConfig& config, OpenMode mode,
      std::shared_ptr<const MergeOperator> merge_operator = nullptr);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// `keyspaces` are those that the entries name, each once.
  Result<SequenceNumber> Write(std::string_view encoded, std::uint32_t entry_count,
                               std::span<KeyspaceState* const> keyspaces,
                               const WriteOptions& options,
                               const TransactionFootprint* footprint = nullptr);
  /// The same for entries of the default keyspace alone.
  Result<SequenceNumber> Write(std::string_view encoded, std::uint32_t entry_count,
                               const WriteOptions& options) {
    KeyspaceState* const keyspace = &keyspaces_.Default();
    return Write(encoded, entry_count, {&keyspace, 1}, options);
  }
  /// `want_pin` as in PointLookupOptions; the caller holds an EpochGuard of core().epochs.
  Result<bool> Get(std::string_view key, const ReadOptions& options, bool want_pin,
                   TableAnswer& found) const;
  Result<std::vector<std::optional<PinnedValue>>> MultiGet(std::span<const std::string_view> keys,
                                                           const ReadOptions& options) const;
  Result<Iterator> NewIterator(const IteratorOptions& options, OwnWrites own = {}) const;
  Result<void> ExportArrowStream(const ArrowStreamOptions& options, ArrowArrayStream* out) const;
  Result<Snapshot> NewSnapshot() const;
  /// engine_ingest.cc
  Result<IngestReport> IngestArrow(std::span<const std::filesystem::path> files,
                                   const IngestOptions& options);

  Result<void> Flush();
  Result<void> CompactRange(std::optional<std::string_view> begin,
                            std::optional<std::string_view> end,
                            const Keyspace* keyspace = nullptr);
  Result<void> WaitForBackgroundWork();
  Result<void> SyncLog();
  SequenceNumber DurableSequence() const;
  Result<void> WaitDurable(SequenceNumber sequence);
  Result<void> Close();

  // engine_following.cc
  /// Whether the database in the directory is, or may be, further than this one, which follows it.
  /// Cost: a few small reads.
  Result<bool> HasNews() const;

  // engine_keyspaces.cc
  Result<Keyspace> CreateKeyspace(std::string_view name, const DatabaseConfig& config);
  Result<Keyspace> OpenKeyspace(std::string_view name) const;
  Result<std::vector<Keyspace>> ListKeyspaces() const;
  Result<void> DropKeyspace(const Keyspace& keyspace);
  Result<DatabaseConfig> KeyspaceConfig(const Keyspace& keyspace) const;
  /// What a call means by `keyspace`: nullptr is the default one. kNotFound after its drop,
  /// kInvalidArgument for one of another database.
  Result<KeyspaceState*> Resolve(const Keyspace* keyspace) const {
    if (keyspace == nullptr) [[likely]]
      return &keyspaces_.Default();
    return ResolveNamed(*keyspace);
  }

  Result<void> CheckOpen() const;
  /// The sequence and, for a snapshot, the time that readers stand at.
  Result<SnapshotRegistry::ReadPoint> ReadPointOf(const Snapshot* snapshot) const;
  // engine_copies.cc
  /// Pins the state at one sequence number that everything acknowledged before the call is in.
  /// Flushes first, so that little is left in memtables, unless writing has ended for good.
  Result<PinnedState> PinState();
  /// Writes what `pinned` has in memtables to tables in `target`, which are durable on return.
  Result<PinnedTables> WritePinnedMemtables(const PinnedState& pinned, io::Directory& target);

  DatabaseMetrics Metrics() const;
  const RecoveryReport& recovery_report() const noexcept { return report_; }
  const DatabaseConfig& config() const noexcept { return config_; }
  EngineCore& core() const noexcept { return *core_; }
  const io::Environment& environment() const noexcept { return environment_; }
  io::Directory& directory() const noexcept { return *directory_; }
  VersionSet& versions() const noexcept { return *versions_; }
  OpenMode mode() const noexcept { return mode_; }
  std::uint64_t NowNanos() const { return environment_.clock->MonotonicNanos(); }
  std::uint64_t WallMicros() const { return environment_.clock->WallMicros(); }
  /// True in a child made by fork() after the open.
  bool IsForkedCopy() const noexcept;

 private:
  Engine(const io::Environment& environment, OpenedDirectory opened, OpenMode mode,
         std::shared_ptr<const MergeOperator> merge_operator);

  // engine_open.cc
  Result<void> Recover();
  Result<void> MakeKeyspaces();
  const MergeOperator* MergeOperatorOf(const DatabaseConfig& config) const noexcept;
  Result<void> CheckMergeOperator(const DatabaseConfig& config) const;
  bool HasExpiredTable() const;
  void NoteWhetherIdle();
  void AddKeyspace(const KeyspaceRecord& record, const DatabaseConfig& config);
  Result<wal::RecoveryResult> ReplayLog();
  Result<void> ReplayBatch(const wal::RecoveredBatch& batch);
  Result<void> ReplayEntry(const BatchEntry& entry, SequenceNumber sequence,
                           const wal::RecoveredBatch& batch);
  Result<void> SealReplayed(SequenceNumber replayed_sequence);
  Result<void> SettleRecovered();
  Result<void> StartWriting(const wal::RecoveryResult& log);
  Result<void> OpenAllTables();
  void RemoveOrphans();
  JobContext MakeJobContext(const KeyspaceState& keyspace);
  void Tick();
  void BalanceMemory();

  Result<void> CommitIngest(KeyspaceState& keyspace, SequenceNumber sequence, VersionEdit& edit,
                            bool& overtaken);

  Result<void> CheckWritable() const;
  PointLookupOptions LookupOptions(const ReadOptions& options, const KeyspaceState& keyspace,
                                   std::uint64_t now_us, bool want_pin) const;
  Result<KeyspaceState*> ResolveNamed(const Keyspace& keyspace) const;
  Keyspace HandleOf(KeyspaceState& state) const;
  Result<std::unique_ptr<Iterator::Impl>> NewRows(const IteratorOptions& options,
                                                  const TableReadOptions& read_options,
                                                  OwnWrites own) const;

  const io::Environment environment_;
  const OpenMode mode_;
  const DatabaseConfig config_;
  const std::shared_ptr<const MergeOperator> merge_operator_;  // for merge_operator = custom
  RecoveryReport report_;                                      // constant after Open
  const std::uint64_t opened_ns_;
  const std::uint32_t fork_generation_;
  std::vector<std::string> orphans_;  // constant after Open

  std::unique_ptr<io::Directory> directory_;
  std::unique_ptr<io::DirectoryLock> lock_;
  std::shared_ptr<EngineCore> core_;
  std::unique_ptr<BlockCache> cache_;
  std::unique_ptr<TableCache> table_cache_;
  std::unique_ptr<io::RateLimiter> rate_limiter_;
  std::unique_ptr<VersionSet> versions_;
  std::unique_ptr<wal::WalManager> wal_;
  Health health_;
  std::shared_ptr<SnapshotRegistry> snapshots_ = std::make_shared<SnapshotRegistry>();
  std::unique_ptr<ObsoleteFiles> obsolete_files_;
  ChangeSignal changed_;
  MemtableRef placeholder_;
  Keyspaces keyspaces_;
  std::unique_ptr<io::Executor> executor_;
  std::unique_ptr<BackgroundCompactionWorker> worker_;
  std::unique_ptr<WritePath> write_path_;

  std::atomic<SequenceNumber> visible_sequence_{0};
  std::atomic<bool> closed_{false};
  std::vector<KeyspaceState*> replayed_into_;  // with a memtable; used while opening
  wal::ChainEnd log_end_;                      // constant after Open: where the log goes on
  // Used by Tick alone.
  std::uint64_t ticks_ = 0;
  std::uint64_t idle_ticks_ = 0;
  std::uint64_t activity_at_tick_ = 0;  // both parts only grow: so does their sum
  bool recovered_ = false;  // set at the end of Open; without it the log is left unsealed
  ThreadMarks ingesting_;   // threads whose progress callbacks may call back
  Mutex close_mutex_;
  Mutex keyspace_mutex_;  // one keyspace is made or dropped at a time
};

}  // namespace quiver
