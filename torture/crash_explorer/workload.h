// Workload: a seeded life of one small database on a simulated disk: entries of all kinds in every
// log mode, batches over keyspaces that come and go, time that passes, rotations, flushes,
// compactions, a full disk, failed manifest writes, reopens, kills and power cuts. Settings and
// steps come from the seed and the workload's number; successive numbers walk through all
// memtables, strategies, log modes, compressions and widths.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/random.h"
#include "crash_explorer/history.h"
#include "crash_explorer/machine.h"
#include "crash_explorer/row_maker.h"
#include "harness/step_list.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"

namespace quiver::torture {

class Workload {
 public:
  /// Of its steps only those in `steps` are taken; each draws from randomness of its own, so that
  /// they stay the same whatever is left out.
  Workload(std::uint64_t seed, std::uint64_t number, StepList steps = {});
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  /// Lives the whole life. Answers what went wrong in it, or empty. `at_change` is called after
  /// every change of the disk; it may look at disk(), config() and history().
  std::string Run(std::function<void()> at_change);

  const io::MemoryFileSystem& disk() const noexcept { return disk_; }
  const DatabaseConfig& config() const noexcept { return config_; }
  const History& history() const noexcept { return history_; }
  std::uint64_t WallMicros() const noexcept { return machine_.WallMicros(); }
  /// A digest of all calls that change the disk, in their order.
  std::uint64_t OperationDigest() const;
  std::uint64_t step_count() const noexcept { return step_count_; }
  std::uint64_t operation_count() const { return files_.log().size(); }

 private:
  std::string Key(Random& random) const;
  Result<void> Open();
  Result<void> Write(std::size_t row_count, std::size_t value_bytes);
  Result<void> Submit(const EncodedRows& encoded, std::uint32_t count, WalMode mode);
  Result<void> Step();
  Result<void> Maintain(std::uint64_t choice);
  Result<void> Interrupt(std::uint64_t choice);
  Result<void> Compact();
  Result<void> MakeKeyspace();
  Result<void> DropKeyspace();
  Result<void> FillDisk();
  Result<void> FailManifest();
  Result<void> Reopen();
  Result<void> Kill();
  Result<void> CutPower();
  WalMode NextMode();

  const std::uint64_t seed_;
  const std::uint64_t number_;
  const StepList steps_;
  Random random_;
  DatabaseConfig config_;
  bool mixed_modes_ = false;
  std::uint64_t key_space_ = 0;
  std::uint64_t step_count_ = 0;
  io::MemoryFileSystem disk_;
  io::FaultFileSystem files_{disk_};
  History history_;
  const RowMaker rows_{config_, history_, seed_, [this](Random& random) { return Key(random); }};
  std::optional<Snapshot> snapshot_;
  Machine machine_;
};

}  // namespace quiver::torture
