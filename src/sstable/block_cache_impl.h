// BlockCache::Impl: budget, clock and memory of the block cache.
//
// A miss goes: Allocate (under the lock), read and verify into that memory (no lock), Publish
// (lock). Room is made ahead of need: evicted memory cannot be used again before the epochs have
// passed, and the evicting thread usually holds a guard itself. So Allocate keeps a reserve of free
// and retired memory by evicting ahead, some blocks at a time; when there is no room all the same,
// the reader goes uncached.
//
// The clock (Corbato, "A paging experiment with the Multics system", 1968) passes over the blocks
// in the order of their memory, so that what is evicted in one pass lies together. Differences from
// the textbook: a block enters with its bit clear, so that a scan does not flush the cache; and
// after kSkipsMax referenced blocks in a row the next one goes anyway, which bounds the time under
// the lock.
//
// Lifetime: Impl is shared by the BlockCache, the slots of open tables and every block, because
// pinned blocks may outlive them all. Close() cuts it off from ledger, metrics and epochs.
//
// Invariant: no call into the EpochManager is made with the mutex held, since it may destroy
// blocks.
//
// Thread safety: all methods from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/memory_ledger.h"
#include "base/mutex.h"
#include "sstable/block_cache.h"
#include "sstable/cache_arena.h"
#include "sstable/cached_block.h"
#include "sstable/pinned_memory.h"
#include "sstable/retire_gate.h"

namespace quiver {

class BlockCache::Impl : public std::enable_shared_from_this<BlockCache::Impl> {
 public:
  Impl(std::uint64_t capacity_bytes, EpochManager& epochs, MemoryLedger* ledger,
       EngineMetrics* metrics);
  ~Impl();

  /// An unpublished block with at least `bytes` behind it, or null if the cache has no room now.
  CachedBlock* Allocate(std::size_t bytes) EXCLUDES(mutex_);
  /// Puts a filled block into its slot and returns it, pinned, or the one that another thread put
  /// there first (then `block` is gone). After Close() the block stays out of the cache.
  std::shared_ptr<const CachedBlock> Publish(CachedBlock* block, BlockSlot& slot) EXCLUDES(mutex_);
  /// Gives an unpublished block back.
  void Abandon(CachedBlock* block) EXCLUDES(mutex_);
  /// Evicts the blocks of a table that is being closed.
  void DropAll(std::span<BlockSlot> slots) EXCLUDES(mutex_);

  /// Charges what a table holds to `ledger`, which may be null; does nothing after Close(), when
  /// the ledger may be gone and a table that an iterator keeps is not.
  void ChargeTable(MemoryLedger* ledger, std::int64_t delta_bytes) EXCLUDES(mutex_);

  void SetCapacity(std::uint64_t capacity_bytes) EXCLUDES(mutex_);
  std::uint64_t capacity_bytes() const EXCLUDES(mutex_);
  std::uint64_t memory_bytes() const noexcept {
    return memory_bytes_.load(std::memory_order_relaxed);
  }
  void Close() EXCLUDES(mutex_);

  const std::shared_ptr<PinnedArena>& pinned_arena() const noexcept { return pinned_arena_; }

 private:
  using Blocks = std::vector<CachedBlock*>;
  class Evicted;
  template <typename T>
  class PinMemory;
  /// Referenced blocks passed over in one sweep.
  static constexpr std::uint32_t kSkipsMax = 128;

  void Sweep(std::uint64_t wanted_bytes, Blocks& evicted) REQUIRES(mutex_);
  void DrainOver(std::uint64_t limit_bytes, Blocks& evicted) REQUIRES(mutex_);
  void Evict(CachedBlock& block, Blocks& evicted) REQUIRES(mutex_);
  void Retire(Blocks evicted) EXCLUDES(mutex_);
  /// Drops the cache's reference to evicted blocks; what is pinned stays.
  void Release(const Blocks& blocks) EXCLUDES(mutex_);
  void Free(CachedBlock* block) EXCLUDES(mutex_);
  void UpdateAccounts() REQUIRES(mutex_);
  /// Bytes to evict now so that Allocate of `bytes` finds room the next times.
  std::uint64_t ShortageBytes(std::size_t bytes, bool found_room) const REQUIRES(mutex_);
  CachedBlock* NewBlock(std::size_t bytes) REQUIRES(mutex_);

  RetireGate gate_;
  const std::shared_ptr<PinnedArena> pinned_arena_;
  std::atomic<std::uint64_t> memory_bytes_{0};
  mutable Mutex mutex_;
  CacheArena arena_ GUARDED_BY(mutex_);
  CacheArena::Hand hand_ GUARDED_BY(mutex_);
  std::uint64_t retired_bytes_ GUARDED_BY(mutex_) = 0;  ///< evicted, epoch not yet passed
  std::uint64_t charged_bytes_ GUARDED_BY(mutex_) = 0;
  MemoryLedger* ledger_ GUARDED_BY(mutex_);    ///< null after Close
  EngineMetrics* metrics_ GUARDED_BY(mutex_);  ///< null after Close
  bool closed_ GUARDED_BY(mutex_) = false;
};

/// The slots of one open table.
class BlockCache::TableSlots {
 public:
  TableSlots(std::shared_ptr<Impl> impl, std::uint64_t block_count);
  ~TableSlots();
  TableSlots(const TableSlots&) = delete;
  TableSlots& operator=(const TableSlots&) = delete;

  BlockSlot& slot(std::size_t block) const noexcept { return slots_[block]; }
  /// The cached block or null. Requires a guard of the cache's epochs.
  CachedBlock* Find(std::size_t block) const noexcept {
    // Sequentially consistent, as base/epoch.h asks of both sides.
    return slots_[block].block.load(std::memory_order_seq_cst);
  }
  /// Whether there was a cached block just now. Needs no guard.
  bool IsFilled(std::size_t block) const noexcept {
    return slots_[block].block.load(std::memory_order_relaxed) != nullptr;
  }
  CachedBlock* Allocate(std::size_t bytes) const { return impl_->Allocate(bytes); }
  std::shared_ptr<const CachedBlock> Publish(CachedBlock* cached, std::size_t block) const {
    return impl_->Publish(cached, slots_[block]);
  }
  void Abandon(CachedBlock* cached) const { impl_->Abandon(cached); }
  void ChargeTable(MemoryLedger* ledger, std::int64_t delta_bytes) const {
    impl_->ChargeTable(ledger, delta_bytes);
  }
  std::uint64_t memory_bytes() const noexcept { return block_count_ * sizeof(BlockSlot); }

 private:
  const std::shared_ptr<Impl> impl_;
  const std::uint64_t block_count_;
  const PinnedMemory memory_;
  BlockSlot* const slots_;  ///< in memory_
};

}  // namespace quiver
