// TableReader: the one implementation of Table.
//
// Where a get's cache misses go, for a warm block of uniform widths:
//   filter line -> (fence words and slot: second-level cache) -> block header and hash slot, both
//   asked for at once -> key, value and sequence, asked for at once
//
// Blocks are served from the cache or, without one (or room in it), from private memory that the
// answer owns. A private get of a compressed block decodes the keys and then only the chunk that
// holds the value.
//
// Split: table_reader.cc opens and describes, table_get.cc looks up, block_reader.cc loads blocks,
// table_verify.cc reads everything.
//
// Thread safety: immutable after Open but for the cache slots, which look after themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sstable/block_cache_impl.h"
#include "sstable/cached_block.h"
#include "sstable/fence_index.h"
#include "sstable/stored_block.h"
#include "sstable/table.h"
#include "sstable/table_parts.h"

namespace quiver {

class TableReader final : public Table {
 public:
  static Result<std::shared_ptr<const TableReader>> OpenReader(const TableContext& context,
                                                               const TableSummary& expected);
  TableReader(const TableContext& context, TableParts parts);
  ~TableReader() override;

  Result<bool> Get(const LookupKey& key, const TableReadOptions& options, bool want_pin,
                   TableAnswer& found) const override;
  void Prefetch(const LookupKey& key) const override { parts_.filter.Prefetch(key.hash); }
  bool Begin(const LookupKey& key, GetPlace& place) const override;
  void Enter(const LookupKey& key, GetPlace& place) const override;
  void Approach(const LookupKey& key, const GetPlace& place) const override;
  Result<bool> Finish(const LookupKey& key, const GetPlace& place, const TableReadOptions& options,
                      bool want_pin, TableAnswer& found) const override;
  bool MayContain(const LookupKey& key) const override;
  std::unique_ptr<InternalIterator> NewIterator(const TableReadOptions& options) const override;
  Result<std::uint64_t> VerifyAll(
      const std::function<void(std::uint64_t offset, const std::string& what)>& sink)
      const override;
  /// Reads every block and verifies its checksum; the rest was verified when the table was opened.
  Result<void> VerifyBlockChecksums() const;

  const TableSummary& summary() const override { return summary_; }
  const TableSchema& schema() const override { return geometry_.schema; }
  std::uint32_t keyspace() const override { return parts_.trailer.keyspace; }
  std::uint64_t pinned_bytes() const override { return pinned_bytes_; }
  const std::vector<std::string>& notes() const override { return parts_.notes; }
  std::uint64_t block_count() const override { return parts_.blocks.size(); }
  BlockInfo block_info(std::uint64_t block) const override;
  std::uint64_t cached_blocks() const override;
  bool LoadWhileRoom(const std::function<bool()>& cancelled) const override;
  std::string Describe() const override;

  // --- for the floor's own readers

  const TableParts& parts() const noexcept { return parts_; }
  const BlockGeometry& geometry() const noexcept { return geometry_; }
  const BlockEntry& entry(std::size_t block) const noexcept { return parts_.blocks[block]; }
  /// The block where a search for `key` starts.
  std::size_t FindBlock(std::string_view key) const noexcept { return fences_.Find(key); }

  /// The cached block or null; counts a hit or a miss. Requires a guard if there is a cache.
  CachedBlock* FindCached(std::size_t block, bool touch) const noexcept;
  /// A guard of the cache's epochs can be had from it; null without a cache.
  BlockCache* cache() const noexcept { return context_.cache; }

  /// Where the cached block lies, or null, for a prefetch alone: it may be gone by now.
  const void* AddressInCache(std::size_t block) const noexcept;

  /// Starts loading `block`'s slot of the cache (wave 0), then the block's header and the samples
  /// of its keys, if it is in the cache (wave 1). Requires a cache.
  void PrefetchForSeek(std::size_t block, unsigned wave) const noexcept;

  /// Puts a block into the cache and pins it. `stored` holds its bytes if they were read already,
  /// else it is empty. Null if the cache has no room; then the caller reads privately. Requires no
  /// guard: the pin keeps the block.
  Result<std::shared_ptr<const CachedBlock>> LoadIntoCache(std::size_t block,
                                                           std::span<std::byte> stored) const;

  /// Whether a scan that misses the block should bring it into the cache: if one has missed it
  /// before, and nothing has to go for it.
  bool AdmitsFromScan(std::size_t block) const noexcept;

  Result<void> ReadStored(std::size_t block, std::span<std::byte> buffer) const {
    return ReadFully(*parts_.file, entry(block).offset, buffer);
  }

 private:
  class PointRead;

  /// One step of Get: searches `block` for the key; with `continues`, from row 0 on for more
  /// versions of a key that the block before ended with.
  enum class Step : std::uint8_t { kFound, kAbsent, kInvisible, kNextBlock };
  static Step Search(const DataBlock& block, const LookupKey& key, bool continues,
                     std::uint32_t& row) noexcept;
  static void Answer(const DataBlock& block, std::uint32_t row, LookupAnswer& answer) noexcept;
  void PrefetchBlock(const CachedBlock& cached, const BlockSlot& slot,
                     const LookupKey& key) const noexcept;
  Result<Step> SearchPrivately(std::size_t block, const LookupKey& key, bool continues,
                               TableAnswer& found) const;
  Result<Step> SearchBlock(std::size_t block, const LookupKey& key, const TableReadOptions& options,
                           bool continues, bool want_pin, TableAnswer& found) const;

  /// False, and counted, if the filter proves that the key is absent.
  bool PassesFilter(const LookupKey& key) const;
  /// Get from `block` on, behind the filter.
  Result<bool> GetFrom(std::size_t block, const LookupKey& key, const TableReadOptions& options,
                       bool want_pin, TableAnswer& found) const;

  void ChargeLedger(std::int64_t delta_bytes) const;

  const TableContext context_;
  const TableParts parts_;
  const BlockGeometry geometry_;
  const TableSummary summary_;
  const FenceIndex fences_;
  const std::unique_ptr<BlockCache::TableSlots> slots_;  ///< null without a cache
  std::size_t hash_offset_ = 0;  ///< of the hash slots in a cached block's memory
  std::uint64_t pinned_bytes_ = 0;
};

}  // namespace quiver
