// PickIdle: what to merge while nobody writes, though no strategy asks for it.
//
// A strategy leaves runs side by side because merging them at once would have each byte written
// more often. Once writing has ended that reason is gone, and each run left costs every seek and
// scan. So, from the newest run on that has one in proportion behind it, as many runs are merged
// into one as keep two bounds:
//   - no run is taken that is more than level_size_ratio times as large as all newer ones together,
//     so that what is written again for the sake of reads stays in proportion to what was new;
//   - all together are at most kIdleMergeBaseLevels times level_base_bytes, so that a merge ends
//     soon and needs little free space.
//
// Thread safety: pure.
#pragma once

#include <optional>

#include "compaction/compaction_strategy.h"

namespace quiver {

inline constexpr std::uint64_t kIdleMergeBaseLevels = 8;

/// Nothing if no two runs keep the bounds, while any table is busy, and with FIFO, which never
/// merges for reads.
std::optional<CompactionPlan> PickIdle(const Version& version, const DatabaseConfig& config,
                                       const CompactionContext& context);

}  // namespace quiver
