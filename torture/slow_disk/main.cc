// Goal (T16 of the plan): a disk that is slow or hangs makes writes wait; it does not make memory
// grow, does not stop reads, and nothing deadlocks: when the disk goes on, so does everything.
//
// Method: an engine with its real threads runs on a disk in memory whose calls are held up: all
// calls of one kind take some milliseconds, or one call does not return until the test lets it.
// Four writers and a reader work meanwhile. Kinds and files are drawn from the seed.
//
// Oracle: while the disk hangs the reader makes progress and answers are right; sealed memtables
// and the log not yet flushed stay below what memtable_count_max allows, memory below its limit;
// once the disk goes on each writer is acknowledged again, and a Close that was begun during the
// hang returns. At the end all rows acknowledged are there.
//
// Cannot see: a kernel that blocks a whole process (tasks in state D), where a system call of a
// reader would hang too.
//
//   torture-slow_disk --plan KIND:FILE:MS:hang (or :delay)
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "harness/torture_run.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "testing/engine_harness.h"

namespace quiver::torture {
namespace {

using io::OperationKind;
using testing::GetFrom;
using testing::PutInto;

constexpr int kWriters = 4;
constexpr std::uint64_t kMemtableBytes = 256U << 10;
constexpr std::uint32_t kMemtables = 3;
// Segments of all memtables and of one that is flushed but not removed, each with its last group.
constexpr std::uint64_t kLogBytesMax = (kMemtables + 1) * 3 * kMemtableBytes;
constexpr double kDeadlockSeconds = 60;

void SleepMs(std::uint64_t ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

struct Trouble {
  OperationKind kind;
  std::string file;      ///< part of the names concerned; empty: all
  std::uint64_t ms = 0;  ///< of delay of each call, or of one hang
  bool hangs = false;

  std::string ToText() const {
    return std::string(io::OperationKindName(kind)) + ":" + file + ":" + std::to_string(ms) + ":" +
           (hangs ? "hang" : "delay");
  }
};

const std::array<std::pair<OperationKind, const char*>, 12> kPlaces = {{
    {OperationKind::kAppend, ".arrow"},
    {OperationKind::kSyncFile, ".arrow"},
    {OperationKind::kCreate, ".arrow"},
    {OperationKind::kAppend, "MANIFEST"},
    {OperationKind::kSyncFile, "MANIFEST"},
    {OperationKind::kSyncLog, ".wal"},
    {OperationKind::kWriteAtDurably, ".wal"},
    {OperationKind::kWriteAt, ".wal"},
    {OperationKind::kReserve, ".wal"},
    {OperationKind::kSyncDirectory, ""},
    {OperationKind::kRemove, ""},
    {OperationKind::kFreeBytes, ""},
}};

/// Holds up the calls that the trouble names, from Begin to End.
class Obstacle {
 public:
  explicit Obstacle(Trouble trouble) : trouble_(std::move(trouble)) {}

  std::optional<Error> Call(OperationKind kind, std::string_view file) EXCLUDES(mutex_) {
    if (!active_.load() || kind != trouble_.kind ||
        (!trouble_.file.empty() && file.find(trouble_.file) == std::string_view::npos)) {
      return std::nullopt;
    }
    met_.fetch_add(1);
    if (!trouble_.hangs) {
      SleepMs(trouble_.ms);
      return std::nullopt;
    }
    MutexLock lock(mutex_);
    while (active_.load()) released_.WaitFor(mutex_, 20);
    return std::nullopt;
  }
  void Begin() { active_.store(true); }
  void End() {
    active_.store(false);
    released_.NotifyAll();
  }
  std::uint64_t met() const { return met_.load(); }

 private:
  const Trouble trouble_;
  std::atomic<bool> active_{false};
  std::atomic<std::uint64_t> met_{0};
  Mutex mutex_;
  CondVar released_;
};

std::string Key(int writer, std::uint64_t number) {
  return "w" + std::to_string(writer) + "-" + std::to_string(number);
}
std::string Value(int writer, std::uint64_t number) {
  return Key(writer, number) + std::string(500, 'v');
}

class Scenario {
 public:
  Scenario(TortureRun& run, Trouble trouble)
      : run_(run), trouble_(trouble), obstacle_(std::move(trouble)) {
    files_.SetHook(
        [this](OperationKind kind, std::string_view file) { return obstacle_.Call(kind, file); });
  }

  void Run() {
    run_.Doing(trouble_.ToText());
    auto opened = testing::OpenEngine(files_, Config());
    if (!opened) return Fail(opened.error().ToString());
    engine_ = *opened;
    {
      std::vector<std::jthread> threads;
      for (int writer = 0; writer < kWriters; ++writer) {
        threads.emplace_back([this, writer] { WriteOn(writer); });
      }
      threads.emplace_back([this] { ReadOn(); });
      SleepMs(50);
      obstacle_.Begin();
      Watch();
      const bool closes_meanwhile = trouble_.hangs && trouble_.ms % 2 == 1;
      if (closes_meanwhile) {
        CloseDuringTheHang();
      } else {
        obstacle_.End();
        ExpectProgress();
      }
      stop_.store(true);
    }
    if (const Result<void> closed = engine_->Close(); !closed) Fail(closed.error().ToString());
    engine_.reset();
    opened->reset();
    CheckRows();
    run_.Count("scenarios");
    run_.Count("calls_held_up", static_cast<double>(obstacle_.met()));
  }

 private:
  static DatabaseConfig Config() {
    DatabaseConfig config = testing::HarnessConfig(WalMode::kBatch);
    config.memtable_size_bytes = kMemtableBytes;
    config.memtable_count_max = kMemtables;
    return config;
  }
  void Fail(const std::string& what) { run_.Fail(trouble_.ToText(), what); }

  void ExpectAtMost(const char* what, std::uint64_t found, std::uint64_t most) {
    if (found <= most) return;
    Fail(std::to_string(found) + " " + what + ", at most " + std::to_string(most) +
         " are expected");
  }

  void WriteOn(int writer) {
    auto& acknowledged = acknowledged_[static_cast<std::size_t>(writer)];
    for (std::uint64_t number = 1; !stop_.load(); ++number) {
      const auto mode = static_cast<WalMode>(number % 3);
      const auto done =
          PutInto(*engine_, Key(writer, number), Value(writer, number), {.wal_mode = mode});
      if (!done) {
        if (done.error().code() != ErrorCode::kClosed) Fail(done.error().ToString());
        return;
      }
      acknowledged.store(number);
    }
  }

  // Reads rows of the first writer, old and new, in memtables and tables.
  void ReadOn() {
    Random random(run_.seed());
    while (!stop_.load()) {
      const std::uint64_t last = acknowledged_[0].load();
      if (last == 0) continue;
      const std::uint64_t number = 1 + random.Below(last);
      const auto start = std::chrono::steady_clock::now();
      const auto value = GetFrom(*engine_, Key(0, number));
      const double ms =
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
              .count();
      if (!value) {
        if (value.error().code() != ErrorCode::kClosed) Fail("get: " + value.error().ToString());
        return;
      }
      if (!*value || **value != Value(0, number)) return Fail("a wrong answer to a get");
      reads_.fetch_add(1);
      run_.Max("read_latency_max_ms", ms);
    }
  }

  // The trouble lasts: reads go on, memory stays.
  void Watch() {
    const auto end = std::chrono::steady_clock::now() +
                     std::chrono::milliseconds(trouble_.hangs ? trouble_.ms : 400);
    while (std::chrono::steady_clock::now() < end) {
      const std::uint64_t reads_before = reads_.load();
      SleepMs(100);
      if (reads_.load() == reads_before &&
          !ProgressWithin(kDeadlockSeconds, reads_, reads_before)) {
        Fail("no read was answered for a minute");
      }
      const DatabaseMetrics metrics = engine_->Metrics();
      run_.Max("memtables_bytes_max", static_cast<double>(metrics.memory_memtables_bytes));
      run_.Max("log_bytes_waiting_max", static_cast<double>(metrics.wal_live_bytes));
      // Memtables that are flushed but still in a reader's epoch count too, so that memory as such
      // has only the limit of all.
      ExpectAtMost("sealed memtables", metrics.immutable_memtables, kMemtables - 1);
      ExpectAtMost("bytes of log not flushed", metrics.wal_live_bytes, kLogBytesMax);
      ExpectAtMost("bytes of memory", metrics.memory_memtables_bytes, metrics.memory_limit_bytes);
      if (!metrics.stall_reason.empty()) run_.Count("stalls_seen");
    }
  }

  static bool ProgressWithin(double seconds, const std::atomic<std::uint64_t>& counter,
                             std::uint64_t before) {
    const auto start = std::chrono::steady_clock::now();
    while (counter.load() == before) {
      if (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() > seconds)
        return false;
      SleepMs(5);
    }
    return true;
  }

  void ExpectProgress() {
    for (const auto& acknowledged : acknowledged_) {
      if (!ProgressWithin(kDeadlockSeconds, acknowledged, acknowledged.load())) {
        return Fail("a writer is not acknowledged any more after the trouble ended");
      }
    }
  }

  void CloseDuringTheHang() {
    std::atomic<std::uint64_t> closed{0};
    std::jthread closer([&] {
      if (const Result<void> done = engine_->Close(); !done) Fail(done.error().ToString());
      closed.store(1);
    });
    SleepMs(50);
    obstacle_.End();
    if (!ProgressWithin(kDeadlockSeconds, closed, 0)) Fail("Close does not return");
    run_.Count("closes_during_a_hang");
  }

  void CheckRows() {
    auto opened = testing::OpenEngine(disk_, Config());
    if (!opened) return Fail(opened.error().ToString());
    for (int writer = 0; writer < kWriters; ++writer) {
      const std::uint64_t last = acknowledged_[static_cast<std::size_t>(writer)].load();
      for (std::uint64_t number = 1; number <= last; number += 1 + last / 2000) {
        const auto value = GetFrom(**opened, Key(writer, number));
        run_.Count("rows_checked");
        if (!value || !*value || **value != Value(writer, number)) {
          return Fail("row " + std::to_string(number) + " of " + std::to_string(last) + " is lost");
        }
      }
    }
  }

  TortureRun& run_;
  const Trouble trouble_;
  Obstacle obstacle_;
  io::MemoryFileSystem disk_;
  io::FaultFileSystem files_{disk_};
  std::shared_ptr<Engine> engine_;
  std::array<std::atomic<std::uint64_t>, kWriters> acknowledged_{};
  std::atomic<std::uint64_t> reads_{0};
  std::atomic<bool> stop_{false};
};

std::optional<Trouble> ParseTrouble(const std::string& text) {
  for (const auto& [kind, file] : kPlaces) {
    const std::string start = std::string(io::OperationKindName(kind)) + ":" + file + ":";
    if (!text.starts_with(start)) continue;
    char* end = nullptr;
    const std::uint64_t ms = std::strtoull(text.c_str() + start.size(), &end, 10);
    return Trouble{kind, file, ms, std::string_view(end) == ":hang"};
  }
  return std::nullopt;
}

int Main(int argc, char** argv) {
  TortureRun run("slow_disk", argc, argv);
  if (!run.plan().empty()) {
    const std::optional<Trouble> trouble = ParseTrouble(run.plan());
    if (!trouble) {
      std::fprintf(stderr, "--plan takes KIND:FILE:MS:hang or :delay, not %s\n",
                   run.plan().c_str());
      return 2;
    }
    Scenario(run, *trouble).Run();
    return run.Finish();
  }
  Random random(run.seed());
  for (std::size_t place = 0; run.TimeLeft(); place = (place + 1) % kPlaces.size()) {
    const auto& [kind, file] = kPlaces[place];
    const bool hangs = random.OneIn(2);
    const std::uint64_t ms = hangs ? 300 + random.Below(900) : 1 + random.Below(15);
    Scenario(run, {kind, file, ms, hangs}).Run();
  }
  return run.Finish();
}

}  // namespace
}  // namespace quiver::torture

int main(int argc, char** argv) {
  return quiver::torture::Main(argc, argv);
}
