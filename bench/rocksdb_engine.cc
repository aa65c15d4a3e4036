// RocksDB behind the benchmark's interface: its defaults with the common budget.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <chrono>
#include <thread>

#include "engine.h"

namespace quiver::bench {

namespace {

rocksdb::Slice AsSlice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

Result<void> AsResult(const rocksdb::Status& status) {
  if (status.ok()) return {};
  return Error(ErrorCode::kIo, "RocksDB: " + status.ToString());
}

class RocksDbEngine final : public Engine {
 public:
  explicit RocksDbEngine(rocksdb::DB* database) : database_(database) {}

  Result<void> Put(std::string_view key, std::string_view value) override {
    return AsResult(database_->Put(write_options_, AsSlice(key), AsSlice(value)));
  }

  Result<void> WriteBatch(std::span<const KeyValue> entries) override {
    batch_.Clear();
    for (const KeyValue& entry : entries) {
      if (auto added = AsResult(batch_.Put(AsSlice(entry.key), AsSlice(entry.value))); !added) {
        return added;
      }
    }
    return AsResult(database_->Write(write_options_, &batch_));
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    const rocksdb::Status status = database_->Get(read_options_, AsSlice(key), &value);
    if (status.IsNotFound()) return false;
    if (auto result = AsResult(status); !result) return result.error();
    return true;
  }

  Result<ScanTotals> ScanAll() override {
    const std::unique_ptr<rocksdb::Iterator> iterator(database_->NewIterator(read_options_));
    ScanTotals totals;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      totals.Count(iterator->key().ToStringView(), iterator->value().ToStringView());
    }
    if (auto result = AsResult(iterator->status()); !result) return result.error();
    return totals;
  }

  Result<void> Sync() override { return AsResult(database_->SyncWAL()); }

  // This version has no call that waits for compactions, but counts those due and running.
  Result<double> Settle() override {
    rocksdb::FlushOptions flush;
    flush.wait = true;
    if (auto flushed = AsResult(database_->Flush(flush)); !flushed) return flushed.error();
    while (BackgroundWork() != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return 0.0;
  }

  Result<void> Close() override { return AsResult(database_->Close()); }

 private:
  std::uint64_t BackgroundWork() {
    using Properties = rocksdb::DB::Properties;
    const std::array names{&Properties::kMemTableFlushPending, &Properties::kNumRunningFlushes,
                           &Properties::kCompactionPending, &Properties::kNumRunningCompactions};
    std::uint64_t sum = 0;
    for (const std::string* name : names) {
      std::uint64_t count = 0;
      if (database_->GetIntProperty(*name, &count)) sum += count;
    }
    return sum;
  }

  std::unique_ptr<rocksdb::DB> database_;
  rocksdb::WriteOptions write_options_;  // the defaults: logged, not synced
  rocksdb::ReadOptions read_options_;
  rocksdb::WriteBatch batch_;
};

Result<std::unique_ptr<Engine>> Open(const EngineOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(options.filter_bits_per_key));

  rocksdb::Options settings;
  settings.create_if_missing = true;
  settings.error_if_exists = true;
  settings.write_buffer_size = options.memtable_bytes;
  settings.max_write_buffer_number = static_cast<int>(options.memtable_count_max);
  settings.max_background_jobs = static_cast<int>(options.compaction_threads) + 1;
  settings.compression =
      options.codec == Codec::kLz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  settings.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));

  rocksdb::DB* database = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(settings, options.directory, &database);
  if (auto opened = AsResult(status); !opened) return opened.error();
  return std::make_unique<RocksDbEngine>(database);
}

std::string Describe(const EngineOptions& options) {
  return "defaults with write_buffer_size=" + std::to_string(options.memtable_bytes >> 20) +
         "MiB max_write_buffer_number=" + std::to_string(options.memtable_count_max) +
         " max_background_jobs=" + std::to_string(options.compaction_threads + 1) +
         " block_cache=LRU " + std::to_string(options.cache_bytes >> 20) +
         "MiB bloom_bits=" + std::to_string(options.filter_bits_per_key) +
         " compression=" + (options.codec == Codec::kLz4 ? "lz4" : "none") +
         " WriteOptions.sync=false";
}

}  // namespace

EngineKind RocksDbEngineKind() {
  return {.name = "RocksDB",
          .version = rocksdb::GetRocksVersionAsString(),
          .note = QUIVER_BENCH_ROCKSDB_NOTE,
          .compresses = true,
          .open = Open,
          .describe = Describe};
}

}  // namespace quiver::bench
