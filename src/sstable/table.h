// Table: an open table file: its index, filter and properties in memory, its blocks through the
// cache.
//
// Invariants:
//  1. Open verifies everything but the blocks: identity, trailer, directory, index, schema and
//     footer bytes. A damaged filter is dropped and reported; anything else damaged refuses.
//  2. A block is verified (checksum bound to file and offset) before a byte of it is used.
//  3. No flatbuffer is parsed after Open.
//
// Thread safety: everything from any thread. Get requires an EpochGuard of the cache's epochs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/entry.h"
#include "io/directory.h"
#include "iterator/internal_iterator.h"
#include "quiver/error.h"
#include "sstable/block_cache.h"
#include "sstable/table_format.h"

namespace quiver {

struct EngineMetrics;  // metrics/engine_metrics.h
class CachedBlock;

struct TableContext {
  io::Directory* directory = nullptr;
  DatabaseId database_id;
  BlockCache* cache = nullptr;       ///< may be null: every read goes to the file
  MemoryLedger* ledger = nullptr;    ///< charged for pinned index and filter; may be null
  EngineMetrics* metrics = nullptr;  ///< may be null
};

struct TableReadOptions {
  bool fill_cache = true;
  /// Reads ahead by this much in scans; 0 reads block by block.
  std::uint32_t read_ahead_bytes = 0;
  /// The walk has passed through a table before this one: it is a scan from the start, which leaves
  /// the cache alone until a second one comes by.
  bool is_scan = false;
  /// For salvage: a forward iteration passes over blocks that cannot be read and tells of each
  /// here, instead of ending with the error.
  std::function<void(std::uint64_t offset, const std::string& what)> on_damage = {};
};

/// What a successful Table::Get found, with the block that holds its bytes.
struct TableAnswer {
  LookupAnswer answer;
  std::shared_ptr<const void> pin;  ///< keeps answer.value alive; set only if asked for
};

/// Where a get in steps stands.
struct GetPlace {
  std::size_t block = 0;
  const CachedBlock* cached = nullptr;  ///< null if the block is not in the cache
};

class Table : public std::enable_shared_from_this<Table> {
 public:
  /// Opens table `expected.number` and checks it against what the manifest records. Pass a
  /// summary with only `number` and size_bytes 0 set to open a file on its own word
  /// (inspection, repair).
  static Result<std::shared_ptr<const Table>> Open(const TableContext& context,
                                                   const TableSummary& expected);
  virtual ~Table() = default;

  /// The newest version of the key visible at key.sequence, or false. With `want_pin`, `found`
  /// keeps the block alive; without, answer.value is valid only under the caller's EpochGuard
  /// (and, when fill_cache is false, until `found` is destroyed).
  virtual Result<bool> Get(const LookupKey& key, const TableReadOptions& options, bool want_pin,
                           TableAnswer& found) const = 0;

  /// Get in steps, so that gets of many keys wait for memory together: Prefetch for all of them,
  /// then Begin, Enter, Approach, Finish. Each starts loading what the next one reads.
  ///
  /// Loads the filter's line.
  virtual void Prefetch(const LookupKey& key) const = 0;
  /// Asks the filter; false if it proves that the key is absent, and the get is done. Else finds
  /// the block's number and starts loading its slot of the cache.
  virtual bool Begin(const LookupKey& key, GetPlace& place) const = 0;
  /// Finds the cached block and starts loading its head and the key's hash slot.
  virtual void Enter(const LookupKey& key, GetPlace& place) const = 0;
  /// Starts loading the row that the hash slot points to.
  virtual void Approach(const LookupKey& key, const GetPlace& place) const = 0;
  /// What Get would answer. `place` is from Begin under the same guard.
  virtual Result<bool> Finish(const LookupKey& key, const GetPlace& place,
                              const TableReadOptions& options, bool want_pin,
                              TableAnswer& found) const = 0;

  /// False if the filter proves that the key is absent.
  virtual bool MayContain(const LookupKey& key) const = 0;

  /// The iterator keeps the table alive.
  virtual std::unique_ptr<InternalIterator> NewIterator(const TableReadOptions& options) const = 0;

  /// Reads and verifies every byte. Damages are handed to `sink` as they are found; the walk goes
  /// on behind them. Returns the entries read.
  virtual Result<std::uint64_t> VerifyAll(
      const std::function<void(std::uint64_t offset, const std::string& what)>& sink) const = 0;

  /// As recorded in the file itself.
  virtual const TableSummary& summary() const = 0;
  virtual const TableSchema& schema() const = 0;
  virtual std::uint32_t keyspace() const = 0;
  /// Bytes of index, filter and properties held in memory.
  virtual std::uint64_t pinned_bytes() const = 0;
  /// What Open found wrong but could live with, for example a damaged filter.
  virtual const std::vector<std::string>& notes() const = 0;

  struct BlockInfo {
    std::uint64_t offset = 0;
    std::uint64_t stored_bytes = 0;
    std::uint32_t rows = 0;
  };
  virtual std::uint64_t block_count() const = 0;
  virtual BlockInfo block_info(std::uint64_t block) const = 0;
  /// Blocks in the cache now.
  virtual std::uint64_t cached_blocks() const = 0;
  /// Brings blocks into the cache, from the first on, until it has no room left to spare, one
  /// cannot be read, or `cancelled` turns true; then false. Requires no guard.
  virtual bool LoadWhileRoom(const std::function<bool()>& cancelled) const = 0;
  /// Human-readable properties, one "name: value" a line.
  virtual std::string Describe() const = 0;
};

}  // namespace quiver
