// Keyspaces through the C API: named, ordered sets of keys inside a database (docs/keyspaces.md).
//
//   quiver_keyspace* users = NULL;
//   quiver_keyspace_create(db, "users", NULL, &users, &error);   /* or _open, if it exists */
//   quiver_write_options_set_keyspace(options, users, &error);
//   quiver_put(db, options, "ada", 3, "1815", 4, &error);
//
// The conventions of quiver/c.h hold. A batch over several keyspaces is atomic and a snapshot shows
// all of them at one moment. Options copy the keyspace that they are given, so its handle may be
// destroyed before them; NULL there, as at first, means the keyspace "default". A handle may
// outlive its database, which then refuses it. After a drop every use of the keyspace answers
// QUIVER_NOT_FOUND.
//
// Thread safety: a keyspace and a list may be read by many threads.
#pragma once

#include "quiver/c.h"

#ifdef __cplusplus
extern "C" {
#endif

// NOLINTBEGIN(modernize-use-using): this is C

typedef struct quiver_keyspaces quiver_keyspaces;

/// Makes a keyspace. `config` is that of the database (quiver_database_config, also NULL) with
/// other values for settings that are per keyspace; it keeps them for good. Cost: a sync.
/// QUIVER_INVALID_ARGUMENT: the name is taken or no name, or a setting is not allowed.
quiver_code quiver_keyspace_create(quiver_database* database, const char* name,
                                   const quiver_config* config, quiver_keyspace** keyspace,
                                   quiver_error** error);
/// The keyspace of that name ("default" too); QUIVER_NOT_FOUND if there is none.
quiver_code quiver_keyspace_open(const quiver_database* database, const char* name,
                                 quiver_keyspace** keyspace, quiver_error** error);
/// Deletes a keyspace with all its keys, at once and for good; iterators over it may finish. The
/// handle is still to be destroyed.
quiver_code quiver_keyspace_drop(quiver_database* database, const quiver_keyspace* keyspace,
                                 quiver_error** error);
/// The settings that a keyspace has.
quiver_code quiver_keyspace_config(const quiver_database* database, const quiver_keyspace* keyspace,
                                   quiver_config** config, quiver_error** error);
/// The name lives as long as the handle; "" of NULL.
const char* quiver_keyspace_name(const quiver_keyspace* keyspace);
/// Never used twice in a database; that of "default", 0, of NULL.
uint32_t quiver_keyspace_id(const quiver_keyspace* keyspace);
void quiver_keyspace_destroy(quiver_keyspace* keyspace);

/// All keyspaces of a database, in the order of their creation.
quiver_code quiver_keyspace_list(const quiver_database* database, quiver_keyspaces** keyspaces,
                                 quiver_error** error);
/// The keyspaces that operations of a batch name, each once.
quiver_code quiver_batch_keyspaces(const quiver_batch* batch, quiver_keyspaces** keyspaces,
                                   quiver_error** error);
size_t quiver_keyspaces_count(const quiver_keyspaces* keyspaces);
/// Keyspace `index`, which is the list's and lives as long; NULL past the end.
const quiver_keyspace* quiver_keyspaces_at(const quiver_keyspaces* keyspaces, size_t index);
void quiver_keyspaces_destroy(quiver_keyspaces* keyspaces);

/// The sizes of the keyspaces as a report with parts "keyspaces" (quiver/c_admin.h): of the oldest
/// QUIVER_KEYSPACE_METRICS_MAX each, and of all others as one part named QUIVER_OTHER_KEYSPACES.
quiver_code quiver_keyspace_metrics(const quiver_database* database, quiver_report** report,
                                    quiver_error** error);
#define QUIVER_KEYSPACE_METRICS_MAX 64
#define QUIVER_OTHER_KEYSPACES "(others)"

// ---- the keyspace that a call works on

/// Of puts, deletes and merges; the operations of a batch name theirs themselves.
quiver_code quiver_write_options_set_keyspace(quiver_write_options* options,
                                              const quiver_keyspace* keyspace,
                                              quiver_error** error);
quiver_code quiver_entry_options_set_keyspace(quiver_entry_options* options,
                                              const quiver_keyspace* keyspace,
                                              quiver_error** error);
quiver_code quiver_read_options_set_keyspace(quiver_read_options* options,
                                             const quiver_keyspace* keyspace, quiver_error** error);
quiver_code quiver_iterator_options_set_keyspace(quiver_iterator_options* options,
                                                 const quiver_keyspace* keyspace,
                                                 quiver_error** error);
quiver_code quiver_arrow_options_set_keyspace(quiver_arrow_options* options,
                                              const quiver_keyspace* keyspace,
                                              quiver_error** error);

// NOLINTEND(modernize-use-using)

#ifdef __cplusplus
}  // extern "C"
#endif
