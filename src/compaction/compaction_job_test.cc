// Flush and compaction jobs end to end, with real tables in a memory file system. What readers at
// every live snapshot find is compared with a model before and after each job; every operation of
// a job is made to fail once.
#include "compaction/compaction_job.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "compaction/job_harness.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using quiver::testing::JobHarness;
using quiver::testing::TestSeed;

DatabaseConfig SmallConfig(CompactionStrategyKind kind = CompactionStrategyKind::kLeveled) {
  DatabaseConfig config;
  config.compaction_strategy = kind;
  config.memtable_size_bytes = 16U << 10;
  config.table_size_bytes = 16U << 10;
  config.level_base_bytes = 64U << 10;
  config.block_size_bytes = 1U << 10;
  config.value_chunk_bytes = 1U << 10;
  config.open_files_max = 16;
  return config;
}

std::string KeyOf(std::uint64_t number) {
  std::string digits = std::to_string(number);
  return "key" + std::string(6 - digits.size(), '0') + digits;
}

void WriteSome(JobHarness& harness, Random& random, int count, std::uint64_t key_count) {
  for (int i = 0; i < count; ++i) {
    harness.Write(KeyOf(random.Below(key_count)),
                  std::string(20 + random.Below(60), 'a') + std::to_string(random.Next()),
                  random.OneIn(5));
  }
}

void ExpectMatchesModel(JobHarness& harness) {
  for (const SequenceNumber reader : harness.Readers()) {
    const auto found = harness.ReadAt(reader);
    ASSERT_TRUE(found.ok()) << found.error().ToString();
    ASSERT_EQ(*found, harness.ModelAt(reader)) << "reader at " << reader;
  }
}

// The tables on disk are those of the version, no more and no fewer.
void ExpectNoOrphans(JobHarness& harness) {
  std::vector<std::string> named;
  for (const Level& level : harness.versions().current()->levels()) {
    for (const SortedRun& run : level.runs) {
      for (const TableFileRef& table : run.tables)
        named.push_back(TableName(table->summary.number));
    }
  }
  std::sort(named.begin(), named.end());
  EXPECT_EQ(harness.TableNames(), named);
}

CompactionPlan ManualPlan(JobHarness& harness) {
  auto plan = PickManual(*harness.versions().current(), harness.config(), {}, {}, {});
  EXPECT_TRUE(plan.has_value());
  return *std::move(plan);
}

TEST(FlushJob, WritesOneRunOfLevel0ThatHoldsEverythingReadersCanSee) {
  JobHarness harness(SmallConfig());
  Random random(TestSeed(51));
  WriteSome(harness, random, 300, 100);
  harness.TakeSnapshot();
  WriteSome(harness, random, 300, 100);
  const auto result = harness.Flush();
  ASSERT_TRUE(result.ok()) << result.error().ToString();
  EXPECT_EQ(result->entries_read, 600U);
  EXPECT_EQ(result->entries_read, result->entries_written + result->entries_dropped);
  EXPECT_GT(result->entries_dropped, 0U);
  EXPECT_GT(result->edit.added.size(), 1U) << "a large memtable becomes several tables";
  for (const auto& table : result->edit.added) {
    EXPECT_EQ(table.level, 0U);
    EXPECT_EQ(table.run, result->edit.added.front().run);
    EXPECT_EQ(table.summary.created_s, harness.clock().WallMicros() / 1'000'000);
  }
  EXPECT_TRUE(harness.versions().current()->Validate().ok());
  ExpectMatchesModel(harness);
  ExpectNoOrphans(harness);
  EXPECT_EQ(harness.metrics().flushes.Sum(), 1U);
  EXPECT_EQ(harness.metrics().flush_bytes.Sum(), result->written_bytes);
  EXPECT_EQ(harness.ledger().bytes(MemoryOwner::kCompaction), 0U);
}

TEST(FlushJob, OfNothingMakesNoTable) {
  JobHarness harness(SmallConfig());
  const auto result = harness.Flush();
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->edit.added.empty());
  EXPECT_TRUE(harness.TableNames().empty());
}

TEST(FlushJob, NeverSplitsTheVersionsOfAKeyOverTwoTables) {
  JobHarness harness(SmallConfig());
  for (int i = 0; i < 2000; ++i) {
    harness.Write(i % 3 == 0 ? "before" : "same", std::string(50, 'x') + std::to_string(i), false);
    harness.TakeSnapshot();
  }
  harness.Write("zebra", "last", false);
  const auto result = harness.Flush();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->entries_dropped, 0U);
  ASSERT_GT(result->edit.added.size(), 1U);
  ASSERT_TRUE(harness.versions().current()->Validate().ok());
  EXPECT_EQ(*harness.ReadAt(1000), harness.ModelAt(1000));
}

