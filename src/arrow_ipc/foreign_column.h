// ForeignColumn: the cells of one column of one record batch of a foreign file.
//
// Invariants: Check() has gone over the whole column before a cell is read: every offset is
// monotonic and inside the data, every view points into a data buffer, and the validity bitmap has
// as many nulls as the batch declares.
//
// Memory: a window of 1 MiB over each buffer. The data buffers of a view column are held whole,
// because its rows may point anywhere: sorted frames of Polars do.
//
// Source: the Apache Arrow columnar format, "Variable-size Binary Layout" and "Variable-size Binary
// View Layout".
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow_ipc/arrow_schema.h"
#include "arrow_ipc/foreign_buffer.h"
#include "arrow_ipc/foreign_file.h"
#include "arrow_ipc/foreign_metadata.h"
#include "io/file.h"
#include "quiver/error.h"

namespace quiver::arrow_ipc {

class ForeignColumn {
 public:
  /// Opens and checks column number `index` of a batch. Its type must be one of bytes or of
  /// 64 bits.
  static Result<ForeignColumn> Open(const io::ReadableFile& file, const ForeignFooter& footer,
                                    const ForeignBatch& batch, std::size_t index);

  /// The cell of `row`, which must be below the batch's rows; rows are best asked for in
  /// ascending order. Its bytes are valid until the next Read.
  Result<Cell> Read(std::uint64_t row);

 private:
  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };
  ForeignColumn(const Column& column, std::uint64_t rows, std::int64_t nulls,
                ForeignBuffer validity, ForeignBuffer data)
      : column_(&column),
        rows_(rows),
        nulls_(nulls),
        validity_(std::move(validity)),
        data_(std::move(data)) {}

  Result<void> OpenViewData(const io::ReadableFile& file, const ForeignBatch& batch,
                            std::uint32_t first, std::uint32_t count);
  Result<void> Check();
  Result<void> CheckValidity();
  Result<void> CheckOffsets();
  Result<void> CheckWidth();
  Result<void> CheckViews();
  Result<bool> IsNull(std::uint64_t row);
  Result<Range> RangeOf(std::uint64_t row);
  /// The bytes that a view stands for: in the view itself or in a data buffer.
  Result<std::string_view> Resolve(std::string_view view, std::uint64_t row) const;
  Error Corrupt(const ForeignBuffer& buffer, const std::string& what) const;

  const Column* column_;
  std::uint64_t rows_;
  std::int64_t nulls_;
  std::uint32_t offset_bytes_ = 0;  ///< 4 or 8, or 0 for fixed widths
  std::uint32_t width_bytes_ = 0;   ///< of a cell or a view in data_, or 0 with offsets
  bool views_ = false;
  ForeignBuffer validity_;
  std::optional<ForeignBuffer> offsets_;
  ForeignBuffer data_;
  std::vector<std::string_view> view_data_;  ///< into view_buffers_
  std::vector<ForeignBuffer> view_buffers_;
};

}  // namespace quiver::arrow_ipc
