// Arena: memory that is handed out in pieces and freed all at once; the home of a memtable.
//
// Invariants:
//  1. A piece never moves and lives as long as the arena.
//  2. memory_bytes() counts every byte taken from the system, chunk slack included.
//  3. The first chunks grow from 4 KiB by doubling, so that an empty memtable is cheap; from
//     2 MiB on, chunks come from the pool of huge pages. A piece larger than a quarter of a
//     chunk gets memory of its own.
//
// Thread safety: Allocate from any number of threads: a fetch_add on the current chunk, a mutex
// only when the chunk is full. memory_bytes() from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/huge_memory.h"
#include "base/mutex.h"

namespace quiver {

class Arena {
 public:
  /// `pool` may be null (memory then comes from malloc) and must outlive the arena.
  explicit Arena(HugeMemoryPool* pool = nullptr) noexcept : pool_(pool) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// `bytes` of uninitialised memory aligned to 8.
  std::byte* Allocate(std::size_t bytes) {
    bytes = (bytes + 7) & ~std::size_t{7};
    Chunk* chunk = current_.load(std::memory_order_acquire);
    if (chunk != nullptr && bytes <= chunk->capacity / 4) [[likely]] {
      const std::size_t offset = chunk->used.fetch_add(bytes, std::memory_order_relaxed);
      if (offset + bytes <= chunk->capacity) [[likely]]
        return chunk->memory + offset;
    }
    return AllocateSlow(bytes);
  }

  /// Bytes taken from the system so far.
  std::size_t memory_bytes() const noexcept {
    return memory_bytes_.load(std::memory_order_relaxed);
  }

 private:
  enum class Source : std::uint8_t { kMalloc, kPool };
  struct Chunk {
    std::byte* memory;
    std::size_t capacity;
    Source source;
    std::atomic<std::size_t> used{0};
  };
  std::byte* AllocateSlow(std::size_t bytes) EXCLUDES(mutex_);
  Chunk* NewChunk(std::size_t capacity) REQUIRES(mutex_);

  HugeMemoryPool* const pool_;
  std::atomic<Chunk*> current_{nullptr};
  std::atomic<std::size_t> memory_bytes_{0};
  Mutex mutex_;
  std::vector<Chunk*> chunks_ GUARDED_BY(mutex_);
};

}  // namespace quiver
