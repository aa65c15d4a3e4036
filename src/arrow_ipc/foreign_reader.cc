#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow_ipc/foreign_column.h"
#include "arrow_ipc/foreign_file.h"
#include "arrow_ipc/foreign_metadata.h"
#include "base/coding.h"
#include "base/escape.h"
#include "base/try.h"

namespace quiver::arrow_ipc {
namespace {

class FooterReader final : public ForeignFileReader {
 public:
  FooterReader(const io::ReadableFile& file, ForeignFooter footer)
      : file_(file), footer_(std::move(footer)) {}

  /// Adds the rows of all batches up, which verifies every message.
  Result<void> CountRows();

  const Schema& schema() const override { return footer_.schema; }
  std::uint64_t batch_count() const override { return footer_.blocks.size(); }
  std::uint64_t row_count() const override { return row_count_; }
  Result<void> ReadRows(
      std::string_view first_column, std::string_view second_column,
      const std::function<Result<bool>(const Cell& first, const Cell& second)>& row) override;
  Result<void> ReadRows(const RowColumns& columns,
                        const std::function<Result<bool>(const ForeignRow& row)>& row) override;

 private:
  using RowFunction = std::function<Result<bool>(const ForeignRow& row)>;
  struct ColumnIndexes {
    std::size_t key;
    std::size_t value;
    std::optional<std::size_t> expiry;
  };

  Result<std::size_t> FindByName(std::string_view name) const;
  Result<std::size_t> FindColumn(std::string_view name) const;
  Result<std::size_t> FindMoments(std::string_view name) const;
  Result<std::uint64_t> ReadMoment(ForeignColumn& moments, const Column& column,
                                   std::uint64_t row) const;
  /// False if `row` stopped the walk.
  Result<bool> ReadBatch(const FooterBlock& block, const ColumnIndexes& indexes,
                         const RowFunction& row) const;
  Error InvalidColumn(std::string_view name, const std::string& what) const;

  const io::ReadableFile& file_;
  const ForeignFooter footer_;
  std::uint64_t row_count_ = 0;
};

Result<void> FooterReader::CountRows() {
  for (const FooterBlock& block : footer_.blocks) {
    QUIVER_ASSIGN_OR_RETURN(const ForeignBatch batch, ReadBatchMessage(file_, footer_, block));
    if (__builtin_add_overflow(row_count_, batch.rows, &row_count_)) {
      return Error(ErrorCode::kCorruption, "the batches declare more than 2^64 rows", file_.name(),
                   block.offset);
    }
  }
  return {};
}

Error FooterReader::InvalidColumn(std::string_view name, const std::string& what) const {
  return Error(ErrorCode::kInvalidArgument, "column '" + EscapeName(name) + "' " + what,
               file_.name());
}

Result<std::size_t> FooterReader::FindByName(std::string_view name) const {
  const std::vector<Column>& columns = footer_.schema.columns;
  std::size_t found = columns.size();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name != name) continue;
    if (found != columns.size()) return InvalidColumn(name, "exists more than once; rename one");
    found = i;
  }
  if (found == columns.size()) {
    std::string names;
    for (const Column& column : columns) {
      if (!names.empty()) names += ", ";
      names += "'" + EscapeName(column.name) + "'";
    }
    return InvalidColumn(name, "does not exist; the file has " + names);
  }
  if (footer_.columns[found].dictionary) {
    return InvalidColumn(name, "is dictionary-encoded; write it as plain binary first");
  }
  return found;
}

Result<std::size_t> FooterReader::FindColumn(std::string_view name) const {
  const std::vector<Column>& columns = footer_.schema.columns;
  QUIVER_ASSIGN_OR_RETURN(const std::size_t found, FindByName(name));
  switch (columns[found].type) {
    case ColumnType::kBinary:
    case ColumnType::kLargeBinary:
    case ColumnType::kUtf8:
    case ColumnType::kLargeUtf8:
    case ColumnType::kBinaryView:
    case ColumnType::kUtf8View: return found;
    case ColumnType::kFixedSizeBinary:
      if (columns[found].width_bytes > 0) return found;
      return InvalidColumn(name, "has cells of 0 bytes, which tell nothing apart");
    case ColumnType::kUInt64:
    case ColumnType::kUInt8:
    case ColumnType::kInt64:
    case ColumnType::kTimestamp:
    case ColumnType::kOther: break;
  }
  return InvalidColumn(name, "has type " + footer_.columns[found].type_name +
                                 "; only binary and utf8 (plain, large or view) and "
                                 "fixed_size_binary can be read as bytes");
}

