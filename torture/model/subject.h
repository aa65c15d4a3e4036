// Subject: the database under test, on a disk in memory, either in deterministic mode (background
// work is steps that the test takes) or on real threads.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/random.h"
#include "crash_explorer/machine.h"
#include "db/engine.h"
#include "io/memory_file_system.h"

namespace quiver::torture {

class Subject {
 public:
  enum class End : std::uint8_t { kClose, kKill, kPowerCut };

  /// `seed` orders the background work of a deterministic subject.
  Subject(std::uint64_t seed, bool real_threads)
      : real_threads_(real_threads), random_(seed), machine_(disk_, seed) {}

  Result<void> Open(const DatabaseConfig& config);
  /// Ends the database so that nothing acknowledged may be lost: a power cut comes after a sync.
  Result<void> Stop(End end);

  Engine& engine() { return real_threads_ ? *engine_ : machine_.engine(); }
  /// `keyspaces` are those that the entries name; none: the default one.
  Result<SequenceNumber> Write(std::string_view encoded, std::uint32_t count,
                               std::optional<WalMode> mode,
                               std::span<KeyspaceState* const> keyspaces = {});
  Result<void> Flush();
  Result<void> Compact(std::optional<std::string_view> begin, std::optional<std::string_view> end,
                       const Keyspace* keyspace = nullptr);
  /// Time, of a deterministic subject.
  std::uint64_t WallMicros() const { return machine_.WallMicros(); }
  void PassMillis(std::uint64_t duration_ms);
  /// Merges that nothing but a pause asked for, of a deterministic subject.
  std::uint64_t idle_merges() const noexcept { return idle_merges_; }
  /// Lets background work happen, at random a little of it or all that is due.
  void Background();

 private:
  const bool real_threads_;
  Random random_;
  io::MemoryFileSystem disk_;
  Machine machine_;
  bool merges_in_pauses_ = false;
  std::uint64_t idle_merges_ = 0;
  std::shared_ptr<Engine> engine_;  // on real threads
};

}  // namespace quiver::torture
