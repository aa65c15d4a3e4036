// Properties of picking on thousands of made-up versions, most of which no strategy would ever have
// built, with random tables busy: every plan passes CheckPlan, picking is deterministic, and a
// level has a score of 1 or more exactly if there is something to pick.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
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
