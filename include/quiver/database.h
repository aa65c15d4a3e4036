// Database: an ordered key-value store in a directory.
//
//   auto db = quiver::Database::Open("/tmp/fruit");
//   if (!db) return Fail(db.error().ToString());
//   (*db)->Put("apple", "red");
//   auto value = (*db)->Get("apple");   // Result<std::optional<PinnedValue>>
//
// Writes go to the log first, then to the memtable; what survives which failure is in
// docs/guarantees.md. Reads never wait for writes, flushes or compactions.
//
// Errors: a call that returns an error has changed nothing, except that after a failed log sync
// the write may or may not be found at the next open, and likewise a keyspace whose making or
// dropping the disk refused. No call throws; if memory runs out, the
// process ends.
//
// Thread safety: every method may be called by any number of threads at once, Close() included.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/arrow_stream.h"
#include "quiver/checkpoint.h"
#include "quiver/config.h"
#include "quiver/error.h"
#include "quiver/ingest.h"
#include "quiver/iterator.h"
#include "quiver/keyspace.h"
#include "quiver/merge_operator.h"
#include "quiver/metrics.h"
#include "quiver/progress.h"
#include "quiver/recovery_report.h"
#include "quiver/transaction.h"
#include "quiver/types.h"
#include "quiver/write_batch.h"

namespace quiver {

struct ReadOptions {
  const Keyspace* keyspace = nullptr;  ///< nullptr: the default one
  const Snapshot* snapshot = nullptr;  ///< nullptr: the newest acknowledged state
  bool fill_cache = true;
};

struct WriteOptions {
  /// Of Put and Delete; the operations of a batch name theirs themselves. nullptr: the default one.
  const Keyspace* keyspace = nullptr;
  /// Of Put and Merge: the entry is gone this long after the call, as if it had been deleted; 0:
  /// never. Or the moment itself, in microseconds since 1970. At most one of the two.
  std::uint64_t time_to_live_ms = 0;
  std::uint64_t expiry_us = 0;
  /// Overrides wal_mode for this write. kSync makes it and all earlier writes durable before the
  /// acknowledgement.
  std::optional<WalMode> wal_mode = {};
  /// With true a write that would have to wait for flush or compaction, or be slowed down for
  /// them, returns kBusy instead; it still waits its turn among writers, and for syncs.
  bool fail_if_stalled = false;
};

class Database {
 public:
  /// Opens the database in `directory`, creating it if the configuration allows, and recovers
  /// what the log holds. Cost: in proportion to the manifest and the log, not to the data.
  /// Errors: kInvalidArgument (every broken setting at once), kNotFound, kBusy (with the holder's
  /// pid), kCorruption, kUnsupported (newer format), kIo. The settings, but for those about one
  /// open only, are stored with the database unless config.store_settings is false.
  /// `merge_operator` is that of keyspaces with the setting merge_operator = custom.
  static Result<std::unique_ptr<Database>> Open(
      const std::filesystem::path& directory, const DatabaseConfig& config = Balanced(),
      std::shared_ptr<const MergeOperator> merge_operator = nullptr) noexcept;
  /// Opens for reading only; nothing in the directory is written, created or upgraded. The log is
  /// replayed into memory. The settings stored with the database are used. Errors as Open(); also
  /// kBusy while a writer has it open: a Follower (follower.h) reads it then.
  static Result<std::unique_ptr<Database>> OpenReadOnly(
      const std::filesystem::path& directory,
      std::shared_ptr<const MergeOperator> merge_operator = nullptr) noexcept;
  /// The settings stored with the database in `directory`. Writes nothing.
  static Result<DatabaseConfig> StoredConfig(const std::filesystem::path& directory) noexcept;

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  /// Closes if Close() was not called; its error is then lost.
  ~Database();

  Result<void> Put(std::string_view key, std::string_view value,
                   const WriteOptions& options = {}) noexcept;
  /// Deletes a key; deleting an absent key is no error.
  Result<void> Delete(std::string_view key, const WriteOptions& options = {}) noexcept;
  /// Deletes all keys in [begin, end) at the cost of one write, however many there are. Their space
  /// comes back as compactions meet them; tables that lie in the range whole go at once.
  Result<void> DeleteRange(std::string_view begin, std::string_view end,
                           const WriteOptions& options = {}) noexcept;
  /// Applies `operand` to the value of `key` with the keyspace's merge operator, without reading it
  /// (merge_operator.h). kInvalidArgument if the keyspace has none or the operand does not fit it.
  Result<void> Merge(std::string_view key, std::string_view operand,
                     const WriteOptions& options = {}) noexcept;
  /// Applies a batch atomically; returns the sequence number of its last operation.
  Result<SequenceNumber> Write(const WriteBatch& batch, const WriteOptions& options = {}) noexcept;

  /// The value of a key, pinned without a copy, or nullopt.
  Result<std::optional<PinnedValue>> Get(std::string_view key,
                                         const ReadOptions& options = {}) const noexcept;
  /// Copies the value into `value` (its capacity is reused); false if the key is absent.
  Result<bool> GetInto(std::string_view key, std::string& value,
                       const ReadOptions& options = {}) const noexcept;
  /// When the value of a key expires, in microseconds since 1970; 0: never; nullopt: the key is
  /// absent. A merged value never expires as a whole.
  Result<std::optional<std::uint64_t>> GetExpiry(std::string_view key,
                                                 const ReadOptions& options = {}) const noexcept;
  /// Looks up many keys on one state. The answers stand in the order of the keys.
  Result<std::vector<std::optional<PinnedValue>>> MultiGet(
      std::span<const std::string_view> keys, const ReadOptions& options = {}) const noexcept;

