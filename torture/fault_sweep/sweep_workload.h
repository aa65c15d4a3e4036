// SweepWorkload: the life of a small database during which calls on the disk fail (entries of all
// kinds, keyspaces made, written to and dropped, flushes, a compaction, reopens), and the checks
// that hold whatever fails: the right error, no acknowledged write lost, no sync acknowledged after
// one that failed, reads that go on, and a clean database once the fault is gone.
//
// Thread safety: none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "crash_explorer/history.h"
#include "crash_explorer/machine.h"
#include "crash_explorer/row_maker.h"
#include "fault_sweep/fault_case.h"
#include "io/memory_file_system.h"

namespace quiver::torture {

class SweepWorkload {
 public:
  static constexpr std::uint64_t kConfigCount = 4;

  SweepWorkload(std::uint64_t seed, const FaultCase& fault);

  /// Runs the life and what comes after; what() then says what was wrong.
  void Run();
  const std::vector<std::string>& what() const noexcept { return what_; }
  const FaultInjector& injector() const noexcept { return injector_; }
  /// Steps of the life, left out or not. Known after Run().
  std::uint64_t step_count() const noexcept { return step_count_; }

 private:
  template <typename Action>
  void Step(const Action& action);
  void Open();
  void Write(WalMode mode, std::size_t row_count, std::size_t value_bytes);
  void Refused(const Error& error);
  void Flush();
  void Compact();
  void MakeKeyspace(const std::string& name);
  void DropKeyspace(const std::string& name);
  void ReadAll();
  void Reopen();
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
  History history_;
  const RowMaker rows_;
  Machine machine_;
  bool uncertain_ = false;  // a write failed: none may be acknowledged before the next open
  std::uint64_t step_count_ = 0;
  std::vector<std::string> what_;
};

}  // namespace quiver::torture
