// The lives with ingests, checkpoints, backups, restores, datasets and followers.
#include "admin/backup_store.h"
#include "base/try.h"
#include "crash_explorer/feature_calls.h"
#include "fault_sweep/sweep_workload.h"

namespace quiver::torture {

void SweepWorkload::LiveWithCopies() {
  const auto write = [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto mode = static_cast<WalMode>((i + fault_.config) % 3);
      Step([&] { Write(mode, i % 2 == 0 ? 3 : 1, i % 4 == 3 ? 1500 : 60); });
    }
  };
  const auto checkpoint = [&](const char* path) {
    Step([&] {
      Copy("checkpoint",
           [&](Engine& engine) { return MakeCheckpoint(engine, path, history_, copies_); });
    });
  };
  const auto back_up = [&] {
    Step([&] {
      Copy("backup", [&](Engine& engine) { return MakeBackup(engine, history_, copies_); });
    });
  };
  Step([&] { MakeKeyspace("first"); });
  write(8);
  Step([&] { Ingest(12); });
  Step([&] { ReadAll(); });
  checkpoint("/checkpoint");
  write(2);
  back_up();
  Step([&] { Flush(); });
  write(3);
  Step([&] { Conflict(); });
  Step([&] { Ingest(6); });
  Step([&] { Follow(); });
  back_up();
  Step([&] {
    Copy("restore", [&](Engine&) { return RestoreSome(files_, "/restored", random_, copies_); });
  });
  write(1);
  Step([&] {
    Copy("dataset", [&](Engine& engine) {
      return MakeDataset(engine, "/dataset", kDefaultKeyspace, random_.OneIn(2), history_, copies_);
    });
  });
  Step([&] { Copy("prune", [&](Engine&) { return PruneTo(files_, 1, copies_); }); });
  write(2);
  Step([&] { Follow(); });
  Step([&] { CheckpointByFollower(); });
  Step([&] { ReadAll(); });
}

void SweepWorkload::Copy(const char* call, const CopyCall& copy) {
  if (!machine_.is_open()) return;
  const SequenceNumber before = history_.acknowledged();
  const Result<void> made = machine_.CallThroughRetries(copy);
  if (made) return;
  if (made.error().code() == ErrorCode::kInternal) return Say(made.error().ToString());
  CheckError(call, made.error());
  if (history_.acknowledged() != before) Say(std::string(call) + " has written");
}

// The other write is in a table by the time of the commit: whether that can be read or not, the
// transaction does not commit.
void SweepWorkload::Conflict() {
  if (!machine_.is_open() || uncertain_ || history_.has_undecided_ingest()) return;
  HistoryRow row;
  row.key = Key(random_);
  row.value = "refused";
  if (config_.value_width_bytes != 0) row.value.resize(config_.value_width_bytes, '_');
  auto transaction = Stage({row}, history_, machine_.engine(), Isolation::kSnapshot);
  if (!transaction) return CheckError("transaction", transaction.error());
  row.operation = Operation::kDelete;
  row.value.clear();
  if (!WriteRows({row}, WalMode::kSync)) return;
  Flush();
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto committed = transaction->Commit({.fail_if_stalled = true});
    if (committed) return Say("a transaction committed over a conflict");
    const ErrorCode code = committed.error().code();
    if (code == ErrorCode::kConflict || code == ErrorCode::kBusy) return;
    CheckError("commit", committed.error());
  }
}

void SweepWorkload::Ingest(std::size_t row_count) {
  if (!machine_.is_open() || uncertain_ || history_.has_undecided_ingest()) return;
  const std::vector<std::size_t> there = history_.KeyspacesThere();
  const std::size_t keyspace = there[random_.Below(there.size())];
  const DatabaseConfig config = KeyspaceConfig(config_, keyspace);
  std::vector<HistoryRow> rows;
  for (std::size_t i = 1; i <= row_count; ++i) {
    HistoryRow& row = rows.emplace_back();
    row.keyspace = keyspace;
    row.key = Key(random_);
    row.value = config.merge_operator == MergeOperatorKind::kAddInt64
                    ? EncodeInt64(static_cast<std::int64_t>(random_.Next()))
                    : ValueOf(row.key, history_.issued() + i, history_.batch_count(), seed_, 40,
                              config.value_width_bytes);
  }
  const auto file = WriteArrowFile(disk_, input_count_++, rows);
  if (!file) return Say("the source cannot be written: " + file.error().ToString());
  const Result<void> done = machine_.CallThroughRetries(
      [&](Engine& engine) { return IngestRows(engine, disk_, *file, std::move(rows), history_); });
  if (done) return;
  if (done.error().code() == ErrorCode::kInternal) return Say(done.error().ToString());
  CheckError("ingest", done.error());
}

// What it shows is a prefix with everything acknowledged in it; a look for news may fail, and says
// why.
void SweepWorkload::Follow() {
  if (!machine_.is_open()) return;
  Machine follower(files_, seed_, machine_.WallMicros());
  if (const Result<void> opened = follower.Follow(); !opened) {
    return CheckError("follow", opened.error());
  }
  const SequenceNumber last = follower.engine().recovery_report().last_sequence;
  const std::uint64_t failed_before = injector_.failed_count();
  const std::string wrong =
      history_.Check(follower.engine(), last, uncertain_ ? 0 : history_.acknowledged());
  if (!wrong.empty() && (injector_.failed_count() == failed_before ||
                         wrong.find("injected into") == std::string::npos)) {
    Say("a follower: " + wrong);
  }
  const Result<bool> news = follower.engine().HasNews();
  if (!news) CheckError("look for news", news.error());
}

void SweepWorkload::CheckpointByFollower() {
  if (!machine_.is_open() || uncertain_ || history_.has_undecided_ingest()) return;
  Machine follower(files_, seed_, machine_.WallMicros());
  if (const Result<void> opened = follower.Follow(); !opened) {
    return CheckError("follow", opened.error());
  }
  const Result<void> made = MakeCheckpoint(follower.engine(), "/followed", history_, copies_);
  if (made) return;
  if (made.error().code() == ErrorCode::kInternal) return Say(made.error().ToString());
  CheckError("checkpoint by a follower", made.error());
}

// The fault is gone: what was made is there, and what failed is not in the way of the next.
void SweepWorkload::CheckCopies(Machine& survivor) {
  if (fault_.config < kPlainConfigCount) return;
  std::string wrong = copies_.Check(disk_, disk_, machine_.WallMicros(), random_);
  if (!wrong.empty()) return Say("copies: " + wrong);
  const Result<void> made = survivor.CallThroughRetries(
      [&](Engine& engine) { return MakeBackup(engine, history_, copies_); });
  if (!made) return Say("the survivor cannot be backed up: " + made.error().ToString());
  wrong = Copies::CheckSwept(disk_);
  // Time has passed for the survivor, and with it some entries.
  if (wrong.empty()) wrong = copies_.Check(disk_, disk_, survivor.WallMicros(), random_);
  if (!wrong.empty()) Say("after the next backup: " + wrong);
}

}  // namespace quiver::torture