  /// Adds the rows of Arrow IPC files (or streams) as tables, all at once (ingest.h,
  /// docs/ingest.md). Cost: the files are read twice, or sorted in bounded memory, and written
  /// once; writers wait for two syncs at most, unless they keep writing to the same keys. Errors:
  /// kInvalidArgument (a column or row that no put would take, by file and row), kCorruption and
  /// kUnsupported of a file, kNotFound, and as Write(); the database is then as it was.
  Result<IngestReport> IngestArrow(std::span<const std::filesystem::path> files,
                                   const IngestOptions& options = {}) noexcept;

  Result<Iterator> NewIterator(const IteratorOptions& options = {}) const noexcept;
  Result<Snapshot> NewSnapshot() const noexcept;
  /// Begins a transaction on the present state (transaction.h). Takes no lock; cost: a snapshot.
  Result<Transaction> BeginTransaction(const TransactionOptions& options = {}) noexcept;
  /// Makes `out` a stream of record batches of the Arrow C data interface: the live rows of one
  /// state, in key order. The caller releases it; nothing is read before its first get_next.
  /// Errors: kInvalidArgument (no column asked for, a null `out`), kClosed; `*out` is then left
  /// released.
  Result<void> ExportArrowStream(const ArrowStreamOptions& options,
                                 ArrowArrayStream* out) const noexcept;

  /// Makes a keyspace. `config` is that of the database (config()) with other values for settings
  /// that are per keyspace; it keeps them for good. Cost: a sync. Errors: kInvalidArgument (the
  /// name is taken or no name, or a setting is not allowed), kReadOnly, kNoSpace. After kNoSpace
  /// and kIo from the disk itself the next open may find the keyspace all the same.
  Result<Keyspace> CreateKeyspace(std::string_view name, const DatabaseConfig& config) noexcept;
  /// The keyspace of that name ("default" too); kNotFound if there is none.
  Result<Keyspace> OpenKeyspace(std::string_view name) const noexcept;
  /// All keyspaces, in the order of their creation.
  Result<std::vector<Keyspace>> ListKeyspaces() const noexcept;
  /// Deletes a keyspace with all its keys, at once and for good; iterators over it may finish.
  /// Cost: a sync, whatever its size. The default keyspace cannot be dropped. After kNoSpace and
  /// kIo from the disk itself it is still there, but the next open may find it gone.
  Result<void> DropKeyspace(const Keyspace& keyspace) noexcept;
  /// The settings that a keyspace has.
  Result<DatabaseConfig> KeyspaceConfig(const Keyspace& keyspace) const noexcept;

  /// Writes all memtables of all keyspaces to tables and waits for it.
  Result<void> Flush() noexcept;
  /// Merges everything of a keyspace in [begin, end) down to the last level and waits. Absent
  /// bounds are open.
  Result<void> CompactRange(std::optional<std::string_view> begin = {},
                            std::optional<std::string_view> end = {},
                            const Keyspace* keyspace = nullptr) noexcept;
  /// Waits until no flush or compaction is due or runs, merges in a pause
  /// (`idle_compaction_delay_ms`) included.
  Result<void> WaitForBackgroundWork() noexcept;

  /// Syncs the log: every acknowledged write is durable when it returns.
  Result<void> SyncLog() noexcept;
  /// The newest sequence number that a power cut cannot lose.
  SequenceNumber DurableSequence() const noexcept;
  /// Waits until DurableSequence() >= sequence, syncing if need be.
  Result<void> WaitDurable(SequenceNumber sequence) noexcept;

  /// Makes a copy of the database in `directory`, which must be absent or empty (its parent must
  /// exist): all keyspaces at one sequence number. Everything acknowledged before the call is in
  /// it, and of what is written meanwhile a prefix. Writers go on; what is in memory is flushed
  /// first, or, where a failure has ended writing, put into the copy alone. Tables are linked where
  /// the file system allows it, else copied: linked ones share the disk's bytes, so keep a copy
  /// elsewhere against a failing disk. On an error, or after a crash in the middle, what is in
  /// `directory` is no database and does not open as one. A `progress` that throws ends the call
  /// with kInvalidArgument and what() of the exception.
  Result<CheckpointReport> Checkpoint(const std::filesystem::path& directory,
                                      const ProgressCallback& progress = {}) noexcept;

  DatabaseMetrics Metrics() const noexcept;
  /// What the open that made this object found and did.
  const RecoveryReport& recovery_report() const noexcept;
  const DatabaseConfig& config() const noexcept;

  /// Stops background work, syncs the log and releases the directory. Iterators and snapshots
  /// still held become kClosed. Further calls return kClosed; a second Close() does nothing.
  Result<void> Close() noexcept;

 private:
  class Impl;
  friend struct DatabaseAccess;
  explicit Database(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quiver
