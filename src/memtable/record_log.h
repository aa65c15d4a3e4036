// RecordLog: all records of a memtable in order of arrival, in linked segments of fixed size.
//
// A writer claims a slot with one fetch_add and then publishes its record in it; a slot that is
// claimed but not published yet counts as not there. After the thread-local chunks of RocksDB's
// VectorRep, with the slots in one shared order instead.
//
// Invariants:
//  1. A slot is null until its record is stored with release; then it never changes.
//  2. A segment's hash and its max_sequence are written before the record is published, so who
//     has learnt of an Add sees all three.
//  3. Segments are linked from the newest to the oldest and live in the arena, so they live as
//     long as the memtable.
//
// Thread safety: everything from any thread at any time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/arena.h"
#include "base/mutex.h"
#include "memtable/prefixed_record.h"

namespace quiver {

class RecordLog {
 public:
  static constexpr std::uint32_t kSegmentRecords = 512;
  enum class Hashes : std::uint8_t { kNone, kKept };

  /// With Hashes::kKept each slot has its key's hash, which FindVisible needs.
  RecordLog(Arena& arena, Hashes hashes) noexcept : arena_(arena), hashes_(hashes) {}
  RecordLog(const RecordLog&) = delete;
  RecordLog& operator=(const RecordLog&) = delete;

  /// O(1). The record is visible when this returns.
  void Append(const EntryRecord* record, std::uint64_t hash);

  /// Slots claimed so far: at least the number of Appends that have returned.
  std::uint64_t size() const noexcept;

  /// The newest version of `key` whose sequence is at most the one wanted, or null. Scans
  /// backward; a segment whose sequences are all older than a version already found costs one
  /// comparison, any other a comparison of hashes for each slot.
  const EntryRecord* FindVisible(const LookupKey& key) const noexcept;

  /// Writes the published records of the slots [from, to) to `out` in order of arrival, with
  /// prefixes of 0 (the sort works them out), and returns how many there were: fewer than
  /// to - from if a slot is claimed but unpublished.
  /// Needs to <= size() and out.size() >= to - from.
  std::size_t Collect(std::uint64_t from, std::uint64_t to,
                      std::span<PrefixedRecord> out) const noexcept;

 private:
  struct Segment;

  Segment* AddSegment(const Segment* full) EXCLUDES(mutex_);

  Arena& arena_;
  const Hashes hashes_;
  std::atomic<Segment*> newest_{nullptr};
  Mutex mutex_;  // held to add a segment
};

}  // namespace quiver
