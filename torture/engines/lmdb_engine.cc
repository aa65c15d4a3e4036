// LMDB behind the interface of the reliability tests: one transaction a batch, one a read.
//
// LMDB has no checksums, so it has nothing stricter than its defaults. Without syncs (MDB_NOSYNC)
// its page says that a power cut may damage the whole database.
#include <lmdb.h>

#include "engines/engine.h"

namespace quiver::torture {

namespace {

constexpr std::size_t kMapBytes = std::size_t{256} << 20;

Error AsError(int code, std::string_view what) {
  const ErrorCode kind = code == MDB_CORRUPTED || code == MDB_INVALID || code == MDB_PAGE_NOTFOUND
                             ? ErrorCode::kCorruption
                         : code == ENOSPC || code == MDB_MAP_FULL ? ErrorCode::kNoSpace
                                                                  : ErrorCode::kIo;
  return {kind, "LMDB: " + std::string(what) + ": " + mdb_strerror(code)};
}

MDB_val AsVal(std::string_view bytes) {
  // LMDB's signature lacks the const that its promise for keys and put values has.
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

std::string_view AsView(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

/// Aborts unless committed.
class Transaction {
 public:
  Transaction(MDB_env* environment, unsigned flags)
      : code_(mdb_txn_begin(environment, nullptr, flags, &transaction_)) {}
  ~Transaction() {
    if (transaction_ != nullptr) mdb_txn_abort(transaction_);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  int code() const { return code_; }
  MDB_txn* get() const { return transaction_; }
  int Commit() {
    MDB_txn* const done = transaction_;
    transaction_ = nullptr;
    return mdb_txn_commit(done);
  }

 private:
  MDB_txn* transaction_ = nullptr;
  const int code_;
};

class LmdbEngine final : public Engine {
 public:
  ~LmdbEngine() override {
    if (environment_ != nullptr) mdb_env_close(environment_);
  }

  static Result<std::unique_ptr<Engine>> Open(const EngineConfig& config) {
    std::error_code ignored;
    std::filesystem::create_directories(config.directory, ignored);
    auto engine = std::make_unique<LmdbEngine>();
    if (const int code = engine->OpenEnvironment(config); code != 0) return AsError(code, "open");
    return engine;
  }

  Result<SequenceNumber> Write(std::span<const Change> changes, bool durably) override {
    Transaction transaction(environment_, 0);
    if (transaction.code() != 0) return AsError(transaction.code(), "begin");
    for (const Change& change : changes) {
      MDB_val key = AsVal(change.key);
      MDB_val value = change.value ? AsVal(*change.value) : MDB_val{};
      const int code = change.value ? mdb_put(transaction.get(), tree_, &key, &value, 0)
                                    : mdb_del(transaction.get(), tree_, &key, nullptr);
      if (code != 0 && code != MDB_NOTFOUND) return AsError(code, "write");
    }
    if (const int code = transaction.Commit(); code != 0) return AsError(code, "commit");
    if (durably) {
      if (auto synced = Sync(); !synced) return synced.error();
    }
    return SequenceNumber{0};
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    const Transaction transaction(environment_, MDB_RDONLY);
    if (transaction.code() != 0) return AsError(transaction.code(), "begin");
    MDB_val wanted = AsVal(key);
    MDB_val found{};
    const int code = mdb_get(transaction.get(), tree_, &wanted, &found);
    if (code == MDB_NOTFOUND) return false;
    if (code != 0) return AsError(code, "get");
    value.assign(AsView(found));
    return true;
  }

  Result<void> Scan(const RowSink& sink) override {
    const Transaction transaction(environment_, MDB_RDONLY);
    if (transaction.code() != 0) return AsError(transaction.code(), "begin");
    MDB_cursor* cursor = nullptr;
    if (const int code = mdb_cursor_open(transaction.get(), tree_, &cursor); code != 0) {
      return AsError(code, "cursor");
    }
    MDB_val key{};
    MDB_val value{};
    int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    for (; code == 0; code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
      sink(AsView(key), AsView(value));
    }
    mdb_cursor_close(cursor);
    if (code != MDB_NOTFOUND) return AsError(code, "scan");
    return {};
  }

  Result<void> Sync() override {
    if (const int code = mdb_env_sync(environment_, 1); code != 0) return AsError(code, "sync");
    return {};
  }

  Result<void> Flush() override { return {}; }
  Result<void> Compact() override { return {}; }

  Result<void> Close() override {
    mdb_env_close(environment_);
    environment_ = nullptr;
    return {};
  }

 private:
  int OpenEnvironment(const EngineConfig& config) {
    if (const int code = mdb_env_create(&environment_); code != 0) return code;
    // Half-full pages and those that a transaction copies: four times the rows are enough.
    const std::size_t map_bytes = kMapBytes + 4 * config.log_bytes;
    if (const int code = mdb_env_set_mapsize(environment_, map_bytes); code != 0) return code;
    const unsigned flags =
        MDB_NOTLS | (config.durability == Durability::kAsync ? unsigned{MDB_NOSYNC} : 0U);
    const int opened = mdb_env_open(environment_, config.directory.c_str(), flags, 0600);
    if (opened != 0) return opened;
    Transaction transaction(environment_, 0);
    if (transaction.code() != 0) return transaction.code();
    if (const int code = mdb_dbi_open(transaction.get(), nullptr, 0, &tree_); code != 0) {
      return code;
    }
    return transaction.Commit();
  }

  MDB_env* environment_ = nullptr;
  MDB_dbi tree_ = 0;
};

std::string Describe(Checks checks) {
  return checks == Checks::kDefault ? "defaults; async is MDB_NOSYNC"
                                    : "the same: it has no checksums to switch on";
}

}  // namespace

EngineKind LmdbEngineKind() {
  return {.name = "lmdb",
          .version = std::to_string(MDB_VERSION_MAJOR) + "." + std::to_string(MDB_VERSION_MINOR) +
                     "." + std::to_string(MDB_VERSION_PATCH),
          .has_stricter_checks = false,
          .open = LmdbEngine::Open,
          .describe = Describe};
}

}  // namespace quiver::torture
