// DatabaseMetrics::ToJson: one object whose keys are the fields of DatabaseMetrics, grouped as they
// are there. Durations keep the unit of their field in their key.
#include "metrics/json_writer.h"
#include "quiver/metrics.h"

namespace quiver {

namespace {

void WriteLatency(JsonWriter& json, std::string_view key, const LatencySummary& latency) {
  json.BeginObject(key);
  json.Field("count", latency.count);
  json.Field("sum_ns", latency.sum_ns);
  json.Field("p50_ns", latency.p50_ns);
  json.Field("p90_ns", latency.p90_ns);
  json.Field("p99_ns", latency.p99_ns);
  json.Field("p999_ns", latency.p999_ns);
  json.Field("max_ns", latency.max_ns);
  json.Field("sample_every", std::uint64_t{latency.sample_every});
  json.EndObject();
}

void WriteOperation(JsonWriter& json, std::string_view key, const OperationMetrics& operation) {
  json.BeginObject(key);
  json.Field("count", operation.count);
  json.Field("bytes", operation.bytes);
  WriteLatency(json, "latency", operation.latency);
  json.EndObject();
}

void WriteOperations(JsonWriter& json, const DatabaseMetrics& metrics) {
  json.BeginObject("operations");
  WriteOperation(json, "put", metrics.put);
  WriteOperation(json, "get", metrics.get);
  WriteOperation(json, "delete", metrics.remove);
  WriteOperation(json, "batch", metrics.write);
  WriteOperation(json, "scan", metrics.scan);
  json.Field("get_found", metrics.get_found);
  json.Field("iterator_steps", metrics.iterator_steps);
  json.Field("tombstones_skipped", metrics.tombstones_skipped);
  json.EndObject();
}

void WriteMemtablesAndLog(JsonWriter& json, const DatabaseMetrics& metrics) {
  json.BeginObject("memtables");
  json.Field("kind", metrics.memtable_kind);
  json.Field("bytes", metrics.memtable_bytes);
  json.Field("entries", metrics.memtable_entries);
  json.Field("immutable_count", metrics.immutable_memtables);
  json.Field("immutable_bytes", metrics.immutable_bytes);
  json.EndObject();

  json.BeginObject("wal");
  json.Field("mode", metrics.wal_mode);
  json.Field("bytes", metrics.wal_bytes);
  json.Field("syncs", metrics.wal_syncs);
  WriteLatency(json, "sync_latency", metrics.wal_sync_latency);
  json.Field("live_bytes", metrics.wal_live_bytes);
  json.Field("last_sequence", metrics.last_sequence);
  json.Field("durable_sequence", metrics.durable_sequence);
  json.EndObject();
}

void WriteTables(JsonWriter& json, const DatabaseMetrics& metrics) {
  json.BeginArray("keyspaces");
  for (const KeyspaceMetrics& keyspace : metrics.keyspaces) {
    json.BeginObject();
    json.Field("name", keyspace.name);
    json.Field("tables", keyspace.tables);
    json.Field("table_bytes", keyspace.table_bytes);
    json.Field("entries", keyspace.entries);
    json.Field("memtable_bytes", keyspace.memtable_bytes);
    json.EndObject();
  }
  json.EndArray();

  json.BeginArray("levels");
  for (const LevelMetrics& level : metrics.levels) {
    json.BeginObject();
    json.Field("level", std::uint64_t{level.level});
    json.Field("runs", level.runs);
    json.Field("files", level.files);
    json.Field("size_bytes", level.size_bytes);
    json.Field("entries", level.entries);
    json.Field("read_bytes", level.read_bytes);
    json.Field("written_bytes", level.written_bytes);
    json.Field("score", level.score);
    json.EndObject();
  }
  json.EndArray();

  json.BeginObject("compaction");
  json.Field("flushes", metrics.flushes);
  json.Field("flush_bytes", metrics.flush_bytes);
  json.Field("compactions", metrics.compactions);
  json.Field("trivial_moves", metrics.trivial_moves);
  json.Field("read_bytes", metrics.compaction_read_bytes);
  json.Field("written_bytes", metrics.compaction_written_bytes);
  json.Field("entries_dropped", metrics.entries_dropped);
  json.Field("write_amplification", metrics.write_amplification);
  json.Field("read_amplification", metrics.read_amplification);
  json.Field("space_amplification", metrics.space_amplification);
  json.EndObject();
}

void WriteCacheAndMemory(JsonWriter& json, const DatabaseMetrics& metrics) {
  json.BeginObject("cache");
  json.Field("hits", metrics.cache_hits);
  json.Field("misses", metrics.cache_misses);
  json.Field("bytes", metrics.cache_bytes);
  json.Field("evictions", metrics.cache_evictions);
  json.EndObject();

  json.BeginObject("filters");
  json.Field("checks", metrics.filter_checks);
  json.Field("useful", metrics.filter_useful);
  json.Field("false_positives", metrics.filter_false_positives);
  json.EndObject();

  json.BeginObject("memory");
  json.Field("limit_bytes", metrics.memory_limit_bytes);
  json.Field("memtables_bytes", metrics.memory_memtables_bytes);
  json.Field("cache_bytes", metrics.memory_cache_bytes);
  json.Field("tables_bytes", metrics.memory_tables_bytes);
  json.Field("compaction_bytes", metrics.memory_compaction_bytes);
  json.EndObject();
}

void WriteHealth(JsonWriter& json, const DatabaseMetrics& metrics) {
  json.BeginObject("health");
  json.BeginObject("stall_ns");
  for (std::size_t i = 0; i < kStallReasonCount; ++i) {
    json.Field(StallReasonName(static_cast<StallReason>(i)), metrics.stall_ns[i]);
  }
  json.EndObject();
  json.Field("stall_reason", metrics.stall_reason);
  json.Field("background_errors", metrics.background_errors);
  json.Field("read_only_cause", metrics.read_only_cause);
  json.Field("snapshots", metrics.snapshots);
  json.Field("oldest_snapshot_age_ms", metrics.oldest_snapshot_age_ms);
  json.Field("open_tables", metrics.open_tables);
  json.Field("recovery_ms", metrics.recovery_ms);
  json.Field("uptime_ms", metrics.uptime_ms);
  json.EndObject();
}

}  // namespace

std::string DatabaseMetrics::ToJson() const {
  JsonWriter json;
  WriteOperations(json, *this);
  WriteMemtablesAndLog(json, *this);
  WriteTables(json, *this);
  WriteCacheAndMemory(json, *this);
  WriteHealth(json, *this);
  return json.Finish();
}

}  // namespace quiver
