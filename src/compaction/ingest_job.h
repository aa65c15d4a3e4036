// IngestJob: makes tables of the rows of Arrow files, in two steps, so that the sequence number is
// only needed for the second:
//
//   Collect   reads and checks every row; finds out whether the keys ascend already, else sorts
//   Write     writes the tables, all rows with one sequence number
//
// Rows that ascend already are not copied: Write reads the files once more. Like every job it sees
// neither the database nor its locks, and returns a VersionEdit (compaction_job.h).
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "arrow_ipc/foreign_file.h"
#include "base/callback_guard.h"
#include "compaction/compaction_job.h"
#include "compaction/ingest_sort.h"

namespace quiver {

class IngestJob {
 public:
  struct Input {
    std::vector<const io::ReadableFile*> files;  ///< in the order in which the last row wins
    arrow_ipc::RowColumns columns;
    bool refuse_duplicates = false;
    std::uint64_t memory_bytes = 0;
    /// Rows done and in all, over all passes; may be empty.
    std::function<void(std::uint64_t done_rows, std::uint64_t total_rows)> progress;
  };
  /// `context` must outlive the job.
  IngestJob(const JobContext& context, Input input);

  /// kInvalidArgument naming file and row of what no put would take; kCorruption, kUnsupported and
  /// kIo of the files.
  Result<void> Collect();
  /// Writes to tables of `level`; no tables if there are no rows. After a failure, or if its answer
  /// cannot be used, it may be called again. kInvalidArgument for refused duplicates.
  struct Target {
    SequenceNumber sequence = 0;
    std::uint32_t level = 0;
    CompressionKind compression = CompressionKind::kNone;
  };
  Result<JobResult> Write(const Target& target);

  std::uint64_t rows() const noexcept { return rows_; }
  std::uint64_t row_bytes() const noexcept { return row_bytes_; }
  bool was_sorted() const noexcept { return sort_ == nullptr; }
  std::uint64_t spilled_bytes() const noexcept {
    return sort_ == nullptr ? 0 : sort_->spilled_bytes();
  }
  /// The borders of all keys; only with rows.
  const std::string& smallest_key() const noexcept { return smallest_key_; }
  const std::string& largest_key() const noexcept { return largest_key_; }

 private:
  using RowSink = std::function<Result<bool>(const IngestRow&)>;
  Result<void> OpenFiles();
  Result<void> ReadAll(const RowSink& sink);
  Result<IngestRow> CheckRow(const arrow_ipc::ForeignRow& row, const std::string& file,
                             std::uint64_t number) const;
  /// Tells of progress and looks whether to stop.
  Result<void> CountRow();
  void NoteRow(const IngestRow& row);
  Result<void> WriteSorted(const IngestSink& sink);
  Error DuplicateError(std::string_view key) const;

  JobContext context_;
  const Input input_;
  std::vector<std::unique_ptr<arrow_ipc::ForeignFileReader>> readers_;
  std::unique_ptr<IngestSort> sort_;  ///< nullptr: the files are in order
  std::uint64_t rows_ = 0;
  std::uint64_t row_bytes_ = 0;
  std::uint64_t rows_done_ = 0;
  std::uint64_t rows_total_ = 0;
  CallbackGuard progress_guard_;
  std::string smallest_key_;
  std::string largest_key_;
};

}  // namespace quiver
