#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "config/config_faults.h"
#include "config/config_table.h"
#include "config/toml_document.h"
#include "quiver/config.h"
#include "testing/seed.h"

namespace quiver {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// The lines "source:N: ..." of the error of a text that must be refused.
std::vector<std::string> Faults(std::string_view toml) {
  const Result<DatabaseConfig> config = ParseConfig(toml, "q.toml");
  if (config.ok()) return {"accepted"};
  EXPECT_EQ(config.error().code(), ErrorCode::kInvalidArgument);
  std::vector<std::string> lines;
  std::string_view rest = config.error().message();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.starts_with("q.toml:")) lines.emplace_back(line);
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return lines;
}

TEST(ParseConfig, AnEmptyTextIsTheBase) {
  EXPECT_EQ(ParseConfig("", "q.toml").value(), DatabaseConfig{});
  EXPECT_EQ(ParseConfig("# nothing\n[wal]\n", "q.toml", MemoryEfficient()).value(),
            MemoryEfficient());
}

TEST(ParseConfig, SettingsStandAtTheTopOrUnderTheirGroup) {
  const DatabaseConfig config = ParseConfig(R"(
memory_limit_bytes = "1 GiB"
table.verify_output = false
compaction = { compaction_threads = 3 }

[memtable]
memtable_kind = "hash_skiplist"
memtable_size_bytes = 33_554_432
[wal]
wal_mode = 'async'   # a literal string
)",
                                            "q.toml")
                                    .value();
  DatabaseConfig expected;
  expected.memory_limit_bytes = 1024 * kMiB;
  expected.verify_output = false;
  expected.compaction_threads = 3;
  expected.memtable_kind = MemtableKind::kHashSkiplist;
  expected.memtable_size_bytes = 32 * kMiB;
  expected.wal_mode = WalMode::kAsync;
  EXPECT_EQ(config, expected);
}

TEST(ParseConfig, EveryFaultIsReportedWithItsLine) {
  EXPECT_EQ(Faults(R"(memtable_knd = "vector"
memtable_count_max = 1
wal_mode = "snyc"

[memtable]
wal_batch_bytes = "1MiB"
memtable_size_bytes = "64 potatoes"
[tabel]
)"),
            (std::vector<std::string>{
                "q.toml:1: unknown setting 'memtable_knd'; the nearest is 'memtable_kind'",
                "q.toml:2: memtable_count_max: 1 is out of range, allowed is 2 to 64",
                "q.toml:3: wal_mode: 'snyc' is not one of sync, batch or async; did you mean "
                "'sync'?",
                "q.toml:6: wal_batch_bytes stands under [memtable], it belongs under [wal] or at "
                "the top",
                "q.toml:7: memtable_size_bytes: '64 potatoes' has an unknown unit: a size is "
                "digits with a unit or none, such as 64MiB",
                "q.toml:8: unknown group 'tabel'; the nearest is 'table'"}));
}

TEST(ParseConfig, SyntaxFaultsDoNotHideTheRest) {
  const auto faults = Faults(R"(memtable_count_max = = 3
memtable_kind = "vector
wal_batch_interval_ms = 0
[memtable
memtable_hash_buckets = 1
)");
  ASSERT_EQ(faults.size(), 5U);
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const std::string start = "q.toml:" + std::to_string(i + 1) + ": ";
    EXPECT_TRUE(faults[i].starts_with(start)) << faults[i];
  }
}

TEST(ParseConfig, AnUnclosedStringIsOneFault) {
  EXPECT_EQ(Faults("wal_mode = \"\"\"sync\nmemtable_count_max = 1\n").size(), 1U);
}

TEST(ParseConfig, DuplicatesAreRefusedWhereverTheyStand) {
  const auto in_one_table = Faults("wal_mode = \"sync\"\nwal_mode = \"async\"\n");
  ASSERT_EQ(in_one_table.size(), 1U);
  EXPECT_TRUE(in_one_table[0].starts_with("q.toml:2: ")) << in_one_table[0];
  EXPECT_EQ(Faults("wal_mode = \"sync\"\n[wal]\nwal_mode = \"sync\"\n"),
            std::vector<std::string>{"q.toml:3: wal_mode was set on line 1 already"});
  EXPECT_EQ(Faults("[wal]\n[memtable]\n[wal]\n").size(), 1U);
}

