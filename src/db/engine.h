// Engine: owns every part of an open database and wires them together. It holds no logic of its
// own beyond opening, closing and handing calls to the part that knows.
//
//   WritePath ──► WalManager, Memtable, LiveState        BackgroundCompactionWorker ──► jobs,
//   reads ─────► LiveState.views ► memtables, tables      VersionSet, LiveState
//
// Lock order (a thread holds them only in this order): WriteQueue, worker mutex, manifest mutex,
// LiveState, then the locks inside the parts. Nothing is called back with a lock held.
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

#include "base/mutex.h"
#include "db/background_compaction_worker.h"
#include "db/engine_core.h"
#include "db/health.h"
#include "db/live_state.h"
#include "db/obsolete_files.h"
#include "db/opened_directory.h"
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
  static Result<std::shared_ptr<Engine>> Open(const io::Environment& environment,
                                              const std::filesystem::path& path,
                                              const DatabaseConfig& config, OpenMode mode);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Result<SequenceNumber> Write(std::string_view encoded, std::uint32_t entry_count,
                               const WriteOptions& options);
  /// `want_pin` as in PointLookupOptions; the caller holds an EpochGuard of core().epochs.
  Result<bool> Get(std::string_view key, const ReadOptions& options, bool want_pin,
                   TableAnswer& found) const;
  Result<std::vector<std::optional<PinnedValue>>> MultiGet(std::span<const std::string_view> keys,
                                                           const ReadOptions& options) const;
  Result<Iterator> NewIterator(const IteratorOptions& options) const;
  Result<void> ExportArrowStream(const ArrowStreamOptions& options, ArrowArrayStream* out) const;
  Result<Snapshot> NewSnapshot() const;

  Result<void> Flush();
  Result<void> CompactRange(std::optional<std::string_view> begin,
                            std::optional<std::string_view> end);
  Result<void> WaitForBackgroundWork();
  Result<void> SyncLog();
  SequenceNumber DurableSequence() const;
  Result<void> WaitDurable(SequenceNumber sequence);
  Result<void> Close();

  DatabaseMetrics Metrics() const;
  const RecoveryReport& recovery_report() const noexcept { return report_; }
  const DatabaseConfig& config() const noexcept { return config_; }
  EngineCore& core() const noexcept { return *core_; }
  std::uint64_t NowNanos() const { return environment_.clock->MonotonicNanos(); }
  /// True in a child made by fork() after the open.
  bool IsForkedCopy() const noexcept;

 private:
  Engine(const io::Environment& environment, OpenedDirectory opened, OpenMode mode);

  // engine_open.cc
  Result<void> Recover();
  Result<wal::RecoveryResult> ReplayLog(MemtableRef& memtable);
  Result<void> FlushRecovered(const MemtableRef& memtable);
  Result<void> SettleRecovered(const MemtableRef& memtable, std::uint64_t next_segment);
  Result<void> StartWriting(const MemtableRef& memtable, const wal::RecoveryResult& log);
  void RemoveOrphans();
  JobContext MakeJobContext();
  void Tick();
  void BalanceMemory();

  Result<void> CheckOpen() const;
  Result<void> CheckWritable() const;
  Result<SequenceNumber> ReadSequence(const Snapshot* snapshot) const;
  Result<std::unique_ptr<Iterator::Impl>> NewRows(const IteratorOptions& options,
                                                  const TableReadOptions& read_options) const;

  const io::Environment environment_;
  const OpenMode mode_;
  const DatabaseConfig config_;
  RecoveryReport report_;  // constant after Open
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
  std::unique_ptr<LiveState> state_;
  std::unique_ptr<io::Executor> executor_;
  std::unique_ptr<BackgroundCompactionWorker> worker_;
  std::unique_ptr<WritePath> write_path_;

  std::atomic<SequenceNumber> visible_sequence_{0};
  std::atomic<bool> closed_{false};
  bool recovered_ = false;  // set at the end of Open; without it the log is left unsealed
  Mutex close_mutex_;
};

}  // namespace quiver
