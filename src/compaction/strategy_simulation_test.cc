// Simulations of the four strategies: trees grow by made-up flushes and are compacted until nothing
// is due. Goal: after every step the tree holds exactly what was written, keeps the invariants of
// Version, and in rest meets the bounds that each strategy promises; plans converge; several plans
// at once never collide. Write and space amplification are printed and loosely bounded.
#include <gtest/gtest.h>

#include <cstdio>

#include "base/random.h"
#include "compaction/level_targets.h"
#include "compaction/simulated_tree.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using testing::SimulatedTree;
using testing::TestSeed;

constexpr std::uint64_t kFlushEntries = 64;

DatabaseConfig SmallConfig(CompactionStrategyKind kind) {
  DatabaseConfig config;
  config.compaction_strategy = kind;
  config.memtable_size_bytes = kFlushEntries * SimulatedTree::kEntryBytes;
  config.table_size_bytes = kFlushEntries * SimulatedTree::kEntryBytes;
  config.level0_run_trigger = 4;
  config.level_base_bytes = 4 * config.memtable_size_bytes;
  config.fifo_size_limit_bytes = 0;
  return config;
}

CompactionContext BusyContext(const std::vector<SimulatedTree::Job>& running, bool with_outputs) {
  CompactionContext context;
  for (const SimulatedTree::Job& job : running) {
    for (const auto& table : job.edit.removed) context.busy.insert(table.number);
    if (with_outputs) context.outputs.push_back(OutputRangeOf(job.plan));
  }
  return context;
}

// Carries out plans until none is due; returns how many there were.
int Settle(const CompactionStrategy& strategy, SimulatedTree& tree,
           const CompactionContext& context = {}) {
  int plans = 0;
  while (auto plan = strategy.Pick(*tree.version(), context)) {
    const auto checked = CheckPlan(*tree.version(), *plan, context);
    EXPECT_TRUE(checked.ok()) << checked.error().ToString() << "\n" << tree.version()->Describe();
    const auto applied = tree.Apply(tree.Run(*std::move(plan)).edit);
    EXPECT_TRUE(applied.ok()) << applied.error().ToString();
    if (++plans > 5000 || !checked.ok() || !applied.ok()) {
      ADD_FAILURE() << "plans do not converge\n" << tree.version()->Describe();
      return plans;
    }
  }
  return plans;
}

enum class Workload { kUniform, kSequential, kSkewed, kDeletes };

std::vector<std::uint32_t> NextKeys(Workload workload, std::uint32_t key_count,
                                    std::uint32_t& next_key, Random& random) {
  std::vector<std::uint32_t> keys;
  for (std::uint64_t i = 0; i < kFlushEntries; ++i) {
    switch (workload) {
      case Workload::kSequential: keys.push_back(next_key++); break;
      case Workload::kSkewed:
        keys.push_back(static_cast<std::uint32_t>(random.Uniform() * random.Uniform() *
                                                  random.Uniform() * key_count));
        break;
      case Workload::kUniform:
      case Workload::kDeletes:
        keys.push_back(static_cast<std::uint32_t>(random.Below(key_count)));
        break;
    }
  }
  return keys;
}

void ExpectBounds(const DatabaseConfig& config, const CompactionStrategy& strategy,
                  const Version& version) {
  const auto scores = strategy.Scores(version, {});
  for (std::size_t level = 0; level < scores.size(); ++level) {
    EXPECT_LT(scores[level], 1.0) << "level " << level << " at rest\n" << version.Describe();
  }
  const std::uint32_t last = LastLevel(config, version);
  const LevelTargets targets = ComputeLevelTargets(config, version);
  for (std::uint32_t level = 0; level <= last; ++level) {
    const std::size_t runs = version.level(level).runs.size();
    switch (strategy.kind()) {
      case CompactionStrategyKind::kLeveled:
        EXPECT_LE(runs, level == 0 ? config.level0_run_trigger - 1 : 1);
        if (level != 0 && level < targets.base_level) {
          EXPECT_EQ(runs, 0U);
        }
        if (level != 0) {
          EXPECT_LE(version.level(level).size_bytes(), targets.target_bytes[level]);
        }
        break;
      case CompactionStrategyKind::kTiered: EXPECT_LT(runs, config.tier_run_trigger); break;
      case CompactionStrategyKind::kLazyLeveling:
        EXPECT_LE(runs, level == last ? 1 : config.tier_run_trigger - 1);
        break;
      case CompactionStrategyKind::kFifo:
        if (level == 0) {
          EXPECT_LT(runs, config.level0_run_trigger);
        }
        break;
    }
  }
}

