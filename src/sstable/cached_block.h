// CachedBlock: a block in the memory of the block cache. The object lies at the start of its piece
// of the arena, its bytes (as stored, or decoded) and its samples behind it.
//
// A block is born unpublished (slot null), is published into its table's slot, and is evicted once:
// slot null again, retired through the epochs. The cache's own reference is `self`; pins are copies
// of it. It is dropped when no guard is left that could have found the block in its slot, so nobody
// reads `self` while it is dropped.
//
// Thread safety: `block` and `self` are constant from publication until the epoch has passed; the
// rest is guarded by the cache's mutex.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/prefetch.h"
#include "sstable/cache_arena.h"
#include "sstable/data_block.h"

namespace quiver {

struct BlockSlot;

class CachedBlock {
 public:
  explicit CachedBlock(const CacheArena::Piece& arena_piece) noexcept : piece(arena_piece) {}
  CachedBlock(const CachedBlock&) = delete;
  CachedBlock& operator=(const CachedBlock&) = delete;

  /// The memory behind the object. 64-aligned.
  std::span<std::byte> bytes() noexcept {
    return {piece.memory + sizeof(CachedBlock), piece.size_bytes() - sizeof(CachedBlock)};
  }
  /// Keeps the block beyond the guard. Requires the guard under which it was found.
  std::shared_ptr<const CachedBlock> Pin() const noexcept { return self; }

  /// Loads the cache lines that a reader of the block and a pin of it touch.
  void PrefetchHead() const noexcept { PrefetchLines(this, offsetof(CachedBlock, slot)); }

  static constexpr std::size_t kPinBytes = 48;

  alignas(64) DataBlock block;
  alignas(64) std::shared_ptr<CachedBlock> self;
  /// The reference count of `self`, on its cache line: elsewhere it would be one more miss for each
  /// pin and another for its release.
  alignas(8) std::byte pin_memory[kPinBytes];
  BlockSlot* slot = nullptr;  ///< null while unpublished and after eviction
  CacheArena::Piece piece;
};
static_assert(sizeof(CachedBlock) == 256 && offsetof(CachedBlock, self) == 128);

/// One block's place in its table, found without a lock. A table's slots are one array, so that the
/// slot line of a warm table stays in the second-level cache.
struct alignas(16) BlockSlot {
  std::atomic<CachedBlock*> block{nullptr};
  /// Set by hits, cleared by the clock hand. Written only when it changes, so that hits of many
  /// threads share the line. While there is no block: whether a scan has passed here.
  std::atomic<std::uint32_t> referenced{0};
  /// Rows of the block: with it a get can tell where the hash slot lies before it sees the block.
  std::uint32_t rows = 0;

  void Touch() noexcept {
    if (referenced.load(std::memory_order_relaxed) == 0) {
      referenced.store(1, std::memory_order_relaxed);
    }
  }
  /// Marks the passing of a scan; true if one has passed before.
  bool TouchByScan() noexcept {
    const bool again = referenced.load(std::memory_order_relaxed) != 0;
    if (!again) referenced.store(1, std::memory_order_relaxed);
    return again;
  }
};
static_assert(sizeof(BlockSlot) == 16);

}  // namespace quiver
