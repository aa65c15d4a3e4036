// Workload: a seeded life of one small database on a simulated disk: entries of all kinds in every
// log mode, batches over keyspaces that come and go, transactions, ingests, time that passes,
// rotations, flushes, compactions, checkpoints, backups, restores, datasets, a full disk, failed
// manifest writes, reopens, kills and power cuts. Settings and steps come from the seed and the
// workload's number; successive numbers walk through the option matrix.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "crash_explorer/copies.h"
#include "crash_explorer/history.h"
#include "crash_explorer/machine.h"
#include "crash_explorer/row_maker.h"
#include "harness/option_matrix.h"
#include "harness/step_list.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "quiver/transaction.h"

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
  /// Called before the disk fills up: whoever follows it lets go of files that the workload
  /// removes, which would keep their space.
  void SetBeforeFullDisk(std::function<void()> let_go) { before_full_disk_ = std::move(let_go); }
  bool disk_is_full() const noexcept { return disk_is_full_; }

  const io::MemoryFileSystem& disk() const noexcept { return disk_; }
  /// For a follower, which only reads.
  io::MemoryFileSystem& disk_to_follow() noexcept { return disk_; }
  const DatabaseConfig& config() const noexcept { return config_; }
  /// For an open of what a crash has left by now: before the first open has answered there may be
  /// no database.
  DatabaseConfig config_after_crash() const {
    return created_ ? ForExisting(config_) : ForCreation(ForExisting(config_));
  }
  const History& history() const noexcept { return history_; }
  const Copies& copies() const noexcept { return copies_; }
  /// What a follower must show at the least, now: all that is acknowledged, unless the power was
  /// cut since and no open has settled what is left.
  SequenceNumber follower_least() const noexcept {
    return settled_ ? history_.acknowledged() : history_.found_least();
  }
  /// Counts the ends of lives: what a follower has shown may be lost then.
  std::uint64_t power_cuts() const noexcept { return power_cuts_; }
  std::uint64_t transactions() const noexcept { return transactions_; }
  std::uint64_t conflicts() const noexcept { return conflicts_; }
  std::uint64_t idle_merges() const noexcept { return idle_merges_; }
  std::uint64_t refused_opens() const noexcept { return refused_opens_; }
  std::uint64_t WallMicros() const noexcept { return machine_.WallMicros(); }
  /// A digest of all calls that change the disk, in their order.
  std::uint64_t OperationDigest() const;
  std::uint64_t step_count() const noexcept { return step_count_; }
  std::uint64_t operation_count() const { return files_.log().size(); }

 private:
  std::string Key(Random& random) const;
  enum class After : std::uint8_t { kNothing, kPowerCut };
  Result<void> Open(After after = After::kNothing);
  std::string Listed();
  Result<void> RefusedOpen(const DatabaseConfig& config, ErrorCode expected);
  void PassTime(std::uint64_t duration_ms);
  Result<void> Write(std::size_t row_count, std::size_t value_bytes);
  using WriteCall = std::function<Result<SequenceNumber>(const WriteOptions&)>;
  Result<void> Submit(const WriteCall& write, WalMode mode);
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
  // workload_features.cc
  Result<void> Feature(std::uint64_t choice);
  Result<void> Commit(std::vector<HistoryRow> rows, std::size_t encoded_bytes, WalMode mode);
  Result<void> Conflict();
  Result<void> Ingest();
  Result<void> FlushAll();
  Result<void> CheckpointByFollower();
  std::filesystem::path NewPath(const char* kind);
  Isolation NextIsolation();
  template <typename Action>
  auto Unseen(const Action& action);
  void ObserveDisk();

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
  TableBytes table_bytes_{disk_};
  History history_;
  const RowMaker rows_{config_, history_, seed_, [this](Random& random) { return Key(random); }};
  Copies copies_{seed_};
  std::function<void()> at_change_;
  std::function<void()> before_full_disk_;
  bool disk_is_full_ = false;
  bool settled_ = false;
  std::uint64_t power_cuts_ = 0;
  std::uint64_t transactions_ = 0;
  std::uint64_t conflicts_ = 0;
  std::uint64_t idle_merges_ = 0;
  std::uint64_t refused_opens_ = 0;
  bool created_ = false;
  std::uint64_t input_count_ = 0;
  std::uint64_t path_count_ = 0;
  std::optional<Snapshot> snapshot_;
  Machine machine_;
};

}  // namespace quiver::torture
