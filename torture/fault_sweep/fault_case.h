// FaultCase: which calls on the disk fail in one run of the workload, with which error of the
// operating system, and what happens at the end. Written as text it is the plan that repeats it.
//
// Thread safety: FaultInjector's hook from any thread; the rest while nothing runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "harness/step_list.h"
#include "io/fault_file_system.h"

namespace quiver::torture {

struct FaultCase {
  std::uint64_t config = 0;                         ///< which of the sweep's configurations
  std::uint64_t first = 0;                          ///< ordinal of the first call that fails
  std::uint64_t count = 1;                          ///< how many calls fail
  std::uint64_t every = 1;                          ///< from the first on, each so many-th call
  int error_number = 5;                             ///< of the operating system
  io::FaultReach reach = io::FaultReach::kNothing;  ///< what of a failing call happens
  bool power_cut = false;                           ///< at the end, in place of a close
  bool any_first = false;  ///< each call in turn is the first, until one shows a violation
  StepList steps;          ///< of the workload, those that are kept

  /// "config:first:count:every:errno:reach:cut", then perhaps "/" and steps; "*" for any first.
  std::string ToText() const;
  static std::optional<FaultCase> Parse(const std::string& text);
};

/// "append MANIFEST", "sync_log .wal": where in the engine a call comes from, as far as the disk
/// can tell.
std::string CallSite(io::OperationKind kind, std::string_view file);

class FaultInjector {
 public:
  explicit FaultInjector(const FaultCase& fault) : fault_(fault) {}

  io::FaultHook Hook();
  /// No call fails any more.
  void Stop() { stopped_.store(true); }

  std::uint64_t failed_count() const { return failed_.load(); }
  /// True once the sync of a log was one of the calls that failed.
  bool failed_log_sync() const { return failed_log_sync_.load(); }
  /// The ordinals of the calls so far: first those that change the disk, then those that read. Of
  /// the latter the first of each call site between two changes of the disk come first, then the
  /// second ones, and so on: the later ones are mostly the same again.
  struct Calls {
    std::vector<std::uint64_t> changing;
    std::vector<std::uint64_t> reading;
  };
  Calls calls() const EXCLUDES(mutex_);
  /// Of all calls so far, in their order: equal for equal runs.
  std::uint64_t digest() const EXCLUDES(mutex_);
  std::set<std::string> sites() const EXCLUDES(mutex_);
  std::set<std::string> failed_sites() const EXCLUDES(mutex_);

 private:
  std::optional<Error> Call(io::OperationKind kind, std::string_view file) EXCLUDES(mutex_);

  const FaultCase fault_;
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<bool> failed_log_sync_{false};
  std::atomic<bool> stopped_{false};
  struct Reads {
    std::size_t changes = 0;  // of the disk, before the last read
    std::size_t count = 0;    // since then
  };

  mutable Mutex mutex_;
  std::uint64_t digest_ GUARDED_BY(mutex_) = 0;
  std::vector<std::uint64_t> changing_ GUARDED_BY(mutex_);
  std::vector<std::pair<std::size_t, std::uint64_t>> reading_ GUARDED_BY(mutex_);  // rank, ordinal
  std::map<std::string, Reads> reads_ GUARDED_BY(mutex_);                          // by call site
  std::set<std::string> sites_ GUARDED_BY(mutex_);
  std::set<std::string> failed_sites_ GUARDED_BY(mutex_);
};

}  // namespace quiver::torture
