// Checkpoints, backups and datasets, for C.
#include "quiver/c_copies.h"
#include "reports.h"

using quiver::c::Call;
using quiver::c::GiveReport;
using quiver::c::ProgressOf;

namespace {

quiver_report ReportOf(const quiver::CheckpointReport& made) {
  return {.numbers = {{"sequence", made.sequence},
                      {"tables_linked", made.tables_linked},
                      {"tables_copied", made.tables_copied},
                      {"tables_written", made.tables_written},
                      {"bytes", made.bytes}}};
}

quiver_report ReportOf(const quiver::BackupInfo& backup) {
  return {.numbers = {{"id", backup.id},
                      {"created_us", backup.created_us},
                      {"sequence", backup.sequence},
                      {"files", backup.files},
                      {"bytes", backup.bytes},
                      {"new_bytes", backup.new_bytes}},
          .lists = {{"database_id", {backup.database_id}}}};
}

quiver_report ReportOf(const quiver::BackupList& list) {
  std::vector<quiver_report> backups;
  backups.reserve(list.backups.size());
  for (const quiver::BackupInfo& backup : list.backups) backups.push_back(ReportOf(backup));
  return {.lists = {{"damages", quiver::c::DamageLines(list.damages)}},
          .parts = {{"backups", std::move(backups)}},
          .damages = list.damages};
}

quiver_report ReportOf(const quiver::BackupVerifyReport& found) {
  return {.numbers = {{"backups", found.backups}, {"files", found.files}, {"bytes", found.bytes}},
          .lists = {{"damages", quiver::c::DamageLines(found.damages)}},
          .damages = found.damages};
}

quiver_report ReportOf(const quiver::DatasetReport& made) {
  return {.numbers = {{"sequence", made.sequence},
                      {"files", made.files},
                      {"linked_files", made.linked_files},
                      {"rows", made.rows},
                      {"bytes", made.bytes},
                      {"exact", made.exact ? 1 : 0}},
          .lists = {{"notes", made.notes}}};
}

/// Reports on what a call of the C++ API made.
template <typename Made>
quiver::Result<void> Give(const quiver::Result<Made>& made, quiver_report** report) {
  if (!made) return made.error();
  GiveReport(ReportOf(*made), report);
  return {};
}

}  // namespace

quiver_code quiver_checkpoint(quiver_database* database, const char* directory,
                              quiver_progress progress, void* context, quiver_report** report,
                              quiver_error** error) {
  return Call(error, {{database, "database"}, {directory, "directory"}}, [&] {
    return Give(database->database->Checkpoint(directory, ProgressOf(progress, context)), report);
  });
}

// ---- backups

quiver_code quiver_backup_create(quiver_database* database, const char* backup_directory,
                                 quiver_progress progress, void* context, quiver_report** report,
                                 quiver_error** error) {
  return Call(error, {{database, "database"}, {backup_directory, "backup_directory"}}, [&] {
    return Give(
        quiver::CreateBackup(*database->database, backup_directory, ProgressOf(progress, context)),
        report);
  });
}

quiver_code quiver_backup_list(const char* backup_directory, quiver_report** report,
                               quiver_error** error) {
  return Call(error, {{backup_directory, "backup_directory"}, {report, "report"}},
              [&] { return Give(quiver::ListBackups(backup_directory), report); });
}

quiver_code quiver_backup_verify(const char* backup_directory, uint64_t id,
                                 quiver_progress progress, void* context, quiver_report** report,
                                 quiver_error** error) {
  return Call(error, {{backup_directory, "backup_directory"}, {report, "report"}}, [&] {
    return Give(quiver::VerifyBackup(backup_directory,
                                     id == 0 ? std::nullopt : std::optional<std::uint64_t>(id),
                                     ProgressOf(progress, context)),
                report);
  });
}

quiver_code quiver_backup_restore(const char* backup_directory, uint64_t id,
                                  const char* destination, quiver_progress progress, void* context,
                                  quiver_report** report, quiver_error** error) {
  return Call(error, {{backup_directory, "backup_directory"}, {destination, "destination"}}, [&] {
    return Give(
        quiver::RestoreBackup(backup_directory, id, destination, ProgressOf(progress, context)),
        report);
  });
}

quiver_code quiver_backup_delete(const char* backup_directory, uint64_t id, quiver_error** error) {
  return Call(error, {{backup_directory, "backup_directory"}},
              [&] { return quiver::DeleteBackup(backup_directory, id); });
}

quiver_code quiver_backup_prune(const char* backup_directory, uint64_t keep, uint64_t* removed,
                                quiver_error** error) {
  return Call(error, {{backup_directory, "backup_directory"}}, [&]() -> quiver::Result<void> {
    const auto pruned = quiver::PruneBackups(backup_directory, keep);
    if (!pruned) return pruned.error();
    if (removed != nullptr) *removed = *pruned;
    return {};
  });
}

// ---- datasets

quiver_code quiver_dataset_options_create(quiver_dataset_options** options, quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    *options = new quiver_dataset_options();
    return {};
  });
}

void quiver_dataset_options_destroy(quiver_dataset_options* options) {
  delete options;
}

quiver_code quiver_dataset_options_set_keyspace(quiver_dataset_options* options,
                                                const quiver_keyspace* keyspace,
                                                quiver_error** error) {
  return quiver::c::SetKeyspace(options, keyspace, error);
}

quiver_code quiver_dataset_options_set_compact(quiver_dataset_options* options, bool compact,
                                               quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->options.compact = compact;
    return {};
  });
}

quiver_code quiver_dataset_options_set_progress(quiver_dataset_options* options,
                                                quiver_progress progress, void* context,
                                                quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->options.progress = ProgressOf(progress, context);
    return {};
  });
}

quiver_code quiver_export_dataset(quiver_database* database, const char* directory,
                                  const quiver_dataset_options* options, quiver_report** report,
                                  quiver_error** error) {
  return Call(error, {{database, "database"}, {directory, "directory"}}, [&] {
    quiver::DatasetOptions given;
    if (options != nullptr) {
      given = options->options;
      given.keyspace = options->keyspace ? &*options->keyspace : nullptr;
    }
    return Give(quiver::ExportDataset(*database->database, directory, given), report);
  });
}
