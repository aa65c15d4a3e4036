#include "model/subject.h"

#include "base/try.h"
#include "testing/engine_harness.h"

namespace quiver::torture {

namespace {

constexpr int kStallStepsMax = 100'000;

}  // namespace

Result<void> Subject::Open(const DatabaseConfig& config) {
  merges_in_pauses_ = config.idle_compaction_delay_ms != 0;
  if (!real_threads_) return machine_.Open(config);
  QUIVER_ASSIGN_OR_RETURN(engine_, testing::OpenEngine(disk_, config));
  return {};
}

Result<void> Subject::Stop(End end) {
  Result<void> stopped;
  if (end == End::kPowerCut) {
    stopped = engine().SyncLog();
    disk_.Crash(random_);
  } else if (end == End::kKill) {
    disk_.Crash({.loss = io::CrashModel::Loss::kNothing});
  }
  // Iterators that are still held keep the engine, but not open. On a dead disk it ends as it can.
  const Result<void> closed = engine().Close();
  if (end == End::kClose) stopped = closed;
  engine_.reset();
  machine_.TurnOff();
  return stopped;
}

Result<SequenceNumber> Subject::Write(std::string_view encoded, std::uint32_t count,
                                      std::optional<WalMode> mode,
                                      std::span<KeyspaceState* const> keyspaces) {
  QUIVER_ASSIGN_OR_RETURN(KeyspaceState* const default_keyspace, engine().Resolve(nullptr));
  if (keyspaces.empty()) keyspaces = {&default_keyspace, 1};
  if (real_threads_) return engine_->Write(encoded, count, keyspaces, {.wal_mode = mode});
  // Where it would wait for a flush, take the flush's steps.
  for (int step = 0; step < kStallStepsMax; ++step) {
    Result<SequenceNumber> written = machine_.engine().Write(
        encoded, count, keyspaces, {.wal_mode = mode, .fail_if_stalled = true});
    if (written || written.error().code() != ErrorCode::kBusy) return written;
    (void)machine_.StepOrWait(random_);
  }
  return Error(ErrorCode::kInternal, "a write stalls for ever");
}

Result<void> Subject::Flush() {
  return real_threads_ ? engine_->Flush() : machine_.Flush();
}

Result<void> Subject::Compact(std::optional<std::string_view> begin,
                              std::optional<std::string_view> end, const Keyspace* keyspace) {
  if (real_threads_) return engine_->CompactRange(begin, end, keyspace);
  QUIVER_TRY(machine_.Flush());  // so that nothing runs beside the merge
  machine_.Drain();
  return machine_.engine().CompactRange(begin, end, keyspace);
}

void Subject::PassMillis(std::uint64_t duration_ms) {
  if (real_threads_ || !merges_in_pauses_) return machine_.PassMillis(duration_ms);
  idle_merges_ += machine_.PassTicks(duration_ms);
}

void Subject::Background() {
  if (real_threads_) return;
  const std::uint64_t dice = random_.Below(100);
  if (dice < 20) (void)machine_.Step(random_);
  if (dice == 20) machine_.Drain();
  if (dice == 21) machine_.PassMillis(10);
  if (merges_in_pauses_ && random_.OneIn(200)) PassMillis(1000);
}

}  // namespace quiver::torture
