#include "compaction/output_writer.h"

#include <utility>

#include "base/try.h"
#include "compaction/plan_builder.h"

namespace quiver {

OutputWriter::OutputWriter(const JobContext& context, Target target)
    : context_(context), target_(std::move(target)) {}

OutputWriter::~OutputWriter() {
  writer_.reset();  // removes the file it had begun
  for (const FileNumber number : created_) {
    // What cannot be removed now is an orphan that the next open removes.
    (void)context_.directory->Remove(TableName(number));
  }
}

Result<void> OutputWriter::Add(const EntryView& entry) {
  const bool is_new_key = writer_ == nullptr || entry.key != last_key_;
  if (is_new_key) {
    const bool cut = ShouldCut(entry.key);
    if (cut) QUIVER_TRY(CloseTable());
    if (writer_ == nullptr) QUIVER_TRY(OpenTable());
    last_key_.assign(entry.key);
  }
  ++entries_written_;
  return writer_->Add(entry);
}

// Keeps count of the grandparents passed even while no output is open.
bool OutputWriter::ShouldCut(std::string_view next_key) {
  const std::vector<TableFileRef>& tables = target_.grandparents;
  bool crosses_border = false;
  while (grandparent_ < tables.size() && tables[grandparent_]->summary.largest_key < next_key) {
    crosses_border = true;
    overlap_bytes_ += tables[grandparent_]->summary.size_bytes;
    ++grandparent_;
  }
  if (writer_ == nullptr) return false;
  const std::uint64_t table_bytes = context_.config->table_size_bytes;
  const std::uint64_t size_bytes = writer_->estimated_size_bytes();
  if (size_bytes >= table_bytes) return true;
  return crosses_border && (overlap_bytes_ > kGrandparentOverlapMax * table_bytes ||
                            size_bytes >= table_bytes / 4 * 3);
}

Result<void> OutputWriter::OpenTable() {
  const DatabaseConfig& config = *context_.config;
  TableWriterOptions options;
  options.database_id = context_.database_id;
  options.keyspace = context_.keyspace;
  options.schema = context_.schema;
  options.block_size_bytes = config.block_size_bytes;
  options.value_chunk_bytes = config.value_chunk_bytes;
  options.compression = target_.compression;
  // The setting is zstd's: from level 3 on LZ4 would be another, far slower coder.
  options.compression_level =
      target_.compression == CompressionKind::kZstd ? config.compression_level : 1;
  options.filter_bits_per_key = config.filter_bits_per_key;
  options.verify_output = config.verify_output;
  options.created_s = target_.created_s;
  options.rate_limiter = context_.rate_limiter;
  options.cancelled = context_.cancelled;
  const FileNumber number = context_.new_file_number();
  QUIVER_ASSIGN_OR_RETURN(writer_, TableWriter::Create(*context_.directory, number, options));
  created_.push_back(number);
  overlap_bytes_ = 0;
  return {};
}

Result<void> OutputWriter::CloseTable() {
  QUIVER_ASSIGN_OR_RETURN(TableSummary summary, writer_->Finish());
  finished_.push_back(std::move(summary));
  writer_.reset();
  return {};
}

Result<void> OutputWriter::Finish(JobResult& result) {
  if (writer_ != nullptr) QUIVER_TRY(CloseTable());
  if (!finished_.empty()) QUIVER_TRY(context_.directory->Sync());
  std::uint64_t entries = 0;
  for (const TableSummary& summary : finished_) entries += summary.entry_count;
  if (entries != entries_written_) {
    return Error(ErrorCode::kInternal, "the job wrote " + std::to_string(entries_written_) +
                                           " entries, but its tables count " +
                                           std::to_string(entries));
  }
  for (TableSummary& summary : finished_) {
    result.written_bytes += summary.size_bytes;
    result.edit.added.push_back(
        {context_.keyspace, target_.level, target_.run, std::move(summary)});
  }
  result.entries_written = entries;
  created_.clear();
  return {};
}

}  // namespace quiver
