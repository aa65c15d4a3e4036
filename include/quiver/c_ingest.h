// Bulk ingest through the C API: rows of Arrow IPC files as tables of a database, at once and
// without the log (docs/ingest.md).
//
//   const char* files[] = {"users-1.arrow", "users-2.arrow"};
//   quiver_ingest_options_create(&options, &error);
//   quiver_ingest_options_set_expiry_column(options, "until", &error);
//   quiver_ingest_arrow(db, files, 2, options, &report, &error);
//
// The conventions of quiver/c.h hold. The rows of all files together are one write: a reader sees
// all of them or none, and so does whoever opens the database after a crash.
//
// Thread safety: options belong to one thread at a time.
#pragma once

#include "quiver/c.h"

#ifdef __cplusplus
extern "C" {
#endif

// NOLINTBEGIN(modernize-use-using): this is C

typedef struct quiver_ingest_options quiver_ingest_options;

quiver_code quiver_ingest_options_create(quiver_ingest_options** options, quiver_error** error);
void quiver_ingest_options_destroy(quiver_ingest_options* options);
/// The options share the keyspace; NULL, as at first: the default one.
quiver_code quiver_ingest_options_set_keyspace(quiver_ingest_options* options,
                                               const quiver_keyspace* keyspace,
                                               quiver_error** error);
/// The names of the columns: "key" and "value" at first.
quiver_code quiver_ingest_options_set_key_column(quiver_ingest_options* options, const char* name,
                                                 quiver_error** error);
quiver_code quiver_ingest_options_set_value_column(quiver_ingest_options* options, const char* name,
                                                   quiver_error** error);
/// A timestamp, or microseconds since 1970 as int64 or uint64; null in it: never. NULL, as at
/// first: no row expires.
quiver_code quiver_ingest_options_set_expiry_column(quiver_ingest_options* options,
                                                    const char* name, quiver_error** error);
/// Of rows with the same key the last one wins, files in the order given; true refuses them.
quiver_code quiver_ingest_options_set_refuse_duplicates(quiver_ingest_options* options, bool refuse,
                                                        quiver_error** error);
/// For sorting; what is larger is sorted in pieces on the database's disk. 64 MiB at first, at
/// least 1 MiB.
quiver_code quiver_ingest_options_set_memory_bytes(quiver_ingest_options* options, uint64_t bytes,
                                                   quiver_error** error);

/// Called now and then on the caller's thread: rows so far, over all passes, and rows in all passes
/// as far as known (0: not yet). It must not longjmp or throw, and may use the database, but for
/// quiver_close(), which answers QUIVER_BUSY, and quiver_database_destroy().
typedef void (*quiver_ingest_progress)(void* context, uint64_t done_rows, uint64_t total_rows);

/// NULL: nobody is told.
quiver_code quiver_ingest_options_set_progress(quiver_ingest_options* options,
                                               quiver_ingest_progress progress, void* context,
                                               quiver_error** error);

/// Adds the rows of `file_count` Arrow IPC files or streams; durable when it returns. `report` (may
/// be NULL) is read as quiver/c_admin.h says. QUIVER_INVALID_ARGUMENT (a column or row that no put
/// would take, by file and row), QUIVER_CORRUPTION and QUIVER_UNSUPPORTED of a file,
/// QUIVER_NOT_FOUND, and as quiver_write(); the database is then as it was.
quiver_code quiver_ingest_arrow(quiver_database* database, const char* const* files,
                                size_t file_count, const quiver_ingest_options* options,
                                quiver_report** report, quiver_error** error);

// NOLINTEND(modernize-use-using)

#ifdef __cplusplus
}  // extern "C"
#endif
