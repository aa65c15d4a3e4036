// PlainFileWriter. A batch is gathered in six strings (two of offsets, two of data, one of numbers
// and one for the message) and written at once; nothing in it can fail but the file.
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arrow_ipc/foreign_file.h"
#include "arrow_ipc/message_encoder.h"
#include "base/check.h"
#include "base/coding.h"
#include "base/try.h"

namespace quiver::arrow_ipc {
namespace {

constexpr std::uint64_t kBatchBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kCellBytesMax = std::numeric_limits<std::int32_t>::max();

// The offsets and the data of one column of the batch being gathered.
struct ColumnBuffers {
  ColumnBuffers() { Clear(); }
  void Clear() {
    offsets.assign(sizeof(std::int32_t), '\0');
    data.clear();
  }
  void Add(std::string_view cell) {
    data.append(cell);
    AppendFixed(offsets, static_cast<std::int32_t>(data.size()));
  }
  bool HasRoomFor(std::string_view cell) const {
    return cell.size() <= kCellBytesMax - data.size();
  }

  std::string offsets;
  std::string data;
};

}  // namespace

struct PlainFileWriter::State {
  State(io::WritableFile& target, std::string first_name, std::string second_name,
        std::string number_name)
      : file(target),
        schema(SchemaOf(std::move(first_name), std::move(second_name), std::move(number_name))),
        has_numbers(schema.columns.size() == 3),
        batch_template(schema, CompressionKind::kNone) {}

  static Schema SchemaOf(std::string first_name, std::string second_name, std::string number_name) {
    Schema schema{{{std::move(first_name), ColumnType::kBinary, 0, false},
                   {std::move(second_name), ColumnType::kBinary, 0, false}},
                  {}};
    if (!number_name.empty()) {
      schema.columns.push_back({std::move(number_name), ColumnType::kUInt64, 0, false});
    }
    return schema;
  }

  Result<void> Append(std::string_view bytes) {
    QUIVER_TRY(file.Append(bytes));
    offset += bytes.size();
    return {};
  }
  Result<void> AppendPadded(std::string_view bytes) {
    constexpr std::string_view kZeroes("\0\0\0\0\0\0\0", 7);
    QUIVER_TRY(Append(bytes));
    return Append(kZeroes.substr(0, AlignUp(bytes.size(), 8) - bytes.size()));
  }
  Result<void> WriteHead() {
    if (offset > 0) return {};
    QUIVER_TRY(Append(kFileMagic));
    return Append(EncodeSchemaMessage(schema));
  }
  Result<void> WriteBatch();
  Result<void> WriteTail();
  /// Remembers a failure, so that nothing is written behind a hole.
  Result<void> Keep(Result<void> result) {
    if (!result) failure = result.error();
    return result;
  }

  io::WritableFile& file;
  const Schema schema;
  const bool has_numbers;
  const RecordBatchTemplate batch_template;
  ColumnBuffers first;
  ColumnBuffers second;
  std::string numbers;
  std::uint64_t rows = 0;  ///< of the batch being gathered
  std::uint64_t offset = 0;
  std::vector<FooterBlock> blocks;
  std::optional<Error> failure;
  bool finished = false;
};

Result<void> PlainFileWriter::State::WriteBatch() {
  if (rows == 0) return {};
  QUIVER_TRY(WriteHead());
  std::vector<BufferRange> ranges;
  std::uint64_t body_bytes = 0;
  const auto place = [&](std::uint64_t size_bytes) {
    ranges.push_back({body_bytes, size_bytes});
    body_bytes += AlignUp(size_bytes, 8);
  };
  for (const ColumnBuffers* column : {&first, &second}) {
    place(0);  // no nulls, so no validity bitmap
    place(column->offsets.size());
    place(column->data.size());
  }
  if (has_numbers) {
    place(0);
    place(numbers.size());
  }
  std::string message(batch_template.size_bytes(), '\0');
  constexpr std::uint64_t kNullCounts[] = {0, 0, 0};
  batch_template.Stamp(message.data(), rows, body_bytes,
                       std::span(kNullCounts).first(schema.columns.size()), ranges);
  blocks.push_back({offset, batch_template.size_bytes(), body_bytes});
  QUIVER_TRY(Append(message));
  for (ColumnBuffers* column : {&first, &second}) {
    QUIVER_TRY(AppendPadded(column->offsets));
    QUIVER_TRY(AppendPadded(column->data));
    column->Clear();
  }
  if (has_numbers) QUIVER_TRY(AppendPadded(numbers));
  numbers.clear();
  rows = 0;
  return {};
}

Result<void> PlainFileWriter::State::WriteTail() {
  QUIVER_TRY(WriteHead());
  QUIVER_TRY(WriteBatch());
  QUIVER_TRY(Append(kEndOfStream));
  QUIVER_TRY(Append(EncodeFileTail(schema, blocks)));
  return file.Sync();
}

PlainFileWriter::PlainFileWriter(io::WritableFile& file, std::string first_column,
                                 std::string second_column, std::string number_column)
    : state_(std::make_unique<State>(file, std::move(first_column), std::move(second_column),
                                     std::move(number_column))) {}
PlainFileWriter::~PlainFileWriter() = default;

Result<void> PlainFileWriter::Add(std::string_view first, std::string_view second,
                                  std::uint64_t number) {
  State& state = *state_;
  QUIVER_CHECK(!state.finished);
  if (state.failure) return *state.failure;
  for (const std::string_view cell : {first, second}) {
    if (cell.size() > kCellBytesMax) {
      return Error(ErrorCode::kInvalidArgument,
                   "a cell of " + std::to_string(cell.size()) + " bytes does not fit a binary " +
                       "column, which holds at most " + std::to_string(kCellBytesMax),
                   state.file.name());
    }
  }
  if (!state.first.HasRoomFor(first) || !state.second.HasRoomFor(second)) {
    QUIVER_TRY(state.Keep(state.WriteBatch()));
  }
  state.first.Add(first);
  state.second.Add(second);
  if (state.has_numbers) AppendFixed(state.numbers, number);
  ++state.rows;
  const std::uint64_t gathered = state.first.data.size() + state.first.offsets.size() +
                                 state.second.data.size() + state.second.offsets.size() +
                                 state.numbers.size();
  if (gathered < kBatchBytes) return {};
  return state.Keep(state.WriteBatch());
}

Result<void> PlainFileWriter::Finish() {
  State& state = *state_;
  QUIVER_CHECK(!state.finished);
  if (state.failure) return *state.failure;
  QUIVER_TRY(state.Keep(state.WriteTail()));
  state.finished = true;
  return {};
}

}  // namespace quiver::arrow_ipc
