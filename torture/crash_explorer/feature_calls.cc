#include "crash_explorer/feature_calls.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "admin/backup_store.h"
#include "admin/export_dataset.h"
#include "arrow_ipc/foreign_file.h"
#include "base/try.h"
#include "db/checkpoint.h"
#include "db/transaction_impl.h"

namespace quiver::torture {

namespace {

constexpr const char* kInputPath = "/in";
constexpr std::uint64_t kInputBytesMax = std::uint64_t{16} << 20;

Error Wrong(const std::string& what) {
  return {ErrorCode::kInternal, what};
}

Result<std::string> ReadInput(io::MemoryFileSystem& disk, const std::filesystem::path& file) {
  QUIVER_ASSIGN_OR_RETURN(const auto directory, disk.OpenDirectory(kInputPath, false));
  return io::ReadWholeFile(*directory, file.filename().string(), kInputBytesMax);
}

Result<SequenceNumber> VisibleSequence(const Engine& engine) {
  QUIVER_ASSIGN_OR_RETURN(const Snapshot snapshot, engine.NewSnapshot());
  return snapshot.sequence();
}

}  // namespace

// --- transactions

Result<Transaction> Stage(const std::vector<HistoryRow>& rows, const History& history,
                          Engine& engine, Isolation isolation) {
  QUIVER_ASSIGN_OR_RETURN(
      Transaction transaction,
      Transaction::Impl::Begin(engine.shared_from_this(), {.isolation = isolation}));
  for (const HistoryRow& row : rows) {
    QUIVER_ASSIGN_OR_RETURN(const Keyspace keyspace,
                            engine.OpenKeyspace(history.NameOf(row.keyspace)));
    QUIVER_TRY(transaction.Get(row.key, &keyspace));
    const EntryOptions options{.keyspace = &keyspace, .expiry_us = row.expiry_us};
    switch (row.operation) {
      case Operation::kPut: QUIVER_TRY(transaction.Put(row.key, row.value, options)); break;
      case Operation::kDelete: QUIVER_TRY(transaction.Delete(row.key, options)); break;
      case Operation::kMerge: QUIVER_TRY(transaction.Merge(row.key, row.value, options)); break;
      case Operation::kRangeDelete:
        QUIVER_TRY(transaction.DeleteRange(row.key, row.value, options));
        break;
    }
  }
  QUIVER_ASSIGN_OR_RETURN(Iterator passed, transaction.NewIterator());
  passed.Seek(rows.front().key);
  if (passed.Valid()) passed.Next();
  QUIVER_TRY(passed.status());
  return transaction;
}

// --- ingests

// An ingest of nothing asks for as much and does nothing.
bool IsWritable(Engine& engine) {
  return engine.IngestArrow({}, {}).ok();
}

Result<std::filesystem::path> WriteArrowFile(io::MemoryFileSystem& disk, std::uint64_t number,
                                             const std::vector<HistoryRow>& rows) {
  const std::string name = std::to_string(number) + ".arrow";
  QUIVER_ASSIGN_OR_RETURN(const auto directory, disk.OpenDirectory(kInputPath, true));
  QUIVER_ASSIGN_OR_RETURN(const auto file, directory->Create(name));
  arrow_ipc::PlainFileWriter writer(*file, "key", "value");
  for (const HistoryRow& row : rows) QUIVER_TRY(writer.Add(row.key, row.value));
  QUIVER_TRY(writer.Finish());
  QUIVER_TRY(file->Close());
  QUIVER_TRY(directory->Sync());
  return std::filesystem::path(kInputPath) / name;
}

Result<void> IngestRows(Engine& engine, io::MemoryFileSystem& disk,
                        const std::filesystem::path& file, std::vector<HistoryRow> rows,
                        History& history) {
  QUIVER_ASSIGN_OR_RETURN(const std::string before, ReadInput(disk, file));
  QUIVER_ASSIGN_OR_RETURN(const Keyspace keyspace,
                          engine.OpenKeyspace(history.NameOf(rows.front().keyspace)));
  const std::size_t count = rows.size();
  history.IssueIngest(std::move(rows));
  const std::array files = {file};
  const auto report = engine.IngestArrow(files, {.keyspace = &keyspace});
  QUIVER_ASSIGN_OR_RETURN(const std::string after, ReadInput(disk, file));
  if (after != before) return Wrong("an ingest has changed its source");
  if (!report) {
    QUIVER_ASSIGN_OR_RETURN(const SequenceNumber visible, VisibleSequence(engine));
    // What has failed in the log may have used its number up; what has failed in the manifest may
    // be found at the next open.
    const std::string& failed = report.error().file();
    const bool may_have_happened =
        failed.ends_with(".wal") || failed.starts_with("MANIFEST") ||
        failed.starts_with("CURRENT") ||
        (failed == "/db" && report.error().code() == ErrorCode::kNoSpace);
    history.RefuseIngest(visible, may_have_happened || !IsWritable(engine));
    return report.error();
  }
  if (report->rows_read != count || report->sequence <= history.issued()) {
    return Wrong("an ingest of " + std::to_string(count) + " rows read " +
                 std::to_string(report->rows_read) + " and got sequence " +
                 std::to_string(report->sequence));
  }
  history.AcknowledgeIngest(report->sequence);
  return {};
}

// --- copies

Result<void> MakeCheckpoint(Engine& engine, const std::filesystem::path& path,
                            const History& history, Copies& copies) {
  DirectoryCopy& copy = copies.Begin(path, false, history);
  const auto report = WriteCheckpoint(engine, path);
  copies.End();
  if (!report) return report.error();
  copy.sequence = report->sequence;
  if (report->sequence == history.acknowledged()) return {};
  return Wrong("a checkpoint holds sequence " + std::to_string(report->sequence) + ", but " +
               std::to_string(history.acknowledged()) + " was acknowledged");
}

Result<void> MakeDataset(Engine& engine, const std::filesystem::path& path, std::size_t keyspace,
                         bool compact, const History& history, Copies& copies) {
  QUIVER_ASSIGN_OR_RETURN(const Keyspace handle, engine.OpenKeyspace(history.NameOf(keyspace)));
  DirectoryCopy& copy = copies.Begin(path, true, history);
  const auto report = ExportDatasetOf(engine, path, {.keyspace = &handle, .compact = compact});
  copies.End();
  if (!report) return report.error();
  copy.sequence = report->sequence;
  return {};
}

Result<void> MakeBackup(Engine& engine, const History& history, Copies& copies) {
  BackupCopy& copy = copies.BeginBackup(history);
  const auto made = CreateBackupOf(engine, kBackupPath, {});
  copies.End();
  if (!made) return made.error();
  copy.id = made->id;
  if (made->sequence == history.acknowledged()) return {};
  return Wrong("a backup holds sequence " + std::to_string(made->sequence) + ", but " +
               std::to_string(history.acknowledged()) + " was acknowledged");
}

Result<void> RestoreSome(io::FileSystem& files, const std::filesystem::path& path, Random& random,
                         Copies& copies) {
  std::vector<const BackupCopy*> made;
  for (const BackupCopy& backup : copies.backups()) {
    if (backup.id && !backup.leaving) made.push_back(&backup);
  }
  if (made.empty()) return {};
  const BackupCopy& backup = *made[random.Below(made.size())];
  DirectoryCopy& copy = copies.Begin(path, false, backup.history);
  const auto restored = RestoreBackupFrom(files, kBackupPath, *backup.id, path, {});
  copies.End();
  if (!restored) return restored.error();
  copy.sequence = restored->sequence;
  return {};
}

Result<void> PruneTo(io::FileSystem& files, std::uint64_t keep, Copies& copies) {
  std::vector<std::uint64_t> ids;
  bool all_known = true;
  for (const BackupCopy& backup : copies.backups()) {
    if (backup.id && !backup.leaving) ids.push_back(*backup.id);
    all_known &= backup.id.has_value() && !backup.leaving;
  }
  if (ids.size() <= keep) return {};
  // One that was refused may be there and count as the newest.
  copies.Removing(all_known ? ids[ids.size() - keep] : ids.back() + 1);
  const auto pruned = PruneBackupsIn(files, kBackupPath, keep);
  copies.End();
  if (!pruned) return pruned.error();
  if (!all_known) return {};
  copies.Removed();
  if (*pruned == ids.size() - keep) return {};
  return Wrong("pruning to " + std::to_string(keep) + " of " + std::to_string(ids.size()) +
               " backups removed " + std::to_string(*pruned));
}

void ForgetDirectories(io::MemoryFileSystem& disk, std::size_t keep, Copies& copies) {
  std::list<DirectoryCopy>& directories = copies.directories();
  while (directories.size() > keep) {
    if (const auto directory = disk.OpenDirectory(directories.front().path, false)) {
      RemoveEverything(**directory);
    }
    directories.pop_front();
  }
}

}  // namespace quiver::torture
