// HashIndex: user key -> the record of its newest version; lock-free, insert-only.
//
//   bucket --> [ a,9 | f,4 | c,7 | ... ] --> [ k,2 | x,5 |     ] --> end
//
// A bucket is a chain of links of kSlots slots. Slots fill strictly in order, each by a
// compare-and-swap from null, and whoever loses that race looks at the winner's key before it
// goes on: so a key has one slot for ever. A newer version replaces the record in the slot.
//
// Invariants:
//  1. A slot holds null or the record with the highest sequence published for its key.
//  2. The first null slot of a chain ends it.
//  3. The tag of a slot is one byte of its key's hash, or 0 while its writer has not come to it;
//     it spares most lookups the miss on a record of another key.
//
// Thread safety: everything from any thread at any time; readers never wait.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/prefetch.h"
#include "memtable/entry_record.h"

namespace quiver {

class HashIndex {
 public:
  /// `bucket_count` is a power of two. `arena` takes buckets and links and must outlive this.
  HashIndex(Arena& arena, std::uint32_t bucket_count);
  HashIndex(const HashIndex&) = delete;
  HashIndex& operator=(const HashIndex&) = delete;

  /// Makes `record` the newest version of its key, unless a newer one is known.
  void Publish(std::uint64_t hash, const EntryRecord& record);

  /// The newest version of the key, or null. O(keys in the bucket / kSlots) cache misses.
  const EntryRecord* Newest(std::uint64_t hash, std::string_view key) const noexcept;

  /// Fetch what a Publish or Newest soon to come will read; the link only once the bucket has
  /// arrived.
  void PrefetchBucket(std::uint64_t hash) const noexcept { PrefetchLine(&BucketOf(hash)); }
  void PrefetchLink(std::uint64_t hash) const noexcept {
    PrefetchLine(BucketOf(hash).load(std::memory_order_acquire));
  }

 private:
  static constexpr std::size_t kSlots = 6;  // a link has 64 bytes
  struct Link {
    std::array<std::atomic<std::uint8_t>, kSlots> tags{};
    std::atomic<Link*> next{nullptr};
    std::array<std::atomic<const EntryRecord*>, kSlots> slots{};
  };
  using Bucket = std::atomic<Link*>;

  static std::uint8_t TagOf(std::uint64_t hash) noexcept;
  Bucket& BucketOf(std::uint64_t hash) const noexcept { return buckets_[hash & bucket_mask_]; }
  Link& FollowOrExtend(std::atomic<Link*>& pointer);
  static void Raise(std::atomic<const EntryRecord*>& slot, const EntryRecord& record) noexcept;

  Arena& arena_;
  const std::uint64_t bucket_mask_;
  Bucket* const buckets_;
};

}  // namespace quiver
