// The compaction strategies against each other: a load, several times as many overwrites, and reads
// of what they leave.
//
// The geometry is that of a large database in small: so many memtables of data that every strategy
// has its levels, and tables of half a memtable, about what one is flushed to.
#include "driver/machine.h"
#include "driver/statistics.h"
#include "rows/group.h"

namespace quiver::bench {

namespace {

constexpr std::uint64_t kMemtablesOfData = 150;
constexpr std::uint64_t kLeastMemtableBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kOverwritesPerEntry = 3;
constexpr std::uint64_t kSeekRows = 10;
// Under fifo, what its files may take beside the live data's size once.
constexpr std::uint64_t kFifoShare = 2;
constexpr auto kSpaceWatch = std::chrono::milliseconds(50);
constexpr std::uint64_t kLoadStream = 1, kOverwriteStream = 2;

/// Notes the most that the files of a directory took while it lived.
class PeakSpace {
 public:
  explicit PeakSpace(std::string directory) {
    watcher_ = std::thread([this, directory = std::move(directory)] {
      while (!stop_.load()) {
        peak_bytes_.store(std::max(peak_bytes_.load(), DiskBytes(directory)));
        std::this_thread::sleep_for(kSpaceWatch);
      }
    });
  }
  ~PeakSpace() {
    stop_.store(true);
    watcher_.join();
  }
  std::uint64_t bytes() const { return peak_bytes_.load(); }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> peak_bytes_{0};
  std::thread watcher_;
};

std::uint64_t Nanoseconds() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

class StrategyChoice {
 public:
  explicit StrategyChoice(GroupContext& context) : context_(context), dataset_(context.dataset) {
    EngineOptions& options = context_.options;
    options.memtable_bytes =
        std::max(kLeastMemtableBytes, dataset_.data_bytes() / kMemtablesOfData);
    const auto set = [&](const char* name, std::uint64_t bytes) {
      options.settings.emplace_back(name, std::to_string(bytes));
    };
    set("table_size_bytes", options.memtable_bytes / 2);
    set("level_base_bytes", 4 * options.memtable_bytes);
    const std::pair<std::string, std::string> fifo{"compaction_strategy", "fifo"};
    drops_old_ =
        std::find(options.settings.begin(), options.settings.end(), fifo) != options.settings.end();
    if (drops_old_) set("fifo_size_limit_bytes", kFifoShare * dataset_.data_bytes());
    engine_ = OpenEngine(context_);
  }

  void Load() {
    const Stopwatch stopwatch;
    FillRandom(*engine_, dataset_, 1);
    const double idle_s = Settle(*engine_);
    ReportRow("strategy_load",
              static_cast<double>(dataset_.entries) / (stopwatch.seconds() - idle_s),
              Unit::kPerSecond);
  }

  void Overwrite() {
    const PeakSpace space(context_.options.directory.string());
    const std::uint64_t written_before = OwnWrittenBytes();
    const std::uint64_t puts = kOverwritesPerEntry * dataset_.entries;
    LatencyHistogram latencies;
    const Stopwatch stopwatch;
    RunCount(1, puts, [&](unsigned) {
      return [this, &latencies, session = Take(engine_->NewSession(), "session"),
              keys = KeyBuffer(dataset_), values = ValueBuffer(dataset_),
              picks = Picks(dataset_, Stream(kOverwriteStream)),
              last = Nanoseconds()](std::uint64_t i) mutable {
        const std::uint64_t pick = picks[i];
        Need(session->Put(keys.Random(pick), values.Of(pick)), "overwrite");
        const std::uint64_t now = Nanoseconds();
        latencies.Add(now - last);
        last = now;
      };
    });
    const double idle_s = Settle(*engine_);
    const double seconds = stopwatch.seconds() - idle_s;
    (void)Take(engine_->WaitForRest(), "wait for rest");  // what it writes counts too
    const std::uint64_t written = OwnWrittenBytes() - written_before;
    const double user_bytes = static_cast<double>(puts * dataset_.entry_bytes());
    ReportRow("strategy_overwrite", static_cast<double>(puts) / seconds, Unit::kPerSecond);
    ReportRow("strategy_overwrite_p9999", static_cast<double>(latencies.Quantile(0.9999)) * 1e-3,
              Unit::kMicroseconds);
    ReportRow("strategy_write_amplification", static_cast<double>(written) / user_bytes,
              Unit::kFactor);
    if (const auto told = engine_->WriteAmplification()) {
      ReportRow("strategy_write_amplification_told", *told, Unit::kFactor);
    }
    if (const auto runs = engine_->Runs()) {
      ReportRow("strategy_runs", static_cast<double>(*runs), Unit::kFactor);
    }
    ReportRow("strategy_space_peak", OfLiveData(space.bytes()), Unit::kFactor);
  }

