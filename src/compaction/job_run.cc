#include "compaction/job_run.h"

#include "base/try.h"

namespace quiver {

namespace {

// How much may pass between two looks at the flag. Each survivor counts, and so does every entry
// that is dropped on the way to it.
constexpr std::uint64_t kEntriesBetweenChecks = 1000;
constexpr std::uint64_t kBytesBetweenChecks = std::uint64_t{1} << 20;
constexpr std::uint64_t kFileBufferBytes = std::uint64_t{1} << 20;

}  // namespace

Result<void> CheckCancelled(const JobContext& context) {
  if (context.cancelled == nullptr || !context.cancelled->load(std::memory_order_acquire)) {
    return {};
  }
  return Error(ErrorCode::kClosed, "the job was cancelled because the database is being closed");
}

std::uint64_t OutputBufferBytes(const DatabaseConfig& config) noexcept {
  return std::uint64_t{3} * config.block_size_bytes + kFileBufferBytes;
}

Result<void> WriteSurvivors(const JobContext& context, CompactionIterator& survivors,
                            OutputWriter& output, JobResult& result) {
  QUIVER_TRY(CheckCancelled(context));
  std::uint64_t checked_at_entry = 0;
  std::uint64_t bytes = 0;
  for (survivors.SeekToFirst(); survivors.Valid(); survivors.Next()) {
    const EntryView& entry = survivors.entry();
    bytes += entry.key.size() + entry.value.size();
    if (bytes >= kBytesBetweenChecks ||
        survivors.entries_read() - checked_at_entry >= kEntriesBetweenChecks) {
      QUIVER_TRY(CheckCancelled(context));
      checked_at_entry = survivors.entries_read();
      bytes = 0;
    }
    QUIVER_TRY(output.Add(entry));
  }
  QUIVER_TRY(survivors.status());
  QUIVER_TRY(CheckCancelled(context));
  QUIVER_TRY(output.Finish(result));
  if (const SequenceNumber cleaned = survivors.cleaned_sequence(); cleaned != 0) {
    for (const VersionEdit::AddedTable& table : result.edit.added) {
      result.edit.cleaned.push_back({table.keyspace, table.summary.number, cleaned});
    }
  }
  result.entries_read = survivors.entries_read();
  result.entries_dropped = survivors.entries_dropped();
  if (result.entries_read != result.entries_written + result.entries_dropped) {
    return Error(ErrorCode::kInternal, "entries were lost: " + std::to_string(result.entries_read) +
                                           " read, " + std::to_string(result.entries_written) +
                                           " written, " + std::to_string(result.entries_dropped) +
                                           " dropped");
  }
  return {};
}

}  // namespace quiver
