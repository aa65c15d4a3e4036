#include "arrow_ipc/foreign_column.h"

#include <algorithm>
#include <bit>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/escape.h"
#include "base/try.h"

namespace quiver::arrow_ipc {
namespace {

constexpr std::uint64_t kCheckBytes = 64 << 10;
constexpr std::uint32_t kViewBytes = 16;
constexpr std::uint32_t kInlineBytesMax = 12;
constexpr std::uint32_t kViewPrefixBytes = 4;

std::uint32_t OffsetBytes(ColumnType type) {
  switch (type) {
    case ColumnType::kBinary:
    case ColumnType::kUtf8: return 4;
    case ColumnType::kLargeBinary:
    case ColumnType::kLargeUtf8: return 8;
    default: return 0;
  }
}

// Of a cell, for the types of fixed width.
std::uint32_t WidthBytes(const Column& column) {
  switch (column.type) {
    case ColumnType::kUInt64:
    case ColumnType::kInt64:
    case ColumnType::kTimestamp: return 8;
    default: return column.width_bytes;
  }
}

// An offset of either width. A negative one turns into a huge one, which no buffer holds.
std::uint64_t LoadOffset(const char* from, std::uint32_t offset_bytes) {
  if (offset_bytes == 8) return LoadFixed<std::uint64_t>(from);
  return static_cast<std::uint64_t>(std::int64_t{LoadFixed<std::int32_t>(from)});
}

}  // namespace

Result<ForeignColumn> ForeignColumn::Open(const io::ReadableFile& file, const ForeignFooter& footer,
                                          const ForeignBatch& batch, std::size_t index) {
  const Column& column = footer.schema.columns[index];
  const ForeignBatch::Node& node = batch.nodes[footer.columns[index].node];
  const std::uint32_t first = batch.FirstBuffer(footer.columns[index]);
  const std::uint32_t last = first + BufferCount(column.type) - 1;
  const auto open = [&](std::uint32_t buffer) {
    const BufferRange& range = batch.buffers[buffer];
    return ForeignBuffer::Open(file, batch.body_offset + range.offset, range.size_bytes,
                               batch.compression);
  };
  QUIVER_ASSIGN_OR_RETURN(ForeignBuffer validity, open(first));
  QUIVER_ASSIGN_OR_RETURN(ForeignBuffer data, open(last));
  ForeignColumn result(column, batch.rows, node.nulls, std::move(validity), std::move(data));
  result.offset_bytes_ = OffsetBytes(column.type);
  result.views_ = column.type == ColumnType::kBinaryView || column.type == ColumnType::kUtf8View;
  result.width_bytes_ = result.views_ ? kViewBytes : WidthBytes(column);
  if (result.views_) {
    QUIVER_TRY(result.OpenViewData(file, batch, last + 1,
                                   batch.variadic_counts[footer.columns[index].views_before]));
  }
  if (result.offset_bytes_ != 0) {
    QUIVER_ASSIGN_OR_RETURN(ForeignBuffer offsets, open(first + 1));
    result.offsets_ = std::move(offsets);
  }
  QUIVER_TRY(result.Check());
  return result;
}

Result<void> ForeignColumn::OpenViewData(const io::ReadableFile& file, const ForeignBatch& batch,
                                         std::uint32_t first, std::uint32_t count) {
  std::uint64_t held_bytes = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const BufferRange& range = batch.buffers[first + i];
    QUIVER_ASSIGN_OR_RETURN(ForeignBuffer buffer,
                            ForeignBuffer::Open(file, batch.body_offset + range.offset,
                                                range.size_bytes, batch.compression));
    held_bytes += buffer.size_bytes();
    if (held_bytes > kForeignBufferBytesMax) {
      return Error(ErrorCode::kUnsupported,
                   "column '" + EscapeName(column_->name) +
                       "': the views of one batch have more than " +
                       std::to_string(kForeignBufferBytesMax) +
                       " bytes of data; write the file in smaller batches",
                   file.name(), buffer.offset());
    }
    QUIVER_ASSIGN_OR_RETURN(const std::string_view whole, buffer.View(0, buffer.size_bytes()));
    view_data_.push_back(whole);
    view_buffers_.push_back(std::move(buffer));
  }
  return {};
}

Error ForeignColumn::Corrupt(const ForeignBuffer& buffer, const std::string& what) const {
  return CorruptAt(buffer.file(), buffer.offset(),
                   "column '" + EscapeName(column_->name) + "': " + what);
}

Result<void> ForeignColumn::Check() {
  QUIVER_TRY(CheckValidity());
  if (rows_ == 0) return {};
  if (offsets_) return CheckOffsets();
  QUIVER_TRY(CheckWidth());
  return views_ ? CheckViews() : Result<void>();
}

Result<void> ForeignColumn::CheckValidity() {
  std::uint64_t nulls = 0;
  if (validity_.size_bytes() > 0) {
    if (validity_.size_bytes() < rows_ / 8 + (rows_ % 8 != 0 ? 1 : 0)) {
      return Corrupt(validity_, "the validity bitmap has " +
                                    std::to_string(validity_.size_bytes()) + " bytes for " +
                                    std::to_string(rows_) + " rows");
    }
    std::uint64_t valid = 0;
    for (std::uint64_t row = 0; row < rows_;) {
      const std::uint64_t here = std::min(rows_ - row, kCheckBytes * 8);
      const std::uint64_t bytes = (here + 7) / 8;
      QUIVER_ASSIGN_OR_RETURN(const std::string_view bits, validity_.View(row / 8, bytes));
      for (const char byte : bits) valid += std::popcount(static_cast<std::uint8_t>(byte));
      if (here % 8 != 0) {  // the bits behind the last row mean nothing
        valid -= std::popcount(
            static_cast<std::uint8_t>(static_cast<std::uint8_t>(bits.back()) >> (here % 8)));
      }
      row += here;
    }
    nulls = rows_ - valid;
  }
  if (nulls_ < 0 || static_cast<std::uint64_t>(nulls_) != nulls) {
    return Corrupt(validity_, "the batch declares " + std::to_string(nulls_) +
                                  " nulls, the validity bitmap has " + std::to_string(nulls));
  }
  return {};
}

