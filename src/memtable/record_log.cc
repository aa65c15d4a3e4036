#include "memtable/record_log.h"

#include <algorithm>
#include <new>

#include "base/check.h"
#include "base/schedule_point.h"

namespace quiver {

struct RecordLog::Segment {
  Segment(Segment* older_segment, std::atomic<std::uint64_t>* hash_array) noexcept
      : older(older_segment),
        base(older_segment == nullptr ? 0 : older_segment->base + kSegmentRecords),
        hashes(hash_array) {}

  std::uint32_t size() const noexcept {
    return std::min(claimed.load(std::memory_order_acquire), kSegmentRecords);
  }

  Segment* const older;
  const std::uint64_t base;  ///< place of slot 0 in the whole log
  std::atomic<std::uint64_t>* const hashes;
  std::atomic<SequenceNumber> max_sequence{0};
  /// Goes beyond kSegmentRecords by one for each writer that finds the segment full.
  std::atomic<std::uint32_t> claimed{0};
  std::atomic<const EntryRecord*> records[kSegmentRecords] = {};
};

namespace {

void RaiseTo(std::atomic<SequenceNumber>& max, SequenceNumber sequence) noexcept {
  SequenceNumber seen = max.load(std::memory_order_relaxed);
  while (seen < sequence && !max.compare_exchange_weak(seen, sequence, std::memory_order_relaxed)) {
  }
}

}  // namespace

RecordLog::Segment* RecordLog::AddSegment(const Segment* full) {
  MutexLock lock(mutex_);
  Segment* newest = newest_.load(std::memory_order_relaxed);
  if (newest != full) return newest;  // another writer was quicker
  std::atomic<std::uint64_t>* hashes = nullptr;
  if (hashes_ == Hashes::kKept) {
    std::byte* memory = arena_.Allocate(sizeof(std::atomic<std::uint64_t>) * kSegmentRecords);
    hashes = reinterpret_cast<std::atomic<std::uint64_t>*>(memory);
    for (std::uint32_t i = 0; i < kSegmentRecords; ++i) {
      new (&hashes[i]) std::atomic<std::uint64_t>(0);
    }
  }
  auto* segment = new (arena_.Allocate(sizeof(Segment))) Segment(newest, hashes);
  newest_.store(segment, std::memory_order_release);
  return segment;
}

void RecordLog::Append(const EntryRecord* record, std::uint64_t hash) {
  Segment* segment = newest_.load(std::memory_order_acquire);
  while (true) {
    if (segment != nullptr) {
      const std::uint32_t slot = segment->claimed.fetch_add(1, std::memory_order_acq_rel);
      SchedulePoint();
      if (slot < kSegmentRecords) {
        if (segment->hashes != nullptr) {
          segment->hashes[slot].store(hash, std::memory_order_relaxed);
        }
        RaiseTo(segment->max_sequence, record->sequence());
        segment->records[slot].store(record, std::memory_order_release);
        return;
      }
    }
    segment = AddSegment(segment);
  }
}

std::uint64_t RecordLog::size() const noexcept {
  const Segment* segment = newest_.load(std::memory_order_acquire);
  return segment == nullptr ? 0 : segment->base + segment->size();
}

const EntryRecord* RecordLog::FindVisible(const LookupKey& key) const noexcept {
  QUIVER_DCHECK(hashes_ == Hashes::kKept);
  const EntryRecord* best = nullptr;
  for (const Segment* segment = newest_.load(std::memory_order_acquire); segment != nullptr;
       segment = segment->older) {
    // Sequences may have come in any order, so an older segment can still hold a newer version.
    if (best != nullptr &&
        segment->max_sequence.load(std::memory_order_relaxed) < best->sequence()) {
      continue;
    }
    for (std::uint32_t slot = segment->size(); slot-- > 0;) {
      if (segment->hashes[slot].load(std::memory_order_relaxed) != key.hash) continue;
      const EntryRecord* record = segment->records[slot].load(std::memory_order_acquire);
      if (record == nullptr || record->sequence() > key.sequence || record->key() != key.key) {
        continue;
      }
      if (best == nullptr || record->sequence() > best->sequence()) best = record;
    }
  }
  return best;
}

std::size_t RecordLog::Collect(std::uint64_t from, std::uint64_t to,
                               std::span<PrefixedRecord> out) const noexcept {
  QUIVER_DCHECK(from <= to && out.size() >= to - from);
  // Segments are linked backward, so the output is written backward too, from its end.
  auto next = static_cast<std::size_t>(to - from);
  const std::size_t end = next;
  const Segment* segment = newest_.load(std::memory_order_acquire);
  for (; segment != nullptr && segment->base + kSegmentRecords > from; segment = segment->older) {
    if (segment->base >= to) continue;
    auto slot =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(to - segment->base, segment->size()));
    const auto first = static_cast<std::uint32_t>(from > segment->base ? from - segment->base : 0);
    while (slot-- > first) {
      const EntryRecord* record = segment->records[slot].load(std::memory_order_acquire);
      if (record != nullptr) out[--next] = {0, record};
    }
  }
  std::move(out.begin() + static_cast<std::ptrdiff_t>(next),
            out.begin() + static_cast<std::ptrdiff_t>(end), out.begin());
  return end - next;
}

}  // namespace quiver
