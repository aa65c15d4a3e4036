// Quiver behind the interface of the reliability tests.
#include "base/try.h"
#include "engines/engine.h"
#include "quiver/admin.h"
#include "quiver/database.h"

namespace quiver::torture {

namespace {

WalMode ModeOf(Durability durability) {
  switch (durability) {
    case Durability::kSync: return WalMode::kSync;
    case Durability::kBatch: return WalMode::kBatch;
    case Durability::kAsync: return WalMode::kAsync;
  }
  return WalMode::kSync;
}

// Small enough that a few hundred kilobytes of writes meet rotation, flush and compaction.
DatabaseConfig SmallConfig(Durability durability) {
  DatabaseConfig config;
  config.wal_mode = ModeOf(durability);
  config.memory_limit_bytes = 64 << 20;
  config.memtable_size_bytes = 64 << 10;
  config.memtable_hash_buckets = 256;
  config.table_size_bytes = 64 << 10;
  config.block_size_bytes = 4 << 10;
  config.value_chunk_bytes = 2 << 10;
  config.level_base_bytes = 256 << 10;
  config.disk_reserve_bytes = 0;
  return config;
}

class QuiverEngine final : public Engine {
 public:
  explicit QuiverEngine(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  static Result<std::unique_ptr<Engine>> Open(const EngineConfig& options) {
    DatabaseConfig config = SmallConfig(options.durability);
    for (const auto& [name, text] : options.settings) QUIVER_TRY(SetSetting(config, name, text));
    QUIVER_ASSIGN_OR_RETURN(auto database, Database::Open(options.directory, config));
    return std::make_unique<QuiverEngine>(std::move(database));
  }

  Result<SequenceNumber> Write(std::span<const Change> changes, bool durably) override {
    WriteBatch batch;
    for (const Change& change : changes) {
      QUIVER_TRY(change.value ? batch.Put(change.key, *change.value) : batch.Delete(change.key));
    }
    WriteOptions options;
    if (durably) options.wal_mode = WalMode::kSync;
    return database_->Write(batch, options);
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    return database_->GetInto(key, value);
  }

  Result<void> Scan(const RowSink& sink) override {
    QUIVER_ASSIGN_OR_RETURN(auto iterator, database_->NewIterator());
    for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next()) {
      sink(iterator.key(), iterator.value());
    }
    return iterator.status();
  }

  Result<void> Sync() override { return database_->SyncLog(); }
  Result<void> Flush() override { return database_->Flush(); }
  Result<void> Compact() override { return database_->CompactRange(); }
  Result<void> Close() override { return database_->Close(); }

  // Notes are what Open cut or cleaned; a loss is what a salvage mode skipped.
  std::string Reported() const override {
    const RecoveryReport& report = database_->recovery_report();
    std::string text;
    for (const std::string& note : report.notes) text += note + "; ";
    for (const std::string& loss : report.losses) text += loss + "; ";
    for (const std::string& file : report.foreign_files) text += "foreign " + file + "; ";
    if (report.torn_tail_bytes != 0) text += std::to_string(report.torn_tail_bytes) + " bytes cut";
    return text;
  }

 private:
  const std::unique_ptr<Database> database_;
};

std::string Describe(Checks checks) {
  return checks == Checks::kDefault ? "defaults, small sizes"
                                    : "the same: every check is on by default";
}

}  // namespace

EngineKind QuiverEngineKind() {
  return {.name = "quiver",
          .version = std::string(VersionString()),
          .has_batch_mode = true,
          .open = QuiverEngine::Open,
          .describe = Describe};
}

}  // namespace quiver::torture
