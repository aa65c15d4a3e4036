// SweepWorkload: the life of a small database during which calls on the disk fail (entries of all
// kinds, transactions, keyspaces made, written to and dropped, flushes, a compaction, reopens; or
// ingests, checkpoints, backups, restores, datasets and followers), and the checks that hold
// whatever fails: the right error, no acknowledged write lost, no sync acknowledged after one that
// failed, reads that go on, and a clean database once the fault is gone.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/random.h"
#include "crash_explorer/copies.h"
#include "crash_explorer/history.h"
#include "crash_explorer/machine.h"
#include "crash_explorer/row_maker.h"
#include "fault_sweep/fault_case.h"
#include "io/memory_file_system.h"

namespace quiver::torture {

class SweepWorkload {
 public:
  /// The first so many write, flush, compact and reopen; the others make copies and ingests.
  static constexpr std::uint64_t kPlainConfigCount = 4;
  static constexpr std::uint64_t kConfigCount = 8;  // a block of the option matrix

  SweepWorkload(std::uint64_t seed, const FaultCase& fault);

  /// Runs the life and what comes after; what() then says what was wrong.
  void Run();
  const std::vector<std::string>& what() const noexcept { return what_; }
  const DatabaseConfig& config() const noexcept { return config_; }
  std::uint64_t idle_merges() const noexcept { return idle_merges_; }
  const FaultInjector& injector() const noexcept { return injector_; }
  /// Steps of the life, left out or not. Known after Run().
  std::uint64_t step_count() const noexcept { return step_count_; }

 private:
  // A step that is left out changes nothing of the others: each draws from randomness of its own.
  template <typename Action>
  void Step(const Action& action) {
    const std::uint64_t step = step_count_++;
    if (!fault_.steps.Keeps(step)) return;
    random_ = Random((seed_ * 31 + fault_.config) * 1009 + step);
    action();
  }
  std::string Key(Random& random) const;
  void LivePlainly();
  void LiveWithCopies();
  void Open();
  void Write(WalMode mode, std::size_t row_count, std::size_t value_bytes);
  // As a commit of `transaction`, if there is one. False if they are not acknowledged.
  bool WriteRows(std::vector<HistoryRow> rows, WalMode mode, Transaction* transaction = nullptr);
  void Refused(const Error& error, bool transaction);
  void PassTime(std::uint64_t duration_ms);
  void Flush();
  void Compact();
  void MakeKeyspace(const std::string& name);
  void DropKeyspace(const std::string& name);
  void ReadAll();
  void Reopen();
  // sweep_copies.cc
  using CopyCall = std::function<Result<void>(Engine&)>;
  void Copy(const char* call, const CopyCall& copy);
  void Conflict();
  void Ingest(std::size_t row_count);
  void Follow();
  void CheckpointByFollower();
  void CheckCopies(Machine& survivor);
  void CheckError(const char* call, const Error& error);
  void CheckAfterwards();
  void Say(std::string what) { what_.push_back(std::move(what)); }

  const FaultCase fault_;
  const std::uint64_t seed_;
  Random random_;
  const DatabaseConfig config_;
  io::MemoryFileSystem disk_;
  io::FaultFileSystem files_{disk_};
  FaultInjector injector_;
  TableBytes table_bytes_{disk_};
  History history_;
  const RowMaker rows_;
  Copies copies_{seed_};
  Machine machine_;
  std::uint64_t input_count_ = 0;
  std::uint64_t idle_merges_ = 0;
  bool tried_ = false;      // to open it
  bool created_ = false;    // an open has answered: there is a database
  bool uncertain_ = false;  // a write failed: none may be acknowledged before the next open
  std::uint64_t step_count_ = 0;
  std::vector<std::string> what_;
};

}  // namespace quiver::torture
