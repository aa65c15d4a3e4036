// DatabaseMetrics::ToText: the report for operators. What needs attention comes first.
#include "metrics/human_text.h"
#include "quiver/metrics.h"

namespace quiver {

namespace {

constexpr std::string_view kIndent = "  ";

std::vector<std::string> LatencyCells(const LatencySummary& latency) {
  if (latency.count == 0) return {"-", "-", "-", "-", "-"};
  return {FormatDuration(latency.p50_ns), FormatDuration(latency.p90_ns),
          FormatDuration(latency.p99_ns), FormatDuration(latency.p999_ns),
          FormatDuration(latency.max_ns)};
}

void AppendSection(std::string& text, std::string_view title, const TextTable& table) {
  text += '\n';
  text += title;
  text += '\n';
  text += table.ToText(kIndent);
}

std::string Health(const DatabaseMetrics& metrics) {
  TextTable table;
  table.AddRow({"accepts writes", metrics.read_only_cause.empty() ? "yes" : "no"});
  table.AddRow({"writes wait", metrics.stall_reason.empty() ? "no" : metrics.stall_reason});
  table.AddRow({"background errors", FormatCount(metrics.background_errors)});
  for (std::size_t i = 0; i < kStallReasonCount; ++i) {
    if (metrics.stall_ns[i] == 0) continue;
    const std::string reason = StallReasonName(static_cast<StallReason>(i));
    table.AddRow({"waited for " + reason, FormatDuration(metrics.stall_ns[i])});
  }
  table.AddRow({"snapshots", FormatCount(metrics.snapshots)});
  if (metrics.snapshots > 0) {
    table.AddRow({"oldest snapshot", FormatDurationMs(metrics.oldest_snapshot_age_ms)});
  }
  table.AddRow({"open tables", FormatCount(metrics.open_tables)});
  table.AddRow({"recovery took", FormatDurationMs(metrics.recovery_ms)});
  table.AddRow({"open for", FormatDurationMs(metrics.uptime_ms)});
  std::string text = "health\n" + table.ToText(kIndent);
  if (!metrics.read_only_cause.empty()) {
    text += std::string(kIndent) + "read-only because: " + metrics.read_only_cause + "\n";
  }
  return text;
}

void AppendOperations(const DatabaseMetrics& metrics, std::string& text) {
  TextTable table;
  table.AddRow({"operation", "count", "bytes", "p50", "p90", "p99", "p99.9", "max"});
  const auto add = [&table](std::string name, const OperationMetrics& operation) {
    std::vector<std::string> row{std::move(name), FormatCount(operation.count),
                                 FormatBytes(operation.bytes)};
    const std::vector<std::string> latency = LatencyCells(operation.latency);
    row.insert(row.end(), latency.begin(), latency.end());
    table.AddRow(std::move(row));
  };
  add("put", metrics.put);
  add("get", metrics.get);
  add("delete", metrics.remove);
  add("batch", metrics.write);
  add("scan", metrics.scan);
  const std::string title = "operations (latency of one call in " +
                            std::to_string(metrics.get.latency.sample_every) + ")";
  AppendSection(text, title, table);

  TextTable details;
  details.AddRow({"gets that found their key", FormatCount(metrics.get_found),
                  FormatShare(metrics.get_found, metrics.get.count)});
  details.AddRow({"iterator steps", FormatCount(metrics.iterator_steps)});
  details.AddRow({"deletes skipped by iterators", FormatCount(metrics.tombstones_skipped)});
  AppendSection(text, "reads", details);
}

void AppendMemtablesAndLog(const DatabaseMetrics& metrics, std::string& text) {
  TextTable memtables;
  memtables.AddRow({"kind", metrics.memtable_kind});
  memtables.AddRow({"active", FormatBytes(metrics.memtable_bytes)});
  memtables.AddRow({"active entries", FormatCount(metrics.memtable_entries)});
  memtables.AddRow({"waiting for flush", FormatCount(metrics.immutable_memtables)});
  memtables.AddRow({"waiting bytes", FormatBytes(metrics.immutable_bytes)});
  AppendSection(text, "memtables", memtables);

  TextTable log;
  log.AddRow({"mode", metrics.wal_mode});
  log.AddRow({"appended", FormatBytes(metrics.wal_bytes)});
  log.AddRow({"not yet flushed", FormatBytes(metrics.wal_live_bytes)});
  log.AddRow({"last sequence", FormatCount(metrics.last_sequence)});
  log.AddRow({"durable sequence", FormatCount(metrics.durable_sequence)});
  log.AddRow({"syncs", FormatCount(metrics.wal_syncs)});
  if (metrics.wal_sync_latency.count > 0) {
    log.AddRow({"sync p50", FormatDuration(metrics.wal_sync_latency.p50_ns)});
    log.AddRow({"sync p99", FormatDuration(metrics.wal_sync_latency.p99_ns)});
    log.AddRow({"sync max", FormatDuration(metrics.wal_sync_latency.max_ns)});
  }
  AppendSection(text, "log", log);
}

void AppendTables(const DatabaseMetrics& metrics, std::string& text) {
  TextTable levels;
  levels.AddRow({"level", "runs", "files", "size", "entries", "read", "written", "score"});
  for (const LevelMetrics& level : metrics.levels) {
    levels.AddRow({std::to_string(level.level), FormatCount(level.runs), FormatCount(level.files),
                   FormatBytes(level.size_bytes), FormatCount(level.entries),
                   FormatBytes(level.read_bytes), FormatBytes(level.written_bytes),
                   FormatFixed(level.score, 2)});
  }
  AppendSection(text, "levels", levels);

  if (metrics.keyspaces.size() > 1) {
    TextTable keyspaces;
    keyspaces.AddRow({"keyspace", "tables", "size", "entries", "memtables"});
    for (const KeyspaceMetrics& keyspace : metrics.keyspaces) {
      keyspaces.AddRow({keyspace.name, FormatCount(keyspace.tables),
                        FormatBytes(keyspace.table_bytes), FormatCount(keyspace.entries),
                        FormatBytes(keyspace.memtable_bytes)});
    }
    AppendSection(text, "keyspaces", keyspaces);
  }

  TextTable work;
  work.AddRow({"", "count", "read", "written"});
  work.AddRow({"flushes", FormatCount(metrics.flushes), "-", FormatBytes(metrics.flush_bytes)});
  work.AddRow({"compactions", FormatCount(metrics.compactions),
               FormatBytes(metrics.compaction_read_bytes),
               FormatBytes(metrics.compaction_written_bytes)});
  work.AddRow({"trivial moves", FormatCount(metrics.trivial_moves), "-", "-"});
  work.AddRow({"entries dropped", FormatCount(metrics.entries_dropped), "-", "-"});
  AppendSection(text, "flush and compaction", work);

  TextTable ratios;
  ratios.AddRow({"write", FormatFixed(metrics.write_amplification, 2)});
  ratios.AddRow({"read", FormatFixed(metrics.read_amplification, 2)});
  ratios.AddRow({"space", FormatFixed(metrics.space_amplification, 2)});
  AppendSection(text, "amplification", ratios);
}

void AppendCacheAndMemory(const DatabaseMetrics& metrics, std::string& text) {
  TextTable cache;
  cache.AddRow({"hits", FormatCount(metrics.cache_hits),
                FormatShare(metrics.cache_hits, metrics.cache_hits + metrics.cache_misses)});
  cache.AddRow({"misses", FormatCount(metrics.cache_misses)});
  cache.AddRow({"evictions", FormatCount(metrics.cache_evictions)});
  cache.AddRow({"size", FormatBytes(metrics.cache_bytes)});
  AppendSection(text, "block cache", cache);

  TextTable filters;
  filters.AddRow({"checks", FormatCount(metrics.filter_checks)});
  filters.AddRow({"tables spared", FormatCount(metrics.filter_useful),
                  FormatShare(metrics.filter_useful, metrics.filter_checks)});
  // Of the absent keys alone: a filter cannot spare a table that has the key.
  filters.AddRow({"false positives", FormatCount(metrics.filter_false_positives),
                  FormatShare(metrics.filter_false_positives,
                              metrics.filter_useful + metrics.filter_false_positives)});
  AppendSection(text, "filters", filters);

  const std::uint64_t used = metrics.memory_memtables_bytes + metrics.memory_cache_bytes +
                             metrics.memory_tables_bytes + metrics.memory_compaction_bytes;
  TextTable memory;
  memory.AddRow({"memtables", FormatBytes(metrics.memory_memtables_bytes)});
  memory.AddRow({"block cache", FormatBytes(metrics.memory_cache_bytes)});
  memory.AddRow({"tables", FormatBytes(metrics.memory_tables_bytes)});
  memory.AddRow({"compaction", FormatBytes(metrics.memory_compaction_bytes)});
  memory.AddRow({"all", FormatBytes(used), FormatShare(used, metrics.memory_limit_bytes)});
  memory.AddRow({"limit", FormatBytes(metrics.memory_limit_bytes)});
  AppendSection(text, "memory", memory);
}

}  // namespace

std::string DatabaseMetrics::ToText() const {
  std::string text = Health(*this);
  AppendOperations(*this, text);
  AppendMemtablesAndLog(*this, text);
  AppendTables(*this, text);
  AppendCacheAndMemory(*this, text);
  return text;
}

}  // namespace quiver
