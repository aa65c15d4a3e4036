#include "db/arrow_stream_source.h"

#include <limits>

#include "base/try.h"

namespace quiver {

namespace {

// A batch of the engine's choice ends with whichever comes first.
constexpr std::uint64_t kBatchRows = 65'536;
constexpr std::uint64_t kBatchBytes = std::uint64_t{2} << 20;

arrow_ipc::Schema SchemaOf(const ArrowProjection& projection) {
  using arrow_ipc::ColumnType;
  arrow_ipc::Schema schema;
  if (projection.key) schema.columns.push_back({.name = "key", .type = ColumnType::kBinary});
  if (projection.value) schema.columns.push_back({.name = "value", .type = ColumnType::kBinary});
  if (projection.sequence) {
    schema.columns.push_back({.name = "sequence", .type = ColumnType::kUInt64});
  }
  schema.metadata = {{"quiver.stream", "1"}, {"quiver.order", "key ascending"}};
  return schema;
}

ArrowProjection ProjectionOf(const ArrowStreamOptions& options) {
  return {.key = options.with_key, .value = options.with_value, .sequence = options.with_sequence};
}

}  // namespace

ArrowStreamSource::ArrowStreamSource(std::unique_ptr<Iterator::Impl> rows,
                                     const ArrowStreamOptions& options)
    : rows_(std::move(rows)),
      schema_(SchemaOf(ProjectionOf(options))),
      batch_rows_max_(options.batch_rows != 0 ? options.batch_rows : kBatchRows),
      batch_bytes_max_(options.batch_rows != 0 ? ArrowBatchBuilder::kDataBytesMax : kBatchBytes),
      rows_left_(options.limit != 0 ? options.limit : std::numeric_limits<std::uint64_t>::max()),
      builder_(ProjectionOf(options)) {}

bool ArrowStreamSource::IsFull() const noexcept {
  return rows_left_ == 0 || builder_.rows() >= batch_rows_max_ ||
         builder_.data_bytes() >= batch_bytes_max_;
}

Result<arrow_ipc::CDataBatch> ArrowStreamSource::Next() {
  if (!started_) {
    const auto timer = rows_->TimeSeek();
    rows_->SeekToFirst();
    started_ = true;
  }
  for (; rows_->Valid() && !IsFull(); rows_->Next()) {
    builder_.AddRow(rows_->key(), rows_->value(), rows_->sequence());
    --rows_left_;
  }
  QUIVER_TRY(rows_->status());
  return builder_.Finish();
}

}  // namespace quiver
