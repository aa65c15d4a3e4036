// Quiver behind the benchmark's interface: the high_performance preset with the common budget.
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <filesystem>
#include <thread>

#include "engines/engine.h"
#include "quiver/admin.h"
#include "quiver/quiver.h"
#include "report.h"

namespace quiver::bench {

namespace {

// What a flush and each compaction may hold: the memory limit covers it beside memtables and cache
// (docs/configuration.md, "Rules between settings").
constexpr std::uint64_t kJobBufferBytes = std::uint64_t{8} << 20;
constexpr std::uint32_t kManyRuns = 1'000'000;
constexpr auto kWatch = std::chrono::milliseconds(10);
constexpr double kWorkS = 0.005;  // who is at rest answers sooner

std::uint64_t Largest(std::string_view setting) {
  for (const SettingInfo& info : ConfigTable()) {
    if (info.name == setting) return info.maximum;
  }
  return 0;
}

CompressionKind KindOf(Codec codec) {
  switch (codec) {
    case Codec::kNone: return CompressionKind::kNone;
    case Codec::kFast: return CompressionKind::kLz4;
    case Codec::kZstd: return CompressionKind::kZstd;
  }
  return CompressionKind::kNone;
}

Result<DatabaseConfig> ConfigFor(const EngineOptions& options) {
  DatabaseConfig config = HighPerformance();
  config.wal_mode = options.durability == Durability::kSynced ? WalMode::kSync : WalMode::kAsync;
  config.memtable_size_bytes = options.memtable_bytes;
  config.memtable_count_max = options.memtable_count_max;
  // The preset's buckets suit its memtables; smaller ones may not spend all on buckets.
  const auto buckets_max = static_cast<std::uint32_t>(std::bit_floor(options.memtable_bytes / 64));
  config.memtable_hash_buckets = std::min(config.memtable_hash_buckets, buckets_max);
  config.compaction_threads = options.compaction_threads;
  config.memory_limit_bytes = options.cache_bytes +
                              options.memtable_bytes * options.memtable_count_max +
                              kJobBufferBytes * (options.compaction_threads + 1);
  config.filter_bits_per_key = options.filter_bits_per_key;
  config.compression = KindOf(options.codec);
  config.compression_bottom = config.compression;
  if (options.hold_compactions) {
    const auto runs = [](std::string_view setting) {
      return static_cast<std::uint32_t>(std::min<std::uint64_t>(Largest(setting), kManyRuns));
    };
    config.compaction_strategy = CompactionStrategyKind::kLeveled;
    config.idle_compaction_delay_ms = 0;
    config.stop_run_count = runs("stop_run_count");
    config.slowdown_run_count = std::min(config.stop_run_count - 1, runs("slowdown_run_count"));
    config.level0_run_trigger = std::min(config.slowdown_run_count, runs("level0_run_trigger"));
  }
  for (const auto& [name, value] : options.settings) {
    if (auto set = SetSetting(config, name, value); !set) return set.error();
  }
  return config;
}

class QuiverCursor final : public Cursor {
 public:
  explicit QuiverCursor(Iterator iterator) : iterator_(std::move(iterator)) {}

  Result<void> Scan(const ScanRequest& request, ScanTotals& totals) override {
    const bool forward = request.direction == Direction::kForward;
    if (request.from) {
      forward ? iterator_.Seek(*request.from) : iterator_.SeekForPrev(*request.from);
    } else {
      forward ? iterator_.SeekToFirst() : iterator_.SeekToLast();
    }
    std::uint64_t left = request.limit;
    if (forward) {
      for (; left != 0 && iterator_.Valid(); --left, iterator_.Next()) {
        totals.Count(iterator_.key(), iterator_.value());
      }
    } else {
      for (; left != 0 && iterator_.Valid(); --left, iterator_.Prev()) {
        totals.Count(iterator_.key(), iterator_.value());
      }
    }
    return iterator_.status();
  }

 private:
  Iterator iterator_;
};

class QuiverSession final : public Session {
 public:
  explicit QuiverSession(Database& database) : database_(database) {}

  Result<void> Put(std::string_view key, std::string_view value) override {
    return database_.Put(key, value);
  }

  Result<void> Delete(std::string_view key) override { return database_.Delete(key); }

  Result<void> WriteBatch(std::span<const KeyValue> entries) override {
    batch_.Clear();
    for (const KeyValue& entry : entries) {
      if (auto added = batch_.Put(entry.key, entry.value); !added) return added;
    }
    if (auto written = database_.Write(batch_); !written) return written.error();
    return {};
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    return database_.GetInto(key, value);
  }

  Result<std::uint64_t> MultiGet(std::span<const std::string_view> keys,
                                 std::span<std::string> values) override {
    const auto answers = database_.MultiGet(keys);
    if (!answers) return answers.error();
    std::uint64_t found = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!(*answers)[i]) continue;
      values[i].assign((*answers)[i]->view());
      ++found;
    }
    return found;
  }

  Result<std::unique_ptr<Cursor>> NewCursor() override {
    auto iterator = database_.NewIterator();
    if (!iterator) return iterator.error();
    return std::make_unique<QuiverCursor>(std::move(*iterator));
  }

 private:
  Database& database_;
  quiver::WriteBatch batch_;
};

