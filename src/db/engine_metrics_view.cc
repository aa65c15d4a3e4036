// Engine::Metrics: gathers the counters and the current sizes into one value.
#include <algorithm>
#include <utility>

#include "db/engine.h"
#include "memtable/memtable_traits.h"

namespace quiver {

namespace {

void FillLevels(const Version& version, const std::vector<double>& scores,
                DatabaseMetrics& metrics) {
  for (std::uint32_t number = 0; number < version.levels().size(); ++number) {
    const Level& level = version.level(number);
    LevelMetrics row;
    row.level = number;
    row.runs = level.runs.size();
    row.files = level.table_count();
    row.size_bytes = level.size_bytes();
    for (const SortedRun& run : level.runs) row.entries += run.entry_count();
    row.score = number < scores.size() ? scores[number] : 0;
    metrics.levels.push_back(row);
  }
}

KeyspaceMetrics SizesOf(const KeyspaceState& keyspace) {
  const std::shared_ptr<const ReadView> view = keyspace.state.views().Pin();
  KeyspaceMetrics row{.name = keyspace.name,
                      .tables = view->version->table_count(),
                      .table_bytes = view->version->size_bytes(),
                      .entries = view->version->entry_count(),
                      .memtable_bytes = 0};
  const auto add = [&](const MemtableRef& memtable) {
    if (!memtable->is_placeholder()) row.memtable_bytes += memtable->memory_bytes();
  };
  add(view->active);
  std::ranges::for_each(view->immutables, add);
  return row;
}

void FillKeyspaces(const std::vector<KeyspaceState*>& all, DatabaseMetrics& metrics) {
  for (const KeyspaceState* keyspace : all) {
    KeyspaceMetrics row = SizesOf(*keyspace);
    if (metrics.keyspaces.size() < kKeyspaceMetricsMax) {
      metrics.keyspaces.push_back(std::move(row));
      continue;
    }
    if (metrics.keyspaces.size() == kKeyspaceMetricsMax) {
      metrics.keyspaces.push_back({.name = kOtherKeyspaces});
    }
    KeyspaceMetrics& others = metrics.keyspaces.back();
    others.tables += row.tables;
    others.table_bytes += row.table_bytes;
    others.entries += row.entries;
    others.memtable_bytes += row.memtable_bytes;
  }
}

}  // namespace

DatabaseMetrics Engine::Metrics() const {
  DatabaseMetrics metrics;
  const KeyspaceState& main = keyspaces_.Default();
  const std::shared_ptr<const ReadView> view = main.state.views().Pin();
  CompactionContext context;
  context.now_s = environment_.clock->WallMicros() / 1'000'000;
  FillLevels(*view->version, main.strategy->Scores(*view->version, context), metrics);
  FillKeyspaces(keyspaces_.All(), metrics);
  core_->metrics.Fill(metrics);

  metrics.memtable_kind = std::string(TraitsOf(config_.memtable_kind).name);
  metrics.memtable_bytes = view->active->memory_bytes();
  metrics.memtable_entries = view->active->table().entry_count();
  metrics.immutable_memtables = view->immutables.size();
  for (const MemtableRef& memtable : view->immutables) {
    metrics.immutable_bytes += memtable->memory_bytes();
  }
  metrics.wal_mode = std::string(WalModeName(config_.wal_mode));
  metrics.last_sequence = visible_sequence_.load(std::memory_order_acquire);
  metrics.durable_sequence = DurableSequence();
  if (wal_ != nullptr && !closed_.load(std::memory_order_acquire)) {
    metrics.wal_live_bytes = wal_->live_bytes();
  }
  metrics.cache_bytes = cache_->memory_bytes();
  const MemoryLedger& ledger = core_->ledger;
  metrics.memory_limit_bytes = ledger.limit_bytes();
  metrics.memory_memtables_bytes = ledger.bytes(MemoryOwner::kMemtables);
  metrics.memory_cache_bytes = ledger.bytes(MemoryOwner::kBlockCache);
  metrics.memory_tables_bytes = ledger.bytes(MemoryOwner::kTables);
  metrics.memory_compaction_bytes = ledger.bytes(MemoryOwner::kCompaction);
  if (write_path_ != nullptr) {
    const char* reason = write_path_->stall_reason();
    if (reason != nullptr) metrics.stall_reason = reason;
  }
  if (health_.disk_full()) metrics.stall_reason = StallReasonName(StallReason::kDiskFull);
  metrics.read_only_cause = health_.cause();
  metrics.snapshots = snapshots_->count();
  metrics.oldest_snapshot_age_ms = snapshots_->OldestAgeNs(NowNanos()) / 1'000'000;
  metrics.open_tables = table_cache_->open_tables();
  metrics.recovery_ms = report_.duration_ms;
  metrics.uptime_ms = (NowNanos() - opened_ns_) / 1'000'000;
  DeriveAmplifications(metrics);
  return metrics;
}

}  // namespace quiver
