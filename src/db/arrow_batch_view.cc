#include "db/arrow_batch_view.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/check.h"

namespace quiver {

struct ArrowBatchView::Owner {
  std::shared_ptr<const void> block;
  Offsets key_offsets;
  Offsets value_offsets;
  std::vector<SequenceNumber> sequences;
};

std::uint64_t ArrowBatchView::CopyBytes(const EntrySpan& span, std::uint32_t rows) const noexcept {
  const EntryColumns& from = *span.columns;
  const std::uint32_t end = span.begin + rows;
  std::uint64_t bytes = 0;
  if (projection_.key) bytes += from.KeyBegin(end) - from.KeyBegin(span.begin);
  if (projection_.value) bytes += from.ValueBegin(end) - from.ValueBegin(span.begin);
  if (projection_.sequence) bytes += rows * sizeof(SequenceNumber);
  return bytes;
}

ArrowBatchView::Offsets ArrowBatchView::OffsetsFor(WidthOffsets& kept, std::uint32_t width,
                                                   std::uint32_t rows) {
  if (kept.offsets == nullptr || kept.width != width || kept.offsets->size() <= rows) {
    // Some more rows than asked for, since the next block may have a few more.
    std::vector<std::int32_t> offsets(rows + rows / 4 + 1);
    for (std::size_t row = 0; row < offsets.size(); ++row) {
      offsets[row] = static_cast<std::int32_t>(row * width);
    }
    kept = {width, std::make_shared<const std::vector<std::int32_t>>(std::move(offsets))};
  }
  return kept.offsets;
}

arrow_ipc::CDataColumn ArrowBatchView::BinaryColumn(const char* data, const std::uint32_t* offsets,
                                                    std::uint32_t width, std::uint32_t first_row,
                                                    const Offsets& made) {
  if (made != nullptr) {
    return {.offsets = made->data(), .data = data + std::size_t{first_row} * width, .first_row = 0};
  }
  // The file's offsets are the same bits: below 2^31, as a block's keys and values are.
  return {.offsets = reinterpret_cast<const std::int32_t*>(offsets),
          .data = data,
          .first_row = first_row};
}

arrow_ipc::CDataBatch ArrowBatchView::Make(const EntrySpan& span, std::uint32_t rows) {
  const EntryColumns& from = *span.columns;
  QUIVER_DCHECK(from.owner != nullptr && rows >= 1 && rows <= span.rows());
  auto owner = std::make_shared<Owner>();
  owner->block = from.owner;
  arrow_ipc::CDataBatch batch;
  batch.rows = rows;
  std::size_t column = 0;
  if (projection_.key) {
    if (from.key_offsets == nullptr) {
      owner->key_offsets = OffsetsFor(keys_, from.key_width, rows);
    }
    batch.columns[column++] =
        BinaryColumn(from.keys, from.key_offsets, from.key_width, span.begin, owner->key_offsets);
  }
  if (projection_.value) {
    if (from.value_offsets == nullptr) {
      owner->value_offsets = OffsetsFor(values_, from.value_width, rows);
    }
    batch.columns[column++] = BinaryColumn(from.values, from.value_offsets, from.value_width,
                                           span.begin, owner->value_offsets);
  }
  if (projection_.sequence) {
    if (from.sequences == nullptr) {
      owner->sequences.assign(rows, from.max_sequence);
      batch.columns[column++].data = owner->sequences.data();
    } else {
      batch.columns[column++] = {
          .offsets = nullptr, .data = from.sequences, .first_row = span.begin};
    }
  }
  batch.owner = std::move(owner);
  return batch;
}

}  // namespace quiver