TEST(ParseConfig, WrongTypesAreRefused) {
  const std::string_view cases[] = {"memtable_count_max = \"3\"",
                                    "memtable_count_max = 3.0",
                                    "memtable_count_max = nan",
                                    "memtable_count_max = -inf",
                                    "memtable_count_max = -3",
                                    "memtable_count_max = true",
                                    "memtable_count_max = [3]",
                                    "memtable_count_max = {a = 3}",
                                    "memtable_size_bytes = 1.5e7",
                                    "memtable_size_bytes = -1",
                                    "memtable_size_bytes = \"\"",
                                    "memtable_size_bytes = 2020-01-01",
                                    "create_if_missing = 1",
                                    "create_if_missing = \"true\"",
                                    "wal_mode = 1",
                                    "wal_mode = sync",
                                    "[wal_mode]\n",
                                    "[[wal]]\nwal_mode = \"sync\"",
                                    "[wal.wal_mode]\nx = 1",
                                    "memtable_size_bytes = 99999999999999999999",
                                    "memtable_count_max = 18446744073709551615"};
  for (const std::string_view toml : cases) {
    const auto faults = Faults(toml);
    ASSERT_EQ(faults.size(), 1U) << toml;
    EXPECT_TRUE(faults[0].starts_with("q.toml:1: ")) << toml << " gave " << faults[0];
  }
}

TEST(ParseConfig, ATypeFaultSaysWhatIsExpected) {
  EXPECT_EQ(Faults("memtable_count_max = \"3\""),
            std::vector<std::string>{"q.toml:1: memtable_count_max: is a string, expected a whole "
                                     "number without quotes"});
  EXPECT_EQ(Faults("memtable_size_bytes = 1.5"),
            std::vector<std::string>{
                "q.toml:1: memtable_size_bytes: is a number with a fraction or no number (nan, "
                "inf), expected a whole number or a size in quotes such as \"64MiB\""});
}

TEST(ParseConfig, TextThatIsNotPlainUtf8IsRefused) {
  EXPECT_EQ(Faults("\xEF\xBB\xBFwal_mode = \"sync\"").size(), 1U);
  EXPECT_EQ(Faults("# fine\n# b\xFF"
                   "d\n"),
            std::vector<std::string>{"q.toml:2: byte 10 of the text is not UTF-8"});
  EXPECT_EQ(Faults("\xFF\xFEw\0").size(), 1U);
  EXPECT_EQ(Faults(std::string("wal_mode = \"sync\"\0", 18)).size(), 1U);
}

// Each of these breaks an assertion of the library or reaches a place it holds unreachable.
TEST(ParseConfig, TextThatTheLibraryTakesForImpossibleIsAFault) {
  for (const std::string_view toml : {"\xD1\x80", "\xD1\x80 = 1", "x\xD2\x85 = 1", "[a.=", "a.= 1",
                                      "x = { a = 1, . }", "x = {,", "[.]", "[[.]]", "x.", "["}) {
    const auto faults = Faults(toml);
    ASSERT_FALSE(faults.empty()) << toml;
    EXPECT_TRUE(faults[0].starts_with("q.toml:1: ")) << toml << " gave " << faults[0];
  }
}

TEST(ParseConfig, CommentsMayBeInAnyLanguage) {
  EXPECT_EQ(ParseConfig("# \xD1\x80\xD0\xB0\nwal_mode = \"async\"  # gr\xC3\xBCn\n", "q.toml")
                .value()
                .wal_mode,
            WalMode::kAsync);
}

TEST(ParseConfig, ATextOverOneMebibyteIsRefused) {
  std::string toml = "wal_mode = \"async\"\n#";
  toml += std::string(kMiB - toml.size(), 'x');
  EXPECT_EQ(ParseConfig(toml, "q.toml").value().wal_mode, WalMode::kAsync);
  toml += 'x';
  EXPECT_EQ(Faults(toml),
            std::vector<std::string>{"q.toml:1: the text has 1048577 bytes, the most is 1MiB"});
}

