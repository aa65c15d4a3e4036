// The C API of Quiver: plain C11 over the C++ API, for C programs and for the bindings of others.
// `#include <quiver/quiver.h>` gives it to a C compiler; C++ of any standard may include this file.
//
// 1. A handle is made by one function and destroyed by its _destroy, which accepts NULL.
// 2. A function that can fail returns a quiver_code, QUIVER_OK being 0. With `error` not NULL a
//    failure also stores what failed, where and what to do in *error, in place of an error that is
//    there; success leaves *error alone. So start with NULL, destroy once at the end.
// 3. A failed call leaves its out parameters alone. Absent keys are no failure.
// 4. NULL for a required argument is QUIVER_INVALID_ARGUMENT; NULL options mean the defaults. Bytes
//    are a pointer and a size, and may be NULL if the size is 0. Text ends with a NUL.
// 5. Iterators, snapshots, values and streams may outlive the database: once it is closed they
//    answer QUIVER_CLOSED, and values stay readable.
//
// Thread safety: a database, a snapshot and values may be used by any number of threads; iterators,
// batches, configurations and options by one at a time. Destroying a handle is for the last user.
//
// docs/c.md introduces it; keyspaces are in quiver/c_keyspace.h, merge operators in
// quiver/c_merge.h, transactions in quiver/c_transaction.h, bulk ingest in quiver/c_ingest.h,
// checkpoints, backups and datasets in quiver/c_copies.h, followers in quiver/c_follower.h,
// administration in quiver/c_admin.h.
#pragma once

#include <stdbool.h>  // NOLINT(modernize-deprecated-headers): this is C
#include <stddef.h>   // NOLINT(modernize-deprecated-headers)
#include <stdint.h>   // NOLINT(modernize-deprecated-headers)

#include "quiver/arrow_c_data.h"