struct Growth {
  CompactionStrategyKind kind;
  Workload workload;
  const char* name;
  double write_amplification_max;
  double space_amplification_max;
};

class StrategyGrowth : public ::testing::TestWithParam<Growth> {};

TEST_P(StrategyGrowth, KeepsContentsAndBoundsWhileTheTreeGrows) {
  const Growth& growth = GetParam();
  const DatabaseConfig config = SmallConfig(growth.kind);
  const auto strategy = NewCompactionStrategy(config);
  SimulatedTree tree(config);
  Random random(TestSeed(7));
  std::uint32_t next_key = 0;
  std::uint64_t runs_max = 0;
  for (int flush = 0; flush < 600 && !HasFailure(); ++flush) {
    tree.Flush(NextKeys(growth.workload, 20'000, next_key, random), [&](std::uint32_t key) {
      return growth.workload == Workload::kDeletes && key % 2 == 0 && random.OneIn(2);
    });
    Settle(*strategy, tree);
    ExpectBounds(config, *strategy, *tree.version());
    runs_max = std::max(runs_max, tree.version()->run_count());
    if (flush % 50 == 0) {
      ASSERT_EQ(tree.CheckContents(), "");
    }
  }
  EXPECT_EQ(tree.CheckContents(), "");
  std::printf("%-24s write amplification %5.2f, space amplification %4.2f, at most %2llu runs\n",
              growth.name, tree.write_amplification(), tree.space_amplification(),
              static_cast<unsigned long long>(runs_max));
  EXPECT_LE(tree.write_amplification(), growth.write_amplification_max);
  EXPECT_LE(tree.space_amplification(), growth.space_amplification_max);
}

using Kind = CompactionStrategyKind;
INSTANTIATE_TEST_SUITE_P(
    All, StrategyGrowth,
    ::testing::Values(
        Growth{Kind::kLeveled, Workload::kUniform, "leveled_uniform", 14, 1.6},
        Growth{Kind::kLeveled, Workload::kSequential, "leveled_sequential", 2.1, 1.01},
        Growth{Kind::kLeveled, Workload::kSkewed, "leveled_skewed", 14, 1.7},
        Growth{Kind::kLeveled, Workload::kDeletes, "leveled_deletes", 14, 1.8},
        Growth{Kind::kTiered, Workload::kUniform, "tiered_uniform", 7, 2.2},
        Growth{Kind::kTiered, Workload::kSequential, "tiered_sequential", 8, 1.01},
        Growth{Kind::kTiered, Workload::kSkewed, "tiered_skewed", 8, 3},
        Growth{Kind::kTiered, Workload::kDeletes, "tiered_deletes", 8, 3},
        Growth{Kind::kLazyLeveling, Workload::kUniform, "lazy_uniform", 10, 1.8},
        Growth{Kind::kLazyLeveling, Workload::kSequential, "lazy_sequential", 4.1, 1.01},
        Growth{Kind::kLazyLeveling, Workload::kSkewed, "lazy_skewed", 12, 2},
        Growth{Kind::kLazyLeveling, Workload::kDeletes, "lazy_deletes", 10, 2}),
    [](const auto& item) { return std::string(item.param.name); });

