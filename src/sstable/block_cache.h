// BlockCache: decoded blocks in huge-page memory, found without a hash table or a lock.
//
// Each open table owns an array of slots, one a block; a slot is an atomic pointer to the cached
// block or null. A hit is one load under the reader's EpochGuard. A block in use beyond the guard
// (an iterator, a pinned value) is held by a shared_ptr. When the budget is full, a clock hand
// (Corbato 1968) passes over all cached blocks and evicts those not used since its last pass:
// the slot is cleared and the block retired through the EpochManager.
//
// Invariants:
//  1. memory_bytes() <= capacity, save for blocks already evicted but still pinned or retired,
//     which are counted apart and charged to the ledger until freed.
//  2. A slot never points to a freed block while a guard that could have loaded it lives.
//
// Thread safety: everything from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/epoch.h"
#include "base/memory_ledger.h"

namespace quiver {

struct EngineMetrics;  // metrics/engine_metrics.h

class CachedBlock;  // sstable/cached_block.h
class PinnedArena;  // sstable/pinned_memory.h

class BlockCache {
 public:
  /// `ledger` and `metrics` may be null.
  BlockCache(std::uint64_t capacity_bytes, EpochManager& epochs, MemoryLedger* ledger,
             EngineMetrics* metrics);
  ~BlockCache();
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  /// The slots of one open table. Destroying it drops the table's blocks from the cache.
  class TableSlots;
  std::unique_ptr<TableSlots> NewTableSlots(std::uint64_t block_count);

  /// Huge-page memory for what open tables keep outside of the budget.
  const std::shared_ptr<PinnedArena>& pinned_arena() const noexcept;

  EpochManager& epochs() const noexcept { return epochs_; }
  std::uint64_t capacity_bytes() const noexcept;
  std::uint64_t memory_bytes() const noexcept;
  /// Shrinks or grows the budget; evicts at once if need be.
  void SetCapacity(std::uint64_t capacity_bytes);

 private:
  class Impl;
  EpochManager& epochs_;
  std::shared_ptr<Impl> impl_;
};

}  // namespace quiver
