// DatabaseConfig: every setting of a database, as plain values with units in their names.
//
// One table (ConfigTable) describes each setting: its name, unit, range, default and one sentence.
// The TOML file, the flags of the command and docs/configuration.md are all made from that table.
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/error.h"

namespace quiver {

/// The in-memory structure that takes writes until they are flushed. See docs/memtables.md.
enum class MemtableKind : std::uint8_t {
  kSorted,
  kSkiplist,
  kTrie,
  kLinkedList,
  kHashLinkedList,
  kEnhancedSkiplist,
  kHashSkiplist,
  kVector,
};

/// When an acknowledged write is durable. In every mode it survives the death of the process.
enum class WalMode : std::uint8_t {
  kSync,   ///< durable before the acknowledgement; concurrent writers share one sync
  kBatch,  ///< a power cut loses at most wal_batch_bytes or wal_batch_interval_ms, always a suffix
  kAsync,  ///< a power cut loses the unsynced tail of the log, always a suffix
};

/// What recovery does with a damaged log (the names that RocksDB users know).
enum class WalRecoveryMode : std::uint8_t {
  kAbsolute,        ///< any damage, a torn tail included, refuses the open
  kPointInTime,     ///< a torn unsynced tail is cut and reported; damage before it refuses the open
  kTolerateTail,    ///< any damage in the newest segment cuts the log there and is reported
  kSkipAnyCorrupt,  ///< salvage: skips damaged frames and reports each
};

enum class CompactionStrategyKind : std::uint8_t { kLeveled, kTiered, kFifo, kLazyLeveling };

enum class CompressionKind : std::uint8_t { kNone, kLz4, kZstd };

/// What Database::Merge does to a value. See quiver/merge_operator.h.
enum class MergeOperatorKind : std::uint8_t {
  kNone,      ///< Merge is refused
  kAddInt64,  ///< adds 64-bit integers
  kAppend,    ///< appends the operand
  kCustom,    ///< the operator that the program passes to Open
};

/// The settings of a database. Defaults are those of the Balanced preset.
struct DatabaseConfig {
  // --- general
  bool create_if_missing = true;
  bool error_if_exists = false;
  bool store_settings = true;
  std::uint64_t memory_limit_bytes = std::uint64_t{512} << 20;
  MergeOperatorKind merge_operator = MergeOperatorKind::kNone;

  // --- memtable
  MemtableKind memtable_kind = MemtableKind::kEnhancedSkiplist;
  std::uint64_t memtable_size_bytes = std::uint64_t{64} << 20;
  std::uint32_t memtable_count_max = 3;
  std::uint32_t memtable_hash_buckets = 1U << 16;

  // --- write-ahead log
  WalMode wal_mode = WalMode::kSync;
  std::uint64_t wal_batch_bytes = std::uint64_t{1} << 20;
  std::uint32_t wal_batch_interval_ms = 50;
  WalRecoveryMode wal_recovery_mode = WalRecoveryMode::kPointInTime;

  // --- tables
  std::uint32_t key_width_bytes = 0;
  std::uint32_t value_width_bytes = 0;
  std::uint32_t block_size_bytes = 32U << 10;
  std::uint32_t value_chunk_bytes = 16U << 10;
  CompressionKind compression = CompressionKind::kNone;
  CompressionKind compression_bottom = CompressionKind::kZstd;
  std::int32_t compression_level = 1;
  std::uint32_t filter_bits_per_key = 10;
  bool verify_output = true;
  std::uint32_t open_files_max = 1000;

