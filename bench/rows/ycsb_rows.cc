// YCSB's core workloads A to F, with its proportions and distributions, from two threads.
//
// Source: Cooper et al., "Benchmarking Cloud Serving Systems with YCSB" (SoCC 2010). Records keep
// the data set's size, not YCSB's thousand bytes.
#include <array>

#include "driver/zipfian.h"
#include "rows/group.h"

namespace quiver::bench {

namespace {

constexpr unsigned kThreads = 2;
constexpr std::uint64_t kScanRowsMax = 100;
constexpr std::uint64_t kDraws = std::uint64_t{1} << 22;

enum class Kind : std::uint8_t { kRead, kUpdate, kInsert, kScan, kReadModifyWrite };

struct Workload {
  std::string_view row;
  Kind usual;  ///< what most operations are
  Kind other;  ///< what the others are
  double other_share;
  bool latest = false;  ///< reads prefer what was inserted last
};

constexpr std::array<Workload, 6> kWorkloads{{
    {"ycsb_a", Kind::kRead, Kind::kUpdate, 0.5},
    {"ycsb_b", Kind::kRead, Kind::kUpdate, 0.05},
    {"ycsb_c", Kind::kRead, Kind::kRead, 0},
    {"ycsb_f", Kind::kRead, Kind::kReadModifyWrite, 0.5},
    {"ycsb_d", Kind::kRead, Kind::kInsert, 0.05, true},
    {"ycsb_e", Kind::kScan, Kind::kInsert, 0.05},
}};

// One thread's operations.
class Client {
 public:
  struct Shared {
    const Dataset& dataset;
    const std::vector<std::uint32_t>& ranks;
    std::atomic<std::uint64_t>& reserved;  ///< the next number to insert
    std::atomic<std::uint64_t>& inserted;  ///< all numbers below are there
  };

  Client(const Shared& shared, const Workload& workload, std::unique_ptr<Session> session,
         std::uint64_t stream)
      : shared_(shared),
        workload_(workload),
        session_(std::move(session)),
        stream_(stream),
        keys_(shared.dataset),
        values_(shared.dataset) {}

  void operator()(std::uint64_t i) {
    constexpr std::uint64_t kParts = 1'000'000;
    const auto other = static_cast<std::uint64_t>(workload_.other_share * kParts);
    const Kind kind = RandomBelow(stream_, i, kParts) < other ? workload_.other : workload_.usual;
    switch (kind) {
      case Kind::kInsert: return Insert();
      case Kind::kRead: return Read(Pick(i));
      case Kind::kUpdate: return Update(Pick(i));
      case Kind::kReadModifyWrite: {
        const std::uint64_t pick = Pick(i);
        Read(pick);
        return Update(pick);
      }
      case Kind::kScan: return Scan(Pick(i), 1 + RandomBelow(stream_ + 1, i, kScanRowsMax));
    }
  }

 private:
  std::uint64_t Pick(std::uint64_t i) const {
    const std::uint64_t rank = shared_.ranks[(stream_ * 7919 + i) % shared_.ranks.size()];
    if (!workload_.latest) return Scrambled(rank, shared_.dataset.entries);
    const std::uint64_t newest = shared_.inserted.load() - 1;
    return newest - std::min(rank, newest);
  }

  void Read(std::uint64_t pick) {
    if (!Take(session_->Get(keys_.Random(pick), value_), "get") ||
        !BelongsTo(value_, shared_.dataset, pick)) {
      Fail("a read of YCSB found nothing or another's value");
    }
  }

  void Update(std::uint64_t pick) {
    Need(session_->Put(keys_.Random(pick), values_.Of(pick)), "update");
  }

  // Readers may ask for every number below `inserted`, so threads publish in order.
  void Insert() {
    const std::uint64_t number = shared_.reserved.fetch_add(1);
    Update(number);
    while (shared_.inserted.load() != number) std::this_thread::yield();
    shared_.inserted.store(number + 1);
  }

  void Scan(std::uint64_t pick, std::uint64_t rows) {
    auto cursor = Take(session_->NewCursor(), "cursor");
    const std::uint64_t before = totals_.entries;
    Need(cursor->Scan({.from = keys_.Random(pick), .limit = rows}, totals_), "scan");
    if (totals_.entries == before) Fail("a scan of YCSB found nothing");
  }

  Shared shared_;
  const Workload& workload_;
  std::unique_ptr<Session> session_;
  std::uint64_t stream_;
  KeyBuffer keys_;
  ValueBuffer values_;
  std::string value_;
  ScanTotals totals_;
};

}  // namespace

void RunYcsb(GroupContext& context) {
  const Dataset& dataset = context.dataset;
  auto engine = OpenEngine(context);
  const std::vector<std::uint32_t> ranks = ZipfianRanks(dataset.entries, kDraws, context.round);
  std::atomic<std::uint64_t> reserved{dataset.entries};
  std::atomic<std::uint64_t> inserted{dataset.entries};
  const Client::Shared shared{dataset, ranks, reserved, inserted};
  std::uint64_t stream = context.round << 16;
  const auto run = [&](const Workload& workload) {
    stream += 16;
    return RunFor(kThreads, context.seconds, [&](unsigned thread) {
      return Client(shared, workload, Take(engine->NewSession(), "session"), stream + thread * 2);
    });
  };
  constexpr std::size_t kReadOnly = 2;
  run(kWorkloads[kReadOnly]);  // warms the caches
  for (const Workload& workload : kWorkloads) {
    ReportRow(workload.row, run(workload).rate(), Unit::kPerSecond);
  }
  Need(engine->Close(), "close");
}

}  // namespace quiver::bench
