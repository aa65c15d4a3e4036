// Dataset mode: the tables of one state of a keyspace as a directory of Arrow IPC files that any
// Arrow reader scans: pyarrow.dataset, Polars, DuckDB.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "quiver/database.h"
#include "quiver/error.h"
#include "quiver/progress.h"
#include "quiver/types.h"

namespace quiver {

struct DatasetOptions {
  const Keyspace* keyspace = nullptr;  ///< nullptr: the default one
  /// Compact everything first, so that the files hold each live key once. Needs a database that is
  /// open for writing.
  bool compact = true;
  /// Bytes of tables that were read, once they are compacted. If it throws, the call ends with
  /// kInvalidArgument and what() of the exception.
  ProgressCallback progress = {};
};

struct DatasetReport {
  SequenceNumber sequence = 0;  ///< the files hold exactly what was written up to here
  std::uint64_t files = 0;
  std::uint64_t linked_files = 0;  ///< the others are copies
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
  /// Each key stands in one row, and each row is a live one: the rows are the keyspace.
  bool exact = false;
  /// Why it is not exact, and how a reader has to treat the rows; empty if it is.
  std::vector<std::string> notes;
};

/// Puts the tables of a keyspace into `directory`, which must be empty or absent: by hard links
/// where the file system allows it, else as copies. They stay as they are, whatever the database
/// does. Every row is read once to tell what the report says; _README.txt in the directory tells
/// it to people (readers of datasets pass over names with an underscore). Errors:
/// kInvalidArgument, kReadOnly (to be compacted, but open for reading), kNoSpace, kIo; on an error
/// the directory is left empty, as far as the disk lets it: the error says if files stay.
Result<DatasetReport> ExportDataset(Database& database, const std::filesystem::path& directory,
                                    const DatasetOptions& options = {}) noexcept;

}  // namespace quiver
