// Machine: a database in deterministic mode: no threads of its own, time that the test moves,
// background work as steps that the test takes, and randomness from a seed. The same seed and the
// same steps give the same calls on the disk.
//
// Thread safety: one thread at a time. Flush() uses a second thread for the background work that
// the caller waits for; only one of the two ever runs, so the order of the calls stays the same.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/random.h"
#include "db/engine.h"
#include "io/directory.h"
#include "io/manual_clock.h"
#include "io/manual_executor.h"

namespace quiver::torture {

class Machine {
 public:
  /// `files` must outlive the machine.
  Machine(io::FileSystem& files, std::uint64_t seed) : files_(files), identity_(seed) {}
  /// The same at a moment of another machine's life.
  Machine(io::FileSystem& files, std::uint64_t seed, std::uint64_t wall_us) : Machine(files, seed) {
    clock_.SetWallMicros(wall_us);
  }
  ~Machine() { TurnOff(); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// Opens the database in `path`. Nothing runs in the background until a step is taken.
  Result<void> Open(const DatabaseConfig& config, OpenMode mode = OpenMode::kReadWrite,
                    const std::filesystem::path& path = "/db");
  /// Opens the database in /db as a follower does.
  Result<void> Follow();
  Result<void> Close();
  /// Destroys the engine; a Close comes with it.
  void TurnOff();

  Engine& engine() { return *engine_; }
  bool is_open() const noexcept { return engine_ != nullptr; }
  io::ManualClock& clock() noexcept { return clock_; }
  std::uint64_t WallMicros() const noexcept { return clock_.WallMicros(); }

  /// One task of a lane drawn at random; false if none is ready.
  bool Step(Random& random);
  /// The same; if none is ready, moves the time to the next one that waits for it.
  bool StepOrWait(Random& random);
  /// All that is ready, until nothing is.
  void Drain();
  /// Moves the time on; then what the log's lane has to do.
  void PassMillis(std::uint64_t duration_ms);
  /// A flush that waits, as Database::Flush. Everything that is ready runs before and after it.
  Result<void> Flush();
  /// `call` on the engine; where it waits for the background, that takes its steps, and the time
  /// moves to whatever waits for it: failed jobs are tried again.
  Result<void> CallThroughRetries(const std::function<Result<void>(Engine&)>& call);

 private:
  Result<void> CallAsWaiter(const std::function<Result<void>(Engine&)>& call,
                            io::ManualExecutor::WaiterHelp help);

  io::Environment NewEnvironment();

  io::FileSystem& files_;
  io::ManualClock clock_;
  Random identity_;
  std::shared_ptr<Engine> engine_;
  io::ManualExecutor* executor_ = nullptr;  // the engine's own
};

}  // namespace quiver::torture
