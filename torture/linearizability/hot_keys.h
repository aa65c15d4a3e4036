// HotKeys: several real threads on a few keys of one database over several openings, and the
// verdict of the checkers on their record.
//
// Thread safety: Run from one thread; it starts its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "linearizability/hot_key_worker.h"
#include "quiver/database.h"

namespace quiver::torture {

class HotKeys {
 public:
  /// Openings of the database, each with all threads at work.
  static constexpr std::uint64_t kPhases = 4;

  /// Settings and calls follow from the seed and the number.
  HotKeys(std::uint64_t seed, std::uint64_t number, std::filesystem::path directory);

  /// Runs and checks; answers what is wrong, or nothing.
  std::vector<std::string> Run();

  std::uint64_t operation_count() const noexcept;
  std::uint64_t event_count() const noexcept { return event_count_; }
  std::uint64_t atomic_read_count() const noexcept { return atomic_read_count_; }
  std::uint64_t flush_count() const noexcept { return flush_count_; }
  std::uint64_t compaction_count() const noexcept { return compaction_count_; }

 private:
  static constexpr std::uint64_t kWorkers = 6;

  bool Open();
  void RunPhase(std::uint64_t phase);
  void Maintain(std::uint64_t phase, const std::atomic<bool>& stop);
  void Close();
  void CheckRegisters();
  void CheckStates();

  const std::uint64_t seed_;
  const std::filesystem::path directory_;
  const DatabaseConfig config_;
  HotKeyState state_;
  std::vector<HotKeyWorker> workers_;
  std::unique_ptr<Database> database_;
  bool was_open_ = false;
  std::uint64_t event_count_ = 0;
  std::uint64_t atomic_read_count_ = 0;
  std::uint64_t flush_count_ = 0;
  std::uint64_t compaction_count_ = 0;
};

}  // namespace quiver::torture
