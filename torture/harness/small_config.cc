#include "harness/small_config.h"

namespace quiver::torture {

// The divisors are mixed radices: successive numbers meet every pair of choices soon.
DatabaseConfig SmallConfig(std::uint64_t number) {
  DatabaseConfig config;
  config.memtable_kind = static_cast<MemtableKind>(number % 8);
  config.compaction_strategy = static_cast<CompactionStrategyKind>((number / 2 + number / 8) % 4);
  config.wal_mode = static_cast<WalMode>((number + number / 3) % 3);
  config.compression = static_cast<CompressionKind>((number + number / 5) % 3);
  config.compression_bottom = static_cast<CompressionKind>((number / 2) % 3);
  config.filter_bits_per_key = number % 6 == 5 ? 0 : 10;
  config.memory_limit_bytes = std::uint64_t{48} << 20;
  config.memtable_size_bytes = 16U << 10;
  config.memtable_count_max = 2 + static_cast<std::uint32_t>(number / 3 % 3);
  config.memtable_hash_buckets = 64;
  config.wal_batch_bytes = 4U << 10;
  config.wal_batch_interval_ms = 5;
  config.block_size_bytes = 1024;
  config.value_chunk_bytes = 1024;
  config.table_size_bytes = 16U << 10;
  config.level_base_bytes = 32U << 10;
  config.level_size_ratio = 2;
  config.level0_run_trigger = 1 + static_cast<std::uint32_t>(number % 3);
  config.tier_run_trigger = 2 + static_cast<std::uint32_t>(number % 2);
  config.fifo_size_limit_bytes = std::uint64_t{1} << 30;  // merges, but drops nothing
  config.compaction_threads = 1 + static_cast<std::uint32_t>(number / 4 % 2);
  config.open_files_max = number % 3 == 0 ? 16 : 1000;
  config.disk_reserve_bytes = 0;
  config.idle_compaction_delay_ms = number / 7 % 2 == 0 ? 0 : 250;  // the next tick
  return config;
}

std::string DescribeConfig(const DatabaseConfig& config) {
  return "memtable=" + std::string(MemtableKindName(config.memtable_kind)) +
         " wal=" + std::string(WalModeName(config.wal_mode)) +
         " strategy=" + std::string(CompactionStrategyName(config.compaction_strategy)) +
         " compression=" + std::string(CompressionName(config.compression));
}

}  // namespace quiver::torture
