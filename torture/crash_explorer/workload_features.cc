// What a workload does beside plain writes and upkeep. Nothing here waits for background work, so
// that the order of the calls on the disk stays the same: what would is flushed before.
#include <algorithm>
#include <cstdio>

#include "base/try.h"
#include "crash_explorer/feature_calls.h"
#include "crash_explorer/workload.h"
#include "db/checkpoint.h"

namespace quiver::torture {

namespace {

constexpr std::size_t kDirectoriesKept = 2;
constexpr std::uint64_t kBackupsKept = 3;

}  // namespace

// Without crash points: what the test itself does to the disk.
template <typename Action>
auto Workload::Unseen(const Action& action) {
  disk_.SetObserver({});
  auto result = action();
  ObserveDisk();
  return result;
}

std::filesystem::path Workload::NewPath(const char* kind) {
  return "/" + std::string(kind) + std::to_string(path_count_++);
}

Isolation Workload::NextIsolation() {
  return random_.OneIn(2) ? Isolation::kSnapshot : Isolation::kSerializable;
}

Result<void> Workload::Feature(std::uint64_t choice) {
  if (choice < 3) return Conflict();
  if (choice < 8) return Ingest();
  if (choice < 10) return CheckpointByFollower();
  (void)Unseen([&] {
    ForgetDirectories(disk_, kDirectoriesKept, copies_);
    return true;
  });
  QUIVER_TRY(FlushAll());
  Engine& engine = machine_.engine();
  if (choice < 12) return MakeCheckpoint(engine, NewPath("checkpoint"), history_, copies_);
  if (choice < 16) {
    if (copies_.backups().size() >= kBackupsKept) QUIVER_TRY(PruneTo(files_, 1, copies_));
    return MakeBackup(engine, history_, copies_);
  }
  if (choice < 17) return PruneTo(files_, 1 + random_.Below(2), copies_);
  if (choice < 18) return RestoreSome(files_, NewPath("restored"), random_, copies_);
  // A dataset that compacts would wait for compactions that its own have made due.
  if (random_.OneIn(2)) QUIVER_TRY(Compact());
  machine_.Drain();
  const std::vector<std::size_t> there = history_.KeyspacesThere();
  const std::size_t keyspace = there[random_.Below(there.size())];
  return MakeDataset(engine, NewPath("dataset"), keyspace, /*compact=*/false, history_, copies_);
}

Result<void> Workload::FlushAll() {
  const SequenceNumber before = history_.acknowledged();
  QUIVER_TRY(machine_.Flush());
  machine_.Drain();
  history_.Require(before);
  return {};
}

// A transaction alone never conflicts.
Result<void> Workload::Commit(std::vector<HistoryRow> rows, std::size_t encoded_bytes,
                              WalMode mode) {
  QUIVER_ASSIGN_OR_RETURN(Transaction transaction,
                          Stage(rows, history_, machine_.engine(), NextIsolation()));
  history_.Issue(std::move(rows), mode, encoded_bytes);
  ++transactions_;
  return Submit([&](const WriteOptions& options) { return transaction.Commit(options); }, mode);
}

// A write to what a transaction writes comes first: nothing of the transaction may ever be found.
Result<void> Workload::Conflict() {
  std::vector<HistoryRow> refused =
      rows_.Draw(random_, 1 + random_.Below(3), 40, machine_.WallMicros());
  const HistoryRow& contested = refused[random_.Below(refused.size())];
  if (contested.operation == Operation::kRangeDelete) return {};
  QUIVER_ASSIGN_OR_RETURN(Transaction transaction,
                          Stage(refused, history_, machine_.engine(), NextIsolation()));
  HistoryRow first;
  first.keyspace = contested.keyspace;
  first.operation = Operation::kDelete;
  first.key = contested.key;
  std::vector<HistoryRow> rows = {first};
  QUIVER_ASSIGN_OR_RETURN(const EncodedRows encoded, Encode(rows, history_, machine_.engine()));
  const WalMode mode = NextMode();
  history_.Issue(std::move(rows), mode, encoded.bytes.size());
  QUIVER_TRY(Submit(
      [&](const WriteOptions& options) {
        return machine_.engine().Write(encoded.bytes, 1, encoded.keyspaces, options);
      },
      mode));
  const auto committed = transaction.Commit({.fail_if_stalled = true});
  ++conflicts_;
  if (!committed && committed.error().code() == ErrorCode::kConflict) return {};
  if (!committed && committed.error().code() == ErrorCode::kBusy) return {};  // and rolled back
  return Error(ErrorCode::kInternal,
               "a conflicting transaction was not refused: " +
                   (committed ? "it has committed" : committed.error().ToString()));
}

// Either to keys of its own, beside what is in memory, or to any keys, after a flush.
Result<void> Workload::Ingest() {
  const std::uint64_t input = input_count_++;
  std::vector<HistoryRow> rows;
  const std::vector<std::size_t> there = history_.KeyspacesThere();
  const std::size_t keyspace = there[random_.Below(there.size())];
  const DatabaseConfig config = KeyspaceConfig(config_, keyspace);
  const bool own_keys = random_.OneIn(2);
  for (std::uint64_t i = 1 + random_.Below(20); i > 0; --i) {
    HistoryRow& row = rows.emplace_back();
    row.keyspace = keyspace;
    char own[24];
    std::snprintf(own, sizeof own, "m%05llu%02llu", static_cast<unsigned long long>(input % 99'999),
                  static_cast<unsigned long long>(i));
    row.key = own_keys ? std::string(own) : Key(random_);
    row.value = config.merge_operator == MergeOperatorKind::kAddInt64
                    ? EncodeInt64(static_cast<std::int64_t>(random_.Next()))
                    : ValueOf(row.key, history_.issued() + i, history_.batch_count(), seed_,
                              random_.Below(120), config.value_width_bytes);
  }
  QUIVER_ASSIGN_OR_RETURN(const auto file,
                          Unseen([&] { return WriteArrowFile(disk_, input, rows); }));
  machine_.Drain();
  if (!own_keys) QUIVER_TRY(FlushAll());
  return IngestRows(machine_.engine(), disk_, file, std::move(rows), history_);
}

// As another process makes it: what the log holds is in the follower's memory.
Result<void> Workload::CheckpointByFollower() {
  machine_.Drain();
  (void)Unseen([&] {
    ForgetDirectories(disk_, kDirectoriesKept, copies_);
    return true;
  });
  Machine follower(files_, seed_ ^ number_, machine_.WallMicros());
  QUIVER_TRY(follower.Follow());
  return MakeCheckpoint(follower.engine(), NewPath("followed"), history_, copies_);
}

}  // namespace quiver::torture
