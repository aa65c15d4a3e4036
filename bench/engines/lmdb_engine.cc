// LMDB behind the benchmark's interface: a B+tree in a map, one transaction a write.
//
// LMDB has no log. MDB_NOSYNC with MDB_WRITEMAP is the mode nearest to "logged, not synced": a
// write survives the death of the process, but a power cut may damage the whole database. Synced
// writes use its default mode, which forces pages and then the meta page to the disk.
#include <lmdb.h>

#include "engines/engine.h"

namespace quiver::bench {

namespace {

constexpr unsigned kLoggedFlags = MDB_NOSYNC | MDB_WRITEMAP;
constexpr std::uint64_t kSpareMapBytes = std::uint64_t{4} << 30;
constexpr std::uint64_t kBulkTransactionEntries = 1000;

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

struct Environment {
  MDB_env* handle = nullptr;
  MDB_dbi tree = 0;
};

// One read transaction, taken up anew by every Scan, so that each sees the newest state.
class LmdbCursor final : public Cursor {
 public:
  explicit LmdbCursor(const Environment& environment) : environment_(environment) {}
  ~LmdbCursor() override {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
    if (reader_ != nullptr) mdb_txn_abort(reader_);
  }

  int Open() {
    if (const int code = mdb_txn_begin(environment_.handle, nullptr, MDB_RDONLY, &reader_)) {
      return code;
    }
    const int code = mdb_cursor_open(reader_, environment_.tree, &cursor_);
    mdb_txn_reset(reader_);
    return code;
  }

  Result<void> Scan(const ScanRequest& request, ScanTotals& totals) override {
    int code = mdb_txn_renew(reader_);
    if (code == 0) code = mdb_cursor_renew(reader_, cursor_);
    if (code != 0) return AsError(code, "renew");
    const bool forward = request.direction == Direction::kForward;
    MDB_val key{};
    MDB_val value{};
    code = Position(request, forward, key, value);
    const MDB_cursor_op step = forward ? MDB_NEXT : MDB_PREV;
    for (std::uint64_t left = request.limit; left != 0 && code == 0; --left) {
      totals.Count(AsView(key), AsView(value));
      code = mdb_cursor_get(cursor_, &key, &value, step);
    }
    mdb_txn_reset(reader_);
    if (code != 0 && code != MDB_NOTFOUND) return AsError(code, "scan");
    return {};
  }

 private:
  int Position(const ScanRequest& request, bool forward, MDB_val& key, MDB_val& value) {
    if (!request.from) {
      return mdb_cursor_get(cursor_, &key, &value, forward ? MDB_FIRST : MDB_LAST);
    }
    key = AsVal(*request.from);
    const int code = mdb_cursor_get(cursor_, &key, &value, MDB_SET_RANGE);
    if (forward) return code;
    if (code == MDB_NOTFOUND) return mdb_cursor_get(cursor_, &key, &value, MDB_LAST);
    if (code != 0 || AsView(key) == *request.from) return code;
    return mdb_cursor_get(cursor_, &key, &value, MDB_PREV);
  }

  Environment environment_;
  MDB_txn* reader_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
};

class LmdbSession final : public Session {
 public:
  explicit LmdbSession(const Environment& environment) : environment_(environment) {}
  ~LmdbSession() override {
    if (reader_ != nullptr) mdb_txn_abort(reader_);
  }

  Result<void> Put(std::string_view key, std::string_view value) override {
    const KeyValue entry{key, value};
    return WriteBatch({&entry, 1});
  }

  Result<void> Delete(std::string_view key) override {
    MDB_txn* transaction = nullptr;
    if (const int code = mdb_txn_begin(environment_.handle, nullptr, 0, &transaction); code != 0) {
      return AsError(code, "begin");
    }
    MDB_val wanted = AsVal(key);
    const int code = mdb_del(transaction, environment_.tree, &wanted, nullptr);
    if (code != 0 && code != MDB_NOTFOUND) {
      mdb_txn_abort(transaction);
      return AsError(code, "delete");
    }
    if (const int end = mdb_txn_commit(transaction); end != 0) return AsError(end, "commit");
    return {};
  }

  Result<void> WriteBatch(std::span<const KeyValue> entries) override {
    MDB_txn* transaction = nullptr;
    if (const int code = mdb_txn_begin(environment_.handle, nullptr, 0, &transaction); code != 0) {
      return AsError(code, "begin");
    }
    for (const KeyValue& entry : entries) {
      MDB_val key = AsVal(entry.key);
      MDB_val value = AsVal(entry.value);
      if (const int code = mdb_put(transaction, environment_.tree, &key, &value, 0); code != 0) {
        mdb_txn_abort(transaction);
        return AsError(code, "put");
      }
    }
    if (const int code = mdb_txn_commit(transaction); code != 0) return AsError(code, "commit");
    return {};
  }

  // A read transaction for each get, so that each sees the newest state; the handle is reused.
  Result<bool> Get(std::string_view key, std::string& value) override {
    if (auto begun = BeginRead(); !begun) return begun.error();
    const Result<bool> found = Lookup(key, value);
    mdb_txn_reset(reader_);
    return found;
  }

