// quiver-bench-arrow: rows per second of the Arrow stream beside the iterators of Quiver and, where
// its library is there, RocksDB. Each reads the whole range and the first and last byte of every
// value.
//
//   quiver-bench-arrow [--rows 1000000] [--rounds 5] [--directory DIR] [--cache-mib 512]
//
// Every codec is measured with the rows in one run (a full compaction), in several overlapping runs
// (flushes alone) and in the memtable. The first figure of a row is read from the files, the other
// from the block cache: the median of the rounds. The databases of one run stay in DIR, so that
// scripts/arrow_stream_bench.py can time other readers on the same files.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine.h"
#include "keys.h"
#include "quiver/quiver.h"
#include "report.h"

namespace quiver::bench {

namespace {

struct Settings {
  std::uint64_t rows = 0;
  std::uint64_t rounds = 0;
  std::uint64_t cache_bytes = 0;
  std::filesystem::path directory;
};

template <typename T>
T Need(Result<T> result) {
  if (!result) Fail(result.error().ToString());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

enum class Shape : std::uint8_t { kOneRun, kRuns, kMemtable };

const char* NameOf(Shape shape) {
  switch (shape) {
    case Shape::kOneRun: return "one run";
    case Shape::kRuns: return "four runs";
    case Shape::kMemtable: return "memtable";
  }
  return "";
}

DatabaseConfig ConfigFor(const Settings& settings, CompressionKind codec, Shape shape) {
  DatabaseConfig config = HighPerformance();
  config.wal_mode = WalMode::kAsync;
  config.compression = codec;
  config.compression_bottom = codec;
  const std::uint64_t data_bytes = settings.rows * kEntryBytes;
  config.memtable_size_bytes = std::max<std::uint64_t>(2 * data_bytes, std::uint64_t{64} << 20);
  config.memtable_count_max = 2;
  config.memory_limit_bytes =
      settings.cache_bytes + 2 * config.memtable_size_bytes + (std::uint64_t{64} << 20);
  if (shape == Shape::kRuns) {
    config.compaction_strategy = CompactionStrategyKind::kTiered;
    config.level0_run_trigger = config.tier_run_trigger = 8;  // four are not merged
  }
  return config;
}

// Random order, so that runs overlap row by row; with kRuns a flush after each quarter.
void Load(Database& database, const Settings& settings, Shape shape) {
  const KeySet keys(KeyOrder::kRandom, 0, settings.rows);
  Value value;
  for (std::uint64_t i = 0; i < settings.rows; ++i) {
    value.Fill(i);
    Need(database.Put(keys[i], value.view()));
    const std::uint64_t quarter = settings.rows / 4;
    if (shape == Shape::kRuns && quarter != 0 && (i + 1) % quarter == 0) Need(database.Flush());
  }
  if (shape == Shape::kOneRun) Need(database.CompactRange());
}

ScanTotals ReadIterator(const Database& database) {
  Iterator iterator = Need(database.NewIterator());
  ScanTotals totals;
  for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next()) {
    totals.Count(iterator.key(), iterator.value());
  }
  Need(iterator.status());
  return totals;
}

void CountBatch(const ArrowArray& batch, ScanTotals& totals) {
  const auto column = [](const ArrowArray& array) {
    return static_cast<const std::int32_t*>(array.buffers[1]) + array.offset;
  };
  const std::int32_t* const key_offsets = column(*batch.children[0]);
  const std::int32_t* const value_offsets = column(*batch.children[1]);
  const char* const keys = static_cast<const char*>(batch.children[0]->buffers[2]);
  const char* const values = static_cast<const char*>(batch.children[1]->buffers[2]);
  const auto bytes = [](const char* data, const std::int32_t* offsets, std::int64_t row) {
    return std::string_view(data + offsets[row],
                            static_cast<std::size_t>(offsets[row + 1] - offsets[row]));
  };
  for (std::int64_t row = 0; row < batch.length; ++row) {
    totals.Count(bytes(keys, key_offsets, row), bytes(values, value_offsets, row));
  }
}

struct StreamTotals {
  ScanTotals scan;
  std::uint64_t batches = 0;
};

StreamTotals ReadStream(const Database& database, bool touch) {
  ArrowArrayStream stream;
  Need(database.ExportArrowStream({}, &stream));
  StreamTotals totals;
  ArrowArray batch;
  for (;;) {
    if (stream.get_next(&stream, &batch) != 0) Fail(stream.get_last_error(&stream));
    if (batch.release == nullptr) break;
    ++totals.batches;
    if (touch) {
      CountBatch(batch, totals.scan);
    } else {
      totals.scan.entries += static_cast<std::uint64_t>(batch.length);
    }
    batch.release(&batch);
  }
  stream.release(&stream);
  return totals;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Measured {
  double first = 0;  ///< million rows per second, nothing in the block cache
  double again = 0;  ///< median of the rounds
};

template <typename Read>
Measured Measure(const Settings& settings, Read read) {
  Measured measured;
  std::vector<double> again;
  for (std::uint64_t round = 0; round <= settings.rounds; ++round) {
    const Stopwatch stopwatch;
    const std::uint64_t rows = read();
    const double rate = static_cast<double>(rows) / stopwatch.seconds() / 1e6;
    if (rows != settings.rows) Fail("a reader saw " + std::to_string(rows) + " rows");
    if (round == 0) {
      measured.first = rate;
    } else {
      again.push_back(rate);
    }
  }
  measured.again = Median(std::move(again));
  return measured;
}

class Bench {
 public:
  explicit Bench(const Settings& settings) : settings_(settings) {}

  void RunQuiver(CompressionKind codec, Shape shape) {
    const std::string codec_name(ToString(codec));
    const std::filesystem::path directory = settings_.directory / ("quiver-" + codec_name);
    std::filesystem::remove_all(directory);
    const DatabaseConfig config = ConfigFor(settings_, codec, shape);
    auto database = Need(Database::Open(directory, config));
    Load(*database, settings_, shape);
    const auto reopen = [&] {
      if (shape == Shape::kMemtable) return;
      Need(database->Close());
      database = Need(Database::Open(directory, config));
    };
    const std::string what = std::string(NameOf(shape)) + ", " + codec_name;
    reopen();
    Add(what, "Iterator", Measure(settings_, [&] { return ReadIterator(*database).entries; }));
    reopen();
    std::uint64_t batches = 0;
    Add(what, "Arrow stream", Measure(settings_, [&] {
          const StreamTotals totals = ReadStream(*database, true);
          batches = totals.batches;
          return totals.scan.entries;
        }));
    Add(what, "Arrow stream, not looked at",
        Measure(settings_, [&] { return ReadStream(*database, false).scan.entries; }));
    std::fprintf(stderr, "%s: %llu batches\n", what.c_str(),
                 static_cast<unsigned long long>(batches));
    Need(database->Close());
  }

  void RunRocksDb([[maybe_unused]] Codec codec) {
#ifdef QUIVER_BENCH_ROCKSDB
    const EngineKind kind = RocksDbEngineKind();
    const EngineOptions options{.directory = settings_.directory / "rocksdb",
                                .cache_bytes = settings_.cache_bytes,
                                .codec = codec};
    std::filesystem::remove_all(options.directory);
    const std::unique_ptr<Engine> engine = Need(kind.open(options));
    const KeySet keys(KeyOrder::kSequential, 0, settings_.rows);
    Value value;
    for (std::uint64_t i = 0; i < settings_.rows; ++i) {
      value.Fill(i);
      Need(engine->Put(keys[i], value.view()));
    }
    Need(engine->Settle());
    Add(std::string("one run, ") + (codec == Codec::kNone ? "none" : "lz4"), "RocksDB iterator",
        Measure(settings_, [&] { return Need(engine->ScanAll()).entries; }));
    Need(engine->Close());
    std::filesystem::remove_all(options.directory);
#endif
  }

  void Print() const {
    std::printf("%s\nLoad averages: %s. %llu rows of %zu bytes.\n\n%s",
                MachineDescription().c_str(), LoadAverages().c_str(),
                static_cast<unsigned long long>(settings_.rows), kEntryBytes,
                table_.ToString().c_str());
  }

 private:
  static std::string ToString(CompressionKind codec) {
    return codec == CompressionKind::kNone  ? "none"
           : codec == CompressionKind::kLz4 ? "lz4"
                                            : "zstd";
  }
  void Add(const std::string& what, const std::string& reader, const Measured& measured) {
    table_.Add({what, reader, Fixed(measured.first, 1), Fixed(measured.again, 1)});
  }

  const Settings& settings_;
  TextTable table_{{"rows in", "reader", "from files, M rows/s", "from cache, M rows/s"}};
};

int Main(int argc, char** argv) {
  Flags flags(argc, argv);
  Settings settings;
  settings.rows = flags.Number("rows", 1'000'000);
  settings.rounds = std::max<std::uint64_t>(flags.Number("rounds", 5), 1);
  settings.cache_bytes = flags.Number("cache-mib", 512) << 20;
  settings.directory = flags.Text("directory", "/tmp/quiver-bench-arrow");
  flags.Finish();
  std::filesystem::create_directories(settings.directory);
  Bench bench(settings);
  bench.RunQuiver(CompressionKind::kNone, Shape::kMemtable);
  bench.RunQuiver(CompressionKind::kNone, Shape::kRuns);
  for (const CompressionKind codec :
       {CompressionKind::kNone, CompressionKind::kLz4, CompressionKind::kZstd}) {
    bench.RunQuiver(codec, Shape::kOneRun);
  }
  bench.RunRocksDb(Codec::kNone);
  bench.RunRocksDb(Codec::kLz4);
  bench.Print();
  return 0;
}

}  // namespace

}  // namespace quiver::bench

int main(int argc, char** argv) {
  return quiver::bench::Main(argc, argv);
}
