// ArrowStreamSource: the batches of Database::ExportArrowStream, made from an Iterator::Impl, which
// alone decides what is shown.
//
// Three ways, the first that applies:
//   view   a stretch of one block that is long enough is handed out as it lies in the block cache
//   span   a stretch of one block is appended column by column
//   row    where runs take turns, and from memtables, rows are appended one by one
//
// Why not views alone: a batch costs its consumer some microseconds (pyarrow: 7), more than a copy
// of the rows of a small block, and later work goes faster over few long batches.
//
// Thread safety: one thread at a time; batches may be released by any thread.
#pragma once

#include <cstdint>
#include <memory>

#include "arrow_ipc/c_data.h"
#include "db/arrow_batch_builder.h"
#include "db/arrow_batch_view.h"
#include "db/db_iterator.h"
#include "db/span_pace.h"

namespace quiver {

class ArrowStreamSource final : public arrow_ipc::CDataSource {
 public:
  ArrowStreamSource(std::unique_ptr<Iterator::Impl> rows, const ArrowStreamOptions& options);

  const arrow_ipc::Schema& schema() const override { return schema_; }
  Result<arrow_ipc::CDataBatch> Next() override;
  Result<void> CheckUsable() const override;

 private:
  bool IsFull() const noexcept;
  bool WorthAView(const EntrySpan& span, std::uint32_t rows) const noexcept;
  std::uint32_t RowsOf(const EntrySpan& span, std::uint64_t taken) const noexcept;
  void PassOver(std::uint32_t rows);

  const std::unique_ptr<Iterator::Impl> rows_;
  const arrow_ipc::Schema schema_;
  const bool rows_are_fixed_;  ///< the caller said how many a batch has
  const std::uint64_t batch_rows_max_;
  const std::uint64_t batch_bytes_max_;
  std::uint64_t rows_left_;
  SpanPace pace_;
  bool started_ = false;
  ArrowBatchBuilder builder_;
  ArrowBatchView view_;
};

}  // namespace quiver
