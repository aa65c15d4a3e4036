// Point lookup: one key in one view, newest data first; the first version found decides.
//
// Thread safety: pure functions over an immutable view; the caller holds an EpochGuard.
#pragma once

#include "base/entry.h"
#include "db/read_view.h"
#include "quiver/error.h"
#include "sstable/table.h"
#include "sstable/table_cache.h"

namespace quiver {

struct PointLookupOptions {
  bool fill_cache = true;
  bool want_pin = false;     ///< keep the bytes beyond the guard
  std::uint64_t now_us = 0;  ///< entries that expire at or before it are gone; 0: none are
};

/// True if a live value is visible; `found` then holds it.
Result<bool> LookupInView(const ReadView& view, TableCache& tables, const LookupKey& key,
                          const PointLookupOptions& options, TableAnswer& found);

/// Starts loading what LookupInView will touch in the tables.
void PrefetchInView(const ReadView& view, TableCache& tables, const LookupKey& key);

}  // namespace quiver
