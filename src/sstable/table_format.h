// The private parts of a table file and the vocabulary of the floor. The file is a valid Arrow
// IPC file; docs/formats/sstable.md is the full page, with every offset.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/identity.h"
#include "quiver/config.h"
#include "quiver/types.h"

namespace quiver {

using FileNumber = std::uint64_t;

/// "0000000012.arrow".
std::string TableName(FileNumber number);
/// The number of a table name, or 0 if `name` is not one.
FileNumber ParseTableName(std::string_view name);

/// The types of the columns: declared once a keyspace, equal in all its files.
struct TableSchema {
  std::uint32_t key_width_bytes = 0;    ///< 0: binary, else fixed_size_binary
  std::uint32_t value_width_bytes = 0;  ///< likewise
  bool has_expiry = false;              ///< an `expiry` column is present

  bool operator==(const TableSchema&) const = default;
};

/// What a writer and the manifest record of a finished table.
struct TableSummary {
  FileNumber number = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t digest = 0;  ///< the trailer's checksum, which covers the whole file by a tree
  std::uint64_t entry_count = 0;
  std::uint64_t delete_count = 0;  ///< deletes of any kind
  std::uint64_t raw_bytes = 0;     ///< of keys and values, uncompressed
  SequenceNumber smallest_sequence = 0;
  SequenceNumber largest_sequence = 0;
  std::uint64_t expiry_us_min = 0;  ///< 0: some entry never expires
  std::uint64_t expiry_us_max = 0;
  std::uint64_t created_s = 0;  ///< wall clock, seconds
  std::string smallest_key;
  std::string largest_key;

  bool operator==(const TableSummary&) const = default;
};

}  // namespace quiver
