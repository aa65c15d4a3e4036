// See config_limits.h.
#include "config/config_limits.h"

#include <algorithm>
#include <limits>

namespace quiver {

std::uint64_t MemoryFloorBytes(const DatabaseConfig& config) noexcept {
  std::uint64_t memtables = 0;
  std::uint64_t floor = (std::uint64_t{config.compaction_threads} + 1) * kCompactionBufferBytes +
                        kBlockCacheFloorBytes;
  if (__builtin_mul_overflow(config.memtable_size_bytes, config.memtable_count_max, &memtables) ||
      __builtin_add_overflow(floor, memtables, &floor)) {
    return std::numeric_limits<std::uint64_t>::max();
  }
  return floor;
}

std::uint64_t BlockCacheBytes(const DatabaseConfig& config, std::uint64_t pinned_bytes) noexcept {
  std::uint64_t taken = 0;
  if (__builtin_add_overflow(MemoryFloorBytes(config), pinned_bytes, &taken)) {
    return kBlockCacheLeastBytes;
  }
  taken -= kBlockCacheFloorBytes;
  const std::uint64_t left =
      config.memory_limit_bytes > taken ? config.memory_limit_bytes - taken : 0;
  return std::max(kBlockCacheLeastBytes, left);
}

}  // namespace quiver
