// A consumer of the Arrow C data interface that trusts nothing: every struct, offset and buffer of
// a batch is looked at before its rows are taken, and everything is released as the specification
// asks.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "quiver/arrow_stream.h"

namespace quiver::testing {

struct ArrowRow {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::optional<std::uint64_t> sequence;

  bool operator==(const ArrowRow&) const = default;
};

/// Bytes of row `row` of a binary column, after its offsets were checked.
inline std::string BinaryAt(const ArrowArray& column, std::int64_t row) {
  const auto* const offsets = static_cast<const std::int32_t*>(column.buffers[1]) + column.offset;
  EXPECT_GE(offsets[row], 0);
  EXPECT_GE(offsets[row + 1], offsets[row]);
  const char* const data = static_cast<const char*>(column.buffers[2]);
  return {data + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
}

/// Checks the parts of `batch` that the specification fixes.
inline void CheckBatchShape(const ArrowArray& batch, std::size_t columns) {
  ASSERT_NE(batch.release, nullptr);
  EXPECT_GT(batch.length, 0);
  EXPECT_EQ(batch.null_count, 0);
  EXPECT_EQ(batch.offset, 0);
  EXPECT_EQ(batch.dictionary, nullptr);
  ASSERT_EQ(batch.n_buffers, 1);
  EXPECT_EQ(batch.buffers[0], nullptr);
  ASSERT_EQ(batch.n_children, static_cast<std::int64_t>(columns));
  for (std::size_t i = 0; i < columns; ++i) {
    const ArrowArray& column = *batch.children[i];
    ASSERT_NE(column.release, nullptr);
    EXPECT_EQ(column.length, batch.length);
    EXPECT_EQ(column.null_count, 0);
    EXPECT_GE(column.offset, 0);
    EXPECT_EQ(column.n_children, 0);
    EXPECT_EQ(column.buffers[0], nullptr);
    for (std::int64_t buffer = 1; buffer < column.n_buffers; ++buffer) {
      EXPECT_NE(column.buffers[buffer], nullptr);
    }
  }
}

/// A stream that is released when the test ends, and what reading it gave.
class ArrowConsumer {
 public:
  ArrowConsumer() = default;
  ~ArrowConsumer() {
    if (stream.release != nullptr) stream.release(&stream);
  }
  ArrowConsumer(const ArrowConsumer&) = delete;
  ArrowConsumer& operator=(const ArrowConsumer&) = delete;

  /// Takes the names of the columns from the schema. Called by ReadAll when needed.
  void ReadSchema() {
    ArrowSchema schema{};
    ASSERT_EQ(stream.get_schema(&stream, &schema), 0);
    EXPECT_STREQ(schema.format, "+s");
    names.clear();
    for (std::int64_t i = 0; i < schema.n_children; ++i) {
      const ArrowSchema& column = *schema.children[i];
      names.emplace_back(column.name);
      EXPECT_STREQ(column.format, names.back() == "sequence" ? "L" : "z");
      EXPECT_EQ(column.flags, 0);
    }
    schema.release(&schema);
    EXPECT_EQ(schema.release, nullptr);
  }

  /// The next batch, released already; false at the end and after an error (then `error` is set).
  bool ReadBatch() {
    if (names.empty()) ReadSchema();
    ArrowArray batch{};
    if (const int code = stream.get_next(&stream, &batch); code != 0) {
      const char* const text = stream.get_last_error(&stream);
      EXPECT_NE(text, nullptr);
      EXPECT_EQ(batch.release, nullptr);
      error = text == nullptr ? "" : text;
      error_code = code;
      return false;
    }
    EXPECT_EQ(stream.get_last_error(&stream), nullptr);
    if (batch.release == nullptr) return false;
    TakeRows(batch, rows);
    batch_rows.push_back(batch.length);
    batch.release(&batch);
    EXPECT_EQ(batch.release, nullptr);
    return true;
  }
  void ReadAll() {
    while (ReadBatch()) {
    }
  }

  void TakeRows(const ArrowArray& batch, std::vector<ArrowRow>& into) const {
    CheckBatchShape(batch, names.size());
    for (std::int64_t row = 0; row < batch.length; ++row) {
      ArrowRow& taken = into.emplace_back();
      for (std::size_t i = 0; i < names.size(); ++i) {
        const ArrowArray& column = *batch.children[i];
        if (names[i] == "sequence") {
          taken.sequence =
              static_cast<const std::uint64_t*>(column.buffers[1])[column.offset + row];
        } else {
          (names[i] == "key" ? taken.key : taken.value) = BinaryAt(column, row);
        }
      }
    }
  }

  ArrowArrayStream stream{};
  std::vector<std::string> names;
  std::vector<ArrowRow> rows;
  std::vector<std::int64_t> batch_rows;
  std::string error;
  int error_code = 0;
};

}  // namespace quiver::testing
