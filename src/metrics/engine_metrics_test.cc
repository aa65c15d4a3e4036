#include "metrics/engine_metrics.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace quiver {
namespace {

TEST(EngineMetrics, FillCopiesEveryCounter) {
  const auto engine = std::make_unique<EngineMetrics>();
  EngineMetrics::Operation* operations[] = {&engine->put, &engine->get, &engine->remove,
                                            &engine->write, &engine->scan};
  std::uint64_t number = 1;
  for (EngineMetrics::Operation* operation : operations) {
    operation->count.Add(number++);
    operation->bytes.Add(number++);
    operation->latency.Record(number++);
  }
  ShardedCounter* sharded[] = {&engine->get_found,          &engine->iterator_steps,
                               &engine->tombstones_skipped, &engine->cache_hits,
                               &engine->cache_misses,       &engine->filter_checks,
                               &engine->filter_useful,      &engine->filter_false_positives};
  for (ShardedCounter* counter : sharded) counter->Add(number++);
  Counter* plain[] = {&engine->wal_bytes, &engine->wal_syncs, &engine->cache_evictions,
                      &engine->background_errors};
  for (Counter* counter : plain) counter->Add(number++);
  engine->wal_sync_latency.Record(number);

  DatabaseMetrics metrics;
  engine->Fill(metrics);
  EXPECT_EQ(metrics.put.count, 1U);
  EXPECT_EQ(metrics.put.bytes, 2U);
  EXPECT_EQ(metrics.put.latency.sum_ns, 3U);
  EXPECT_EQ(metrics.put.latency.sample_every, kOperationSampleEvery);
  EXPECT_EQ(metrics.get.count, 4U);
  EXPECT_EQ(metrics.remove.bytes, 8U);
  EXPECT_EQ(metrics.write.latency.sum_ns, 12U);
  EXPECT_EQ(metrics.scan.count, 13U);
  EXPECT_EQ(metrics.get_found, 16U);
  EXPECT_EQ(metrics.iterator_steps, 17U);
  EXPECT_EQ(metrics.tombstones_skipped, 18U);
  EXPECT_EQ(metrics.cache_hits, 19U);
  EXPECT_EQ(metrics.cache_misses, 20U);
  EXPECT_EQ(metrics.filter_checks, 21U);
  EXPECT_EQ(metrics.filter_useful, 22U);
  EXPECT_EQ(metrics.filter_false_positives, 23U);
  EXPECT_EQ(metrics.wal_bytes, 24U);
  EXPECT_EQ(metrics.wal_syncs, 25U);
  EXPECT_EQ(metrics.cache_evictions, 26U);
  EXPECT_EQ(metrics.background_errors, 27U);
  EXPECT_EQ(metrics.wal_sync_latency.sum_ns, 28U);
  EXPECT_EQ(metrics.wal_sync_latency.sample_every, 1U);
}

TEST(EngineMetrics, FlushesAndCompactionsCountUnderTheirLevel) {
  const auto engine = std::make_unique<EngineMetrics>();
  engine->RecordFlush(0, 100);
  engine->RecordFlush(0, 50);
  engine->RecordCompaction(2, 70, 60, 5);
  engine->RecordTrivialMove();
  engine->RecordCompaction(99, 7, 6, 1);

  DatabaseMetrics metrics;
  metrics.levels.resize(3);
  for (std::uint32_t level : {0U, 1U, 2U}) metrics.levels[level].level = level;
  metrics.levels.push_back({.level = kMetricsLevelCount - 1});
  engine->Fill(metrics);
  EXPECT_EQ(metrics.flushes, 2U);
  EXPECT_EQ(metrics.flush_bytes, 150U);
  EXPECT_EQ(metrics.compactions, 2U);
  EXPECT_EQ(metrics.trivial_moves, 1U);
  EXPECT_EQ(metrics.compaction_read_bytes, 77U);
  EXPECT_EQ(metrics.compaction_written_bytes, 66U);
  EXPECT_EQ(metrics.entries_dropped, 6U);
  EXPECT_EQ(metrics.levels[0].written_bytes, 150U);
  EXPECT_EQ(metrics.levels[0].read_bytes, 0U);
  EXPECT_EQ(metrics.levels[1].written_bytes, 0U);
  EXPECT_EQ(metrics.levels[2].read_bytes, 70U);
  EXPECT_EQ(metrics.levels[2].written_bytes, 60U);
  EXPECT_EQ(metrics.levels[3].read_bytes, 7U) << "deeper levels count under the last";
}

TEST(EngineMetrics, StallsAreKeptByReason) {
  const auto engine = std::make_unique<EngineMetrics>();
  engine->RecordStall(StallReason::kDiskFull, 5);
  engine->RecordStall(StallReason::kMemtablesFull, 7);
  engine->RecordStall(StallReason::kMemtablesFull, 1);
  DatabaseMetrics metrics;
  engine->Fill(metrics);
  EXPECT_EQ(metrics.stall_ns, (std::array<std::uint64_t, kStallReasonCount>{8, 0, 0, 5}));
}

TEST(EngineMetrics, FillLeavesTheStateOfOthersAlone) {
  const EngineMetrics engine;
  DatabaseMetrics metrics;
  metrics.memtable_bytes = 5;
  metrics.levels.push_back({.level = 1, .size_bytes = 9});
  metrics.read_only_cause = "disk full";
  engine.Fill(metrics);
  EXPECT_EQ(metrics.memtable_bytes, 5U);
  EXPECT_EQ(metrics.levels[0].size_bytes, 9U);
  EXPECT_EQ(metrics.read_only_cause, "disk full");
}

TEST(EngineMetrics, CanBeReadWhileEveryFloorCounts) {
  const auto engine = std::make_unique<EngineMetrics>();
  std::atomic<bool> done{false};
  std::jthread reader([&] {
    while (!done) {
      DatabaseMetrics metrics;
      engine->Fill(metrics);
      EXPECT_FALSE(metrics.ToJson().empty());
    }
  });
  {
    std::vector<std::jthread> writers;
    for (int t = 0; t < 3; ++t) {
      writers.emplace_back([&] {
        for (std::uint64_t i = 0; i < 5000; ++i) {
          engine->put.count.Add();
          engine->put.latency.Record(i);
          engine->cache_hits.Add();
          engine->RecordCompaction(1, 2, 1, 1);
          engine->RecordStall(StallReason::kTooManyRuns, 1);
        }
      });
    }
  }
  done = true;
  reader.join();
  DatabaseMetrics metrics;
  engine->Fill(metrics);
  EXPECT_EQ(metrics.put.count, 15'000U);
  EXPECT_EQ(metrics.put.latency.count, 15'000U);
  EXPECT_EQ(metrics.compaction_read_bytes, 30'000U);
}

TEST(DeriveAmplifications, ComputesTheThreeRatios) {
  DatabaseMetrics metrics;
  metrics.put.bytes = 60;
  metrics.remove.bytes = 10;
  metrics.write.bytes = 30;
  metrics.wal_bytes = 110;
  metrics.flush_bytes = 90;
  metrics.compaction_written_bytes = 300;
  metrics.immutable_memtables = 2;
  metrics.levels = {{.level = 0, .runs = 3, .size_bytes = 50},
                    {.level = 1, .runs = 1, .size_bytes = 150},
                    {.level = 2, .runs = 1, .size_bytes = 800},
                    {.level = 3}};
  DeriveAmplifications(metrics);
  EXPECT_DOUBLE_EQ(metrics.write_amplification, 5.0);
  EXPECT_DOUBLE_EQ(metrics.read_amplification, 8.0);
  EXPECT_DOUBLE_EQ(metrics.space_amplification, 1.25);
}

TEST(DeriveAmplifications, AnEmptyDatabaseHasNoRatiosButItsMemtable) {
  DatabaseMetrics metrics;
  DeriveAmplifications(metrics);
  EXPECT_EQ(metrics.write_amplification, 0.0);
  EXPECT_EQ(metrics.read_amplification, 1.0);
  EXPECT_EQ(metrics.space_amplification, 0.0);
}

}  // namespace
}  // namespace quiver
