// The driver's own arithmetic: what is drawn, counted, compared and written.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "driver/child.h"
#include "driver/dataset.h"
#include "driver/journal.h"
#include "driver/machine.h"
#include "driver/plan.h"
#include "driver/results.h"
#include "driver/statistics.h"
#include "driver/targets.h"
#include "driver/zipfian.h"
#include "limits/row_limits.h"
#include "rows/group.h"

namespace quiver::bench {
namespace {

// --- what is drawn

TEST(ZipfianTest, ProbabilitiesSumUpToOneBeyondTheTermsThatAreSummedExactly) {
  constexpr std::uint64_t kCount = 400'000;
  const Zipfian zipfian(kCount);
  double sum = 0;
  for (std::uint64_t rank = 0; rank < kCount; ++rank) sum += zipfian.Probability(rank);
  EXPECT_NEAR(sum, 1, 1e-9);
}

TEST(ZipfianTest, DrawsFollowTheLaw) {
  constexpr std::uint64_t kCount = 10'000;
  constexpr std::uint64_t kDraws = 2'000'000;
  const Zipfian law(kCount);
  std::vector<double> drawn(kCount, 0);
  for (const std::uint32_t rank : ZipfianRanks(kCount, kDraws, 1)) drawn.at(rank) += 1.0 / kDraws;
  // The method is exact for the first two ranks and a few percent off for others.
  EXPECT_NEAR(drawn[0] / law.Probability(0), 1, 0.01);
  EXPECT_NEAR(drawn[1] / law.Probability(1), 1, 0.02);
  for (std::uint64_t first = 10; first < kCount; first *= 10) {
    double expected = 0;
    double found = 0;
    for (std::uint64_t rank = first; rank < first * 10; ++rank) {
      expected += law.Probability(rank);
      found += drawn[rank];
    }
    EXPECT_NEAR(found / expected, 1, 0.03) << "ranks from " << first;
  }
}

TEST(ZipfianTest, SameStreamSameDrawsAndOtherStreamOthers) {
  EXPECT_EQ(ZipfianRanks(1000, 500, 3), ZipfianRanks(1000, 500, 3));
  EXPECT_NE(ZipfianRanks(1000, 500, 3), ZipfianRanks(1000, 500, 4));
}

TEST(ZipfianTest, SmallCountsStayBelowTheCount) {
  for (std::uint64_t count = 1; count < 5; ++count) {
    for (const std::uint32_t rank : ZipfianRanks(count, 10'000, 9)) ASSERT_LT(rank, count);
  }
}

TEST(ZipfianTest, ScramblingSpreadsHotRanksOverAllNumbers) {
  constexpr std::uint64_t kCount = 1'000'000;
  std::set<std::uint64_t> tenths;
  for (std::uint64_t rank = 0; rank < 100; ++rank) {
    const std::uint64_t number = Scrambled(rank, kCount);
    ASSERT_LT(number, kCount);
    tenths.insert(number * 10 / kCount);
  }
  EXPECT_EQ(tenths.size(), 10U);
}

TEST(DatasetTest, KeysAreUniqueOfOneLengthAndSequentialOnesInOrder) {
  for (const std::string& name : DatasetNames()) {
    const auto dataset = DatasetNamed(name, 0.001);
    ASSERT_TRUE(dataset) << name;
    KeyBuffer keys(*dataset);
    std::set<std::string> random;
    std::string last;
    for (std::uint64_t i = 0; i < 1000; ++i) {
      random.insert(std::string(keys.Random(i)));
      const std::string next(keys.Sequential(i * 0x0123456789abULL));
      ASSERT_EQ(next.size(), dataset->key_bytes) << name;
      ASSERT_LT(last, next) << name;
      last = next;
    }
    EXPECT_EQ(random.size(), 1000U) << name;
  }
}

TEST(DatasetTest, SharedPrefixKeysDifferOnlyInTenantAndDigits) {
  const auto dataset = DatasetNamed("S-prefix", 0.001);
  KeyBuffer keys(*dataset);
  EXPECT_EQ(keys.Sequential(0).substr(0, 48), "tenant/0000/region/eu-central/orders/2026/11/id/");
  EXPECT_EQ(keys.Sequential(~std::uint64_t{0}),
            "tenant/0031/region/eu-central/orders/2026/11/id/ffffffffffffffff");
}

TEST(DatasetTest, AValueTellsItsOwnerAndIsHalfCompressible) {
  const auto dataset = DatasetNamed("S", 0.001);
  ValueBuffer values(*dataset);
  const std::string value(values.Of(41));
  EXPECT_TRUE(BelongsTo(value, *dataset, 41));
  EXPECT_FALSE(BelongsTo(value, *dataset, 42));
  EXPECT_FALSE(BelongsTo(value.substr(1), *dataset, 41));
  EXPECT_EQ(value.substr(8, 42), value.substr(58, 42));
  EXPECT_EQ(std::set<char>(value.begin(), value.begin() + 50).size() > 30, true);
}

TEST(DatasetTest, ScaleChangesEntriesAndMemory) {
  const auto whole = DatasetNamed("L", 1);
  const auto half = DatasetNamed("L", 0.5);
  EXPECT_EQ(whole->entries, 20'000'000U);
  EXPECT_EQ(half->entries, 10'000'000U);
  EXPECT_EQ(half->memory_limit_bytes * 2, whole->memory_limit_bytes);
  EXPECT_FALSE(DatasetNamed("none", 1));
}

// --- what is counted

TEST(StatisticsTest, SpreadOfOddAndEvenNumbers) {
  EXPECT_EQ(SpreadOf({3, 1, 2}).median, 2);
  const Spread spread = SpreadOf({4, 1, 3, 2});
  EXPECT_EQ(spread.median, 2.5);
  EXPECT_EQ(spread.min, 1);
  EXPECT_EQ(spread.max, 4);
}

TEST(StatisticsTest, QuantilesAreWithinASixteenthOfTheExactOnes) {
  LatencyHistogram histogram;
  std::vector<std::uint64_t> values;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    values.push_back(RandomBelow(1, i, std::uint64_t{1} << (1 + i % 40)));
    histogram.Add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.01, 0.5, 0.9, 0.99, 0.9999, 1.0}) {
    const auto place = static_cast<std::size_t>(std::ceil(share * 20'000)) - 1;
    const std::uint64_t exact = values[place];
    EXPECT_GE(histogram.Quantile(share), exact) << share;
    EXPECT_LE(histogram.Quantile(share), exact + exact / 16 + 1) << share;
  }
  EXPECT_EQ(histogram.Quantile(1), values.back());
  EXPECT_EQ(LatencyHistogram().Quantile(0.5), 0U);
}

TEST(StatisticsTest, MergedHistogramsCountTheSamplesOfBoth) {
  LatencyHistogram low, high;
  for (std::uint64_t i = 0; i < 99; ++i) low.Add(10);
  high.Add(~std::uint64_t{0});
  low.Merge(high);
  EXPECT_EQ(low.count(), 100U);
  EXPECT_EQ(low.Quantile(0.99), 10U);
  EXPECT_EQ(low.Quantile(1), ~std::uint64_t{0});
}

TEST(MachineTest, TimeOfOthersIsWhatNeitherTheChildNorTheKernelTook) {
  const MachineTimes before{.wall_s = 100, .busy_s = 50, .stolen_s = 1, .own_s = 5, .kernel_s = 2};
  MachineTimes after{.wall_s = 110, .busy_s = 62, .stolen_s = 1, .own_s = 14, .kernel_s = 4.5};
  const Disturbance quiet = DisturbanceBetween(before, after, 0.1);
  EXPECT_NEAR(quiet.others_share, 0.05, 1e-9);
  EXPECT_FALSE(quiet.disturbed);
  after.busy_s += 1;
  EXPECT_TRUE(DisturbanceBetween(before, after, 0.1).disturbed);
  after.busy_s -= 1;
  after.stolen_s = 3;
  EXPECT_TRUE(DisturbanceBetween(before, after, 0.1).disturbed);
}

TEST(MachineTest, ASpinningProcessSeesItsOwnTime) {
  const MachineTimes before = ReadMachineTimes();
  volatile std::uint64_t count = 0;
  while (ReadMachineTimes().own_s - before.own_s < 0.1) count = count + 1;
  const MachineTimes after = ReadMachineTimes();
  EXPECT_GT(after.busy_s - before.busy_s, 0.05);
  EXPECT_GE(after.wall_s - before.wall_s, 0.1);
  EXPECT_GT(OwnMemoryBytes(), 0U);
}

// --- what a child says

TEST(ChildTest, LinesOfAChildAreUnderstoodOrRefused) {
  ChildOutcome outcome;
  EXPECT_TRUE(ParseChildLine(R"({"row":"get_hit_t1","value":2.5,"unit":"1/s"})", outcome));
  EXPECT_TRUE(ParseChildLine(R"({"skipped":"memtable_get: no memtable"})", outcome));
  ASSERT_EQ(outcome.measurements.size(), 1U);
  EXPECT_EQ(outcome.measurements[0].row, "get_hit_t1");
  EXPECT_EQ(outcome.measurements[0].value, 2.5);
  EXPECT_EQ(outcome.measurements[0].unit, Unit::kPerSecond);
  EXPECT_EQ(outcome.skipped.size(), 1U);
  for (const char* line : {"", "noise", "{}", R"({"row":"x","value":1})", R"({"skipped":3})",
                           R"({"row":"x","value":"1","unit":"1/s"})",
                           R"({"row":"x","value":1,"unit":"furlongs"})", "{\"row\":\"x\""}) {
    EXPECT_FALSE(ParseChildLine(line, outcome)) << line;
  }
}

// --- what is kept of a run that was cut

ChildOutcome OutcomeOf(std::vector<Measurement> measurements, bool disturbed = false) {
  ChildOutcome outcome;
  outcome.measurements = std::move(measurements);
  outcome.disturbance.disturbed = disturbed;
  return outcome;
}

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove(path_); }
  void TearDown() override { std::filesystem::remove(path_); }
  void Append(const std::string& text) const { std::ofstream(path_, std::ios::app) << text; }

  const std::filesystem::path path_ =
      std::filesystem::path(::testing::TempDir()) / "quiver-journal-test";
  const Journal::Identity identity_{{"commit", "abc"}, {"plan", "full"}};
};

TEST_F(JournalTest, ALaterCallFindsWhatAnEarlierOneMeasured) {
  ChildOutcome measured = OutcomeOf({{"get", Unit::kPerSecond, 2.5}}, true);
  measured.skipped = {"scan: no"};
  measured.seconds = 3;
  ChildOutcome failed = OutcomeOf({{"get", Unit::kPerSecond, 1}});
  failed.error = "ended by signal 9";
  {
    auto journal = Journal::Open(path_, identity_);
    ASSERT_TRUE(journal) << journal.error().ToString();
    ASSERT_TRUE(journal->Add("a", measured));
    ASSERT_TRUE(journal->Add("b", failed));
  }
  auto journal = Journal::Open(path_, identity_);
  ASSERT_TRUE(journal) << journal.error().ToString();
  const auto found = journal->Find("a");
  ASSERT_TRUE(found);
  ASSERT_EQ(found->measurements.size(), 1U);
  EXPECT_EQ(found->measurements[0].row, "get");
  EXPECT_EQ(found->measurements[0].unit, Unit::kPerSecond);
  EXPECT_EQ(found->measurements[0].value, 2.5);
  EXPECT_EQ(found->skipped, measured.skipped);
  EXPECT_EQ(found->seconds, 3);
  EXPECT_TRUE(found->disturbance.disturbed);
  EXPECT_FALSE(journal->Find("b")) << "a child that failed runs again";
  journal->Remove();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(JournalTest, ATornLastLineIsDroppedAndTheNextOneStandsAlone) {
  ASSERT_TRUE(Journal::Open(path_, identity_));
  Append("{\"child\":\"a\",\"outco");
  {
    auto journal = Journal::Open(path_, identity_);
    ASSERT_TRUE(journal) << journal.error().ToString();
    EXPECT_FALSE(journal->Find("a"));
    ASSERT_TRUE(journal->Add("a", OutcomeOf({})));
  }
  const auto journal = Journal::Open(path_, identity_);
  ASSERT_TRUE(journal) << journal.error().ToString();
  EXPECT_TRUE(journal->Find("a"));
}

TEST_F(JournalTest, AJournalOfAnotherRunAndAFileThatIsNoneAreRefused) {
  ASSERT_TRUE(Journal::Open(path_, identity_));
  const auto other = Journal::Open(path_, {{"commit", "def"}, {"plan", "full"}});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(other.error().ToString().find("commit is 'abc', not 'def'"), std::string::npos);
  Append("{\"child\":\"a\",\"outcome\":{\"rows\":7}}\n");
  EXPECT_FALSE(Journal::Open(path_, identity_));
}

// --- what is compared and written

class ResultsTest : public ::testing::Test {
 protected:
  static Results Make(std::vector<Target> targets) {
    std::vector<EngineFacts> engines{
        {.name = "quiver", .kind = "quiver", .title = "Quiver", .version = "1"},
        {.name = "rocksdb",
         .kind = "rocksdb",
         .title = "RocksDB",
         .version = "7",
         .assertions = true},
        {.name = "rocksdb+thp", .kind = "rocksdb", .title = "RocksDB+", .version = "7"},
        {.name = "lmdb", .kind = "lmdb", .title = "LMDB", .version = "0.9"}};
    return {std::move(engines), std::move(targets),
            [](std::string_view row, std::string_view) -> std::optional<double> {
              if (row == "get") return 1000.0;
              if (row == "reopen") return 50.0;
              return std::nullopt;
            }};
  }

  static nlohmann::json Entry(const nlohmann::json& list, const std::string& row,
                              const std::string& kind_or_engine) {
    for (const auto& entry : list) {
      if (entry["row"] != row) continue;
      if (entry.contains("engine") && entry["engine"] != kind_or_engine) continue;
      if (entry.contains("kind") && entry["kind"] != kind_or_engine) continue;
      return entry;
    }
    return nullptr;
  }
};

TEST_F(ResultsTest, MediansAreOfQuietRunsAndTheBestRowOfAPeerCounts) {
  Results results = Make({{.row = "get", .dataset = "S", .floor = 1.5, .goal = 3}});
  for (const double value : {400.0, 500.0, 600.0}) {
    results.Add("S", "quiver", OutcomeOf({{"get", Unit::kPerSecond, value}}));
  }
  results.Add("S", "quiver", OutcomeOf({{"get", Unit::kPerSecond, 9000}}, true));
  results.Add("S", "rocksdb", OutcomeOf({{"get", Unit::kPerSecond, 100}}));
  results.Add("S", "rocksdb+thp", OutcomeOf({{"get", Unit::kPerSecond, 250}}));
  results.Add("S", "lmdb", OutcomeOf({{"get", Unit::kPerSecond, 200}}, true));
  const auto json = nlohmann::json::parse(results.ToJson());
  const auto row = Entry(json["rows"], "get", "quiver");
  EXPECT_EQ(row["median"], 500);
  EXPECT_EQ(row["min"], 400);
  EXPECT_EQ(row["max"], 600);
  EXPECT_EQ(row["limit"], 1000);
  EXPECT_EQ(row["efficiency"], 0.5);
  EXPECT_EQ(row["disturbed"], false);
  EXPECT_EQ(row["unit"], "1/s");
  EXPECT_EQ(row["version"], "1");
  EXPECT_EQ(Entry(json["rows"], "get", "lmdb")["disturbed"], true);
  EXPECT_EQ(Entry(json["rows"], "get", "rocksdb")["assertions"], true);
  const auto ratio = Entry(json["ratios"], "get", "ratio");
  EXPECT_EQ(ratio["best_peer"], "rocksdb+thp");
  EXPECT_EQ(ratio["ratio"], 2);
  EXPECT_EQ(ratio["floor"], 1.5);
  EXPECT_EQ(ratio["goal"], 3);
  EXPECT_EQ(ratio["verdict"], "floor");
  EXPECT_EQ(json["runs"]["disturbed"], 2);
}

TEST_F(ResultsTest, WhereLessIsBetterTheRatioTurnsRound) {
  Results results = Make(
      {{.row = "reopen", .dataset = "S", .kind = TargetKind::kValueMost, .floor = 300, .goal = 150},
       {.row = "size",
        .dataset = "S",
        .kind = TargetKind::kRatioMost,
        .against = "rocksdb",
        .floor = 1.15,
        .goal = 1.0}});
  results.Add("S", "quiver",
              OutcomeOf({{"reopen", Unit::kMilliseconds, 100}, {"size", Unit::kMebibytes, 110}}));
  results.Add("S", "rocksdb",
              OutcomeOf({{"reopen", Unit::kMilliseconds, 400}, {"size", Unit::kMebibytes, 100}}));
  results.Add("S", "lmdb",
              OutcomeOf({{"reopen", Unit::kMilliseconds, 1}, {"size", Unit::kMebibytes, 50}}));
  const auto json = nlohmann::json::parse(results.ToJson());
  const auto reopen = Entry(json["ratios"], "reopen", "value_most");
  EXPECT_EQ(reopen["value"], 100);
  EXPECT_EQ(reopen["ratio"], 0.01);
  EXPECT_EQ(reopen["best_peer"], "lmdb");
  EXPECT_EQ(reopen["verdict"], "goal");
  EXPECT_EQ(Entry(json["rows"], "reopen", "quiver")["efficiency"], 0.5);
  const auto size = Entry(json["ratios"], "size", "ratio_most");
  EXPECT_EQ(size["best_peer"], "rocksdb");
  EXPECT_NEAR(size["value"].get<double>(), 1.1, 1e-9);
  EXPECT_EQ(size["verdict"], "floor");
}

TEST_F(ResultsTest, RowsWithoutPeerOrTargetAreWrittenWithoutRatioOrBounds) {
  Results results = Make({});
  results.Add("S", "quiver", OutcomeOf({{"alone", Unit::kFactor, 2}, {"both", Unit::kFactor, 2}}));
  results.Add("S", "lmdb", OutcomeOf({{"both", Unit::kFactor, 4}}));
  results.Add("S", "quiver", OutcomeOf({{"nothing", Unit::kFactor, 3}}));
  results.Add("S", "lmdb", OutcomeOf({{"nothing", Unit::kFactor, 0}}));
  results.Failed("a run \"with quotes\"");
  const auto json = nlohmann::json::parse(results.ToJson());
  EXPECT_TRUE(Entry(json["ratios"], "alone", "ratio").is_null());
  EXPECT_EQ(Entry(json["ratios"], "nothing", "ratio")["ratio"], 0);
  EXPECT_EQ(Entry(json["ratios"], "both", "ratio")["ratio"], 2);
  EXPECT_TRUE(Entry(json["ratios"], "both", "ratio")["floor"].is_null());
  EXPECT_TRUE(Entry(json["rows"], "alone", "quiver")["limit"].is_null());
  EXPECT_TRUE(results.failed());
  EXPECT_NE(results.ToTables().find("FAILED: a run \"with quotes\""), std::string::npos);
}

TEST(ShortTest, ThreeDigitsAndAUnit) {
  EXPECT_EQ(Short(0), "0.00");
  EXPECT_EQ(Short(7.891), "7.89");
  EXPECT_EQ(Short(456'000), "456 k");
  EXPECT_EQ(Short(1'234'567), "1.23 M");
  EXPECT_EQ(Short(999.6), "1.00 k");
}

TEST(TargetsTest, TheFileOfTheSourceTreeIsRead) {
  const auto targets = LoadTargets("");
  ASSERT_TRUE(targets) << targets.error().ToString();
  EXPECT_GE(targets->size(), 35U);
}

TEST(TargetsTest, FaultyEntriesAreRefusedByNumber) {
  EXPECT_FALSE(ParseTargets("[]"));
  for (const char* entry : {R"({"row":"a","dataset":"S","kind":"best","floor":1})",
                            R"({"row":"a","kind":"ratio","floor":1})",
                            R"({"row":"a","dataset":"S","kind":"ratio"})", "3"}) {
    const auto targets = ParseTargets(std::string("{\"targets\":[") + entry + "]}");
    ASSERT_FALSE(targets) << entry;
    EXPECT_NE(targets.error().message().find("entry 0"), std::string::npos);
  }
}

// --- what is timed

TEST(TimedTest, ThreadsShareACountWithoutOverlap) {
  std::array<std::atomic<int>, 100> seen{};
  const Timed timed = RunCount(
      3, seen.size(), [&](unsigned) { return [&](std::uint64_t i) { seen.at(i).fetch_add(1); }; });
  EXPECT_EQ(timed.operations, seen.size());
  for (const auto& times : seen) EXPECT_EQ(times.load(), 1);
}

TEST(TimedTest, ARunLastsAsLongAsAskedAndItsRateIsThatOfItsThreads) {
  constexpr auto kPause = std::chrono::milliseconds(1);
  const Timed timed = RunFor(2, 0.05, [&](unsigned) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));  // making it is not timed
    return [&](std::uint64_t) { std::this_thread::sleep_for(kPause); };
  });
  EXPECT_GE(timed.seconds, 0.05);
  EXPECT_GE(timed.operations, 2 * kOperationsPerClock);
  EXPECT_LE(timed.rate(), 2000);
}

// --- what is planned

TEST(PlanTest, KeptReadsKeepTheirLoadAndNothingElse) {
  auto plan = PlanNamed("full");
  ASSERT_TRUE(plan);
  KeepOnly(*plan, {"S"}, {"ycsb"});
  ASSERT_EQ(plan->sections.size(), 1U);
  ASSERT_EQ(plan->sections[0].steps.size(), 2U);
  EXPECT_EQ(plan->sections[0].steps[0].group, "load");
  EXPECT_EQ(plan->sections[0].steps[1].group, "ycsb");
  EXPECT_FALSE(PlanNamed("huge"));
}

TEST(PlanTest, EveryReadOfALoadComesAfterIt) {
  for (const char* name : {"smoke", "full", "growth", "memtables", "strategies"}) {
    const auto plan = PlanNamed(name);
    ASSERT_TRUE(plan);
    for (const Section& section : plan->sections) {
      bool loaded = false;
      for (const Step& step : section.steps) {
        EXPECT_TRUE(DatasetNamed(step.dataset, 1)) << step.dataset;
        loaded |= step.store == Store::kLoad;
        EXPECT_TRUE(loaded || step.store != Store::kLoaded) << section.name << " " << step.group;
      }
    }
  }
}

// --- limits

TEST(RowLimitTest, ConstantsOfTheReferenceMachineGiveTheLimitsOfTheDesign) {
  MachineConstants constants;
  constants.processors = 2;
  constants.memory_load_ns = 165;
  constants.memory_load_overlap_ns = 33;
  constants.copy_ns_per_byte = 0.07;
  constants.read_ns_per_byte = 0.031;
  constants.crc_ns_per_byte = 0.103;
  constants.write_ns_per_byte = 0.24;
  constants.sync_grow_us = 115;
  constants.sync_overwrite_us = 95;
  constants.sync_direct_us = 75;
  constants.disk_write_ns_per_byte = 0.2;
  constants.disk_read_ns_per_byte = 0.7;
  constants.disk_read_us = 45;
  const Dataset small = *DatasetNamed("S", 1);
  const auto between = [&](std::string_view row, double low, double high) {
    const auto limit = RowLimit(row, small, constants);
    ASSERT_TRUE(limit) << row;
    EXPECT_GE(*limit, low) << row;
    EXPECT_LE(*limit, high) << row;
  };
  between("fillrandom_t2", 1.5e6, 2.7e6);
  between("sync_put_t1", 13'000, 16'500);
  between("sync_put_t8", 94'000, 110'000);
  between("get_hit_t1", 1e9 / 530, 1e9 / 370);
  between("multiget32", 1e9 / 150, 1e9 / 130);
  between("scan_forward", 1e9 / 12, 1e9 / 3.6);
  between("compaction", 1e9 / 120, 1e9 / 70);
  between("reopen", 100, 180);
  EXPECT_NEAR(*RowLimit("get_hit_t1", *DatasetNamed("L", 1), constants), 1e6 / 45, 1);
  EXPECT_FALSE(RowLimit("overwrite_p50", small, constants));
  EXPECT_FALSE(RowLimit("sync_put_t1", small, MachineConstants()));
}

}  // namespace
}  // namespace quiver::bench
