// The names of the reasons for which a write waits: labels of metrics and words of messages.
#include "quiver/metrics.h"

namespace quiver {

const char* StallReasonName(StallReason reason) noexcept {
  switch (reason) {
    case StallReason::kMemtablesFull: return "memtables_full";
    case StallReason::kTooManyRuns: return "too_many_runs";
    case StallReason::kRunsSlowdown: return "runs_slowdown";
    case StallReason::kDiskFull: return "disk_full";
  }
  return "unknown";
}

}  // namespace quiver
