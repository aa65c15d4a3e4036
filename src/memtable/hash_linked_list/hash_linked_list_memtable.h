// HashLinkedListMemtable: a hash table whose buckets are sorted linked lists, for point lookups.
// After RocksDB's HashLinkListRep, but hashed over the whole key.
//
// With b = entries / buckets, Get and Add walk O(1 + b) nodes. There is no order across buckets:
// iterators read an ordered view, made by sorting when one is asked for (O(n log n) the first
// time, O(m log m + n) when m records were added since) and shared by all until the next Add.
// Workloads that scan the active table should pick another kind.
//
// Invariants:
//  1. A bucket's list ascends by (hash, key, sequence descending). The hash comes first because
//     it lies in the node: a walk touches other keys' records only when the hashes are equal.
//  2. A node is complete before a release store links it, and only its `next` changes afterwards,
//     so readers follow the links without a lock.
//  3. Every record is in its bucket before it is in the log that the views are made from.
//
// Thread safety: one writer; readers lock-free in Get, and only iterators' Seeks wait for one
// another while a view is made.
#pragma once

#include <atomic>
#include <span>

#include "memtable/memtable.h"
#include "memtable/ordered_view_cache.h"
#include "memtable/sorted_records_iterator.h"

namespace quiver {

class HashLinkedListMemtable final : public Memtable, private OrderedViewSource {
 public:
  /// context.hash_buckets must be a power of two; the buckets are paid for at once.
  explicit HashLinkedListMemtable(const MemtableContext& context);

  void Add(const EntryView& entry) override;
  bool Get(const LookupKey& key, LookupAnswer& answer) const override;
  std::unique_ptr<InternalIterator> NewIterator() const override;
  /// Makes the ordered view, which the flush needs next.
  void Seal() override;
  std::size_t memory_bytes() const override { return arena_.memory_bytes() + account_.bytes(); }
  std::uint64_t entry_count() const override { return log_.size(); }
  MemtableKind kind() const override { return MemtableKind::kHashLinkedList; }

 private:
  struct Node;
  using Link = std::atomic<Node*>;

  std::shared_ptr<const SortedRecords> OrderedView() const override { return views_.Get(); }
  Link& BucketOf(std::uint64_t hash) const noexcept { return buckets_[hash & bucket_mask_]; }

  Arena arena_;
  const MemoryAccount account_;
  const std::uint64_t bucket_mask_;
  const std::span<Link> buckets_;
  RecordLog log_;
  mutable OrderedViewCache views_;  // a cache: const readers fill it
};

}  // namespace quiver
