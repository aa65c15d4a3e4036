// RocksDB behind the interface of the reliability tests.
#include <rocksdb/db.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/options.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>

#include "engines/engine.h"

namespace quiver::torture {

namespace {

rocksdb::Slice AsSlice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

Result<void> AsResult(const rocksdb::Status& status) {
  if (status.ok()) return {};
  const ErrorCode code = status.IsCorruption() ? ErrorCode::kCorruption
                         : status.IsNoSpace()  ? ErrorCode::kNoSpace
                                               : ErrorCode::kIo;
  return Error(code, "RocksDB: " + status.ToString());
}

class RocksDbEngine final : public Engine {
 public:
  RocksDbEngine(rocksdb::DB* database, bool sync) : database_(database), sync_(sync) {}

  static Result<std::unique_ptr<Engine>> Open(const EngineConfig& config) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = 64 << 10;
    if (config.log_bytes != 0) options.write_buffer_size = 2 * config.log_bytes + (4 << 20);
    options.target_file_size_base = 64 << 10;
    options.max_bytes_for_level_base = 256 << 10;
    options.keep_log_file_num = 2;  // its own messages, not the write-ahead log
    if (config.checks == Checks::kStrictest) {
      options.wal_recovery_mode = rocksdb::WALRecoveryMode::kAbsoluteConsistency;
      options.track_and_verify_wals_in_manifest = true;
      options.verify_sst_unique_id_in_manifest = true;
      options.paranoid_file_checks = true;
      options.force_consistency_checks = true;
      options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
    }
    rocksdb::DB* database = nullptr;
    const auto status = rocksdb::DB::Open(options, config.directory.string(), &database);
    if (auto opened = AsResult(status); !opened) return opened.error();
    return std::make_unique<RocksDbEngine>(database, config.durability == Durability::kSync);
  }

  Result<SequenceNumber> Write(std::span<const Change> changes, bool durably) override {
    rocksdb::WriteBatch batch;
    for (const Change& change : changes) {
      const rocksdb::Status added = change.value
                                        ? batch.Put(AsSlice(change.key), AsSlice(*change.value))
                                        : batch.Delete(AsSlice(change.key));
      if (auto result = AsResult(added); !result) return result.error();
    }
    rocksdb::WriteOptions options;
    options.sync = sync_ || durably;
    if (auto written = AsResult(database_->Write(options, &batch)); !written) {
      return written.error();
    }
    return SequenceNumber{0};
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    const rocksdb::Status status = database_->Get({}, AsSlice(key), &value);
    if (status.IsNotFound()) return false;
    if (auto result = AsResult(status); !result) return result.error();
    return true;
  }

  Result<void> Scan(const RowSink& sink) override {
    const std::unique_ptr<rocksdb::Iterator> rows(database_->NewIterator({}));
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      sink(rows->key().ToStringView(), rows->value().ToStringView());
    }
    return AsResult(rows->status());
  }

  Result<void> Sync() override { return AsResult(database_->SyncWAL()); }
  Result<void> Flush() override { return AsResult(database_->Flush({})); }
  Result<void> Compact() override {
    return AsResult(database_->CompactRange({}, nullptr, nullptr));
  }
  Result<void> Close() override { return AsResult(database_->Close()); }

 private:
  const std::unique_ptr<rocksdb::DB> database_;
  const bool sync_;
};

std::string Describe(Checks checks) {
  return checks == Checks::kDefault
             ? "defaults"
             : "kAbsoluteConsistency, track_and_verify_wals_in_manifest, "
               "verify_sst_unique_id_in_manifest, paranoid_file_checks, CRC32C of whole files";
}

}  // namespace

EngineKind RocksDbEngineKind() {
  return {.name = "rocksdb",
          .version = rocksdb::GetRocksVersionAsString(),
          .open = RocksDbEngine::Open,
          .describe = Describe};
}

}  // namespace quiver::torture