Result<std::size_t> FooterReader::FindMoments(std::string_view name) const {
  QUIVER_ASSIGN_OR_RETURN(const std::size_t found, FindByName(name));
  switch (footer_.schema.columns[found].type) {
    case ColumnType::kUInt64:
    case ColumnType::kInt64:
    case ColumnType::kTimestamp: return found;
    default: break;
  }
  return InvalidColumn(name, "has type " + footer_.columns[found].type_name +
                                 "; a moment is a timestamp, or microseconds since 1970 as int64 "
                                 "or uint64");
}

Result<std::uint64_t> FooterReader::ReadMoment(ForeignColumn& moments, const Column& column,
                                               std::uint64_t row) const {
  QUIVER_ASSIGN_OR_RETURN(const Cell cell, moments.Read(row));
  if (cell.null) return 0;
  const auto ticks = LoadFixed<std::uint64_t>(cell.bytes.data());
  if (column.type == ColumnType::kUInt64) return ticks;
  if (static_cast<std::int64_t>(ticks) < 0) {
    return InvalidColumn(column.name,
                         "has a moment before 1970 in row " + std::to_string(row) + " of a batch");
  }
  if (column.type == ColumnType::kInt64 || column.tick_ns == 1000) return ticks;
  if (column.tick_ns == 1) return ticks / 1000;
  std::uint64_t expiry_us = 0;
  if (__builtin_mul_overflow(ticks, column.tick_ns / 1000, &expiry_us)) {
    return InvalidColumn(column.name, "has a moment beyond the end of time in row " +
                                          std::to_string(row) + " of a batch");
  }
  return expiry_us;
}

Result<bool> FooterReader::ReadBatch(const FooterBlock& block, const ColumnIndexes& indexes,
                                     const RowFunction& row) const {
  QUIVER_ASSIGN_OR_RETURN(const ForeignBatch batch, ReadBatchMessage(file_, footer_, block));
  QUIVER_ASSIGN_OR_RETURN(ForeignColumn keys,
                          ForeignColumn::Open(file_, footer_, batch, indexes.key));
  QUIVER_ASSIGN_OR_RETURN(ForeignColumn values,
                          ForeignColumn::Open(file_, footer_, batch, indexes.value));
  std::optional<ForeignColumn> moments;
  if (indexes.expiry) {
    QUIVER_ASSIGN_OR_RETURN(moments, ForeignColumn::Open(file_, footer_, batch, *indexes.expiry));
  }
  ForeignRow cells;
  for (std::uint64_t i = 0; i < batch.rows; ++i) {
    QUIVER_ASSIGN_OR_RETURN(cells.key, keys.Read(i));
    QUIVER_ASSIGN_OR_RETURN(cells.value, values.Read(i));
    if (moments) {
      QUIVER_ASSIGN_OR_RETURN(cells.expiry_us,
                              ReadMoment(*moments, footer_.schema.columns[*indexes.expiry], i));
    }
    QUIVER_ASSIGN_OR_RETURN(const bool go_on, row(cells));
    if (!go_on) return false;
  }
  return true;
}

Result<void> FooterReader::ReadRows(
    std::string_view first_column, std::string_view second_column,
    const std::function<Result<bool>(const Cell&, const Cell&)>& row) {
  return ReadRows({.key = std::string(first_column), .value = std::string(second_column)},
                  [&](const ForeignRow& cells) { return row(cells.key, cells.value); });
}

Result<void> FooterReader::ReadRows(const RowColumns& columns, const RowFunction& row) {
  ColumnIndexes indexes{};
  QUIVER_ASSIGN_OR_RETURN(indexes.key, FindColumn(columns.key));
  QUIVER_ASSIGN_OR_RETURN(indexes.value, FindColumn(columns.value));
  if (!columns.expiry.empty()) {
    QUIVER_ASSIGN_OR_RETURN(indexes.expiry, FindMoments(columns.expiry));
  }
  for (const FooterBlock& block : footer_.blocks) {
    QUIVER_ASSIGN_OR_RETURN(const bool go_on, ReadBatch(block, indexes, row));
    if (!go_on) return {};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ForeignFileReader>> ForeignFileReader::Open(const io::ReadableFile& file) {
  QUIVER_ASSIGN_OR_RETURN(ForeignFooter footer,
                          BeginsAsStream(file) ? ReadStream(file) : ReadFooter(file));
  auto reader = std::make_unique<FooterReader>(file, std::move(footer));
  QUIVER_TRY(reader->CountRows());
  return reader;
}

}  // namespace quiver::arrow_ipc
