#include "db/arrow_stream_source.h"

#include <algorithm>
#include <limits>

#include "base/try.h"

namespace quiver {

namespace {

// A batch of the engine's choice ends with whichever comes first.
constexpr std::uint64_t kBatchRows = 65'536;
constexpr std::uint64_t kBatchBytes = std::uint64_t{2} << 20;
// From here on a view is cheaper than a copy of the rows: the copy takes some 12 us, a batch of its
// own 7 us of pyarrow's time.
constexpr std::uint64_t kViewBytesMin = std::uint64_t{128} << 10;

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
      rows_are_fixed_(options.batch_rows != 0),
      batch_rows_max_(options.batch_rows != 0 ? options.batch_rows : kBatchRows),
      batch_bytes_max_(options.batch_rows != 0 ? ArrowBatchBuilder::kDataBytesMax : kBatchBytes),
      rows_left_(options.limit != 0 ? options.limit : std::numeric_limits<std::uint64_t>::max()),
      builder_(ProjectionOf(options)),
      view_(ProjectionOf(options)) {}

Result<void> ArrowStreamSource::CheckUsable() const {
  Result<void> status = rows_->status();
  if (!status && status.error().code() == ErrorCode::kClosed) {
    return Error(ErrorCode::kClosed, "the database of this Arrow stream was closed");
  }
  return status;
}

bool ArrowStreamSource::IsFull() const noexcept {
  return rows_left_ == 0 || builder_.rows() >= batch_rows_max_ ||
         builder_.data_bytes() >= batch_bytes_max_;
}

// Whether the first `rows` rows of `span`, which are all that a new batch would take of it, should
// be a batch of their own.
bool ArrowStreamSource::WorthAView(const EntrySpan& span, std::uint32_t rows) const noexcept {
  if (rows == 0 || span.columns->owner == nullptr) return false;
  if (rows_are_fixed_) return rows == batch_rows_max_ || rows == rows_left_;
  return view_.CopyBytes(span, rows) >= kViewBytesMin;
}

void ArrowStreamSource::PassOver(std::uint32_t rows) {
  rows_left_ -= rows;
  rows_->Skip(rows);
}

// Rows of `span` for a batch that has `taken` rows already.
std::uint32_t ArrowStreamSource::RowsOf(const EntrySpan& span, std::uint64_t taken) const noexcept {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>({span.rows(), rows_left_, batch_rows_max_ - taken}));
}

Result<arrow_ipc::CDataBatch> ArrowStreamSource::Next() {
  if (!started_) {
    const auto timer = rows_->TimeSeek();
    rows_->SeekToFirst();
    started_ = true;
  }
  while (rows_->Valid() && !IsFull()) {
    if (pace_.due()) {
      const EntrySpan span = rows_->ShownSpan();
      if (const std::uint32_t whole = RowsOf(span, 0); WorthAView(span, whole)) {
        if (builder_.rows() == 0) {
          arrow_ipc::CDataBatch batch = view_.Make(span, whole);
          PassOver(whole);
          return batch;
        }
        if (!rows_are_fixed_) break;
      }
      if (SpanPace::IsLong(span.rows())) {
        pace_.Long();
        const std::uint32_t rows = RowsOf(span, builder_.rows());
        builder_.AddRows(span, rows);
        PassOver(rows);
        continue;
      }
      pace_.Short();
    }
    pace_.Step();
    builder_.AddRow(rows_->key(), rows_->value(), rows_->sequence());
    --rows_left_;
    rows_->Next();
  }
  QUIVER_TRY(CheckUsable());
  return builder_.Finish();
}

}  // namespace quiver
