#include "linearizability/hot_keys.h"

#include <chrono>
#include <thread>

#include "base/schedule_point.h"
#include "harness/small_config.h"

namespace quiver::torture {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kOperationsInPhase = 1500;
constexpr milliseconds kPhaseTimeMax{250};

std::string Text(const RegisterOperation& operation) {
  return std::string(operation.is_write ? "write of " : "read of ") +
         std::to_string(operation.value) + ", called " + std::to_string(operation.called_ns) +
         " answered " + std::to_string(operation.answered_ns);
}

}  // namespace

HotKeys::HotKeys(std::uint64_t seed, std::uint64_t number, std::filesystem::path directory)
    : seed_(seed * 1'000'003 + number),
      directory_(std::move(directory)),
      config_(SmallConfig(number)) {
  for (std::uint64_t i = 0; i < kWorkers; ++i) workers_.emplace_back(seed_, i, state_);
}

std::uint64_t HotKeys::operation_count() const noexcept {
  std::uint64_t count = 0;
  for (const HotKeyWorker& worker : workers_) count += worker.operation_count();
  return count;
}

std::vector<std::string> HotKeys::Run() {
  for (std::uint64_t phase = 0; phase < kPhases && !state_.broken(); ++phase) {
    if (Open()) RunPhase(phase);
  }
  if (!state_.broken() && Open()) {
    workers_.front().ReadEverything(*database_);
    Close();
  }
  if (!state_.broken()) CheckRegisters();
  if (!state_.broken()) CheckStates();
  std::vector<std::string> what = state_.what();
  for (std::string& each : what) each += " [" + DescribeConfig(config_) + "]";
  return what;
}

bool HotKeys::Open() {
  auto opened = Database::Open(directory_, config_);
  if (!opened) return state_.Say("does not open: " + opened.error().ToString()), false;
  database_ = *std::move(opened);
  const RecoveryReport& report = database_->recovery_report();
  if (was_open_ && !report.clean_shutdown) state_.Say("a clean close is not recognised");
  was_open_ = true;
  if (!report.losses.empty()) state_.Say("a loss after a clean close: " + report.losses.front());
  state_.CheckDurable(*database_, 0);
  return !state_.broken();
}

// In a build with the schedule fuzzer each phase has a schedule of its own. Every other phase ends
// in a close while all threads are at work.
void HotKeys::RunPhase(std::uint64_t phase) {
  StartSchedule(seed_ * kPhases + phase + 1);
  const bool close_under_work = phase % 2 == 1;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> working{kWorkers};
  {
    std::vector<std::jthread> threads;
    for (HotKeyWorker& worker : workers_) {
      threads.emplace_back([&] {
        worker.Run(*database_, kOperationsInPhase, stop);
        working.fetch_sub(1);
      });
    }
    threads.emplace_back([&] { Maintain(phase, stop); });
    const auto end = std::chrono::steady_clock::now() + kPhaseTimeMax;
    while (working.load() > 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(1));
    }
    if (close_under_work) Close();
    stop.store(true);
  }
  if (!close_under_work) Close();
}

void HotKeys::Close() {
  const DatabaseMetrics metrics = database_->Metrics();
  flush_count_ += metrics.flushes;
  compaction_count_ += metrics.compactions;
  if (const Result<void> closed = database_->Close(); !closed) {
    state_.Say("Close() fails: " + closed.error().ToString());
  }
}

void HotKeys::Maintain(std::uint64_t phase, const std::atomic<bool>& stop) {
  Random random(seed_ * 17 + phase);
  while (!stop.load(std::memory_order_relaxed) && !state_.broken()) {
    Result<void> done;
    switch (random.Below(6)) {
      case 0: done = database_->Flush(); break;
      case 1: done = database_->CompactRange(); break;
      case 2: done = database_->CompactRange("g", "g3"); break;
      case 3: {
        const Result<Snapshot> snapshot = database_->NewSnapshot();
        if (!snapshot) break;
        const SequenceNumber sequence = snapshot->sequence();
        done = random.OneIn(2) ? database_->SyncLog() : database_->WaitDurable(sequence);
        if (done) state_.CheckDurable(*database_, sequence);
        break;
      }
      default: std::this_thread::sleep_for(std::chrono::microseconds(random.Below(4000)));
    }
    if (!done &&
        (state_.IsWrong("upkeep", done.error()) || done.error().code() == ErrorCode::kClosed)) {
      return;
    }
  }
}

void HotKeys::CheckRegisters() {
  for (KeyIndex key = 0; key < kHotKeys; ++key) {
    std::vector<RegisterOperation> history;
    for (const HotKeyWorker& worker : workers_) {
      history.insert(history.end(), worker.history(key).begin(), worker.history(key).end());
    }
    event_count_ += history.size();
    const auto unexplained = FindUnexplained(history, 0);
    if (unexplained) {
      state_.Say(HotKeyName(key) + " is not linearizable: " + Text(history[*unexplained]));
    }
  }
}

void HotKeys::CheckStates() {
  std::vector<StateWrite> writes;
  std::vector<StateRead> reads;
  for (const HotKeyWorker& worker : workers_) {
    writes.insert(writes.end(), worker.writes().begin(), worker.writes().end());
    reads.insert(reads.end(), worker.reads().begin(), worker.reads().end());
  }
  atomic_read_count_ = reads.size();
  const std::string wrong = FindBrokenRead(writes, reads);
  if (!wrong.empty()) state_.Say(wrong);
}

}  // namespace quiver::torture
