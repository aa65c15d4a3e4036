#include "sstable/block_cache.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/huge_memory.h"
#include "base/schedule_point.h"
#include "metrics/engine_metrics.h"
#include "sstable/block_cache_impl.h"

namespace quiver {

// Blocks evicted together, on their way through the epochs.
class BlockCache::Impl::Evicted {
 public:
  Evicted(std::shared_ptr<Impl> impl, Blocks blocks)
      : impl_(std::move(impl)), blocks_(std::move(blocks)) {}
  ~Evicted() { impl_->Release(blocks_); }
  Evicted(const Evicted&) = delete;
  Evicted& operator=(const Evicted&) = delete;

 private:
  const std::shared_ptr<Impl> impl_;
  const Blocks blocks_;
};

// The allocator of a block's reference count: it lies in the block, and the block goes when the
// count does, which is the last that a shared_ptr does with either.
template <typename T>
class BlockCache::Impl::PinMemory {
 public:
  using value_type = T;

  PinMemory(CachedBlock& block, std::shared_ptr<Impl> impl) noexcept
      : block_(&block), impl_(std::move(impl)) {}
  template <typename U>
  PinMemory(const PinMemory<U>& other) noexcept  // NOLINT(google-explicit-constructor)
      : block_(other.block_), impl_(other.impl_) {}

  T* allocate(std::size_t count) {
    static_assert(sizeof(T) <= CachedBlock::kPinBytes && alignof(T) <= alignof(void*));
    QUIVER_DCHECK(count == 1);
    return reinterpret_cast<T*>(block_->pin_memory);
  }
  void deallocate(T* /*memory*/, std::size_t /*count*/) noexcept { impl_->Free(block_); }

  template <typename U>
  bool operator==(const PinMemory<U>& other) const noexcept {
    return block_ == other.block_;
  }

