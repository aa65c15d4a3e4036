// See metric_table.h.
#include "metrics/metric_table.h"

#include <array>
#include <charconv>
#include <cmath>

namespace quiver {

namespace {

using Samples = std::vector<MetricSample>;
using Metrics = DatabaseMetrics;

std::string Number(std::uint64_t value) {
  return std::to_string(value);
}

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

std::string SecondsFromNs(std::uint64_t ns) {
  return Number(static_cast<double>(ns) / 1e9);
}
std::string SecondsFromMs(std::uint64_t ms) {
  return Number(static_cast<double>(ms) / 1e3);
}

// name="value" with the escapes of the exposition format.
std::string Label(std::string_view name, std::string_view value) {
  std::string label(name);
  label += "=\"";
  for (const char c : value) {
    if (c == '\n') {
      label += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') label += '\\';
    label += c;
  }
  return label + '"';
}

Samples One(std::string value) {
  return {{"", "", std::move(value)}};
}

// A metric that is one field of DatabaseMetrics.
template <auto kField>
Samples Plain(const Metrics& metrics) {
  return One(Number(metrics.*kField));
}
template <auto kField>
Samples PlainMs(const Metrics& metrics) {
  return One(SecondsFromMs(metrics.*kField));
}

struct NamedOperation {
  std::string_view name;
  OperationMetrics Metrics::* operation;
};
constexpr std::array kOperations{
    NamedOperation{"put", &Metrics::put}, NamedOperation{"get", &Metrics::get},
    NamedOperation{"delete", &Metrics::remove}, NamedOperation{"batch", &Metrics::write},
    NamedOperation{"scan", &Metrics::scan}};

template <auto kField>
Samples PerOperation(const Metrics& metrics) {
  Samples samples;
  for (const auto& [name, operation] : kOperations) {
    samples.push_back({"", Label("op", name), Number(metrics.*operation.*kField)});
  }
  return samples;
}

template <auto kField>
Samples PerLevel(const Metrics& metrics) {
  Samples samples;
  for (const LevelMetrics& level : metrics.levels) {
    samples.push_back(
        {"", Label("level", Number(std::uint64_t{level.level})), Number(level.*kField)});
  }
  return samples;
}

template <auto kField>
Samples PerKeyspace(const Metrics& metrics) {
  Samples samples;
  for (const KeyspaceMetrics& keyspace : metrics.keyspaces) {
    samples.push_back({"", Label("keyspace", keyspace.name), Number(keyspace.*kField)});
  }
  return samples;
}

void AppendSummary(const LatencySummary& latency, const std::string& labels, Samples& samples) {
  struct Quantile {
    std::string_view name;
    std::uint64_t LatencySummary::* value_ns;
  };
  constexpr std::array kQuantiles{
      Quantile{"0.5", &LatencySummary::p50_ns}, Quantile{"0.9", &LatencySummary::p90_ns},
      Quantile{"0.99", &LatencySummary::p99_ns}, Quantile{"0.999", &LatencySummary::p999_ns},
      Quantile{"1", &LatencySummary::max_ns}};
  const std::string separator = labels.empty() ? "" : ",";
  for (const auto& [name, value_ns] : kQuantiles) {
    samples.push_back(
        {"", labels + separator + Label("quantile", name), SecondsFromNs(latency.*value_ns)});
  }
  samples.push_back({"_sum", labels, SecondsFromNs(latency.sum_ns)});
  samples.push_back({"_count", labels, Number(latency.count)});
}

Samples OperationLatencies(const Metrics& metrics) {
  Samples samples;
  for (const auto& [name, operation] : kOperations) {
    AppendSummary((metrics.*operation).latency, Label("op", name), samples);
  }
  return samples;
}

Samples SyncLatency(const Metrics& metrics) {
  Samples samples;
  AppendSummary(metrics.wal_sync_latency, "", samples);
  return samples;
}

Samples MemtableBytes(const Metrics& metrics) {
  return {{"", Label("state", "active"), Number(metrics.memtable_bytes)},
          {"", Label("state", "immutable"), Number(metrics.immutable_bytes)}};
}

Samples CacheRequests(const Metrics& metrics) {
  return {{"", Label("result", "hit"), Number(metrics.cache_hits)},
          {"", Label("result", "miss"), Number(metrics.cache_misses)}};
}

Samples MemoryBytes(const Metrics& metrics) {
  return {{"", Label("owner", "memtables"), Number(metrics.memory_memtables_bytes)},
          {"", Label("owner", "cache"), Number(metrics.memory_cache_bytes)},
          {"", Label("owner", "tables"), Number(metrics.memory_tables_bytes)},
          {"", Label("owner", "compaction"), Number(metrics.memory_compaction_bytes)}};
}

Samples StallSeconds(const Metrics& metrics) {
  Samples samples;
  for (std::size_t i = 0; i < kStallReasonCount; ++i) {
    samples.push_back({"", Label("reason", StallReasonName(static_cast<StallReason>(i))),
                       SecondsFromNs(metrics.stall_ns[i])});
  }
  return samples;
}

Samples Stalled(const Metrics& metrics) {
  Samples samples;
  for (std::size_t i = 0; i < kStallReasonCount; ++i) {
    const std::string_view reason = StallReasonName(static_cast<StallReason>(i));
    samples.push_back({"", Label("reason", reason), metrics.stall_reason == reason ? "1" : "0"});
  }
  return samples;
}

Samples ReadOnly(const Metrics& metrics) {
  return One(metrics.read_only_cause.empty() ? "0" : "1");
}

Samples Info(const Metrics& metrics) {
  return {
      {"",
       Label("memtable_kind", metrics.memtable_kind) + "," + Label("wal_mode", metrics.wal_mode),
       "1"}};
}

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
constexpr auto kSummary = MetricType::kSummary;

// clang-format off
constexpr std::array kFamilies{
    MetricFamily{"quiver_info", kGauge, "memtable_kind, wal_mode",
        "Always 1; the labels say how the database is set up.", Info},
    MetricFamily{"quiver_uptime_seconds", kGauge, "",
        "Time since the database was opened.", PlainMs<&Metrics::uptime_ms>},
    MetricFamily{"quiver_recovery_duration_seconds", kGauge, "",
        "Time that opening the database took.", PlainMs<&Metrics::recovery_ms>},

    MetricFamily{"quiver_operations_total", kCounter, "op",
        "Calls by kind; a batch counts once, each key of a MultiGet once, a scan is a seek of an "
        "iterator.",
        PerOperation<&OperationMetrics::count>},
    MetricFamily{"quiver_operation_bytes_total", kCounter, "op",
        "Bytes of keys and values by kind of call.", PerOperation<&OperationMetrics::bytes>},
    MetricFamily{"quiver_operation_duration_seconds", kSummary, "op",
        "Duration of a sample of the calls since the open, MultiGet aside; the quantile 1 is the "
        "maximum and _count counts samples.", OperationLatencies},
    MetricFamily{"quiver_gets_found_total", kCounter, "",
        "Gets that found their key.", Plain<&Metrics::get_found>},
    MetricFamily{"quiver_iterator_steps_total", kCounter, "",
        "Steps of iterators.", Plain<&Metrics::iterator_steps>},
    MetricFamily{"quiver_tombstones_skipped_total", kCounter, "",
        "Deletes that iterators passed over: many for each step mean slow scans.",
        Plain<&Metrics::tombstones_skipped>},

    MetricFamily{"quiver_memtable_bytes", kGauge, "state",
        "Memory of the memtable that takes writes and of those waiting for their flush.",
        MemtableBytes},
    MetricFamily{"quiver_memtable_entries", kGauge, "",
        "Entries of the memtable that takes writes.", Plain<&Metrics::memtable_entries>},
    MetricFamily{"quiver_immutable_memtables", kGauge, "",
        "Memtables waiting for their flush.", Plain<&Metrics::immutable_memtables>},

    MetricFamily{"quiver_wal_bytes_total", kCounter, "",
        "Bytes appended to the log.", Plain<&Metrics::wal_bytes>},
    MetricFamily{"quiver_wal_syncs_total", kCounter, "",
        "Syncs of the log.", Plain<&Metrics::wal_syncs>},
    MetricFamily{"quiver_wal_sync_duration_seconds", kSummary, "",
        "Duration of every sync of the log; the quantile 1 is the maximum.", SyncLatency},
    MetricFamily{"quiver_wal_live_bytes", kGauge, "",
        "Log that would be replayed by an open now.", Plain<&Metrics::wal_live_bytes>},
    MetricFamily{"quiver_last_sequence", kGauge, "",
        "Sequence number of the newest write.", Plain<&Metrics::last_sequence>},
    MetricFamily{"quiver_durable_sequence", kGauge, "",
        "Newest sequence number that a power cut cannot lose.", Plain<&Metrics::durable_sequence>},

    MetricFamily{"quiver_keyspace_tables", kGauge, "keyspace",
        "Tables.", PerKeyspace<&KeyspaceMetrics::tables>},
    MetricFamily{"quiver_keyspace_bytes", kGauge, "keyspace",
        "Size of the tables.", PerKeyspace<&KeyspaceMetrics::table_bytes>},
    MetricFamily{"quiver_keyspace_entries", kGauge, "keyspace",
        "Entries in tables, old versions and deletes included.",
        PerKeyspace<&KeyspaceMetrics::entries>},
    MetricFamily{"quiver_keyspace_memtable_bytes", kGauge, "keyspace",
        "Size of the memtables.", PerKeyspace<&KeyspaceMetrics::memtable_bytes>},
    MetricFamily{"quiver_level_runs", kGauge, "level",
        "Sorted runs.", PerLevel<&LevelMetrics::runs>},
    MetricFamily{"quiver_level_tables", kGauge, "level",
        "Tables.", PerLevel<&LevelMetrics::files>},
    MetricFamily{"quiver_level_bytes", kGauge, "level",
        "Size of the tables.", PerLevel<&LevelMetrics::size_bytes>},
    MetricFamily{"quiver_level_entries", kGauge, "level",
        "Entries, old versions and deletes included.", PerLevel<&LevelMetrics::entries>},
    MetricFamily{"quiver_level_score", kGauge, "level",
        "At or above 1 the level wants compaction.", PerLevel<&LevelMetrics::score>},
    MetricFamily{"quiver_level_read_bytes_total", kCounter, "level",
        "Bytes read by compactions into the level.", PerLevel<&LevelMetrics::read_bytes>},
    MetricFamily{"quiver_level_written_bytes_total", kCounter, "level",
        "Bytes written by flushes and compactions into the level.",
        PerLevel<&LevelMetrics::written_bytes>},

    MetricFamily{"quiver_flushes_total", kCounter, "",
        "Memtables written to tables.", Plain<&Metrics::flushes>},
    MetricFamily{"quiver_flush_bytes_total", kCounter, "",
        "Bytes of tables written by flushes.", Plain<&Metrics::flush_bytes>},
    MetricFamily{"quiver_compactions_total", kCounter, "",
        "Compactions that merged tables.", Plain<&Metrics::compactions>},
    MetricFamily{"quiver_trivial_moves_total", kCounter, "",
        "Compactions that only gave tables another level.", Plain<&Metrics::trivial_moves>},
    MetricFamily{"quiver_compaction_read_bytes_total", kCounter, "",
        "Bytes of tables read by compactions.", Plain<&Metrics::compaction_read_bytes>},
    MetricFamily{"quiver_compaction_written_bytes_total", kCounter, "",
        "Bytes of tables written by compactions.", Plain<&Metrics::compaction_written_bytes>},
    MetricFamily{"quiver_compaction_entries_dropped_total", kCounter, "",
        "Entries that compactions dropped: superseded, deleted or expired.",
        Plain<&Metrics::entries_dropped>},
    MetricFamily{"quiver_write_amplification_ratio", kGauge, "",
        "Bytes written to log and tables for each byte of the user's.",
        Plain<&Metrics::write_amplification>},
    MetricFamily{"quiver_read_amplification_ratio", kGauge, "",
        "Memtables and tables that one get may have to ask.",
        Plain<&Metrics::read_amplification>},
    MetricFamily{"quiver_space_amplification_ratio", kGauge, "",
        "Bytes of all tables for each byte of the last level.",
        Plain<&Metrics::space_amplification>},

    MetricFamily{"quiver_cache_requests_total", kCounter, "result",
        "Blocks asked of the cache.", CacheRequests},
    MetricFamily{"quiver_cache_evictions_total", kCounter, "",
        "Blocks that made room for others.", Plain<&Metrics::cache_evictions>},
    MetricFamily{"quiver_cache_bytes", kGauge, "",
        "Size of the blocks in the cache.", Plain<&Metrics::cache_bytes>},
    MetricFamily{"quiver_filter_checks_total", kCounter, "",
        "Filters of tables asked for a key.", Plain<&Metrics::filter_checks>},
    MetricFamily{"quiver_filter_useful_total", kCounter, "",
        "Filters that saved the reading of their table.", Plain<&Metrics::filter_useful>},
    MetricFamily{"quiver_filter_false_positives_total", kCounter, "",
        "Filters that let an absent key pass.", Plain<&Metrics::filter_false_positives>},

    MetricFamily{"quiver_memory_limit_bytes", kGauge, "",
        "The setting memory_limit_bytes.", Plain<&Metrics::memory_limit_bytes>},
    MetricFamily{"quiver_memory_bytes", kGauge, "owner",
        "Memory held, by owner.", MemoryBytes},

    MetricFamily{"quiver_write_stall_seconds_total", kCounter, "reason",
        "Time that writes were made to wait.", StallSeconds},
    MetricFamily{"quiver_write_stalled", kGauge, "reason",
        "1 while writes wait for this reason.", Stalled},
    MetricFamily{"quiver_background_errors_total", kCounter, "",
        "Flushes, compactions and syncs that failed.", Plain<&Metrics::background_errors>},
    MetricFamily{"quiver_read_only", kGauge, "",
        "1 while the database accepts no writes.", ReadOnly},
    MetricFamily{"quiver_snapshots", kGauge, "",
        "Snapshots held.", Plain<&Metrics::snapshots>},
    MetricFamily{"quiver_oldest_snapshot_age_seconds", kGauge, "",
        "Age of the oldest snapshot: old versions are kept as long.",
        PlainMs<&Metrics::oldest_snapshot_age_ms>},
    MetricFamily{"quiver_open_tables", kGauge, "",
        "Tables held open.", Plain<&Metrics::open_tables>},
};
// clang-format on

constexpr std::string_view kIntroduction = R"(# Metrics

<!-- Made by src/metrics from its metric table. To change it: change the table, then
     QUIVER_REWRITE=1 metrics_test -->

`Database::Metrics()` returns one reading of every counter. `ToText()` prints it for people,
`ToJson()` for programs, and `ToPrometheus()` in the text format that Prometheus scrapes, with the
names below. Counters start at zero when the database is opened.

Latencies of operations are sampled, one call in 64; syncs of the log are all timed. Percentiles
come from buckets of powers of two split in four, so that they are at most a quarter off.

| metric | type | labels | meaning |
|---|---|---|---|
)";

}  // namespace

std::span<const MetricFamily> MetricFamilies() noexcept {
  return kFamilies;
}

std::string_view MetricTypeName(MetricType type) noexcept {
  switch (type) {
    case MetricType::kCounter: return "counter";
    case MetricType::kGauge: return "gauge";
    case MetricType::kSummary: return "summary";
  }
  return "untyped";
}

std::string MetricsReferenceMarkdown() {
  std::string page(kIntroduction);
  for (const MetricFamily& family : kFamilies) {
    page += "| `" + std::string(family.name) + "` | " + std::string(MetricTypeName(family.type));
    page += " | " + std::string(family.labels) + " | " + std::string(family.help) + " |\n";
  }
  return page;
}

}  // namespace quiver
