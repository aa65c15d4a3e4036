// The rows that a verb works on: keyspace, prefix, bounds and limit, as flags.
//
// Thread safety: one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "quiver/database.h"

namespace quiver::cli {

struct RowRange {
  std::string directory;
  std::string keyspace;
  std::string prefix, from, to;
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  bool hex = false;  ///< prefix and bounds are hexadecimal
};

/// The directory and the flags; not --hex, whose meaning is the verb's.
void AddRowRange(CLI::App& verb, RowRange& range);
/// --limit.
void AddRowLimit(CLI::App& verb, RowRange& range);

/// What an iterator over the range is given, but for the keyspace.
Result<IteratorOptions> BoundsOf(const RowRange& range);

/// Opens the database for reading and hands out the rows of one state in key order, until `row`
/// answers false. Returns how many. The title is that of the progress line.
Result<std::uint64_t> ForEachRow(
    const RowRange& range, const std::string& title,
    const std::function<Result<bool>(std::string_view key, std::string_view value)>& row);

}  // namespace quiver::cli
