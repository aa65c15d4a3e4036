// Memtable: the contract of the eight in-memory structures that take writes until a flush.
//
// Entries are ordered by key ascending, then sequence descending; they are never changed or
// removed. A key may have any number of versions. Every operation is correct for every kind;
// what differs is cost and concurrency (memtable_traits.h, docs/memtables.md).
//
// Contract:
//  1. (key, sequence) of an Add was never added before. Sequences may come in any order.
//  2. Add copies key and value into the arena.
//  3. An entry is visible to Get and to every later Seek once Add has returned, and to readers
//     in other threads once they have learnt of its sequence number through a release/acquire
//     pair. An iterator never skips an entry that was added before it was made.
//  4. Views handed out by Get and iterators stay valid as long as the memtable.
//  5. memory_bytes() counts every byte the structure holds, arena slack and hash arrays included.
//
// Thread safety: Get, NewIterator, iterators and the counters from any thread at any time, also
// beside Add. Add from one thread at a time, or from many where traits say concurrent_writers.
// Seal after the last Add, by one thread, beside readers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/entry.h"
#include "base/epoch.h"
#include "base/huge_memory.h"
#include "iterator/internal_iterator.h"
#include "quiver/config.h"

namespace quiver {

class Memtable {
 public:
  virtual ~Memtable() = default;
  Memtable() = default;
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  virtual void Add(const EntryView& entry) = 0;

  /// Finds the newest version of `key.key` whose sequence is at most `key.sequence`.
  /// False if there is none.
  virtual bool Get(const LookupKey& key, LookupAnswer& answer) const = 0;

  /// Starts loading what Get(key) will touch first, for callers that look up several keys and want
  /// to wait for all their cache misses at once. Wave 1 goes where what wave 0 brought points to.
  virtual void Prefetch(const LookupKey& /*key*/, unsigned /*wave*/) const {}

  /// The memtable must outlive the iterator.
  virtual std::unique_ptr<InternalIterator> NewIterator() const = 0;

  /// No Add afterwards: kinds that sort late sort now.
  virtual void Seal() = 0;

  virtual std::size_t memory_bytes() const = 0;
  virtual std::uint64_t entry_count() const = 0;
  virtual MemtableKind kind() const = 0;
};

/// What a memtable may use of its surroundings. Everything outlives the memtable.
struct MemtableContext {
  HugeMemoryPool* memory_pool = nullptr;  ///< null: malloc
  EpochManager* epochs = nullptr;         ///< never null; frees replaced arrays under readers
  std::uint32_t hash_buckets = 1U << 16;  ///< of the hash kinds; a power of two
};

/// An empty memtable of `kind`.
std::unique_ptr<Memtable> NewMemtable(MemtableKind kind, const MemtableContext& context);

}  // namespace quiver
