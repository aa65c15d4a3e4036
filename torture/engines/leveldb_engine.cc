// LevelDB behind the interface of the reliability tests.
#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include "engines/engine.h"

namespace quiver::torture {

namespace {

leveldb::Slice AsSlice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

Result<void> AsResult(const leveldb::Status& status) {
  if (status.ok()) return {};
  return Error(status.IsCorruption() ? ErrorCode::kCorruption : ErrorCode::kIo,
               "LevelDB: " + status.ToString());
}

class LevelDbEngine final : public Engine {
 public:
  LevelDbEngine(leveldb::DB* database, const EngineConfig& config) : database_(database) {
    read_options_.verify_checksums = config.checks == Checks::kStrictest;
    sync_ = config.durability == Durability::kSync;
  }

  static Result<std::unique_ptr<Engine>> Open(const EngineConfig& config) {
    leveldb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = 64 << 10;
    if (config.log_bytes != 0) options.write_buffer_size = 2 * config.log_bytes + (4 << 20);
    options.max_file_size = 1 << 20;  // the least it takes
    options.paranoid_checks = config.checks == Checks::kStrictest;
    leveldb::DB* database = nullptr;
    const auto status = leveldb::DB::Open(options, config.directory.string(), &database);
    if (auto opened = AsResult(status); !opened) return opened.error();
    return std::make_unique<LevelDbEngine>(database, config);
  }

  Result<SequenceNumber> Write(std::span<const Change> changes, bool durably) override {
    leveldb::WriteBatch batch;
    for (const Change& change : changes) {
      if (change.value) {
        batch.Put(AsSlice(change.key), AsSlice(*change.value));
      } else {
        batch.Delete(AsSlice(change.key));
      }
    }
    leveldb::WriteOptions options;
    options.sync = sync_ || durably;
    if (auto written = AsResult(database_->Write(options, &batch)); !written) {
      return written.error();
    }
    return SequenceNumber{0};
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    const leveldb::Status status = database_->Get(read_options_, AsSlice(key), &value);
    if (status.IsNotFound()) return false;
    if (auto result = AsResult(status); !result) return result.error();
    return true;
  }

  Result<void> Scan(const RowSink& sink) override {
    const std::unique_ptr<leveldb::Iterator> rows(database_->NewIterator(read_options_));
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      sink({rows->key().data(), rows->key().size()}, {rows->value().data(), rows->value().size()});
    }
    return AsResult(rows->status());
  }

  // An empty batch with sync syncs the log, and the log holds every write before it.
  Result<void> Sync() override {
    leveldb::WriteBatch nothing;
    leveldb::WriteOptions options;
    options.sync = true;
    return AsResult(database_->Write(options, &nothing));
  }

  // Compacting a range that holds nothing writes the memtable out and merges nothing.
  Result<void> Flush() override {
    const leveldb::Slice begin("\xff\xfe");
    const leveldb::Slice end("\xff\xff");
    database_->CompactRange(&begin, &end);
    return {};
  }

  Result<void> Compact() override {
    database_->CompactRange(nullptr, nullptr);
    return {};
  }

  Result<void> Close() override {
    database_.reset();
    return {};
  }

 private:
  std::unique_ptr<leveldb::DB> database_;
  leveldb::ReadOptions read_options_;
  bool sync_ = false;
};

std::string Describe(Checks checks) {
  return checks == Checks::kDefault ? "defaults" : "paranoid_checks, verify_checksums on each read";
}

}  // namespace

EngineKind LevelDbEngineKind() {
  return {.name = "leveldb",
          .version =
              std::to_string(leveldb::kMajorVersion) + "." + std::to_string(leveldb::kMinorVersion),
          .open = LevelDbEngine::Open,
          .describe = Describe};
}

}  // namespace quiver::torture
