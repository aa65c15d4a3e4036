// Goal (T3 of the plan): whichever call on the disk fails, with whichever error, once, for good or
// now and then: the caller gets that error with the name of the file, nothing acknowledged is lost,
// no sync is acknowledged after one that failed, reads go on, and once the fault is gone a reopened
// database is whole. Nothing crashes, hangs or leaves files open.
//
// Method: a workload (entries of all kinds and batches in all log modes, keyspaces made, dropped
// and made again, flushes, a compaction, gets, scans, reopens) runs in deterministic mode on a
// simulated disk. First without faults, to count its calls; then again for each call, which fails
// with each error that the operating system may give, once, from then on for good, or every second,
// third or seventh time; of a failing call nothing happens, half of its bytes, or all of it; ending
// in a close or a power cut.
//
// Oracle: History, as in the crash explorer.
//
// Cannot see: faults that a call does not report; the system calls below the io floor, such as a
// short write or EINTR (src/io/posix_fault_test.cc, T10).
//
//   torture-fault_sweep --seed N --plan CONFIG:FIRST:COUNT:EVERY:ERRNO:REACH:CUT[/STEPS]
//
// With "*" for FIRST each call is the first one in turn, until a violation shows.
// scripts/torture_reduce.py shrinks a plan with that: it leaves out steps while the violation
// stays.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "fault_sweep/sweep_workload.h"
#include "harness/torture_run.h"

namespace quiver::torture {
namespace {

constexpr std::array kErrors = {EIO, ENOSPC, EDQUOT, EMFILE, EACCES, EROFS};
constexpr std::uint64_t kForGood = 1'000'000'000;
constexpr unsigned kHangSeconds = 60;
// One case in so many runs twice: a plan repeats what it showed.
constexpr std::uint64_t kCasesToRepeat = 64;

struct Shape {
  std::uint64_t count;
  std::uint64_t every;
};
constexpr std::array kShapes = {Shape{1, 1}, Shape{kForGood, 1}, Shape{kForGood, 2},
                                Shape{kForGood, 3}, Shape{kForGood, 7}};

class Sweep {
 public:
  explicit Sweep(TortureRun& run) : run_(run) {}

  void RunCase(const FaultCase& fault) {
    run_.Doing(fault.ToText());
    ::alarm(kHangSeconds);
    SweepWorkload workload(run_.seed(), fault);
    workload.Run();
    ::alarm(0);
    for (const std::string& what : workload.what()) run_.Fail(fault.ToText(), what);
    const FaultInjector& injector = workload.injector();
    if (cases_++ % kCasesToRepeat == 0) Repeats(fault, injector.digest());
    if (!run_.plan().empty()) run_.Set("plan_steps", static_cast<double>(workload.step_count()));
    sites_.merge(injector.sites());
    failed_sites_.merge(injector.failed_sites());
    run_.Count("idle_merges", static_cast<double>(workload.idle_merges()));
    run_.Count("calls_failed", static_cast<double>(injector.failed_count()));
    run_.Count("cases");
  }

  /// The calls of a configuration's workload when none fails.
  FaultInjector::Calls FindCalls(std::uint64_t config, const StepList& steps = {}) {
    const FaultCase nothing{.config = config, .first = kForGood, .count = 0, .steps = steps};
    run_.Doing(nothing.ToText());
    SweepWorkload workload(run_.seed(), nothing);
    workload.Run();
    for (const std::string& what : workload.what()) run_.Fail(nothing.ToText(), what);
    return workload.injector().calls();
  }

  /// One case, or with any_first one for each call until a violation shows or the time is over.
  void Repeat(FaultCase fault) {
    std::vector<std::uint64_t> first = {fault.first};
    if (std::exchange(fault.any_first, false)) {
      const FaultInjector::Calls calls = FindCalls(fault.config, fault.steps);
      first = calls.changing;
      first.insert(first.end(), calls.reading.begin(), calls.reading.end());
    }
    for (const std::uint64_t call : first) {
      fault.first = call;
      RunCase(fault);
      if (run_.violations() != 0 || !run_.TimeLeft()) return;
    }
  }

  void Repeats(const FaultCase& fault, std::uint64_t digest) {
    SweepWorkload again(run_.seed(), fault);
    again.Run();
    if (again.injector().digest() != digest) {
      run_.Fail(fault.ToText(), "the same plan made other calls on the disk");
    }
    run_.Count("determinism_checks");
  }

  void Report() {
    run_.Set("call_sites", static_cast<double>(sites_.size()));
    run_.Set("call_sites_failed", static_cast<double>(failed_sites_.size()));
  }

