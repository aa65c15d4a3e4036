// WiredTiger behind the benchmark's interface: a B-tree with a log and checkpoints.
//
// transaction_sync with the method "none" hands the log to the system at each commit, which is the
// class "logged"; "fsync" is the class "synced", with WiredTiger's group commit.
#include <wiredtiger.h>

#include "engines/engine.h"

namespace quiver::bench {

namespace {

constexpr const char* kTable = "table:bench";

Error AsError(int code, std::string_view what) {
  return {ErrorCode::kIo, "WiredTiger: " + std::string(what) + ": " + wiredtiger_strerror(code)};
}

Result<void> AsResult(int code, std::string_view what) {
  if (code == 0) return {};
  return AsError(code, what);
}

WT_ITEM AsItem(std::string_view bytes) {
  WT_ITEM item{};
  item.data = bytes.data();
  item.size = bytes.size();
  return item;
}

std::string_view AsView(const WT_ITEM& item) {
  return {static_cast<const char*>(item.data), item.size};
}

std::string_view CompressorOf(Codec codec) {
  return codec == Codec::kFast ? "snappy" : "none";
}

std::string ConnectionConfig(const EngineOptions& options) {
  const bool synced = options.durability == Durability::kSynced;
  // The cache holds what the others hold in memtables too.
  const std::uint64_t cache_bytes =
      options.cache_bytes + options.memtable_bytes * options.memtable_count_max;
  std::string config =
      "create,cache_size=" + std::to_string(cache_bytes) +
      ",eviction=(threads_min=1,threads_max=" + std::to_string(options.compaction_threads) +
      "),checkpoint=(wait=60,log_size=2GB),session_max=64,log=(enabled=" +
      std::string(options.bulk ? "false" : "true") +
      ",file_max=64MB,prealloc=" + (synced ? "true" : "false") +
      "),transaction_sync=(enabled=true,method=" + (synced ? "fsync" : "none") + ")";
  if (options.codec == Codec::kFast) config += ",extensions=[libwiredtiger_snappy.so]";
  return config;
}

std::string TableConfig(const EngineOptions& options) {
  return "key_format=u,value_format=u,checksum=on,block_compressor=" +
         std::string(CompressorOf(options.codec));
}

class WiredTigerCursor final : public Cursor {
 public:
  explicit WiredTigerCursor(WT_CURSOR* cursor) : cursor_(cursor) {}
  ~WiredTigerCursor() override { cursor_->close(cursor_); }

  Result<void> Scan(const ScanRequest& request, ScanTotals& totals) override {
    const bool forward = request.direction == Direction::kForward;
    int code = Position(request, forward);
    WT_ITEM key{};
    WT_ITEM value{};
    for (std::uint64_t left = request.limit; left != 0 && code == 0; --left) {
      code = cursor_->get_key(cursor_, &key);
      if (code == 0) code = cursor_->get_value(cursor_, &value);
      if (code != 0) break;
      totals.Count(AsView(key), AsView(value));
      code = forward ? cursor_->next(cursor_) : cursor_->prev(cursor_);
    }
    cursor_->reset(cursor_);
    if (code == WT_NOTFOUND) return {};
    return AsResult(code, "scan");
  }

 private:
  int Position(const ScanRequest& request, bool forward) {
    if (!request.from) return forward ? cursor_->next(cursor_) : cursor_->prev(cursor_);
    const WT_ITEM from = AsItem(*request.from);
    cursor_->set_key(cursor_, &from);
    int exact = 0;
    const int code = cursor_->search_near(cursor_, &exact);
    if (code != 0 || exact == 0) return code;
    if (forward) return exact < 0 ? cursor_->next(cursor_) : 0;
    return exact > 0 ? cursor_->prev(cursor_) : 0;
  }

  WT_CURSOR* cursor_;
};

class WiredTigerSession final : public Session {
 public:
  explicit WiredTigerSession(WT_CONNECTION* connection) : connection_(connection) {}
  ~WiredTigerSession() override {
    if (session_ != nullptr) session_->close(session_, nullptr);
  }

  int Open() {
    if (const int code =
            connection_->open_session(connection_, nullptr, "isolation=snapshot", &session_)) {
      return code;
    }
    return session_->open_cursor(session_, kTable, nullptr, nullptr, &cursor_);
  }

  Result<void> Put(std::string_view key, std::string_view value) override {
    return Retried([&] { return Insert(key, value); }, "put");
  }

  Result<void> Delete(std::string_view key) override {
    return Retried(
        [&] {
          const WT_ITEM item = AsItem(key);
          cursor_->set_key(cursor_, &item);
          const int code = cursor_->remove(cursor_);
          return code == WT_NOTFOUND ? 0 : code;
        },
        "delete");
  }

  Result<void> WriteBatch(std::span<const KeyValue> entries) override {
    return Retried(
        [&] {
          int code = session_->begin_transaction(session_, nullptr);
          for (std::size_t i = 0; code == 0 && i < entries.size(); ++i) {
            code = Insert(entries[i].key, entries[i].value);
          }
          if (code == 0) return session_->commit_transaction(session_, nullptr);
          session_->rollback_transaction(session_, nullptr);
          return code;
        },
        "batch");
  }

