// Group: rows that one child process measures on one engine, and what groups share.
//
// A group that fails ends its process with a message: a benchmark that failed has no figure.
//
// Thread safety: one thread; RunThreads makes threads of its own and joins them.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <latch>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "driver/child.h"
#include "driver/dataset.h"
#include "engines/engine.h"
#include "report.h"

namespace quiver::bench {

struct GroupContext {
  const EngineKind& kind;
  EngineOptions options;
  Dataset dataset;
  double seconds = 1;  ///< of a row that runs for a time
  std::uint64_t round = 0;
};

struct Group {
  std::string_view name;
  void (*run)(GroupContext& context);
  std::string_view meaning;  ///< its rows, one sentence
};

/// All groups; the plan says in which order and on which data sets they run.
const std::vector<Group>& AllGroups();

void RunBulkLoad(GroupContext& context);
void RunFillSequential(GroupContext& context);
void RunLoad(GroupContext& context);
void RunFillTwoThreads(GroupContext& context);
void RunBatches(GroupContext& context);
void RunSizes(GroupContext& context);
void RunSynced(GroupContext& context);
void RunMemtable(GroupContext& context);
void RunReads(GroupContext& context);
void RunColdReads(GroupContext& context);
void RunOverwrite(GroupContext& context);
void RunWhileWriting(GroupContext& context);
void RunYcsb(GroupContext& context);
void RunReopen(GroupContext& context);
void RunCompaction(GroupContext& context);
void RunMemtables(GroupContext& context);
void RunStrategies(GroupContext& context);

/// Ends the process with the error's text if `result` is one.
template <typename T>
void Need(const Result<T>& result, std::string_view what) {
  if (!result) Fail(std::string(what) + ": " + result.error().ToString());
}

template <typename T>
T Take(Result<T> result, std::string_view what) {
  Need(result, what);
  return std::move(*result);
}

std::unique_ptr<Engine> OpenEngine(const GroupContext& context);
Reader NewReader(Engine& engine);
/// Flush() and WaitForDebt(); returns the seconds that only watched an engine at rest.
double Settle(Engine& engine);

struct Timed {
  std::uint64_t operations = 0;
  double seconds = 0;
  double rate() const noexcept { return static_cast<double>(operations) / seconds; }
};

inline constexpr std::uint64_t kOperationsPerClock = 32;

/// Runs `work(thread)`, which returns the operations it did, in so many threads at once. The time
/// goes from the first thread's begin to the last one's end, by the threads' own clocks: the
/// caller may be late to see either. `prepare(thread)` comes before, untimed, and makes the work.
template <typename Prepare>
Timed RunThreads(unsigned threads, Prepare prepare) {
  using Clock = std::chrono::steady_clock;
  std::vector<Clock::time_point> begins(threads), ends(threads);
  std::vector<std::uint64_t> operations(threads);
  std::latch ready(threads);
  const auto run = [&](unsigned thread) {
    auto work = prepare(thread);
    ready.arrive_and_wait();
    begins[thread] = Clock::now();
    operations[thread] = work();
    ends[thread] = Clock::now();
  };
  std::vector<std::thread> running;
  for (unsigned thread = 0; thread < threads; ++thread) running.emplace_back(run, thread);
  for (std::thread& thread : running) thread.join();
  const std::chrono::duration<double> wall =
      *std::max_element(ends.begin(), ends.end()) - *std::min_element(begins.begin(), begins.end());
  return {std::accumulate(operations.begin(), operations.end(), std::uint64_t{0}), wall.count()};
}

/// `make(thread)` runs in each thread and returns its operation, which is then called with 0, 1, …
/// until `seconds` are over, which is looked at every `per_clock` operations. An operation is freed
/// in its thread.
template <typename MakeOperation>
Timed RunFor(unsigned threads, double seconds, MakeOperation make,
             std::uint64_t per_clock = kOperationsPerClock) {
  return RunThreads(threads, [&](unsigned thread) {
    return [seconds, per_clock, operation = make(thread)]() mutable {
      const Stopwatch stopwatch;
      std::uint64_t done = 0;
      do {
        for (std::uint64_t i = 0; i < per_clock; ++i) operation(done++);
      } while (stopwatch.seconds() < seconds);
      return done;
    };
  });
}

/// As RunFor, but for `total` operations, which the threads share: thread t gets t, t + threads, …
template <typename MakeOperation>
Timed RunCount(unsigned threads, std::uint64_t total, MakeOperation make) {
  return RunThreads(threads, [&](unsigned thread) {
    return [thread, threads, total, operation = make(thread)]() mutable {
      std::uint64_t done = 0;
      for (std::uint64_t i = thread; i < total; i += threads, ++done) operation(i);
      return done;
    };
  });
}

/// Puts every entry of the data set, unique keys in random order, from that many threads.
Timed FillRandom(Engine& engine, const Dataset& dataset, unsigned threads);

/// Draws entries as the data set says: evenly, or by Zipf's law from a table made beforehand.
class Picks {
 public:
  Picks(const Dataset& dataset, std::uint64_t stream);
  std::uint64_t operator[](std::uint64_t i) const noexcept {
    if (ranks_ == nullptr) return RandomBelow(stream_, i, entries_);
    return (*ranks_)[i % ranks_->size()];
  }

 private:
  std::uint64_t stream_;
  std::uint64_t entries_;
  std::shared_ptr<const std::vector<std::uint32_t>> ranks_;
};

/// Notes the most anonymous memory that this process had while it lived.
class PeakMemory {
 public:
  PeakMemory();
  ~PeakMemory();
  double Mebibytes();

 private:
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> peak_bytes_{0};
  std::thread watcher_;
};

}  // namespace quiver::bench
