#include "sstable/table_writer.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "arrow_ipc/message_encoder.h"
#include "base/coding.h"
#include "base/hash.h"
#include "base/try.h"
#include "sstable/block_builder.h"
#include "sstable/filter.h"
#include "sstable/index_builder.h"
#include "sstable/table_layout.h"
#include "sstable/table_output.h"
#include "sstable/table_reader.h"

namespace quiver {

namespace {

// Offsets of Arrow's binary columns are int32: what precedes the last row of a block and that row
// stay far below 2 GiB together.
constexpr std::uint32_t kBlockSizeBytesMax = 1U << 30;
// Offsets of separators have 32 bits.
constexpr std::uint64_t kIndexBytesMax = std::uint64_t{2} << 30;

Error Misuse(std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

class TableWriterImpl final : public TableWriter {
 public:
  TableWriterImpl(io::Directory& directory, FileNumber number, const TableWriterOptions& options,
                  std::unique_ptr<TableOutput> output)
      : directory_(directory),
        options_(options),
        identity_(options.database_id.FileIdentity(number)),
        schema_(ArrowSchemaOf(options.schema)),
        output_(std::move(output)),
        block_(options.schema, options.compression, options.compression_level,
               options.value_chunk_bytes) {
    summary_.number = number;
    summary_.created_s = options.created_s;
    output_->buffer().append(TableHead(options.schema));
    head_bytes_ = static_cast<std::uint32_t>(output_->size_bytes());
    AddSection(SectionType::kHead, 0, output_->buffer());
  }

  Result<void> Add(const EntryView& entry) override;
  Result<TableSummary> Finish() override;
  std::uint64_t entry_count() const override { return summary_.entry_count; }
  std::uint64_t estimated_size_bytes() const override;

 private:
  Result<void> CheckEntry(const EntryView& entry) const;
  Result<void> CheckWidths(const EntryView& entry) const;
  Result<void> FinishBlock(const EntryView* next);
  void Count(const EntryView& entry, bool first_of_key);
  void AddSection(SectionType type, std::uint64_t offset, std::string_view bytes);
  void AppendSection(SectionType type, std::string_view bytes);
  void AppendSections();
  void AppendTail();
  Result<void> VerifyOutput() const;

  io::Directory& directory_;
  const TableWriterOptions options_;
  const std::uint64_t identity_;
  const arrow_ipc::Schema schema_;
  std::unique_ptr<TableOutput> output_;
  BlockBuilder block_;
  IndexBuilder index_;
  FilterBuilder filter_;
  std::vector<SectionEntry> sections_;
  std::uint32_t head_bytes_ = 0;

  std::string last_key_;
  SequenceNumber last_sequence_ = 0;
  std::uint64_t last_hash_ = 0;
  TableSummary summary_;
  PropertiesHeader properties_;
  std::uint64_t blocks_end_ = 0;
  bool failed_ = false;
};

Result<void> TableWriterImpl::CheckWidths(const EntryView& entry) const {
  const TableSchema& schema = options_.schema;
  if (schema.key_width_bytes != 0 && entry.key.size() != schema.key_width_bytes) {
    return Misuse("the key has " + std::to_string(entry.key.size()) + " bytes; keys of this " +
                  "database have " + std::to_string(schema.key_width_bytes));
  }
  if (schema.value_width_bytes != 0 && entry.operation != Operation::kDelete &&
      entry.value.size() != schema.value_width_bytes) {
    return Misuse("the value has " + std::to_string(entry.value.size()) +
                  " bytes; values of this " + "database have " +
                  std::to_string(schema.value_width_bytes));
  }
  return {};
}

Result<void> TableWriterImpl::CheckEntry(const EntryView& entry) const {
  if (entry.key.size() > kKeyBytesMax) {
    return Misuse("the key has " + std::to_string(entry.key.size()) + " bytes; at most " +
                  std::to_string(kKeyBytesMax) + " are allowed");
  }
  if (entry.value.size() > kValueBytesMax) {
    return Misuse("the value has " + std::to_string(entry.value.size()) + " bytes; at most " +
                  std::to_string(kValueBytesMax) + " are allowed");
  }
  if (entry.operation > Operation::kRangeDelete) {
    return Misuse("unknown operation " + std::to_string(static_cast<unsigned>(entry.operation)));
  }
  if (entry.operation == Operation::kDelete && !entry.value.empty()) {
    return Misuse("a delete carries no value");
  }
  if (entry.sequence > kSequenceMax) {
    return Misuse("sequence " + std::to_string(entry.sequence) + " is above the largest, " +
                  std::to_string(kSequenceMax));
  }
  if (entry.expiry_us != 0 && !options_.schema.has_expiry) {
    return Misuse("the entry expires, but the table has no expiry column");
  }
  return CheckWidths(entry);
}

Result<void> TableWriterImpl::Add(const EntryView& entry) {
  if (failed_ || blocks_end_ != 0) {
    return Error(ErrorCode::kInternal, "Add after a failed or finished write", output_->name());
  }
  QUIVER_TRY(CheckEntry(entry));
  bool first_of_key = true;
  if (summary_.entry_count > 0) {
    const int order = CompareEntry(last_key_, last_sequence_, entry.key, entry.sequence);
    if (order >= 0) {
      return Error(ErrorCode::kInternal,
                   "entry " + std::to_string(summary_.entry_count) + " does not come after the " +
                       "one before it: report this",
                   output_->name());
    }
    first_of_key = entry.key != last_key_;
  }
  const std::uint64_t entry_bytes = entry.key.size() + entry.value.size();
  if (!block_.empty() && (block_.data_bytes() + entry_bytes > options_.block_size_bytes ||
                          block_.rows() == kBlockRowsMax)) {
    QUIVER_TRY(FinishBlock(&entry));
  }
  if (first_of_key) {
    last_hash_ = HashKey(entry.key);
    if (options_.filter_bits_per_key > 0) filter_.Add(last_hash_);
    last_key_.assign(entry.key);
  }
  last_sequence_ = entry.sequence;
  block_.Add(entry, last_hash_, first_of_key);
  Count(entry, first_of_key);
  return {};
}

void TableWriterImpl::Count(const EntryView& entry, bool first_of_key) {
  if (summary_.entry_count == 0) {
    summary_.smallest_key = entry.key;
    summary_.smallest_sequence = entry.sequence;
    summary_.largest_sequence = entry.sequence;
    summary_.expiry_us_min = entry.expiry_us;
  }
  ++summary_.entry_count;
  if (entry.operation == Operation::kDelete || entry.operation == Operation::kRangeDelete) {
    ++summary_.delete_count;
  }
  summary_.raw_bytes += entry.key.size() + entry.value.size();
  summary_.smallest_sequence = std::min(summary_.smallest_sequence, entry.sequence);
  summary_.largest_sequence = std::max(summary_.largest_sequence, entry.sequence);
  summary_.expiry_us_min = std::min(summary_.expiry_us_min, entry.expiry_us);
  summary_.expiry_us_max = std::max(summary_.expiry_us_max, entry.expiry_us);
  properties_.key_count += first_of_key ? 1 : 0;
  properties_.key_bytes += entry.key.size();
  properties_.value_bytes += entry.value.size();
}

Result<void> TableWriterImpl::FinishBlock(const EntryView* next) {
  const std::uint64_t offset = output_->size_bytes();
  const bool continues = next != nullptr && next->key == last_key_;
  BlockEntry entry = block_.Finish(continues, PlaceSeed(identity_, offset), output_->buffer());
  entry.offset = offset;
  index_.AddBlock(entry);
  if (next != nullptr) {
    if (index_.EstimatedBytes() > kIndexBytesMax) {
      failed_ = true;
      return Misuse("the index of one table would pass 2 GiB: use larger blocks or smaller tables");
    }
    index_.AddSeparator(last_key_, next->key);
  }
  auto flushed = output_->FlushIfLarge();
  failed_ = !flushed;
  return flushed;
}

void TableWriterImpl::AddSection(SectionType type, std::uint64_t offset, std::string_view bytes) {
  SectionEntry entry;
  entry.type = type;
  entry.offset = offset;
  entry.size_bytes = bytes.size();
  entry.checksum = Checksum(bytes, PlaceSeed(identity_, offset));
  sections_.push_back(entry);
}

void TableWriterImpl::AppendSection(SectionType type, std::string_view bytes) {
  AddSection(type, output_->size_bytes(), bytes);
  output_->buffer().append(bytes);
}

void TableWriterImpl::AppendSections() {
  blocks_end_ = output_->size_bytes();
  output_->buffer().append(arrow_ipc::kEndOfStream);
  if (options_.filter_bits_per_key > 0) {
    AppendSection(SectionType::kFilter, filter_.Finish(options_.filter_bits_per_key));
  }
  AppendSection(SectionType::kIndex, index_.EncodeIndex());
  AppendSection(SectionType::kSeparators, index_.EncodeSeparators());

  summary_.largest_key = last_key_;
  properties_.entry_count = summary_.entry_count;
  properties_.delete_count = summary_.delete_count;
  properties_.smallest_sequence = summary_.smallest_sequence;
  properties_.largest_sequence = summary_.largest_sequence;
  properties_.expiry_us_min = summary_.expiry_us_min;
  properties_.expiry_us_max = summary_.expiry_us_max;
  properties_.created_s = summary_.created_s;
  properties_.block_size_bytes = options_.block_size_bytes;
  properties_.compression_level = options_.compression_level;
  properties_.filter_bits_per_key = options_.filter_bits_per_key;
  AppendSection(SectionType::kProperties,
                EncodeProperties({properties_, summary_.smallest_key, summary_.largest_key}));
}

void TableWriterImpl::AppendTail() {
  const arrow_ipc::RecordBatchTemplate& message = block_.message();
  std::vector<arrow_ipc::FooterBlock> blocks;
  blocks.reserve(index_.entries().size());
  for (const BlockEntry& entry : index_.entries()) {
    blocks.push_back({entry.offset, message.size_bytes(),
                      entry.stored_bytes - std::uint64_t{message.size_bytes()}});
  }
  const std::string footer = arrow_ipc::EncodeFileTail(schema_, blocks);

  TableTrailer trailer;
  trailer.keyspace = options_.keyspace;
  trailer.database_id_high = options_.database_id.high;
  trailer.database_id_low = options_.database_id.low;
  trailer.number = summary_.number;
  trailer.entry_count = summary_.entry_count;
  trailer.block_count = index_.entries().size();
  trailer.blocks_end = blocks_end_;
  trailer.directory_offset = output_->size_bytes();
  trailer.directory_entries = static_cast<std::uint32_t>(sections_.size());
  trailer.head_bytes = head_bytes_;
  trailer.message_bytes = message.size_bytes();
  trailer.rows_offset = message.rows_offset();
  trailer.body_bytes_offset = message.body_bytes_offset();
  trailer.nodes_offset = message.nodes_offset();
  trailer.buffers_offset = message.buffers_offset();
  trailer.key_width_bytes = options_.schema.key_width_bytes;
  trailer.value_width_bytes = options_.schema.value_width_bytes;
  trailer.has_expiry = options_.schema.has_expiry ? 1 : 0;
  trailer.compression = static_cast<std::uint8_t>(options_.compression);
  trailer.value_chunk_bytes = options_.value_chunk_bytes;
  trailer.footer_bytes = static_cast<std::uint32_t>(footer.size());

  const std::string_view directory(reinterpret_cast<const char*>(sections_.data()),
                                   sections_.size() * sizeof(SectionEntry));
  const std::uint64_t trailer_offset = trailer.directory_offset + directory.size();
  const std::uint64_t footer_offset = trailer_offset + sizeof(TableTrailer);
  trailer.file_bytes = footer_offset + footer.size();
  trailer.directory_checksum = Checksum(directory, PlaceSeed(identity_, trailer.directory_offset));
  trailer.footer_checksum = Checksum(footer, PlaceSeed(identity_, footer_offset));
  trailer.checksum = TrailerChecksum(trailer, trailer_offset);
  output_->buffer().append(directory);
  output_->buffer().append(BytesOf(trailer));
  output_->buffer().append(footer);
  summary_.size_bytes = trailer.file_bytes;
  summary_.digest = trailer.checksum;
}

Result<void> TableWriterImpl::VerifyOutput() const {
  TableContext context;
  context.directory = &directory_;
  context.database_id = options_.database_id;
  QUIVER_ASSIGN_OR_RETURN(auto table, TableReader::OpenReader(context, summary_));
  return table->VerifyBlockChecksums();
}

Result<TableSummary> TableWriterImpl::Finish() {
  if (failed_ || blocks_end_ != 0) {
    return Error(ErrorCode::kInternal, "Finish after a failed or finished write", output_->name());
  }
  if (summary_.entry_count == 0) return Misuse("a table needs at least one entry");
  QUIVER_TRY(FinishBlock(nullptr));
  failed_ = true;  // until the end is reached
  AppendSections();
  AppendTail();
  QUIVER_TRY(output_->Finish());
  if (options_.verify_output) {
    if (auto verified = VerifyOutput(); !verified) {
      return verified.error().WithContext("the table just written does not read back");
    }
  }
  output_->Keep();
  failed_ = false;
  return summary_;
}

std::uint64_t TableWriterImpl::estimated_size_bytes() const {
  if (blocks_end_ != 0) return output_->size_bytes();
  // The open block counts with its raw size: it is small beside the file.
  constexpr std::uint64_t kFooterBlockBytes = 24;
  constexpr std::uint64_t kRowBytes = sizeof(std::uint64_t) + 1;
  std::uint64_t bytes = output_->size_bytes() + block_.data_bytes() + block_.rows() * kRowBytes +
                        index_.EstimatedBytes() + index_.entries().size() * kFooterBlockBytes +
                        2 * std::uint64_t{head_bytes_} + sizeof(TableTrailer) +
                        sizeof(PropertiesHeader) + summary_.smallest_key.size() + last_key_.size();
  if (options_.filter_bits_per_key > 0) {
    bytes += filter_.EstimatedBytes(options_.filter_bits_per_key);
  }
  return bytes;
}

}  // namespace

Result<std::unique_ptr<TableWriter>> TableWriter::Create(io::Directory& directory,
                                                         FileNumber number,
                                                         const TableWriterOptions& options) {
  if (number == 0) return Misuse("table number 0 is reserved");
  if (options.block_size_bytes == 0 || options.block_size_bytes > kBlockSizeBytesMax) {
    return Misuse("block_size_bytes is " + std::to_string(options.block_size_bytes) +
                  "; allowed are 1 to " + std::to_string(kBlockSizeBytesMax));
  }
  if (options.schema.key_width_bytes > kKeyBytesMax ||
      options.schema.value_width_bytes > kValueBytesMax) {
    return Misuse("a column of fixed width is wider than keys or values may be");
  }
  QUIVER_ASSIGN_OR_RETURN(
      auto output,
      TableOutput::Create(directory, TableName(number), options.rate_limiter, options.cancelled));
  return std::make_unique<TableWriterImpl>(directory, number, options, std::move(output));
}

}  // namespace quiver
