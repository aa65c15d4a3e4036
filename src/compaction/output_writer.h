// OutputWriter: writes the surviving entries of a job into tables of one run.
//
// An output is closed when it has the size of a table, and earlier where it would come to overlap
// more than kGrandparentOverlapMax times that much of the level below; from three quarters of the
// size on it is also closed at a border of a table below, so that later merges find tables that
// match.
//
// Invariants:
//  1. The versions of one user key never span two outputs.
//  2. Unless Finish succeeded, the destructor removes every output from the directory.
//  3. An output that Finish returned is synced, and so is its name.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "compaction/compaction_job.h"

namespace quiver {

class OutputWriter {
 public:
  struct Target {
    std::uint32_t level = 0;
    RunNumber run = 0;
    CompressionKind compression = CompressionKind::kNone;
    std::uint64_t created_s = 0;
    std::vector<TableFileRef> grandparents;  ///< in key order
  };
  /// `context` must outlive the writer.
  OutputWriter(const JobContext& context, Target target);
  ~OutputWriter();
  OutputWriter(const OutputWriter&) = delete;
  OutputWriter& operator=(const OutputWriter&) = delete;

  /// Entries in strictly ascending entry order.
  Result<void> Add(const EntryView& entry);
  /// Closes the last output, makes all of them durable and adds them to `result`.
  Result<void> Finish(JobResult& result);

 private:
  bool ShouldCut(std::string_view next_key);
  Result<void> OpenTable();
  Result<void> CloseTable();

  const JobContext& context_;
  const Target target_;
  std::unique_ptr<TableWriter> writer_;
  std::string last_key_;
  std::uint64_t entries_written_ = 0;
  std::vector<FileNumber> created_;  ///< every output begun, to be removed if the job fails
  std::vector<TableSummary> finished_;
  std::size_t grandparent_ = 0;      ///< first one that does not lie wholly before the last key
  std::uint64_t overlap_bytes_ = 0;  ///< of grandparents that the open output has passed
};

}  // namespace quiver