TEST(Fifo, NeverRewritesTablesOfFullSizeAndStaysUnderItsLimit) {
  DatabaseConfig config = SmallConfig(Kind::kFifo);
  config.fifo_size_limit_bytes = 100 * config.memtable_size_bytes;
  const auto strategy = NewCompactionStrategy(config);
  SimulatedTree tree(config);
  std::uint32_t next_key = 0;
  Random random(TestSeed(1));
  for (int flush = 0; flush < 400 && !HasFailure(); ++flush) {
    tree.Flush(NextKeys(Workload::kSequential, 0, next_key, random),
               [](std::uint32_t) { return false; });
    Settle(*strategy, tree);
    ExpectBounds(config, *strategy, *tree.version());
    EXPECT_LE(tree.version()->size_bytes(), config.fifo_size_limit_bytes);
  }
  EXPECT_EQ(tree.CheckContents(), "");
  EXPECT_EQ(tree.write_amplification(), 1.0);
  EXPECT_GE(tree.version()->size_bytes(),
            config.fifo_size_limit_bytes - config.memtable_size_bytes);
}

TEST(Fifo, MergesSmallRunsAndLosesNothingByIt) {
  DatabaseConfig config = SmallConfig(Kind::kFifo);
  config.table_size_bytes = 16 * config.memtable_size_bytes;
  const auto strategy = NewCompactionStrategy(config);
  SimulatedTree tree(config);
  std::uint32_t next_key = 0;
  Random random(TestSeed(2));
  for (int flush = 0; flush < 300 && !HasFailure(); ++flush) {
    tree.Flush(NextKeys(Workload::kUniform, 5000, next_key, random),
               [&](std::uint32_t) { return random.OneIn(5); });
    Settle(*strategy, tree);
    ExpectBounds(config, *strategy, *tree.version());
    ASSERT_EQ(tree.CheckContents(), "");
  }
  std::printf("fifo, flushes of 1/16 table: write amplification %.2f, %llu runs for 300 flushes\n",
              tree.write_amplification(),
              static_cast<unsigned long long>(tree.version()->run_count()));
  EXPECT_LE(tree.write_amplification(), 6);
  EXPECT_LE(tree.version()->run_count(), 60U);
}

TEST(Fifo, DropsWhatIsTooOldAndNothingElse) {
  DatabaseConfig config = SmallConfig(Kind::kFifo);
  config.fifo_age_limit_s = 100;
  const auto strategy = NewCompactionStrategy(config);
  SimulatedTree tree(config);
  std::uint32_t next_key = 0;
  Random random(TestSeed(3));
  CompactionContext context;
  for (std::uint64_t now_s = 1000; now_s < 1400 && !HasFailure(); now_s += 10) {
    tree.set_now_s(now_s);
    context.now_s = now_s;
    tree.Flush(NextKeys(Workload::kSequential, 0, next_key, random),
               [](std::uint32_t) { return false; });
    Settle(*strategy, tree, context);
    for (const Level& level : tree.version()->levels()) {
      for (const SortedRun& run : level.runs) {
        EXPECT_GT(run.tables.front()->summary.created_s + config.fifo_age_limit_s, now_s);
      }
    }
    const std::uint64_t kept = std::min<std::uint64_t>((now_s - 1000) / 10 + 1, 10);
    EXPECT_EQ(tree.version()->entry_count(), kept * kFlushEntries);
  }
}

TEST(StrategyChange, AnyStrategyTakesOverTheTreeOfAnyOther) {
  Random random(TestSeed(11));
  const Kind kinds[] = {Kind::kLeveled, Kind::kTiered, Kind::kLazyLeveling, Kind::kFifo};
  for (const Kind before : kinds) {
    for (const Kind after : kinds) {
      SimulatedTree tree(SmallConfig(before));
      std::uint32_t next_key = 0;
      for (const Kind kind : {before, after}) {
        const DatabaseConfig config = SmallConfig(kind);
        const auto strategy = NewCompactionStrategy(config);
        for (int flush = 0; flush < 120 && !HasFailure(); ++flush) {
          tree.Flush(NextKeys(Workload::kDeletes, 8000, next_key, random),
                     [&](std::uint32_t) { return random.OneIn(6); });
          Settle(*strategy, tree);
          ExpectBounds(config, *strategy, *tree.version());
        }
        ASSERT_EQ(tree.CheckContents(), "");
      }
    }
  }
}

