#include "memtable_workload.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <string>

#include "memtable/memtable.h"
#include "report.h"

namespace quiver::bench {

namespace {

constexpr double kZipfExponent = 0.99;
constexpr std::uint64_t kScanEntries = 50;
constexpr std::uint64_t kGetsMax = 1'000'000;
// Operations between two looks at the clock, which costs about 25 ns.
constexpr std::uint64_t kClockEvery = 32;

constexpr KeyOrder OrderOf(Load load) {
  if (load == Load::kSequential) return KeyOrder::kSequential;
  return load == Load::kSharedPrefix ? KeyOrder::kSharedPrefix : KeyOrder::kRandom;
}

// Ranks below `count`, drawn with Zipf's law by the method of Gray et al., "Quickly generating
// billion-record synthetic databases" (1994), which YCSB uses.
std::vector<std::uint32_t> ZipfPicks(std::uint64_t count) {
  double zeta = 0;
  for (std::uint64_t i = 1; i <= count; ++i) {
    zeta += std::pow(1.0 / static_cast<double>(i), kZipfExponent);
  }
  const auto n = static_cast<double>(count);
  const double zeta_two = 1.0 + std::pow(0.5, kZipfExponent);
  const double alpha = 1.0 / (1.0 - kZipfExponent);
  const double eta = (1.0 - std::pow(2.0 / n, 1.0 - kZipfExponent)) / (1.0 - zeta_two / zeta);
  std::vector<std::uint32_t> picks(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const double uniform = static_cast<double>(RandomBelow(1, i, std::uint64_t{1} << 53)) * 0x1p-53;
    const double scaled = uniform * zeta;
    double rank = scaled < 1.0        ? 0
                  : scaled < zeta_two ? 1
                                      : n * std::pow(eta * uniform - eta + 1.0, alpha);
    picks[i] = static_cast<std::uint32_t>(std::min(rank, n - 1));
  }
  return picks;
}

class Cell {
 public:
  Cell(MemtableKind kind, const LoadInput& input, double limit_seconds,
       MemtableSurroundings& surroundings)
      : input_(input), limit_seconds_(limit_seconds) {
    // Two entries a bucket, as the presets have it; the validation of settings allows it.
    const auto buckets = std::bit_floor(static_cast<std::uint32_t>(input.count() / 2));
    table_ = NewMemtable(kind, {&surroundings.pool, &surroundings.epochs, buckets});
    value_.Fill(0);
  }

  CellTime Run() {
    CellTime time;
    switch (input_.load()) {
      case Load::kSequential:
      case Load::kRandom:
      case Load::kSharedPrefix:
        time.phases[0] = Repeat(input_.count(), [this](std::uint64_t i) { Add(i); });
        if (!time.phases[0].cut) {
          time.phases[1] = Repeat(std::min(input_.count(), kGetsMax),
                                  [this](std::uint64_t i) { Get(Present(i)); });
        }
        break;
      case Load::kZipfian:
        time.phases[0] = Repeat(2 * input_.count(), [this](std::uint64_t i) {
          if (i % 2 == 0) return Add(i / 2);
          Get(Present(i));
        });
        break;
      case Load::kMixedWithScans:
        time.phases[0] = Repeat(2 * input_.count(), [this](std::uint64_t i) {
          if (i % 2 == 0) return Add(i / 2);
          return i % 20 == 19 ? Scan(Present(i)) : Get(Present(i));
        });
        break;
      case Load::kBulk: time.phases[0] = Bulk(); break;
    }
    time.memory_bytes_per_entry =
        static_cast<double>(table_->memory_bytes()) / static_cast<double>(added_);
    return time;
  }

 private:
  // Calls `operation(0)`, `operation(1)`, ... until `count` or the end of the cell's time.
  template <typename Operation>
  PhaseTime Repeat(std::uint64_t count, Operation operation) {
    PhaseTime time;
    const double start = stopwatch_.seconds();
    std::uint64_t done = 0;
    while (done < count) {
      const std::uint64_t end = std::min(count, done + kClockEvery);
      for (; done < end; ++done) operation(done);
      if (stopwatch_.seconds() < limit_seconds_) continue;
      time.cut = done < count;
      break;
    }
    time.operations = static_cast<double>(done);
    time.seconds = stopwatch_.seconds() - start;
    return time;
  }

  PhaseTime Bulk() {
    PhaseTime time = Repeat(input_.count(), [this](std::uint64_t i) { Add(i); });
    if (time.cut) return time;
    table_->Seal();
    const auto iterator = table_->NewIterator();
    std::uint64_t seen = 0;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      touched_ += iterator->entry().value.size();
      ++seen;
    }
    if (seen != added_) Fail("a sealed memtable showed " + std::to_string(seen) + " entries");
    time.seconds = stopwatch_.seconds();
    return time;
  }

  void Add(std::uint64_t i) {
    table_->Add({.key = input_.Key(i), .value = value_.view(), .sequence = ++added_});
  }

  // Some key that was added.
  std::string_view Present(std::uint64_t i) const { return input_.Key(RandomBelow(2, i, added_)); }

  void Get(std::string_view key) {
    LookupAnswer answer;
    if (!table_->Get(LookupKey(key, kSequenceMax), answer)) {
      Fail("a memtable lost key " + std::string(key));
    }
    touched_ += answer.value.size();
  }

  void Scan(std::string_view key) {
    const auto iterator = table_->NewIterator();
    iterator->Seek(key, kSequenceMax);
    for (std::uint64_t i = 0; i < kScanEntries && iterator->Valid(); ++i, iterator->Next()) {
      touched_ += iterator->entry().value.size();
    }
  }

  const LoadInput& input_;
  const double limit_seconds_;
  std::unique_ptr<Memtable> table_;
  Value value_;
  SequenceNumber added_ = 0;
  std::uint64_t touched_ = 0;
  Stopwatch stopwatch_;
};

}  // namespace

LoadInput::LoadInput(Load load, std::uint64_t size_bytes)
    : load_(load), size_bytes_(size_bytes), keys_(OrderOf(load), 0, size_bytes / kEntryBytes) {
  if (load == Load::kZipfian) picks_ = ZipfPicks(keys_.count());
}

CellTime RunLoad(MemtableKind kind, const LoadInput& input, double limit_seconds,
                 MemtableSurroundings& surroundings) {
  return Cell(kind, input, limit_seconds, surroundings).Run();
}

}  // namespace quiver::bench
