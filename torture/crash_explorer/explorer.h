// Explorer: after every change of the disk in the life of a workload, builds the disks that a power
// cut could leave, opens each and holds it against the workload's history.
//
// Thread safety: one thread for each explorer; the TortureRun is shared.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "crash_explorer/workload.h"
#include "harness/torture_run.h"

namespace quiver::torture {

/// What to repeat: one image of one point of one workload, or all of them, of all steps or some.
struct CrashPlan {
  std::uint64_t workload = 0;
  std::optional<std::uint64_t> point;
  std::optional<std::uint64_t> image;
  StepList steps;

  /// "12", "12:340" or "12:340:5", then perhaps "/" and the steps that are kept.
  static std::optional<CrashPlan> Parse(const std::string& text);
};

class Explorer {
 public:
  /// `met` notes the settings of each workload.
  Explorer(TortureRun& run, std::function<void(const DatabaseConfig&)> met)
      : run_(run), met_(std::move(met)) {}

  /// One workload with its crash points, then the same without any: the calls on the disk must be
  /// the same.
  void Explore(const CrashPlan& plan);

 private:
  /// How a crash image is made: M1 to M10 of the plan.
  struct Recipe {
    io::CrashModel::Loss loss;
    std::set<std::uint64_t> kept;
  };

  void AtChange();
  std::vector<Recipe> Recipes(Random& random) const;
  void CheckImage(const Recipe& recipe, std::uint64_t index);
  /// Opens and checks one disk; answers the sequence that it recovered up to.
  std::optional<SequenceNumber> CheckDisk(io::MemoryFileSystem& disk, Machine& machine,
                                          SequenceNumber least, const char* what);
  Result<void> OpenImage(Machine& machine);
  void CheckSalvaged(const Engine& engine, SequenceNumber least, const char* what);
  void CheckReadOnly(io::MemoryFileSystem& disk);
  void CheckAfterwards(io::MemoryFileSystem& disk, Machine& machine, SequenceNumber last,
                       Random& random);
  // explorer_features.cc
  void CheckFollower(io::MemoryFileSystem& disk);
  void CheckLiveFollower();
  void CheckNoOrphans(io::MemoryFileSystem& disk, Machine& machine);
  void CheckCopies(io::MemoryFileSystem& disk, Random& random);
  void CheckNextBackup(io::MemoryFileSystem& disk, Machine& machine, SequenceNumber last);
  void Fail(const std::string& what);
  std::string PlanHere() const;
  Random RandomHere(std::uint64_t salt) const;

  TortureRun& run_;
  const std::function<void(const DatabaseConfig&)> met_;
  Workload* workload_ = nullptr;
  CrashPlan plan_;
  std::uint64_t point_ = 0;
  std::uint64_t image_ = 0;
  std::unique_ptr<Machine> followed_;  // the state that a follower of the live disk shows
  std::uint64_t followed_power_cuts_ = 0;
  bool stopped_ = false;  // the time is over: the rest of the workload runs without images
  // Sums of this explorer, added to the run's figures after each workload.
  std::uint64_t points_ = 0;
  std::uint64_t images_ = 0;
  std::uint64_t nested_ = 0;
};

}  // namespace quiver::torture
