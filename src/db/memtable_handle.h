// MemtableHandle: a memtable with what the engine knows of it: the log segments that hold its
// entries and the sequence numbers inside.
//
// Thread safety: the memtable as its contract says; the counters are written by the write path
// alone and read by anyone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "db/engine_core.h"
#include "db/epoch_published.h"
#include "memtable/memtable.h"
#include "quiver/config.h"
#include "version/range_deletes.h"

namespace quiver {

class MemtableHandle {
 public:
  /// `first_segment` is the oldest log segment with an entry of this memtable, and all its entries
  /// have sequences above `floor_sequence`.
  MemtableHandle(std::shared_ptr<EngineCore> core, const DatabaseConfig& config,
                 std::uint64_t first_segment, SequenceNumber floor_sequence)
      : core_(std::move(core)),
        first_segment_(first_segment),
        floor_sequence_(floor_sequence),
        range_deletes_(core_->epochs),
        table_(NewMemtable(config.memtable_kind,
                           {&core_->pool, &core_->epochs, config.memtable_hash_buckets})) {
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
  SequenceNumber floor_sequence() const noexcept { return floor_sequence_; }

  /// The memtable of keyspaces without one: always empty, shared, and never written to.
  static std::shared_ptr<MemtableHandle> NewPlaceholder(std::shared_ptr<EngineCore> core) {
    DatabaseConfig smallest;
    smallest.memtable_kind = MemtableKind::kVector;
    return std::make_shared<MemtableHandle>(std::move(core), smallest, kPlaceholder, kSequenceMax);
  }
  bool is_placeholder() const noexcept { return first_segment_ == kPlaceholder; }

  SequenceNumber largest_sequence() const noexcept {
    return largest_sequence_.load(std::memory_order_acquire);
  }
  void set_largest_sequence(SequenceNumber sequence) noexcept {
    largest_sequence_.store(sequence, std::memory_order_release);
  }
  /// Takes an entry of any operation. Write path only.
  void Add(const EntryView& entry) {
    has_expiry_ |= entry.expiry_us != 0;
    if (entry.operation != Operation::kRangeDelete) [[likely]] {
      table_->Add(entry);
      return;
    }
    range_delete_bytes_.fetch_add(sizeof(RangeDelete) + entry.key.size() + entry.value.size(),
                                  std::memory_order_relaxed);
    range_deletes_.Publish(RangeDeletes::With(
        PinRangeDeletes(), {std::string(entry.key), std::string(entry.value), entry.sequence}));
  }
  /// nullptr if there are none; valid while the caller's EpochGuard lives.
  const RangeDeletes* range_deletes() const noexcept { return range_deletes_.Current(); }
  RangeDeletesRef PinRangeDeletes() const { return range_deletes_.Pin(); }
  /// Whether an entry expires. For the flush, after the last Add.
  bool has_expiry() const noexcept { return has_expiry_; }
  bool empty() const { return table_->entry_count() == 0 && range_deletes_.Current() == nullptr; }
  /// Of the entries and the range deletes.
  std::uint64_t memory_bytes() const {
    return table_->memory_bytes() + range_delete_bytes_.load(std::memory_order_relaxed);
  }
  /// So many that adding one costs too much: to be flushed. Write path only.
  bool has_many_range_deletes() const {
    const RangeDeletes* const ranges = range_deletes_.Current();
    return ranges != nullptr && ranges->size() >= kRangeDeletesMax;
  }

  /// Charges the growth since the last call to the ledger. Write path only.
  void UpdateCharge() {
    const std::uint64_t bytes = memory_bytes();
    core_->ledger.Charge(MemoryOwner::kMemtables, static_cast<std::int64_t>(bytes) -
                                                      static_cast<std::int64_t>(charged_bytes_));
    charged_bytes_ = bytes;
  }

 private:
  static constexpr std::uint64_t kPlaceholder = ~std::uint64_t{0};
  static constexpr std::size_t kRangeDeletesMax = 1000;

  const std::shared_ptr<EngineCore> core_;
  const std::uint64_t first_segment_;
  const SequenceNumber floor_sequence_;
  std::atomic<SequenceNumber> largest_sequence_{0};
  std::uint64_t charged_bytes_ = 0;
  bool has_expiry_ = false;
  std::atomic<std::uint64_t> range_delete_bytes_{0};
  EpochPublished<RangeDeletes> range_deletes_;
  const std::unique_ptr<Memtable> table_;
};
using MemtableRef = std::shared_ptr<MemtableHandle>;

}  // namespace quiver
