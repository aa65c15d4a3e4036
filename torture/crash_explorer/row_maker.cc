#include "crash_explorer/row_maker.h"

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace quiver::torture {

namespace {

constexpr std::uint64_t kSoonUs = 100'000;
constexpr std::uint64_t kLaterUs = 20'000'000;

}  // namespace

DatabaseConfig KeyspaceConfig(const DatabaseConfig& database, std::size_t number) {
  if (number == kDefaultKeyspace) return database;
  DatabaseConfig config = database;
  constexpr MergeOperatorKind kOperators[] = {MergeOperatorKind::kNone, MergeOperatorKind::kAppend,
                                              MergeOperatorKind::kCustom,
                                              MergeOperatorKind::kAddInt64};
  config.merge_operator = kOperators[number % 4];
  config.key_width_bytes = 0;
  config.value_width_bytes = number % 8 == 3 ? 8 : 0;
  const auto kind = static_cast<std::size_t>(database.memtable_kind);
  config.memtable_kind = static_cast<MemtableKind>((kind + number) % 8);
  const auto strategy = static_cast<std::size_t>(database.compaction_strategy);
  config.compaction_strategy = static_cast<CompactionStrategyKind>((strategy + number) % 4);
  return config;
}

HistoryRow RowMaker::DrawOne(Random& random, SequenceNumber sequence, std::size_t value_bytes,
                             std::uint64_t now_us) const {
  const std::vector<std::size_t> there = history_.KeyspacesThere();
  HistoryRow row;
  if (random.OneIn(2)) row.keyspace = there[random.Below(there.size())];
  row.key = new_key_(random);
  const DatabaseConfig config = KeyspaceConfig(database_, row.keyspace);
  const std::uint64_t dice = random.Below(100);
  if (dice < 15) {
    row.operation = Operation::kDelete;
    return row;
  }
  if (dice < 18) {
    row.operation = Operation::kRangeDelete;
    row.value = new_key_(random);
    if (row.value < row.key) std::swap(row.key, row.value);
    return row;
  }
  const bool merges = config.merge_operator != MergeOperatorKind::kNone && dice < 45;
  if (merges) row.operation = Operation::kMerge;
  if (random.OneIn(4)) row.expiry_us = now_us + random.Below(random.OneIn(2) ? kSoonUs : kLaterUs);
  if (config.merge_operator == MergeOperatorKind::kAddInt64) {
    row.value = EncodeInt64(static_cast<std::int64_t>(Random(sequence ^ seed_).Next()));
  } else {
    row.value = ValueOf(row.key, sequence, history_.batch_count(), seed_,
                        merges ? value_bytes / 4 : value_bytes, config.value_width_bytes);
  }
  return row;
}

std::vector<HistoryRow> RowMaker::Draw(Random& random, std::size_t count, std::size_t value_bytes,
                                       std::uint64_t now_us) const {
  std::vector<HistoryRow> rows;
  for (std::size_t i = 1; i <= count; ++i) {
    rows.push_back(DrawOne(random, history_.issued() + i, value_bytes, now_us));
  }
  return rows;
}

Result<EncodedRows> Encode(const std::vector<HistoryRow>& rows, const History& history,
                           const Engine& engine) {
  EncodedRows encoded;
  for (const HistoryRow& row : rows) {
    AppendBatchEntry(encoded.bytes, row.Entry(history.IdOf(row.keyspace)));
    QUIVER_ASSIGN_OR_RETURN(const Keyspace handle,
                            engine.OpenKeyspace(history.NameOf(row.keyspace)));
    QUIVER_ASSIGN_OR_RETURN(KeyspaceState* const state, engine.Resolve(&handle));
    if (std::ranges::find(encoded.keyspaces, state) == encoded.keyspaces.end()) {
      encoded.keyspaces.push_back(state);
    }
  }
  return encoded;
}

}  // namespace quiver::torture
