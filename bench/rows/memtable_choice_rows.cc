// The memtables against each other in an open database, the log and all else around them included.
#include <algorithm>
#include <optional>

#include "driver/machine.h"
#include "rows/group.h"

namespace quiver::bench {

namespace {

constexpr std::uint64_t kSeekRows = 10;
// Times the data, for the structure around the entries: no flush begins before all are in. The
// least is what every kind may have at most.
constexpr std::uint64_t kRoom = 4;
constexpr std::uint64_t kLeastMemtableBytes = std::uint64_t{4} << 20;

enum class Order : std::uint8_t { kSequential, kRandom };

class MemtableChoice {
 public:
  explicit MemtableChoice(GroupContext& context) : context_(context), dataset_(context.dataset) {
    EngineOptions& options = context_.options;
    options.memtable_bytes = std::max(kLeastMemtableBytes, dataset_.data_bytes() * kRoom);
    options.memtable_count_max = 2;
    root_ = options.directory;
  }

  /// The reason, if a memtable of this kind may not be so large.
  std::optional<std::string> Refused() {
    const auto opened = context_.kind.open(context_.options);
    if (opened || opened.error().code() != ErrorCode::kInvalidArgument) return std::nullopt;
    return opened.error().ToString();
  }

  /// Fills empty databases until the time is over, one at least; the last one stays. Returns false
  /// if a flush came in between, since the memtable takes no more.
  bool Fill(std::string_view row, Order order, unsigned threads) {
    Timed all;
    const Stopwatch stopwatch;
    do {
      Renew();
      const Timed one = RunCount(threads, dataset_.entries, [&](unsigned) {
        return [order, session = Take(engine_->NewSession(), "session"), keys = KeyBuffer(dataset_),
                values = ValueBuffer(dataset_)](std::uint64_t i) mutable {
          const auto key = order == Order::kRandom ? keys.Random(i) : keys.Sequential(i);
          Need(session->Put(key, values.Of(i)), "put");
        };
      });
      all.operations += one.operations;
      all.seconds += one.seconds;
      const auto use = engine_->UseOfMemtables();
      if (!use || use->entries != dataset_.entries) return false;
    } while (stopwatch.seconds() < context_.seconds);
    ReportRow(row, all.rate(), Unit::kPerSecond);
    return true;
  }

  void Memory() {
    const auto use = engine_->UseOfMemtables();
    ReportRow("memtable_entry_bytes",
              static_cast<double>(use->bytes) / static_cast<double>(use->entries), Unit::kBytes);
  }

  void Gets() {
    const Timed gets = RunFor(1, context_.seconds, [&](unsigned) {
      return [this, session = Take(engine_->NewSession(), "session"), keys = KeyBuffer(dataset_),
              picks = Picks(dataset_, context_.round),
              value = std::string()](std::uint64_t i) mutable {
        const std::uint64_t pick = picks[i];
        if (!Take(session->Get(keys.Random(pick), value), "get") ||
            !BelongsTo(value, dataset_, pick)) {
          Fail("a get from the memtable found nothing or another's value");
        }
      };
    });
    ReportRow("memtable_get_hit", gets.rate(), Unit::kPerSecond);
  }

  void Seeks() {
    ScanTotals totals;
    const Timed seeks = RunFor(1, context_.seconds, [&](unsigned) {
      return [this, &totals, session = Take(engine_->NewSession(), "session"),
              keys = KeyBuffer(dataset_),
              picks = Picks(dataset_, context_.round + 100)](std::uint64_t i) mutable {
        auto cursor = Take(session->NewCursor(), "cursor");
        Need(cursor->Scan({.from = keys.Random(picks[i]), .limit = kSeekRows}, totals), "seek");
      };
    });
    if (totals.entries < seeks.operations) Fail("a seek in the memtable found nothing");
    ReportRow("memtable_seek10", seeks.rate(), Unit::kPerSecond);
  }

  void Scans() {
    auto session = Take(engine_->NewSession(), "session");
    std::uint64_t scanned = 0;
    const Stopwatch stopwatch;
    do {
      ScanTotals totals;
      auto cursor = Take(session->NewCursor(), "cursor");
      Need(cursor->Scan({}, totals), "scan");
      if (totals.entries != dataset_.entries) Fail("a scan of the memtable missed entries");
      scanned += totals.entries;
    } while (stopwatch.seconds() < context_.seconds);
    ReportRow("memtable_scan", static_cast<double>(scanned) / stopwatch.seconds(),
              Unit::kPerSecond);
  }

  // What some kinds put off until the first seek after a put comes due at each of these. Overwrites
  // in place of new keys would grow the table all the same: versions stay until the flush.
  void PutsWithSeeks() {
    ScanTotals totals;
    const Timed pairs = RunFor(
        1, context_.seconds,
        [&](unsigned) {
          return [this, &totals, session = Take(engine_->NewSession(), "session"),
                  keys = KeyBuffer(dataset_), values = ValueBuffer(dataset_),
                  picks = Picks(dataset_, context_.round + 200)](std::uint64_t i) mutable {
            const std::uint64_t pick = picks[2 * i];
            Need(session->Put(keys.Random(pick), values.Of(pick)), "put");
            auto cursor = Take(session->NewCursor(), "cursor");
            Need(cursor->Scan({.from = keys.Random(picks[2 * i + 1]), .limit = kSeekRows}, totals),
                 "seek");
          };
        },
        1);
    if (totals.entries < pairs.operations) Fail("a seek after a put found nothing");
    ReportRow("memtable_put_and_seek10", pairs.rate(), Unit::kPerSecond);
  }

  void Flush() {
    Renew();
    FillRandom(*engine_, dataset_, 1);
    const Stopwatch stopwatch;
    Need(engine_->Flush(), "flush");
    ReportRow("memtable_flush", static_cast<double>(dataset_.entries) / stopwatch.seconds(),
              Unit::kPerSecond);
  }

  void Close() {
    Need(engine_->Close(), "close");
    engine_.reset();
  }

 private:
  // An empty database in place of the last one.
  void Renew() {
    if (engine_) Close();
    std::error_code error;
    context_.options.directory = root_ / "fill";
    std::filesystem::remove_all(context_.options.directory, error);
    engine_ = OpenEngine(context_);
  }

  GroupContext& context_;
  const Dataset& dataset_;
  std::filesystem::path root_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

void RunMemtables(GroupContext& context) {
  MemtableChoice choice(context);
  const std::string rows = "memtable rows of " + context.dataset.name;
  if (const auto reason = choice.Refused()) return ReportSkipped(rows, *reason);
  if (!choice.Fill("memtable_put_in_order", Order::kSequential, 1)) {
    return ReportSkipped(rows, "the memtable is flushed before it holds as much");
  }
  choice.Fill("memtable_put_t2", Order::kRandom, 2);
  choice.Fill("memtable_put_t1", Order::kRandom, 1);
  choice.Memory();
  choice.Gets();
  choice.Seeks();
  choice.Scans();
  choice.PutsWithSeeks();
  choice.Flush();
  choice.Close();
}

}  // namespace quiver::bench
