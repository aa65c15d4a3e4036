// Reads of a settled load: gets, multi-gets, seeks and scans.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>

#include "rows/group.h"

namespace quiver::bench {

namespace {

constexpr std::size_t kMultiGetKeys = 32;

class Reads {
 public:
  Reads(GroupContext& context, Engine& engine)
      : context_(context), dataset_(context.dataset), engine_(engine) {}

  Timed Hits(unsigned threads, std::uint64_t stream) {
    return RunFor(threads, context_.seconds, [this, stream](unsigned thread) {
      return [this, session = Take(engine_.NewSession(), "session"), keys = KeyBuffer(dataset_),
              picks = Picks(dataset_, Stream(stream, thread)),
              value = std::string()](std::uint64_t i) mutable {
        const std::uint64_t pick = picks[i];
        if (!Take(session->Get(keys.Random(pick), value), "get") ||
            !BelongsTo(value, dataset_, pick)) {
          Fail("a get found nothing or another's value");
        }
      };
    });
  }

  // Brings what is read into the engine's caches: as many gets as touch nearly every block. A time
  // would not do: where a machine's memory comes from its host at the first touch, that costs
  // milliseconds for each huge page, and a cache fills slowly.
  void WarmUp() {
    constexpr std::uint64_t kEntriesForEachGet = 8;
    const auto session = Take(engine_.NewSession(), "session");
    KeyBuffer keys(dataset_);
    const Picks picks(dataset_, Stream(1, 0));
    std::string value;
    for (std::uint64_t i = 0; i < dataset_.entries / kEntriesForEachGet; ++i) {
      if (!Take(session->Get(keys.Random(picks[i]), value), "get")) Fail("a get found nothing");
    }
  }

  // Absent keys between present ones: numbers that no load has reached.
  Timed Misses(unsigned threads, std::uint64_t stream) {
    constexpr std::uint64_t kAbsent = std::uint64_t{1} << 40;
    return RunFor(threads, context_.seconds, [this, stream](unsigned thread) {
      return [session = Take(engine_.NewSession(), "session"), keys = KeyBuffer(dataset_),
              seed = Stream(stream, thread), value = std::string()](std::uint64_t i) mutable {
        const std::uint64_t pick = kAbsent + RandomBelow(seed, i, kAbsent);
        if (Take(session->Get(keys.Random(pick), value), "get")) Fail("a get found an absent key");
      };
    });
  }

  // Counts keys, not calls.
  Timed MultiGets(std::uint64_t stream) {
    std::vector<KeyBuffer> buffers(kMultiGetKeys, KeyBuffer(dataset_));
    std::array<std::string_view, kMultiGetKeys> keys;
    std::array<std::string, kMultiGetKeys> values;
    Timed calls = RunFor(1, context_.seconds, [&](unsigned thread) {
      return [&, session = Take(engine_.NewSession(), "session"),
              picks = Picks(dataset_, Stream(stream, thread))](std::uint64_t i) mutable {
        for (std::size_t k = 0; k < kMultiGetKeys; ++k) {
          keys[k] = buffers[k].Random(picks[i * kMultiGetKeys + k]);
        }
        if (Take(session->MultiGet(keys, values), "multi-get") != kMultiGetKeys ||
            !BelongsTo(values.back(), dataset_, picks[i * kMultiGetKeys + kMultiGetKeys - 1])) {
          Fail("a multi-get missed a key or mixed up values");
        }
      };
    });
    calls.operations *= kMultiGetKeys;
    return calls;
  }

  Timed Seeks(std::uint64_t rows, bool new_cursor_each, std::uint64_t stream) {
    ScanTotals totals;
    const Timed seeks = RunFor(1, context_.seconds, [&](unsigned thread) {
      return [&totals, rows, new_cursor_each, reader = NewReader(engine_),
              keys = KeyBuffer(dataset_),
              picks = Picks(dataset_, Stream(stream, thread))](std::uint64_t i) mutable {
        if (new_cursor_each) reader.cursor = Take(reader.session->NewCursor(), "cursor");
        Need(reader.cursor->Scan({.from = keys.Random(picks[i]), .limit = rows}, totals), "seek");
      };
    });
    if (totals.entries < seeks.operations) Fail("a seek to a present key found nothing");
    return seeks;
  }