 private:
  template <typename U>
  friend class PinMemory;
  CachedBlock* block_;
  std::shared_ptr<Impl> impl_;
};

BlockCache::Impl::Impl(std::uint64_t capacity_bytes, EpochManager& epochs, MemoryLedger* ledger,
                       EngineMetrics* metrics)
    : gate_(epochs),
      pinned_arena_(std::make_shared<PinnedArena>()),
      arena_(capacity_bytes),
      ledger_(ledger),
      metrics_(metrics) {}

BlockCache::Impl::~Impl() = default;

std::uint64_t BlockCache::Impl::ShortageBytes(std::size_t bytes, bool found_room) const {
  constexpr std::uint64_t kReserveBytesMin = std::uint64_t{256} << 10;
  constexpr std::uint64_t kReserveBytesMax = std::uint64_t{4} << 20;
  constexpr std::uint64_t kBatchBlocks = 16;
  const std::uint64_t capacity = arena_.capacity_bytes();
  const std::uint64_t reserve =
      std::min(capacity / 4, std::clamp(capacity / 32, kReserveBytesMin, kReserveBytesMax));
  const std::uint64_t available = arena_.free_bytes() + retired_bytes_;
  std::uint64_t shortage = 0;
  if (available < reserve) {
    // Some more than is short, so that one pass through the epochs serves many blocks.
    shortage = reserve - available + std::min(reserve / 2, kBatchBlocks * bytes);
  }
  // Room enough but no run that is long enough: make one for the next block of this size.
  if (!found_room) shortage = std::max<std::uint64_t>(shortage, 2 * bytes);
  return shortage;
}

CachedBlock* BlockCache::Impl::NewBlock(std::size_t bytes) {
  const CacheArena::Piece piece = arena_.Allocate(sizeof(CachedBlock) + bytes);
  if (piece.memory == nullptr) return nullptr;
  UpdateAccounts();
  return new (piece.memory) CachedBlock(piece);
}

CachedBlock* BlockCache::Impl::Allocate(std::size_t bytes) {
  Blocks evicted;
  CachedBlock* block = nullptr;
  {
    MutexLock lock(mutex_);
    // One block must not push out most of the cache.
    if (closed_ || bytes > arena_.capacity_bytes() / 2) return nullptr;
    block = NewBlock(bytes);
    const std::uint64_t chunk = AlignUp(sizeof(CachedBlock) + bytes, kHugePageBytes);
    if (block == nullptr && chunk > kHugePageBytes) {
      const std::uint64_t capacity = arena_.capacity_bytes();
      DrainOver(capacity > chunk ? capacity - chunk : 0, evicted);
      block = NewBlock(bytes);
    }
    const std::uint64_t shortage = ShortageBytes(bytes, block != nullptr);
    if (shortage > 0) Sweep(shortage, evicted);
  }
  if (!evicted.empty()) Retire(std::move(evicted));
  if (block != nullptr) return block;
  gate_.Collect();
  MutexLock lock(mutex_);
  return closed_ ? nullptr : NewBlock(bytes);
}

std::shared_ptr<const CachedBlock> BlockCache::Impl::Publish(CachedBlock* block, BlockSlot& slot) {
  // If the block does not stay, it goes with this reference, after the lock.
  const auto leave_to_memory = [](CachedBlock* /*last*/) {};
  std::shared_ptr<CachedBlock> reference(block, leave_to_memory,
                                         PinMemory<CachedBlock>(*block, shared_from_this()));
  MutexLock lock(mutex_);
  if (closed_) return reference;
  // A block in a slot has its reference, and only the holder of the lock can take it out.
  const CachedBlock* const first = slot.block.load(std::memory_order_seq_cst);
  if (first != nullptr) {
    std::shared_ptr<const CachedBlock> winner = first->self;
    lock.Unlock();
    return winner;
  }
  block->self = reference;
  block->slot = &slot;
  slot.referenced.store(0, std::memory_order_relaxed);
  slot.block.store(block, std::memory_order_seq_cst);
  SchedulePoint();
  return reference;
}

void BlockCache::Impl::Abandon(CachedBlock* block) {
  Free(block);
}

void BlockCache::Impl::Evict(CachedBlock& block, Blocks& evicted) {
  block.slot->block.store(nullptr, std::memory_order_seq_cst);
  SchedulePoint();
  block.slot = nullptr;
  retired_bytes_ += block.piece.size_bytes();
  evicted.push_back(&block);
  if (metrics_ != nullptr) metrics_->cache_evictions.Add();
}

void BlockCache::Impl::Sweep(std::uint64_t wanted_bytes, Blocks& evicted) {
  std::uint64_t gained_bytes = 0;
  std::uint32_t skips = 0;
  int ends_left = 3;  // the rest of this round and at most two whole ones
  while (gained_bytes < wanted_bytes && ends_left > 0) {
    std::byte* const memory = arena_.NextPiece(hand_);
    if (memory == nullptr) {
      --ends_left;
      continue;
    }
    CachedBlock& block = *std::launder(reinterpret_cast<CachedBlock*>(memory));
    if (block.slot == nullptr) continue;
    if (skips < kSkipsMax && block.slot->referenced.load(std::memory_order_relaxed) != 0) {
      block.slot->referenced.store(0, std::memory_order_relaxed);
      ++skips;
      continue;
    }
    gained_bytes += block.piece.size_bytes();
    Evict(block, evicted);
  }
}

void BlockCache::Impl::DrainOver(std::uint64_t limit_bytes, Blocks& evicted) {
  while (arena_.size_bytes() > limit_bytes) {
    for (std::byte* const memory : arena_.Drain(hand_)) {
      CachedBlock& block = *std::launder(reinterpret_cast<CachedBlock*>(memory));
      if (block.slot != nullptr) Evict(block, evicted);
    }
  }
  UpdateAccounts();
}

void BlockCache::Impl::Retire(Blocks evicted) {
  gate_.Retire(std::make_shared<const Evicted>(shared_from_this(), std::move(evicted)));
}

void BlockCache::Impl::Release(const Blocks& blocks) {
  std::uint64_t bytes = 0;
  for (CachedBlock* block : blocks) bytes += block->piece.size_bytes();
  {
    MutexLock lock(mutex_);
    retired_bytes_ -= bytes;
  }
  for (CachedBlock* block : blocks) {
    // Moved out first: the last reference frees the memory that `self` lies in.
    const std::shared_ptr<CachedBlock> last = std::move(block->self);
  }
}

void BlockCache::Impl::Free(CachedBlock* block) {
  const CacheArena::Piece piece = block->piece;
  block->~CachedBlock();
  MutexLock lock(mutex_);
  arena_.Free(piece);
  UpdateAccounts();
}

void BlockCache::Impl::DropAll(std::span<BlockSlot> slots) {
  Blocks evicted;
  {
    MutexLock lock(mutex_);
    for (BlockSlot& slot : slots) {
      CachedBlock* const block = slot.block.load(std::memory_order_seq_cst);
      if (block == nullptr) continue;
      slot.block.store(nullptr, std::memory_order_seq_cst);
      block->slot = nullptr;
      retired_bytes_ += block->piece.size_bytes();
      evicted.push_back(block);
    }
  }
  if (!evicted.empty()) Retire(std::move(evicted));
}

void BlockCache::Impl::ChargeTable(MemoryLedger* ledger, std::int64_t delta_bytes) {
  MutexLock lock(mutex_);
  if (!closed_ && ledger != nullptr) ledger->Charge(MemoryOwner::kTables, delta_bytes);
}

void BlockCache::Impl::SetCapacity(std::uint64_t capacity_bytes) {
  Blocks evicted;
  {
    MutexLock lock(mutex_);
    arena_.set_capacity_bytes(capacity_bytes);
    DrainOver(capacity_bytes, evicted);
  }
  if (!evicted.empty()) Retire(std::move(evicted));
}

std::uint64_t BlockCache::Impl::capacity_bytes() const {
  MutexLock lock(mutex_);
  return arena_.capacity_bytes();
}

void BlockCache::Impl::UpdateAccounts() {
  memory_bytes_.store(arena_.size_bytes(), std::memory_order_relaxed);
  const std::uint64_t held = arena_.size_bytes() + arena_.drained_bytes();
  if (ledger_ != nullptr && held != charged_bytes_) {
    ledger_->Charge(MemoryOwner::kBlockCache, static_cast<std::int64_t>(held - charged_bytes_));
  }
  charged_bytes_ = held;
}

void BlockCache::Impl::Close() {
  Blocks evicted;
  {
    MutexLock lock(mutex_);
    if (ledger_ != nullptr) {
      ledger_->Charge(MemoryOwner::kBlockCache, -static_cast<std::int64_t>(charged_bytes_));
    }
    ledger_ = nullptr;
    metrics_ = nullptr;
    closed_ = true;
    CacheArena::Hand start;
    while (std::byte* const memory = arena_.NextPiece(start)) {
      CachedBlock& block = *std::launder(reinterpret_cast<CachedBlock*>(memory));
      if (block.slot != nullptr) Evict(block, evicted);
    }
  }
  if (!evicted.empty()) Retire(std::move(evicted));
  gate_.Close();
}

BlockCache::TableSlots::TableSlots(std::shared_ptr<Impl> impl, std::uint64_t block_count)
    : impl_(std::move(impl)),
      block_count_(block_count),
      memory_(impl_->pinned_arena(), std::max<std::size_t>(memory_bytes(), 1)),
      slots_(reinterpret_cast<BlockSlot*>(memory_.bytes().data())) {
  std::uninitialized_default_construct_n(slots_, block_count_);
}

BlockCache::TableSlots::~TableSlots() {
  impl_->DropAll({slots_, block_count_});
}

BlockCache::BlockCache(std::uint64_t capacity_bytes, EpochManager& epochs, MemoryLedger* ledger,
                       EngineMetrics* metrics)
    : epochs_(epochs), impl_(std::make_shared<Impl>(capacity_bytes, epochs, ledger, metrics)) {}

BlockCache::~BlockCache() {
  impl_->Close();
}

std::unique_ptr<BlockCache::TableSlots> BlockCache::NewTableSlots(std::uint64_t block_count) {
  return std::make_unique<TableSlots>(impl_, block_count);
}

const std::shared_ptr<PinnedArena>& BlockCache::pinned_arena() const noexcept {
  return impl_->pinned_arena();
}
std::uint64_t BlockCache::capacity_bytes() const noexcept {
  return impl_->capacity_bytes();
}
std::uint64_t BlockCache::memory_bytes() const noexcept {
  return impl_->memory_bytes();
}
void BlockCache::SetCapacity(std::uint64_t capacity_bytes) {
  impl_->SetCapacity(capacity_bytes);
}

}  // namespace quiver
