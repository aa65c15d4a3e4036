#include "sstable/pinned_memory.h"

#include "base/check.h"

namespace quiver {

CacheArena::Piece PinnedArena::Allocate(std::size_t bytes) {
  MutexLock lock(mutex_);
  return arena_.Allocate(bytes);
}

void PinnedArena::Free(const CacheArena::Piece& piece) {
  MutexLock lock(mutex_);
  arena_.Free(piece);
  arena_.Trim();
}

std::uint64_t PinnedArena::size_bytes() const {
  MutexLock lock(mutex_);
  return arena_.size_bytes();
}

PinnedMemory::PinnedMemory(std::shared_ptr<PinnedArena> arena, std::size_t bytes)
    : arena_(std::move(arena)) {
  if (arena_ == nullptr) {
    plain_.Reset(bytes);
    bytes_ = plain_.bytes();
    return;
  }
  piece_ = arena_->Allocate(bytes);
  QUIVER_CHECK(piece_.memory != nullptr);
  bytes_ = {piece_.memory, bytes};
}

}  // namespace quiver