  // As many whole scans as the time allows, one at least.
  double ScanRate(Direction direction, bool once) {
    auto session = Take(engine_.NewSession(), "session");
    std::uint64_t scanned = 0;
    const Stopwatch stopwatch;
    do {
      ScanTotals totals;
      auto cursor = Take(session->NewCursor(), "cursor");
      Need(cursor->Scan({.direction = direction}, totals), "scan");
      CheckScan(totals);
      scanned += totals.entries;
    } while (!once && stopwatch.seconds() < context_.seconds);
    return static_cast<double>(scanned) / stopwatch.seconds();
  }

  void BatchScan() {
    const Stopwatch stopwatch;
    const auto totals = engine_.ScanBatches();
    if (!totals && totals.error().code() == ErrorCode::kUnsupported) return;
    Need(totals, "scan in batches");
    CheckScan(*totals);
    ReportRow("scan_batches", static_cast<double>(totals->entries) / stopwatch.seconds(),
              Unit::kPerSecond);
  }

 private:
  std::uint64_t Stream(std::uint64_t stream, unsigned thread) const {
    return (context_.round << 32) | (stream << 8) | thread;
  }

  void CheckScan(const ScanTotals& totals) const {
    if (totals.entries < dataset_.entries ||
        totals.bytes != totals.entries * dataset_.entry_bytes()) {
      Fail("a scan met " + std::to_string(totals.entries) + " entries of " +
           std::to_string(totals.bytes) + " bytes, not all of the load");
    }
  }

  GroupContext& context_;
  const Dataset& dataset_;
  Engine& engine_;
};

// Writes back what is dirty and asks the system to forget the pages: those of a load were charged
// to nobody's memory group and would serve reads for nothing.
void ForgetFiles(const std::filesystem::path& directory) {
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, error)) {
    if (!entry.is_regular_file(error)) continue;
    const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    ::fsync(file);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
  }
}

}  // namespace

void RunReads(GroupContext& context) {
  auto engine = OpenEngine(context);
  Reads reads(context, *engine);
  const auto report = [](std::string_view row, const Timed& timed) {
    ReportRow(row, timed.rate(), Unit::kPerSecond);
  };
  ReportRow("scan_first", reads.ScanRate(Direction::kForward, true), Unit::kPerSecond);
  reads.WarmUp();
  report("get_hit_t1", reads.Hits(1, 2));
  report("get_hit_t2", reads.Hits(2, 3));
  report("get_miss_t1", reads.Misses(1, 4));
  report("get_miss_t2", reads.Misses(2, 5));
  report("multiget32", reads.MultiGets(6));
  report("seek10", reads.Seeks(10, false, 7));
  report("seek10_new", reads.Seeks(10, true, 8));
  report("seek100", reads.Seeks(100, false, 9));
  ReportRow("scan_forward", reads.ScanRate(Direction::kForward, false), Unit::kPerSecond);
  ReportRow("scan_backward", reads.ScanRate(Direction::kBackward, false), Unit::kPerSecond);
  reads.BatchScan();
  Need(engine->Close(), "close");
}

void RunColdReads(GroupContext& context) {
  ForgetFiles(context.options.directory);
  auto engine = OpenEngine(context);
  Reads reads(context, *engine);
  reads.Hits(1, 1);  // what fits the memory limit is there from here on
  ReportRow("get_hit_t1", reads.Hits(1, 2).rate(), Unit::kPerSecond);
  ReportRow("multiget32", reads.MultiGets(6).rate(), Unit::kPerSecond);
  ReportRow("seek10", reads.Seeks(10, false, 7).rate(), Unit::kPerSecond);
  ReportRow("scan_forward", reads.ScanRate(Direction::kForward, true), Unit::kPerSecond);
  Need(engine->Close(), "close");
}

}  // namespace quiver::bench
