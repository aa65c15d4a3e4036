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

Result<std::uint64_t> ForEachRow(
    const RowRange& range, const std::string& title,
    const std::function<Result<bool>(std::string_view key, std::string_view value)>& row) {
  auto bounds = BoundsOf(range);
  if (!bounds) return bounds.error();
  auto database = Database::OpenReadOnly(range.directory);
  if (!database) return database.error();
  const auto keyspace = ChosenKeyspace::Find(**database, range.keyspace);
  if (!keyspace) return keyspace.error();
  bounds->keyspace = keyspace->get();
  auto rows = (*database)->NewIterator(*bounds);
  if (!rows) return rows.error();
  Progress progress(title, "rows");
  std::uint64_t count = 0;
  for (rows->SeekToFirst(); rows->Valid() && count < range.limit; rows->Next()) {
    const auto go_on = row(rows->key(), rows->value());
    if (!go_on) return go_on.error();
    if (!*go_on) return count;
    progress.Update(++count);
  }
  if (const auto status = rows->status(); !status) return status.error();
  return count;
}

}  // namespace quiver::cli