  // One transaction for all keys: one state, as the other engines promise for such a call.
  Result<std::uint64_t> MultiGet(std::span<const std::string_view> keys,
                                 std::span<std::string> values) override {
    if (auto begun = BeginRead(); !begun) return begun.error();
    Result<std::uint64_t> found{std::uint64_t{0}};
    for (std::size_t i = 0; i < keys.size() && found; ++i) {
      const Result<bool> answer = Lookup(keys[i], values[i]);
      if (!answer) {
        found = answer.error();
      } else if (*answer) {
        ++*found;
      }
    }
    mdb_txn_reset(reader_);
    return found;
  }

  Result<std::unique_ptr<Cursor>> NewCursor() override {
    auto cursor = std::make_unique<LmdbCursor>(environment_);
    if (const int code = cursor->Open(); code != 0) return AsError(code, "cursor");
    return cursor;
  }

 private:
  Result<void> BeginRead() {
    const int code = reader_ != nullptr
                         ? mdb_txn_renew(reader_)
                         : mdb_txn_begin(environment_.handle, nullptr, MDB_RDONLY, &reader_);
    if (code != 0) return AsError(code, "begin of a read");
    return {};
  }

  Result<bool> Lookup(std::string_view key, std::string& value) {
    MDB_val wanted = AsVal(key);
    MDB_val found{};
    const int code = mdb_get(reader_, environment_.tree, &wanted, &found);
    if (code == 0) value.assign(AsView(found));
    if (code != 0 && code != MDB_NOTFOUND) return AsError(code, "get");
    return code == 0;
  }

  Environment environment_;
  MDB_txn* reader_ = nullptr;
};

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

  Result<std::unique_ptr<Session>> NewSession() override {
    return std::make_unique<LmdbSession>(environment_);
  }

  Result<void> BulkLoad(const EntrySource& next) override {
    KeyValue entry;
    bool more = next(entry);
    while (more) {
      MDB_txn* transaction = nullptr;
      int code = mdb_txn_begin(environment_.handle, nullptr, 0, &transaction);
      if (code != 0) return AsError(code, "begin");
      for (std::uint64_t n = 0; more && n < kBulkTransactionEntries; ++n, more = next(entry)) {
        MDB_val key = AsVal(entry.key);
        MDB_val value = AsVal(entry.value);
        code = mdb_put(transaction, environment_.tree, &key, &value, MDB_APPEND);
        if (code != 0) {
          mdb_txn_abort(transaction);
          return AsError(code, "append");
        }
      }
      if (code = mdb_txn_commit(transaction); code != 0) return AsError(code, "commit");
    }
    return Flush();
  }

  // The others' tables are on the disk after their flush, so is this.
  Result<void> Flush() override {
    if (const int code = mdb_env_sync(environment_.handle, 1); code != 0) {
      return AsError(code, "sync");
    }
    return {};
  }

  Result<void> Compact() override { return {}; }
  Result<double> WaitForDebt() override { return 0.0; }

  Result<void> Close() override {
    Release();
    return {};
  }

 private:
  int OpenEnvironment(const EngineOptions& options) {
    if (const int code = mdb_env_create(&environment_.handle); code != 0) return code;
    // Half-full pages and copies of pages still read: four times the data is ample, and only
    // address space.
    const std::uint64_t map_bytes = options.data_bytes * 4 + kSpareMapBytes;
    if (const int code = mdb_env_set_mapsize(environment_.handle, map_bytes); code != 0) {
      return code;
    }
    unsigned flags = options.durability == Durability::kSynced ? 0 : kLoggedFlags;
    flags |= MDB_NOTLS | MDB_NOMEMINIT | (options.larger_than_memory ? MDB_NORDAHEAD : 0U);
    const std::string path = options.directory.string();
    if (const int code = mdb_env_open(environment_.handle, path.c_str(), flags, 0644); code != 0) {
      return code;
    }
    MDB_txn* transaction = nullptr;
    if (const int code = mdb_txn_begin(environment_.handle, nullptr, 0, &transaction); code != 0) {
      return code;
    }
    if (const int code = mdb_dbi_open(transaction, nullptr, 0, &environment_.tree); code != 0) {
      mdb_txn_abort(transaction);
      return code;
    }
    return mdb_txn_commit(transaction);
  }

  void Release() {
    if (environment_.handle != nullptr) mdb_env_close(environment_.handle);
    environment_.handle = nullptr;
  }

  Environment environment_;
};

std::string Describe(const EngineOptions& options) {
  return "MDB_NOSYNC|MDB_WRITEMAP|MDB_NOTLS|MDB_NOMEMINIT (synced puts: the default flags) "
         "map_size=4 times the data + 4GiB" +
         std::string(options.larger_than_memory ? " MDB_NORDAHEAD" : "") +
         ", one transaction a put or batch; cache is the page cache; no filter, no compression, no "
         "checksums; bulk load by MDB_APPEND, 1000 a transaction";
}

}  // namespace

EngineKind LmdbEngineKind() {
  return {.name = "lmdb",
          .title = "LMDB",
          .version = std::to_string(MDB_VERSION_MAJOR) + "." + std::to_string(MDB_VERSION_MINOR) +
                     "." + std::to_string(MDB_VERSION_PATCH),
          .note =
              "no log: where writes are not synced it is weaker than the others, a power cut "
              "may damage the whole database; caches in the page cache without a limit",
          .open = LmdbEngine::Open,
          .describe = Describe};
}

}  // namespace quiver::bench
