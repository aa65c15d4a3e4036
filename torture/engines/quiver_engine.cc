// Quiver behind the interface of the reliability tests.
//
// The same rows are written in all the ways that Quiver has, so that the tests and their oracle
// meet all of them and need to know none: keys are spread over two keyspaces, which a batch of
// several rows writes to at once; a put may be a put of one half and a merge of the other, may come
// behind a range delete, may expire in some decades; a delete may be a range delete of one key, or
// a put that has expired. The way depends on key and value alone.
#include "engines/quiver_engine.h"

#include <array>

#include "base/hash.h"
#include "base/try.h"
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
  config.merge_operator = MergeOperatorKind::kAppend;
  return config;
}

// Default sizes but for memtables that hold the whole log.
DatabaseConfig LargeLogConfig(Durability durability, std::uint64_t log_bytes) {
  DatabaseConfig config;
  config.wal_mode = ModeOf(durability);
  config.memtable_size_bytes = 2 * log_bytes + (4 << 20);
  config.memtable_count_max = 2;
  config.memory_limit_bytes = config.memtable_size_bytes * 2 + (64 << 20);
  config.disk_reserve_bytes = 0;
  return config;
}

constexpr std::size_t kKeyspaceCount = 2;
constexpr std::array<std::string_view, kKeyspaceCount> kKeyspaceNames = {"default", "second"};
constexpr std::uint64_t kFarAwayUs = 4'102'444'800'000'000;  // the year 2100
constexpr std::uint64_t kLongAgoUs = 1;

using Keyspaces = std::vector<Keyspace>;

// Neighbours among a workload's keys, which one batch writes, lie in different keyspaces.
std::size_t KeyspaceOf(std::string_view key) {
  return key.empty() ? 0 : static_cast<unsigned char>(key.back()) % kKeyspaceCount;
}

Result<Keyspaces> OpenKeyspaces(Database& database) {
  Keyspaces keyspaces;
  for (std::size_t i = 0; i < kKeyspaceCount; ++i) {
    Result<Keyspace> keyspace = database.OpenKeyspace(kKeyspaceNames[i]);
    if (!keyspace && keyspace.error().code() == ErrorCode::kNotFound) {
      DatabaseConfig config = database.config();
      config.memtable_kind = MemtableKind::kTrie;
      keyspace = database.CreateKeyspace(kKeyspaceNames[i], config);
    }
    if (!keyspace) return keyspace.error();
    keyspaces.push_back(*keyspace);
  }
  return keyspaces;
}

Result<void> AddPut(WriteBatch& batch, const Keyspace& keyspace, std::string_view key,
                    std::string_view value) {
  const EntryOptions here{.keyspace = &keyspace};
  const EntryOptions expires{.keyspace = &keyspace, .expiry_us = kFarAwayUs};
  const std::string_view half = value.substr(0, value.size() / 2);
  const std::string_view rest = value.substr(half.size());
  switch (Checksum(value, Checksum(key, 1)) % 8) {
    case 0:
      QUIVER_TRY(batch.DeleteRange(key, std::string(key) + '\0', here));
      return batch.Put(key, value, here);
    case 1: QUIVER_TRY(batch.Put(key, half, here)); return batch.Merge(key, rest, here);
    case 2: QUIVER_TRY(batch.Delete(key, here)); return batch.Merge(key, value, here);
    case 3: return batch.Put(key, value, expires);
    case 4:
      QUIVER_TRY(batch.DeleteRange(key, std::string(key) + '\0', here));
      QUIVER_TRY(batch.Merge(key, half, expires));
      return batch.Merge(key, rest, here);
    default: return batch.Put(key, value, here);
  }
}

Result<void> AddDelete(WriteBatch& batch, const Keyspace& keyspace, std::string_view key) {
  const EntryOptions here{.keyspace = &keyspace};
  switch (Checksum(key, batch.count()) % 4) {
    case 0: return batch.DeleteRange(key, std::string(key) + '\0', here);
    case 1: return batch.Put(key, "gone", {.keyspace = &keyspace, .expiry_us = kLongAgoUs});
    default: return batch.Delete(key, here);
  }
}

class QuiverEngine final : public Engine {
 public:
  /// With one keyspace all rows are plain puts and deletes.
  QuiverEngine(std::shared_ptr<Database> database, Keyspaces keyspaces)
      : database_(std::move(database)), keyspaces_(std::move(keyspaces)) {}

