#include "db/cache_warmth.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/epoch.h"
#include "sstable/table_cache.h"

namespace quiver {

namespace {

class Warmth {
 public:
  explicit Warmth(const JobContext& jobs) : jobs_(jobs) {}

  void Add(const std::vector<TableFileRef>& files) {
    for (const TableFileRef& file : files) {
      const auto table = jobs_.table_cache->Pin(file->slot, file->summary);
      if (!table) continue;  // whoever needs it reports it
      blocks_ += (*table)->block_count();
      cached_blocks_ += (*table)->cached_blocks();
    }
  }
  bool IsWarm() const { return 2 * cached_blocks_ > blocks_; }

 private:
  const JobContext& jobs_;
  std::uint64_t blocks_ = 0;
  std::uint64_t cached_blocks_ = 0;
};

}  // namespace

bool InputsAreWarm(const CompactionPlan& plan, const JobContext& jobs) {
  if (plan.action != CompactionAction::kMerge) return false;  // nobody loses a block
  Warmth warmth(jobs);
  for (const CompactionInput& input : plan.inputs) warmth.Add(input.tables);
  return warmth.IsWarm();
}

bool NewestRunIsWarm(const Version& version, const JobContext& jobs) {
  Warmth warmth(jobs);
  for (const Level& level : version.levels()) {
    if (level.runs.empty()) continue;
    warmth.Add(level.runs.front().tables);
    break;
  }
  return warmth.IsWarm();
}

void WarmOutputs(const Version& version, const VersionEdit& edit, const JobContext& jobs) {
  const auto was_added = [&edit](const TableFileRef& file) {
    return std::ranges::any_of(edit.added, [&](const VersionEdit::AddedTable& added) {
      return added.summary.number == file->summary.number;
    });
  };
  for (const Level& level : version.levels()) {
    for (const SortedRun& run : level.runs) {
      for (const TableFileRef& file : run.tables) {
        if (!was_added(file)) continue;
        const auto table = jobs.table_cache->Pin(file->slot, file->summary);
        if (!table || !(*table)->LoadWhileRoom([&jobs] {
              return jobs.cancelled != nullptr && jobs.cancelled->load(std::memory_order_relaxed);
            })) {
          return;
        }
      }
    }
  }
}

}  // namespace quiver
