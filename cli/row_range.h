// The rows that a verb works on: keyspace, prefix, bounds and limit, as flags.
//
// Thread safety: one thread.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "quiver/database.h"

namespace quiver::cli {

struct RowRange {
  std::string directory;
  std::string keyspace;
  std::string prefix, from, to;
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
  bool hex = false;     ///< prefix and bounds are hexadecimal
  bool expiry = false;  ///< rows tell when they expire
};

struct Row {
  std::string_view key;
  std::string_view value;
  std::uint64_t expiry_us = 0;  ///< 0: never, or not asked for
};

/// The directory and the flags; not --hex, whose meaning is the verb's.
void AddRowRange(CLI::App& verb, RowRange& range);
/// --limit.
void AddRowLimit(CLI::App& verb, RowRange& range);

/// What an iterator over the range is given, but for the keyspace.
Result<IteratorOptions> BoundsOf(const RowRange& range);

/// --expiry.
void AddExpiryFlag(CLI::App& verb, bool& expiry);

/// One state of a keyspace, row by row in key order.
class RowReader {
 public:
  /// `bounds` are those of the rows; with `expiry` each row says when it expires, at the cost of a
  /// get. `database` must outlive the reader.
  static Result<RowReader> Open(const Database& database, IteratorOptions bounds, bool expiry);
  /// Hands out at most `limit` rows, until `row` answers false. Returns how many.
  Result<std::uint64_t> ForEach(const std::string& title, std::uint64_t limit,
                                const std::function<Result<bool>(const Row&)>& row);

 private:
  RowReader(const Database& database, Iterator rows)
      : database_(database), rows_(std::move(rows)) {}
  Result<std::uint64_t> ExpiryOf(std::string_view key) const;

  const Database& database_;
  Iterator rows_;
  const Keyspace* keyspace_ = nullptr;
  std::optional<Snapshot> snapshot_;  ///< if rows tell when they expire
};

/// Opens the database for reading and hands out the rows of one state in key order, until `row`
/// answers false. Returns how many. The title is that of the progress line.
Result<std::uint64_t> ForEachRow(const RowRange& range, const std::string& title,
                                 const std::function<Result<bool>(const Row&)>& row);

}  // namespace quiver::cli
