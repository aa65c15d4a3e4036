// EngineMetrics: the live counters of an open database. Every floor that does something worth
// counting holds a pointer to it; Database::Metrics() copies it out.
//
// Invariants:
//  1. Counters only grow and start at zero.
//  2. A user's call counts once, under the name of the call: a Put under `put`, a batch under
//     `write` with all its bytes. So put, remove and write bytes together are the user's bytes.
//  3. What costs a read or write nothing but its own line is sharded; what a background thread or
//     a sync counts is not.
//
// Thread safety: everything from any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "metrics/latency_histogram.h"
#include "metrics/sharded_counter.h"
#include "quiver/metrics.h"

namespace quiver {

/// One in so many reads and writes is timed: two clock readings cost about 50 ns, a get 500.
inline constexpr std::uint32_t kOperationSampleEvery = 64;
/// Levels counted apart; deeper ones count under the last. The configuration allows no more.
inline constexpr std::size_t kMetricsLevelCount = 16;

struct EngineMetrics {
  struct Operation {
    ShardedCounter count;
    ShardedCounter bytes;      ///< of keys and values
    LatencyHistogram latency;  ///< recorded through OperationTimer with kOperationSampleEvery
  };
  struct Level {
    Counter read_bytes;     ///< by compactions into this level
    Counter written_bytes;  ///< by flushes and compactions into this level
  };

  // operations
  Operation put, get, remove, write, scan;
  ShardedCounter get_found;
  ShardedCounter iterator_steps;
  ShardedCounter tombstones_skipped;

  // log
  Counter wal_bytes;
  Counter wal_syncs;
  LatencyHistogram wal_sync_latency;  ///< every sync

  // flush and compaction: see the Record functions
  Counter flushes;
  Counter flush_bytes;
  Counter compactions;
  Counter trivial_moves;
  Counter compaction_read_bytes;
  Counter compaction_written_bytes;
  Counter entries_dropped;
  std::array<Level, kMetricsLevelCount> levels;

  // cache and filters
  ShardedCounter cache_hits, cache_misses;
  Counter cache_evictions;
  ShardedCounter filter_checks;           ///< filters asked
  ShardedCounter filter_useful;           ///< answered "absent": a table was not read
  ShardedCounter filter_false_positives;  ///< answered "maybe", and the key was absent

  // health
  std::array<Counter, kStallReasonCount> stall_ns;
  Counter background_errors;

  /// A finished flush that wrote `written_bytes` of tables into `level`.
  void RecordFlush(std::uint32_t level, std::uint64_t written_bytes) noexcept;
  /// A finished compaction into `level`; `dropped_entries` were superseded, deleted or expired.
  void RecordCompaction(std::uint32_t level, std::uint64_t read_bytes, std::uint64_t written_bytes,
                        std::uint64_t dropped_entries) noexcept;
  /// Tables that changed their level without being read.
  void RecordTrivialMove() noexcept;
  /// A write that waited for `reason`.
  void RecordStall(StallReason reason, std::uint64_t duration_ns) noexcept;

  /// Fills every field of `metrics` that is counted here. In `metrics.levels` it fills the bytes
  /// of the rows that are there, found by their `level`.
  void Fill(DatabaseMetrics& metrics) const;
};

/// Fills the three amplifications from the other fields of `metrics`. One that has no meaning yet
/// (nothing written, no table) is 0.
void DeriveAmplifications(DatabaseMetrics& metrics) noexcept;

}  // namespace quiver
