#include "crash_explorer/machine.h"

#include "base/try.h"
#include "db/open_follower.h"

namespace quiver::torture {

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
  QUIVER_ASSIGN_OR_RETURN(engine_, Engine::Open(NewEnvironment(), path, config, mode));
  return {};
}

Result<void> Machine::Follow() {
  QUIVER_ASSIGN_OR_RETURN(engine_, OpenFollower(NewEnvironment(), "/db", nullptr));
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
