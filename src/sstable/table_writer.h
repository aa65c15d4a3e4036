// TableWriter: turns a sorted stream of entries into one table file.
//
// Invariants:
//  1. Entries come in strictly ascending entry order; anything else is kInternal (a bug above).
//  2. A file that Finish() did not complete is never a valid table: its trailer comes last.
//  3. The file is written, synced and (with verify_output) read back and verified before Finish
//     returns; the caller syncs the directory.
//
// Thread safety: one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/entry.h"
#include "io/directory.h"
#include "io/rate_limiter.h"
#include "quiver/error.h"
#include "sstable/table_format.h"

namespace quiver {

struct TableWriterOptions {
  DatabaseId database_id;
  std::uint32_t keyspace = 0;
  TableSchema schema;
  std::uint32_t block_size_bytes = 32U << 10;   ///< of keys and values before compression
  std::uint32_t value_chunk_bytes = 16U << 10;  ///< independently decodable piece of values
  CompressionKind compression = CompressionKind::kNone;
  std::int32_t compression_level = 1;
  std::uint32_t filter_bits_per_key = 10;  ///< 0: no filter
  bool verify_output = true;
  std::uint64_t created_s = 0;
  io::RateLimiter* rate_limiter = nullptr;       ///< paces the writes; may be null
  const std::atomic<bool>* cancelled = nullptr;  ///< when true, nothing is paced; may be null
};

class TableWriter {
 public:
  /// Creates the file of table `number`; kIo if it exists.
  static Result<std::unique_ptr<TableWriter>> Create(io::Directory& directory, FileNumber number,
                                                     const TableWriterOptions& options);
  /// Removes the file unless finished.
  virtual ~TableWriter() = default;

  /// kInvalidArgument if a fixed-width column is given another width.
  virtual Result<void> Add(const EntryView& entry) = 0;
  /// Completes the file. Requires at least one entry.
  virtual Result<TableSummary> Finish() = 0;

  virtual std::uint64_t entry_count() const = 0;
  /// Bytes of the file if it were finished now.
  virtual std::uint64_t estimated_size_bytes() const = 0;
};

}  // namespace quiver
