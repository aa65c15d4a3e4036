// checkpoint, backup create|list|verify|restore|delete|prune, files.
#include <cstdio>
#include <ctime>
#include <memory>

#include "confirm.h"
#include "exit_code.h"
#include "output.h"
#include "progress.h"
#include "quiver/backup.h"
#include "quiver/dataset.h"
#include "quiver/follower.h"
#include "session.h"

namespace quiver::cli {

namespace {

struct CopyOptions {
  std::string directory;
  std::string target;
  std::string keyspace;
  std::uint64_t id = 0;
  bool no_compact = false;
  bool yes = false;
};

constexpr std::uint64_t kIdMax = 9'999'999'999;

unsigned long long Number(std::uint64_t number) {
  return number;
}

/// Makes a copy of a database that others may be writing.
template <typename Make>
auto CopyLive(const std::string& directory, const Make& make)
    -> decltype(make(std::declval<Database&>())) {
  const auto follower = Follower::Open(directory);
  if (!follower) return follower.error();
  return make(*(*follower)->database());
}

ProgressCallback ShowOn(Progress& progress) {
  return [&progress](std::uint64_t done_bytes, std::uint64_t total_bytes) {
    progress.Update(done_bytes, total_bytes);
  };
}

int RunCheckpoint(const CopyOptions& options) {
  Progress progress("copying", "bytes");
  const auto report = CopyLive(options.directory, [&](Database& database) {
    return database.Checkpoint(options.target, ShowOn(progress));
  });
  if (!report) return Fail(report.error());
  std::printf(
      "%s: everything up to sequence %llu; %llu tables linked, %llu copied, %llu written, "
      "%llu bytes\n",
      options.target.c_str(), Number(report->sequence), Number(report->tables_linked),
      Number(report->tables_copied), Number(report->tables_written), Number(report->bytes));
  return kDone;
}

int RunBackupCreate(const CopyOptions& options) {
  Progress progress("backing up", "bytes");
  const auto made = CopyLive(options.directory, [&](Database& database) {
    return CreateBackup(database, options.target, ShowOn(progress));
  });
  if (!made) return Fail(made.error());
  std::printf(
      "backup %llu: everything up to sequence %llu; %llu files, %llu bytes, of them %llu "
      "new\n",
      Number(made->id), Number(made->sequence), Number(made->files), Number(made->bytes),
      Number(made->new_bytes));
  return kDone;
}

// "2026-11-23T09:51:20Z".
std::string UtcTime(std::uint64_t time_us) {
  const auto seconds = static_cast<std::time_t>(time_us / 1'000'000);
  std::tm parts{};
  char text[32];
  if (::gmtime_r(&seconds, &parts) == nullptr ||
      std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
    return "?";
  }
  return text;
}

int RunBackupList(const CopyOptions& options) {
  const auto list = ListBackups(options.target);
  if (!list) return Fail(list.error());
  std::printf("%6s  %-20s  %12s  %14s  %14s\n", "id", "created", "sequence", "bytes", "new bytes");
  for (const BackupInfo& backup : list->backups) {
    std::printf("%6llu  %-20s  %12llu  %14llu  %14llu\n", Number(backup.id),
                UtcTime(backup.created_us).c_str(), Number(backup.sequence), Number(backup.bytes),
                Number(backup.new_bytes));
  }
  for (const Damage& damage : list->damages) {
    std::printf("damaged: %s: %s\n", damage.file.c_str(), damage.what.c_str());
  }
  if (list->backups.empty() && list->damages.empty()) {
    std::fprintf(stderr, "there are no backups in %s\n", options.target.c_str());
  }
  return list->damages.empty() ? kDone : kFailed;
}

int RunBackupVerify(const CopyOptions& options) {
  Progress progress("verifying", "bytes");
  std::optional<std::uint64_t> id;
  if (options.id != 0) id = options.id;
  const auto report = VerifyBackup(options.target, id, ShowOn(progress));
  if (!report) return Fail(report.error());
  for (const Damage& damage : report->damages) {
    std::printf("damaged: %s, offset %llu: %s\n", damage.file.c_str(), Number(damage.offset),
                damage.what.c_str());
  }
  std::printf("%llu backups, %llu files, %llu bytes: %s\n", Number(report->backups),
              Number(report->files), Number(report->bytes),
              report->damages.empty() ? "everything verifies" : "DAMAGED");
  return report->damages.empty() ? kDone : kFailed;
}

int RunBackupRestore(const CopyOptions& options) {
  Progress progress("restoring", "bytes");
  const auto restored =
      RestoreBackup(options.target, options.id, options.directory, ShowOn(progress));
  if (!restored) return Fail(restored.error());
  std::printf("%s: backup %llu, everything up to sequence %llu; %llu files, %llu bytes\n",
              options.directory.c_str(), Number(restored->id), Number(restored->sequence),
              Number(restored->files), Number(restored->bytes));
  return kDone;
}

// Without its time and size if its description cannot be read: such a one can be deleted too.
Result<std::string> DescribeDelete(const CopyOptions& options) {
  const auto list = ListBackups(options.target);
  if (!list) return list.error();
  std::string text = "delete backup " + std::to_string(options.id) + " of " + options.target;
  for (const BackupInfo& backup : list->backups) {
    if (backup.id != options.id) continue;
    return text + ", made " + UtcTime(backup.created_us) + ", " + Grouped(backup.bytes) + " bytes";
  }
  return list->damages.empty() ? std::string() : text;
}

// Every number by itself: those of deleted backups are not used again.
Result<std::string> DescribePrune(const CopyOptions& options) {
  const auto list = ListBackups(options.target);
  if (!list) return list.error();
  const std::size_t there = list->backups.size();
  if (there <= options.id) return std::string();
  const std::size_t going = there - static_cast<std::size_t>(options.id);
  std::string text = "delete the oldest " + std::to_string(going) + " of the " +
                     std::to_string(there) + " backups of " + options.target + ": number";
  for (std::size_t i = 0; i < going; ++i) {
    text += (i == 0 ? " " : ", ") + std::to_string(list->backups[i].id);
  }
  return text;
}

int RunBackupDelete(const CopyOptions& options) {
  const int asked =
      Confirm(options.yes, "backup delete", [&options] { return DescribeDelete(options); });
  if (asked != kDone) return asked;
  const auto done = DeleteBackup(options.target, options.id);
  return done ? kDone : Fail(done.error());
}

int RunBackupPrune(const CopyOptions& options) {
  const int asked =
      Confirm(options.yes, "backup prune", [&options] { return DescribePrune(options); });
  if (asked != kDone) return asked;
  const auto removed = PruneBackups(options.target, options.id);
  if (!removed) return Fail(removed.error());
  std::printf("%llu backups removed\n", Number(*removed));
  return kDone;
}

Result<DatasetReport> Export(Database& database, const CopyOptions& options) {
  Progress progress("reading", "bytes");
  DatasetOptions dataset{.compact = !options.no_compact, .progress = ShowOn(progress)};
  std::optional<Keyspace> keyspace;
  if (!options.keyspace.empty()) {
    auto found = database.OpenKeyspace(options.keyspace);
    if (!found) return found.error();
    keyspace.emplace(*std::move(found));
    dataset.keyspace = &*keyspace;
  }
  return ExportDataset(database, options.target, dataset);
}

Result<DatasetReport> CompactAndExport(const Session& session, const CopyOptions& options) {
  auto database = session.OpenForWriting(options.directory, /*create=*/false);
  if (!database) {
    if (database.error().code() != ErrorCode::kBusy) return database.error();
    return database.error().WithContext(
        "to compact it, the database must not be open elsewhere; --no-compact takes it as it is");
  }
  auto report = Export(**database, options);
  if (!report) return report;
  if (const auto closed = (*database)->Close(); !closed) return closed.error();
  return report;
}

int RunFiles(const Session& session, const CopyOptions& options) {
  const auto report = options.no_compact
                          ? CopyLive(options.directory,
                                     [&](Database& database) { return Export(database, options); })
                          : CompactAndExport(session, options);
  if (!report) return Fail(report.error());
  std::printf(
      "%s: %llu files (%llu linked), %llu rows, %llu bytes, everything up to sequence "
      "%llu\n",
      options.target.c_str(), Number(report->files), Number(report->linked_files),
      Number(report->rows), Number(report->bytes), Number(report->sequence));
  for (const std::string& note : report->notes) std::printf("note: %s\n", note.c_str());
  return kDone;
}

using Options = std::shared_ptr<CopyOptions>;

/// A verb of 'backup' with the directory of the backups.
CLI::App* AddBackupVerb(CLI::App& backup, const Options& options, const char* name,
                        const char* sentence) {
  CLI::App* verb = backup.add_subcommand(name, sentence);
  verb->add_option("backups", options->target, "Directory of the backups")->required();
  return verb;
}

void AddBackupVerbs(CLI::App& app, Session& session) {
  CLI::App* backup = app.add_subcommand("backup", "Make, check and restore backups");
  backup->require_subcommand(1);

  auto created = std::make_shared<CopyOptions>();
  CLI::App* create = backup->add_subcommand(
      "create",
      "Back up a database, which may be in use; tables of earlier backups are not copied");
  create->add_option("dir", created->directory, "Directory of the database")->required();
  create->add_option("backups", created->target, "Directory of the backups")->required();
  session.SetAction(*create, [created] { return RunBackupCreate(*created); });

  auto listed = std::make_shared<CopyOptions>();
  CLI::App* list = AddBackupVerb(*backup, listed, "list", "List the backups of a directory");
  session.SetAction(*list, [listed] { return RunBackupList(*listed); });

  auto verified = std::make_shared<CopyOptions>();
  CLI::App* verify = AddBackupVerb(*backup, verified, "verify",
                                   "Read every byte of a backup, or of all, and check it");
  AddNumber(*verify, "id", verified->id, "Number of the backup; all if absent", 1, kIdMax);
  session.SetAction(*verify, [verified] { return RunBackupVerify(*verified); });

  auto restored = std::make_shared<CopyOptions>();
  CLI::App* restore =
      AddBackupVerb(*backup, restored, "restore", "Make a database of a backup in a new directory");
  AddNumber(*restore, "id", restored->id, "Number of the backup", 1, kIdMax)->required();
  restore->add_option("dir", restored->directory, "Directory of the new database")->required();
  session.SetAction(*restore, [restored] { return RunBackupRestore(*restored); });

  auto deleted = std::make_shared<CopyOptions>();
  CLI::App* remove =
      AddBackupVerb(*backup, deleted, "delete", "Remove a backup and what no other one needs");
  AddNumber(*remove, "id", deleted->id, "Number of the backup", 1, kIdMax)->required();
  AddYesFlag(*remove, deleted->yes);
  session.SetAction(*remove, [deleted] { return RunBackupDelete(*deleted); });

  auto pruned = std::make_shared<CopyOptions>();
  CLI::App* prune = AddBackupVerb(*backup, pruned, "prune", "Remove all but the newest backups");
  AddNumber(*prune, "--keep", pruned->id, "How many to keep", 1, kIdMax)->required();
  AddYesFlag(*prune, pruned->yes);
  session.SetAction(*prune, [pruned] { return RunBackupPrune(*pruned); });
}

}  // namespace

void AddCopyVerbs(CLI::App& app, Session& session) {
  auto checkpointed = std::make_shared<CopyOptions>();
  CLI::App* checkpoint = app.add_subcommand(
      "checkpoint", "Copy a database, which may be in use, by links where that can be");
  checkpoint->add_option("dir", checkpointed->directory, "Directory of the database")->required();
  checkpoint->add_option("new-dir", checkpointed->target, "Directory of the copy")->required();
  session.SetAction(*checkpoint, [checkpointed] { return RunCheckpoint(*checkpointed); });

  AddBackupVerbs(app, session);

  auto exported = std::make_shared<CopyOptions>();
  CLI::App* files = app.add_subcommand(
      "files", "Put the tables of one state where Arrow readers scan them as a dataset");
  files->add_option("dir", exported->directory, "Directory of the database")->required();
  files->add_option("--snapshot", exported->target, "Directory of the dataset")->required();
  files->add_option("--keyspace", exported->keyspace, "Its name; default if absent");
  files->add_flag("--no-compact", exported->no_compact,
                  "Take the tables as they are, also while the database is in use");
  session.AddSettingFlags(*files);
  session.SetAction(*files, [&session, exported] { return RunFiles(session, *exported); });
}

}  // namespace quiver::cli
