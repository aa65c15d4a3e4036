// Point lookup: one key in one view, newest data first; the first version found decides.
//
// Thread safety: pure functions over an immutable view; the caller holds an EpochGuard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/entry.h"
#include "db/read_view.h"
#include "io/clock.h"
#include "quiver/error.h"
#include "quiver/merge_operator.h"
#include "sstable/table.h"
#include "sstable/table_cache.h"
#include "version/version.h"

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

/// Walks the tables of a version that may hold a key, newest first.
class TableWalk {
 public:
  /// Behind the last.
  TableWalk() = default;
  TableWalk(const Version& version, std::string_view key) noexcept
      : levels_(version.levels()), key_(key) {}

  /// The next table whose key range holds the key, or null behind the last.
  const TableFile* Next() noexcept;

 private:
  std::span<const Level> levels_;
  std::string_view key_;
  std::size_t level_ = 0;
  std::size_t run_ = 0;
};

/// The newest visible version in the memtables; true if there is one, of whatever kind.
bool NewestInMemtables(const ReadView& view, const LookupKey& key,
                       const PointLookupOptions& options, TableAnswer& found);
/// The same for the tables that `walk` has still before it.
Result<bool> NewestInTables(TableWalk walk, TableCache& tables, const LookupKey& key,
                            const PointLookupOptions& options, TableAnswer& found);
/// What the newest version in `found` means: true if it leads to a live value, which `found` then
/// holds.
Result<bool> ResolveInView(const ReadView& view, TableCache& tables, const LookupKey& key,
                           const PointLookupOptions& options, TableAnswer& found);

}  // namespace quiver
