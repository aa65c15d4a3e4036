// LevelDB behind the benchmark's interface: its defaults with the common budget.
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/options.h>
#include <leveldb/write_batch.h>

#include <chrono>
#include <functional>
#include <thread>

#include "engine.h"
#include "report.h"

namespace quiver::bench {

namespace {

leveldb::Slice AsSlice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

std::string_view AsView(leveldb::Slice slice) {
  return {slice.data(), slice.size()};
}

Result<void> AsResult(const leveldb::Status& status) {
  if (status.ok()) return {};
  return Error(ErrorCode::kIo, "LevelDB: " + status.ToString());
}

class LevelDbEngine final : public Engine {
 public:
  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options) {
    auto engine = std::make_unique<LevelDbEngine>();
    engine->directory_ = options.directory;
    engine->cache_.reset(leveldb::NewLRUCache(options.cache_bytes));
    engine->filter_.reset(
        leveldb::NewBloomFilterPolicy(static_cast<int>(options.filter_bits_per_key)));
    leveldb::Options settings;
    settings.create_if_missing = true;
    settings.error_if_exists = true;
    settings.write_buffer_size = options.memtable_bytes;
    settings.block_cache = engine->cache_.get();
    settings.filter_policy = engine->filter_.get();
    settings.compression =
        options.codec == Codec::kLz4 ? leveldb::kSnappyCompression : leveldb::kNoCompression;
    leveldb::DB* database = nullptr;
    const auto opened = AsResult(leveldb::DB::Open(settings, options.directory, &database));
    if (!opened) return opened.error();
    engine->database_.reset(database);
    return engine;
  }

  Result<void> Put(std::string_view key, std::string_view value) override {
    return AsResult(database_->Put(write_options_, AsSlice(key), AsSlice(value)));
  }

  Result<void> WriteBatch(std::span<const KeyValue> entries) override {
    batch_.Clear();
    for (const KeyValue& entry : entries) batch_.Put(AsSlice(entry.key), AsSlice(entry.value));
    return AsResult(database_->Write(write_options_, &batch_));
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    const leveldb::Status status = database_->Get(read_options_, AsSlice(key), &value);
    if (status.IsNotFound()) return false;
    if (auto result = AsResult(status); !result) return result.error();
    return true;
  }

  Result<ScanTotals> ScanAll() override {
    const std::unique_ptr<leveldb::Iterator> iterator(database_->NewIterator(read_options_));
    ScanTotals totals;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      totals.Count(AsView(iterator->key()), AsView(iterator->value()));
    }
    if (auto result = AsResult(iterator->status()); !result) return result.error();
    return totals;
  }

  // LevelDB syncs its log only with a write that asks for it; an empty batch is such a write.
  Result<void> Sync() override {
    leveldb::WriteOptions synced;
    synced.sync = true;
    leveldb::WriteBatch nothing;
    return AsResult(database_->Write(synced, &nothing));
  }

  // LevelDB has no call for this. CompactRange over a range without keys flushes the memtable and
  // merges nothing; whether compactions still run shows in the directory, which they write to.
  Result<double> Settle() override {
    const leveldb::Slice begin("\xff\xff\xff\xfe");
    const leveldb::Slice end("\xff\xff\xff\xff");
    database_->CompactRange(&begin, &end);
    Stopwatch quiet;
    std::uint64_t last = Fingerprint();
    while (quiet.seconds() < kQuietSeconds) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      const std::uint64_t now = Fingerprint();
      if (now != last) quiet = Stopwatch();
      last = now;
    }
    return quiet.seconds();
  }

  Result<void> Close() override {
    database_.reset();
    return {};
  }

 private:
  static constexpr double kQuietSeconds = 0.5;

  // Changes with every file made, grown or deleted.
  std::uint64_t Fingerprint() const {
    std::uint64_t sum = 0;
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(directory_, error)) {
      const std::uintmax_t bytes = file.file_size(error);
      sum += std::hash<std::string>()(file.path().filename().string()) * (error ? 1 : bytes + 2);
    }
    return sum;
  }

  std::filesystem::path directory_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> database_;
  leveldb::WriteOptions write_options_;  // the defaults: logged, not synced
  leveldb::ReadOptions read_options_;
  leveldb::WriteBatch batch_;
};

std::string Describe(const EngineOptions& options) {
  return "defaults with write_buffer_size=" + std::to_string(options.memtable_bytes >> 20) +
         "MiB (two at most, one background thread) block_cache=LRU " +
         std::to_string(options.cache_bytes >> 20) +
         "MiB bloom_bits=" + std::to_string(options.filter_bits_per_key) +
         " compression=" + (options.codec == Codec::kLz4 ? "snappy (it has no lz4)" : "none") +
         " WriteOptions.sync=false";
}

}  // namespace

EngineKind LevelDbEngineKind() {
  return {.name = "LevelDB",
          .version =
              std::to_string(leveldb::kMajorVersion) + "." + std::to_string(leveldb::kMinorVersion),
          .note = "",
          .compresses = true,
          .open = LevelDbEngine::Open,
          .describe = Describe};
}

}  // namespace quiver::bench
