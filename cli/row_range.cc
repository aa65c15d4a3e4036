#include "row_range.h"

#include "bytes_text.h"
#include "keyspace_flag.h"
#include "progress.h"
#include "session.h"

namespace quiver::cli {

void AddRowRange(CLI::App& verb, RowRange& range) {
  verb.add_option("dir", range.directory, "Directory of the database")->required();
  AddKeyspaceFlag(verb, range.keyspace);
  verb.add_option("--prefix", range.prefix, "Only keys that start so");
  verb.add_option("--from", range.from, "First key, inclusive");
  verb.add_option("--to", range.to, "End, exclusive");
}

void AddRowLimit(CLI::App& verb, RowRange& range) {
  AddNumber(verb, "--limit", range.limit, "At most so many rows [no limit]", 0,
            std::numeric_limits<std::uint64_t>::max());
}

Result<IteratorOptions> BoundsOf(const RowRange& range) {
  IteratorOptions bounds;
  bounds.fill_cache = false;
  auto prefix = BytesArgument(range.prefix, range.hex);
  if (!prefix) return prefix.error();
  bounds.prefix = std::move(*prefix);
  if (!range.from.empty()) {
    auto from = BytesArgument(range.from, range.hex);
    if (!from) return from.error();
    bounds.lower_bound = std::move(*from);
  }
  if (!range.to.empty()) {
    auto to = BytesArgument(range.to, range.hex);
    if (!to) return to.error();
    bounds.upper_bound = std::move(*to);
  }
  return bounds;
}

void AddExpiryFlag(CLI::App& verb, bool& expiry) {
  verb.add_flag("--expiry", expiry,
                "Tell when rows expire, in microseconds since 1970; costs a get a row");
}

// A snapshot keeps its time, so iterator and gets agree on what has expired.
Result<RowReader> RowReader::Open(const Database& database, IteratorOptions bounds, bool expiry) {
  std::optional<Snapshot> snapshot;
  if (expiry) {
    auto taken = database.NewSnapshot();
    if (!taken) return taken.error();
    snapshot.emplace(*std::move(taken));
    bounds.snapshot = &*snapshot;
  }
  auto rows = database.NewIterator(bounds);
  if (!rows) return rows.error();
  RowReader reader(database, *std::move(rows));
  reader.keyspace_ = bounds.keyspace;
  reader.snapshot_ = std::move(snapshot);
  return reader;
}

Result<std::uint64_t> RowReader::ExpiryOf(std::string_view key) const {
  if (!snapshot_) return 0;
  const auto expiry = database_.GetExpiry(
      key, {.keyspace = keyspace_, .snapshot = &*snapshot_, .fill_cache = false});
  if (!expiry) return expiry.error();
  return expiry->value_or(0);
}

Result<std::uint64_t> RowReader::ForEach(const std::string& title, std::uint64_t limit,
                                         const std::function<Result<bool>(const Row&)>& row) {
  Progress progress(title, "rows");
  std::uint64_t count = 0;
  for (rows_.SeekToFirst(); rows_.Valid() && count < limit; rows_.Next()) {
    const auto expiry_us = ExpiryOf(rows_.key());
    if (!expiry_us) return expiry_us.error();
    const auto go_on = row({rows_.key(), rows_.value(), *expiry_us});
    if (!go_on) return go_on.error();
    if (!*go_on) return count;
    progress.Update(++count);
  }
  if (const auto status = rows_.status(); !status) return status.error();
  return count;
}

Result<std::uint64_t> ForEachRow(const RowRange& range, const std::string& title,
                                 const std::function<Result<bool>(const Row&)>& row) {
  auto bounds = BoundsOf(range);
  if (!bounds) return bounds.error();
  auto database = OpenForReading(range.directory);
  if (!database) return database.error();
  const auto keyspace = ChosenKeyspace::Find(**database, range.keyspace);
  if (!keyspace) return keyspace.error();
  bounds->keyspace = keyspace->get();
  auto reader = RowReader::Open(**database, *std::move(bounds), range.expiry);
  if (!reader) return reader.error();
  return reader->ForEach(title, range.limit, row);
}

}  // namespace quiver::cli
