// ArrowStreamSource: the batches of Database::ExportArrowStream, made from an Iterator::Impl.
//
// Thread safety: one thread at a time; batches may be released by any thread.
#pragma once

#include <cstdint>
#include <memory>

#include "arrow_ipc/c_data.h"
#include "db/arrow_batch_builder.h"
#include "db/db_iterator.h"

namespace quiver {

class ArrowStreamSource final : public arrow_ipc::CDataSource {
 public:
  ArrowStreamSource(std::unique_ptr<Iterator::Impl> rows, const ArrowStreamOptions& options);

  const arrow_ipc::Schema& schema() const override { return schema_; }
  Result<arrow_ipc::CDataBatch> Next() override;
  Result<void> CheckUsable() const override { return rows_->status(); }

 private:
  bool IsFull() const noexcept;
  void AddSpan(const EntrySpan& span);

  const std::unique_ptr<Iterator::Impl> rows_;
  const arrow_ipc::Schema schema_;
  const std::uint64_t batch_rows_max_;
  const std::uint64_t batch_bytes_max_;
  std::uint64_t rows_left_;
  std::uint32_t steps_before_span_ = 0;
  bool started_ = false;
  ArrowBatchBuilder builder_;
};

}  // namespace quiver
