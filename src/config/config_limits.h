// The limits of the configuration that other floors share: what memory a database needs at the
// least, and how large a memtable each kind may be.
//
// Thread safety: constants and pure functions.
#pragma once

#include <cstdint>

#include "quiver/config.h"

namespace quiver {

/// The least memory limit leaves this much to the block cache of an empty database.
inline constexpr std::uint64_t kBlockCacheFloorBytes = std::uint64_t{8} << 20;
/// The cache never shrinks below this, however much memory pinned indexes and filters take.
inline constexpr std::uint64_t kBlockCacheLeastBytes = std::uint64_t{1} << 20;
/// What a flush or one compaction may hold: the blocks of its inputs and the table it builds.
inline constexpr std::uint64_t kCompactionBufferBytes = std::uint64_t{8} << 20;
/// A step in a linked list passes over a part of all entries: beyond this size an insert costs
/// more than the flush it saves.
inline constexpr std::uint64_t kLinkedListSizeBytesMax = std::uint64_t{4} << 20;
/// What a bucket of the hash kinds takes before the first entry.
inline constexpr std::uint64_t kHashBucketBytes = 8;
/// The buckets of a hash kind may take less than this part of the memtable.
inline constexpr std::uint64_t kHashBucketsShareMax = 4;

/// The least rate limit of compaction: below it one table takes hours.
inline constexpr std::uint64_t kRateLimitFloorBytesPerS = std::uint64_t{64} << 10;

/// True for the kinds that allocate memtable_hash_buckets.
constexpr bool HasHashBuckets(MemtableKind kind) noexcept {
  return kind == MemtableKind::kHashLinkedList || kind == MemtableKind::kHashSkiplist;
}

/// The least memory_limit_bytes that `config` can work in: all memtables, the floor of the cache,
/// and the buffers of one flush and of every compaction thread. Saturates instead of overflowing.
std::uint64_t MemoryFloorBytes(const DatabaseConfig& config) noexcept;

/// Bytes for the block cache: what the memory limit leaves beside the memtables, the buffers and
/// the `pinned_bytes` of open tables, at least kBlockCacheLeastBytes.
std::uint64_t BlockCacheBytes(const DatabaseConfig& config, std::uint64_t pinned_bytes) noexcept;

}  // namespace quiver
