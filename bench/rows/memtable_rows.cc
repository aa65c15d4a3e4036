// Reads where every entry is still in the memtable.
#include <algorithm>

#include "rows/group.h"

namespace quiver::bench {

namespace {

// More than the processor's caches hold, and a memtable of a size in use.
constexpr std::uint64_t kEntriesMax = 2'000'000;
// What structures around the entries may take before a flush begins.
constexpr std::uint64_t kRoom = 4;
constexpr std::uint64_t kRoomBytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMemtableBytesMax = std::uint64_t{1} << 30;

}  // namespace

void RunMemtable(GroupContext& context) {
  if (!context.kind.has_memtable) {
    ReportSkipped("memtable_get, memtable_seek", context.kind.title + " has no memtable");
    return;
  }
  Dataset dataset = context.dataset;
  dataset.entries = std::min(dataset.entries, kEntriesMax);
  context.options.memtable_bytes =
      std::min(kMemtableBytesMax, dataset.data_bytes() * kRoom + kRoomBytes);
  context.options.memtable_count_max = 2;
  auto engine = OpenEngine(context);
  FillRandom(*engine, dataset, 1);

  const Timed gets = RunFor(1, context.seconds, [&](unsigned) {
    return [&dataset, session = Take(engine->NewSession(), "session"), keys = KeyBuffer(dataset),
            picks = Picks(dataset, context.round), value = std::string()](std::uint64_t i) mutable {
      const std::uint64_t pick = picks[i];
      if (!Take(session->Get(keys.Random(pick), value), "get") ||
          !BelongsTo(value, dataset, pick)) {
        Fail("a get from the memtable found nothing or another's value");
      }
    };
  });
  ReportRow("memtable_get", gets.rate(), Unit::kPerSecond);

  ScanTotals totals;
  const Timed seeks = RunFor(1, context.seconds, [&](unsigned) {
    return [&totals, reader = NewReader(*engine), keys = KeyBuffer(dataset),
            picks = Picks(dataset, context.round + 100)](std::uint64_t i) mutable {
      Need(reader.cursor->Scan({.from = keys.Random(picks[i]), .limit = 1}, totals), "seek");
    };
  });
  if (totals.entries != seeks.operations) Fail("a seek in the memtable found nothing");
  ReportRow("memtable_seek", seeks.rate(), Unit::kPerSecond);
  Need(engine->Close(), "close");
}

}  // namespace quiver::bench
