// Properties of picking on thousands of made-up versions, most of which no strategy would ever have
// built, with random tables busy: every plan passes CheckPlan, picking is deterministic, and a
// level has a score of 1 or more exactly if there is something to pick.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "compaction/idle_pick.h"
#include "compaction/simulated_tree.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using quiver::testing::SimulatedKey;
using quiver::testing::TestSeed;

constexpr std::uint32_t kKeyCount = 1000;

// Runs with random gaps between tables; sequences go down with age, as they must.
VersionRef RandomVersion(Random& random) {
  VersionEdit edit;
  FileNumber file = 1;
  RunNumber run_number = 1000;
  SequenceNumber sequence = 1'000'000;
  const std::uint64_t levels = 1 + random.Below(6);
  for (std::uint32_t level = 0; level < levels; ++level) {
    const std::uint64_t runs = random.Below(level == 0 ? 8 : 4);
    for (std::uint64_t run = 0; run < runs; ++run) {
      --run_number;
      std::uint32_t key = static_cast<std::uint32_t>(random.Below(kKeyCount));
      const std::uint32_t width = 1 + static_cast<std::uint32_t>(random.Below(200));
      for (std::uint64_t table = 1 + random.Below(level == 0 ? 2 : 8); table != 0; --table) {
        const std::uint32_t last = key + static_cast<std::uint32_t>(random.Below(width));
        VersionEdit::AddedTable added{0, level, run_number, {}};
        added.summary.number = file++;
        added.summary.size_bytes = 1 + random.Below(20'000);
        added.summary.entry_count = 1 + random.Below(100);
        added.summary.delete_count =
            random.OneIn(2) ? 0 : random.Below(added.summary.entry_count + 1);
        added.summary.created_s = random.Below(2000);
        added.summary.smallest_key = SimulatedKey(key);
        added.summary.largest_key = SimulatedKey(last);
        added.summary.smallest_sequence = sequence - 50;
        added.summary.largest_sequence = sequence;
        edit.added.push_back(std::move(added));
        key = last + 1 + static_cast<std::uint32_t>(random.Below(width));
      }
      sequence -= 100;
    }
  }
  VersionBuilder builder;
  EXPECT_TRUE(builder.Apply(edit).ok());
  VersionRef version = std::move(builder).Build();
  EXPECT_TRUE(version->Validate().ok());
  return version;
}

DatabaseConfig RandomConfig(Random& random) {
  DatabaseConfig config;
  config.compaction_strategy = static_cast<CompactionStrategyKind>(random.Below(4));
  config.memtable_size_bytes = 1 + random.Below(20'000);
  config.table_size_bytes = 1 + random.Below(20'000);
  config.level0_run_trigger = 1 + static_cast<std::uint32_t>(random.Below(6));
  config.level_base_bytes = 1 + random.Below(100'000);
  config.level_size_ratio = 2 + static_cast<std::uint32_t>(random.Below(10));
  config.level_count_max = 2 + static_cast<std::uint32_t>(random.Below(7));
  config.tier_run_trigger = 2 + static_cast<std::uint32_t>(random.Below(4));
  config.space_amplification_max_percent = 101 + static_cast<std::uint32_t>(random.Below(400));
  config.fifo_size_limit_bytes = random.OneIn(2) ? 0 : random.Below(300'000);
  config.fifo_age_limit_s = random.OneIn(2) ? 0 : random.Below(2000);
  if (random.OneIn(2)) config.compression_bottom = config.compression;
  return config;
}

CompactionContext RandomContext(const Version& version, Random& random) {
  CompactionContext context;
  context.now_s = 2000;
  if (random.OneIn(2)) return context;
  for (const Level& level : version.levels()) {
    for (const SortedRun& run : level.runs) {
      for (const TableFileRef& table : run.tables) {
        if (random.OneIn(10)) context.busy.insert(table->summary.number);
      }
    }
  }
  return context;
}

std::vector<FileNumber> Numbers(const CompactionPlan& plan) {
  std::vector<FileNumber> numbers;
  for (const CompactionInput& input : plan.inputs) {
    for (const TableFileRef& table : input.tables) numbers.push_back(table->summary.number);
  }
  return numbers;
}

TEST(StrategyProperties, EveryPlanKeepsTheRulesWhateverTheVersion) {
  Random random(TestSeed(21));
  std::uint64_t plans = 0;
  std::uint64_t moves = 0;
  for (int i = 0; i < 6000 && !HasFailure(); ++i) {
    const VersionRef version = RandomVersion(random);
    const DatabaseConfig config = RandomConfig(random);
    const CompactionContext context = RandomContext(*version, random);
    const auto strategy = NewCompactionStrategy(config);
    const auto plan = strategy->Pick(*version, context);
    const auto again = strategy->Pick(*version, context);
    ASSERT_EQ(plan.has_value(), again.has_value());
    const std::vector<double> scores = strategy->Scores(*version, context);
    const bool is_due = std::any_of(scores.begin(), scores.end(), [](double s) { return s >= 1; });
    if (context.busy.empty()) {
      ASSERT_EQ(plan.has_value(), is_due)
          << CompactionStrategyName(config.compaction_strategy) << "\n"
          << version->Describe();
    }
    if (!plan) continue;
    ++plans;
    moves += plan->action == CompactionAction::kMove ? 1 : 0;
    EXPECT_EQ(Numbers(*plan), Numbers(*again));
    EXPECT_FALSE(plan->reason.empty());
    EXPECT_GE(plan->score, 1.0);
    const auto checked = CheckPlan(*version, *plan, context);
    EXPECT_TRUE(checked.ok()) << checked.error().ToString() << "\n"
                              << CompactionStrategyName(config.compaction_strategy) << ": "
                              << plan->reason << "\n"
                              << version->Describe();
  }
  EXPECT_GT(plans, 2000U);
  EXPECT_GT(moves, 50U);
}

TEST(StrategyProperties, ManualPlansKeepTheRulesAndLeaveOneRunInTheirRange) {
  Random random(TestSeed(22));
  int plans = 0;
  int in_place = 0;
  for (int i = 0; i < 3000 && !HasFailure(); ++i) {
    const VersionRef version = RandomVersion(random);
    const DatabaseConfig config = RandomConfig(random);
    const CompactionContext context = RandomContext(*version, random);
    const std::string from = SimulatedKey(static_cast<std::uint32_t>(random.Below(kKeyCount)));
    const std::string to = SimulatedKey(static_cast<std::uint32_t>(random.Below(kKeyCount)));
    const auto begin = random.OneIn(3) ? std::nullopt : std::optional<std::string_view>(from);
    const auto end = random.OneIn(3) ? std::nullopt : std::optional<std::string_view>(to);
    const auto plan = PickManual(*version, config, context, begin, end);
    if (!plan) continue;
    ++plans;
    ASSERT_NE(config.compaction_strategy, CompactionStrategyKind::kFifo);
    const auto checked = CheckPlan(*version, *plan, context);
    EXPECT_TRUE(checked.ok()) << checked.error().ToString() << "\n" << version->Describe();
    EXPECT_TRUE(plan->is_bottom);
    // What is merged already is only rewritten where entries can go.
    const CompactionInput& input = plan->inputs.front();
    const bool is_in_place = plan->inputs.size() == 1 && input.level == plan->output_level &&
                             input.run == plan->output_run;
    in_place += is_in_place ? 1 : 0;
    const std::vector<FileNumber> numbers = Numbers(*plan);
    for (const Level& level : version->levels()) {
      for (const SortedRun& run : level.runs) {
        for (const TableFileRef& table : run.tables) {
          const TableSummary& summary = table->summary;
          const bool in_range =
              (!begin || summary.largest_key >= *begin) && (!end || summary.smallest_key < *end);
          const bool is_input =
              std::find(numbers.begin(), numbers.end(), summary.number) != numbers.end();
          const bool is_clean = is_in_place && summary.delete_count == 0;
          EXPECT_TRUE(!in_range || is_input || is_clean)
              << "table " << summary.number << " was left out";
        }
      }
    }
  }
  EXPECT_GT(plans, 500);
  EXPECT_GT(in_place, 5);
}

TEST(StrategyProperties, IdlePlansKeepTheRulesAndStayInProportion) {
  Random random(TestSeed(23));
  int plans = 0;
  for (int i = 0; i < 3000 && !HasFailure(); ++i) {
    const VersionRef version = RandomVersion(random);
    const DatabaseConfig config = RandomConfig(random);
    const CompactionContext context = RandomContext(*version, random);
    const auto plan = PickIdle(*version, config, context);
    if (!plan) continue;
    ++plans;
    ASSERT_NE(config.compaction_strategy, CompactionStrategyKind::kFifo);
    ASSERT_TRUE(context.busy.empty());
    const auto checked = CheckPlan(*version, *plan, context);
    EXPECT_TRUE(checked.ok()) << checked.error().ToString() << "\n" << version->Describe();
    ASSERT_GE(plan->inputs.size(), 2U);
    EXPECT_LE(plan->input_bytes(), kIdleMergeBaseLevels * config.level_base_bytes);
    // Inputs come newest first: neighbours among the version's runs, whole.
    std::uint64_t newer_bytes = 0;
    auto input = plan->inputs.begin();
    for (const Level& level : version->levels()) {
      for (const SortedRun& run : level.runs) {
        if (input == plan->inputs.end()) continue;
        if (newer_bytes == 0 && input->run != run.number) continue;
        EXPECT_EQ(input->run, run.number);
        EXPECT_EQ(input->tables.size(), run.tables.size());
        if (newer_bytes != 0) {
          EXPECT_LE(run.size_bytes(), newer_bytes * config.level_size_ratio);
        }
        newer_bytes += run.size_bytes();
        ++input;
      }
    }
  }
  EXPECT_GT(plans, 500);
}

TEST(StrategyProperties, IdleMergingComesToAnEndAndLosesNothing) {
  for (const auto kind : {CompactionStrategyKind::kLeveled, CompactionStrategyKind::kTiered,
                          CompactionStrategyKind::kLazyLeveling}) {
    DatabaseConfig config;
    config.compaction_strategy = kind;
    config.table_size_bytes = 50 * testing::SimulatedTree::kEntryBytes;
    config.level_base_bytes = 100 * testing::SimulatedTree::kEntryBytes;
    testing::SimulatedTree tree(config);
    Random random(TestSeed(24));
    for (int flush = 0; flush < 40; ++flush) {
      std::vector<std::uint32_t> keys;
      for (int i = 0; i < 20; ++i) keys.push_back(static_cast<std::uint32_t>(random.Below(500)));
      tree.Flush(keys, [&](std::uint32_t) { return random.OneIn(4); });
      int merges = 0;
      while (auto plan = PickIdle(*tree.version(), config, {})) {
        ASSERT_TRUE(tree.Apply(tree.Run(*std::move(plan)).edit).ok());
        ASSERT_LE(++merges, 2) << "a merge must not make the next one due\n"
                               << tree.version()->Describe();
      }
      ASSERT_EQ(tree.CheckContents(), "");
    }
    EXPECT_LE(tree.version()->run_count(), 3U) << tree.version()->Describe();
  }
}

TEST(StrategyProperties, ATinyNewestRunDoesNotKeepTheOthersApart) {
  DatabaseConfig config;
  config.level_size_ratio = 10;
  testing::SimulatedTree tree(config);
  for (const std::uint32_t entries : {60U, 60U, 60U, 1U}) {
    std::vector<std::uint32_t> keys;
    for (std::uint32_t i = 0; i < entries; ++i) keys.push_back(i);
    tree.Flush(keys, [](std::uint32_t) { return false; });
  }
  const auto plan = PickIdle(*tree.version(), config, {});
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->inputs.size(), 3U);
  ASSERT_TRUE(tree.Apply(tree.Run(*plan).edit).ok());
  EXPECT_EQ(tree.version()->run_count(), 2U) << tree.version()->Describe();
  EXPECT_EQ(tree.CheckContents(), "");
  EXPECT_FALSE(PickIdle(*tree.version(), config, {}));
}

TEST(StrategyProperties, OneRunIsNotDueForItsSizeAlone) {
  for (const auto kind : {CompactionStrategyKind::kLeveled, CompactionStrategyKind::kTiered,
                          CompactionStrategyKind::kLazyLeveling}) {
    DatabaseConfig config;
    config.compaction_strategy = kind;
    config.memtable_size_bytes = testing::SimulatedTree::kEntryBytes;
    testing::SimulatedTree tree(config);
    std::vector<std::uint32_t> keys;
    for (std::uint32_t i = 0; i < 300; ++i) keys.push_back(i);  // an ingest of 300 memtables
    tree.Flush(keys, [](std::uint32_t) { return false; });
    EXPECT_FALSE(NewCompactionStrategy(config)->Pick(*tree.version(), {}));
  }
}

TEST(StrategyProperties, PausesAfterEachFlushDoNotLetLevel0Grow) {
  for (const auto kind : {CompactionStrategyKind::kLeveled, CompactionStrategyKind::kTiered,
                          CompactionStrategyKind::kLazyLeveling}) {
    DatabaseConfig config;
    config.compaction_strategy = kind;
    config.memtable_size_bytes = 20 * testing::SimulatedTree::kEntryBytes;
    config.table_size_bytes = 50 * testing::SimulatedTree::kEntryBytes;
    config.level_base_bytes = 100 * testing::SimulatedTree::kEntryBytes;
    const std::uint64_t level0_max = 4 * config.memtable_size_bytes;
    ASSERT_EQ(config.level0_run_trigger, 4U);
    ASSERT_EQ(config.tier_run_trigger, 4U);
    const auto strategy = NewCompactionStrategy(config);
    testing::SimulatedTree tree(config);
    Random random(TestSeed(25));
    for (int flush = 0; flush < 200; ++flush) {
      std::vector<std::uint32_t> keys;
      for (int i = 0; i < 20; ++i) keys.push_back(static_cast<std::uint32_t>(random.Below(5000)));
      tree.Flush(keys, [](std::uint32_t) { return false; });
      int steps = 0;
      while (auto plan = strategy->Pick(*tree.version(), {})) {
        ASSERT_TRUE(tree.Apply(tree.Run(*std::move(plan)).edit).ok());
        ASSERT_LE(++steps, 100);
      }
      while (auto plan = PickIdle(*tree.version(), config, {})) {
        ASSERT_TRUE(tree.Apply(tree.Run(*std::move(plan)).edit).ok());
        ASSERT_LE(++steps, 100) << "idle merges and due ones keep each other going";
        while (auto due = strategy->Pick(*tree.version(), {})) {
          ASSERT_TRUE(tree.Apply(tree.Run(*std::move(due)).edit).ok());
          ASSERT_LE(++steps, 100) << "idle merges and due ones keep each other going";
        }
      }
      ASSERT_LT(tree.version()->level(0).size_bytes(), level0_max) << "flush " << flush << "\n"
                                                                   << tree.version()->Describe();
      ASSERT_EQ(tree.CheckContents(), "");
    }
    EXPECT_LT(tree.write_amplification(), 16) << "docs/compaction.md says 10 to 14";
    std::printf("strategy %d: %.1f bytes written a byte flushed, a pause after each flush\n",
                static_cast<int>(kind), tree.write_amplification());
  }
}

TEST(StrategyProperties, ManualCompactionOfWhatIsMergedAlreadyDoesNothing) {
  DatabaseConfig config;
  testing::SimulatedTree tree(config);
  EXPECT_FALSE(PickManual(*tree.version(), config, {}, std::nullopt, std::nullopt).has_value());
  tree.Flush({1, 2, 3}, [](std::uint32_t) { return false; });
  tree.Flush({2, 3, 4}, [](std::uint32_t key) { return key == 2; });
  auto plan = PickManual(*tree.version(), config, {}, std::nullopt, std::nullopt);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->output_level, config.level_count_max - 1);
  ASSERT_TRUE(tree.Apply(tree.Run(*std::move(plan)).edit).ok());
  EXPECT_EQ(tree.CheckContents(), "");
  EXPECT_EQ(tree.version()->entry_count(), 3U) << "the delete and all old versions are gone";
  EXPECT_FALSE(PickManual(*tree.version(), config, {}, std::nullopt, std::nullopt).has_value());
  EXPECT_FALSE(PickManual(*tree.version(), config, {}, "b", "a").has_value());
}

}  // namespace
}  // namespace quiver
