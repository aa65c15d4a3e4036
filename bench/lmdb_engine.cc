// LMDB behind the benchmark's interface: a B+tree in a writable map, one transaction a write.
//
// LMDB has no log. MDB_NOSYNC with MDB_WRITEMAP is the mode nearest to "logged, not synced": a
// write survives the death of the process, but a power cut may damage the whole database.
#include <lmdb.h>

#include "engine.h"

namespace quiver::bench {

namespace {

constexpr unsigned kFlags = MDB_NOSYNC | MDB_WRITEMAP;

Error AsError(int code, std::string_view what) {
  return {ErrorCode::kIo, "LMDB: " + std::string(what) + ": " + mdb_strerror(code)};
}

MDB_val AsVal(std::string_view bytes) {
  // LMDB's signature lacks the const that its promise for keys and put values has.
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

std::string_view AsView(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

class LmdbEngine final : public Engine {
 public:
  ~LmdbEngine() override { Release(); }

  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options) {
    std::error_code error;
    std::filesystem::create_directories(options.directory, error);
    auto engine = std::make_unique<LmdbEngine>();
    if (const int code = engine->OpenEnvironment(options); code != 0) {
      return AsError(code, "open " + options.directory.string());
    }
    return engine;
  }

  Result<void> Put(std::string_view key, std::string_view value) override {
    const KeyValue entry{key, value};
    return WriteBatch({&entry, 1});
  }

  Result<void> WriteBatch(std::span<const KeyValue> entries) override {
    MDB_txn* transaction = nullptr;
    if (const int code = mdb_txn_begin(environment_, nullptr, 0, &transaction); code != 0) {
      return AsError(code, "begin");
    }
    for (const KeyValue& entry : entries) {
      MDB_val key = AsVal(entry.key);
      MDB_val value = AsVal(entry.value);
      if (const int code = mdb_put(transaction, tree_, &key, &value, 0); code != 0) {
        mdb_txn_abort(transaction);
        return AsError(code, "put");
      }
    }
    if (const int code = mdb_txn_commit(transaction); code != 0) return AsError(code, "commit");
    return {};
  }

  // A read transaction for each get, so that each sees the newest state; the handle is reused.
  Result<bool> Get(std::string_view key, std::string& value) override {
    if (const int code = mdb_txn_renew(reader_); code != 0) return AsError(code, "renew");
    MDB_val wanted = AsVal(key);
    MDB_val found{};
    const int code = mdb_get(reader_, tree_, &wanted, &found);
    if (code == 0) value.assign(AsView(found));
    mdb_txn_reset(reader_);
    if (code != 0 && code != MDB_NOTFOUND) return AsError(code, "get");
    return code == 0;
  }

  Result<ScanTotals> ScanAll() override {
    if (const int code = mdb_txn_renew(reader_); code != 0) return AsError(code, "renew");
    MDB_cursor* cursor = nullptr;
    if (const int code = mdb_cursor_open(reader_, tree_, &cursor); code != 0) {
      mdb_txn_reset(reader_);
      return AsError(code, "cursor");
    }
    ScanTotals totals;
    MDB_val key{};
    MDB_val value{};
    int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    for (; code == 0; code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
      totals.Count(AsView(key), AsView(value));
    }
    mdb_cursor_close(cursor);
    mdb_txn_reset(reader_);
    if (code != MDB_NOTFOUND) return AsError(code, "scan");
    return totals;
  }

  Result<void> Sync() override {
    if (const int code = mdb_env_sync(environment_, 1); code != 0) return AsError(code, "sync");
    return {};
  }

  // Nothing is left to merge. The others' tables are on the disk after their flush, so is this.
  Result<double> Settle() override {
    if (auto synced = Sync(); !synced) return synced.error();
    return 0.0;
  }

  Result<void> Close() override {
    Release();
    return {};
  }

 private:
  int OpenEnvironment(const EngineOptions& options) {
    if (const int code = mdb_env_create(&environment_); code != 0) return code;
    if (const int code = mdb_env_set_mapsize(environment_, options.map_bytes); code != 0) {
      return code;
    }
    const std::string path = options.directory.string();
    if (const int code = mdb_env_open(environment_, path.c_str(), kFlags, 0644); code != 0) {
      return code;
    }
    MDB_txn* transaction = nullptr;
    if (const int code = mdb_txn_begin(environment_, nullptr, 0, &transaction); code != 0) {
      return code;
    }
    if (const int code = mdb_dbi_open(transaction, nullptr, 0, &tree_); code != 0) {
      mdb_txn_abort(transaction);
      return code;
    }
    if (const int code = mdb_txn_commit(transaction); code != 0) return code;
    if (const int code = mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &reader_); code != 0) {
      return code;
    }
    mdb_txn_reset(reader_);
    return 0;
  }

  void Release() {
    if (reader_ != nullptr) mdb_txn_abort(reader_);
    if (environment_ != nullptr) mdb_env_close(environment_);
    reader_ = nullptr;
    environment_ = nullptr;
  }

  MDB_env* environment_ = nullptr;
  MDB_txn* reader_ = nullptr;
  MDB_dbi tree_ = 0;
};

std::string Describe(const EngineOptions& options) {
  return "MDB_NOSYNC|MDB_WRITEMAP map_size=" + std::to_string(options.map_bytes >> 30) +
         "GiB, one transaction a put or batch; cache is the page cache, without a limit; no "
         "filter, no compression";
}

}  // namespace

EngineKind LmdbEngineKind() {
  return {.name = "LMDB",
          .version = std::to_string(MDB_VERSION_MAJOR) + "." + std::to_string(MDB_VERSION_MINOR) +
                     "." + std::to_string(MDB_VERSION_PATCH),
          .note =
              "no log: weaker than the others, a power cut may damage the whole database; "
              "caches in the page cache without a limit",
          .compresses = false,
          .open = LmdbEngine::Open,
          .describe = Describe};
}

}  // namespace quiver::bench