Result<void> ForeignColumn::CheckOffsets() {
  if (rows_ >= offsets_->size_bytes() / offset_bytes_) {
    return Corrupt(*offsets_, std::to_string(offsets_->size_bytes()) + " bytes of offsets for " +
                                  std::to_string(rows_) + " rows");
  }
  std::uint64_t previous = 0;
  const std::uint64_t count = rows_ + 1;
  for (std::uint64_t first = 0; first < count;) {
    const std::uint64_t here = std::min(count - first, kCheckBytes / offset_bytes_);
    QUIVER_ASSIGN_OR_RETURN(const std::string_view view,
                            offsets_->View(first * offset_bytes_, here * offset_bytes_));
    for (std::uint64_t i = 0; i < here; ++i) {
      const std::uint64_t offset = LoadOffset(view.data() + i * offset_bytes_, offset_bytes_);
      if (offset < previous || offset > data_.size_bytes()) {
        return Corrupt(*offsets_, "offset " + std::to_string(first + i) + " is " +
                                      std::to_string(static_cast<std::int64_t>(offset)) +
                                      ", expected " + std::to_string(previous) + " to " +
                                      std::to_string(data_.size_bytes()));
      }
      previous = offset;
    }
    first += here;
  }
  return {};
}

Result<void> ForeignColumn::CheckWidth() {
  QUIVER_CHECK(width_bytes_ > 0);
  if (data_.size_bytes() / width_bytes_ < rows_) {
    return Corrupt(data_, std::to_string(data_.size_bytes()) + " bytes of data for " +
                              std::to_string(rows_) + " rows of " + std::to_string(width_bytes_));
  }
  return {};
}

Result<void> ForeignColumn::CheckViews() {
  for (std::uint64_t row = 0; row < rows_; ++row) {
    QUIVER_ASSIGN_OR_RETURN(const bool null, IsNull(row));
    if (null) continue;  // the view of a null means nothing
    QUIVER_ASSIGN_OR_RETURN(const std::string_view view, data_.View(row * kViewBytes, kViewBytes));
    QUIVER_TRY(Resolve(view, row));
  }
  return {};
}

Result<std::string_view> ForeignColumn::Resolve(std::string_view view, std::uint64_t row) const {
  const auto size = LoadFixed<std::uint32_t>(view.data());
  if (size <= kInlineBytesMax) return view.substr(sizeof(std::uint32_t), size);
  const auto buffer = LoadFixed<std::uint32_t>(view.data() + 8);
  const auto offset = LoadFixed<std::uint32_t>(view.data() + 12);
  // Negative numbers of the file are huge here and fail the same comparisons.
  if (buffer >= view_data_.size()) {
    return Corrupt(data_, "view " + std::to_string(row) + " points into data buffer " +
                              std::to_string(buffer) + " of " + std::to_string(view_data_.size()));
  }
  const std::string_view data = view_data_[buffer];
  if (offset > data.size() || size > data.size() - offset) {
    return Corrupt(data_, "view " + std::to_string(row) + " has " + std::to_string(size) +
                              " bytes at " + std::to_string(offset) + " of a data buffer of " +
                              std::to_string(data.size()));
  }
  const std::string_view bytes = data.substr(offset, size);
  if (!bytes.starts_with(view.substr(sizeof(std::uint32_t), kViewPrefixBytes))) {
    return Corrupt(data_, "view " + std::to_string(row) + " does not begin with its data");
  }
  return bytes;
}

Result<bool> ForeignColumn::IsNull(std::uint64_t row) {
  if (nulls_ == 0) return false;
  QUIVER_ASSIGN_OR_RETURN(const std::string_view byte, validity_.View(row / 8, 1));
  return (static_cast<std::uint8_t>(byte[0]) >> (row % 8) & 1) == 0;
}

Result<ForeignColumn::Range> ForeignColumn::RangeOf(std::uint64_t row) {
  if (!offsets_) {
    return Range{row * width_bytes_, (row + 1) * width_bytes_};
  }
  QUIVER_ASSIGN_OR_RETURN(const std::string_view pair,
                          offsets_->View(row * offset_bytes_, 2 * std::uint64_t{offset_bytes_}));
  const Range range{LoadOffset(pair.data(), offset_bytes_),
                    LoadOffset(pair.data() + offset_bytes_, offset_bytes_)};
  // They were checked, but the file may have changed since: never trust what is read again.
  if (range.begin > range.end || range.end > data_.size_bytes()) {
    return Corrupt(*offsets_, "offsets changed while the file was being read");
  }
  return range;
}

Result<Cell> ForeignColumn::Read(std::uint64_t row) {
  QUIVER_DCHECK(row < rows_);
  QUIVER_ASSIGN_OR_RETURN(const bool null, IsNull(row));
  if (null) return Cell{{}, true};
  QUIVER_ASSIGN_OR_RETURN(const Range range, RangeOf(row));
  QUIVER_ASSIGN_OR_RETURN(const std::string_view bytes,
                          data_.View(range.begin, range.end - range.begin));
  if (!views_) return Cell{bytes, false};
  QUIVER_ASSIGN_OR_RETURN(const std::string_view viewed, Resolve(bytes, row));
  return Cell{viewed, false};
}

}  // namespace quiver::arrow_ipc
