// TortureRun: one torture test as a program: its seed, its time, its figures, and one line for each
// violation that says how to see it again.
//
// Every program takes  --seed N  --seconds S  --dir D  --plan P.  It works until its time is over
// or its work is done, prints one line for each violation
//
//   FAIL <test> seed=<seed> plan=<plan>: <what>   repeat: <command>
//
// and as its last line the figures as JSON. One that dies by a signal prints such a line as well,
// and no figures (harness/death_line.h). It exits with 0 if there was no violation, 1 if there was
// one, 77 if it could not run at all (the reason is in the JSON), 2 on bad arguments. What could
// not run of one that else did stands in the JSON as left_out, with the reason. With a plan it does
// only what the plan says: the same violation again.
//
// Thread safety: everything but the constructor and Finish may be called from any thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "base/random.h"
#include "harness/death_line.h"

namespace quiver::torture {

/// fork() for a child that works until it is killed: it does not outlive the process that made it,
/// even one that died.
pid_t ForkWithParent();

class TortureRun {
 public:
  /// Reads the arguments; ends the program with 2 and a message if they are wrong.
  TortureRun(std::string_view test, int argc, char** argv);
  ~TortureRun();
  TortureRun(const TortureRun&) = delete;
  TortureRun& operator=(const TortureRun&) = delete;

  std::uint64_t seed() const noexcept { return seed_; }
  /// What to repeat, or empty.
  const std::string& plan() const noexcept { return plan_; }
  /// A directory of this run's own, empty at first, removed at the end unless a violation needs it.
  const std::filesystem::path& directory() const noexcept { return directory_; }
  /// False once the time is over. Work in units that are small beside it.
  bool TimeLeft() const;
  /// Seconds since the start.
  double Elapsed() const;
  /// The part of the time that is over, from 0 to 1 and beyond: to share it among phases.
  double Progress() const { return Elapsed() / seconds_; }

  /// What the calling thread does from now on, as a plan: for the line that a death prints.
  void Doing(std::string_view plan) const { DeathLine::SetPlan(plan); }

  void Count(std::string_view figure, double by = 1) EXCLUDES(mutex_);
  void Set(std::string_view figure, double value) EXCLUDES(mutex_);
  void Max(std::string_view figure, double value) EXCLUDES(mutex_);
  /// One violation. `plan` has no spaces and makes the program do the same again.
  void Fail(std::string_view plan, std::string_view what) EXCLUDES(mutex_);
  /// Something worth a line that is no violation, such as a loss by another engine. The first few
  /// are printed.
  void Note(std::string_view what) EXCLUDES(mutex_);
  std::uint64_t violations() const EXCLUDES(mutex_);
  /// The test cannot run here. What was counted before stays.
  void Skip(std::string_view why) EXCLUDES(mutex_);

  /// A part of the test cannot run here; the rest counts. A long run that left something out is
  /// recorded as skipped (scripts/torture.py).
  void LeaveOut(std::string_view part, std::string_view why) EXCLUDES(mutex_);

  /// Prints the figures; answers the exit code.
  int Finish() EXCLUDES(mutex_);

 private:
  const std::string test_;
  std::string program_;
  std::uint64_t seed_ = 1;
  double seconds_ = 10;
  std::string plan_;
  std::filesystem::path directory_;
  std::optional<DeathLine> death_line_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();

  mutable Mutex mutex_;
  std::map<std::string, double, std::less<>> figures_ GUARDED_BY(mutex_);
  std::uint64_t violations_ GUARDED_BY(mutex_) = 0;
  std::uint64_t notes_ GUARDED_BY(mutex_) = 0;
  std::string skipped_ GUARDED_BY(mutex_);
  std::map<std::string, std::string, std::less<>> left_out_ GUARDED_BY(mutex_);
};

}  // namespace quiver::torture
