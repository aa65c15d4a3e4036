// Goal (T6 of the plan): whatever options a database has, it answers as the model does, and so as
// every other option set does.
//
// Method: a round is a stream of 20,000 random operations, drawn from the seed and the round's
// number alone: puts, deletes, batches, gets, multi-gets, walks of iterators both ways between
// bounds and prefixes, iterators, snapshots and values held over long times, flushes, range
// compactions, and reopenings after a close, a kill or a power cut. Each round runs on every one of
// 24 option sets (option_sets.h). Rounds differ: fixed or variable widths, 60 to 6,000 keys, evenly
// written or with four keys that take most writes between up to 256 snapshots, background work in
// seeded steps or on real threads, the same options at each reopening or others. One round in
// sixteen has entries of all kinds in keyspaces that come and go, and time that passes
// (kinds_round.h).
//
// Oracle: VersionModel, for each answer; a std::map beside it in one round of eight; relations
// among answers (a scan backward is the scan forward reversed, gets find what a scan finds, a
// snapshot's scan never changes, flushes, compactions and reopenings change no answer); and the
// digest of all answers of a round, which must be the same for all option sets.
//
// Cannot see: damage and lost writes (the disk is sound, and a power cut follows a sync), several
// writers at once.
//
//   torture-model --seed N --plan [kinds:]ROUND:OPTION_SET[:OPERATIONS]
#include <malloc.h>

#include <atomic>
#include <cstdio>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "harness/torture_run.h"
#include "model/kinds_round.h"
#include "model/option_sets.h"
#include "model/round.h"

namespace quiver::torture {
namespace {

// More than the goal of 100 million: a run ends here even if it has time left.
constexpr std::uint64_t kOperationsMax = 120'000'000;
constexpr std::uint64_t kKindsOneIn = 16;

class ModelTorture {
 public:
  explicit ModelTorture(TortureRun& run) : run_(run) {}

  void RunAll() {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
      threads.emplace_back([this] {
        while (run_.TimeLeft() && operations_ < kOperationsMax) {
          // A round of all kinds takes as long as four or five of plain rows.
          const std::uint64_t item = next_item_++;
          const bool kinds = item % kKindsOneIn == 0;
          const std::uint64_t number = kinds ? item / kKindsOneIn : item - item / kKindsOneIn - 1;
          const RoundPlan plan{.kinds = kinds,
                               .round = number / kOptionSetCount,
                               .option_set = number % kOptionSetCount};
          kinds ? RunKindsRound(plan) : RunRound(plan);
        }
      });
    }
  }

  void RunRound(const RoundPlan& plan) {
    run_.Doing(plan.ToString());
    Round round(run_.seed(), plan);
    const Result<void> done = round.Run([&] { return !run_.plan().empty() || run_.TimeLeft(); });
    const RoundTally& tally = round.tally();
    operations_ += tally.operations;
    if (!done) {
      RoundPlan repeat = plan;
      repeat.operations = tally.operations;
      run_.Count("differences");
      run_.Fail(repeat.ToString(),
                "operation " + std::to_string(tally.operations) + ": " + done.error().ToString());
    } else if (round.complete() && !plan.operations) {
      CompareDigests(plan, round.digest());
    }
    Report(tally);
  }

  void RunKindsRound(const RoundPlan& plan) {
    run_.Doing(plan.ToString());
    KindsRound round(run_.seed(), plan);
    const Result<void> done = round.Run([&] { return !run_.plan().empty() || run_.TimeLeft(); });
    operations_ += round.tally().operations;
    if (!done) {
      RoundPlan repeat = plan;
      repeat.operations = round.tally().operations;
      run_.Count("differences");
      run_.Fail(repeat.ToString(),
                "operation " + std::to_string(*repeat.operations) + ": " + done.error().ToString());
    }
    Report(round.tally());
    run_.Count("kinds_rounds");
    run_.Count("kinds_operations", static_cast<double>(round.tally().operations));
    run_.Count("keyspaces_made", static_cast<double>(round.keyspaces_made()));
    run_.Count("range_deletes", static_cast<double>(round.range_deletes()));
    run_.Count("merges", static_cast<double>(round.merges()));
    run_.Count("expiring_entries", static_cast<double>(round.expiring_entries()));
  }

 private:
  // The first option set that ends a round says what the others have to answer.
  void CompareDigests(const RoundPlan& plan, std::uint64_t digest) {
    run_.Count("streams");
    std::pair<std::uint64_t, std::uint64_t> first;
    {
      MutexLock lock(mutex_);
      first = digests_.emplace(plan.round, std::pair(digest, plan.option_set)).first->second;
    }
    if (first.first == digest) return;
    run_.Count("differences");
    run_.Fail(plan.ToString(),
              "option set " + std::to_string(first.second) + " gave other answers to this stream");
  }

  void Report(const RoundTally& tally) {
    run_.Count("operations", static_cast<double>(tally.operations));
    run_.Count("comparisons", static_cast<double>(tally.comparisons));
    run_.Count("entries_written", static_cast<double>(tally.entries_written));
    run_.Count("scans", static_cast<double>(tally.scans));
    run_.Count("relations", static_cast<double>(tally.relations));
    run_.Count("model_checks", static_cast<double>(tally.model_checks));
    run_.Count("snapshots", static_cast<double>(tally.snapshots));
    run_.Count("flushes", static_cast<double>(tally.flushes));
    run_.Count("compactions", static_cast<double>(tally.compactions));
    run_.Count("reopens", static_cast<double>(tally.reopens));
    run_.Count("idle_merges", static_cast<double>(tally.idle_merges));
    run_.Max("snapshots_live_max", static_cast<double>(tally.snapshots_live_max));
    run_.Max("versions_max", static_cast<double>(tally.versions_max));
    run_.Max("versions_kept_max", static_cast<double>(tally.versions_kept_max));
  }

  TortureRun& run_;
  std::atomic<std::uint64_t> next_item_{0};
  std::atomic<std::uint64_t> operations_{0};
  Mutex mutex_;
  std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> digests_ GUARDED_BY(mutex_);
};

int Main(int argc, char** argv) {
  TortureRun run("model", argc, argv);
  run.Set("differences", 0);
  run.Set("option_sets", kOptionSetCount);
  const OptionCoverage coverage = CoverageOfOptionSets();
  run.Set("memtables", coverage.memtables);
  run.Set("strategies", coverage.strategies);
  run.Set("log_modes", coverage.log_modes);
  run.Set("compressions", coverage.compressions);
  run.Set("memtables_by_strategies", coverage.memtables_by_strategies);

  ModelTorture torture(run);
  if (run.plan().empty()) {
    torture.RunAll();
    return run.Finish();
  }
  const std::optional<RoundPlan> plan = RoundPlan::Parse(run.plan());
  if (!plan) {
    std::fprintf(stderr, "--plan takes [kinds:]ROUND:OPTION_SET[:OPERATIONS], not %s\n",
                 run.plan().c_str());
    return 2;
  }
  plan->kinds ? torture.RunKindsRound(*plan) : torture.RunRound(*plan);
  return run.Finish();
}

}  // namespace
}  // namespace quiver::torture

int main(int argc, char** argv) {
  // Disks and memtables come and go: not through mmap.
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  return quiver::torture::Main(argc, argv);
}
