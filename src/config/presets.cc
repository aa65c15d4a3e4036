// The presets: plain configurations for the three common kinds of use.
#include <array>

#include "config/nearest_name.h"
#include "config/setting_text.h"
#include "quiver/config.h"

namespace quiver {

namespace {

constexpr std::uint64_t kKiB = std::uint64_t{1} << 10;
constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

struct NamedPreset {
  std::string_view name;
  DatabaseConfig (*make)();
};
constexpr std::array kPresets{NamedPreset{"balanced", Balanced},
                              NamedPreset{"high_performance", HighPerformance},
                              NamedPreset{"memory_efficient", MemoryEfficient}};

constexpr auto kPresetNames = [] {
  std::array<std::string_view, kPresets.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kPresets[i].name;
  return names;
}();

}  // namespace

DatabaseConfig Balanced() {
  return {};
}

DatabaseConfig HighPerformance() {
  DatabaseConfig config;
  config.memory_limit_bytes = 1024 * kMiB;
  config.memtable_kind = MemtableKind::kHashSkiplist;
  // Four memtables let writes run on while two flushes lag behind. The buckets suit entries of
  // 1 KiB, and of smaller ones a handful share a bucket, which is one cache line: more buckets
  // would take room from entries, and a memtable of fewer entries is written more often.
  config.memtable_size_bytes = 64 * kMiB;
  config.memtable_count_max = 4;
  config.memtable_hash_buckets = 1U << 16;
  config.wal_mode = WalMode::kAsync;
  // Young data is read and merged often and stays raw; nearly all data is in the last level.
  config.compression = CompressionKind::kNone;
  config.compression_bottom = CompressionKind::kZstd;
  config.open_files_max = 4000;
  // Lazy leveling merges runs together before they go down: fewer bytes written for each user byte,
  // at the price of more runs above the last level.
  config.compaction_strategy = CompactionStrategyKind::kLazyLeveling;
  config.tier_run_trigger = 8;
  config.table_size_bytes = 128 * kMiB;
  config.level_base_bytes = 512 * kMiB;
  config.compaction_threads = 2;
  config.slowdown_run_count = 20;
  config.stop_run_count = 36;
  return config;
}

DatabaseConfig MemoryEfficient() {
  DatabaseConfig config;
  config.memory_limit_bytes = 32 * kMiB;
  // A linked list has no overhead beside its entries and is fast as long as it is small.
  config.memtable_kind = MemtableKind::kLinkedList;
  config.memtable_size_bytes = 1 * kMiB;
  config.memtable_count_max = 2;
  config.memtable_hash_buckets = 1U << 12;
  config.wal_mode = WalMode::kBatch;
  config.wal_batch_bytes = 256 * kKiB;
  config.block_size_bytes = 16 * kKiB;
  config.value_chunk_bytes = 8 * kKiB;
  config.compression = CompressionKind::kZstd;
  config.compression_bottom = CompressionKind::kZstd;
  config.open_files_max = 128;
  // Leveled has the fewest tables to search and to keep indexes of.
  config.compaction_strategy = CompactionStrategyKind::kLeveled;
  config.table_size_bytes = 8 * kMiB;
  config.level_base_bytes = 32 * kMiB;
  config.disk_reserve_bytes = 16 * kMiB;
  return config;
}

Result<DatabaseConfig> Preset(std::string_view name) {
  for (const NamedPreset& preset : kPresets) {
    if (preset.name == name) return preset.make();
  }
  std::string message = "unknown preset " + Quote(name);
  if (const auto nearest = NearestName(name, kPresetNames)) {
    message += "; the nearest is '" + std::string(*nearest) + "'";
  } else {
    message += "; there are";
    for (const std::string_view known : kPresetNames) message += " " + std::string(known);
  }
  return Error(ErrorCode::kNotFound, std::move(message));
}

std::span<const std::string_view> PresetNames() noexcept {
  return kPresetNames;
}

}  // namespace quiver
