// MemtableHandle: a memtable with what the engine knows of it: the log segments that hold its
// entries and the sequence numbers inside.
//
// Thread safety: the memtable as its contract says; the counters are written by the write path
// alone and read by anyone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "db/engine_core.h"
#include "memtable/memtable.h"
#include "quiver/config.h"

namespace quiver {

class MemtableHandle {
 public:
  /// `first_segment` is the oldest log segment with an entry of this memtable.
  MemtableHandle(std::shared_ptr<EngineCore> core, MemtableKind kind, std::uint32_t hash_buckets,
                 std::uint64_t first_segment)
      : core_(std::move(core)),
        first_segment_(first_segment),
        table_(NewMemtable(kind, {&core_->pool, &core_->epochs, hash_buckets})) {
    UpdateCharge();
  }
  ~MemtableHandle() {
    core_->ledger.Charge(MemoryOwner::kMemtables, -static_cast<std::int64_t>(charged_bytes_));
  }
  MemtableHandle(const MemtableHandle&) = delete;
  MemtableHandle& operator=(const MemtableHandle&) = delete;

  Memtable& table() noexcept { return *table_; }
  const Memtable& table() const noexcept { return *table_; }
  std::uint64_t first_segment() const noexcept { return first_segment_; }

  SequenceNumber largest_sequence() const noexcept {
    return largest_sequence_.load(std::memory_order_acquire);
  }
  void set_largest_sequence(SequenceNumber sequence) noexcept {
    largest_sequence_.store(sequence, std::memory_order_release);
  }
  /// Charges the growth since the last call to the ledger. Write path only.
  void UpdateCharge() {
    const std::uint64_t bytes = table_->memory_bytes();
    core_->ledger.Charge(MemoryOwner::kMemtables, static_cast<std::int64_t>(bytes) -
                                                      static_cast<std::int64_t>(charged_bytes_));
    charged_bytes_ = bytes;
  }

 private:
  const std::shared_ptr<EngineCore> core_;
  const std::uint64_t first_segment_;
  std::atomic<SequenceNumber> largest_sequence_{0};
  std::uint64_t charged_bytes_ = 0;
  const std::unique_ptr<Memtable> table_;
};
using MemtableRef = std::shared_ptr<MemtableHandle>;

}  // namespace quiver