  void Gets() {
    std::uint64_t found = 0;
    const auto measure = [&] {
      found = 0;
      return RunFor(1, context_.seconds, [&](unsigned) {
        return [this, &found, session = Take(engine_->NewSession(), "session"),
                keys = KeyBuffer(dataset_), picks = Picks(dataset_, Stream(kLoadStream)),
                value = std::string()](std::uint64_t i) mutable {
          const std::uint64_t pick = picks[i];
          const bool here = Take(session->Get(keys.Random(pick), value), "get");
          found += here ? 1 : 0;
          if (here ? !BelongsTo(value, dataset_, pick) : !drops_old_) {
            Fail("a get found nothing or another's value");
          }
        };
      });
    };
    measure();  // warms the caches
    const Timed timed = measure();
    ReportRow("strategy_get", timed.rate(), Unit::kPerSecond);
    ReportRow("strategy_forgotten",
              1 - static_cast<double>(found) / static_cast<double>(timed.operations),
              Unit::kFactor);
  }

  void Misses() {
    constexpr std::uint64_t kAbsent = std::uint64_t{1} << 40;
    const Timed misses = RunFor(1, context_.seconds, [&](unsigned) {
      return [this, session = Take(engine_->NewSession(), "session"), keys = KeyBuffer(dataset_),
              value = std::string()](std::uint64_t i) mutable {
        const std::uint64_t pick = kAbsent + RandomBelow(context_.round, i, kAbsent);
        if (Take(session->Get(keys.Random(pick), value), "get")) Fail("a get found an absent key");
      };
    });
    ReportRow("strategy_get_absent", misses.rate(), Unit::kPerSecond);
  }

  void Seeks() {
    ScanTotals totals;
    const Timed seeks = RunFor(1, context_.seconds, [&](unsigned) {
      return [this, &totals, session = Take(engine_->NewSession(), "session"),
              keys = KeyBuffer(dataset_),
              picks = Picks(dataset_, Stream(kLoadStream))](std::uint64_t i) mutable {
        auto cursor = Take(session->NewCursor(), "cursor");
        Need(cursor->Scan({.from = keys.Random(picks[i]), .limit = kSeekRows}, totals), "seek");
      };
    });
    if (totals.entries < seeks.operations) Fail("a seek found nothing");
    ReportRow("strategy_seek10", seeks.rate(), Unit::kPerSecond);
  }

  void Scans() {
    auto session = Take(engine_->NewSession(), "session");
    std::uint64_t scanned = 0;
    const Stopwatch stopwatch;
    do {
      ScanTotals totals;
      auto cursor = Take(session->NewCursor(), "cursor");
      Need(cursor->Scan({}, totals), "scan");
      const bool all = totals.entries == dataset_.entries;
      if (drops_old_ ? totals.entries == 0 : !all) Fail("a scan missed entries");
      scanned += totals.entries;
    } while (stopwatch.seconds() < context_.seconds);
    ReportRow("strategy_scan", static_cast<double>(scanned) / stopwatch.seconds(),
              Unit::kPerSecond);
  }

  void Close() {
    Need(engine_->Close(), "close");
    engine_.reset();
    ReportRow("strategy_space", OfLiveData(DiskBytes(context_.options.directory.string())),
              Unit::kFactor);
  }

 private:
  std::uint64_t Stream(std::uint64_t stream) const { return (context_.round << 8) | stream; }
  double OfLiveData(std::uint64_t bytes) const {
    return static_cast<double>(bytes) / static_cast<double>(dataset_.data_bytes());
  }

  GroupContext& context_;
  const Dataset& dataset_;
  bool drops_old_ = false;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

void RunStrategies(GroupContext& context) {
  StrategyChoice choice(context);
  choice.Load();
  choice.Overwrite();
  choice.Gets();
  choice.Misses();
  choice.Seeks();
  choice.Scans();
  choice.Close();
}

}  // namespace quiver::bench
