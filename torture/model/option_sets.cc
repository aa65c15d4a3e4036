#include "model/option_sets.h"

#include <algorithm>
#include <set>
#include <utility>

#include "config/config_limits.h"
#include "model/rows.h"

namespace quiver::torture {

namespace {

constexpr std::uint32_t kKiB = 1U << 10;

}  // namespace

DatabaseConfig OptionSet(std::uint64_t number, bool fixed_keys, bool fixed_values) {
  number %= kOptionSetCount;
  const std::uint64_t third = number / 8;  // each memtable appears in three sets
  DatabaseConfig config;
  config.memtable_kind = static_cast<MemtableKind>(number % 8);
  config.compaction_strategy = static_cast<CompactionStrategyKind>((number + third) % 4);
  config.wal_mode = static_cast<WalMode>((number + third) % 3);
  config.compression = static_cast<CompressionKind>((number / 3 + third) % 3);
  config.compression_bottom = static_cast<CompressionKind>((number / 2 + third) % 3);
  const bool declares_widths = (number + third) % 2 == 1;
  config.key_width_bytes = fixed_keys && declares_widths ? Rows::kKeyWidthBytes : 0;
  config.value_width_bytes = fixed_values && declares_widths ? Rows::kValueWidthBytes : 0;

  constexpr std::uint32_t kBlockBytes[] = {1 * kKiB, 4 * kKiB, 32 * kKiB, 256 * kKiB, 2 * kKiB};
  constexpr std::uint32_t kMemtableBytes[] = {16 * kKiB, 128 * kKiB, 48 * kKiB, 1024 * kKiB};
  constexpr std::uint32_t kTableBytes[] = {64 * kKiB, 16 * kKiB, 1024 * kKiB};
  config.block_size_bytes = kBlockBytes[number % 5];
  config.value_chunk_bytes = std::min(config.block_size_bytes, kBlockBytes[(number + 2) % 5]);
  config.memtable_size_bytes = kMemtableBytes[(number + third) % 4];
  config.table_size_bytes =
      std::max<std::uint64_t>(config.block_size_bytes, kTableBytes[number % 3]);
  config.memtable_count_max = 2 + number % 3;
  config.memtable_hash_buckets = number % 2 == 0 ? 64 : 256;
  config.wal_batch_bytes = 4 * kKiB;
  config.wal_batch_interval_ms = 10;
  config.filter_bits_per_key = number % 5 == 3 ? 0 : 4 + number % 13;
  config.verify_output = number % 4 != 1;
  config.open_files_max = number % 6 == 2 ? 16 : 1000;
  config.level_base_bytes =
      std::max<std::uint64_t>(config.table_size_bytes, (number % 2 == 0 ? 16 : 128) * kKiB);
  config.level_size_ratio = 2 + number % 4;
  config.level_count_max = 2 + number % 6;
  config.level0_run_trigger = 1 + number % 4;
  config.tier_run_trigger = 2 + number % 3;
  config.space_amplification_max_percent = number % 2 == 0 ? 120 : 300;
  config.compaction_threads = 1 + number % 2;
  config.fifo_size_limit_bytes = std::uint64_t{1} << 40;  // fifo merges, but drops nothing
  config.disk_reserve_bytes = number % 8 < 4 ? 0 : 16 * kKiB;
  config.store_settings = number % 3 != 1;
  config.compression_level = number % 4 == 3 ? 5 : 1;
  config.compaction_rate_limit_bytes_per_s = number % 8 == 5 ? 4096 * kKiB : 0;
  const bool slows = (number + third) % 4 == 2;  // right behind the largest trigger
  config.slowdown_run_count = slows ? 6 : 5000;
  config.stop_run_count = slows ? 9 : 10'000;
  config.idle_compaction_delay_ms = (number / 2 + third) % 2 == 0 ? 250 : 0;
  // A power cut follows a sync: nothing is torn, and no mode has anything to cut.
  constexpr WalRecoveryMode kRecovery[] = {WalRecoveryMode::kPointInTime,
                                           WalRecoveryMode::kTolerateTail,
                                           WalRecoveryMode::kSkipAnyCorrupt};
  config.wal_recovery_mode = kRecovery[(number / 3 + third) % 3];
  config.memory_limit_bytes = MemoryFloorBytes(config) << (number % 3 == 0 ? 0 : 1);
  return config;
}

OptionCoverage CoverageOfOptionSets() {
  std::set<MemtableKind> memtables;
  std::set<CompactionStrategyKind> strategies;
  std::set<WalMode> log_modes;
  std::set<CompressionKind> compressions;
  std::set<std::pair<MemtableKind, CompactionStrategyKind>> pairs;
  for (std::uint32_t number = 0; number < kOptionSetCount; ++number) {
    const DatabaseConfig config = OptionSet(number, false, false);
    memtables.insert(config.memtable_kind);
    strategies.insert(config.compaction_strategy);
    log_modes.insert(config.wal_mode);
    compressions.insert(config.compression);
    pairs.insert({config.memtable_kind, config.compaction_strategy});
  }
  const auto count = [](const auto& set) { return static_cast<std::uint32_t>(set.size()); };
  return {count(memtables), count(strategies), count(log_modes), count(compressions), count(pairs)};
}

}  // namespace quiver::torture
