// LevelDB behind the benchmark's interface: its defaults with the common budget and larger files.
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/options.h>
#include <leveldb/write_batch.h>

#include <chrono>
#include <functional>
#include <thread>

#include "engines/engine.h"
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

class LevelDbCursor final : public Cursor {
 public:
  explicit LevelDbCursor(leveldb::Iterator* iterator) : iterator_(iterator) {}

  Result<void> Scan(const ScanRequest& request, ScanTotals& totals) override {
    const bool forward = request.direction == Direction::kForward;
    Position(request, forward);
    std::uint64_t left = request.limit;
    for (; left != 0 && iterator_->Valid(); --left) {
      totals.Count(AsView(iterator_->key()), AsView(iterator_->value()));
      forward ? iterator_->Next() : iterator_->Prev();
    }
    return AsResult(iterator_->status());
  }

 private:
  void Position(const ScanRequest& request, bool forward) {
    if (!request.from) {
      forward ? iterator_->SeekToFirst() : iterator_->SeekToLast();
      return;
    }
    iterator_->Seek(AsSlice(*request.from));
    if (forward) return;
    if (!iterator_->Valid()) {
      iterator_->SeekToLast();
    } else if (AsView(iterator_->key()) != *request.from) {
      iterator_->Prev();
    }
  }

  std::unique_ptr<leveldb::Iterator> iterator_;
};

class LevelDbSession final : public Session {
 public:
  LevelDbSession(leveldb::DB& database, Durability durability) : database_(database) {
    write_options_.sync = durability == Durability::kSynced;
  }

  Result<void> Put(std::string_view key, std::string_view value) override {
    return AsResult(database_.Put(write_options_, AsSlice(key), AsSlice(value)));
  }

  Result<void> Delete(std::string_view key) override {
    return AsResult(database_.Delete(write_options_, AsSlice(key)));
  }

  Result<void> WriteBatch(std::span<const KeyValue> entries) override {
    batch_.Clear();
    for (const KeyValue& entry : entries) batch_.Put(AsSlice(entry.key), AsSlice(entry.value));
    return AsResult(database_.Write(write_options_, &batch_));
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    const leveldb::Status status = database_.Get(read_options_, AsSlice(key), &value);
    if (status.IsNotFound()) return false;
    if (auto result = AsResult(status); !result) return result.error();
    return true;
  }

  Result<std::unique_ptr<Cursor>> NewCursor() override {
    return std::make_unique<LevelDbCursor>(database_.NewIterator(read_options_));
  }

 private:
  leveldb::DB& database_;
  leveldb::WriteOptions write_options_;
  leveldb::ReadOptions read_options_;
  leveldb::WriteBatch batch_;
};

class LevelDbEngine final : public Engine {
 public:
  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options) {
    auto engine = std::make_unique<LevelDbEngine>();
    engine->options_ = options;
    engine->cache_.reset(leveldb::NewLRUCache(options.cache_bytes));
    engine->filter_.reset(
        leveldb::NewBloomFilterPolicy(static_cast<int>(options.filter_bits_per_key)));
    leveldb::Options settings;
    settings.create_if_missing = true;
    settings.write_buffer_size = options.memtable_bytes;
    settings.max_file_size = kFileBytes;
    settings.max_open_files = kOpenFilesMax;
    settings.block_cache = engine->cache_.get();
    settings.filter_policy = engine->filter_.get();
    settings.compression =
        options.codec == Codec::kFast ? leveldb::kSnappyCompression : leveldb::kNoCompression;
    leveldb::DB* database = nullptr;
    const auto opened = AsResult(leveldb::DB::Open(settings, options.directory, &database));
    if (!opened) return opened.error();
    engine->database_.reset(database);
    return engine;
  }

  Result<std::unique_ptr<Session>> NewSession() override {
    return std::make_unique<LevelDbSession>(*database_, options_.durability);
  }

  // LevelDB has no call for this, but CompactRange flushes the memtable before it merges, and a
  // range without keys merges nothing.
  Result<void> Flush() override {
    const leveldb::Slice begin("\xff\xff\xff\xfe");
    const leveldb::Slice end("\xff\xff\xff\xff");
    database_->CompactRange(&begin, &end);
    return {};
  }

  Result<void> Compact() override {
    database_->CompactRange(nullptr, nullptr);
    return {};
  }

  // Whether compactions still run shows in the directory alone, which they write to.
  Result<double> WaitForDebt() override {
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
  static constexpr std::size_t kFileBytes = std::size_t{8} << 20;
  static constexpr int kOpenFilesMax = 10'000;

  // Changes with every file made, grown or deleted.
  std::uint64_t Fingerprint() const {
    std::uint64_t sum = 0;
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(options_.directory, error)) {
      const std::uintmax_t bytes = file.file_size(error);
      sum += std::hash<std::string>()(file.path().filename().string()) * (error ? 1 : bytes + 2);
    }
    return sum;
  }

  EngineOptions options_;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> database_;
};

std::string Describe(const EngineOptions& options) {
  return "write_buffer_size=" + std::to_string(options.memtable_bytes >> 20) +
         "MiB (two at most, one background thread) max_file_size=8MiB max_open_files=10000 "
         "block_cache=LRU " +
         std::to_string(options.cache_bytes >> 20) +
         "MiB bloom_bits=" + std::to_string(options.filter_bits_per_key) +
         "; Snappy in place of LZ4; bulk load by batches of 1000";
}

}  // namespace

EngineKind LevelDbEngineKind() {
  const bool assertions = QUIVER_BENCH_LEVELDB_ASSERTIONS;
  return {.name = "leveldb",
          .title = "LevelDB",
          .version =
              std::to_string(leveldb::kMajorVersion) + "." + std::to_string(leveldb::kMinorVersion),
          .note = assertions ? "this library was built with assertions" : "",
          .built_with_assertions = assertions,
          .has_memtable = true,
          .gains_from_malloc = true,
          .codecs = {Codec::kNone, Codec::kFast},
          .open = LevelDbEngine::Open,
          .describe = Describe};
}

}  // namespace quiver::bench
