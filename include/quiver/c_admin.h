// Administration through the C API: reports, verify, repair, inspection, Arrow files.
//
// The conventions of quiver/c.h hold. Callbacks are called on the caller's thread; they must not
// longjmp or throw. Verify and inspection never write; repair works on a copy.
//
// Thread safety: each call is independent; a report may be read by many threads, a writer belongs
// to one.
#pragma once

#include "quiver/c.h"

#ifdef __cplusplus
extern "C" {
#endif

// NOLINTBEGIN(modernize-use-using): this is C

// ---- reports: of recovery, verify and repair, copies, ingests, keyspaces

/// A report is a set of named numbers (truth values are 0 and 1), named lists of lines, and named
/// lists of parts, which are reports themselves:
/// recovery    created, clean_shutdown, segments_replayed, batches_replayed, entries_replayed,
///             bytes_replayed, last_sequence, torn_tail_bytes, duration_ms;
///             lists notes, losses, orphans_removed, foreign_files
/// verify      files, bytes, entries; lists damages (see also quiver_report_damage), notes;
///             parts keyspaces: id, tables, bytes, entries, expiring_tables, range_deletes;
///             list name, of one line
/// repair      entries_recovered, tables_read, segments_read; list lost
/// checkpoint  sequence, tables_linked, tables_copied, tables_written, bytes
/// backup      id, created_us (since 1970), sequence, files, bytes, new_bytes (that no earlier
///             backup held); list database_id, of one line
/// backups     parts backups; list damages
/// verified    backups, files, bytes; list damages
/// dataset     sequence, files, linked_files, rows, bytes, exact; list notes
/// ingest      rows_read, rows_written, tables, table_bytes, level, was_sorted, spilled_bytes,
///             sequence
/// keyspaces   parts keyspaces: tables, table_bytes, entries, memtable_bytes; list name, of one
///             line
/// QUIVER_NOT_FOUND says which names there are.
quiver_code quiver_report_number(const quiver_report* report, const char* name, uint64_t* number,
                                 quiver_error** error);
quiver_code quiver_report_list_size(const quiver_report* report, const char* name, size_t* size,
                                    quiver_error** error);
/// Line `index` of a list; it lives as long as the report.
quiver_code quiver_report_line(const quiver_report* report, const char* name, size_t index,
                               const char** line, quiver_error** error);
quiver_code quiver_report_part_count(const quiver_report* report, const char* name, size_t* count,
                                     quiver_error** error);
/// Part `index`, which is the report's and lives as long: it is not to be destroyed.
quiver_code quiver_report_part(const quiver_report* report, const char* name, size_t index,
                               const quiver_report** part, quiver_error** error);
/// Damage `index` of a report with damages in its parts, which live as long as the report.
quiver_code quiver_report_damage(const quiver_report* report, size_t index, const char** file,
                                 uint64_t* offset, const char** what, quiver_error** error);
/// The whole report as lines for people; quiver_free() it.
quiver_code quiver_report_text(const quiver_report* report, char** text, quiver_error** error);
void quiver_report_destroy(quiver_report* report);

// ---- a database that nobody has open

/// Called now and then with bytes done and bytes in all.
typedef void (*quiver_progress)(void* context, uint64_t done_bytes, uint64_t total_bytes);

/// Reads and checks every byte. Damage is in the report; a failure means that the directory is no
/// database at all. `progress` may be NULL.
quiver_code quiver_verify(const char* directory, quiver_progress progress, void* context,
                          quiver_report** report, quiver_error** error);
/// Builds a new database in `destination` from what can still be read in `source`.
quiver_code quiver_repair(const char* source, const char* destination, quiver_progress progress,
                          void* context, quiver_report** report, quiver_error** error);

/// A line of an inspection, without its end of line; return false to stop.
typedef bool (*quiver_line_sink)(void* context, const char* line, size_t line_size);

/// Prints a log segment, a manifest or a table; with `entries` each entry too.
quiver_code quiver_inspect_file(const char* file, bool entries, quiver_line_sink sink,
                                void* context, quiver_error** error);

// ---- Arrow IPC files

/// A row of an Arrow file; return false to stop.
typedef bool (*quiver_row_sink)(void* context, const char* key, size_t key_size, const char* value,
                                size_t value_size);

/// Reads the columns key and value of any Arrow IPC file; `rows` (may be NULL) gets their number.
quiver_code quiver_read_arrow_file(const char* file, quiver_row_sink sink, void* context,
                                   uint64_t* rows, quiver_error** error);

/// Writes rows to a plain Arrow IPC file with binary columns key and value.
typedef struct quiver_arrow_writer quiver_arrow_writer;

/// QUIVER_IO if the file exists.
quiver_code quiver_arrow_writer_create(const char* file, quiver_arrow_writer** writer,
                                       quiver_error** error);
quiver_code quiver_arrow_writer_add(quiver_arrow_writer* writer, const char* key, size_t key_size,
                                    const char* value, size_t value_size, quiver_error** error);
/// With a third column, expiry (uint64), which quiver_ingest_arrow reads.
quiver_code quiver_arrow_writer_create_with_expiry(const char* file, quiver_arrow_writer** writer,
                                                   quiver_error** error);
/// A row that expires, in microseconds since 1970; 0: never. QUIVER_INVALID_ARGUMENT for an expiry
/// without its column.
quiver_code quiver_arrow_writer_add_expiring(quiver_arrow_writer* writer, const char* key,
                                             size_t key_size, const char* value, size_t value_size,
                                             uint64_t expiry_us, quiver_error** error);
/// Writes the footer and syncs. No further rows.
quiver_code quiver_arrow_writer_finish(quiver_arrow_writer* writer, quiver_error** error);
/// Without a successful finish the file is removed.
void quiver_arrow_writer_destroy(quiver_arrow_writer* writer);

// ---- text

/// Bytes as printable ASCII (\xNN for the rest); quiver_free() it.
quiver_code quiver_escape(const char* bytes, size_t size, char** text, quiver_error** error);
/// The inverse; quiver_free() the bytes.
quiver_code quiver_unescape(const char* text, char** bytes, size_t* size, quiver_error** error);
/// Codecs and instruction sets of this build; quiver_free() it.
quiver_code quiver_build_info(char** text, quiver_error** error);

// NOLINTEND(modernize-use-using)

#ifdef __cplusplus
}  // extern "C"
#endif
