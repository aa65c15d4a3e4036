#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow_ipc/foreign_column.h"
#include "arrow_ipc/foreign_file.h"
#include "arrow_ipc/foreign_metadata.h"
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

 private:
  using RowFunction = std::function<Result<bool>(const Cell& first, const Cell& second)>;

  Result<std::size_t> FindColumn(std::string_view name) const;
  /// False if `row` stopped the walk.
  Result<bool> ReadBatch(const FooterBlock& block, std::size_t first_index,
                         std::size_t second_index, const RowFunction& row) const;
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
  return Error(ErrorCode::kInvalidArgument, "column '" + std::string(name) + "' " + what,
               file_.name());
}

Result<std::size_t> FooterReader::FindColumn(std::string_view name) const {
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
      names += "'" + column.name + "'";
    }
    return InvalidColumn(name, "does not exist; the file has " + names);
  }
  if (footer_.columns[found].dictionary) {
    return InvalidColumn(name, "is dictionary-encoded; write it as plain binary first");
  }
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
    case ColumnType::kOther: break;
  }
  return InvalidColumn(name, "has type " + footer_.columns[found].type_name +
                                 "; only binary and utf8 (plain, large or view) and "
                                 "fixed_size_binary can be read as bytes");
}

Result<bool> FooterReader::ReadBatch(const FooterBlock& block, std::size_t first_index,
                                     std::size_t second_index, const RowFunction& row) const {
  QUIVER_ASSIGN_OR_RETURN(const ForeignBatch batch, ReadBatchMessage(file_, footer_, block));
  QUIVER_ASSIGN_OR_RETURN(ForeignColumn first,
                          ForeignColumn::Open(file_, footer_, batch, first_index));
  QUIVER_ASSIGN_OR_RETURN(ForeignColumn second,
                          ForeignColumn::Open(file_, footer_, batch, second_index));
  for (std::uint64_t i = 0; i < batch.rows; ++i) {
    QUIVER_ASSIGN_OR_RETURN(const Cell first_cell, first.Read(i));
    QUIVER_ASSIGN_OR_RETURN(const Cell second_cell, second.Read(i));
    QUIVER_ASSIGN_OR_RETURN(const bool go_on, row(first_cell, second_cell));
    if (!go_on) return false;
  }
  return true;
}

Result<void> FooterReader::ReadRows(std::string_view first_column, std::string_view second_column,
                                    const RowFunction& row) {
  QUIVER_ASSIGN_OR_RETURN(const std::size_t first_index, FindColumn(first_column));
  QUIVER_ASSIGN_OR_RETURN(const std::size_t second_index, FindColumn(second_column));
  for (const FooterBlock& block : footer_.blocks) {
    QUIVER_ASSIGN_OR_RETURN(const bool go_on, ReadBatch(block, first_index, second_index, row));
    if (!go_on) return {};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ForeignFileReader>> ForeignFileReader::Open(const io::ReadableFile& file) {
  QUIVER_ASSIGN_OR_RETURN(ForeignFooter footer, ReadFooter(file));
  auto reader = std::make_unique<FooterReader>(file, std::move(footer));
  QUIVER_TRY(reader->CountRows());
  return reader;
}

}  // namespace quiver::arrow_ipc
