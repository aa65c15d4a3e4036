// Goal (T15 of the plan): after a kill under full load the database opens in a time in proportion
// to its log, and a second kill during that open makes the next one no worse.
//
// Method: a child writes rows of 1 KiB from two threads in async mode into memtables so large that
// nothing is flushed, until the log has a given size; the parent kills it (SIGKILL), starts a
// second child that opens the database and is killed half-way through the time that an open takes,
// and times the open after that. For comparison it times the open of a copy that was killed once.
//
// Oracle: all rows acknowledged before the kill are there (a killed process loses nothing, in any
// mode). Both times stay below kSlack times the goal of 200 ms + 1 s for 256 MiB of log, or, where
// the machine itself is slower than that, kSlack times what making an empty database and writing
// the log took just before. The goal itself is a figure of docs/reliability.md.
//
// Cannot see: a log that the page cache does not hold any more (a reboot), where the disk's reading
// speed is added.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <map>
#include <new>
#include <thread>
#include <vector>

#include "base/random.h"
#include "harness/torture_run.h"
#include "quiver/database.h"

namespace quiver::torture {
namespace {

constexpr int kWriters = 2;
constexpr std::size_t kValueBytes = 1024;
constexpr double kGoalBaseMs = 200;
constexpr double kGoalMsPerMib = 1000.0 / 256;
constexpr double kSlack = 5;
constexpr std::uint64_t kMib = std::uint64_t{1} << 20;

// Shared with the children; outlives their kills.
struct Shared {
  std::array<std::atomic<std::uint64_t>, kWriters> acknowledged{};
  std::atomic<std::uint64_t> log_bytes{0};
};

DatabaseConfig Config(std::uint64_t log_mib) {
  DatabaseConfig config;
  config.wal_mode = WalMode::kAsync;
  config.memtable_size_bytes = (2 * log_mib + 4) * kMib;
  config.memtable_count_max = 2;
  config.memory_limit_bytes = config.memtable_size_bytes * 2 + 64 * kMib;
  config.disk_reserve_bytes = 0;
  return config;
}

std::string Key(int writer, std::uint64_t number) {
  // Spread over the key space, as a load that is not sorted.
  return std::to_string(number * 0x9E3779B97F4A7C15ULL) + "-" + std::to_string(writer) + "-" +
         std::to_string(number);
}
std::string Value(int writer, std::uint64_t number) {
  std::string value = Key(writer, number);
  value.resize(kValueBytes, static_cast<char>('a' + number % 26));
  return value;
}

[[noreturn]] void WriteForever(const std::filesystem::path& path, std::uint64_t log_mib,
                               Shared& shared) {
  auto opened = Database::Open(path, Config(log_mib));
  if (!opened) ::_exit(1);
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (std::uint64_t number = 1;; ++number) {
        if (!(*opened)->Put(Key(writer, number), Value(writer, number))) ::_exit(2);
        shared.acknowledged[static_cast<std::size_t>(writer)].store(number);
        shared.log_bytes.fetch_add(kValueBytes);
      }
    });
  }
  writers.clear();
  ::_exit(3);
}

[[noreturn]] void OpenOnly(const std::filesystem::path& path, std::uint64_t log_mib) {
  const auto opened = Database::Open(path, Config(log_mib));
  ::pause();
  ::_exit(opened ? 0 : 1);
}

void Kill(pid_t child) {
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
}

double MsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

double Quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const auto place =
      static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(place, 1) - 1];
}

class RecoveryTimes {
 public:
  RecoveryTimes(TortureRun& run, Shared& shared) : run_(run), shared_(shared) {}

  void RunCycle(std::uint64_t log_mib) {
    run_.Doing(std::to_string(log_mib));
    const std::filesystem::path path = run_.directory() / "db";
    const std::filesystem::path copy = run_.directory() / "copy";
    std::filesystem::remove_all(path);
    std::filesystem::remove_all(copy);
    const auto start = std::chrono::steady_clock::now();
    WriteAndKill(path, log_mib);
    write_ms_ = MsSince(start);
    std::filesystem::copy(path, copy, std::filesystem::copy_options::recursive);
    const double once_ms = TimedOpen(copy, log_mib, "killed once");
    const pid_t opener = ForkWithParent();
    if (opener == 0) OpenOnly(path, log_mib);
    ::usleep(static_cast<useconds_t>(once_ms * 1000 * random_.Uniform()));
    Kill(opener);
    const double twice_ms = TimedOpen(path, log_mib, "killed twice");
    once_ms_[log_mib].push_back(once_ms);
    twice_ms_[log_mib].push_back(twice_ms);
    run_.Count("kills", 2);
  }

