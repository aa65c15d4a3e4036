#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "config/config_limits.h"
#include "config/config_table.h"
#include "quiver/config.h"

namespace quiver {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

std::vector<std::string> BrokenSettings(const DatabaseConfig& config) {
  std::vector<std::string> names;
  for (const ConfigViolation& violation : ValidateConfig(config))
    names.push_back(violation.setting);
  return names;
}

using Names = std::vector<std::string>;

TEST(Presets, AllAreValidAndFoundByName) {
  EXPECT_EQ(PresetNames().size(), 3U);
  for (const std::string_view name : PresetNames()) {
    const Result<DatabaseConfig> preset = Preset(name);
    ASSERT_TRUE(preset.ok());
    for (const ConfigViolation& violation : ValidateConfig(*preset)) {
      ADD_FAILURE() << name << ": " << violation.ToString();
    }
  }
  EXPECT_EQ(Preset("balanced").value(), Balanced());
  EXPECT_EQ(Preset("high_performance").value(), HighPerformance());
  EXPECT_EQ(Preset("memory_efficient").value(), MemoryEfficient());
}

TEST(Presets, AreWhatTheirNamesPromise) {
  EXPECT_EQ(Balanced(), DatabaseConfig{});
  EXPECT_EQ(Balanced().memtable_kind, MemtableKind::kEnhancedSkiplist);
  EXPECT_EQ(Balanced().wal_mode, WalMode::kSync);
  EXPECT_EQ(HighPerformance().memtable_kind, MemtableKind::kHashSkiplist);
  EXPECT_EQ(HighPerformance().wal_mode, WalMode::kAsync);
  EXPECT_EQ(HighPerformance().compaction_strategy, CompactionStrategyKind::kLazyLeveling);
  EXPECT_EQ(MemoryEfficient().memtable_kind, MemtableKind::kLinkedList);
  EXPECT_EQ(MemoryEfficient().wal_mode, WalMode::kBatch);
  EXPECT_LE(MemoryEfficient().memory_limit_bytes, 32 * kMiB);
}

TEST(Presets, AnUnknownNameIsNotFoundAndTheNearestIsNamed) {
  const Result<DatabaseConfig> preset = Preset("high-perfomance");
  ASSERT_FALSE(preset.ok());
  EXPECT_EQ(preset.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(preset.error().message().find("'high_performance'"), std::string::npos);
}

TEST(ValidateConfig, EveryOutOfRangeValueIsReportedAtOnce) {
  for (const SettingRow& row : SettingRows()) {
    if (row.info.type == SettingType::kBool) continue;
    if (row.info.minimum > 0) {
      DatabaseConfig config;
      row.write(config, row.info.minimum - 1);
      const Names broken = BrokenSettings(config);
      ASSERT_FALSE(broken.empty()) << row.info.name;
      EXPECT_EQ(broken.front(), row.info.name);
    }
    DatabaseConfig config;
    row.write(config, row.info.maximum + 1);
    ASSERT_EQ(row.read(config), row.info.maximum + 1) << row.info.name << " fits its field";
    const Names broken = BrokenSettings(config);
    ASSERT_FALSE(broken.empty()) << row.info.name;
    EXPECT_EQ(broken.front(), row.info.name);
  }
}

TEST(ValidateConfig, RangesComeBeforeRulesAndAllAreThere) {
  DatabaseConfig config;
  config.memtable_count_max = 1;
  config.compression_level = -3;
  config.memory_limit_bytes = 30 * kMiB;
  config.slowdown_run_count = 30;
  EXPECT_EQ(BrokenSettings(config), (Names{"memtable_count_max", "compression_level",
                                           "memory_limit_bytes", "slowdown_run_count"}));
}

TEST(ValidateConfig, AViolationSaysWhatIsWrongAndWhatToDo) {
  DatabaseConfig config;
  config.compression_level = -3;
  const auto violations = ValidateConfig(config);
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_EQ(violations[0].ToString(), "compression_level is -3, allowed is 1 to 19; try 1");
}

TEST(ValidateConfig, ExtremeValuesDoNotOverflowIntoValidity) {
  DatabaseConfig config;
  for (const SettingRow& row : SettingRows()) row.write(config, ~std::uint64_t{0});
  const Names broken = BrokenSettings(config);
  for (const SettingRow& row : SettingRows()) {
    if (row.info.type == SettingType::kBool) continue;
    EXPECT_EQ(std::count(broken.begin(), broken.end(), row.info.name) > 0, true) << row.info.name;
  }
}

// A rule: how to break it from the defaults, and which setting it then names.
struct RuleCase {
  const char* name;
  const char* setting;
  std::function<void(DatabaseConfig&)> break_rule;
};

class RuleTest : public ::testing::TestWithParam<RuleCase> {};

TEST_P(RuleTest, NamesItsSettingAndItsSuggestionRepairsIt) {
  DatabaseConfig config;
  GetParam().break_rule(config);
  const auto violations = ValidateConfig(config);
  ASSERT_EQ(violations.size(), 1U) << GetParam().name;
  EXPECT_EQ(violations[0].setting, GetParam().setting);
  EXPECT_EQ(violations[0].value, GetSetting(config, GetParam().setting).value());

  const std::string& suggestion = violations[0].suggestion;
  const std::string value = suggestion.substr(0, suggestion.find(','));
  const Result<void> set = SetSetting(config, GetParam().setting, value);
  ASSERT_TRUE(set.ok()) << set.error().ToString();
  EXPECT_EQ(BrokenSettings(config), Names{}) << violations[0].ToString();
}

INSTANTIATE_TEST_SUITE_P(
    All, RuleTest,
    ::testing::Values(
        RuleCase{"OpenFlags", "error_if_exists",
                 [](DatabaseConfig& c) {
                   c.create_if_missing = false;
                   c.error_if_exists = true;
                 }},
        RuleCase{"MemoryFloor", "memory_limit_bytes",
                 [](DatabaseConfig& c) { c.memory_limit_bytes = MemoryFloorBytes(c) - 1; }},
        RuleCase{"LinkedListSize", "memtable_size_bytes",
                 [](DatabaseConfig& c) {
                   c.memtable_kind = MemtableKind::kLinkedList;
                   c.memtable_size_bytes = 4 * kMiB + 1;
                 }},
        RuleCase{"BucketsPowerOfTwo", "memtable_hash_buckets",
                 [](DatabaseConfig& c) { c.memtable_hash_buckets = 65'535; }},
        RuleCase{"BucketShareOfSkiplist", "memtable_hash_buckets",
                 [](DatabaseConfig& c) {
                   c.memtable_kind = MemtableKind::kHashSkiplist;
                   c.memtable_size_bytes = 2 * kMiB;
                 }},
        RuleCase{"BucketShareOfLinkedList", "memtable_hash_buckets",
                 [](DatabaseConfig& c) {
                   c.memtable_kind = MemtableKind::kHashLinkedList;
                   c.memtable_size_bytes = 2 * kMiB;
                 }},
        RuleCase{"ChunkFitsBlock", "value_chunk_bytes",
                 [](DatabaseConfig& c) { c.value_chunk_bytes = c.block_size_bytes + 1; }},
        RuleCase{"ValueFitsBlock", "value_width_bytes",
                 [](DatabaseConfig& c) { c.value_width_bytes = c.block_size_bytes + 1; }},
        RuleCase{"BlockFitsTable", "table_size_bytes",
                 [](DatabaseConfig& c) { c.table_size_bytes = c.block_size_bytes - 1; }},
        RuleCase{"TableFitsLevel", "level_base_bytes",
                 [](DatabaseConfig& c) { c.level_base_bytes = c.table_size_bytes - 1; }},
        RuleCase{"SlowdownBeforeStop", "slowdown_run_count",
                 [](DatabaseConfig& c) { c.slowdown_run_count = c.stop_run_count; }},
        RuleCase{"SlowdownAfterTrigger", "slowdown_run_count",
                 [](DatabaseConfig& c) { c.slowdown_run_count = c.level0_run_trigger; }},
        RuleCase{"TieredSlowdownAfterTrigger", "slowdown_run_count",
                 [](DatabaseConfig& c) {
                   c.compaction_strategy = CompactionStrategyKind::kTiered;
                   c.tier_run_trigger = 6;
                   c.slowdown_run_count = 6;
                 }},
        RuleCase{"FifoNeedsALimit", "fifo_size_limit_bytes",
                 [](DatabaseConfig& c) {
                   c.compaction_strategy = CompactionStrategyKind::kFifo;
                   c.fifo_size_limit_bytes = 0;
                 }},
        RuleCase{"FifoHoldsAMemtable", "fifo_size_limit_bytes",
                 [](DatabaseConfig& c) {
                   c.compaction_strategy = CompactionStrategyKind::kFifo;
                   c.fifo_size_limit_bytes = c.memtable_size_bytes - 1;
                 }},
        RuleCase{"RateLimitIsUsable", "compaction_rate_limit_bytes_per_s",
                 [](DatabaseConfig& c) { c.compaction_rate_limit_bytes_per_s = 1; }}),
    [](const auto& rule) { return rule.param.name; });

TEST(ValidateConfig, StopAtTheTriggerIsReportedBesideTheSlowdown) {
  DatabaseConfig config;
  config.level0_run_trigger = 24;
  EXPECT_EQ(BrokenSettings(config), (Names{"slowdown_run_count", "stop_run_count"}));
}

TEST(ValidateConfig, ValuesAtTheBordersOfRulesAreAllowed) {
  DatabaseConfig config;
  config.memory_limit_bytes = MemoryFloorBytes(config);
  config.value_chunk_bytes = config.block_size_bytes;
  config.level_base_bytes = config.table_size_bytes;
  config.slowdown_run_count = config.level0_run_trigger + 1;
  config.stop_run_count = config.slowdown_run_count + 1;
  EXPECT_EQ(BrokenSettings(config), Names{});

  DatabaseConfig list = MemoryEfficient();
  list.memtable_size_bytes = kLinkedListSizeBytesMax;
  EXPECT_EQ(BrokenSettings(list), Names{});

  DatabaseConfig hash = HighPerformance();
  hash.memtable_hash_buckets = 1U << 20;
  EXPECT_EQ(BrokenSettings(hash), Names{}) << "8 MiB of 64";
  hash.memtable_hash_buckets = 1U << 21;
  EXPECT_EQ(BrokenSettings(hash), Names{"memtable_hash_buckets"}) << "a quarter is too much";
}

TEST(ValidateConfig, RulesOfOtherKindsDoNotApply) {
  DatabaseConfig fifo;
  fifo.compaction_strategy = CompactionStrategyKind::kFifo;
  fifo.fifo_size_limit_bytes = 0;
  fifo.fifo_age_limit_s = 60;
  fifo.level_base_bytes = 1 * kMiB;
  EXPECT_EQ(BrokenSettings(fifo), Names{});

  DatabaseConfig small_with_many_buckets;
  small_with_many_buckets.memtable_size_bytes = 64U << 10;
  EXPECT_EQ(BrokenSettings(small_with_many_buckets), Names{}) << "a skip list has no buckets";
}

}  // namespace
}  // namespace quiver
