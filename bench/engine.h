// Engine: the few operations the comparison needs, with one adapter for each engine compared.
//
// Contract of every adapter:
//  1. Put and WriteBatch are in the engine's log when they return (they survive the death of the
//     process) and are not synced to the disk; LMDB, which has no log, is the exception that the
//     report states.
//  2. Get copies the value once, into the caller's string.
//  3. The memory budget, filter and codec of EngineOptions are applied as far as the engine has
//     them; EngineKind::describe tells exactly what it got.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "quiver/error.h"

namespace quiver::bench {

enum class Codec : std::uint8_t { kNone, kLz4 };

struct EngineOptions {
  std::filesystem::path directory;  ///< of the database; must not exist or be empty
  std::uint64_t cache_bytes = std::uint64_t{256} << 20;
  std::uint64_t memtable_bytes = std::uint64_t{64} << 20;
  std::uint32_t memtable_count_max = 4;
  std::uint32_t compaction_threads = 2;
  std::uint32_t filter_bits_per_key = 10;
  Codec codec = Codec::kNone;
  std::uint64_t map_bytes = std::uint64_t{16} << 30;  ///< LMDB: address space of the map
};

struct KeyValue {
  std::string_view key;
  std::string_view value;
};

struct ScanTotals {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;    ///< of keys and values
  std::uint64_t touched = 0;  ///< sum of first and last value bytes: the value was really read

  void Count(std::string_view key, std::string_view value) noexcept {
    ++entries;
    bytes += key.size() + value.size();
    if (value.empty()) return;
    touched += static_cast<unsigned char>(value.front());
    touched += static_cast<unsigned char>(value.back());
  }
};

class Engine {
 public:
  virtual ~Engine() = default;
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  virtual Result<void> Put(std::string_view key, std::string_view value) = 0;
  /// All entries atomically.
  virtual Result<void> WriteBatch(std::span<const KeyValue> entries) = 0;
  /// False if the key is absent.
  virtual Result<bool> Get(std::string_view key, std::string& value) = 0;
  /// Every entry in key order, through the engine's iterator.
  virtual Result<ScanTotals> ScanAll() = 0;
  /// Makes every write so far durable.
  virtual Result<void> Sync() = 0;
  /// Writes what is in memory to tables and waits until no compaction is due. Returns the seconds
  /// of that wait in which it only watched an engine that was already at rest.
  virtual Result<double> Settle() = 0;
  virtual Result<void> Close() = 0;
};

struct EngineKind {
  std::string name;
  std::string version;
  std::string note;         ///< what a reader of the figures must know, or empty
  bool compresses = false;  ///< takes part in the pass with compression
  Result<std::unique_ptr<Engine>> (*open)(const EngineOptions& options) = nullptr;
  std::string (*describe)(const EngineOptions& options) = nullptr;
};

EngineKind QuiverEngineKind();
EngineKind RocksDbEngineKind();
EngineKind LevelDbEngineKind();
EngineKind LmdbEngineKind();

/// Quiver first, then the peers whose library was found when this was built.
std::vector<EngineKind> AllEngineKinds();

}  // namespace quiver::bench
