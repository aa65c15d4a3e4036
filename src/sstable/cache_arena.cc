#include "sstable/cache_arena.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "base/check.h"
#include "base/coding.h"
#include "base/huge_memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define QUIVER_POISONS_FREE_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QUIVER_POISONS_FREE_MEMORY 1
#endif
#endif
#if defined(QUIVER_POISONS_FREE_MEMORY)
#include <sanitizer/asan_interface.h>
#endif

namespace quiver {

namespace {

constexpr std::uint32_t kWordBits = 64;
/// A remainder of the capacity smaller than this is not worth a chunk.
constexpr std::uint64_t kChunkBytesMin = std::uint64_t{4} << 10;

void Poison([[maybe_unused]] std::byte* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(QUIVER_POISONS_FREE_MEMORY)
  ASAN_POISON_MEMORY_REGION(memory, bytes);
#endif
}

void Unpoison([[maybe_unused]] std::byte* memory, [[maybe_unused]] std::size_t bytes) {
#if defined(QUIVER_POISONS_FREE_MEMORY)
  ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
#endif
}

std::byte* NewChunkMemory(std::size_t bytes, bool huge) {
  if (huge) return AllocateHuge(bytes);
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(64, bytes));
  QUIVER_CHECK(memory != nullptr);
  return memory;
}

// The first bit at or after `from` that equals `wanted`, or `limit`.
std::uint32_t NextBit(const std::vector<std::uint64_t>& bits, std::uint32_t from,
                      std::uint32_t limit, bool wanted) noexcept {
  while (from < limit) {
    const std::uint64_t word = wanted ? bits[from / kWordBits] : ~bits[from / kWordBits];
    const std::uint64_t rest = word >> (from % kWordBits);
    if (rest != 0) {
      return std::min(limit, from + static_cast<std::uint32_t>(std::countr_zero(rest)));
    }
    from = (from / kWordBits + 1) * kWordBits;
  }
  return limit;
}

}  // namespace

CacheArena::Chunk::Chunk(std::byte* chunk_memory, std::uint32_t granule_count, bool huge_pages)
    : memory(chunk_memory),
      granules(granule_count),
      huge(huge_pages),
      free_granules(granule_count),
      run_bound(granule_count),
      used((granule_count + kWordBits - 1) / kWordBits, 0),
      starts(used.size(), 0) {
  Poison(memory, granules * kGranuleBytes);
}

CacheArena::Chunk::~Chunk() {
  Unpoison(memory, granules * kGranuleBytes);
  if (huge) {
    FreeHuge(memory, granules * kGranuleBytes);
  } else {
    std::free(memory);
  }
}

std::uint32_t CacheArena::Chunk::FindRun(std::uint32_t wanted) {
  if (wanted > run_bound || wanted > free_granules) return granules;
  std::uint32_t longest = 0;
  std::uint32_t first = NextBit(used, 0, granules, false);
  while (first < granules) {
    const std::uint32_t end = NextBit(used, first, std::min(granules, first + wanted), true);
    if (end - first == wanted) return first;
    longest = std::max(longest, end - first);
    first = NextBit(used, end, granules, false);
  }
  run_bound = longest;
  return granules;
}

std::uint32_t CacheArena::Chunk::NextStart(std::uint32_t from) const noexcept {
  return NextBit(starts, from, granules, true);
}

void CacheArena::Chunk::Set(std::uint32_t first, std::uint32_t count) noexcept {
  starts[first / kWordBits] |= std::uint64_t{1} << (first % kWordBits);
  for (std::uint32_t bit = first; bit < first + count; ++bit) {
    used[bit / kWordBits] |= std::uint64_t{1} << (bit % kWordBits);
  }
  free_granules -= count;
}

void CacheArena::Chunk::Clear(std::uint32_t first, std::uint32_t count) noexcept {
  starts[first / kWordBits] &= ~(std::uint64_t{1} << (first % kWordBits));
  for (std::uint32_t bit = first; bit < first + count; ++bit) {
    used[bit / kWordBits] &= ~(std::uint64_t{1} << (bit % kWordBits));
  }
  free_granules += count;
  run_bound = free_granules;
}

CacheArena::CacheArena(std::uint64_t capacity_bytes) noexcept : capacity_bytes_(capacity_bytes) {}

CacheArena::~CacheArena() = default;

