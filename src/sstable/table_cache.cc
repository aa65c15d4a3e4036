#include "sstable/table_cache.h"

#include <array>
#include <utility>
#include <vector>

#include "base/schedule_point.h"
#include "base/try.h"
#include "sstable/retire_gate.h"

namespace quiver {

class TableCache::Impl : public std::enable_shared_from_this<TableCache::Impl> {
 public:
  Impl(const TableContext& context, EpochManager& epochs, std::uint32_t open_files_max)
      : context_(context), open_files_max_(open_files_max), epochs_(epochs), gate_(epochs) {}

  // Without memory both end the process at once: unwound, what they had detached would be freed
  // under its readers.

  /// The open table, pinned. `slot` may be opened by several threads at once: one of them does it.
  Result<std::shared_ptr<const Table>> OpenNow(TableSlot& slot,
                                               const TableSummary& summary) noexcept;
  void Close() noexcept EXCLUDES(mutex_);

  std::shared_ptr<const Table> PinOpen(const TableSlot& slot) const;
  void Remove(TableSlot& slot) EXCLUDES(mutex_);
  std::uint64_t open_tables() const noexcept { return open_count_.load(std::memory_order_relaxed); }

 private:
  void Insert(TableSlot& slot, std::shared_ptr<const Table> table) REQUIRES(mutex_);
  /// Closes one table other than the one in `keep`; returns it, to be retired.
  std::shared_ptr<const Table> EvictOne(const TableSlot& keep) REQUIRES(mutex_);
  std::shared_ptr<const Table> Detach(TableSlot& slot) REQUIRES(mutex_);

  const TableContext context_;
  const std::uint64_t open_files_max_;
  EpochManager& epochs_;
  RetireGate gate_;
  std::atomic<std::uint64_t> open_count_{0};
  /// Held while a table is opened, chosen by its number: threads that want the same one wait.
  std::array<Mutex, 16> opening_;
  Mutex mutex_;  ///< taken after one of opening_
  std::vector<TableSlot*> ring_ GUARDED_BY(mutex_);
  std::size_t hand_ GUARDED_BY(mutex_) = 0;
  bool closed_ GUARDED_BY(mutex_) = false;
};

std::shared_ptr<const Table> TableCache::Impl::PinOpen(const TableSlot& slot) const {
  const EpochGuard guard(epochs_);
  const Table* const table = slot.table_.load(std::memory_order_seq_cst);
  return table == nullptr ? nullptr : table->shared_from_this();
}

Result<std::shared_ptr<const Table>> TableCache::Impl::OpenNow(
    TableSlot& slot, const TableSummary& summary) noexcept {
  MutexLock opening(opening_[summary.number % opening_.size()]);
  if (auto table = PinOpen(slot)) return table;
  QUIVER_ASSIGN_OR_RETURN(std::shared_ptr<const Table> table, Table::Open(context_, summary));
  std::vector<std::shared_ptr<const Table>> evicted;
  {
    MutexLock lock(mutex_);
    if (closed_)
      return Error(ErrorCode::kClosed, "the database was closed", TableName(summary.number));
    Insert(slot, table);
    while (ring_.size() > open_files_max_ && ring_.size() > 1) evicted.push_back(EvictOne(slot));
  }
  for (auto& closed : evicted) gate_.Retire(std::move(closed));
  return table;
}

void TableCache::Impl::Insert(TableSlot& slot, std::shared_ptr<const Table> table) {
  // First what may fail: a slot that says it is in the ring is there.
  ring_.push_back(&slot);
  slot.cache_ = shared_from_this();
  slot.position_ = ring_.size() - 1;
  slot.owner_ = std::move(table);
  slot.referenced_.store(true, std::memory_order_relaxed);
  slot.table_.store(slot.owner_.get(), std::memory_order_seq_cst);
  SchedulePoint();
  open_count_.store(ring_.size(), std::memory_order_relaxed);
}

std::shared_ptr<const Table> TableCache::Impl::Detach(TableSlot& slot) {
  slot.table_.store(nullptr, std::memory_order_seq_cst);
  ring_.back()->position_ = slot.position_;
  std::swap(ring_[slot.position_], ring_.back());
  ring_.pop_back();
  open_count_.store(ring_.size(), std::memory_order_relaxed);
  return std::move(slot.owner_);
}

std::shared_ptr<const Table> TableCache::Impl::EvictOne(const TableSlot& keep) {
  // The second round finds all bits clear, so this ends.
  for (;; ++hand_) {
    hand_ %= ring_.size();
    TableSlot& slot = *ring_[hand_];
    if (&slot == &keep) continue;
    if (slot.referenced_.exchange(false, std::memory_order_relaxed)) continue;
    return Detach(slot);
  }
}

void TableCache::Impl::Remove(TableSlot& slot) {
  std::shared_ptr<const Table> removed;
  {
    MutexLock lock(mutex_);
    if (slot.owner_ == nullptr) return;
    removed = Detach(slot);
  }
  gate_.Retire(std::move(removed));
}

void TableCache::Impl::Close() noexcept {
  std::vector<std::shared_ptr<const Table>> tables;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    while (!ring_.empty()) tables.push_back(Detach(*ring_.back()));
  }
  for (auto& table : tables) gate_.Retire(std::move(table));
  gate_.Close();
}

TableCache::TableCache(const TableContext& context, EpochManager& epochs,
                       std::uint32_t open_files_max)
    : impl_(std::make_shared<Impl>(context, epochs, open_files_max)) {}

TableCache::~TableCache() {
  impl_->Close();
}

Result<const Table*> TableCache::Find(TableSlot& slot, const TableSummary& summary) {
  const Table* table = slot.table_.load(std::memory_order_seq_cst);
  SchedulePoint();
  if (table == nullptr) [[unlikely]] {
    // The slot keeps it until it is retired, which the caller's guard outlasts.
    QUIVER_ASSIGN_OR_RETURN(const std::shared_ptr<const Table> opened,
                            impl_->OpenNow(slot, summary));
    return opened.get();
  }
  if (!slot.referenced_.load(std::memory_order_relaxed)) {
    slot.referenced_.store(true, std::memory_order_relaxed);
  }
  return table;
}

Result<std::shared_ptr<const Table>> TableCache::Pin(TableSlot& slot, const TableSummary& summary) {
  if (auto table = impl_->PinOpen(slot)) {
    slot.referenced_.store(true, std::memory_order_relaxed);
    return table;
  }
  return impl_->OpenNow(slot, summary);
}

std::uint64_t TableCache::open_tables() const noexcept {
  return impl_->open_tables();
}

TableSlot::~TableSlot() {
  // The copy keeps the cache's state alive while the slot takes leave of it.
  if (const auto cache = cache_) cache->Remove(*this);
}

}  // namespace quiver