  void Report() {
    for (const auto& [log_mib, times] : once_ms_) {
      const std::string size = std::to_string(log_mib) + "mib";
      run_.Set("reopen_" + size + "_p50_ms", Quantile(times, 0.5));
      run_.Set("reopen_" + size + "_p99_ms", Quantile(times, 0.99));
      run_.Set("reopen_" + size + "_max_ms", Quantile(times, 1));
      run_.Set("reopen_after_second_kill_" + size + "_p50_ms", Quantile(twice_ms_[log_mib], 0.5));
      run_.Set("reopen_after_second_kill_" + size + "_max_ms", Quantile(twice_ms_[log_mib], 1));
    }
  }

 private:
  void WriteAndKill(const std::filesystem::path& path, std::uint64_t log_mib) {
    for (auto& acknowledged : shared_.acknowledged) acknowledged.store(0);
    shared_.log_bytes.store(0);
    const pid_t child = ForkWithParent();
    if (child == 0) WriteForever(path, log_mib, shared_);
    int status = 0;
    while (shared_.log_bytes.load() < std::max(log_mib * kMib, 2 * kValueBytes)) {
      ::usleep(200);
      if (::waitpid(child, &status, WNOHANG) == child) {
        return run_.Fail(std::to_string(log_mib), "the writer ended by itself");
      }
    }
    Kill(child);
  }

  double TimedOpen(const std::filesystem::path& path, std::uint64_t log_mib, const char* what) {
    const auto start = std::chrono::steady_clock::now();
    const auto opened = Database::Open(path, Config(log_mib));
    const double ms = MsSince(start);
    const std::string plan = std::to_string(log_mib);
    if (!opened) {
      run_.Fail(plan, std::string(what) + ": " + opened.error().ToString());
      return ms;
    }
    const double goal_ms = kGoalBaseMs + kGoalMsPerMib * static_cast<double>(log_mib);
    if (ms > kSlack * goal_ms) run_.Count("opens_on_a_slow_machine");
    const double limit_ms = kSlack * std::max(goal_ms, write_ms_);
    if (ms > limit_ms) {
      run_.Fail(plan, std::string(what) + ": the open took " + std::to_string(ms) +
                          " ms, at most " + std::to_string(limit_ms) + " ms are allowed");
    }
    CheckRows(**opened, plan, what);
    return ms;
  }

  void CheckRows(const Database& db, const std::string& plan, const char* what) {
    if (!db.recovery_report().losses.empty()) run_.Fail(plan, "a loss is reported");
    for (int writer = 0; writer < kWriters; ++writer) {
      const std::uint64_t last = shared_.acknowledged[static_cast<std::size_t>(writer)].load();
      const std::uint64_t step = 1 + last / 5000;
      for (std::uint64_t number = last; number >= 1; number -= std::min(step, number)) {
        const auto value = db.Get(Key(writer, number));
        run_.Count("rows_checked");
        if (value && *value && (*value)->view() == Value(writer, number)) continue;
        return run_.Fail(plan, std::string(what) + ": row " + std::to_string(number) + " of " +
                                   std::to_string(last) + " is lost");
      }
    }
  }

  TortureRun& run_;
  Shared& shared_;
  Random random_{run_.seed()};
  double write_ms_ = 0;  ///< what the child took from its start to its kill
  std::map<std::uint64_t, std::vector<double>> once_ms_;
  std::map<std::uint64_t, std::vector<double>> twice_ms_;
};

int Main(int argc, char** argv) {
  TortureRun run("recovery_time", argc, argv);
  void* const memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    run.Skip("no shared memory");
    return run.Finish();
  }
  RecoveryTimes times(run, *new (memory) Shared);
  if (!run.plan().empty()) {
    times.RunCycle(std::strtoull(run.plan().c_str(), nullptr, 10));
  } else {
    // Small logs often, large ones when there is time for them.
    for (std::uint64_t round = 0; run.TimeLeft(); ++round) {
      for (const std::uint64_t log_mib : {0, 1, 4, 16}) {
        if (run.TimeLeft()) times.RunCycle(log_mib);
      }
      if (round % 4 == 3 && run.TimeLeft()) times.RunCycle(64);
      if (round % 16 == 15 && run.TimeLeft()) times.RunCycle(256);
    }
  }
  times.Report();
  return run.Finish();
}

}  // namespace
}  // namespace quiver::torture

int main(int argc, char** argv) {
  return quiver::torture::Main(argc, argv);
}
