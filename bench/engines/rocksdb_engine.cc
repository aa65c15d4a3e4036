// RocksDB behind the benchmark's interface: the settings that its makers advise for such a machine,
// with the common budget. docs/performance.md names each and the reason.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <thread>
#include <type_traits>

#include "engines/engine.h"

namespace quiver::bench {

namespace {

constexpr std::size_t kBlockBytes = 4096;
constexpr std::uint64_t kTableBytes = std::uint64_t{64} << 20;
constexpr int kManyFiles = 1 << 30;

rocksdb::Slice AsSlice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

Result<void> AsResult(const rocksdb::Status& status) {
  if (status.ok()) return {};
  return Error(ErrorCode::kIo, "RocksDB: " + status.ToString());
}

rocksdb::CompressionType TypeOf(Codec codec) {
  switch (codec) {
    case Codec::kNone: return rocksdb::kNoCompression;
    case Codec::kFast: return rocksdb::kLZ4Compression;
    case Codec::kZstd: return rocksdb::kZSTD;
  }
  return rocksdb::kNoCompression;
}

rocksdb::Options SettingsFor(const EngineOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache =
      rocksdb::HyperClockCacheOptions(options.cache_bytes, kBlockBytes).MakeSharedCache();
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(options.filter_bits_per_key));
  table.block_size = kBlockBytes;
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;

  rocksdb::Options settings;
  settings.create_if_missing = true;
  settings.write_buffer_size = options.memtable_bytes;
  settings.max_write_buffer_number = static_cast<int>(options.memtable_count_max);
  settings.max_background_jobs = static_cast<int>(options.compaction_threads) + 1;
  settings.level_compaction_dynamic_level_bytes = true;
  settings.target_file_size_base = kTableBytes;
  settings.max_bytes_for_level_base = 4 * kTableBytes;
  settings.bytes_per_sync = 1 << 20;
  // As Quiver does: an open replays the log and flushes later.
  settings.avoid_flush_during_recovery = true;
  settings.compression = TypeOf(options.codec);
  if (options.hold_compactions) {
    settings.disable_auto_compactions = true;
    settings.level0_slowdown_writes_trigger = kManyFiles;
    settings.level0_stop_writes_trigger = kManyFiles;
    settings.soft_pending_compaction_bytes_limit = 0;
    settings.hard_pending_compaction_bytes_limit = 0;
  }
  if (options.larger_than_memory) {
    table.max_auto_readahead_size = 2 << 20;
    settings.use_direct_io_for_flush_and_compaction = true;
    settings.compaction_readahead_size = 2 << 20;
  }
  settings.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return settings;
}

class RocksDbCursor final : public Cursor {
 public:
  explicit RocksDbCursor(rocksdb::Iterator* iterator) : iterator_(iterator) {}

  Result<void> Scan(const ScanRequest& request, ScanTotals& totals) override {
    const bool forward = request.direction == Direction::kForward;
    if (request.from) {
      const rocksdb::Slice from = AsSlice(*request.from);
      forward ? iterator_->Seek(from) : iterator_->SeekForPrev(from);
    } else {
      forward ? iterator_->SeekToFirst() : iterator_->SeekToLast();
    }
    std::uint64_t left = request.limit;
    for (; left != 0 && iterator_->Valid(); --left) {
      totals.Count(iterator_->key().ToStringView(), iterator_->value().ToStringView());
      forward ? iterator_->Next() : iterator_->Prev();
    }
    return AsResult(iterator_->status());
  }

 private:
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksDbSession final : public Session {
 public:
  RocksDbSession(rocksdb::DB& database, Durability durability) : database_(database) {
    write_options_.sync = durability == Durability::kSynced;
  }

  // DB::Put would make a batch each time; db_bench keeps one too.
  Result<void> Put(std::string_view key, std::string_view value) override {
    batch_.Clear();
    if (auto added = AsResult(batch_.Put(AsSlice(key), AsSlice(value))); !added) return added;
    return AsResult(database_.Write(write_options_, &batch_));
  }

  Result<void> Delete(std::string_view key) override {
    return AsResult(database_.Delete(write_options_, AsSlice(key)));
  }

  Result<void> WriteBatch(std::span<const KeyValue> entries) override {
    batch_.Clear();
    for (const KeyValue& entry : entries) {
      if (auto added = AsResult(batch_.Put(AsSlice(entry.key), AsSlice(entry.value))); !added) {
        return added;
      }
    }
    return AsResult(database_.Write(write_options_, &batch_));
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    const rocksdb::Status status = database_.Get(read_options_, AsSlice(key), &value);
    if (status.IsNotFound()) return false;
    if (auto result = AsResult(status); !result) return result.error();
    return true;
  }

  // The batched call, with pinned values: its fastest form.
  Result<std::uint64_t> MultiGet(std::span<const std::string_view> keys,
                                 std::span<std::string> values) override {
    keys_.clear();
    for (const std::string_view key : keys) keys_.push_back(AsSlice(key));
    pinned_.resize(keys.size());
    statuses_.assign(keys.size(), rocksdb::Status());
    database_.MultiGet(read_options_, database_.DefaultColumnFamily(), keys.size(), keys_.data(),
                       pinned_.data(), statuses_.data());
    std::uint64_t found = 0;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!statuses_[i].IsNotFound()) {
        if (auto result = AsResult(statuses_[i]); !result) return result.error();
        values[i].assign(pinned_[i].data(), pinned_[i].size());
        ++found;
      }
      pinned_[i].Reset();
    }
    return found;
  }

