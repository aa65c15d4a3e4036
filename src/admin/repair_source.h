// RepairSource: what can still be read of a damaged database, keyspace by keyspace: names,
// settings, tables, range deletes and the entries of the log.
//
// The manifest says all of it. Without one that can be used every table file is read, its trailer
// names the keyspace by its id, and the records of any manifest that are still whole give back
// names, settings and range deletes; a keyspace that none of them names is called "keyspace-ID".
//
// Invariants:
//  1. Nothing is written.
//  2. Whatever could not be read stands in lost(), unless the operating system refused it to this
//     process (no right, no free descriptor, no memory): that says nothing of the file, and the
//     call ends with the error.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/epoch.h"
#include "base/identity.h"
#include "io/directory.h"
#include "iterator/internal_iterator.h"
#include "memtable/memtable.h"
#include "quiver/error.h"
#include "sstable/table.h"
#include "version/version_set.h"
#include "wal/wal_recovery.h"

namespace quiver {

struct BatchEntry;  // base/batch_codec.h

struct RescuedKeyspace {
  std::uint32_t id = 0;
  std::string name;
  std::optional<std::string> settings;  ///< TOML; nothing if they are lost
  /// Entries of the log at or below are in its tables.
  SequenceNumber flushed_sequence = 0;
  std::vector<std::shared_ptr<const Table>> tables;
  std::vector<RangeDelete> range_deletes;
  std::unique_ptr<Memtable> log;  ///< nullptr if the log has nothing of it
};

class RepairSource {
 public:
  explicit RepairSource(io::Directory& directory) : directory_(directory) {}

  /// Reads everything but the tables' blocks. kNotFound if there is nothing to repair.
  Result<void> Read();

  DatabaseId database_id() const noexcept { return id_; }
  /// By id; the default one is always there.
  std::map<std::uint32_t, RescuedKeyspace>& keyspaces() noexcept { return keyspaces_; }
  std::vector<std::string>& lost() noexcept { return lost_; }
  std::uint64_t table_bytes() const noexcept { return table_bytes_; }
  std::uint64_t segments_read() const noexcept { return segments_read_; }

  /// All entries of a keyspace, each (key, sequence) at least once; damaged blocks are passed over
  /// and added to lost().
  std::unique_ptr<InternalIterator> NewIterator(const RescuedKeyspace& keyspace);

 private:
  Result<void> ReadDirectoryWithoutManifest(const std::vector<io::DirectoryEntry>& entries);
  Result<void> ReadManifestRecords(const std::string& name);
  Result<void> TakeCatalog(const Catalog& catalog, SequenceNumber flushed_sequence);
  Result<void> OpenTable(const TableSummary& expected, std::optional<std::uint32_t> keyspace,
                         std::uint64_t size_bytes);
  wal::RecoveryOptions LogOptions() const;
  Result<void> EstimateFlushed();
  Result<void> ReadLog();
  void TakeLogEntry(const BatchEntry& entry, SequenceNumber sequence);
  void NameKeyspaces();

  io::Directory& directory_;
  DatabaseId id_;
  bool has_manifest_ = false;
  std::uint64_t first_segment_ = 0;
  std::uint64_t next_keyspace_id_ = 0;  // of the manifest: below it an unknown one was dropped
  std::set<std::uint32_t> dropped_;     // by a record, where the manifest cannot be used
  std::map<std::uint32_t, RescuedKeyspace> keyspaces_;
  std::vector<std::string> lost_;
  std::uint64_t table_bytes_ = 0;
  std::uint64_t segments_read_ = 0;
  EpochManager epochs_;
};

}  // namespace quiver
