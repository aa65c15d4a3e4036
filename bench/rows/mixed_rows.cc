// Writes over a load, and reads beside them.
#include "driver/machine.h"
#include "driver/statistics.h"
#include "rows/group.h"

namespace quiver::bench {

namespace {

// db_bench's readwhilewriting with benchmark_write_rate_limit, as its users compare engines.
constexpr double kWriterBytesPerSecond = 2 << 20;

std::uint64_t Nanoseconds() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

struct Overwrites {
  double rate = 0;
  std::uint64_t operations = 0;
  LatencyHistogram latencies;
};

// Overwrites for the context's seconds; the clock runs on until nothing is due.
Overwrites OverwriteFor(GroupContext& context, Engine& engine, unsigned threads) {
  const Dataset& dataset = context.dataset;
  std::vector<LatencyHistogram> latencies(threads);
  const Stopwatch stopwatch;
  const Timed timed = RunFor(threads, context.seconds, [&](unsigned thread) {
    return [&histogram = latencies[thread], session = Take(engine.NewSession(), "session"),
            keys = KeyBuffer(dataset), values = ValueBuffer(dataset),
            picks = Picks(dataset, (context.round << 8) | (threads << 4) | thread),
            last = std::uint64_t{0}](std::uint64_t i) mutable {
      const std::uint64_t pick = picks[i];
      // One reading of the clock ends an operation and begins the next.
      if (last == 0) last = Nanoseconds();
      Need(session->Put(keys.Random(pick), values.Of(pick)), "overwrite");
      const std::uint64_t now = Nanoseconds();
      histogram.Add(now - last);
      last = now;
    };
  });
  const double idle_s = Settle(engine);
  Overwrites overwrites;
  overwrites.operations = timed.operations;
  overwrites.rate = static_cast<double>(timed.operations) / (stopwatch.seconds() - idle_s);
  for (const LatencyHistogram& histogram : latencies) overwrites.latencies.Merge(histogram);
  return overwrites;
}

// Overwrites at a steady pace from a thread of its own until it is destroyed.
class PacedWriter {
 public:
  PacedWriter(GroupContext& context, Engine& engine) {
    thread_ = std::thread([this, &context, &engine] { Run(context, engine); });
  }
  ~PacedWriter() {
    stop_.store(true);
    thread_.join();
  }
  /// Returns once the first put is done.
  void AwaitBegin() const {
    while (!begun_.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  void Run(GroupContext& context, Engine& engine) {
    const Dataset& dataset = context.dataset;
    auto session = Take(engine.NewSession(), "session");
    KeyBuffer keys(dataset);
    ValueBuffer values(dataset);
    const Picks picks(dataset, context.round + 7000);
    const double puts_per_second =
        kWriterBytesPerSecond / static_cast<double>(dataset.entry_bytes());
    const Stopwatch stopwatch;
    std::uint64_t done = 0;
    while (!stop_.load()) {
      const auto due = static_cast<std::uint64_t>(stopwatch.seconds() * puts_per_second);
      for (; done < due && !stop_.load(); ++done) {
        const std::uint64_t pick = picks[done];
        Need(session->Put(keys.Random(pick), values.Of(pick)), "put of the writer");
        begun_.store(true);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<bool> begun_{false};
  std::thread thread_;
};

Timed GetsBeside(GroupContext& context, Engine& engine) {
  const Dataset& dataset = context.dataset;
  return RunFor(1, context.seconds, [&](unsigned) {
    return [&dataset, session = Take(engine.NewSession(), "session"), keys = KeyBuffer(dataset),
            picks = Picks(dataset, context.round + 7100),
            value = std::string()](std::uint64_t i) mutable {
      const std::uint64_t pick = picks[i];
      if (!Take(session->Get(keys.Random(pick), value), "get") ||
          !BelongsTo(value, dataset, pick)) {
        Fail("a get beside writes found nothing or another's value");
      }
    };
  });
}

// A new cursor each: a reused one would not see what is written meanwhile.
Timed SeeksBeside(GroupContext& context, Engine& engine) {
  const Dataset& dataset = context.dataset;
  ScanTotals totals;
  const Timed seeks = RunFor(1, context.seconds, [&](unsigned) {
    return [&totals, session = Take(engine.NewSession(), "session"), keys = KeyBuffer(dataset),
            picks = Picks(dataset, context.round + 7200)](std::uint64_t i) mutable {
      auto cursor = Take(session->NewCursor(), "cursor");
      Need(cursor->Scan({.from = keys.Random(picks[i]), .limit = 10}, totals), "seek");
    };
  });
  if (totals.entries < seeks.operations) Fail("a seek beside writes found nothing");
  return seeks;
}

}  // namespace

void RunOverwrite(GroupContext& context) {
  PeakMemory memory;
  auto engine = OpenEngine(context);
  const std::uint64_t written_before = OwnWrittenBytes();
  const Overwrites one = OverwriteFor(context, *engine, 1);
  const double user_bytes =
      static_cast<double>(one.operations) * static_cast<double>(context.dataset.entry_bytes());
  ReportRow("overwrite_t1", one.rate, Unit::kPerSecond);
  ReportRow("overwrite_p50", static_cast<double>(one.latencies.Quantile(0.5)) * 1e-3,
            Unit::kMicroseconds);
  ReportRow("overwrite_p99", static_cast<double>(one.latencies.Quantile(0.99)) * 1e-3,
            Unit::kMicroseconds);
  ReportRow("overwrite_p9999", static_cast<double>(one.latencies.Quantile(0.9999)) * 1e-3,
            Unit::kMicroseconds);
  (void)Take(engine->WaitForRest(), "wait for rest");  // what it writes counts too
  ReportRow("overwrite_write_amplification",
            static_cast<double>(OwnWrittenBytes() - written_before) / user_bytes, Unit::kFactor);
  if (const auto own = engine->WriteAmplification()) {
    ReportRow("overwrite_write_amplification_told", *own, Unit::kFactor);
  }
  ReportRow("overwrite_t2", OverwriteFor(context, *engine, 2).rate, Unit::kPerSecond);
  ReportRow("overwrite_peak_memory", memory.Mebibytes(), Unit::kMebibytes);
  Need(engine->Close(), "close");
  ReportRow("overwrite_size", static_cast<double>(DiskBytes(context.options.directory)) / (1 << 20),
            Unit::kMebibytes);
}

void RunWhileWriting(GroupContext& context) {
  auto engine = OpenEngine(context);
  GetsBeside(context, *engine);  // warms the caches
  const PacedWriter writer(context, *engine);
  writer.AwaitBegin();
  ReportRow("read_while_writing", GetsBeside(context, *engine).rate(), Unit::kPerSecond);
  ReportRow("seek_while_writing", SeeksBeside(context, *engine).rate(), Unit::kPerSecond);
}

}  // namespace quiver::bench
