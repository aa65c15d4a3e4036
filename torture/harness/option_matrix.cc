#include "harness/option_matrix.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/random.h"
#include "config/config_limits.h"

namespace quiver::torture {

namespace {

constexpr std::uint32_t kKiB = 1U << 10;
constexpr std::uint32_t kKeyWidth = 8;
constexpr std::uint32_t kValueWidth = 64;
constexpr std::uint32_t kInt64Width = 8;

// The values of one configuration, a column of the hypercube after the other.
class Draw {
 public:
  explicit Draw(std::uint64_t number)
      : block_(number / kOptionBlock), row_(static_cast<std::size_t>(number % kOptionBlock)) {}

  /// A number below eight: each once in a block.
  std::size_t Slot() {
    std::array<std::size_t, kOptionBlock> order{};
    std::iota(order.begin(), order.end(), std::size_t{0});
    Random random(block_ * 1'000'003 + ++column_);
    for (std::size_t i = order.size() - 1; i > 0; --i) {
      std::swap(order[i], order[random.Below(i + 1)]);
    }
    return order[row_];
  }
  template <typename T, std::size_t kCount>
  T Of(const T (&values)[kCount]) {
    static_assert(kCount <= kOptionBlock);
    return values[Slot() % kCount];
  }
  /// The enum's values are 0 to `count` - 1.
  template <typename Enum>
  Enum Any(std::size_t count) {
    return static_cast<Enum>(Slot() % count);
  }
  bool Coin() { return Slot() % 2 == 0; }

 private:
  const std::uint64_t block_;
  const std::size_t row_;
  std::uint64_t column_ = 0;
};

void DrawGeneral(Draw& draw, DatabaseConfig& config) {
  const std::size_t open = draw.Slot() % 3;  // both at once would refuse every open
  config.create_if_missing = open != 1;
  config.error_if_exists = open == 2;
  config.store_settings = draw.Coin();
  // Widths and operators exclude each other in part.
  const std::size_t merging = draw.Slot();
  config.merge_operator = static_cast<MergeOperatorKind>(merging % 4);
  if (merging == 0) config.value_width_bytes = kValueWidth;
  if (merging == 1) config.value_width_bytes = kInt64Width;
  config.key_width_bytes = draw.Of({kKeyWidth, 0U, 0U, 0U});
}

void DrawLog(Draw& draw, DatabaseConfig& config) {
  config.memtable_kind = draw.Any<MemtableKind>(8);
  config.memtable_size_bytes = draw.Of({16 * kKiB, 16 * kKiB, 16 * kKiB, 32 * kKiB});
  config.memtable_count_max = draw.Of({2U, 3U, 4U});
  config.memtable_hash_buckets = draw.Of({64U, 256U});
  config.wal_mode = draw.Any<WalMode>(3);
  config.wal_batch_bytes = draw.Of({4 * kKiB, 12 * kKiB});
  config.wal_batch_interval_ms = draw.Of({10U, 25U});
  config.wal_recovery_mode = draw.Any<WalRecoveryMode>(4);
}

void DrawTables(Draw& draw, DatabaseConfig& config) {
  config.block_size_bytes = draw.Of({kKiB, kKiB, 4 * kKiB, kKiB});
  config.value_chunk_bytes = std::min(config.block_size_bytes, draw.Of({kKiB, 2 * kKiB}));
  // Small blocks have small chunks alone: every block of eight shall have a larger one.
  if (config.block_size_bytes > kKiB) config.value_chunk_bytes = 2 * kKiB;
  config.compression = draw.Any<CompressionKind>(3);
  config.compression_bottom = draw.Any<CompressionKind>(3);
  config.compression_level = draw.Of({1, 1, 1, 5});
  config.filter_bits_per_key = draw.Of({10U, 0U, 4U, 10U});
  config.verify_output = draw.Slot() % 4 != 1;
  config.open_files_max = draw.Of({16U, 1000U});
}

void DrawCompaction(Draw& draw, DatabaseConfig& config) {
  config.compaction_strategy = draw.Any<CompactionStrategyKind>(4);
  config.table_size_bytes = draw.Of({16 * kKiB, 16 * kKiB, 16 * kKiB, 48 * kKiB});
  config.level0_run_trigger = draw.Of({1U, 5U, 2U, 3U});
  config.level_base_bytes =
      std::max<std::uint64_t>(config.table_size_bytes, draw.Of({16 * kKiB, 64 * kKiB}));
  config.level_size_ratio = draw.Of({2U, 4U});
  config.level_count_max = draw.Of({2U, 3U, 7U, 4U});
  config.tier_run_trigger = draw.Of({2U, 4U});
  config.space_amplification_max_percent = draw.Of({200U, 120U});
  // Three of eight drop nothing: size and age in all other combinations.
  const std::size_t fifo = draw.Slot();
  constexpr std::uint64_t kSmall = 40 * kKiB;
  config.fifo_size_limit_bytes = fifo < 3 ? std::uint64_t{1} << 30 : fifo < 6 ? kSmall : 0;
  config.fifo_age_limit_s = fifo < 5 ? 0 : 2;
  config.compaction_threads = draw.Of({1U, 2U});
  config.compaction_rate_limit_bytes_per_s = draw.Of({0U, 256 * kKiB});
  config.idle_compaction_delay_ms = draw.Of({0U, 250U});
}

}  // namespace

DatabaseConfig OptionsOf(std::uint64_t number) {
  Draw draw(number);
  DatabaseConfig config;
  DrawGeneral(draw, config);
  DrawLog(draw, config);
  DrawTables(draw, config);
  DrawCompaction(draw, config);
  const bool slows = draw.Coin();  // right behind the triggers, or never
  const std::uint32_t trigger = std::max(config.level0_run_trigger, config.tier_run_trigger);
  config.slowdown_run_count = slows ? trigger + 1 : 5000;
  config.stop_run_count = slows ? trigger + 3 : 10'000;
  config.disk_reserve_bytes = draw.Of({0U, 16 * kKiB});
  config.memory_limit_bytes = MemoryFloorBytes(config) + draw.Of({0U, 1024 * kKiB});
  return config;
}

DatabaseConfig ForCreation(DatabaseConfig config) {
  config.create_if_missing = true;
  return config;
}

DatabaseConfig ForExisting(DatabaseConfig config) {
  config.error_if_exists = false;
  return config;
}

void OptionsMet::Add(const DatabaseConfig& config) {
  std::size_t index = 0;
  for (const SettingRow& row : SettingRows()) values_[index++].insert(row.read(config));
}

std::vector<std::string> OptionsMet::Excluded() const {
  std::vector<std::string> excluded;
  std::size_t index = 0;
  for (const SettingRow& row : SettingRows()) {
    const std::size_t met = values_[index++].size();
    const bool is_enum = row.info.type == SettingType::kEnum;
    if (met < (is_enum ? row.info.choices.size() : 2)) excluded.emplace_back(row.info.name);
  }
  return excluded;
}

}  // namespace quiver::torture