#ifdef __cplusplus
extern "C" {
#endif

// NOLINTBEGIN(modernize-use-using): this is C

// ---- errors

/// What the caller should do about a failure (see quiver::ErrorCode).
typedef enum quiver_code {
  QUIVER_OK = 0,
  QUIVER_INVALID_ARGUMENT = 1,  ///< the call is wrong: fix it; nothing was changed
  QUIVER_NOT_FOUND = 2,         ///< a named thing (database, file, setting) does not exist
  QUIVER_IO = 3,                ///< the operating system refused: retry or give up
  QUIVER_NO_SPACE = 4,          ///< the disk is full: writes resume by themselves
  QUIVER_CORRUPTION = 5,        ///< bytes on disk are not what was written: restore or repair
  QUIVER_UNSUPPORTED = 6,       ///< a format, codec or feature this build does not know
  QUIVER_BUSY = 7,              ///< somebody else holds it: try later
  QUIVER_READ_ONLY = 8,         ///< the database accepts no writes; the message says why
  QUIVER_CLOSED = 9,            ///< the database of this handle was closed
  QUIVER_INTERNAL = 10,         ///< an invariant of Quiver broke: report it
  QUIVER_CONFLICT = 11,         ///< another writer came first: do the whole transaction again
} quiver_code;

typedef struct quiver_error quiver_error;

/// Of quiver_error_offset: the failure has no place in a file.
#define QUIVER_NO_OFFSET UINT64_MAX

/// "ok", "corruption", …; "unknown" for a number that is no code.
const char* quiver_code_name(int code);
void quiver_error_destroy(quiver_error* error);
/// Of NULL: QUIVER_OK, "", "", QUIVER_NO_OFFSET, 0, "". Text lives as long as the error.
quiver_code quiver_error_code(const quiver_error* error);
/// What failed, without the place.
const char* quiver_error_message(const quiver_error* error);
/// The file concerned, or "".
const char* quiver_error_file(const quiver_error* error);
uint64_t quiver_error_offset(const quiver_error* error);
/// The errno with which the operating system refused; 0 if it did not.
int quiver_error_os_error(const quiver_error* error);
/// Code, place and message as one line.
const char* quiver_error_text(const quiver_error* error);

/// Frees text and bytes that a function gave away (`char**` parameters).
void quiver_free(void* memory);

/// "0.1.0".
const char* quiver_version(void);

// ---- limits

/// The largest key, value and batch in bytes.
#define QUIVER_KEY_BYTES_MAX 65535
#define QUIVER_VALUE_BYTES_MAX (UINT64_C(512) << 20)
#define QUIVER_BATCH_BYTES_MAX (UINT64_C(1) << 30)

// ---- configuration: every setting of docs/configuration.md, by its name

typedef struct quiver_config quiver_config;

/// A new configuration with the values of a preset: "balanced" (also NULL), "high_performance" or
/// "memory_efficient".
quiver_code quiver_config_create(const char* preset, quiver_config** config, quiver_error** error);
quiver_code quiver_config_copy(const quiver_config* from, quiver_config** config,
                               quiver_error** error);
void quiver_config_destroy(quiver_config* config);
/// Sets one setting from text: ("wal_mode", "batch"), ("memory_limit_bytes", "64MiB").
quiver_code quiver_config_set(quiver_config* config, const char* name, const char* value,
                              quiver_error** error);
/// The value as text; quiver_free() it.
quiver_code quiver_config_get(const quiver_config* config, const char* name, char** value,
                              quiver_error** error);
/// Sets what a TOML text names; `source` names the text in errors. All of it or nothing.
quiver_code quiver_config_parse(quiver_config* config, const char* toml, size_t toml_size,
                                const char* source, quiver_error** error);
/// The configuration as commented TOML; quiver_free() it.
quiver_code quiver_config_format(const quiver_config* config, char** toml, quiver_error** error);
/// QUIVER_INVALID_ARGUMENT with every broken rule in its message, one a line.
quiver_code quiver_config_validate(const quiver_config* config, quiver_error** error);
/// Whether all settings are equal. False if one is NULL.
bool quiver_config_equal(const quiver_config* left, const quiver_config* right);

/// The kinds of a setting's value.
typedef enum quiver_setting_type {
  QUIVER_SETTING_BOOL = 0,
  QUIVER_SETTING_INTEGER = 1,
  QUIVER_SETTING_SIZE = 2,  ///< bytes; "64MiB" is understood
  QUIVER_SETTING_ENUM = 3,
} quiver_setting_type;

/// One row of the settings table. Text lives for ever.
typedef struct quiver_setting {
  const char* name;
  const char* group;
  const char* flag;  ///< the short flag of the command, or ""
  const char* sentence;
  quiver_setting_type type;
  uint64_t minimum;
  uint64_t maximum;
  size_t choice_count;  ///< of an enum, see quiver_setting_choice
  bool fixed_at_creation;
  bool per_open;
} quiver_setting;

size_t quiver_setting_count(void);
quiver_code quiver_setting_at(size_t index, quiver_setting* setting, quiver_error** error);
/// The name of an enum's value, or NULL past the end.
const char* quiver_setting_choice(size_t setting_index, size_t choice_index);
/// The name of a preset, or NULL past the end.
const char* quiver_preset_name(size_t index);

// ---- the database

typedef struct quiver_database quiver_database;
typedef struct quiver_keyspace quiver_keyspace;  ///< quiver/c_keyspace.h
typedef struct quiver_snapshot quiver_snapshot;
typedef struct quiver_iterator quiver_iterator;
typedef struct quiver_batch quiver_batch;
typedef struct quiver_value quiver_value;
typedef struct quiver_values quiver_values;
typedef struct quiver_report quiver_report;

/// Opens or creates the database in `directory`; a NULL configuration is "balanced".
quiver_code quiver_open(const char* directory, const quiver_config* config,
                        quiver_database** database, quiver_error** error);
/// Opens for reading; nothing is written. Writes answer QUIVER_READ_ONLY.
quiver_code quiver_open_read_only(const char* directory, quiver_database** database,
                                  quiver_error** error);
/// The settings stored with the database in `directory`; writes nothing.
quiver_code quiver_stored_config(const char* directory, quiver_config** config,
                                 quiver_error** error);
/// Ends background work, syncs the log, releases the directory; a second call does nothing. Other
/// threads may still call with the handle: they get QUIVER_CLOSED.
quiver_code quiver_close(quiver_database* database, quiver_error** error);
/// Closes if need be, and frees the handle.
void quiver_database_destroy(quiver_database* database);

/// The settings that this database runs with.
quiver_code quiver_database_config(const quiver_database* database, quiver_config** config,
                                   quiver_error** error);
/// What the open found and did; see quiver_report_number for its fields.
quiver_code quiver_recovery_report(const quiver_database* database, quiver_report** report,
                                   quiver_error** error);

// ---- writes

typedef struct quiver_write_options quiver_write_options;

quiver_code quiver_write_options_create(quiver_write_options** options, quiver_error** error);
void quiver_write_options_destroy(quiver_write_options* options);
/// "sync", "batch" or "async" for these writes; NULL: as the database is configured.
quiver_code quiver_write_options_set_wal_mode(quiver_write_options* options, const char* mode,
                                              quiver_error** error);
/// QUIVER_BUSY instead of waiting for flush or compaction.
quiver_code quiver_write_options_set_fail_if_stalled(quiver_write_options* options, bool fail,
                                                     quiver_error** error);

/// Of puts and merges: the entry is gone this long after the call, as if it had been deleted, or at
/// a moment in microseconds since 1970. At most one of the two; 0: never.
quiver_code quiver_write_options_set_time_to_live_ms(quiver_write_options* options,
                                                     uint64_t time_to_live_ms,
                                                     quiver_error** error);
quiver_code quiver_write_options_set_expiry_us(quiver_write_options* options, uint64_t expiry_us,
                                               quiver_error** error);

quiver_code quiver_put(quiver_database* database, const quiver_write_options* options,
                       const char* key, size_t key_size, const char* value, size_t value_size,
                       quiver_error** error);
/// Deleting an absent key is no error.
quiver_code quiver_delete(quiver_database* database, const quiver_write_options* options,
                          const char* key, size_t key_size, quiver_error** error);
/// Deletes all keys in [begin, end) at the cost of one write.
quiver_code quiver_delete_range(quiver_database* database, const quiver_write_options* options,
                                const char* begin, size_t begin_size, const char* end,
                                size_t end_size, quiver_error** error);
/// Applies an operand to the value of a key, without reading it (quiver/c_merge.h).
quiver_code quiver_merge(quiver_database* database, const quiver_write_options* options,
                         const char* key, size_t key_size, const char* operand, size_t operand_size,
                         quiver_error** error);
/// Applies a batch atomically; `sequence` (may be NULL) gets the number of its last operation.
quiver_code quiver_write(quiver_database* database, const quiver_write_options* options,
                         const quiver_batch* batch, uint64_t* sequence, quiver_error** error);

typedef struct quiver_entry_options quiver_entry_options;

quiver_code quiver_entry_options_create(quiver_entry_options** options, quiver_error** error);
void quiver_entry_options_destroy(quiver_entry_options* options);
/// Of puts and merges: when the entry is gone, in microseconds since 1970; 0: never.
quiver_code quiver_entry_options_set_expiry_us(quiver_entry_options* options, uint64_t expiry_us,
                                               quiver_error** error);

quiver_code quiver_batch_create(quiver_batch** batch, quiver_error** error);
quiver_code quiver_batch_copy(const quiver_batch* from, quiver_batch** batch, quiver_error** error);
void quiver_batch_destroy(quiver_batch* batch);
/// Each operation copies what it is given; `options` are read during the call.
quiver_code quiver_batch_put(quiver_batch* batch, const quiver_entry_options* options,
                             const char* key, size_t key_size, const char* value, size_t value_size,
                             quiver_error** error);
quiver_code quiver_batch_delete(quiver_batch* batch, const quiver_entry_options* options,
                                const char* key, size_t key_size, quiver_error** error);
quiver_code quiver_batch_delete_range(quiver_batch* batch, const quiver_entry_options* options,
                                      const char* begin, size_t begin_size, const char* end,
                                      size_t end_size, quiver_error** error);
quiver_code quiver_batch_merge(quiver_batch* batch, const quiver_entry_options* options,
                               const char* key, size_t key_size, const char* operand,
                               size_t operand_size, quiver_error** error);
/// Nothing, 0 or NULL where `batch` is NULL.
void quiver_batch_clear(quiver_batch* batch);
uint32_t quiver_batch_count(const quiver_batch* batch);
/// Whether an operation writes to the default keyspace without naming it, and whether one merges.
bool quiver_batch_uses_default(const quiver_batch* batch);
bool quiver_batch_has_merges(const quiver_batch* batch);
/// The encoded operations, valid until the batch changes.
const char* quiver_batch_encoded(const quiver_batch* batch, size_t* size);

// ---- reads

typedef struct quiver_read_options quiver_read_options;

quiver_code quiver_read_options_create(quiver_read_options** options, quiver_error** error);
void quiver_read_options_destroy(quiver_read_options* options);
/// The options share the snapshot: the handle may be destroyed before them. NULL: the newest state.
quiver_code quiver_read_options_set_snapshot(quiver_read_options* options,
                                             const quiver_snapshot* snapshot, quiver_error** error);
quiver_code quiver_read_options_set_fill_cache(quiver_read_options* options, bool fill_cache,
                                               quiver_error** error);

/// The value of a key, pinned without a copy; *value is NULL if the key is absent.
quiver_code quiver_get(const quiver_database* database, const quiver_read_options* options,
                       const char* key, size_t key_size, quiver_value** value,
                       quiver_error** error);
/// Bytes of a value, valid until it is destroyed. NULL and 0 of NULL.
const char* quiver_value_data(const quiver_value* value, size_t* size);
void quiver_value_destroy(quiver_value* value);

/// Copies a value into a buffer of the caller. *found says whether the key is there, *value_size
/// how large its value is; it is copied only if it fits into `capacity`.
quiver_code quiver_get_into(const quiver_database* database, const quiver_read_options* options,
                            const char* key, size_t key_size, char* buffer, size_t capacity,
                            size_t* value_size, bool* found, quiver_error** error);

/// When the value of a key expires, in microseconds since 1970; 0: never. A merged value never
/// expires as a whole. *found says whether the key is there.
quiver_code quiver_get_expiry(const quiver_database* database, const quiver_read_options* options,
                              const char* key, size_t key_size, uint64_t* expiry_us, bool* found,
                              quiver_error** error);

/// Looks up `count` keys on one state: key i is the bytes from key_offsets[i] to key_offsets[i + 1]
/// of `keys`, as in an Arrow binary column. Values are pinned, in the order of the keys.
quiver_code quiver_multi_get(const quiver_database* database, const quiver_read_options* options,
                             const char* keys, const uint64_t* key_offsets, size_t count,
                             quiver_values** values, quiver_error** error);
size_t quiver_values_count(const quiver_values* values);
/// Value `index`; false if its key is absent, or `index` past the end.
bool quiver_values_at(const quiver_values* values, size_t index, const char** data, size_t* size);
void quiver_values_destroy(quiver_values* values);

/// A consistent view. While held, old versions are kept on disk.
quiver_code quiver_snapshot_create(const quiver_database* database, quiver_snapshot** snapshot,
                                   quiver_error** error);
/// The number of the last write that it sees; 0 of NULL.
uint64_t quiver_snapshot_sequence(const quiver_snapshot* snapshot);
void quiver_snapshot_destroy(quiver_snapshot* snapshot);

typedef struct quiver_iterator_options quiver_iterator_options;

quiver_code quiver_iterator_options_create(quiver_iterator_options** options, quiver_error** error);
void quiver_iterator_options_destroy(quiver_iterator_options* options);
/// The first key, inclusive, and the end, exclusive. Bytes are copied; NULL: no bound. (An empty
/// bound is a pointer that is not NULL with size 0.)
quiver_code quiver_iterator_options_set_lower_bound(quiver_iterator_options* options,
                                                    const char* key, size_t key_size,
                                                    quiver_error** error);
quiver_code quiver_iterator_options_set_upper_bound(quiver_iterator_options* options,
                                                    const char* key, size_t key_size,
                                                    quiver_error** error);
quiver_code quiver_iterator_options_set_prefix(quiver_iterator_options* options, const char* prefix,
                                               size_t prefix_size, quiver_error** error);
/// As quiver_read_options_set_snapshot.
quiver_code quiver_iterator_options_set_snapshot(quiver_iterator_options* options,
                                                 const quiver_snapshot* snapshot,
                                                 quiver_error** error);
quiver_code quiver_iterator_options_set_fill_cache(quiver_iterator_options* options,
                                                   bool fill_cache, quiver_error** error);

/// Positioned nowhere: seek first.
quiver_code quiver_iterator_create(const quiver_database* database,
                                   const quiver_iterator_options* options,
                                   quiver_iterator** iterator, quiver_error** error);
void quiver_iterator_destroy(quiver_iterator* iterator);
/// Moves never fail in themselves: quiver_iterator_status says why an iterator is not valid.
void quiver_iterator_seek_to_first(quiver_iterator* iterator);
void quiver_iterator_seek_to_last(quiver_iterator* iterator);
/// To the first key at or after, and the last at or before `key`. NULL with a size: status fails.
void quiver_iterator_seek(quiver_iterator* iterator, const char* key, size_t key_size);
void quiver_iterator_seek_for_prev(quiver_iterator* iterator, const char* key, size_t key_size);
void quiver_iterator_next(quiver_iterator* iterator);
void quiver_iterator_prev(quiver_iterator* iterator);
bool quiver_iterator_valid(const quiver_iterator* iterator);
/// Valid until the next move. NULL and 0 when the iterator is not valid.
const char* quiver_iterator_key(const quiver_iterator* iterator, size_t* size);
const char* quiver_iterator_value(const quiver_iterator* iterator, size_t* size);
/// The error that ended the iteration, if one did.
quiver_code quiver_iterator_status(const quiver_iterator* iterator, quiver_error** error);

// ---- a range as an Arrow stream

typedef struct quiver_arrow_options quiver_arrow_options;

quiver_code quiver_arrow_options_create(quiver_arrow_options** options, quiver_error** error);
void quiver_arrow_options_destroy(quiver_arrow_options* options);
/// Bounds, prefix, snapshot and cache as those of an iterator.
quiver_code quiver_arrow_options_set_lower_bound(quiver_arrow_options* options, const char* key,
                                                 size_t key_size, quiver_error** error);
quiver_code quiver_arrow_options_set_upper_bound(quiver_arrow_options* options, const char* key,
                                                 size_t key_size, quiver_error** error);
quiver_code quiver_arrow_options_set_prefix(quiver_arrow_options* options, const char* prefix,
                                            size_t prefix_size, quiver_error** error);
quiver_code quiver_arrow_options_set_snapshot(quiver_arrow_options* options,
                                              const quiver_snapshot* snapshot,
                                              quiver_error** error);
quiver_code quiver_arrow_options_set_fill_cache(quiver_arrow_options* options, bool fill_cache,
                                                quiver_error** error);
/// Rows at most; 0: all.
quiver_code quiver_arrow_options_set_limit(quiver_arrow_options* options, uint64_t limit,
                                           quiver_error** error);
/// Which of the columns key (binary), value (binary) and sequence (uint64) there are; the first
/// two are the default.
quiver_code quiver_arrow_options_set_columns(quiver_arrow_options* options, bool key, bool value,
                                             bool sequence, quiver_error** error);
/// Rows of a batch; 0: the engine chooses.
quiver_code quiver_arrow_options_set_batch_rows(quiver_arrow_options* options, uint32_t rows,
                                                quiver_error** error);

/// Makes *stream an Arrow stream of the live rows of one state, in key order. The caller releases
/// it, as the Arrow C stream interface says; it may outlive options, snapshot and database.
quiver_code quiver_export_arrow(const quiver_database* database,
                                const quiver_arrow_options* options,
                                struct ArrowArrayStream* stream, quiver_error** error);

// ---- maintenance and durability

/// Writes all memtables of all keyspaces to tables and waits for it.
quiver_code quiver_flush(quiver_database* database, quiver_error** error);
/// Merges [begin, end) of a keyspace (NULL: the default one) down to the last level and waits. NULL
/// bounds are open.
quiver_code quiver_compact_range(quiver_database* database, const quiver_keyspace* keyspace,
                                 const char* begin, size_t begin_size, const char* end,
                                 size_t end_size, quiver_error** error);
quiver_code quiver_wait_for_background_work(quiver_database* database, quiver_error** error);
quiver_code quiver_sync_log(quiver_database* database, quiver_error** error);
/// The newest sequence number that a power cut cannot lose; 0 of NULL.
uint64_t quiver_durable_sequence(const quiver_database* database);
quiver_code quiver_wait_durable(quiver_database* database, uint64_t sequence, quiver_error** error);

/// One reading of all metrics for people, for programs, for a Prometheus scraper; quiver_free() it.
quiver_code quiver_metrics_text(const quiver_database* database, char** text, quiver_error** error);
quiver_code quiver_metrics_json(const quiver_database* database, char** json, quiver_error** error);
quiver_code quiver_metrics_prometheus(const quiver_database* database, char** text,
                                      quiver_error** error);

// NOLINTEND(modernize-use-using)

#ifdef __cplusplus
}  // extern "C"
#endif
