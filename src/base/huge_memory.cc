#include "base/huge_memory.h"

#include <sys/mman.h>

#include <cstdlib>

#include "base/check.h"
#include "base/coding.h"

namespace quiver {

std::byte* AllocateHuge(std::size_t bytes) {
  const std::size_t rounded = AlignUp(bytes, kHugePageBytes);
  void* memory = std::aligned_alloc(kHugePageBytes, rounded);
  QUIVER_CHECK(memory != nullptr);
  // Advice only: without huge pages everything still works, slower.
  (void)::madvise(memory, rounded, MADV_HUGEPAGE);
  return static_cast<std::byte*>(memory);
}

void FreeHuge(std::byte* memory, std::size_t /*bytes*/) {
  std::free(memory);
}

HugeMemoryPool::~HugeMemoryPool() {
  for (std::byte* chunk : free_chunks_) FreeHuge(chunk, kHugePageBytes);
}

std::byte* HugeMemoryPool::AllocateChunk() {
  {
    MutexLock lock(mutex_);
    if (!free_chunks_.empty()) {
      std::byte* chunk = free_chunks_.back();
      free_chunks_.pop_back();
      return chunk;
    }
  }
  return AllocateHuge(kHugePageBytes);
}

void HugeMemoryPool::FreeChunk(std::byte* chunk) {
  {
    MutexLock lock(mutex_);
    if ((free_chunks_.size() + 1) * kHugePageBytes <= keep_bytes_max_) {
      free_chunks_.push_back(chunk);
      return;
    }
  }
  FreeHuge(chunk, kHugePageBytes);
}

std::size_t HugeMemoryPool::kept_bytes() const {
  MutexLock lock(mutex_);
  return free_chunks_.size() * kHugePageBytes;
}

}  // namespace quiver
