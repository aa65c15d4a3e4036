// ArrowBatchView: batches that point into a block instead of holding a copy of its rows.
//
// What a block does not have as Arrow wants it is made: offsets where all keys or values have one
// width (one array a width, shared by all batches), and the sequence column where all rows have one
// sequence number.
//
// Thread safety: one thread at a time; the batches may be released by any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "arrow_ipc/c_data.h"
#include "db/arrow_batch_builder.h"
#include "iterator/entry_columns.h"

namespace quiver {

class ArrowBatchView {
 public:
  explicit ArrowBatchView(const ArrowProjection& projection) : projection_(projection) {}

  /// Bytes that a copy of the rows [span.begin, span.begin + rows) would take.
  std::uint64_t CopyBytes(const EntrySpan& span, std::uint32_t rows) const noexcept;

  /// The rows [span.begin, span.begin + rows), all of them puts, as a batch that shares the span's
  /// owner. Requires an owner.
  arrow_ipc::CDataBatch Make(const EntrySpan& span, std::uint32_t rows);

 private:
  using Offsets = std::shared_ptr<const std::vector<std::int32_t>>;
  struct Owner;
  struct WidthOffsets {
    std::uint32_t width = 0;
    Offsets offsets;
  };

  static Offsets OffsetsFor(WidthOffsets& kept, std::uint32_t width, std::uint32_t rows);
  static arrow_ipc::CDataColumn BinaryColumn(const char* data, const std::uint32_t* offsets,
                                             std::uint32_t width, std::uint32_t first_row,
                                             const Offsets& made);

  const ArrowProjection projection_;
  WidthOffsets keys_;
  WidthOffsets values_;
};

}  // namespace quiver