TEST(ParseConfig, TablesThatNestTooDeeplyAreRefused) {
  std::string toml = "[a";
  for (int i = 0; i < 400'000; ++i) toml += ".a";
  EXPECT_EQ(Faults(toml + "]\n").size(), 1U);
  std::string arrays = "a = ";
  for (int i = 0; i < 400'000; ++i) arrays += "[";
  EXPECT_FALSE(ParseConfig(arrays, "q.toml").ok());
}

TEST(ParseConfig, DotsInCommentsDoNotCount) {
  EXPECT_TRUE(ParseConfig("# " + std::string(5000, '.') + "\n", "q.toml").ok());
}

TEST(ParseConfig, ATextOfNothingButFaultsIsGivenUpSoon) {
  std::string toml;
  for (int i = 0; toml.size() < kMiB - 20; ++i) toml += "k" + std::to_string(i) + "=1\n";
  EXPECT_EQ(Faults(toml).size(), ConfigFaults::kFaultsMax);
  std::string bad_syntax;
  while (bad_syntax.size() < 1000) bad_syntax += "= 1\n";
  EXPECT_EQ(Faults(bad_syntax).size(), kSyntaxFaultsMax);
}

TEST(ParseConfig, MessagesCarryNoControlBytesOfTheText) {
  for (const std::string& fault : Faults("\"evil\\u001b[31m\\nname\" = 1\n")) {
    for (const char c : fault) EXPECT_GE(static_cast<unsigned char>(c), 0x20U);
  }
}

TEST(ParseConfig, RandomEditsOfAGoodTextNeverCrash) {
  Random random(testing::TestSeed(7));
  const std::string good = FormatConfig(HighPerformance());
  for (int round = 0; round < 2000; ++round) {
    std::string toml = good;
    const std::uint64_t edits = 1 + random.Below(4);
    for (std::uint64_t i = 0; i < edits; ++i) {
      constexpr std::string_view kBytes = "=[]\"'.#\n{},1a\xFF\\-";
      const std::size_t at = random.Below(toml.size());
      if (random.OneIn(3)) {
        toml.erase(at, 1 + random.Below(20));
      } else {
        toml.insert(at, 1, kBytes[random.Below(kBytes.size())]);
      }
    }
    const Result<DatabaseConfig> config = ParseConfig(toml, "q.toml");
    if (config.ok()) continue;
    EXPECT_NE(config.error().message().find("q.toml:"), std::string::npos);
  }
}

TEST(FormatConfig, EveryPresetAndEveryExtremeRoundTrips) {
  std::vector<DatabaseConfig> configs{Balanced(), HighPerformance(), MemoryEfficient()};
  DatabaseConfig smallest;
  DatabaseConfig largest;
  for (const SettingRow& row : SettingRows()) {
    row.write(smallest, row.info.minimum);
    row.write(largest, row.info.maximum);
  }
  configs.push_back(smallest);
  configs.push_back(largest);
  for (const DatabaseConfig& config : configs) {
    const std::string toml = FormatConfig(config);
    const Result<DatabaseConfig> parsed = ParseConfig(toml, "q.toml", HighPerformance());
    ASSERT_TRUE(parsed.ok()) << parsed.error().ToString() << "\n" << toml;
    EXPECT_EQ(*parsed, config);
  }
}

TEST(FormatConfig, ExplainsEverySetting) {
  const std::string toml = FormatConfig(DatabaseConfig{});
  for (const SettingInfo& info : ConfigTable()) {
    EXPECT_NE(toml.find("# " + std::string(info.sentence) + "\n" + std::string(info.name) + " = "),
              std::string::npos)
        << info.name;
  }
  EXPECT_NE(toml.find("memtable_size_bytes = \"64MiB\"\n"), std::string::npos);
  EXPECT_NE(toml.find("create_if_missing = true\n"), std::string::npos);
}

}  // namespace
}  // namespace quiver
