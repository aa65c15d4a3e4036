// JobRun: what flush and compaction share: the passage of entries from a merge into outputs.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>

#include "compaction/compaction_iterator.h"
#include "compaction/compaction_job.h"
#include "compaction/output_writer.h"

namespace quiver {

/// Charges the ledger for a scope.
class CompactionMemory {
 public:
  CompactionMemory(MemoryLedger* ledger, std::uint64_t bytes) noexcept
      : ledger_(ledger), bytes_(static_cast<std::int64_t>(bytes)) {
    if (ledger_ != nullptr) ledger_->Charge(MemoryOwner::kCompaction, bytes_);
  }
  ~CompactionMemory() {
    if (ledger_ != nullptr) ledger_->Charge(MemoryOwner::kCompaction, -bytes_);
  }
  CompactionMemory(const CompactionMemory&) = delete;
  CompactionMemory& operator=(const CompactionMemory&) = delete;

 private:
  MemoryLedger* const ledger_;
  const std::int64_t bytes_;
};

/// Memory that writing one table takes beside its index and filter: a block being filled, its
/// encoded form and the file's buffer.
std::uint64_t OutputBufferBytes(const DatabaseConfig& config) noexcept;

/// Passes everything that `survivors` yields to `output` and fills in `result`, all but what is
/// read from files. kClosed soon after *context.cancelled turned true.
Result<void> WriteSurvivors(const JobContext& context, CompactionIterator& survivors,
                            OutputWriter& output, JobResult& result);

/// kClosed once *context.cancelled has turned true.
Result<void> CheckCancelled(const JobContext& context);

/// Wall clock in seconds.
inline std::uint64_t NowSeconds(io::Clock& clock) {
  return clock.WallMicros() / 1'000'000;
}

}  // namespace quiver
