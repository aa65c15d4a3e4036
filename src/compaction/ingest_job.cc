#include "compaction/ingest_job.h"

#include <algorithm>
#include <utility>

#include "base/escape.h"
#include "base/try.h"
#include "compaction/job_run.h"
#include "compaction/output_writer.h"
#include "metrics/engine_metrics.h"

namespace quiver {

namespace {

constexpr std::uint64_t kRowsBetweenChecks = 1024;

bool HasColumn(const arrow_ipc::Schema& schema, std::string_view name) {
  return std::ranges::any_of(schema.columns,
                             [&](const arrow_ipc::Column& each) { return each.name == name; });
}

}  // namespace

IngestJob::IngestJob(const JobContext& context, Input input)
    : context_(context), input_(std::move(input)) {
  context_.schema.has_expiry = !input_.columns.expiry.empty();
}

Result<void> IngestJob::OpenFiles() {
  for (const io::ReadableFile* file : input_.files) {
    QUIVER_ASSIGN_OR_RETURN(auto reader, arrow_ipc::ForeignFileReader::Open(*file));
    if (HasColumn(reader->schema(), "sequence") && HasColumn(reader->schema(), "operation")) {
      return Error(ErrorCode::kInvalidArgument,
                   "looks like a table of Quiver: its rows include deletes and old versions. "
                   "'quiver export' writes a file of live rows",
                   file->name());
    }
    rows_total_ += reader->row_count();
    readers_.push_back(std::move(reader));
  }
  return {};
}

// What Put would refuse is refused here, by file and row.
Result<IngestRow> IngestJob::CheckRow(const arrow_ipc::ForeignRow& row, const std::string& file,
                                      std::uint64_t number) const {
  const auto refuse = [&](const std::string& what) {
    return Error(ErrorCode::kInvalidArgument, "row " + std::to_string(number) + " " + what, file);
  };
  const auto width = [&](const char* name, std::size_t bytes, std::uint32_t declared) {
    return refuse("has a " + std::string(name) + " of " + std::to_string(bytes) +
                  " bytes, but the keyspace was created with " + name +
                  "_width_bytes = " + std::to_string(declared));
  };
  if (row.key.null || row.value.null) {
    return refuse(std::string("has no ") + (row.key.null ? "key" : "value") +
                  " (null); fill or drop such rows first");
  }
  const std::size_t key_bytes = row.key.bytes.size();
  const std::size_t value_bytes = row.value.bytes.size();
  if (key_bytes > kKeyBytesMax || value_bytes > kValueBytesMax) {
    return refuse("has " + std::to_string(key_bytes) + " bytes of key and " +
                  std::to_string(value_bytes) + " of value; at most " +
                  std::to_string(kKeyBytesMax) + " and " + std::to_string(kValueBytesMax) +
                  " are allowed");
  }
  const TableSchema& schema = context_.schema;
  if (schema.key_width_bytes != 0 && key_bytes != schema.key_width_bytes) {
    return width("key", key_bytes, schema.key_width_bytes);
  }
  if (schema.value_width_bytes != 0 && value_bytes != schema.value_width_bytes) {
    return width("value", value_bytes, schema.value_width_bytes);
  }
  return IngestRow{row.key.bytes, row.value.bytes, row.expiry_us};
}

Result<void> IngestJob::CountRow() {
  if (++rows_done_ % kRowsBetweenChecks != 0) return {};
  QUIVER_TRY(CheckCancelled(context_));
  if (!input_.progress) return {};
  (void)progress_guard_.Call([&] {
    input_.progress(rows_done_, rows_total_);
    return true;
  });
  return progress_guard_.status();
}

Result<void> IngestJob::ReadAll(const RowSink& sink) {
  bool stopped = false;
  for (std::size_t i = 0; i < readers_.size() && !stopped; ++i) {
    const std::string& file = input_.files[i]->name();
    std::uint64_t number = 0;
    const auto take = [&](const arrow_ipc::ForeignRow& cells) -> Result<bool> {
      QUIVER_ASSIGN_OR_RETURN(const IngestRow row, CheckRow(cells, file, number++));
      QUIVER_TRY(CountRow());
      QUIVER_ASSIGN_OR_RETURN(const bool go_on, sink(row));
      stopped = !go_on;
      return go_on;
    };
    QUIVER_TRY(readers_[i]->ReadRows(input_.columns, take));
  }
  return {};
}

void IngestJob::NoteRow(const IngestRow& row) {
  if (rows_++ == 0 || row.key < smallest_key_) smallest_key_.assign(row.key);
  if (rows_ == 1 || row.key > largest_key_) largest_key_.assign(row.key);
  row_bytes_ += row.key.size() + row.value.size();
}

Result<void> IngestJob::Collect() {
  QUIVER_TRY(OpenFiles());
  rows_total_ *= 2;
  bool ascends = true;
  QUIVER_TRY(ReadAll([&](const IngestRow& row) -> Result<bool> {
    ascends = rows_ == 0 || row.key >= largest_key_;
    if (ascends) NoteRow(row);
    return ascends;
  }));
  if (ascends) return {};
  rows_total_ += rows_done_;
  rows_ = 0;
  row_bytes_ = 0;
  sort_ = std::make_unique<IngestSort>(context_, input_.memory_bytes);
  return ReadAll([&](const IngestRow& row) -> Result<bool> {
    NoteRow(row);
    QUIVER_TRY(sort_->Add(row));
    return true;
  });
}

Error IngestJob::DuplicateError(std::string_view key) const {
  return {ErrorCode::kInvalidArgument,
          "several rows have the key " + EscapeBytes(key) +
              "; drop all but one, or let the last one win (refuse_duplicates = false)"};
}

// Rows of files that ascend: of each key the last, which is known when the next key comes.
Result<void> IngestJob::WriteSorted(const IngestSink& sink) {
  std::string key, value;
  std::uint64_t expiry_us = 0;
  bool has_row = false;
  std::uint64_t rows = 0;
  const RowSink take = [&](const IngestRow& row) -> Result<bool> {
    ++rows;
    if (has_row && row.key != key) {
      if (row.key < key) {
        return Error(ErrorCode::kCorruption, "the files changed while they were read");
      }
      QUIVER_TRY(sink({key, value, expiry_us}));
    } else if (has_row && input_.refuse_duplicates) {
      return DuplicateError(key);
    }
    key.assign(row.key);
    value.assign(row.value);
    expiry_us = row.expiry_us;
    has_row = true;
    return true;
  };
  QUIVER_TRY(ReadAll(take));
  if (rows != rows_) {
    return Error(ErrorCode::kCorruption, "the files changed while they were read");
  }
  return has_row ? sink({key, value, expiry_us}) : Result<void>();
}

Result<JobResult> IngestJob::Write(const Target& target) {
  const std::uint64_t start_ns = context_.clock->MonotonicNanos();
  const CompactionMemory memory(context_.ledger, OutputBufferBytes(*context_.config));
  JobResult result;
  if (rows_ == 0) return result;
  OutputWriter output(context_, {.level = target.level,
                                 .run = context_.new_run_number(),
                                 .compression = target.compression,
                                 .created_s = NowSeconds(*context_.clock),
                                 .grandparents = {}});
  const IngestSink write = [&](const IngestRow& row) {
    return output.Add({row.key, row.value, target.sequence, Operation::kPut, row.expiry_us});
  };
  if (sort_ == nullptr) {
    QUIVER_TRY(WriteSorted(write));
  } else {
    const IngestSink count_and_write = [&](const IngestRow& row) -> Result<void> {
      QUIVER_TRY(CountRow());
      return write(row);
    };
    QUIVER_TRY(sort_->ForEach(count_and_write));
    if (sort_->has_duplicates() && input_.refuse_duplicates) {
      return DuplicateError(sort_->duplicate_key());
    }
  }
  QUIVER_TRY(output.Finish(result));
  result.entries_read = rows_;
  result.entries_dropped = rows_ - result.entries_written;
  result.duration_ns = context_.clock->MonotonicNanos() - start_ns;
  return result;
}

}  // namespace quiver