TEST(StrategyChange, ATreeWhoseLastLevelShrankComesToRest) {
  for (const Kind kind : {Kind::kLeveled, Kind::kTiered, Kind::kLazyLeveling}) {
    const DatabaseConfig config = SmallConfig(kind);
    const auto strategy = NewCompactionStrategy(config);
    SimulatedTree tree(config);
    Random random(TestSeed(5));
    std::uint32_t next_key = 0;
    for (int flush = 0; flush < 300; ++flush) {
      tree.Flush(NextKeys(Workload::kUniform, 20'000, next_key, random),
                 [](std::uint32_t) { return false; });
      Settle(*strategy, tree);
    }
    for (std::uint32_t first = 0; first < 20'000 && !HasFailure(); first += kFlushEntries) {
      std::vector<std::uint32_t> keys;
      for (std::uint32_t i = 0; i < kFlushEntries; ++i) keys.push_back(first + i);
      tree.Flush(keys, [](std::uint32_t) { return true; });
      Settle(*strategy, tree);
      ExpectBounds(config, *strategy, *tree.version());
    }
    ASSERT_EQ(tree.CheckContents(), "");
    std::printf("%s: %llu entries left of a tree whose keys were all deleted\n",
                std::string(CompactionStrategyName(kind)).c_str(),
                static_cast<unsigned long long>(tree.version()->entry_count()));
    EXPECT_LT(tree.version()->entry_count(), 10'000U);
  }
}

// Several plans run at once and end in any order, with flushes in between.
void RunSideBySide(Kind kind, bool with_outputs, std::uint64_t seed, int& most_at_once) {
  Random random(seed);
  const DatabaseConfig config = SmallConfig(kind);
  const auto strategy = NewCompactionStrategy(config);
  SimulatedTree tree(config);
  std::vector<SimulatedTree::Job> running;
  std::uint32_t next_key = 0;
  const Workload workload = random.OneIn(2) ? Workload::kUniform : Workload::kDeletes;
  for (int step = 0; step < 500; ++step) {
    if (random.OneIn(3)) {
      // Flushes of a narrow stretch of keys leave gaps that plans could collide in.
      std::uint32_t base = random.OneIn(2) ? 0 : static_cast<std::uint32_t>(random.Below(9000));
      std::vector<std::uint32_t> keys =
          NextKeys(workload, base == 0 ? 9000 : 300, next_key, random);
      for (std::uint32_t& key : keys) key += base;
      tree.Flush(keys, [&](std::uint32_t) { return random.OneIn(8); });
    }
    if (running.size() < 4) {
      const CompactionContext context = BusyContext(running, with_outputs);
      if (auto plan = strategy->Pick(*tree.version(), context)) {
        const auto checked = CheckPlan(*tree.version(), *plan, context);
        ASSERT_TRUE(checked.ok()) << checked.error().ToString();
        running.push_back(tree.Run(*std::move(plan)));
      }
      most_at_once = std::max(most_at_once, static_cast<int>(running.size()));
    }
    if (!running.empty() && random.OneIn(3)) {
      const auto done = running.begin() + static_cast<std::ptrdiff_t>(random.Below(running.size()));
      const auto applied = tree.Apply(done->edit);
      ASSERT_TRUE(applied.ok()) << applied.error().ToString() << " seed " << seed;
      running.erase(done);
      if (random.OneIn(8)) {
        ASSERT_EQ(tree.CheckContents(), "") << "seed " << seed;
      }
    }
  }
  ASSERT_EQ(tree.CheckContents(), "") << "seed " << seed;
}

TEST(SideBySide, PlansThatRunAtOnceNeverCollide) {
  const std::uint64_t seed = TestSeed(100);
  for (const Kind kind : {Kind::kLeveled, Kind::kTiered, Kind::kLazyLeveling, Kind::kFifo}) {
    for (const bool with_outputs : {false, true}) {
      int most_at_once = 0;
      for (std::uint64_t i = 0; i < 6 && !HasFatalFailure(); ++i) {
        RunSideBySide(kind, with_outputs, seed + i, most_at_once);
      }
      EXPECT_GE(most_at_once, kind == Kind::kFifo ? 1 : 2) << CompactionStrategyName(kind);
    }
  }
}

}  // namespace
}  // namespace quiver
