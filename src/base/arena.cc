#include "base/arena.h"

#include <algorithm>
#include <cstdlib>

#include "base/check.h"

namespace quiver {

namespace {
constexpr std::size_t kFirstChunkBytes = 4096;
}  // namespace

Arena::~Arena() {
  for (Chunk* chunk : chunks_) {
    if (chunk->source == Source::kPool) {
      pool_->FreeChunk(chunk->memory);
    } else {
      std::free(chunk->memory);
    }
    delete chunk;  // NOLINT(cppcoreguidelines-owning-memory): readers hold plain pointers
  }
}

Arena::Chunk* Arena::NewChunk(std::size_t capacity) {
  const bool pooled = pool_ != nullptr && capacity == kHugePageBytes;
  auto* memory = pooled ? pool_->AllocateChunk() : static_cast<std::byte*>(std::malloc(capacity));
  QUIVER_CHECK(memory != nullptr);
  auto* chunk = new Chunk{memory, capacity, pooled ? Source::kPool : Source::kMalloc};
  chunks_.push_back(chunk);
  memory_bytes_.fetch_add(capacity, std::memory_order_relaxed);
  return chunk;
}

std::byte* Arena::AllocateSlow(std::size_t bytes) {
  MutexLock lock(mutex_);
  Chunk* chunk = current_.load(std::memory_order_relaxed);
  const std::size_t capacity = chunk == nullptr ? 0 : chunk->capacity;
  if (chunk != nullptr && bytes <= capacity / 4) {
    // Another thread may have replaced the chunk while this one waited for the lock.
    const std::size_t offset = chunk->used.fetch_add(bytes, std::memory_order_relaxed);
    if (offset + bytes <= capacity) return chunk->memory + offset;
  }
  const std::size_t next =
      capacity == 0 ? kFirstChunkBytes : std::min(capacity * 2, kHugePageBytes);
  if (bytes > next / 4) return NewChunk(bytes)->memory;
  chunk = NewChunk(next);
  chunk->used.store(bytes, std::memory_order_relaxed);
  current_.store(chunk, std::memory_order_release);
  return chunk->memory;
}

}  // namespace quiver
