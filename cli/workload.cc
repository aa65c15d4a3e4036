#include "workload.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <functional>
#include <optional>
#include <thread>

namespace quiver::cli {

namespace {

using SteadyClock = std::chrono::steady_clock;

std::uint64_t NowNanos() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now().time_since_epoch())
          .count());
}

/// SplitMix64: enough for a benchmark, and a generator a thread costs nothing.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  std::uint64_t Next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  std::uint64_t Below(std::uint64_t bound) {
    return static_cast<std::uint64_t>((static_cast<unsigned __int128>(Next()) * bound) >> 64);
  }

 private:
  std::uint64_t state_;
};

/// A megabyte of half-compressible bytes that values are cut from.
class Values {
 public:
  explicit Values(std::uint32_t value_bytes) : value_bytes_(value_bytes) {
    Numbers numbers(42);
    while (bytes_.size() < (std::size_t{1} << 20) + value_bytes) {
      std::string piece;
      for (int i = 0; i < 50; ++i) piece.push_back(static_cast<char>(' ' + numbers.Below(95)));
      bytes_ += piece + piece;
    }
  }
  std::string_view Pick(Numbers& numbers) const {
    return std::string_view(bytes_).substr(numbers.Below(std::uint64_t{1} << 20), value_bytes_);
  }

 private:
  const std::uint32_t value_bytes_;
  std::string bytes_;
};

struct ThreadState {
  Database* database;
  const WorkloadOptions* options;
  const Values* values;
  std::uint64_t thread;
  std::uint64_t begin, end;  // this thread's share of the operations
  Numbers numbers{0};
  std::uint64_t found = 0;
  std::uint64_t bytes = 0;  // of a scan: reading them is part of it
  std::vector<std::uint64_t> latencies_ns = {};
  std::optional<Error> error = {};

  // Times one operation; false after an error.
  bool Timed(const std::function<Result<void>()>& operation) {
    const std::uint64_t start_ns = NowNanos();
    const Result<void> done = operation();
    latencies_ns.push_back(NowNanos() - start_ns);
    if (!done) error = done.error();
    return done.ok();
  }
};

using Body = void (*)(ThreadState&);

void Fill(ThreadState& state, bool random, WriteOptions options) {
  options.keyspace = state.options->keyspace;
  for (std::uint64_t i = state.begin; i < state.end; ++i) {
    const std::uint64_t row = random ? state.numbers.Below(state.options->rows) : i;
    const std::string key = WorkloadKey(row);
    const std::string_view value = state.values->Pick(state.numbers);
    if (!state.Timed([&] { return state.database->Put(key, value, options); })) return;
  }
}

void FillSeq(ThreadState& state) {
  Fill(state, false, {});
}
void FillRandom(ThreadState& state) {
  Fill(state, true, {});
}
void FillSync(ThreadState& state) {
  Fill(state, true, {.wal_mode = WalMode::kSync});
}

void FillBatch(ThreadState& state) {
  WriteBatch batch;
  for (std::uint64_t i = state.begin; i < state.end;) {
    batch.Clear();
    for (std::uint32_t k = 0; k < state.options->batch_rows && i < state.end; ++k, ++i) {
      const auto put =
          batch.Put(WorkloadKey(state.numbers.Below(state.options->rows)),
                    state.values->Pick(state.numbers), {.keyspace = state.options->keyspace});
      if (!put) {
        state.error = put.error();
        return;
      }
    }
    const bool ok = state.Timed([&]() -> Result<void> {
      const auto written = state.database->Write(batch);
      if (!written) return written.error();
      return {};
    });
    if (!ok) return;
  }
}

void DeleteRandom(ThreadState& state) {
  for (std::uint64_t i = state.begin; i < state.end; ++i) {
    const std::string key = WorkloadKey(state.numbers.Below(state.options->rows));
    const WriteOptions options{.keyspace = state.options->keyspace};
    if (!state.Timed([&] { return state.database->Delete(key, options); })) return;
  }
}

