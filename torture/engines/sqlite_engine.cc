// SQLite behind the interface of the reliability tests: one table of blobs, one transaction a
// batch, one connection under a lock.
#include <sqlite3.h>

#include "base/mutex.h"
#include "base/try.h"
#include "engines/engine.h"

namespace quiver::torture {

namespace {

class SqliteEngine final : public Engine {
 public:
  ~SqliteEngine() override { Release(); }

  static Result<std::unique_ptr<Engine>> Open(const EngineConfig& config) {
    std::error_code ignored;
    std::filesystem::create_directories(config.directory, ignored);
    auto engine = std::make_unique<SqliteEngine>();
    MutexLock lock(engine->mutex_);
    QUIVER_TRY(engine->OpenConnection(config));
    return Result<std::unique_ptr<Engine>>(std::move(engine));
  }

  Result<SequenceNumber> Write(std::span<const Change> changes, bool durably) override {
    MutexLock lock(mutex_);
    if (durably && synchronous_ == "OFF") QUIVER_TRY(Run("PRAGMA synchronous=FULL"));
    const Result<void> written = WriteLocked(changes);
    if (durably && synchronous_ == "OFF") QUIVER_TRY(Run("PRAGMA synchronous=OFF"));
    if (!written) return written.error();
    return SequenceNumber{0};
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    MutexLock lock(mutex_);
    Bind(get_, 1, key);
    const int code = sqlite3_step(get_);
    if (code == SQLITE_ROW) value.assign(Column(get_, 0));
    sqlite3_reset(get_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return Failure("get");
  }

  Result<void> Scan(const RowSink& sink) override {
    MutexLock lock(mutex_);
    int code = sqlite3_step(scan_);
    for (; code == SQLITE_ROW; code = sqlite3_step(scan_)) sink(Column(scan_, 0), Column(scan_, 1));
    const Error failure = Failure("scan");
    sqlite3_reset(scan_);
    if (code != SQLITE_DONE) return failure;
    return {};
  }

  // With synchronous=OFF only a later transaction that syncs makes the file durable.
  Result<void> Sync() override {
    if (auto written = Write({}, true); !written) return written.error();
    return {};
  }

  Result<void> Flush() override { return {}; }
  Result<void> Compact() override { return {}; }

  Result<void> Close() override {
    Release();
    return {};
  }

 private:
  Error Failure(std::string_view what) REQUIRES(mutex_) {
    const int code = sqlite3_errcode(connection_);
    const ErrorCode kind = code == SQLITE_FULL ? ErrorCode::kNoSpace
                           : code == SQLITE_CORRUPT || code == SQLITE_NOTADB
                               ? ErrorCode::kCorruption
                               : ErrorCode::kIo;
    return {kind, "SQLite: " + std::string(what) + ": " + sqlite3_errmsg(connection_)};
  }

  Result<void> Run(const std::string& sql) REQUIRES(mutex_) {
    if (sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return Failure(sql);
  }

  Result<void> Prepare(const char* sql, sqlite3_stmt** statement) REQUIRES(mutex_) {
    if (sqlite3_prepare_v2(connection_, sql, -1, statement, nullptr) == SQLITE_OK) return {};
    return Failure(sql);
  }

  static void Bind(sqlite3_stmt* statement, int place, std::string_view bytes) {
    sqlite3_bind_blob(statement, place, bytes.data(), static_cast<int>(bytes.size()),
                      SQLITE_TRANSIENT);
  }

  static std::string_view Column(sqlite3_stmt* statement, int place) {
    const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement, place));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, place))};
  }

  Result<void> WriteLocked(std::span<const Change> changes) REQUIRES(mutex_) {
    QUIVER_TRY(Run("BEGIN IMMEDIATE"));
    for (const Change& change : changes) {
      sqlite3_stmt* const statement = change.value ? put_ : delete_;
      Bind(statement, 1, change.key);
      if (change.value) Bind(statement, 2, *change.value);
      const int code = sqlite3_step(statement);
      const Error failure = Failure("write");
      sqlite3_reset(statement);
      if (code != SQLITE_DONE) {
        (void)Run("ROLLBACK");
        return failure;
      }
    }
    Result<void> committed = Run("COMMIT");
    if (!committed) (void)Run("ROLLBACK");
    return committed;
  }

  Result<void> OpenConnection(const EngineConfig& config) REQUIRES(mutex_) {
    const std::string file = (config.directory / "data.sqlite").string();
    const bool strictest = config.checks == Checks::kStrictest;
    synchronous_ = config.durability == Durability::kAsync ? "OFF" : strictest ? "EXTRA" : "FULL";
    if (sqlite3_open(file.c_str(), &connection_) != SQLITE_OK) return Failure("open");
    sqlite3_busy_timeout(connection_, 5000);
    // The rollback journal that is its default holds no transaction that has ended: no log to grow.
    if (config.log_bytes != 0) {
      QUIVER_TRY(Run("PRAGMA journal_mode=WAL"));
      QUIVER_TRY(Run("PRAGMA wal_autocheckpoint=0"));
    }
    QUIVER_TRY(Run("PRAGMA synchronous=" + synchronous_));
    if (strictest) {
      QUIVER_TRY(Run("PRAGMA cell_size_check=ON"));
      QUIVER_TRY(CheckIntegrity());
    }
    QUIVER_TRY(
        Run("CREATE TABLE IF NOT EXISTS rows(key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID"));
    QUIVER_TRY(Prepare("INSERT OR REPLACE INTO rows VALUES(?1, ?2)", &put_));
    QUIVER_TRY(Prepare("DELETE FROM rows WHERE key=?1", &delete_));
    QUIVER_TRY(Prepare("SELECT value FROM rows WHERE key=?1", &get_));
    return Prepare("SELECT key, value FROM rows ORDER BY key", &scan_);
  }

  Result<void> CheckIntegrity() REQUIRES(mutex_) {
    sqlite3_stmt* check = nullptr;
    QUIVER_TRY(Prepare("PRAGMA integrity_check(1)", &check));
    const int code = sqlite3_step(check);
    const std::string answer(code == SQLITE_ROW ? Column(check, 0) : "no answer");
    sqlite3_finalize(check);
    if (answer == "ok") return {};
    return Error(ErrorCode::kCorruption, "SQLite: integrity_check: " + answer);
  }

  void Release() {
    MutexLock lock(mutex_);
    for (sqlite3_stmt** statement : {&put_, &delete_, &get_, &scan_}) {
      sqlite3_finalize(*statement);
      *statement = nullptr;
    }
    if (connection_ != nullptr) sqlite3_close(connection_);
    connection_ = nullptr;
  }

  Mutex mutex_;
  sqlite3* connection_ GUARDED_BY(mutex_) = nullptr;
  std::string synchronous_ GUARDED_BY(mutex_);
  sqlite3_stmt* put_ GUARDED_BY(mutex_) = nullptr;
  sqlite3_stmt* delete_ GUARDED_BY(mutex_) = nullptr;
  sqlite3_stmt* get_ GUARDED_BY(mutex_) = nullptr;
  sqlite3_stmt* scan_ GUARDED_BY(mutex_) = nullptr;
};

std::string Describe(Checks checks) {
  return checks == Checks::kDefault
             ? "defaults (journal_mode=DELETE, synchronous=FULL); async is synchronous=OFF"
             : "synchronous=EXTRA, cell_size_check, integrity_check at each open";
}

}  // namespace

EngineKind SqliteEngineKind() {
  return {.name = "sqlite",
          .version = sqlite3_libversion(),
          .open = SqliteEngine::Open,
          .describe = Describe};
}

}  // namespace quiver::torture
