// Copies of a live database through the C API: checkpoints, backups, datasets (docs/backup.md).
//
//   quiver_checkpoint(db, "/data/fruit-at-noon", NULL, NULL, NULL, &error);
//   quiver_backup_create(db, "/mnt/backups/fruit", NULL, NULL, &report, &error);
//   quiver_report_number(report, "id", &id, &error);
//   quiver_backup_restore("/mnt/backups/fruit", id, "/data/fruit", NULL, NULL, NULL, &error);
//
// The conventions of quiver/c.h hold. Reports are read by name (quiver/c_admin.h lists the names);
// `report` may be NULL where nobody wants to know, `progress` too. Callbacks are called on the
// caller's thread; they must not longjmp or throw.
//
// Thread safety: from any thread, while the database is written to. One call at a time changes a
// backup directory: another one gets QUIVER_BUSY.
#pragma once

#include "quiver/c_admin.h"

#ifdef __cplusplus
extern "C" {
#endif

// NOLINTBEGIN(modernize-use-using): this is C

/// Makes a copy of the database in `directory`, which must be absent or empty: all keyspaces at one
/// sequence number, with everything acknowledged before the call. Tables are linked where the file
/// system allows it. After a failure what is there does not open as a database.
quiver_code quiver_checkpoint(quiver_database* database, const char* directory,
                              quiver_progress progress, void* context, quiver_report** report,
                              quiver_error** error);

// ---- backups: any number of states of one database in one directory, each table stored once

/// Adds a backup of the state at one sequence number; the directory is made if absent. Copies the
/// tables that no earlier backup holds, after checking every block of them. QUIVER_INVALID_ARGUMENT
/// (the directory holds backups of another database, or other files), QUIVER_CORRUPTION (a table of
/// the database is damaged; an earlier description is), QUIVER_BUSY, QUIVER_NO_SPACE, QUIVER_IO.
quiver_code quiver_backup_create(quiver_database* database, const char* backup_directory,
                                 quiver_progress progress, void* context, quiver_report** report,
                                 quiver_error** error);
/// A report whose parts "backups" are the backups, oldest first, and whose damages are the
/// descriptions that do not verify. QUIVER_NOT_FOUND if there is no such directory.
quiver_code quiver_backup_list(const char* backup_directory, quiver_report** report,
                               quiver_error** error);
/// Reads every file of backup `id`, or with 0 of all, and holds it against its checksum. Damage is
/// in the report; a failure means that this cannot be done. QUIVER_NOT_FOUND: no such backup, or
/// none at all.
quiver_code quiver_backup_verify(const char* backup_directory, uint64_t id,
                                 quiver_progress progress, void* context, quiver_report** report,
                                 quiver_error** error);
/// Makes a database in `destination`, which must be empty or absent. A file that does not verify
/// ends it with QUIVER_CORRUPTION, and what was made is removed again.
quiver_code quiver_backup_restore(const char* backup_directory, uint64_t id,
                                  const char* destination, quiver_progress progress, void* context,
                                  quiver_report** report, quiver_error** error);
/// Removes a backup, readable or not, and the files that no other one needs.
quiver_code quiver_backup_delete(const char* backup_directory, uint64_t id, quiver_error** error);
/// Removes all but the newest `keep` backups, at least one; `removed` (may be NULL) gets how many.
quiver_code quiver_backup_prune(const char* backup_directory, uint64_t keep, uint64_t* removed,
                                quiver_error** error);

// ---- datasets: the tables of one state of a keyspace, for readers of Arrow IPC files

typedef struct quiver_dataset_options quiver_dataset_options;

quiver_code quiver_dataset_options_create(quiver_dataset_options** options, quiver_error** error);
void quiver_dataset_options_destroy(quiver_dataset_options* options);
/// The options share the keyspace; NULL, as at first: the default one.
quiver_code quiver_dataset_options_set_keyspace(quiver_dataset_options* options,
                                                const quiver_keyspace* keyspace,
                                                quiver_error** error);
/// Whether everything is compacted first, so that the files hold each live key once: true at first.
/// Needs a database that is open for writing.
quiver_code quiver_dataset_options_set_compact(quiver_dataset_options* options, bool compact,
                                               quiver_error** error);
/// Is told of bytes of tables that were read, once they are compacted.
quiver_code quiver_dataset_options_set_progress(quiver_dataset_options* options,
                                                quiver_progress progress, void* context,
                                                quiver_error** error);

/// Puts the tables of a keyspace into `directory`, which must be empty or absent: by hard links
/// where the file system allows it. The report says whether its rows are the live keys and no
/// others ("exact"), and if not, what a reader has to do ("notes"). QUIVER_READ_ONLY: to be
/// compacted, but open for reading.
quiver_code quiver_export_dataset(quiver_database* database, const char* directory,
                                  const quiver_dataset_options* options, quiver_report** report,
                                  quiver_error** error);

// NOLINTEND(modernize-use-using)

#ifdef __cplusplus
}  // extern "C"
#endif
