// Engine: the few operations that the reliability tests need, with one adapter for each engine.
//
// Contract of every adapter:
//  1. With Durability::kSync a write is synced to the disk before it is acknowledged; with kAsync
//     it has left the process (it survives SIGKILL) and nobody waits for the disk. kBatch is
//     Quiver's mode in between; the others have no such mode and refuse it.
//  2. Checks::kDefault is what a program gets that sets nothing; kStrictest switches on every check
//     of stored bytes that the engine has. EngineKind::describe tells exactly what that is.
//  3. Memory and file sizes are small, so that short runs meet flushes and merges.
//  4. An error of the engine is an Error with the engine's own words; nothing is retried.
//
// Thread safety: all methods but Close() from any number of threads.
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
#include "quiver/types.h"

namespace quiver::torture {

enum class Durability : std::uint8_t { kSync, kBatch, kAsync };
enum class Checks : std::uint8_t { kDefault, kStrictest };

struct EngineConfig {
  std::filesystem::path directory;
  Durability durability = Durability::kSync;
  Checks checks = Checks::kDefault;
  /// If not 0, sizes are such that nothing is flushed or checkpointed before the log has these
  /// bytes, and Quiver writes every row as a plain put into one keyspace: for timed recoveries.
  std::uint64_t log_bytes = 0;
  /// Settings of Quiver by name, over the small sizes of its adapter; the others take none.
  std::vector<std::pair<std::string, std::string>> settings;
};

/// One operation of a batch; without a value it deletes.
struct Change {
  std::string key;
  std::optional<std::string> value;
};

using RowSink = std::function<void(std::string_view key, std::string_view value)>;

class Engine {
 public:
  virtual ~Engine() = default;
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Applies all changes atomically; with `durably` synced whatever the durability is. Answers the
  /// engine's sequence number of the last change, or 0 if it does not tell.
  virtual Result<SequenceNumber> Write(std::span<const Change> changes, bool durably) = 0;
  /// False if the key is absent.
  virtual Result<bool> Get(std::string_view key, std::string& value) = 0;
  /// Every row in key order.
  virtual Result<void> Scan(const RowSink& sink) = 0;
  /// Makes every write so far durable.
  virtual Result<void> Sync() = 0;
  /// Moves what is in memory to a table; nothing for engines without tables.
  virtual Result<void> Flush() = 0;
  /// Merges all tables; nothing for engines without tables.
  virtual Result<void> Compact() = 0;
  virtual Result<void> Close() = 0;
  /// Has whatever the engine stores beyond rows written to its files too; no answer changes.
  virtual Result<void> LeaveTraces() { return {}; }
  /// What the open said through its interface about bytes it could not use; empty if nothing.
  virtual std::string Reported() const { return {}; }
  /// The part of Reported() that is lost rows.
  virtual std::string ReportedLosses() const { return {}; }

  Result<void> Put(std::string_view key, std::string_view value);
  Result<void> Delete(std::string_view key);
};

struct EngineKind {
  std::string name;  ///< "quiver", "rocksdb", "leveldb", "lmdb", "sqlite"
  std::string version;
  bool has_batch_mode = false;
  bool has_stricter_checks = true;  ///< kStrictest differs from kDefault
  Result<std::unique_ptr<Engine>> (*open)(const EngineConfig& config) = nullptr;
  std::string (*describe)(Checks checks) = nullptr;
};

/// The engines that this build has; Quiver is the first.
const std::vector<EngineKind>& EngineKinds();
/// A peer in one mode with one set of options, as the reliability tests run it.
struct PeerCase {
  std::string engine;
  Durability durability = Durability::kSync;
  Checks checks = Checks::kDefault;
  std::string label;  ///< of figures: rocksdb_sync, rocksdb_async, rocksdb_strictest_sync
};
/// The cases of each peer of this build; every one that has stricter checks has three. First all
/// peers in mode sync, then in async, then in sync with the strictest options.
const std::vector<PeerCase>& PeerCases();
/// kNotFound if this build lacks it.
Result<const EngineKind*> FindEngine(std::string_view name);

std::string_view DurabilityName(Durability durability) noexcept;
std::string_view ChecksName(Checks checks) noexcept;

}  // namespace quiver::torture