bool CacheArena::AddChunk(std::uint32_t granules) {
  const std::uint64_t untaken = capacity_bytes_ > size_bytes_ ? capacity_bytes_ - size_bytes_ : 0;
  const std::uint64_t wanted = std::uint64_t{granules} * kGranuleBytes;
  // Whole huge pages if they fit, else what is left of the capacity.
  std::uint64_t bytes = AlignUp(wanted, kHugePageBytes);
  const bool huge = bytes <= untaken;
  if (!huge) bytes = untaken / kGranuleBytes * kGranuleBytes;
  if (bytes < wanted || bytes < kChunkBytesMin) return false;
  std::byte* const memory = NewChunkMemory(bytes, huge);
  const auto count = static_cast<std::uint32_t>(bytes / kGranuleBytes);
  chunks_.push_back(std::make_unique<Chunk>(memory, count, huge));
  size_bytes_ += bytes;
  free_granules_ += count;
  return true;
}

void CacheArena::RemoveChunk(Chunk* chunk) {
  const std::uint64_t bytes = std::uint64_t{chunk->granules} * kGranuleBytes;
  if (chunk->drained) {
    drained_bytes_ -= bytes;
  } else {
    size_bytes_ -= bytes;
    free_granules_ -= chunk->free_granules;
  }
  std::erase_if(chunks_, [chunk](const auto& owned) { return owned.get() == chunk; });
}

CacheArena::Piece CacheArena::Take(Chunk& chunk, std::uint32_t first, std::uint32_t granules) {
  chunk.Set(first, granules);
  free_granules_ -= granules;
  std::byte* const memory = chunk.memory + std::size_t{first} * kGranuleBytes;
  Unpoison(memory, granules * kGranuleBytes);
  return {memory, &chunk, granules};
}

CacheArena::Piece CacheArena::Allocate(std::size_t bytes) {
  const std::uint64_t wanted = (bytes + kGranuleBytes - 1) / kGranuleBytes;
  if (wanted == 0 || wanted > (std::uint64_t{1} << 30)) return {};
  const auto granules = static_cast<std::uint32_t>(wanted);
  // Next fit: what the clock hand freed lately lies near the chunk that served last.
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const std::size_t index = (cursor_ + i) % chunks_.size();
    Chunk& chunk = *chunks_[index];
    if (chunk.drained) continue;
    const std::uint32_t first = chunk.FindRun(granules);
    if (first == chunk.granules) continue;
    cursor_ = index;
    return Take(chunk, first, granules);
  }
  if (!AddChunk(granules)) return {};
  cursor_ = chunks_.size() - 1;
  return Take(*chunks_.back(), 0, granules);
}

void CacheArena::Free(const Piece& piece) {
  Chunk& chunk = *piece.chunk;
  const auto first = static_cast<std::uint32_t>(
      static_cast<std::size_t>(piece.memory - chunk.memory) / kGranuleBytes);
  chunk.Clear(first, piece.granules);
  Poison(piece.memory, piece.size_bytes());
  if (!chunk.drained) {
    free_granules_ += piece.granules;
  } else if (chunk.free_granules == chunk.granules) {
    RemoveChunk(&chunk);
  }
}

void CacheArena::Trim() {
  for (std::size_t i = chunks_.size(); i-- > 0;) {
    Chunk* const chunk = chunks_[i].get();
    if (chunk->free_granules == chunk->granules) RemoveChunk(chunk);
  }
}

std::byte* CacheArena::NextPiece(Hand& hand) const {
  for (; hand.chunk < chunks_.size(); ++hand.chunk, hand.granule = 0) {
    const Chunk& chunk = *chunks_[hand.chunk];
    if (chunk.drained) continue;
    const std::uint32_t start = chunk.NextStart(hand.granule);
    if (start == chunk.granules) continue;
    hand.granule = start + 1;
    return chunk.memory + std::size_t{start} * kGranuleBytes;
  }
  hand = {};
  return nullptr;
}

std::vector<std::byte*> CacheArena::Drain(const Hand& hand) {
  QUIVER_CHECK(size_bytes_ > 0);
  std::size_t index = hand.chunk % chunks_.size();
  while (chunks_[index]->drained) index = (index + 1) % chunks_.size();
  Chunk& chunk = *chunks_[index];
  chunk.drained = true;
  const std::uint64_t bytes = std::uint64_t{chunk.granules} * kGranuleBytes;
  size_bytes_ -= bytes;
  drained_bytes_ += bytes;
  free_granules_ -= chunk.free_granules;
  std::vector<std::byte*> pieces;
  for (std::uint32_t start = chunk.NextStart(0); start < chunk.granules;
       start = chunk.NextStart(start + 1)) {
    pieces.push_back(chunk.memory + std::size_t{start} * kGranuleBytes);
  }
  if (pieces.empty()) RemoveChunk(&chunk);
  return pieces;
}

}  // namespace quiver
