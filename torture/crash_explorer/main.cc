// Goal (T1, T2 of the plan): whatever moment the power fails, and whatever of the unsynced data
// survives, the database opens, holds exactly the state after some write, loses nothing that its
// contract protects, and reports what it cut.
//
// Method: small databases live on a simulated disk that keeps synced and unsynced bytes, sizes and
// names apart. They run in deterministic mode: one thread, a clock that the test moves, background
// work as seeded steps. After every elementary change of the disk (a write, a growth, a sync, a
// name) the disks that a power cut could leave are built and opened:
//   M1 all unsynced lost            M6 names arrived, data not
//   M2 nothing lost                 M7 only removals of names arrived
//   M3 a prefix of the changes      M8 data arrived, names not
//   M4 random sectors, sizes, names M9 torn sectors, the rest old bytes or garbage
//   M5 grown, with zeroes/garbage   M10 changes in any order, across files (up to four: all
//   subsets) M11 a second cut inside the recovery, and one right after it
//
// Oracle: History (rules P1 to P8), by the log mode of each write, and for the rows of each
// keyspace EntryModel, by the definitions of all kinds of entry. Besides, the same seed must give
// the same calls on the disk.
//
// Cannot see: disks that lie about a flush, damage of what was synced (T5), real threads (T7, T12).
//
//   torture-crash_explorer --seed N --plan WORKLOAD[:POINT[:IMAGE]][/STEPS]
//
// scripts/torture_reduce.py shrinks a plan: it leaves out steps while the violation stays.
#include <malloc.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "crash_explorer/explorer.h"
#include "harness/option_matrix.h"

namespace quiver::torture {
namespace {

int Main(int argc, char** argv) {
  TortureRun run("crash_explorer", argc, argv);
  if (!run.plan().empty()) {
    const std::optional<CrashPlan> plan = CrashPlan::Parse(run.plan());
    if (!plan) {
      std::fprintf(stderr, "--plan takes WORKLOAD[:POINT[:IMAGE]][/STEPS], not %s\n",
                   run.plan().c_str());
      return 2;
    }
    Explorer(run, [](const DatabaseConfig&) {}).Explore(*plan);
    return run.Finish();
  }
  std::atomic<std::uint64_t> next{0};
  Mutex mutex;
  OptionsMet met;
  const auto note = [&](const DatabaseConfig& config) {
    MutexLock lock(mutex);
    met.Add(config);
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&] {
      Explorer explorer(run, note);
      while (run.TimeLeft())
        explorer.Explore({.workload = next++, .point = {}, .image = {}, .steps = {}});
    });
  }
  threads.clear();
  const std::vector<std::string> excluded = met.Excluded();
  run.Set("options_excluded", static_cast<double>(excluded.size()));
  for (const std::string& setting : excluded) run.Note("left at too few values: " + setting);
  return run.Finish();
}

}  // namespace
}  // namespace quiver::torture

int main(int argc, char** argv) {
  // Disks of some hundred kilobytes come and go: not through mmap.
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  return quiver::torture::Main(argc, argv);
}