void Read(ThreadState& state, const char* suffix) {
  std::string value;
  for (std::uint64_t i = state.begin; i < state.end; ++i) {
    const std::string key = WorkloadKey(state.numbers.Below(state.options->rows)) + suffix;
    const bool ok = state.Timed([&]() -> Result<void> {
      const auto hit = state.database->GetInto(key, value, {.keyspace = state.options->keyspace});
      if (!hit) return hit.error();
      state.found += *hit ? 1 : 0;
      return {};
    });
    if (!ok) return;
  }
}
void ReadRandom(ThreadState& state) {
  Read(state, "");
}
void ReadMissing(ThreadState& state) {
  Read(state, ".");
}

void MultiReadRandom(ThreadState& state) {
  std::vector<std::string> keys(state.options->batch_rows);
  std::vector<std::string_view> views(keys.size());
  for (std::uint64_t i = state.begin; i < state.end; i += keys.size()) {
    for (std::size_t k = 0; k < keys.size(); ++k) {
      keys[k] = WorkloadKey(state.numbers.Below(state.options->rows));
      views[k] = keys[k];
    }
    const bool ok = state.Timed([&]() -> Result<void> {
      const auto values = state.database->MultiGet(views, {.keyspace = state.options->keyspace});
      if (!values) return values.error();
      for (const auto& value : *values) state.found += value ? 1 : 0;
      return {};
    });
    if (!ok) return;
  }
}

void Scan(ThreadState& state, bool reverse) {
  const IteratorOptions options{.keyspace = state.options->keyspace};
  auto rows = state.database->NewIterator(options);
  if (!rows) {
    state.error = rows.error();
    return;
  }
  reverse ? rows->SeekToLast() : rows->SeekToFirst();
  while (rows->Valid()) {
    state.bytes += rows->key().size() + rows->value().size();
    ++state.found;
    reverse ? rows->Prev() : rows->Next();
  }
  if (const auto status = rows->status(); !status) state.error = status.error();
}
void ReadSeq(ThreadState& state) {
  Scan(state, false);
}
void ReadReverse(ThreadState& state) {
  Scan(state, true);
}

void SeekRandom(ThreadState& state) {
  constexpr int kNexts = 10;
  for (std::uint64_t i = state.begin; i < state.end; ++i) {
    const std::string key = WorkloadKey(state.numbers.Below(state.options->rows));
    const bool ok = state.Timed([&]() -> Result<void> {
      auto rows = state.database->NewIterator({.keyspace = state.options->keyspace});
      if (!rows) return rows.error();
      rows->Seek(key);
      for (int k = 0; k < kNexts && rows->Valid(); ++k) {
        state.found += rows->value().empty() ? 0 : 1;
        rows->Next();
      }
      return rows->status();
    });
    if (!ok) return;
  }
}

// The first thread writes, the others read.
void ReadWhileWriting(ThreadState& state) {
  state.thread == 0 ? FillRandom(state) : ReadRandom(state);
}

void Compact(ThreadState& state) {
  if (state.thread != 0) return;
  state.Timed([&] { return state.database->CompactRange({}, {}, state.options->keyspace); });
}

struct Workload {
  WorkloadInfo info;
  Body body;
  bool counts_found;  // operations are the rows found
  std::uint32_t extra_threads;
};

constexpr std::array kWorkloads{
    Workload{{"fillseq", "puts in key order"}, FillSeq, false, 0},
    Workload{{"fillrandom", "puts in random order"}, FillRandom, false, 0},
    Workload{{"overwrite", "puts over existing keys in random order"}, FillRandom, false, 0},
    Workload{{"fillsync", "puts, each durable before the next"}, FillSync, false, 0},
    Workload{{"fillbatch", "batches of --batch-rows puts"}, FillBatch, false, 0},
    Workload{{"deleterandom", "deletes in random order"}, DeleteRandom, false, 0},
    Workload{{"readrandom", "gets in random order"}, ReadRandom, false, 0},
    Workload{{"readmissing", "gets of absent keys"}, ReadMissing, false, 0},
    Workload{{"multireadrandom", "multi-gets of --batch-rows keys"}, MultiReadRandom, false, 0},
    Workload{{"readseq", "scan forward over everything"}, ReadSeq, true, 0},
    Workload{{"readreverse", "scan backward over everything"}, ReadReverse, true, 0},
    Workload{{"seekrandom", "seek and ten steps"}, SeekRandom, false, 0},
    Workload{{"readwhilewriting", "gets beside one writing thread"}, ReadWhileWriting, false, 1},
    Workload{{"compact", "full range compaction"}, Compact, false, 0},
};

