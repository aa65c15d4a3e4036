// Reads and writes plain Arrow IPC files that are not tables of ours: import and dump.
//
// A foreign file is hostile until proven: every flatbuffer is verified, every offset and length is
// checked against the file and against the one before it, and no more is allocated than the file's
// size and the declared limit allow.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "arrow_ipc/arrow_schema.h"
#include "io/file.h"
#include "quiver/error.h"

namespace quiver::arrow_ipc {

/// A row's cells; a null cell has `null` set and no bytes.
struct Cell {
  std::string_view bytes;
  bool null = false;
};

/// The columns of an import.
struct RowColumns {
  std::string key;
  std::string value;
  std::string expiry;  ///< a moment: timestamp, or microseconds as int64 or uint64; empty: none
};
struct ForeignRow {
  Cell key;
  Cell value;
  std::uint64_t expiry_us = 0;  ///< since 1970; 0, as null or without the column: never
};

class ForeignFileReader {
 public:
  /// Reads and verifies the footer, or the messages of an IPC stream. `file` must outlive the
  /// reader. Errors: kCorruption (no Arrow file, or a broken one, with the offset), kUnsupported
  /// (version, codec, endianness).
  static Result<std::unique_ptr<ForeignFileReader>> Open(const io::ReadableFile& file);
  virtual ~ForeignFileReader() = default;

  virtual const Schema& schema() const = 0;
  virtual std::uint64_t batch_count() const = 0;
  virtual std::uint64_t row_count() const = 0;  ///< over all batches, from their messages

  /// Hands out the rows of two columns in file order; `row` returns false to stop.
  /// kInvalidArgument if a column is absent or its type cannot be read as bytes.
  virtual Result<void> ReadRows(
      std::string_view first_column, std::string_view second_column,
      const std::function<Result<bool>(const Cell& first, const Cell& second)>& row) = 0;
  /// The same with an expiry. kInvalidArgument too for a moment before 1970.
  virtual Result<void> ReadRows(const RowColumns& columns,
                                const std::function<Result<bool>(const ForeignRow& row)>& row) = 0;
};

/// Writes a file of two non-null binary columns and possibly one of numbers (uint64), uncompressed,
/// in batches of about 1 MiB.
class PlainFileWriter {
 public:
  /// Without a name of `number_column` there is none.
  PlainFileWriter(io::WritableFile& file, std::string first_column, std::string second_column,
                  std::string number_column = {});
  ~PlainFileWriter();
  /// `number` is for the column of numbers.
  Result<void> Add(std::string_view first, std::string_view second, std::uint64_t number = 0);
  /// Writes what is left, the footer, and syncs.
  Result<void> Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace quiver::arrow_ipc