  // --- compaction
  CompactionStrategyKind compaction_strategy = CompactionStrategyKind::kLeveled;
  std::uint64_t table_size_bytes = std::uint64_t{64} << 20;
  std::uint32_t level0_run_trigger = 4;
  std::uint64_t level_base_bytes = std::uint64_t{256} << 20;
  std::uint32_t level_size_ratio = 10;
  std::uint32_t level_count_max = 7;
  std::uint32_t tier_run_trigger = 4;
  std::uint32_t space_amplification_max_percent = 200;
  std::uint64_t fifo_size_limit_bytes = std::uint64_t{1} << 30;
  std::uint64_t fifo_age_limit_s = 0;
  std::uint32_t compaction_threads = 1;
  std::uint64_t compaction_rate_limit_bytes_per_s = 0;
  std::uint32_t idle_compaction_delay_ms = 2000;

  // --- write control
  std::uint32_t slowdown_run_count = 12;
  std::uint32_t stop_run_count = 24;
  std::uint64_t disk_reserve_bytes = std::uint64_t{32} << 20;

  bool operator==(const DatabaseConfig&) const = default;
};

/// Default: enhanced_skiplist, sync log, leveled compaction.
DatabaseConfig Balanced();
/// Write-heavy work: hash_skiplist, async log, lazy leveling, large memtables.
DatabaseConfig HighPerformance();
/// Small machines: linked_list, batch log, tiny memtables and cache.
DatabaseConfig MemoryEfficient();

/// A preset by its name: "balanced", "high_performance" or "memory_efficient".
Result<DatabaseConfig> Preset(std::string_view name);
/// The names Preset() knows.
std::span<const std::string_view> PresetNames() noexcept;

enum class SettingType : std::uint8_t { kBool, kInteger, kSize, kEnum };

/// One row of the settings table.
struct SettingInfo {
  std::string_view name;   ///< field name, TOML key, and flag with dashes: memory_limit_bytes
  std::string_view group;  ///< "general", "memtable", "wal", "table", "compaction", "write"
  std::string_view flag;   ///< the short flag where one exists ("memory-limit"), else empty
  SettingType type;
  std::uint64_t minimum;                      ///< smallest value (integers and sizes)
  std::uint64_t maximum;                      ///< largest value
  std::span<const std::string_view> choices;  ///< names of an enum's values, in value order
  bool fixed_at_creation;                     ///< a change after creation is refused
  bool per_open;                              ///< about one open, so never stored
  bool per_keyspace;                          ///< each keyspace may have a value of its own
  std::string_view sentence;
};

/// All settings, in the order of DatabaseConfig's fields.
std::span<const SettingInfo> ConfigTable() noexcept;

/// The value of a setting as text: "true", "64MiB", "enhanced_skiplist".
/// kNotFound names the nearest setting.
Result<std::string> GetSetting(const DatabaseConfig& config, std::string_view name);
/// Parses and stores one setting ("64MiB", "67108864", "sync"). kNotFound or kInvalidArgument.
Result<void> SetSetting(DatabaseConfig& config, std::string_view name, std::string_view text);

/// One broken rule of a configuration.
struct ConfigViolation {
  std::string setting;     ///< the setting at fault
  std::string value;       ///< what it is
  std::string allowed;     ///< what it may be
  std::string suggestion;  ///< what to write instead

  std::string ToString() const;
};

/// Every broken rule at once: ranges first, then rules between settings. Empty when valid.
std::vector<ConfigViolation> ValidateConfig(const DatabaseConfig& config);

/// Parses TOML (`name = value`, optionally under [group] headers) over `base`. `source` names
/// the text in errors. Errors: kInvalidArgument listing every fault with its line.
Result<DatabaseConfig> ParseConfig(std::string_view toml, std::string_view source,
                                   const DatabaseConfig& base = {});
/// The configuration as TOML with each setting's sentence as a comment.
std::string FormatConfig(const DatabaseConfig& config);

std::string_view MemtableKindName(MemtableKind kind) noexcept;
std::string_view WalModeName(WalMode mode) noexcept;
std::string_view CompactionStrategyName(CompactionStrategyKind kind) noexcept;
std::string_view CompressionName(CompressionKind kind) noexcept;
std::string_view MergeOperatorName(MergeOperatorKind kind) noexcept;

}  // namespace quiver