std::uint64_t Percentile(const std::vector<std::uint64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto index = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(index, sorted.size() - 1)];
}

Result<WorkloadResult> Summarise(const Workload& workload, std::vector<ThreadState>& states,
                                 double seconds) {
  WorkloadResult result;
  result.name = workload.info.name;
  result.seconds = seconds;
  std::vector<std::uint64_t> latencies_ns;
  for (ThreadState& state : states) {
    if (state.error) return *state.error;
    result.found += state.found;
    latencies_ns.insert(latencies_ns.end(), state.latencies_ns.begin(), state.latencies_ns.end());
    result.operations += state.end - state.begin;
  }
  if (workload.counts_found) result.operations = result.found;
  if (workload.body == Compact) result.operations = 1;
  std::sort(latencies_ns.begin(), latencies_ns.end());
  result.p50_ns = Percentile(latencies_ns, 0.5);
  result.p99_ns = Percentile(latencies_ns, 0.99);
  result.p9999_ns = Percentile(latencies_ns, 0.9999);
  result.max_ns = latencies_ns.empty() ? 0 : latencies_ns.back();
  return result;
}

}  // namespace

std::span<const WorkloadInfo> Workloads() {
  static const auto infos = [] {
    std::array<WorkloadInfo, kWorkloads.size()> list;
    for (std::size_t i = 0; i < list.size(); ++i) list[i] = kWorkloads[i].info;
    return list;
  }();
  return infos;
}

std::string WorkloadKey(std::uint64_t number) {
  std::string key(16, '0');
  for (std::size_t i = key.size(); number > 0; number /= 10) {
    key[--i] = static_cast<char>('0' + number % 10);
  }
  return key;
}

bool IsWorkloadKey(std::string_view key) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(key.data(), key.data() + key.size(), number);
  return fault == std::errc() && end == key.data() + key.size() && number < kWorkloadRowsMax &&
         WorkloadKey(number) == key;
}

Result<WorkloadResult> RunWorkload(std::string_view name, Database& database,
                                   const WorkloadOptions& options) {
  const auto found = std::find_if(kWorkloads.begin(), kWorkloads.end(),
                                  [&](const Workload& w) { return w.info.name == name; });
  if (found == kWorkloads.end()) {
    return Error(ErrorCode::kNotFound, "no workload is named " + std::string(name) +
                                           "; 'quiver bench --list' names them");
  }
  const Values values(options.value_bytes);
  const std::uint64_t threads = options.threads + found->extra_threads;
  const std::uint64_t operations = options.operations != 0 ? options.operations : options.rows;
  std::vector<ThreadState> states;
  for (std::uint64_t t = 0; t < threads; ++t) {
    states.push_back({.database = &database,
                      .options = &options,
                      .values = &values,
                      .thread = t,
                      .begin = operations * t / threads,
                      .end = operations * (t + 1) / threads,
                      .numbers = Numbers(options.seed + t)});
    states.back().latencies_ns.reserve(states.back().end - states.back().begin);
  }
  const std::uint64_t start_ns = NowNanos();
  std::vector<std::jthread> workers;
  for (std::uint64_t t = 1; t < threads; ++t) {
    workers.emplace_back([&states, &found, t] { found->body(states[t]); });
  }
  found->body(states[0]);
  workers.clear();
  return Summarise(*found, states, static_cast<double>(NowNanos() - start_ns) / 1e9);
}

}  // namespace quiver::cli