class JobsOfStrategy : public ::testing::TestWithParam<CompactionStrategyKind> {};

TEST_P(JobsOfStrategy, KeepEverySnapshotIntactWhileTheTreeGrows) {
  JobHarness harness(SmallConfig(GetParam()));
  const auto strategy = NewCompactionStrategy(harness.config());
  Random random(TestSeed(52));
  int compactions = 0;
  for (int flush = 0; flush < 40 && !::testing::Test::HasFailure(); ++flush) {
    WriteSome(harness, random, 150, 800);
    if (random.OneIn(3)) harness.TakeSnapshot();
    if (!harness.snapshots().empty() && random.OneIn(3)) {
      harness.DropSnapshot(random.Below(harness.snapshots().size()));
    }
    const auto flushed = harness.Flush();
    ASSERT_TRUE(flushed.ok()) << flushed.error().ToString();
    while (const auto plan = strategy->Pick(*harness.versions().current(), {})) {
      const auto result = harness.Compact(*plan);
      ASSERT_TRUE(result.ok()) << result.error().ToString();
      ++compactions;
    }
    ASSERT_TRUE(harness.versions().current()->Validate().ok());
    if (flush % 4 == 3) ExpectMatchesModel(harness);
  }
  ExpectMatchesModel(harness);
  ExpectNoOrphans(harness);
  EXPECT_GT(compactions, 5);
  EXPECT_EQ(harness.ledger().bytes(MemoryOwner::kCompaction), 0U);
  EXPECT_EQ(harness.metrics().compactions.Sum() + harness.metrics().trivial_moves.Sum(),
            static_cast<std::uint64_t>(compactions));

  // Everything survives a power cut: outputs and edits were durable.
  const VersionRef before = harness.versions().current();
  const auto disk = harness.disk().CrashImage(nullptr);
  const auto directory = *disk->OpenDirectory("/db", false);
  auto reopened = VersionSet::Open(*directory);
  ASSERT_TRUE(reopened.ok()) << reopened.error().ToString();
  EXPECT_EQ((*reopened)->current()->Describe(), before->Describe());
  for (const std::string& name : harness.TableNames()) {
    EXPECT_TRUE(directory->OpenForRead(name).ok()) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, JobsOfStrategy,
    ::testing::Values(CompactionStrategyKind::kLeveled, CompactionStrategyKind::kTiered,
                      CompactionStrategyKind::kFifo, CompactionStrategyKind::kLazyLeveling),
    [](const auto& item) { return std::string(CompactionStrategyName(item.param)); });

// A few overlapping runs, ready to be merged.
void Prepare(JobHarness& harness, int flushes = 3) {
  Random random(TestSeed(53));
  for (int flush = 0; flush < flushes; ++flush) {
    WriteSome(harness, random, 250, 200);
    if (flush == 1) harness.TakeSnapshot();
    ASSERT_TRUE(harness.Flush().ok());
  }
}

TEST(CompactionJob, AManualPlanLeavesOneRunWithoutDeletesAndOldVersions) {
  JobHarness harness(SmallConfig());
  Prepare(harness);
  harness.DropSnapshot(0);
  const auto result = harness.Compact(ManualPlan(harness));
  ASSERT_TRUE(result.ok()) << result.error().ToString();
  const VersionRef version = harness.versions().current();
  EXPECT_EQ(version->run_count(), 1U);
  EXPECT_EQ(version->deepest_level(), harness.config().level_count_max - 1);
  EXPECT_EQ(version->entry_count(), harness.ModelAt(kSequenceMax).size());
  for (const TableFileRef& table : version->level(version->deepest_level()).runs[0].tables) {
    EXPECT_EQ(table->summary.delete_count, 0U);
  }
  EXPECT_GT(result->read_bytes, 0U);
  EXPECT_EQ(result->entries_read, result->entries_written + result->entries_dropped);
  ExpectMatchesModel(harness);
  ExpectNoOrphans(harness);
}

TEST(CompactionJob, AMoveTouchesNoFile) {
  JobHarness harness(SmallConfig());
  Prepare(harness, 1);
  CompactionPlan plan;
  plan.action = CompactionAction::kMove;
  const SortedRun& run = harness.versions().current()->level(0).runs[0];
  plan.inputs.push_back({0, run.number, run.tables});
  plan.output_level = 3;
  const std::vector<std::string> before = harness.TableNames();
  harness.files().ClearLog();
  const VersionRef version = harness.versions().current();
  const auto result = RunCompaction(harness.context(), *version, plan, harness.Readers());
  ASSERT_TRUE(result.ok()) << result.error().ToString();
  EXPECT_TRUE(harness.files().log().empty());
  ASSERT_TRUE(harness.versions().Apply(result->edit).ok());
  EXPECT_EQ(harness.versions().current()->deepest_level(), 3U);
  EXPECT_EQ(harness.TableNames(), before);
  ExpectMatchesModel(harness);
}

TEST(CompactionJob, AMergeWithinLevel0KeepsTheAgeOfItsNewestInput) {
  JobHarness harness(SmallConfig(CompactionStrategyKind::kFifo));
  Prepare(harness, 2);
  std::uint64_t newest_s = 0;
  CompactionPlan plan;
  const VersionRef version = harness.versions().current();
  for (const SortedRun& run : version->level(0).runs) {
    plan.inputs.push_back({0, run.number, run.tables});
    newest_s = std::max(newest_s, run.tables[0]->summary.created_s);
  }
  plan.output_run = plan.inputs.front().run;
  harness.clock().Advance(std::uint64_t{3600} * 1'000'000'000);
  ASSERT_TRUE(harness.Compact(plan).ok());
  ASSERT_EQ(harness.versions().current()->run_count(), 1U);
  const SortedRun& merged = harness.versions().current()->level(0).runs[0];
  EXPECT_EQ(merged.number, plan.output_run);
  EXPECT_EQ(merged.tables[0]->summary.created_s, newest_s);
  ExpectMatchesModel(harness);
}

TEST(CompactionJob, CutsOutputsAtTheBordersOfTheLevelBelow) {
  JobHarness harness(SmallConfig());
  Prepare(harness, 3);
  const VersionRef version = harness.versions().current();
  CompactionPlan plan = ManualPlan(harness);
  // A made-up level below in which a quarter of the keys is very large.
  const auto grandparent = [](std::uint64_t from, std::uint64_t to, std::uint64_t bytes) {
    auto file = std::make_shared<TableFile>();
    file->summary.smallest_key = KeyOf(from);
    file->summary.largest_key = KeyOf(to);
    file->summary.size_bytes = bytes;
    return file;
  };
  plan.grandparents = {grandparent(0, 20, std::uint64_t{1} << 30), grandparent(21, 199, 1000)};
  const auto result = RunCompaction(harness.context(), *version, plan, {});
  ASSERT_TRUE(result.ok()) << result.error().ToString();
  ASSERT_GT(result->edit.added.size(), 1U);
  EXPECT_LE(result->edit.added[0].summary.largest_key, KeyOf(20));
  EXPECT_LT(result->edit.added[0].summary.size_bytes, harness.config().table_size_bytes / 2);
}

TEST(CompactionJob, RefusesAPlanThatBreaksTheRules) {
  JobHarness harness(SmallConfig());
  Prepare(harness);
  CompactionPlan plan = ManualPlan(harness);
  plan.inputs.pop_back();
  const auto result = harness.Compact(plan);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kInternal);
  ExpectNoOrphans(harness);
}

TEST(CompactionJob, CancellationRemovesItsOutputsWheneverItComes) {
  JobHarness harness(SmallConfig());
  Prepare(harness);
  const std::vector<std::string> before = harness.TableNames();
  const CompactionPlan plan = ManualPlan(harness);
  int cancelled_midway = 0;
  for (std::uint64_t after = 0;; ++after) {
    std::uint64_t operations = 0;
    harness.files().SetHook([&](io::OperationKind, std::string_view) -> std::optional<Error> {
      if (operations++ >= after) harness.cancelled() = true;
      return std::nullopt;
    });
    const VersionRef version = harness.versions().current();
    const auto result = RunCompaction(harness.context(), *version, plan, harness.Readers());
    harness.files().SetHook({});
    const bool was_cancelled = harness.cancelled().exchange(false);
    if (!was_cancelled) break;
    if (result.ok()) continue;  // it came behind the last look at the flag
    EXPECT_EQ(result.error().code(), ErrorCode::kClosed);
    EXPECT_EQ(harness.TableNames(), before);
    EXPECT_EQ(harness.ledger().bytes(MemoryOwner::kCompaction), 0U);
    ++cancelled_midway;
  }
  EXPECT_GT(cancelled_midway, 3);
  harness.cancelled() = true;
  EXPECT_EQ(harness.Flush().error().code(), ErrorCode::kClosed);
}

// Runs `job` on a fresh harness for each of its file operations, which is made to fail, until there
// are no more; returns how many there were.
template <typename Setup, typename Job>
std::uint64_t FailEachOperation(ErrorCode code, const Setup& setup, const Job& job) {
  for (std::uint64_t failing = 0;; ++failing) {
    // A table whose filter cannot be read is still right, so that failure alone need not show.
    DatabaseConfig config = SmallConfig();
    config.filter_bits_per_key = 0;
    JobHarness harness(config);
    setup(harness);
    const std::vector<std::string> before = harness.TableNames();
    // From then on it goes on failing for that file, since single failed reads are tried again.
    std::uint64_t operations = 0;
    std::optional<std::pair<io::OperationKind, std::string>> failed;
    harness.files().SetHook(
        [&](io::OperationKind kind, std::string_view name) -> std::optional<Error> {
          if (operations++ == failing) failed.emplace(kind, name);
          if (!failed || failed->first != kind || failed->second != name) return std::nullopt;
          return Error(code, "injected", std::string(name));
        });
    const Result<JobResult> result = job(harness);
    harness.files().SetHook({});
    if (!failed) {
      EXPECT_TRUE(result.ok()) << result.error().ToString();
      return failing;
    }
    SCOPED_TRACE(std::string(io::OperationKindName(failed->first)) + " of " + failed->second);
    EXPECT_FALSE(result.ok()) << "failed unseen";
    if (!result.ok()) {
      EXPECT_EQ(result.error().code(), code) << result.error().ToString();
      EXPECT_EQ(result.error().file(), failed->second);
      EXPECT_EQ(harness.TableNames(), before);
      EXPECT_EQ(harness.ledger().bytes(MemoryOwner::kCompaction), 0U);
      ExpectMatchesModel(harness);
    }
    if (::testing::Test::HasFailure()) return 0;
  }
}

TEST(CompactionJob, AFailureOfAnyOperationIsReportedWithItsFileAndLeavesNoOutput) {
  for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kNoSpace}) {
    const std::uint64_t operations = FailEachOperation(
        code, [](JobHarness& harness) { Prepare(harness, 2); },
        [](JobHarness& harness) {
          const VersionRef version = harness.versions().current();
          return RunCompaction(harness.context(), *version, ManualPlan(harness), harness.Readers());
        });
    EXPECT_GT(operations, 15U);
  }
}

