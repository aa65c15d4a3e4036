#include "harness/small_config.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/config_table.h"
#include "harness/option_matrix.h"

namespace quiver::torture {

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// What SmallSettings leaves to the program: about one open, or about the rows that it writes.
constexpr std::array<std::string_view, 7> kOfTheProgram{
    "create_if_missing", "error_if_exists", "memory_limit_bytes", "merge_operator",
    "wal_mode",          "key_width_bytes", "value_width_bytes"};

}  // namespace

DatabaseConfig SmallConfig(std::uint64_t number) {
  const DatabaseConfig defaults;
  DatabaseConfig config = OptionsOf(number);
  config.create_if_missing = defaults.create_if_missing;
  config.error_if_exists = defaults.error_if_exists;
  config.merge_operator = defaults.merge_operator;
  config.key_width_bytes = defaults.key_width_bytes;
  config.value_width_bytes = defaults.value_width_bytes;
  config.fifo_size_limit_bytes = defaults.fifo_size_limit_bytes;
  config.fifo_age_limit_s = defaults.fifo_age_limit_s;
  const bool tolerates = config.wal_recovery_mode == WalRecoveryMode::kTolerateTail;
  if (!tolerates) config.wal_recovery_mode = WalRecoveryMode::kPointInTime;
  // Time is real here.
  if (config.compaction_rate_limit_bytes_per_s != 0) {
    config.compaction_rate_limit_bytes_per_s = 8 * kMiB;
  }
  config.memory_limit_bytes = 48 * kMiB;
  return config;
}

std::vector<std::pair<std::string, std::string>> SmallSettings(std::uint64_t number) {
  const DatabaseConfig config = SmallConfig(number);
  std::vector<std::pair<std::string, std::string>> settings;
  for (const SettingRow& row : SettingRows()) {
    if (std::ranges::find(kOfTheProgram, row.info.name) != kOfTheProgram.end()) continue;
    settings.emplace_back(row.info.name, FormatValue(row, row.read(config)));
  }
  return settings;
}

std::string DescribeConfig(const DatabaseConfig& config) {
  return "memtable=" + std::string(MemtableKindName(config.memtable_kind)) +
         " wal=" + std::string(WalModeName(config.wal_mode)) +
         " strategy=" + std::string(CompactionStrategyName(config.compaction_strategy)) +
         " compression=" + std::string(CompressionName(config.compression));
}

}  // namespace quiver::torture