 private:
  TortureRun& run_;
  std::uint64_t cases_ = 0;
  std::set<std::string> sites_;
  std::set<std::string> failed_sites_;
};

// Walks over all variants of all calls of one list: every call fails once with EIO, then other
// errors and shapes follow, each again over all calls.
class CaseWalk {
 public:
  CaseWalk(std::uint64_t config, std::vector<std::uint64_t> calls)
      : config_(config), calls_(std::move(calls)) {}

  std::uint64_t case_count() const { return calls_.size() * kShapes.size() * kErrors.size(); }
  std::uint64_t done_count() const { return index_; }
  /// Of the calls: those that have failed on their own.
  std::uint64_t failed_once_count() const { return std::min<std::uint64_t>(index_, calls_.size()); }
  bool all_failed_once() const { return index_ >= calls_.size(); }
  std::optional<FaultCase> Next() {
    if (index_ == case_count()) return std::nullopt;
    const std::uint64_t variant = index_ / calls_.size();
    const std::uint64_t call = index_ % calls_.size();
    ++index_;
    // Six errors and five shapes have no common divisor: thirty variants meet every pair.
    const Shape& shape = kShapes[variant % kShapes.size()];
    return FaultCase{.config = config_,
                     .first = calls_[call],
                     .count = shape.count,
                     .every = shape.every,
                     .error_number = kErrors[variant % kErrors.size()],
                     .reach = static_cast<io::FaultReach>(variant % 3),
                     .power_cut = (variant + call) % 3 == 0};
  }

 private:
  const std::uint64_t config_;
  const std::vector<std::uint64_t> calls_;
  std::uint64_t index_ = 0;
};

double ShareDone(const std::vector<CaseWalk>& walks) {
  double done = 0;
  double all = 0;
  for (const CaseWalk& walk : walks) {
    done += static_cast<double>(walk.done_count());
    all += static_cast<double>(walk.case_count());
  }
  return done / all;
}

// First every call fails once, those that change the disk and those that read in turns; then two
// cases of the former for each of the latter, which are far more.
void RunAll(TortureRun& run, Sweep& sweep) {
  std::vector<CaseWalk> changing;
  std::vector<CaseWalk> reading;
  for (std::uint64_t config = 0; config < SweepWorkload::kConfigCount; ++config) {
    const FaultInjector::Calls calls = sweep.FindCalls(config);
    changing.emplace_back(config, calls.changing);
    reading.emplace_back(config, calls.reading);
    run.Count("changing_calls", static_cast<double>(calls.changing.size()));
    run.Count("reading_calls", static_cast<double>(calls.reading.size()));
  }
  const auto step = [&](CaseWalk& walk) {
    const std::optional<FaultCase> fault = walk.Next();
    if (fault) sweep.RunCase(*fault);
    return fault.has_value();
  };
  bool more = true;
  while (more && run.TimeLeft()) {
    more = false;
    for (std::uint64_t config = 0; config < changing.size(); ++config) {
      if (!changing[config].all_failed_once()) more |= step(changing[config]);
      if (!reading[config].all_failed_once()) more |= step(reading[config]);
    }
  }
  more = true;
  while (more && run.TimeLeft()) {
    more = false;
    for (std::uint64_t config = 0; config < changing.size(); ++config) {
      for (CaseWalk* walk : {&changing[config], &changing[config], &reading[config]}) {
        more |= step(*walk);
      }
    }
  }
  for (const CaseWalk& walk : changing) {
    run.Count("changing_calls_failed_once", static_cast<double>(walk.failed_once_count()));
  }
  for (const CaseWalk& walk : reading) {
    run.Count("reading_calls_failed_once", static_cast<double>(walk.failed_once_count()));
  }
  run.Set("share_of_changing_cases_done", ShareDone(changing));
  run.Set("share_of_reading_cases_done", ShareDone(reading));
}

int Main(int argc, char** argv) {
  TortureRun run("fault_sweep", argc, argv);
  Sweep sweep(run);
  if (!run.plan().empty()) {
    const std::optional<FaultCase> fault = FaultCase::Parse(run.plan());
    if (!fault) {
      std::fprintf(stderr,
                   "--plan takes CONFIG:FIRST:COUNT:EVERY:ERRNO:REACH:CUT[/STEPS], not %s\n",
                   run.plan().c_str());
      return 2;
    }
    sweep.Repeat(*fault);
    return run.Finish();
  }
  RunAll(run, sweep);
  sweep.Report();
  return run.Finish();
}

}  // namespace
}  // namespace quiver::torture

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  return quiver::torture::Main(argc, argv);
}
