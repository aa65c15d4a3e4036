// Point lookup: one key in one view, newest data first; the first version found decides.
//
// Thread safety: pure functions over an immutable view; the caller holds an EpochGuard.
#pragma once

#include "base/entry.h"
#include "db/read_view.h"
#include "io/clock.h"
#include "quiver/error.h"
#include "quiver/merge_operator.h"
#include "sstable/table.h"
#include "sstable/table_cache.h"

namespace quiver {

struct PointLookupOptions {
  bool fill_cache = true;
  bool want_pin = false;  ///< keep the bytes beyond the guard
  /// Entries that expire at or before it are gone; 0: the clock is asked, if one can expire.
  std::uint64_t now_us = 0;
  io::Clock* clock = nullptr;
  const MergeOperator* merge_operator = nullptr;

  bool IsExpired(std::uint64_t expiry_us) const {
    if (expiry_us == 0) [[likely]]
      return false;
    return expiry_us <= (now_us != 0 ? now_us : clock->WallMicros());
  }
};

/// True if there is a visible version, of whatever kind; `found` then holds it.
Result<bool> NewestInView(const ReadView& view, TableCache& tables, const LookupKey& key,
                          const PointLookupOptions& options, TableAnswer& found);

/// True if a live value is visible; `found` then holds it.
Result<bool> LookupInView(const ReadView& view, TableCache& tables, const LookupKey& key,
                          const PointLookupOptions& options, TableAnswer& found);

/// Starts loading what LookupInView will touch in the tables.
void PrefetchInView(const ReadView& view, TableCache& tables, const LookupKey& key);

}  // namespace quiver