/// A batch of an Arrow stream, released at the end of its scope.
struct Batch {
  Batch() = default;
  ~Batch() {
    if (array.release != nullptr) array.release(&array);
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ArrowArray array{};
};

/// Reads a byte of every key and value, as the scans by rows do.
void CountBatch(const ArrowArray& batch, ScanTotals& totals) {
  const auto text = [&](const ArrowArray& column, std::int64_t row) {
    const auto* offsets = static_cast<const std::int32_t*>(column.buffers[1]) + column.offset;
    const auto* data = static_cast<const char*>(column.buffers[2]);
    return std::string_view(data + offsets[row],
                            static_cast<std::size_t>(offsets[row + 1] - offsets[row]));
  };
  for (std::int64_t row = 0; row < batch.length; ++row) {
    totals.Count(text(*batch.children[0], row), text(*batch.children[1], row));
  }
}

class QuiverEngine final : public Engine {
 public:
  QuiverEngine(std::unique_ptr<Database> database, std::filesystem::path directory, double rest_s)
      : database_(std::move(database)), directory_(std::move(directory)), rest_s_(rest_s) {}

  Result<std::unique_ptr<Session>> NewSession() override {
    return std::make_unique<QuiverSession>(*database_);
  }

  // As RocksDB's: a file beside the database, then its ingest.
  Result<void> BulkLoad(const EntrySource& next) override {
    const std::filesystem::path file = directory_.string() + ".bulk.arrow";
    Result<void> loaded = WriteAndIngest(file, next);
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    return loaded;
  }

  Result<void> Flush() override { return database_->Flush(); }
  Result<void> Compact() override { return database_->CompactRange(); }

  Result<double> WaitForDebt() override {
    if (auto waited = database_->WaitForBackgroundWork(); !waited) return waited.error();
    return 0.0;
  }

  // What is merged once nobody writes: the pause before it is not counted.
  Result<double> WaitForRest() override {
    double idle_s = 0;
    double quiet_s = 0;
    do {
      const Stopwatch waiting;
      if (auto waited = database_->WaitForBackgroundWork(); !waited) return waited.error();
      if (waiting.seconds() >= kWorkS) quiet_s = 0;
      const Stopwatch watching;
      std::this_thread::sleep_for(kWatch);
      const double watched_s = watching.seconds();
      quiet_s += watched_s;
      idle_s += watched_s;
    } while (quiet_s < rest_s_);
    return idle_s;
  }

  Result<ScanTotals> ScanBatches() override {
    ArrowArrayStream stream{};
    if (auto exported = database_->ExportArrowStream({}, &stream); !exported) {
      return exported.error();
    }
    const std::unique_ptr<ArrowArrayStream, void (*)(ArrowArrayStream*)> release(
        &stream, [](ArrowArrayStream* held) { held->release(held); });
    ScanTotals totals;
    while (true) {
      Batch batch;
      if (stream.get_next(&stream, &batch.array) != 0) {
        return Error(ErrorCode::kIo, stream.get_last_error(&stream));
      }
      if (batch.array.release == nullptr) return totals;
      CountBatch(batch.array, totals);
    }
  }

  std::optional<double> WriteAmplification() override {
    return database_->Metrics().write_amplification;
  }

  std::optional<MemtableUse> UseOfMemtables() override {
    const DatabaseMetrics metrics = database_->Metrics();
    if (metrics.immutable_memtables != 0 || metrics.flushes != 0) return std::nullopt;
    return MemtableUse{.entries = metrics.memtable_entries, .bytes = metrics.memtable_bytes};
  }

  std::optional<std::uint64_t> Runs() override {
    std::uint64_t runs = 0;
    for (const LevelMetrics& level : database_->Metrics().levels) runs += level.runs;
    return runs;
  }

  Result<void> Close() override { return database_->Close(); }

 private:
  Result<void> WriteAndIngest(const std::filesystem::path& file, const EntrySource& next) {
    auto writer = ArrowFileWriter::Create(file);
    if (!writer) return writer.error();
    for (KeyValue entry; next(entry);) {
      if (auto added = (*writer)->Add(entry.key, entry.value); !added) return added;
    }
    if (auto finished = (*writer)->Finish(); !finished) return finished;
    const std::array files{file};
    if (auto ingested = database_->IngestArrow(files); !ingested) return ingested.error();
    return {};
  }

  std::unique_ptr<Database> database_;
  const std::filesystem::path directory_;
  const double rest_s_;
};

// After this long without work nothing more will begin by itself.
double RestSeconds(const DatabaseConfig& config) {
  constexpr double kNoticedAfterS = 0.6;  // the database looks four times a second
  if (config.idle_compaction_delay_ms == 0) return 0;
  return static_cast<double>(config.idle_compaction_delay_ms) / 1000 + kNoticedAfterS;
}

Result<std::unique_ptr<Engine>> Open(const EngineOptions& options) {
  const auto config = ConfigFor(options);
  if (!config) return config.error();
  auto database = Database::Open(options.directory, *config);
  if (!database) return database.error();
  return std::make_unique<QuiverEngine>(std::move(*database), options.directory,
                                        RestSeconds(*config));
}

// Every setting that differs from the defaults.
std::string Describe(const EngineOptions& options) {
  const auto config = ConfigFor(options);
  if (!config) return config.error().ToString();
  const DatabaseConfig defaults;
  std::string text = "preset high_performance; what differs from the defaults:";
  for (const SettingInfo& setting : ConfigTable()) {
    const auto value = GetSetting(*config, setting.name);
    const auto usual = GetSetting(defaults, setting.name);
    if (!value || !usual || *value == *usual) continue;
    text += " " + std::string(setting.name) + "=" + *value;
  }
  return text + "; bulk load by ArrowFileWriter and IngestArrow";
}

}  // namespace

EngineKind QuiverEngineKind() {
  return {.name = "quiver",
          .title = "Quiver",
          .version = std::string(VersionString()),
          .note = "",
          .has_memtable = true,
          .can_hold_compactions = true,
          .codecs = {Codec::kNone, Codec::kFast, Codec::kZstd},
          .open = Open,
          .describe = Describe};
}

}  // namespace quiver::bench