TEST(FlushJob, AFailureOfAnyOperationIsReportedWithItsFileAndLeavesNoOutput) {
  std::vector<OwnedEntry> entries;
  for (std::uint64_t i = 0; i < 400; ++i) {
    entries.push_back({KeyOf(i), std::string(100, 'v'), i + 1, Operation::kPut, 0});
  }
  const std::uint64_t operations = FailEachOperation(
      ErrorCode::kNoSpace, [](JobHarness&) {},
      [&](JobHarness& harness) {
        return RunFlush(harness.context(), NewVectorIterator(entries), harness.Readers());
      });
  EXPECT_GT(operations, 10U);
}

TEST(CompactionJob, RefusesATableThatIsNotTheOneOfTheManifest) {
  JobHarness harness(SmallConfig());
  Prepare(harness, 2);
  const VersionRef whole = harness.versions().current();
  const SortedRun& run = whole->levels().front().runs.front();
  TableSummary summary = run.tables.front()->summary;
  ++summary.entry_count;
  VersionEdit edit;
  edit.removed.push_back({0, 0, run.number, summary.number});
  ASSERT_TRUE(harness.versions().Apply(edit).ok());
  edit = {};
  edit.added.push_back({0, 0, run.number, summary});
  ASSERT_TRUE(harness.versions().Apply(edit).ok());
  const std::vector<std::string> before = harness.TableNames();
  const CompactionPlan plan = ManualPlan(harness);
  const VersionRef version = harness.versions().current();
  const auto result = RunCompaction(harness.context(), *version, plan, harness.Readers());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kCorruption) << result.error().ToString();
  EXPECT_EQ(result.error().file(), TableName(summary.number));
  EXPECT_EQ(harness.TableNames(), before);
}

TEST(CompactionJob, StopsAtADamagedInputInsteadOfDroppingIt) {
  JobHarness harness(SmallConfig());
  Prepare(harness, 2);
  const std::vector<std::string> before = harness.TableNames();
  const std::string victim = before.back();
  std::string bytes = *io::ReadWholeFile(*harness.context().directory, victim, 1 << 20);
  bytes[bytes.size() / 4] ^= 1;
  ASSERT_TRUE(io::ReplaceFileDurably(*harness.context().directory, victim, bytes).ok());
  const CompactionPlan plan = ManualPlan(harness);
  const VersionRef version = harness.versions().current();
  const auto result = RunCompaction(harness.context(), *version, plan, harness.Readers());
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(result.error().file(), victim);
  EXPECT_EQ(harness.TableNames(), before);
}

}  // namespace
}  // namespace quiver
