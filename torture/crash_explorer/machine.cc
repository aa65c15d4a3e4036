#include "crash_explorer/machine.h"

#include "base/try.h"
#include "db/open_follower.h"
#include "testing/custom_operator.h"

namespace quiver::torture {

namespace {

constexpr std::uint64_t kTickMs = 250;  // of the engine

}  // namespace

io::Environment Machine::NewEnvironment() {
  io::Environment environment;
  environment.file_system = &files_;
  environment.clock = &clock_;
  environment.random = [this] { return identity_.Next(); };
  environment.new_executor = [this](std::uint32_t) {
    auto executor = std::make_unique<io::ManualExecutor>(clock_);
    executor_ = executor.get();
    return executor;
  };
  return environment;
}

Result<void> Machine::Open(const DatabaseConfig& config, OpenMode mode,
                           const std::filesystem::path& path) {
  QUIVER_ASSIGN_OR_RETURN(
      engine_, Engine::Open(NewEnvironment(), path, config, mode, testing::CustomOperator()));
  return {};
}

Result<void> Machine::OpenAfterTear(const DatabaseConfig& config) {
  refused_as_absolute_ = false;
  DatabaseConfig point_in_time = config;
  point_in_time.wal_recovery_mode = WalRecoveryMode::kPointInTime;
  if (config.wal_recovery_mode == WalRecoveryMode::kSkipAnyCorrupt) return Open(point_in_time);
  const Result<void> opened = Open(config);
  if (config.wal_recovery_mode != WalRecoveryMode::kAbsolute) return opened;
  if (opened && engine_->recovery_report().torn_tail_bytes == 0) return {};
  if (opened) return Error(ErrorCode::kInternal, "absolute has cut a torn tail");
  if (opened.error().code() != ErrorCode::kCorruption) return opened;
  refused_as_absolute_ = true;
  QUIVER_TRY(Open(point_in_time));
  const RecoveryReport& report = engine_->recovery_report();
  if (report.torn_tail_bytes != 0 || !report.notes.empty()) return {};
  return Error(ErrorCode::kInternal, "absolute refused what point_in_time opens without a cut: " +
                                         opened.error().ToString());
}

Result<void> Machine::Follow() {
  QUIVER_ASSIGN_OR_RETURN(engine_,
                          OpenFollower(NewEnvironment(), "/db", testing::CustomOperator()));
  return {};
}

Result<void> Machine::Close() {
  const Result<void> closed = engine_->Close();
  TurnOff();
  return closed;
}

void Machine::TurnOff() {
  engine_.reset();
  executor_ = nullptr;
}

bool Machine::Step(Random& random) {
  return executor_->RunOneAtRandom(random);
}

bool Machine::StepOrWait(Random& random) {
  return Step(random) || executor_->AdvanceToNextTimer();
}

void Machine::Drain() {
  executor_->RunAll();
}

void Machine::PassMillis(std::uint64_t duration_ms) {
  clock_.Advance(duration_ms * 1'000'000);
  while (executor_->RunOneOf(io::Lane::kLog)) {
  }
}

// Before a tick nothing is due any more, and a tick by itself makes nothing due that writes a
// table: what it may find expired or too old is dropped. So what is written then is written for the
// pause, unless a job that has failed is tried again, or waited for room on the disk.
std::uint64_t Machine::PassTicks(std::uint64_t duration_ms) {
  std::uint64_t idle_merges = 0;
  for (std::uint64_t passed_ms = 0; passed_ms < duration_ms; passed_ms += kTickMs) {
    Drain();
    const DatabaseMetrics before = engine_->Metrics();
    PassMillis(kTickMs);
    Drain();
    const bool waited = before.background_errors != 0 || !before.stall_reason.empty();
    const bool wrote =
        engine_->Metrics().compaction_written_bytes > before.compaction_written_bytes;
    if (wrote && !waited) ++idle_merges;
  }
  return idle_merges;
}

Result<void> Machine::Flush() {
  return CallAsWaiter([](Engine& engine) { return engine.Flush(); },
                      io::ManualExecutor::WaiterHelp::kReady);
}

Result<void> Machine::CallThroughRetries(const std::function<Result<void>(Engine&)>& call) {
  return CallAsWaiter(call, io::ManualExecutor::WaiterHelp::kTimed);
}

Result<void> Machine::CallAsWaiter(const std::function<Result<void>(Engine&)>& call,
                                   io::ManualExecutor::WaiterHelp help) {
  Drain();
  executor_->SetWaiterHelp(help);
  Result<void> result = call(*engine_);
  executor_->SetWaiterHelp(io::ManualExecutor::WaiterHelp::kNone);
  Drain();
  return result;
}

}  // namespace quiver::torture
