// ValidateConfig: the range of every setting, then the rules between settings. All are tried, so
// that the caller can show everything that is wrong at once.
#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "base/check.h"
#include "base/coding.h"
#include "config/config_limits.h"
#include "config/config_table.h"
#include "config/setting_text.h"

namespace quiver {

namespace {

using Violations = std::vector<ConfigViolation>;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

void CheckRanges(const DatabaseConfig& config, Violations& violations) {
  const DatabaseConfig defaults;
  for (const SettingRow& row : SettingRows()) {
    const std::uint64_t value = row.read(config);
    if (InRange(row, value)) continue;
    std::uint64_t nearest = value < row.info.minimum ? row.info.minimum : row.info.maximum;
    if (row.info.type == SettingType::kEnum) nearest = row.read(defaults);
    if (row.is_signed && static_cast<std::int64_t>(value) < 0) nearest = row.info.minimum;
    violations.push_back({std::string(row.info.name), FormatValue(row, value),
                          FormatRange(row.info), FormatValue(row, nearest)});
  }
}

// Reports `name` as it stands in `config`.
void Report(const DatabaseConfig& config, std::string_view name, std::string allowed,
            std::string suggestion, Violations& violations) {
  const Result<std::string> value = GetSetting(config, name);
  QUIVER_CHECK(value.ok());
  violations.push_back({std::string(name), *value, std::move(allowed), std::move(suggestion)});
}

void CheckOpenFlags(const DatabaseConfig& config, Violations& violations) {
  if (config.create_if_missing || !config.error_if_exists) return;
  Report(config, "error_if_exists",
         "false while create_if_missing is false, or no open can succeed", "false", violations);
}

void CheckMemory(const DatabaseConfig& config, Violations& violations) {
  const std::uint64_t floor = MemoryFloorBytes(config);
  if (config.memory_limit_bytes >= floor) return;
  const bool representable = floor <= std::numeric_limits<std::uint64_t>::max() - kMiB;
  const std::string least = representable ? FormatSize(AlignUp(floor, kMiB)) : "more than 16EiB";
  Report(config, "memory_limit_bytes",
         "at least " + least +
             ": memtable_size_bytes times memtable_count_max, the block cache's least, and the "
             "buffers of compaction_threads",
         representable ? least : "smaller memtables", violations);
}

void CheckLinkedList(const DatabaseConfig& config, Violations& violations) {
  if (config.memtable_kind != MemtableKind::kLinkedList) return;
  if (config.memtable_size_bytes <= kLinkedListSizeBytesMax) return;
  const std::string most = FormatSize(kLinkedListSizeBytesMax);
  Report(config, "memtable_size_bytes",
         "at most " + most + " with memtable_kind linked_list, whose inserts slow down with size",
         most + ", or another memtable_kind", violations);
}

void CheckHashBuckets(const DatabaseConfig& config, Violations& violations) {
  const std::uint64_t buckets = config.memtable_hash_buckets;
  if (!std::has_single_bit(buckets)) {
    Report(config, "memtable_hash_buckets", "a power of two",
           std::to_string(std::bit_floor(std::max<std::uint64_t>(buckets, 1))), violations);
  }
  if (!HasHashBuckets(config.memtable_kind)) return;
  const std::uint64_t share_bytes = config.memtable_size_bytes / kHashBucketsShareMax;
  if (buckets * kHashBucketBytes < share_bytes) return;
  const std::uint64_t most =
      share_bytes > kHashBucketBytes ? (share_bytes - 1) / kHashBucketBytes : 1;
  Report(config, "memtable_hash_buckets",
         "less than a quarter of memtable_size_bytes at " + std::to_string(kHashBucketBytes) +
             " bytes each: at most " + std::to_string(most),
         std::to_string(std::bit_floor(most)), violations);
}

void CheckBlocks(const DatabaseConfig& config, Violations& violations) {
  const std::string block = FormatSize(config.block_size_bytes);
  if (config.value_chunk_bytes > config.block_size_bytes) {
    Report(config, "value_chunk_bytes", "at most block_size_bytes, " + block, block, violations);
  }
  if (config.value_width_bytes > config.block_size_bytes) {
    Report(config, "value_width_bytes",
           "at most block_size_bytes, " + block + "; wider values need no fixed width", "0",
           violations);
  }
  if (config.table_size_bytes < config.block_size_bytes) {
    Report(config, "table_size_bytes", "at least block_size_bytes, " + block, block, violations);
  }
}

void CheckLevels(const DatabaseConfig& config, Violations& violations) {
  if (config.compaction_strategy != CompactionStrategyKind::kLeveled) return;
  if (config.level_base_bytes >= config.table_size_bytes) return;
  const std::string table = FormatSize(config.table_size_bytes);
  Report(config, "level_base_bytes", "at least table_size_bytes, " + table, table, violations);
}

void CheckWriteControl(const DatabaseConfig& config, Violations& violations) {
  if (config.slowdown_run_count >= config.stop_run_count) {
    Report(config, "slowdown_run_count",
           "less than stop_run_count, " + std::to_string(config.stop_run_count),
           std::to_string(std::max(config.stop_run_count / 2, 2U)), violations);
  }
  const bool tiered = config.compaction_strategy == CompactionStrategyKind::kTiered ||
                      config.compaction_strategy == CompactionStrategyKind::kLazyLeveling;
  const std::string_view trigger_name = tiered ? "tier_run_trigger" : "level0_run_trigger";
  const std::uint32_t trigger = tiered ? config.tier_run_trigger : config.level0_run_trigger;
  const std::string more_than =
      "more than " + std::string(trigger_name) + ", " + std::to_string(trigger);
  if (config.slowdown_run_count <= trigger) {
    Report(config, "slowdown_run_count", more_than + ", or writes are slowed before a merge is due",
           std::to_string(std::uint64_t{trigger} * 3), violations);
  }
  if (config.stop_run_count <= trigger) {
    Report(config, "stop_run_count", more_than + ", or writes stop before a merge is due",
           std::to_string(std::uint64_t{trigger} * 6), violations);
  }
}

void CheckFifo(const DatabaseConfig& config, Violations& violations) {
  if (config.compaction_strategy != CompactionStrategyKind::kFifo) return;
  if (config.fifo_size_limit_bytes == 0 && config.fifo_age_limit_s == 0) {
    Report(config, "fifo_size_limit_bytes",
           "not 0 while fifo_age_limit_s is 0: compaction_strategy fifo needs a limit", "1GiB",
           violations);
  }
  if (config.fifo_size_limit_bytes != 0 &&
      config.fifo_size_limit_bytes < config.memtable_size_bytes) {
    const std::string memtable = FormatSize(config.memtable_size_bytes);
    Report(config, "fifo_size_limit_bytes",
           "0 or at least memtable_size_bytes, " + memtable + ", or a flush drops its own table",
           memtable, violations);
  }
}

void CheckRateLimit(const DatabaseConfig& config, Violations& violations) {
  const std::uint64_t rate = config.compaction_rate_limit_bytes_per_s;
  if (rate == 0 || rate >= kRateLimitFloorBytesPerS) return;
  const std::string least = FormatSize(kRateLimitFloorBytesPerS);
  Report(config, "compaction_rate_limit_bytes_per_s", "0 or at least " + least, least, violations);
}

void CheckMergeOperator(const DatabaseConfig& config, Violations& violations) {
  const std::uint32_t width = config.value_width_bytes;
  if (config.merge_operator == MergeOperatorKind::kNone || width == 0) return;
  if (config.merge_operator == MergeOperatorKind::kAddInt64) {
    if (width == sizeof(std::int64_t)) return;
    Report(config, "value_width_bytes", "0 or 8 with merge_operator add_int64", "8", violations);
    return;
  }
  Report(config, "value_width_bytes", "0 with a merge_operator that makes values of any length",
         "0", violations);
}

using Rule = void (*)(const DatabaseConfig&, Violations&);
constexpr std::array<Rule, 10> kRules{
    CheckOpenFlags, CheckMemory,       CheckLinkedList, CheckHashBuckets, CheckBlocks,
    CheckLevels,    CheckWriteControl, CheckFifo,       CheckRateLimit,   CheckMergeOperator};

}  // namespace

std::string ConfigViolation::ToString() const {
  return setting + " is " + value + ", allowed is " + allowed + "; try " + suggestion;
}

std::vector<ConfigViolation> ValidateConfig(const DatabaseConfig& config) {
  Violations violations;
  CheckRanges(config, violations);
  for (const Rule rule : kRules) rule(config, violations);
  return violations;
}

}  // namespace quiver
