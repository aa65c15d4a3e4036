// TableCache: opens tables on first use and keeps at most open_files_max of them open.
//
// A TableSlot lies in the version's record of each file; it holds the open table or null, so that
// a lookup finds an open table with one load under its EpochGuard. When too many are open, a clock
// hand closes one that was not used since its last pass; it is opened again on demand.
//
// Thread safety: everything from any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/epoch.h"
#include "base/mutex.h"
#include "quiver/error.h"
#include "sstable/table.h"

namespace quiver {

class TableSlot;

class TableCache {
 public:
  /// `context` and `epochs` must outlive the cache, not the slots.
  TableCache(const TableContext& context, EpochManager& epochs, std::uint32_t open_files_max);
  /// Closes all tables; slots and pinned tables may live on.
  ~TableCache();
  TableCache(const TableCache&) = delete;
  TableCache& operator=(const TableCache&) = delete;

  /// The open table, opened now if need be; valid while the caller's EpochGuard lives. One load
  /// when it is open already.
  Result<const Table*> Find(TableSlot& slot, const TableSummary& summary);
  /// The same, pinned beyond the guard. Needs no guard.
  Result<std::shared_ptr<const Table>> Pin(TableSlot& slot, const TableSummary& summary);
  std::uint64_t open_tables() const noexcept;

 private:
  friend class TableSlot;
  class Impl;
  std::shared_ptr<Impl> impl_;
};

/// The place of one table in the cache; removed from it when destroyed. May outlive the cache. Not
/// movable.
class TableSlot {
 public:
  TableSlot() = default;
  ~TableSlot();
  TableSlot(const TableSlot&) = delete;
  TableSlot& operator=(const TableSlot&) = delete;

 private:
  friend class TableCache;
  std::atomic<const Table*> table_{nullptr};
  std::atomic<bool> referenced_{false};  ///< since the clock hand passed
  // Guarded by the cache's mutex:
  std::shared_ptr<const Table> owner_;
  std::shared_ptr<TableCache::Impl> cache_;  ///< set when first opened
  std::size_t position_ = 0;                 ///< in the ring
};

}  // namespace quiver
