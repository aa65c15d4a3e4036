// Goal (T15 of the plan): after a kill under full load the database opens in a time in proportion
// to its log, and a second kill during that open makes the next one no worse.
//
// Method: a child writes rows of 1 KiB from two threads in async mode with sizes so large that
// nothing is flushed, until the log has a given size; the parent kills it (SIGKILL). A copy is
// opened by a second child, which times the open and the first read and then checks the rows. The
// original is opened by a child that is killed at a random moment within the time that the copy
// took, and then timed in the same way. The peers do the same, with default and strictest options,
// in kPeerShare of the time.
//
// Oracle: all rows acknowledged before the kill are there (a killed process loses nothing, in any
// mode). Both times stay below kSlack times the goal of 200 ms + 1 s for 256 MiB of log, or, where
// the machine itself is slower than that, kSlack times what making an empty database and writing
// the log took just before. The goal itself is a figure of docs/reliability.md. What the peers lose
// or refuse is counted.
//
// Cannot see: a log that the page cache does not hold any more (a reboot), where the disk's reading
// speed is added.
//
// Plan: "MIB" or "SUBJECT:MIB", such as "64" or "rocksdb_strictest:64".
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <new>

#include "base/random.h"
#include "harness/torture_run.h"
#include "recovery_time/recovery_child.h"

namespace quiver::torture {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kGoalBaseMs = 200;
constexpr double kGoalMsPerMib = 1000.0 / 256;
constexpr double kSlack = 5;
constexpr double kPeerShare = 0.6;  // of the time; there are eight of them
constexpr std::uint64_t kMib = std::uint64_t{1} << 20;
// What counts as a hang of a peer, or a load of a peer that does not grow, however slow the
// machine.
constexpr double kPatienceMs = 120'000;

void Kill(pid_t child) {
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
}

double MsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double Quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const auto place =
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(place, 1) - 1];
}

/// All that one subject does: its cycles and their times.
class RecoveryTimes {
 public:
  RecoveryTimes(TortureRun& run, const RecoverySubject& subject, RecoveryShared& shared)
      : run_(run), subject_(subject), shared_(shared), random_(run.seed()) {}

  const RecoverySubject& subject() const { return subject_; }

  void RunCycle(std::uint64_t log_mib) {
    plan_ = (subject_.is_quiver() ? "" : subject_.label + ":") + std::to_string(log_mib);
    run_.Doing(plan_);
    const std::filesystem::path path = run_.directory() / "db";
    const std::filesystem::path copy = run_.directory() / "copy";
    std::filesystem::remove_all(path);
    std::filesystem::remove_all(copy);
    EngineConfig config{.directory = path,
                        .durability = Durability::kAsync,
                        .checks = subject_.checks,
                        // One more byte, so that an empty log has these sizes as well.
                        .log_bytes = subject_.grows_log ? log_mib * kMib + 1 : 0};
    const auto start = Clock::now();
    if (!LoadAndKill(config, log_mib)) return;
    write_ms_ = MsSince(start);
    std::filesystem::copy(path, copy, std::filesystem::copy_options::recursive);
    config.directory = copy;
    const double once_ms = TimedOpen(config, log_mib, "killed once");
    config.directory = path;
    const pid_t opener = StartOpen(subject_, config);
    ::usleep(static_cast<useconds_t>(once_ms * 1000 * random_.Uniform()));
    Kill(opener);
    const double twice_ms = TimedOpen(config, log_mib, "killed twice");
    once_ms_[log_mib].push_back(once_ms);
    twice_ms_[log_mib].push_back(twice_ms);
    run_.Count(subject_.is_quiver() ? "kills" : subject_.label + "_kills", 2);
  }

  void Report() {
    const std::string prefix = subject_.is_quiver() ? "" : subject_.label + "_";
    for (const auto& [log_mib, times] : once_ms_) {
      const std::string size = std::to_string(log_mib) + "mib_";
      const std::string once = prefix + "reopen_" + size;
      const std::string twice = prefix + "reopen_after_second_kill_" + size;
      run_.Set(once + "p50_ms", Quantile(times, 0.5));
      run_.Set(once + "p99_ms", Quantile(times, 0.99));
      run_.Set(once + "max_ms", Quantile(times, 1));
      run_.Set(twice + "p50_ms", Quantile(twice_ms_[log_mib], 0.5));
      run_.Set(twice + "max_ms", Quantile(twice_ms_[log_mib], 1));
    }
  }

 private:
  void Fault(const std::string& kind, const std::string& what) {
    if (subject_.is_quiver()) return run_.Fail(plan_, what);
    run_.Count(subject_.label + "_" + kind);
    run_.Note(plan_ + ": " + what);
  }

  std::uint64_t LogBytes(const EngineConfig& config) const {
    if (subject_.log_file.empty()) return shared_.value_bytes.load();
    std::error_code error;
    const auto bytes = std::filesystem::file_size(config.directory / subject_.log_file, error);
    return error ? 0 : bytes;
  }

  bool LoadAndKill(const EngineConfig& config, std::uint64_t log_mib) {
    const auto start = Clock::now();
    const pid_t child = StartLoad(subject_, config, shared_);
    int status = 0;
    while (LogBytes(config) < std::max<std::uint64_t>(log_mib * kMib, 2 * kRecoveryValueBytes)) {
      ::usleep(200);
      if (::waitpid(child, &status, WNOHANG) == child) {
        Fault("loads_ended", std::string("the writer ended by itself: ") + shared_.text.data());
        return false;
      }
      if (!subject_.is_quiver() && MsSince(start) > kPatienceMs) {
        Kill(child);
        Fault("loads_ended", "the log does not grow to its size");
        return false;
      }
    }
    Kill(child);
    return true;
  }

