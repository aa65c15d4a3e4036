#include "config/config_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "config/config_limits.h"

namespace quiver {
namespace {

// A value of the row's range other than the one in `config`.
std::uint64_t OtherValue(const SettingRow& row, const DatabaseConfig& config) {
  const std::uint64_t value = row.read(config);
  return value == row.info.maximum ? row.info.minimum : row.info.maximum;
}

TEST(ConfigTable, HasAtMostFortySettings) {
  EXPECT_LE(ConfigTable().size(), kSettingCountMax);
  EXPECT_EQ(ConfigTable().size(), SettingRows().size());
}

// With as many rows as fields (asserted at compile time), rows that are independent cover every
// field.
TEST(ConfigTable, EveryRowReachesAFieldOfItsOwn) {
  for (const SettingRow& row : SettingRows()) {
    DatabaseConfig config;
    const std::uint64_t other = OtherValue(row, config);
    row.write(config, other);
    EXPECT_EQ(row.read(config), other) << row.info.name;
    EXPECT_NE(config, DatabaseConfig{}) << row.info.name;
    for (const SettingRow& bystander : SettingRows()) {
      if (bystander.info.name == row.info.name) continue;
      EXPECT_EQ(bystander.read(config), bystander.read(DatabaseConfig{}))
          << row.info.name << " changed " << bystander.info.name;
    }
  }
}

TEST(ConfigTable, NamesGroupsAndFlagsAreWellFormed) {
  const std::set<std::string_view> groups{"general", "memtable",   "wal",
                                          "table",   "compaction", "write"};
  std::set<std::string_view> names;
  std::set<std::string> flags;
  std::set<std::string_view> groups_done;
  std::string_view group;
  for (const SettingInfo& info : ConfigTable()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name << " is twice in the table";
    EXPECT_TRUE(groups.count(info.group)) << info.group;
    if (info.group != group) {
      EXPECT_TRUE(groups_done.insert(info.group).second) << info.group << " is torn apart";
      group = info.group;
    }
    EXPECT_TRUE(std::all_of(info.name.begin(), info.name.end(), [](char c) {
      return std::islower(static_cast<unsigned char>(c)) || c == '_' || (c >= '0' && c <= '9');
    })) << info.name;
    EXPECT_TRUE(info.sentence.ends_with('.')) << info.name;
    EXPECT_EQ(info.sentence.find('|'), std::string_view::npos) << "breaks the table of the page";
    if (info.flag.empty()) continue;
    EXPECT_TRUE(flags.insert(std::string(info.flag)).second) << info.flag;
  }
  for (const SettingInfo& info : ConfigTable()) {
    std::string long_flag(info.name);
    std::replace(long_flag.begin(), long_flag.end(), '_', '-');
    EXPECT_TRUE(long_flag == info.flag || flags.count(long_flag) == 0) << long_flag << " means two";
  }
}

TEST(ConfigTable, TheCommonFlagsAreThere) {
  const std::pair<std::string_view, std::string_view> flags[] = {
      {"memtable_kind", "memtable"},
      {"wal_mode", "wal-mode"},
      {"compaction_strategy", "compaction"},
      {"compression", "compression"},
      {"memory_limit_bytes", "memory-limit"}};
  for (const auto& [name, flag] : flags) {
    const Result<const SettingRow*> row = FindSetting(name);
    ASSERT_TRUE(row.ok());
    EXPECT_EQ((*row)->info.flag, flag);
  }
}

TEST(ConfigTable, OnlyWhatTablesDependOnIsFixedAtCreation) {
  std::set<std::string_view> fixed;
  for (const SettingInfo& info : ConfigTable()) {
    if (info.fixed_at_creation) fixed.insert(info.name);
  }
  EXPECT_EQ(fixed,
            (std::set<std::string_view>{"key_width_bytes", "merge_operator", "value_width_bytes"}));
}

TEST(ConfigTable, WhatIsAboutOneOpenIsNotStored) {
  std::set<std::string_view> per_open;
  for (const SettingInfo& info : ConfigTable()) {
    if (info.per_open) per_open.insert(info.name);
  }
  EXPECT_EQ(per_open, (std::set<std::string_view>{"create_if_missing", "error_if_exists",
                                                  "store_settings", "wal_recovery_mode"}));
  DatabaseConfig config;
  config.error_if_exists = true;
  config.wal_recovery_mode = WalRecoveryMode::kSkipAnyCorrupt;
  config.memtable_count_max = 7;
  DatabaseConfig expected;
  expected.memtable_count_max = 7;
  EXPECT_EQ(StoredSettings(config), expected);
}

TEST(ConfigTable, TypesFollowTheFields) {
  const auto type_of = [](std::string_view name) { return (*FindSetting(name))->info.type; };
  EXPECT_EQ(type_of("create_if_missing"), SettingType::kBool);
  EXPECT_EQ(type_of("memtable_count_max"), SettingType::kInteger);
  EXPECT_EQ(type_of("memtable_size_bytes"), SettingType::kSize);
  EXPECT_EQ(type_of("compaction_rate_limit_bytes_per_s"), SettingType::kSize);
  EXPECT_EQ(type_of("fifo_age_limit_s"), SettingType::kInteger);
  EXPECT_EQ(type_of("wal_recovery_mode"), SettingType::kEnum);
}

TEST(Settings, EveryValueThatGetSettingPrintsIsTakenBack) {
  for (const SettingRow& row : SettingRows()) {
    for (const std::uint64_t value : {row.info.minimum, row.info.maximum}) {
      DatabaseConfig written;
      row.write(written, value);
      const Result<std::string> text = GetSetting(written, row.info.name);
      ASSERT_TRUE(text.ok());
      DatabaseConfig read;
      const Result<void> set = SetSetting(read, row.info.name, *text);
      ASSERT_TRUE(set.ok()) << set.error().ToString();
      EXPECT_EQ(read, written) << row.info.name << " = " << *text;
    }
  }
}

TEST(Settings, EveryNameOfAnEnumStandsForItsValue) {
  DatabaseConfig config;
  for (int kind = 0; kind <= static_cast<int>(MemtableKind::kVector); ++kind) {
    const auto expected = static_cast<MemtableKind>(kind);
    ASSERT_TRUE(SetSetting(config, "memtable_kind", MemtableKindName(expected)).ok());
    EXPECT_EQ(config.memtable_kind, expected);
  }
  EXPECT_EQ(WalModeName(WalMode::kBatch), "batch");
  EXPECT_EQ(CompactionStrategyName(CompactionStrategyKind::kLazyLeveling), "lazy_leveling");
  EXPECT_EQ(CompressionName(CompressionKind::kZstd), "zstd");
  EXPECT_EQ(MemtableKindName(static_cast<MemtableKind>(99)), "unknown");
}

TEST(Settings, ValuesLookAsPeopleWriteThem) {
  DatabaseConfig config;
  EXPECT_EQ(GetSetting(config, "create_if_missing").value(), "true");
  EXPECT_EQ(GetSetting(config, "memtable_size_bytes").value(), "64MiB");
  EXPECT_EQ(GetSetting(config, "memtable_kind").value(), "enhanced_skiplist");
  config.compression_level = -5;
  EXPECT_EQ(GetSetting(config, "compression_level").value(), "-5");
}

TEST(Settings, AnUnknownNameIsNotFoundAndTheNearestIsNamed) {
  DatabaseConfig config;
  for (const Error& error : {GetSetting(config, "memtable_knd").error(),
                             SetSetting(config, "memtable_knd", "vector").error()}) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_EQ(error.message(), "unknown setting 'memtable_knd'; the nearest is 'memtable_kind'");
  }
}

TEST(Settings, ABadValueChangesNothingAndNamesSettingAndRange) {
  DatabaseConfig config;
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"memtable_count_max", "1"},
      {"memtable_count_max", "65"},
      {"memtable_size_bytes", "1B"},
      {"memtable_size_bytes", "-1"},
      {"compression_level", "0"},
      {"compression_level", "-1"},
      {"create_if_missing", "1"},
      {"wal_mode", "SYNC"},
      {"wal_mode", ""},
      {"wal_batch_interval_ms", "0"},
      {"key_width_bytes", "65536"},
      {"level0_run_trigger", "4294967300"}};
  for (const auto& [name, text] : cases) {
    const Result<void> set = SetSetting(config, name, text);
    ASSERT_FALSE(set.ok()) << name << " = " << text;
    EXPECT_EQ(set.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_TRUE(set.error().message().starts_with(name)) << set.error().message();
  }
  EXPECT_EQ(config, DatabaseConfig{});
  EXPECT_EQ(SetSetting(config, "memtable_count_max", "1").error().message(),
            "memtable_count_max: 1 is out of range, allowed is 2 to 64");
  EXPECT_EQ(SetSetting(config, "wal_mode", "snyc").error().message(),
            "wal_mode: 'snyc' is not one of sync, batch or async; did you mean 'sync'?");
}

TEST(Limits, TheCacheTakesWhatTheMemoryLimitLeaves) {
  DatabaseConfig config;
  const std::uint64_t floor = MemoryFloorBytes(config);
  EXPECT_EQ(floor,
            3 * config.memtable_size_bytes + kBlockCacheFloorBytes + 2 * kCompactionBufferBytes);
  EXPECT_EQ(BlockCacheBytes(config, 0),
            config.memory_limit_bytes - (floor - kBlockCacheFloorBytes));
  EXPECT_EQ(BlockCacheBytes(config, 5 << 20), BlockCacheBytes(config, 0) - (5 << 20));
  EXPECT_EQ(BlockCacheBytes(config, config.memory_limit_bytes), kBlockCacheLeastBytes);
  EXPECT_EQ(BlockCacheBytes(config, ~std::uint64_t{0}), kBlockCacheLeastBytes);
  config.memory_limit_bytes = 1;
  EXPECT_EQ(BlockCacheBytes(config, 0), kBlockCacheLeastBytes);
  config.memtable_size_bytes = ~std::uint64_t{0};
  EXPECT_EQ(MemoryFloorBytes(config), ~std::uint64_t{0}) << "saturates";
}

}  // namespace
}  // namespace quiver