  Result<bool> Get(std::string_view key, std::string& value) override {
    const WT_ITEM wanted = AsItem(key);
    cursor_->set_key(cursor_, &wanted);
    int code = cursor_->search(cursor_);
    if (code == WT_NOTFOUND) return false;
    WT_ITEM found{};
    if (code == 0) code = cursor_->get_value(cursor_, &found);
    if (code != 0) return AsError(code, "get");
    value.assign(AsView(found));
    cursor_->reset(cursor_);
    return true;
  }

  Result<std::unique_ptr<Cursor>> NewCursor() override {
    WT_CURSOR* cursor = nullptr;
    const int code = session_->open_cursor(session_, kTable, nullptr, nullptr, &cursor);
    if (code != 0) return AsError(code, "cursor");
    return std::make_unique<WiredTigerCursor>(cursor);
  }

 private:
  int Insert(std::string_view key, std::string_view value) {
    const WT_ITEM key_item = AsItem(key);
    const WT_ITEM value_item = AsItem(value);
    cursor_->set_key(cursor_, &key_item);
    cursor_->set_value(cursor_, &value_item);
    return cursor_->insert(cursor_);
  }

  // Two writers of one key: one is told to roll back and does its work again.
  template <typename Operation>
  Result<void> Retried(const Operation& operation, std::string_view what) {
    int code = operation();
    while (code == WT_ROLLBACK) code = operation();
    return AsResult(code, what);
  }

  WT_CONNECTION* connection_;
  WT_SESSION* session_ = nullptr;
  WT_CURSOR* cursor_ = nullptr;
};

class WiredTigerEngine final : public Engine {
 public:
  ~WiredTigerEngine() override {
    if (connection_ != nullptr) connection_->close(connection_, nullptr);
  }

  static Result<std::unique_ptr<Engine>> Open(const EngineOptions& options) {
    std::error_code error;
    std::filesystem::create_directories(options.directory, error);
    auto engine = std::make_unique<WiredTigerEngine>();
    const std::string config = ConnectionConfig(options);
    int code =
        wiredtiger_open(options.directory.c_str(), nullptr, config.c_str(), &engine->connection_);
    if (code != 0) return AsError(code, "open " + options.directory.string());
    WT_CONNECTION* connection = engine->connection_;
    code = connection->open_session(connection, nullptr, nullptr, &engine->session_);
    if (code != 0) return AsError(code, "session");
    code = engine->session_->create(engine->session_, kTable, TableConfig(options).c_str());
    if (code != 0) return AsError(code, "create");
    return engine;
  }

  Result<std::unique_ptr<Session>> NewSession() override {
    auto session = std::make_unique<WiredTigerSession>(connection_);
    if (const int code = session->Open(); code != 0) return AsError(code, "session");
    return session;
  }

  Result<void> BulkLoad(const EntrySource& next) override {
    WT_CURSOR* cursor = nullptr;
    int code = session_->open_cursor(session_, kTable, nullptr, "bulk", &cursor);
    if (code != 0) return AsError(code, "bulk cursor");
    KeyValue entry;
    while (code == 0 && next(entry)) {
      const WT_ITEM key = AsItem(entry.key);
      const WT_ITEM value = AsItem(entry.value);
      cursor->set_key(cursor, &key);
      cursor->set_value(cursor, &value);
      code = cursor->insert(cursor);
    }
    if (code == 0) code = cursor->close(cursor);
    if (code != 0) return AsError(code, "bulk load");
    return Flush();
  }

  // A checkpoint: what WiredTiger owes the disk is dirty pages.
  Result<void> Flush() override {
    return AsResult(session_->checkpoint(session_, nullptr), "checkpoint");
  }

  Result<void> Compact() override {
    return AsResult(session_->compact(session_, kTable, "timeout=0"), "compact");
  }

  Result<double> WaitForDebt() override { return 0.0; }

  Result<void> Close() override {
    const int code = connection_->close(connection_, nullptr);
    connection_ = nullptr;
    return AsResult(code, "close");
  }

 private:
  WT_CONNECTION* connection_ = nullptr;
  WT_SESSION* session_ = nullptr;
};

std::string Describe(const EngineOptions& options) {
  return ConnectionConfig(options) + "; " + TableConfig(options) +
         "; bulk load by a bulk cursor; no filter; Snappy in place of LZ4";
}

}  // namespace

EngineKind WiredTigerEngineKind() {
  return {.name = "wiredtiger",
          .title = "WiredTiger",
          .version = std::to_string(WIREDTIGER_VERSION_MAJOR) + "." +
                     std::to_string(WIREDTIGER_VERSION_MINOR) + "." +
                     std::to_string(WIREDTIGER_VERSION_PATCH),
          .note = "",
          .gains_from_malloc = true,
          .codecs = {Codec::kNone, Codec::kFast},
          .open = WiredTigerEngine::Open,
          .describe = Describe};
}

}  // namespace quiver::bench