  // Waits for the child that opens; false if it hung or died.
  bool Await(pid_t child, const char* what) {
    const auto start = Clock::now();
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) != child) {
      ::usleep(200);
      if (MsSince(start) <= kPatienceMs) continue;
      Kill(child);
      Fault("hangs", std::string(what) + ": the open or the reads hang");
      return false;
    }
    if (shared_.outcome.load() != RecoveryShared::kNone) return true;
    Fault("died",
          std::string(what) + ": the process that opens died, status " + std::to_string(status));
    return false;
  }

  double TimedOpen(const EngineConfig& config, std::uint64_t log_mib, const char* what) {
    const auto start = Clock::now();
    if (!Await(StartTimedOpen(subject_, config, shared_), what)) return MsSince(start);
    const double ms = shared_.ms.load();
    if (shared_.outcome.load() == RecoveryShared::kRefused) {
      Fault("refused_opens", std::string(what) + ": " + shared_.text.data());
      return ms;
    }
    if (subject_.is_quiver()) JudgeTime(ms, log_mib, what);
    run_.Count(subject_.is_quiver() ? "rows_checked" : subject_.label + "_rows_checked",
               static_cast<double>(shared_.rows_checked.load()));
    if (const std::uint64_t lost = shared_.rows_lost.load(); lost != 0) {
      Fault("opens_with_lost_rows", std::string(what) + ": " + std::to_string(lost) +
                                        " rows are lost; " + shared_.text.data());
    }
    return ms;
  }

  void JudgeTime(double ms, std::uint64_t log_mib, const char* what) {
    const double goal_ms = kGoalBaseMs + kGoalMsPerMib * static_cast<double>(log_mib);
    if (ms > kSlack * goal_ms) run_.Count("opens_on_a_slow_machine");
    const double limit_ms = kSlack * std::max(goal_ms, write_ms_);
    if (ms <= limit_ms) return;
    run_.Fail(plan_, std::string(what) + ": the open took " + std::to_string(ms) + " ms, at most " +
                         std::to_string(limit_ms) + " ms are allowed");
  }

  TortureRun& run_;
  const RecoverySubject subject_;
  RecoveryShared& shared_;
  Random random_;
  std::string plan_;
  double write_ms_ = 0;  ///< what the child took from its start to its kill
  std::map<std::uint64_t, std::vector<double>> once_ms_;
  std::map<std::uint64_t, std::vector<double>> twice_ms_;
};

using Group = std::vector<RecoveryTimes>;

struct Step {
  std::size_t member = 0;
  std::uint64_t log_mib = 0;
};

// One round of a group: small logs often, large ones when there is time for them.
std::vector<Step> StepsOf(const Group& group, std::uint64_t round) {
  const bool quiver = group.size() == 1;
  std::vector<std::uint64_t> sizes_mib{1, 16};
  if (quiver) sizes_mib = {0, 1, 4, 16};
  if (round % 4 == (quiver ? 3 : 1)) sizes_mib.push_back(64);
  if (round % 16 == (quiver ? 15 : 2)) sizes_mib.push_back(256);
  std::vector<Step> steps;
  for (const std::uint64_t log_mib : sizes_mib) {
    for (std::size_t member = 0; member < group.size(); ++member)
      steps.push_back({member, log_mib});
  }
  return steps;
}

/// A group at its work, one cycle at a time.
struct Turn {
  Group group;
  std::uint64_t round = 0;
  std::vector<Step> steps;  ///< what is left of the round, the last first
  double seconds = 0;

  void RunOne(const TortureRun& run) {
    if (steps.empty()) {
      steps = StepsOf(group, round++);
      std::reverse(steps.begin(), steps.end());
    }
    const double start = run.Elapsed();
    group[steps.back().member].RunCycle(steps.back().log_mib);
    steps.pop_back();
    seconds += run.Elapsed() - start;
  }
};

void RunPlan(const TortureRun& run, Turn& quiver, Turn& peers) {
  const std::size_t colon = run.plan().find(':');
  const std::string label = colon == std::string::npos ? "quiver" : run.plan().substr(0, colon);
  const std::string mib = colon == std::string::npos ? run.plan() : run.plan().substr(colon + 1);
  for (Group* group : {&quiver.group, &peers.group}) {
    for (RecoveryTimes& times : *group) {
      if (times.subject().label == label) times.RunCycle(std::strtoull(mib.c_str(), nullptr, 10));
    }
  }
}

int Main(int argc, char** argv) {
  TortureRun run("recovery_time", argc, argv);
  void* const memory = ::mmap(nullptr, sizeof(RecoveryShared), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    run.Skip("no shared memory");
    return run.Finish();
  }
  auto& shared = *new (memory) RecoveryShared;
  Turn quiver;
  Turn peers;
  for (const RecoverySubject& subject : RecoverySubjects()) {
    (subject.is_quiver() ? quiver : peers).group.emplace_back(run, subject, shared);
  }
  if (!run.plan().empty()) {
    RunPlan(run, quiver, peers);
  } else {
    const double peer_share = peers.group.empty() ? 0 : kPeerShare;
    while (run.TimeLeft()) {
      (peers.seconds < peer_share * run.Elapsed() ? peers : quiver).RunOne(run);
    }
  }
  for (Group* group : {&quiver.group, &peers.group}) {
    for (RecoveryTimes& times : *group) times.Report();
  }
  return run.Finish();
}

}  // namespace
}  // namespace quiver::torture

int main(int argc, char** argv) {
  return quiver::torture::Main(argc, argv);
}