  Result<std::unique_ptr<Cursor>> NewCursor() override {
    return std::make_unique<RocksDbCursor>(database_.NewIterator(read_options_));
  }

 private:
  rocksdb::DB& database_;
  rocksdb::WriteOptions write_options_;
  rocksdb::ReadOptions read_options_;
  rocksdb::WriteBatch batch_;
  std::vector<rocksdb::Slice> keys_;
  std::vector<rocksdb::PinnableSlice> pinned_;
  std::vector<rocksdb::Status> statuses_;
};

class RocksDbEngine final : public Engine {
 public:
  RocksDbEngine(std::unique_ptr<rocksdb::DB> database, rocksdb::Options settings,
                const EngineOptions& options)
      : database_(std::move(database)), settings_(std::move(settings)), options_(options) {}

  Result<std::unique_ptr<Session>> NewSession() override {
    return std::make_unique<RocksDbSession>(*database_, options_.durability);
  }

  // Tables are written apart and taken over by a rename.
  Result<void> BulkLoad(const EntrySource& next) override {
    std::vector<std::string> files;
    KeyValue entry;
    bool more = next(entry);
    while (more) {
      rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), settings_);
      files.push_back(
          (options_.directory / ("bulk" + std::to_string(files.size()) + ".sst")).string());
      if (auto opened = AsResult(writer.Open(files.back())); !opened) return opened;
      for (; more && writer.FileSize() < kTableBytes; more = next(entry)) {
        if (auto put = AsResult(writer.Put(AsSlice(entry.key), AsSlice(entry.value))); !put) {
          return put;
        }
      }
      if (auto finished = AsResult(writer.Finish()); !finished) return finished;
    }
    rocksdb::IngestExternalFileOptions ingest;
    ingest.move_files = true;
    return AsResult(database_->IngestExternalFile(files, ingest));
  }

  Result<void> Flush() override {
    rocksdb::FlushOptions flush;
    flush.wait = true;
    return AsResult(database_->Flush(flush));
  }

  // As many subcompactions as Quiver has compaction threads.
  Result<void> Compact() override {
    rocksdb::CompactRangeOptions compact;
    compact.max_subcompactions = options_.compaction_threads;
    return AsResult(database_->CompactRange(compact, nullptr, nullptr));
  }

  // This version has no call that waits for compactions, but counts those due and running.
  Result<double> WaitForDebt() override {
    while (BackgroundWork() != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return 0.0;
  }

  std::optional<double> WriteAmplification() override {
    std::map<std::string, std::string> figures;
    if (!database_->GetMapProperty(rocksdb::DB::Properties::kCFStats, &figures)) return {};
    const auto found = figures.find("compaction.Sum.WriteAmp");
    if (found == figures.end()) return {};
    return std::strtod(found->second.c_str(), nullptr);
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
      if (name == &Properties::kCompactionPending && options_.hold_compactions) continue;
      if (database_->GetIntProperty(*name, &count)) sum += count;
    }
    return sum;
  }

  std::unique_ptr<rocksdb::DB> database_;
  rocksdb::Options settings_;
  EngineOptions options_;
};

// Newer versions hand over a unique_ptr, older ones a plain pointer.
template <typename Pointer>
concept CanOpenInto = requires(const rocksdb::Options& settings, Pointer* database) {
  rocksdb::DB::Open(settings, std::string(), database);
};

using Owner = std::unique_ptr<rocksdb::DB>;
using Opened = std::conditional_t<CanOpenInto<Owner>, Owner, rocksdb::DB*>;

Result<std::unique_ptr<Engine>> Open(const EngineOptions& options) {
  const rocksdb::Options settings = SettingsFor(options);
  Opened database{};
  const rocksdb::Status status = rocksdb::DB::Open(settings, options.directory, &database);
  if (auto opened = AsResult(status); !opened) return opened.error();
  return std::make_unique<RocksDbEngine>(Owner(std::move(database)), settings, options);
}

std::string Describe(const EngineOptions& options) {
  return "write_buffer_size=" + std::to_string(options.memtable_bytes >> 20) +
         "MiB max_write_buffer_number=" + std::to_string(options.memtable_count_max) +
         " max_background_jobs=" + std::to_string(options.compaction_threads + 1) +
         " level_compaction_dynamic_level_bytes target_file_size_base=64MiB "
         "max_bytes_for_level_base=256MiB bytes_per_sync=1MiB avoid_flush_during_recovery "
         "cache=HyperClock " +
         std::to_string(options.cache_bytes >> 20) +
         "MiB block_size=4096 data_block_index=BinaryAndHash bloom_bits=" +
         std::to_string(options.filter_bits_per_key) +
         std::string(options.larger_than_memory
                         ? " use_direct_io_for_flush_and_compaction compaction_readahead_size=2MiB "
                           "max_auto_readahead_size=2MiB"
                         : "") +
         "; bulk load by SstFileWriter and IngestExternalFile";
}

}  // namespace

EngineKind RocksDbEngineKind() {
  const bool assertions = QUIVER_BENCH_ROCKSDB_ASSERTIONS;
  return {.name = "rocksdb",
          .title = "RocksDB",
          .version = rocksdb::GetRocksVersionAsString(),
          .note = assertions ? "this library was built with assertions, which slow it" : "",
          .built_with_assertions = assertions,
          .has_memtable = true,
          .can_hold_compactions = true,
          .gains_from_malloc = true,
          .codecs = {Codec::kNone, Codec::kFast, Codec::kZstd},
          .open = Open,
          .describe = Describe};
}

}  // namespace quiver::bench
