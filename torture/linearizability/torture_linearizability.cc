// torture-linearizability (T12): concurrent calls answer as if each had happened in one moment.
//
// Goal: anomalies = 0 for puts, deletes, gets, multi-gets, batches, iterators and snapshots of
// several threads on the same few keys, while memtables rotate, flushes and compactions run, the
// log is synced in every mode and the database is closed under the threads and opened again.
//
// Method: six threads and one for upkeep work on eleven keys of a real database (hot_keys.h); every
// call is recorded with the times of its beginning and end. In a build with QUIVER_SCHEDULE_FUZZ
// each opening runs under a schedule of its own (base/schedule_point.h).
//
// Oracle: each key is a register (register_checker.h); reads of several keys see one state each, in
// the order that the sequence numbers give, with whole batches, never older than an earlier read
// (state_checker.h); DurableSequence() never goes back, reaches what was synced, and never passes
// what was written. A value says who wrote it and shows if it is cut or mixed.
//
// What it cannot see: what needs a crash (torture-kill, torture-crash_explorer); two calls that the
// clock cannot tell apart count as simultaneous, in favour of the database.
//
// Plan: "case=N": the same settings and calls, and in a build with the schedule fuzzer the same
// schedule; the interleaving is the processor's, so a violation may take several runs: the case is
// repeated until the time is over.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/schedule_point.h"
#include "harness/torture_run.h"
#include "linearizability/hot_keys.h"

namespace quiver::torture {

namespace {

constexpr unsigned kHangSeconds = 300;

void RunCase(TortureRun& run, std::uint64_t number) {
  run.Doing("case=" + std::to_string(number));
  ::alarm(kHangSeconds);  // a hang ends the program: no figures, a failure
  if (kScheduleFuzz) run.Count("schedules", HotKeys::kPhases);
  const std::filesystem::path directory = run.directory() / ("db" + std::to_string(number));
  std::error_code ignored;
  std::filesystem::remove_all(directory, ignored);
  HotKeys keys(run.seed(), number, directory);
  const std::vector<std::string> what = keys.Run();
  for (const std::string& each : what) run.Fail("case=" + std::to_string(number), each);
  if (what.empty()) std::filesystem::remove_all(directory, ignored);
  run.Count("histories");
  run.Count("calls", static_cast<double>(keys.operation_count()));
  run.Count("register_operations_checked", static_cast<double>(keys.event_count()));
  run.Count("atomic_reads_checked", static_cast<double>(keys.atomic_read_count()));
  run.Count("flushes", static_cast<double>(keys.flush_count()));
  run.Count("compactions", static_cast<double>(keys.compaction_count()));
}

}  // namespace

int Main(int argc, char** argv) {
  TortureRun run("linearizability", argc, argv);
  if (run.plan().starts_with("case=")) {
    const std::uint64_t number = std::strtoull(run.plan().c_str() + 5, nullptr, 10);
    while (run.TimeLeft() && run.violations() == 0) RunCase(run, number);
  } else {
    for (std::uint64_t number = 0; run.TimeLeft(); ++number) RunCase(run, number);
  }
  if (kScheduleFuzz) {
    const ScheduleFigures figures = ScheduleFiguresSoFar();
    run.Set("schedule_points", static_cast<double>(figures.points));
    run.Set("schedule_change_points", static_cast<double>(figures.change_points));
  }
  return run.Finish();
}

}  // namespace quiver::torture

int main(int argc, char** argv) {
  return quiver::torture::Main(argc, argv);
}
