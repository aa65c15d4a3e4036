// Bulk ingest: rows of Arrow IPC files as tables of a database, at once and without the log.
//
//   quiver::IngestOptions options;
//   auto report = db->IngestArrow(files, options);       // Result<IngestReport>
//
// The rows of all files together are one write: a reader sees all of them or none, and so does
// whoever opens the database after a crash. They are newer than every write acknowledged before the
// call returns and older than every later one. docs/ingest.md has the rest.
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "quiver/keyspace.h"
#include "quiver/types.h"

namespace quiver {

/// Called now and then while rows are read: rows so far, over all passes, and rows in all passes
/// as far as known (0: not yet). If it throws, the call ends with kInvalidArgument and what() of
/// the exception, and nothing was added.
using IngestProgress = std::function<void(std::uint64_t done_rows, std::uint64_t total_rows)>;

struct IngestOptions {
  const Keyspace* keyspace = nullptr;  ///< nullptr: the default one
  std::string key_column = "key";
  std::string value_column = "value";
  /// A timestamp, or microseconds since 1970 as int64 or uint64; null: never. Empty: none expires.
  std::string expiry_column = {};
  /// Of rows with the same key the last one wins, files in the order given; true refuses them.
  bool refuse_duplicates = false;
  /// For sorting; what is larger is sorted in pieces on the disk of the database. At least 1 MiB.
  std::uint64_t memory_bytes = std::uint64_t{64} << 20;
  IngestProgress progress = {};  ///< may use the database, but for Close(): kBusy
};

struct IngestReport {
  std::uint64_t rows_read = 0;
  std::uint64_t rows_written = 0;  ///< without those that a later row replaced
  std::uint64_t tables = 0;
  std::uint64_t table_bytes = 0;
  std::uint32_t level = 0;          ///< where the tables are
  bool was_sorted = false;          ///< nothing had to be sorted
  std::uint64_t spilled_bytes = 0;  ///< written to disk for sorting
  SequenceNumber sequence = 0;      ///< of all rows; 0 if there were none
};

}  // namespace quiver
