// Whether a view holds something newer than a sequence: the question that validates a transaction.
//
// Memtables and tables whose newest entry is older are left out unread, so it costs what was
// written since. A range delete counts as a write to every key in its range.
//
// Thread safety: pure functions over an immutable view; the caller holds an EpochGuard.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "db/read_view.h"
#include "quiver/error.h"
#include "sstable/table_cache.h"

namespace quiver {

Result<bool> HasNewerVersion(const ReadView& view, TableCache& tables, std::string_view key,
                             SequenceNumber since);

struct KeyInterval {
  std::string_view begin;
  std::optional<std::string_view> end;  ///< exclusive; without one all keys from `begin` on
};
/// Some key of `interval` that was written after `since`, or nullopt. Cost: a walk over the
/// interval in every memtable and table that has newer entries; blocks without one are passed over.
Result<std::optional<std::string>> NewerVersionInRange(const ReadView& view, TableCache& tables,
                                                       const KeyInterval& interval,
                                                       SequenceNumber since);

}  // namespace quiver
