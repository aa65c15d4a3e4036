// Engine: what the benchmark asks of a storage engine, with one adapter for each engine compared.
//
// Contract of every adapter:
//  1. A write is as durable as EngineOptions::durability says when it returns. An engine that
//  cannot
//     do exactly this (LMDB has no log) says so in EngineKind::note.
//  2. Get and MultiGet copy each value once, into the caller's strings; a scan reads every key and
//     the first and last byte of every value in place, within the adapter's own loop, so that no
//     virtual call is counted against an engine's iterator.
//  3. Cache, memtables, threads, filter and codec are those of EngineOptions as far as the engine
//     has them; EngineKind::describe tells exactly what it got.
//
// Thread safety: Engine's methods belong to one thread, a Session to one thread; sessions of one
// engine may be used at the same time. A cursor ends before its session, a session before its
// engine is closed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quiver/error.h"

namespace quiver::bench {

/// kFast is LZ4, or Snappy where an engine has no LZ4.
enum class Codec : std::uint8_t { kNone, kFast, kZstd };

enum class Durability : std::uint8_t {
  kLogged,  ///< survives the death of the process: the system has it
  kSynced,  ///< survives a power cut: the disk has it
};

struct EngineOptions {
  std::filesystem::path directory;  ///< of the database; made if absent
  std::uint64_t data_bytes = 0;     ///< of keys and values expected in all
  std::uint64_t cache_bytes = std::uint64_t{1} << 30;
  std::uint64_t memtable_bytes = std::uint64_t{64} << 20;
  std::uint32_t memtable_count_max = 4;
  std::uint32_t compaction_threads = 2;
  std::uint32_t filter_bits_per_key = 10;
  Codec codec = Codec::kNone;
  Durability durability = Durability::kLogged;
  bool hold_compactions = false;    ///< flush only: runs pile up until Compact()
  bool bulk = false;                ///< opened for one BulkLoad()
  bool larger_than_memory = false;  ///< spare the page cache where the engine can
  /// Settings of Quiver by name, which win over all of the above.
  std::vector<std::pair<std::string, std::string>> settings;
};

struct KeyValue {
  std::string_view key;
  std::string_view value;
};

/// Gives the next entry in key order, or returns false. Its views live until the next call.
using EntrySource = std::function<bool(KeyValue& entry)>;

struct ScanTotals {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;    ///< of keys and values
  std::uint64_t touched = 0;  ///< sum of key and value bytes: they were really read

  void Count(std::string_view key, std::string_view value) noexcept {
    ++entries;
    bytes += key.size() + value.size();
    if (!key.empty()) touched += static_cast<unsigned char>(key.back());
    if (value.empty()) return;
    touched += static_cast<unsigned char>(value.front());
    touched += static_cast<unsigned char>(value.back());
  }
};

/// What the memtables hold that no flush has taken yet.
struct MemtableUse {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  ///< of memory
};

enum class Direction : std::uint8_t { kForward, kBackward };

struct ScanRequest {
  std::optional<std::string_view> from;  ///< first key at or after it; absent: the first or last
  Direction direction = Direction::kForward;
  std::uint64_t limit = ~std::uint64_t{0};  ///< entries at most
};

/// An iterator of the engine. It may be used again; then it need not see newer writes.
class Cursor {
 public:
  Cursor() = default;
  virtual ~Cursor() = default;
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  /// Positions the cursor and reads up to `limit` entries, which it adds to `totals`.
  virtual Result<void> Scan(const ScanRequest& request, ScanTotals& totals) = 0;
};

class Session {
 public:
  Session() = default;
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  virtual Result<void> Put(std::string_view key, std::string_view value) = 0;
  virtual Result<void> Delete(std::string_view key) = 0;
  /// All entries atomically.
  virtual Result<void> WriteBatch(std::span<const KeyValue> entries) = 0;
  /// False if the key is absent.
  virtual Result<bool> Get(std::string_view key, std::string& value) = 0;
  /// Fills values[i] for every key found and returns how many were. Without a call of its own an
  /// engine is asked key by key.
  virtual Result<std::uint64_t> MultiGet(std::span<const std::string_view> keys,
                                         std::span<std::string> values);
  /// A cursor on the state of now.
  virtual Result<std::unique_ptr<Cursor>> NewCursor() = 0;
};

/// A session and a cursor of it, which end in the right order.
struct Reader {
  std::unique_ptr<Session> session;
  std::unique_ptr<Cursor> cursor;
};

class Engine {
 public:
  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  virtual Result<std::unique_ptr<Session>> NewSession() = 0;
  /// Fills an empty database that was opened with options.bulk, in the fastest way the engine
  /// has; durable when it returns. The general way: batches of 1,000 entries, then Flush().
  virtual Result<void> BulkLoad(const EntrySource& next);
  /// Every entry through a columnar interface, in batches. kUnsupported where there is none.
  virtual Result<ScanTotals> ScanBatches();
  /// Writes what is in memory to the files.
  virtual Result<void> Flush() = 0;
  /// Merges everything into as few runs as possible, and waits.
  virtual Result<void> Compact() = 0;
  /// Waits until no flush or compaction is due. Returns the seconds in which it only watched an
  /// engine that was already at rest.
  virtual Result<double> WaitForDebt() = 0;
  /// Waits until the engine does nothing any more of itself, though nothing was due. As above.
  virtual Result<double> WaitForRest() { return WaitForDebt(); }
  /// Bytes written to the files for each byte of the user's, as the engine counts them since open.
  virtual std::optional<double> WriteAmplification() { return std::nullopt; }
  /// Absent where a flush has already written some of what was put since open.
  virtual std::optional<MemtableUse> UseOfMemtables() { return std::nullopt; }
  /// Sorted runs on the disk: a scan merges them all.
  virtual std::optional<std::uint64_t> Runs() { return std::nullopt; }
  virtual Result<void> Close() = 0;
};

struct EngineKind {
  std::string name;   ///< as in flags: "rocksdb"
  std::string title;  ///< as in tables: "RocksDB"
  std::string version;
  std::string note;  ///< what a reader of the figures must know, or empty
  bool built_with_assertions = false;
  bool has_memtable = false;          ///< writes stay in memory until a flush
  bool can_hold_compactions = false;  ///< EngineOptions::hold_compactions works
  bool gains_from_malloc = false;     ///< its memory comes from malloc: huge pages help it
  std::string program;                ///< that has this engine, if it is another than this one
  std::vector<Codec> codecs{Codec::kNone};
  Result<std::unique_ptr<Engine>> (*open)(const EngineOptions& options) = nullptr;
  std::string (*describe)(const EngineOptions& options) = nullptr;
};

EngineKind QuiverEngineKind();
EngineKind RocksDbEngineKind();
EngineKind LevelDbEngineKind();
EngineKind LmdbEngineKind();
EngineKind WiredTigerEngineKind();

/// Quiver first, then the peers whose library was found when this was built.
const std::vector<EngineKind>& AllEngineKinds();
/// The peers that this build lacks.
std::vector<std::string> MissingEngines();

std::string_view CodecName(Codec codec) noexcept;

}  // namespace quiver::bench
