// Tables that hold nothing any more for any reader: they are forgotten without being read.
//
// Thread safety: pure.
#pragma once

#include <optional>
#include <set>

#include "compaction/compaction_strategy.h"
#include "compaction/retention.h"

namespace quiver {

/// A plan that drops tables, none of them in `busy`, in which every entry is hidden by a range
/// delete or has expired for every reader. An expired entry hides older versions of its key, so an
/// expired table goes only if no older run overlaps it. Nothing if there is no such table.
std::optional<CompactionPlan> PickDead(const Version& version, const Retention& retention,
                                       const std::set<FileNumber>& busy);

}  // namespace quiver
