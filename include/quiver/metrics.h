// DatabaseMetrics: one consistent-enough reading of every counter of a database.
//
// Counters only grow while a database is open and start at zero when it opens, save the sizes,
// which are read from the current state. ToText is for people, ToJson for programs,
// ToPrometheus for a scraper (names: quiver_<noun>_<unit>[_total]).
//
// Thread safety: a value.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "quiver/types.h"

namespace quiver {

/// A latency distribution. Buckets are powers of two of nanoseconds split in four.
/// `count` is the number of samples: hot operations are sampled (one in `sample_every`).
struct LatencySummary {
  std::uint64_t count = 0;
  std::uint64_t sum_ns = 0;
  std::uint64_t p50_ns = 0;
  std::uint64_t p90_ns = 0;
  std::uint64_t p99_ns = 0;
  std::uint64_t p999_ns = 0;
  std::uint64_t max_ns = 0;
  std::uint32_t sample_every = 1;
};

struct OperationMetrics {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;  ///< of keys and values
  LatencySummary latency;
};

struct LevelMetrics {
  std::uint32_t level = 0;
  std::uint64_t runs = 0;
  std::uint64_t files = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t entries = 0;
  std::uint64_t read_bytes = 0;     ///< by compactions into this level
  std::uint64_t written_bytes = 0;  ///< by flushes and compactions into this level
  double score = 0;                 ///< at or above 1 the level wants compaction
};

/// The sizes of a keyspace.
struct KeyspaceMetrics {
  std::string name;
  std::uint64_t tables = 0;
  std::uint64_t table_bytes = 0;
  std::uint64_t entries = 0;         ///< in tables, old versions and deletes included
  std::uint64_t memtable_bytes = 0;  ///< active and waiting for flush
};
/// So many keyspaces are listed, the oldest; the others are one row under this name.
inline constexpr std::size_t kKeyspaceMetricsMax = 64;
inline constexpr const char* kOtherKeyspaces = "(others)";

/// Why a write was made to wait.
enum class StallReason : std::uint8_t { kMemtablesFull, kTooManyRuns, kRunsSlowdown, kDiskFull };
inline constexpr std::size_t kStallReasonCount = 4;

struct DatabaseMetrics {
  // operations
  OperationMetrics put, get, remove, write, scan;  ///< `write` counts batches, `scan` seeks
  std::uint64_t get_found = 0;
  std::uint64_t iterator_steps = 0;
  std::uint64_t tombstones_skipped = 0;

  // memtables
  std::string memtable_kind;
  std::uint64_t memtable_bytes = 0;
  std::uint64_t memtable_entries = 0;
  std::uint64_t immutable_memtables = 0;
  std::uint64_t immutable_bytes = 0;

  // log
  std::string wal_mode;
  std::uint64_t wal_bytes = 0;  ///< appended since open
  std::uint64_t wal_syncs = 0;
  LatencySummary wal_sync_latency;
  std::uint64_t wal_live_bytes = 0;  ///< in segments not yet flushed
  SequenceNumber last_sequence = 0;
  SequenceNumber durable_sequence = 0;

  // tables
  std::vector<KeyspaceMetrics> keyspaces;
  std::vector<LevelMetrics> levels;
  std::uint64_t flushes = 0;
  std::uint64_t flush_bytes = 0;
  std::uint64_t compactions = 0;
  std::uint64_t trivial_moves = 0;
  std::uint64_t compaction_read_bytes = 0;
  std::uint64_t compaction_written_bytes = 0;
  std::uint64_t entries_dropped = 0;
  double write_amplification = 0;  ///< (log + flush + compaction bytes) / user bytes
  double read_amplification = 0;   ///< tables and memtables a get may have to ask
  double space_amplification = 0;  ///< bytes of all tables / bytes of the last level

  // cache and filters
  std::uint64_t cache_hits = 0, cache_misses = 0, cache_bytes = 0, cache_evictions = 0;
  std::uint64_t filter_checks = 0, filter_useful = 0, filter_false_positives = 0;

  // memory, by owner
  std::uint64_t memory_limit_bytes = 0;
  std::uint64_t memory_memtables_bytes = 0;
  std::uint64_t memory_cache_bytes = 0;
  std::uint64_t memory_tables_bytes = 0;  ///< pinned indexes and filters
  std::uint64_t memory_compaction_bytes = 0;

  // health
  std::array<std::uint64_t, kStallReasonCount> stall_ns = {};
  std::string stall_reason;  ///< why writes wait right now, or empty
  std::uint64_t background_errors = 0;
  std::string read_only_cause;  ///< empty while writes are accepted
  std::uint64_t snapshots = 0;
  std::uint64_t oldest_snapshot_age_ms = 0;
  std::uint64_t open_tables = 0;
  std::uint64_t recovery_ms = 0;
  std::uint64_t uptime_ms = 0;

  std::string ToText() const;
  std::string ToJson() const;
  std::string ToPrometheus() const;
};

/// "memtables_full", "too_many_runs", "runs_slowdown", "disk_full".
const char* StallReasonName(StallReason reason) noexcept;

}  // namespace quiver
