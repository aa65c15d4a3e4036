// LinkedListMemtable: an unrolled sorted linked list, for tiny memtables and append-only streams.
// After Shao, Reppy and Appel, "Unrolling lists" (1994).
//
// The list's elements are chunks of up to 128 sorted records. A search walks the chunks by the
// bound in their headers, O(n / c), and then searches one chunk by halves. The last chunk is
// kept as a finger, so entries that arrive in order, and searches at the end, cost O(1).
//
// Invariants:
//  1. A chunk's records lie at or after its bound and before the next chunk's bound. The bound is
//     the chunk's first record when it was made and never changes; the head has none.
//  2. Chunks are linked in and split, never taken out, so a reader may keep a pointer to one.
//  3. Every chunk but the head holds at least its bound.
//  4. `next` and the records belong together: a split changes both in one writing section.
//  5. `previous` is the predecessor or, after a split of that, an earlier chunk: a hint to walk
//     forward from.
//
// Thread safety: one writer; readers take no lock, but repeat a chunk's search if the writer
// changed it meanwhile (OptimisticLock).
#pragma once

#include <atomic>

#include "memtable/locked_records.h"
#include "memtable/memtable.h"

namespace quiver {

class LinkedListMemtable final : public Memtable {
 public:
  static constexpr std::size_t kChunkRecords = 128;

  explicit LinkedListMemtable(const MemtableContext& context);

  void Add(const EntryView& entry) override;
  bool Get(const LookupKey& key, LookupAnswer& answer) const override;
  std::unique_ptr<InternalIterator> NewIterator() const override;
  void Seal() override {}
  std::size_t memory_bytes() const override { return arena_.memory_bytes(); }
  std::uint64_t entry_count() const override {
    return entry_count_.load(std::memory_order_acquire);
  }
  MemtableKind kind() const override { return MemtableKind::kLinkedList; }

 private:
  class Iterator;

  struct Chunk {
    explicit Chunk(const PrefixedRecord& first) noexcept : bound(first) {}

    const PrefixedRecord bound;  ///< no record in the head
    std::atomic<Chunk*> next{nullptr};
    std::atomic<Chunk*> previous{nullptr};
    OptimisticLock lock;
    LockedRecords<kChunkRecords> records;
  };

  /// The last chunk, from `from` on, whose bound is at or before `target`.
  const Chunk* Walk(const Chunk* from, const EntryTarget& target) const noexcept;
  /// Where a walk to `target` may begin: the last chunk if it reaches that far, or the head.
  const Chunk* StartFor(const EntryTarget& target) const noexcept;
  Chunk* NewChunk(const PrefixedRecord& first);
  /// Links `chunk` in behind `left`; the caller holds left's writing section unless it was last.
  void LinkAfter(Chunk* left, Chunk* chunk) noexcept;
  /// Moves the upper half of a full chunk to a new one behind it.
  void Split(Chunk* chunk);

  Arena arena_;
  Chunk* const head_;
  std::atomic<Chunk*> last_;
  std::atomic<std::uint64_t> entry_count_{0};
};

}  // namespace quiver
