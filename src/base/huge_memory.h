// HugeMemoryPool: large anonymous memory on 2 MiB pages, recycled.
//
// Why: on the machines we measured a dependent load costs 1.5 to 1.9 times as much through 4 KiB
// pages, and zeroing fresh huge pages costs 250 ns an entry; so memtables, caches, filters and
// indexes take their memory here, and a freed chunk is handed out again while warm.
//
// Invariants: a chunk's size is a multiple of kHugePageBytes; contents are undefined when handed
// out; at most `keep_bytes_max` of free chunks are kept.
//
// Thread safety: all methods from any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/mutex.h"

namespace quiver {

#ifdef QUIVER_HUGE_PAGE_BYTES  // fuzz targets make thousands of small databases a second
inline constexpr std::size_t kHugePageBytes = QUIVER_HUGE_PAGE_BYTES;
#else
inline constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;
#endif

/// Anonymous memory aligned to 2 MiB with huge pages asked for. Aborts when memory runs out.
/// `bytes` is rounded up to whole huge pages.
std::byte* AllocateHuge(std::size_t bytes);
void FreeHuge(std::byte* memory, std::size_t bytes);

class HugeMemoryPool {
 public:
  explicit HugeMemoryPool(std::size_t keep_bytes_max) noexcept : keep_bytes_max_(keep_bytes_max) {}
  ~HugeMemoryPool();
  HugeMemoryPool(const HugeMemoryPool&) = delete;
  HugeMemoryPool& operator=(const HugeMemoryPool&) = delete;

  /// A chunk of kHugePageBytes.
  std::byte* AllocateChunk();
  void FreeChunk(std::byte* chunk);
  /// Bytes of free chunks kept for reuse.
  std::size_t kept_bytes() const;

 private:
  const std::size_t keep_bytes_max_;
  mutable Mutex mutex_;
  std::vector<std::byte*> free_chunks_ GUARDED_BY(mutex_);
};

}  // namespace quiver