  static Result<std::unique_ptr<Engine>> Open(const EngineConfig& options) {
    DatabaseConfig config = options.log_bytes == 0
                                ? SmallConfig(options.durability)
                                : LargeLogConfig(options.durability, options.log_bytes);
    for (const auto& [name, text] : options.settings) QUIVER_TRY(SetSetting(config, name, text));
    QUIVER_ASSIGN_OR_RETURN(auto database, Database::Open(options.directory, config));
    if (options.log_bytes == 0) return QuiverEngineOver(std::move(database));
    QUIVER_ASSIGN_OR_RETURN(const Keyspace only, database->OpenKeyspace(kKeyspaceNames[0]));
    return std::make_unique<QuiverEngine>(std::move(database), Keyspaces{only});
  }

  Result<SequenceNumber> Write(std::span<const Change> changes, bool durably) override {
    WriteBatch batch;
    for (const Change& change : changes) {
      const Keyspace& keyspace = KeyspaceFor(change.key);
      if (keyspaces_.size() == 1) {
        QUIVER_TRY(change.value ? batch.Put(change.key, *change.value) : batch.Delete(change.key));
        continue;
      }
      QUIVER_TRY(change.value ? AddPut(batch, keyspace, change.key, *change.value)
                              : AddDelete(batch, keyspace, change.key));
    }
    WriteOptions options;
    if (durably) options.wal_mode = WalMode::kSync;
    return database_->Write(batch, options);
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    return database_->GetInto(key, value, {.keyspace = &KeyspaceFor(key)});
  }

  // All keyspaces at one moment, merged.
  Result<void> Scan(const RowSink& sink) override {
    QUIVER_ASSIGN_OR_RETURN(const Snapshot snapshot, database_->NewSnapshot());
    std::vector<Iterator> rows;
    for (const Keyspace& keyspace : keyspaces_) {
      QUIVER_ASSIGN_OR_RETURN(Iterator iterator, database_->NewIterator({.keyspace = &keyspace,
                                                                         .snapshot = &snapshot}));
      iterator.SeekToFirst();
      rows.push_back(std::move(iterator));
    }
    while (true) {
      Iterator* first = nullptr;
      for (Iterator& iterator : rows) {
        if (!iterator.Valid()) {
          QUIVER_TRY(iterator.status());
        } else if (first == nullptr || iterator.key() < first->key()) {
          first = &iterator;
        }
      }
      if (first == nullptr) return {};
      sink(first->key(), first->value());
      first->Next();
    }
  }

  Result<void> Sync() override { return database_->SyncLog(); }
  Result<void> Flush() override { return database_->Flush(); }
  Result<void> Compact() override {
    for (const Keyspace& keyspace : keyspaces_) {
      QUIVER_TRY(database_->CompactRange({}, {}, &keyspace));
    }
    return {};
  }
  Result<void> Close() override { return database_->Close(); }

  // Edits of the manifest that nothing above makes: a keyspace that comes and goes with rows in the
  // log, and one that is flushed and merged while the others are not.
  Result<void> LeaveTraces() override {
    QUIVER_ASSIGN_OR_RETURN(const Keyspace brief,
                            database_->CreateKeyspace("brief", database_->config()));
    QUIVER_TRY(database_->Put("key1", "of a dropped keyspace", {.keyspace = &brief}));
    QUIVER_TRY(database_->DropKeyspace(brief));
    return database_->CompactRange({}, {}, &keyspaces_[1]);
  }

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
  std::string ReportedLosses() const override {
    std::string text;
    for (const std::string& loss : database_->recovery_report().losses) text += loss + "; ";
    return text;
  }

 private:
  const Keyspace& KeyspaceFor(std::string_view key) const {
    return keyspaces_.size() == 1 ? keyspaces_[0] : keyspaces_[KeyspaceOf(key)];
  }

  const std::shared_ptr<Database> database_;
  const Keyspaces keyspaces_;
};

std::string Describe(Checks checks) {
  return checks == Checks::kDefault ? "defaults, small sizes; all kinds of entries, two keyspaces"
                                    : "the same: every check is on by default";
}

}  // namespace

Result<std::unique_ptr<Engine>> QuiverEngineOver(std::shared_ptr<Database> database) {
  QUIVER_ASSIGN_OR_RETURN(Keyspaces keyspaces, OpenKeyspaces(*database));
  return std::make_unique<QuiverEngine>(std::move(database), std::move(keyspaces));
}

EngineKind QuiverEngineKind() {
  return {.name = "quiver",
          .version = std::string(VersionString()),
          .has_batch_mode = true,
          .has_stricter_checks = false,
          .open = QuiverEngine::Open,
          .describe = Describe};
}

}  // namespace quiver::torture
