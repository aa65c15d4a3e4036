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
  /// Opens with `config`, which may say wal_recovery_mode = absolute, what a power cut or a log
  /// that could not be written to its end has left. A refusal is right if what point_in_time then
  /// opens reports that it has cut something; and absolute may not have cut. A salvage would make
  /// holes in what was not durable: point_in_time opens in its place.
  Result<void> OpenAfterTear(const DatabaseConfig& config);
  /// Whether absolute refused, the last time.
  bool refused_as_absolute() const noexcept { return refused_as_absolute_; }
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
  /// Moves the time on as it passes for a running database: in ticks of a quarter of a second, and
  /// all that is ready runs after each of them. Answers how many of these ticks began a merge that
  /// nothing but the pause asked for.
  std::uint64_t PassTicks(std::uint64_t duration_ms);
  /// A flush that waits, as Database::Flush. Everything that is ready runs before and after it.
  Result<void> Flush();
  /// `call`, which may wait for the background: that takes its steps then, and the time moves on.
  template <typename Call>
  auto Waiting(const Call& call) {
    executor_->SetWaiterHelp(io::ManualExecutor::WaiterHelp::kTimed);
    auto result = call();
    executor_->SetWaiterHelp(io::ManualExecutor::WaiterHelp::kNone);
    return result;
  }
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
  bool refused_as_absolute_ = false;
};

}  // namespace quiver::torture
