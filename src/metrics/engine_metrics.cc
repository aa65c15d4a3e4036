// See engine_metrics.h.
#include "metrics/engine_metrics.h"

#include <algorithm>

namespace quiver {

namespace {

std::size_t LevelIndex(std::uint32_t level) noexcept {
  return std::min<std::size_t>(level, kMetricsLevelCount - 1);
}

OperationMetrics Read(const EngineMetrics::Operation& operation) {
  return {operation.count.Sum(), operation.bytes.Sum(),
          operation.latency.Summary(kOperationSampleEvery)};
}

double Ratio(double part, double whole) noexcept {
  return whole > 0 ? part / whole : 0;
}

}  // namespace

void EngineMetrics::RecordFlush(std::uint32_t level, std::uint64_t written_bytes) noexcept {
  flushes.Add();
  flush_bytes.Add(written_bytes);
  levels[LevelIndex(level)].written_bytes.Add(written_bytes);
}

void EngineMetrics::RecordCompaction(std::uint32_t level, std::uint64_t read_bytes,
                                     std::uint64_t written_bytes,
                                     std::uint64_t dropped_entries) noexcept {
  compactions.Add();
  compaction_read_bytes.Add(read_bytes);
  compaction_written_bytes.Add(written_bytes);
  entries_dropped.Add(dropped_entries);
  levels[LevelIndex(level)].read_bytes.Add(read_bytes);
  levels[LevelIndex(level)].written_bytes.Add(written_bytes);
}

void EngineMetrics::RecordTrivialMove() noexcept {
  trivial_moves.Add();
}

void EngineMetrics::RecordStall(StallReason reason, std::uint64_t duration_ns) noexcept {
  stall_ns[static_cast<std::size_t>(reason)].Add(duration_ns);
}

void EngineMetrics::Fill(DatabaseMetrics& metrics) const {
  metrics.put = Read(put);
  metrics.get = Read(get);
  metrics.remove = Read(remove);
  metrics.write = Read(write);
  metrics.scan = Read(scan);
  metrics.get_found = get_found.Sum();
  metrics.iterator_steps = iterator_steps.Sum();
  metrics.tombstones_skipped = tombstones_skipped.Sum();

  metrics.wal_bytes = wal_bytes.Sum();
  metrics.wal_syncs = wal_syncs.Sum();
  metrics.wal_sync_latency = wal_sync_latency.Summary();

  metrics.flushes = flushes.Sum();
  metrics.flush_bytes = flush_bytes.Sum();
  metrics.compactions = compactions.Sum();
  metrics.trivial_moves = trivial_moves.Sum();
  metrics.compaction_read_bytes = compaction_read_bytes.Sum();
  metrics.compaction_written_bytes = compaction_written_bytes.Sum();
  metrics.entries_dropped = entries_dropped.Sum();
  for (LevelMetrics& row : metrics.levels) {
    const Level& level = levels[LevelIndex(row.level)];
    row.read_bytes = level.read_bytes.Sum();
    row.written_bytes = level.written_bytes.Sum();
  }

  metrics.cache_hits = cache_hits.Sum();
  metrics.cache_misses = cache_misses.Sum();
  metrics.cache_evictions = cache_evictions.Sum();
  metrics.filter_checks = filter_checks.Sum();
  metrics.filter_useful = filter_useful.Sum();
  metrics.filter_false_positives = filter_false_positives.Sum();

  for (std::size_t i = 0; i < kStallReasonCount; ++i) metrics.stall_ns[i] = stall_ns[i].Sum();
  metrics.background_errors = background_errors.Sum();
}

void DeriveAmplifications(DatabaseMetrics& metrics) noexcept {
  const std::uint64_t user_bytes = metrics.put.bytes + metrics.remove.bytes + metrics.write.bytes;
  const std::uint64_t written_bytes =
      metrics.wal_bytes + metrics.flush_bytes + metrics.compaction_written_bytes;
  metrics.write_amplification =
      Ratio(static_cast<double>(written_bytes), static_cast<double>(user_bytes));

  std::uint64_t runs = 0;
  std::uint64_t table_bytes = 0;
  const LevelMetrics* last_level = nullptr;
  for (const LevelMetrics& row : metrics.levels) {
    runs += row.runs;
    table_bytes += row.size_bytes;
    if (row.size_bytes > 0 && (last_level == nullptr || row.level > last_level->level)) {
      last_level = &row;
    }
  }
  // A get asks the memtable that takes writes, the sealed ones, and one table of each run.
  metrics.read_amplification = static_cast<double>(1 + metrics.immutable_memtables + runs);
  metrics.space_amplification =
      last_level == nullptr
          ? 0
          : Ratio(static_cast<double>(table_bytes), static_cast<double>(last_level->size_bytes));
}

}  // namespace quiver
