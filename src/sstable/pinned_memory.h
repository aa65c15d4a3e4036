// PinnedMemory: the memory of an open table's filter and index, on huge pages that tables share.
//
// Why: a lookup that misses the caches pays half as much again when the page is 4 KiB, and a
// table's filter alone is smaller than a huge page.
//
// Thread safety: PinnedArena from any thread; a PinnedMemory is a value of one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "base/mutex.h"
#include "sstable/aligned_buffer.h"
#include "sstable/cache_arena.h"

namespace quiver {

class PinnedArena {
 public:
  PinnedArena() = default;
  CacheArena::Piece Allocate(std::size_t bytes) EXCLUDES(mutex_);
  void Free(const CacheArena::Piece& piece) EXCLUDES(mutex_);
  /// Bytes of the chunks taken from the system.
  std::uint64_t size_bytes() const EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  CacheArena arena_ GUARDED_BY(mutex_){~std::uint64_t{0}};
};

class PinnedMemory {
 public:
  PinnedMemory() = default;
  /// At least `bytes` (above 0), aligned to 64; from plain memory if `arena` is null.
  PinnedMemory(std::shared_ptr<PinnedArena> arena, std::size_t bytes);
  ~PinnedMemory() {
    if (arena_ != nullptr) arena_->Free(piece_);
  }
  PinnedMemory(PinnedMemory&& other) noexcept { *this = std::move(other); }
  PinnedMemory& operator=(PinnedMemory&& other) noexcept {
    std::swap(arena_, other.arena_);
    std::swap(piece_, other.piece_);
    std::swap(plain_, other.plain_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::shared_ptr<PinnedArena> arena_;  ///< null: the memory is plain_'s
  CacheArena::Piece piece_;
  AlignedBuffer plain_;
  std::span<std::byte> bytes_;
};

}  // namespace quiver
