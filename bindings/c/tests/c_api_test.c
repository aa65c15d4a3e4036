// The C API does what the C++ API does: every function, called from C as a program would.
#define _DEFAULT_SOURCE
#include <glob.h>

#include "check.h"

static quiver_error* error = NULL;
static char path[256];

static bool Equals(const char* data, size_t size, const char* text) {
  return size == strlen(text) && memcmp(data, text, size) == 0;
}

static void Put(quiver_database* db, const char* key, const char* value) {
  CHECK_OK(quiver_put(db, NULL, key, strlen(key), value, strlen(value), &error));
}

static quiver_database* Open(const char* name) {
  quiver_database* db = NULL;
  CHECK_OK(quiver_open(PathOf(path, sizeof path, name), NULL, &db, &error));
  return db;
}

static void TestConfig(void) {
  quiver_config* config = NULL;
  CHECK_OK(quiver_config_create("memory_efficient", &config, &error));
  CHECK_OK(quiver_config_set(config, "memtable_kind", "trie", &error));
  CHECK_OK(quiver_config_set(config, "memory_limit_bytes", "64MiB", &error));
  char* text = NULL;
  CHECK_OK(quiver_config_get(config, "memory_limit_bytes", &text, &error));
  CHECK(strcmp(text, "64MiB") == 0);
  quiver_free(text);
  CHECK_FAILS(QUIVER_NOT_FOUND, "memtable_kind",
              quiver_config_set(config, "memtable_knd", "trie", &error));
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "memtable_kind",
              quiver_config_set(config, "memtable_kind", "tree", &error));

  quiver_config* copy = NULL;
  CHECK_OK(quiver_config_copy(config, &copy, &error));
  CHECK(quiver_config_equal(config, copy));
  const char* toml = "wal_mode = \"async\"\n";
  CHECK_OK(quiver_config_parse(copy, toml, strlen(toml), "here", &error));
  CHECK(!quiver_config_equal(config, copy));
  CHECK_OK(quiver_config_format(copy, &text, &error));
  CHECK(strstr(text, "wal_mode = \"async\"") != NULL);
  CHECK_OK(quiver_config_parse(config, text, strlen(text), "there", &error));
  CHECK(quiver_config_equal(config, copy));
  quiver_free(text);
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "nowhere.toml",
              quiver_config_parse(copy, "what = 1", 8, "nowhere.toml", &error));
  CHECK_OK(quiver_config_validate(config, &error));
  CHECK_OK(quiver_config_set(config, "slowdown_run_count", "30", &error));
  CHECK_OK(quiver_config_set(config, "stop_run_count", "20", &error));
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "run_count", quiver_config_validate(config, &error));
  quiver_config_destroy(copy);
  quiver_config_destroy(config);

  // Every setting of the table can be read and written by its name.
  CHECK_OK(quiver_config_create(NULL, &config, &error));
  CHECK(quiver_setting_count() > 20);
  for (size_t i = 0; i < quiver_setting_count(); ++i) {
    quiver_setting setting;
    CHECK_OK(quiver_setting_at(i, &setting, &error));
    CHECK(setting.name[0] != '\0' && setting.sentence[0] != '\0' && setting.group[0] != '\0');
    CHECK_OK(quiver_config_get(config, setting.name, &text, &error));
    CHECK_OK(quiver_config_set(config, setting.name, text, &error));
    quiver_free(text);
    CHECK((setting.type == QUIVER_SETTING_ENUM) == (setting.choice_count > 0));
    for (size_t j = 0; j < setting.choice_count; ++j) {
      CHECK_OK(quiver_config_set(config, setting.name, quiver_setting_choice(i, j), &error));
    }
    CHECK(quiver_setting_choice(i, setting.choice_count) == NULL);
  }
  quiver_config_destroy(config);
  for (size_t i = 0; quiver_preset_name(i) != NULL; ++i) {
    CHECK_OK(quiver_config_create(quiver_preset_name(i), &config, &error));
    quiver_config_destroy(config);
  }
}

static void TestWritesAndGets(void) {
  quiver_database* db = Open("gets");
  Put(db, "apple", "red");
  CHECK_OK(quiver_put(db, NULL, NULL, 0, NULL, 0, &error));  // the empty key, an empty value
  quiver_value* value = NULL;
  CHECK_OK(quiver_get(db, NULL, "apple", 5, &value, &error));
  size_t size = 0;
  const char* data = quiver_value_data(value, &size);
  CHECK(Equals(data, size, "red"));
  quiver_value_destroy(value);
  CHECK_OK(quiver_get(db, NULL, "", 0, &value, &error));
  CHECK(value != NULL && quiver_value_data(value, &size) != (const char*)1 && size == 0);
  quiver_value_destroy(value);
  CHECK_OK(quiver_get(db, NULL, "pear", 4, &value, &error));
  CHECK(value == NULL);

  char buffer[4] = "....";
  bool found = false;
  CHECK_OK(quiver_get_into(db, NULL, "apple", 5, buffer, 4, &size, &found, &error));
  CHECK(found && size == 3 && memcmp(buffer, "red.", 4) == 0);
  CHECK_OK(quiver_get_into(db, NULL, "apple", 5, buffer, 2, &size, &found, &error));
  CHECK(found && size == 3 && memcmp(buffer, "red.", 4) == 0);
  CHECK_OK(quiver_get_into(db, NULL, "pear", 4, NULL, 0, &size, &found, &error));
  CHECK(!found && size == 0);

  quiver_write_options* options = NULL;
  CHECK_OK(quiver_write_options_create(&options, &error));
  CHECK_OK(quiver_write_options_set_wal_mode(options, "async", &error));
  CHECK_OK(quiver_write_options_set_fail_if_stalled(options, true, &error));
  CHECK_OK(quiver_delete(db, options, "apple", 5, &error));
  CHECK_OK(quiver_write_options_set_wal_mode(options, NULL, &error));
  CHECK_OK(quiver_delete(db, options, "never there", 11, &error));
  quiver_write_options_destroy(options);

  quiver_batch* batch = NULL;
  CHECK_OK(quiver_batch_create(&batch, &error));
  CHECK_OK(quiver_batch_put(batch, NULL, "a", 1, "1", 1, &error));
  CHECK_OK(quiver_batch_put(batch, NULL, "b", 1, "2", 1, &error));
  CHECK_OK(quiver_batch_delete(batch, NULL, "a", 1, &error));
  CHECK(quiver_batch_count(batch) == 3);
  CHECK(quiver_batch_encoded(batch, &size) != NULL && size > 3);
  quiver_batch* copy = NULL;
  CHECK_OK(quiver_batch_copy(batch, &copy, &error));
  quiver_batch_clear(batch);
  CHECK(quiver_batch_count(batch) == 0);
  uint64_t sequence = 0;
  CHECK_OK(quiver_write(db, NULL, copy, &sequence, &error));
  CHECK(sequence == 7);
  CHECK_OK(quiver_write(db, NULL, batch, NULL, &error));
  quiver_batch_destroy(copy);
  quiver_batch_destroy(batch);

  const uint64_t offsets[] = {0, 1, 2, 2, 6};
  quiver_values* values = NULL;
  CHECK_OK(quiver_multi_get(db, NULL, "abpear", offsets, 4, &values, &error));
  CHECK(quiver_values_count(values) == 4);
  CHECK(!quiver_values_at(values, 0, &data, &size) && data == NULL && size == 0);
  CHECK(quiver_values_at(values, 1, &data, &size) && Equals(data, size, "2"));
  CHECK(quiver_values_at(values, 2, &data, &size) && size == 0);
  CHECK(!quiver_values_at(values, 3, NULL, NULL));
  CHECK(!quiver_values_at(values, 4, &data, &size));
  quiver_values_destroy(values);
  CHECK_OK(quiver_multi_get(db, NULL, NULL, NULL, 0, &values, &error));
  CHECK(quiver_values_count(values) == 0);
  quiver_values_destroy(values);
  CHECK_OK(quiver_close(db, &error));
  quiver_database_destroy(db);
}

// The keys that a scan shows, forward or backward, joined.
static void CheckScan(quiver_iterator* iterator, bool backward, const char* expected) {
  char seen[256] = "";
  size_t used = 0;
  if (backward)
    quiver_iterator_seek_to_last(iterator);
  else
    quiver_iterator_seek_to_first(iterator);
  while (quiver_iterator_valid(iterator)) {
    size_t size = 0;
    const char* key = quiver_iterator_key(iterator, &size);
    CHECK(used + size + 2 < sizeof seen);
    memcpy(seen + used, key, size);
    used += size;
    const char* value = quiver_iterator_value(iterator, &size);
    CHECK(size == 1);
    seen[used++] = value[0];
    if (backward)
      quiver_iterator_prev(iterator);
    else
      quiver_iterator_next(iterator);
  }
  seen[used] = '\0';
  CHECK_OK(quiver_iterator_status(iterator, &error));
  if (strcmp(seen, expected) != 0) fprintf(stderr, "saw %s, expected %s\n", seen, expected);
  CHECK(strcmp(seen, expected) == 0);
}

static void TestSnapshotsAndIterators(void) {
  quiver_database* db = Open("scans");
  Put(db, "aa", "1");
  Put(db, "ab", "2");
  Put(db, "b", "3");
  quiver_snapshot* snapshot = NULL;
  CHECK_OK(quiver_snapshot_create(db, &snapshot, &error));
  CHECK(quiver_snapshot_sequence(snapshot) == 3);
  Put(db, "c", "4");
  Put(db, "aa", "9");

  quiver_iterator_options* options = NULL;
  quiver_iterator* iterator = NULL;
  CHECK_OK(quiver_iterator_options_create(&options, &error));
  CHECK_OK(quiver_iterator_options_set_fill_cache(options, false, &error));
  CHECK_OK(quiver_iterator_create(db, NULL, &iterator, &error));
  CheckScan(iterator, false, "aa9ab2b3c4");
  CheckScan(iterator, true, "c4b3ab2aa9");
  quiver_iterator_seek(iterator, "aab", 3);
  size_t size = 0;
  CHECK(Equals(quiver_iterator_key(iterator, &size), 2, "ab") && size == 2);
  quiver_iterator_seek_for_prev(iterator, "aab", 3);
  CHECK(Equals(quiver_iterator_key(iterator, &size), 2, "aa") && size == 2);
  quiver_iterator_destroy(iterator);

  CHECK_OK(quiver_iterator_options_set_lower_bound(options, "ab", 2, &error));
  CHECK_OK(quiver_iterator_options_set_upper_bound(options, "c", 1, &error));
  CHECK_OK(quiver_iterator_create(db, options, &iterator, &error));
  CheckScan(iterator, false, "ab2b3");
  quiver_iterator_destroy(iterator);
  CHECK_OK(quiver_iterator_options_set_lower_bound(options, NULL, 0, &error));
  CHECK_OK(quiver_iterator_options_set_upper_bound(options, NULL, 0, &error));
  CHECK_OK(quiver_iterator_options_set_prefix(options, "a", 1, &error));
  CHECK_OK(quiver_iterator_options_set_snapshot(options, snapshot, &error));
  quiver_read_options* reads = NULL;
  CHECK_OK(quiver_read_options_create(&reads, &error));
  CHECK_OK(quiver_read_options_set_snapshot(reads, snapshot, &error));
  CHECK_OK(quiver_read_options_set_fill_cache(reads, false, &error));
  quiver_snapshot_destroy(snapshot);  // the options share it
  CHECK_OK(quiver_iterator_create(db, options, &iterator, &error));
  CheckScan(iterator, true, "ab2aa1");
  quiver_iterator_destroy(iterator);
  quiver_value* value = NULL;
  CHECK_OK(quiver_get(db, reads, "aa", 2, &value, &error));
  CHECK(Equals(quiver_value_data(value, &size), 1, "1") && size == 1);
  quiver_value_destroy(value);
  CHECK_OK(quiver_get(db, reads, "c", 1, &value, &error));
  CHECK(value == NULL);
  CHECK_OK(quiver_read_options_set_snapshot(reads, NULL, &error));
  CHECK_OK(quiver_get(db, reads, "c", 1, &value, &error));
  CHECK(value != NULL);
  quiver_value_destroy(value);
  quiver_read_options_destroy(reads);
  quiver_iterator_options_destroy(options);
  quiver_database_destroy(db);
}

// Rows and columns of a stream, which is released.
static void CheckStream(struct ArrowArrayStream* stream, int64_t columns, int64_t expected) {
  struct ArrowSchema schema;
  CHECK(stream->get_schema(stream, &schema) == 0);
  CHECK(schema.n_children == columns);
  schema.release(&schema);
  int64_t rows = 0;
  struct ArrowArray batch;
  while (stream->get_next(stream, &batch) == 0 && batch.release != NULL) {
    rows += batch.length;
    batch.release(&batch);
  }
  CHECK(rows == expected);
  stream->release(stream);
  CHECK(stream->release == NULL);
}

static void TestArrowStreams(void) {
  quiver_database* db = Open("streams");
  Put(db, "a", "1");
  Put(db, "ab", "2");
  Put(db, "b", "3");
  struct ArrowArrayStream stream;
  CHECK_OK(quiver_export_arrow(db, NULL, &stream, &error));
  CheckStream(&stream, 2, 3);

  quiver_arrow_options* options = NULL;
  quiver_snapshot* snapshot = NULL;
  CHECK_OK(quiver_snapshot_create(db, &snapshot, &error));
  Put(db, "ac", "4");
  CHECK_OK(quiver_arrow_options_create(&options, &error));
  CHECK_OK(quiver_arrow_options_set_prefix(options, "a", 1, &error));
  CHECK_OK(quiver_arrow_options_set_fill_cache(options, false, &error));
  CHECK_OK(quiver_arrow_options_set_columns(options, true, false, true, &error));
  CHECK_OK(quiver_arrow_options_set_batch_rows(options, 1, &error));
  CHECK_OK(quiver_export_arrow(db, options, &stream, &error));
  CheckStream(&stream, 2, 3);
  CHECK_OK(quiver_arrow_options_set_snapshot(options, snapshot, &error));
  quiver_snapshot_destroy(snapshot);
  CHECK_OK(quiver_arrow_options_set_lower_bound(options, "a\0", 2, &error));
  CHECK_OK(quiver_export_arrow(db, options, &stream, &error));
  CheckStream(&stream, 2, 1);
  CHECK_OK(quiver_arrow_options_set_lower_bound(options, NULL, 0, &error));
  CHECK_OK(quiver_arrow_options_set_upper_bound(options, "ab", 2, &error));
  CHECK_OK(quiver_export_arrow(db, options, &stream, &error));
  CheckStream(&stream, 2, 1);
  CHECK_OK(quiver_arrow_options_set_upper_bound(options, NULL, 0, &error));
  CHECK_OK(quiver_arrow_options_set_limit(options, 1, &error));
  CHECK_OK(quiver_export_arrow(db, options, &stream, &error));
  CheckStream(&stream, 2, 1);
  CHECK_OK(quiver_arrow_options_set_columns(options, false, false, false, &error));
  stream.release = NULL;
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "column", quiver_export_arrow(db, options, &stream, &error));
  quiver_arrow_options_destroy(options);

  // A stream that outlives its database says so, and still wants its release.
  CHECK_OK(quiver_export_arrow(db, NULL, &stream, &error));
  quiver_database_destroy(db);
  struct ArrowArray batch;
  CHECK(stream.get_next(&stream, &batch) != 0);
  CHECK(strstr(stream.get_last_error(&stream), "closed") != NULL);
  stream.release(&stream);
}

static void TestMaintenance(void) {
  quiver_config* config = NULL;
  CHECK_OK(quiver_config_create("balanced", &config, &error));
  CHECK_OK(quiver_config_set(config, "wal_mode", "async", &error));
  quiver_database* db = NULL;
  CHECK_OK(quiver_open(PathOf(path, sizeof path, "upkeep"), config, &db, &error));
  Put(db, "k", "v");
  CHECK_OK(quiver_wait_durable(db, 1, &error));
  CHECK(quiver_durable_sequence(db) == 1);
  Put(db, "l", "w");
  CHECK_OK(quiver_sync_log(db, &error));
  CHECK(quiver_durable_sequence(db) == 2);
  CHECK_OK(quiver_flush(db, &error));
  CHECK_OK(quiver_compact_range(db, NULL, NULL, 0, NULL, 0, &error));
  CHECK_OK(quiver_compact_range(db, NULL, "a", 1, "z", 1, &error));
  CHECK_OK(quiver_wait_for_background_work(db, &error));
  char* text = NULL;
  CHECK_OK(quiver_metrics_text(db, &text, &error));
  CHECK(strstr(text, "memtable") != NULL);
  quiver_free(text);
  CHECK_OK(quiver_metrics_json(db, &text, &error));
  CHECK(text[0] == '{' && strstr(text, "\"durable_sequence\"") != NULL);
  quiver_free(text);
  CHECK_OK(quiver_metrics_prometheus(db, &text, &error));
  CHECK(strstr(text, "# TYPE quiver_") != NULL);
  quiver_free(text);

  quiver_config* running = NULL;
  CHECK_OK(quiver_database_config(db, &running, &error));
  CHECK(quiver_config_equal(running, config));
  quiver_database_destroy(db);
  quiver_config* stored = NULL;
  CHECK_OK(quiver_stored_config(path, &stored, &error));
  CHECK(quiver_config_equal(stored, running));
  quiver_config_destroy(stored);
  quiver_config_destroy(running);
  quiver_config_destroy(config);

  CHECK_OK(quiver_open_read_only(path, &db, &error));
  quiver_value* value = NULL;
  CHECK_OK(quiver_get(db, NULL, "k", 1, &value, &error));
  CHECK(value != NULL);
  quiver_value_destroy(value);
  CHECK_FAILS(QUIVER_READ_ONLY, "read", quiver_put(db, NULL, "k", 1, "x", 1, &error));
  quiver_report* report = NULL;
  CHECK_OK(quiver_recovery_report(db, &report, &error));
  const char* numbers[] = {"created",          "clean_shutdown",   "segments_replayed",
                           "batches_replayed", "entries_replayed", "bytes_replayed",
                           "last_sequence",    "torn_tail_bytes",  "duration_ms"};
  uint64_t number = 0;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) {
    CHECK_OK(quiver_report_number(report, numbers[i], &number, &error));
  }
  CHECK_OK(quiver_report_number(report, "last_sequence", &number, &error));
  CHECK(number == 2);
  CHECK_OK(quiver_report_number(report, "clean_shutdown", &number, &error));
  CHECK(number == 1);
  const char* lists[] = {"notes", "losses", "orphans_removed", "foreign_files"};
  size_t size = 0;
  for (size_t i = 0; i < sizeof lists / sizeof *lists; ++i) {
    CHECK_OK(quiver_report_list_size(report, lists[i], &size, &error));
  }
  CHECK_FAILS(QUIVER_NOT_FOUND, "losses", quiver_report_list_size(report, "loss", &size, &error));
  CHECK_OK(quiver_report_text(report, &text, &error));
  CHECK(strstr(text, "clean shutdown") != NULL);
  quiver_free(text);
  quiver_report_destroy(report);
  quiver_database_destroy(db);
}

static void CountProgress(void* context, uint64_t done, uint64_t total) {
  CHECK(done <= total);
  ++*(int*)context;
}

static bool CountLines(void* context, const char* line, size_t size) {
  CHECK(line != NULL || size == 0);
  ++*(int*)context;
  return true;
}

static bool FirstRow(void* context, const char* key, size_t key_size, const char* value,
                     size_t value_size) {
  CHECK(Equals(key, key_size, "k") && Equals(value, value_size, "v"));
  ++*(int*)context;
  return false;
}

static void TestAdmin(void) {
  char directory[256];
  char file[300];
  PathOf(directory, sizeof directory, "upkeep");  // left by TestMaintenance: two rows, in a table
  quiver_report* report = NULL;
  int calls = 0;
  CHECK_OK(quiver_verify(directory, CountProgress, &calls, &report, &error));
  uint64_t number = 0;
  CHECK_OK(quiver_report_number(report, "entries", &number, &error));
  CHECK(number == 2 && calls > 0);
  CHECK_OK(quiver_report_number(report, "files", &number, &error));
  CHECK_OK(quiver_report_number(report, "bytes", &number, &error));
  size_t size = 1;
  CHECK_OK(quiver_report_list_size(report, "damages", &size, &error));
  CHECK(size == 0);
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "there are 0",
              quiver_report_damage(report, 0, NULL, NULL, NULL, &error));
  quiver_report_destroy(report);

  CHECK_OK(
      quiver_repair(directory, PathOf(path, sizeof path, "repaired"), NULL, NULL, &report, &error));
  CHECK_OK(quiver_report_number(report, "entries_recovered", &number, &error));
  CHECK(number == 2);
  CHECK_OK(quiver_report_list_size(report, "lost", &size, &error));
  CHECK(size == 0);
  char* text = NULL;
  CHECK_OK(quiver_report_text(report, &text, &error));
  CHECK(strstr(text, "entries_recovered: 2\n") != NULL);
  quiver_free(text);
  quiver_report_destroy(report);

  calls = 0;
  snprintf(file, sizeof file, "%s/*.arrow", directory);
  glob_t tables;
  CHECK(glob(file, 0, NULL, &tables) == 0 && tables.gl_pathc == 1);
  snprintf(file, sizeof file, "%s", tables.gl_pathv[0]);
  globfree(&tables);
  uint64_t rows = 0;
  calls = 0;
  CHECK_OK(quiver_read_arrow_file(file, FirstRow, &calls, &rows, &error));
  CHECK(calls == 1);
  CHECK_OK(quiver_inspect_file(file, true, CountLines, &calls, &error));
  CHECK(calls > 2);

  quiver_arrow_writer* writer = NULL;
  snprintf(file, sizeof file, "%s/rows.arrow", work_directory);
  CHECK_OK(quiver_arrow_writer_create(file, &writer, &error));
  CHECK_OK(quiver_arrow_writer_add(writer, "k", 1, "v", 1, &error));
  CHECK_OK(quiver_arrow_writer_finish(writer, &error));
  quiver_arrow_writer_destroy(writer);
  calls = 0;
  CHECK_OK(quiver_read_arrow_file(file, FirstRow, &calls, NULL, &error));
  CHECK(calls == 1);
  CHECK_FAILS(QUIVER_IO, "rows.arrow", quiver_arrow_writer_create(file, &writer, &error));

  CHECK_OK(quiver_escape("a\0\\", 3, &text, &error));
  CHECK(strcmp(text, "a\\x00\\\\") == 0);
  char* bytes = NULL;
  CHECK_OK(quiver_unescape(text, &bytes, &size, &error));
  CHECK(size == 3 && memcmp(bytes, "a\0\\", 4) == 0);
  quiver_free(bytes);
  quiver_free(text);
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "", quiver_unescape("\\q", &bytes, &size, &error));
  CHECK_OK(quiver_build_info(&text, &error));
  CHECK(strlen(text) > 10);
  quiver_free(text);
  CHECK(quiver_version()[0] >= '0' && quiver_version()[0] <= '9');
}

// Damage has a file and a place, and a call that fails keeps its error until the next failure.
static void TestErrors(void) {
  quiver_database* db = Open("damaged");
  Put(db, "k", "v");
  CHECK_OK(quiver_flush(db, &error));
  quiver_database_destroy(db);
  char command[512];
  snprintf(command, sizeof command,
           "f=$(ls %s/*.arrow); "
           "printf X | dd of=\"$f\" bs=1 seek=200 conv=notrunc status=none",
           path);
  CHECK(system(command) == 0);
  quiver_report* report = NULL;
  CHECK_OK(quiver_verify(path, NULL, NULL, &report, &error));
  const char* file = NULL;
  const char* what = NULL;
  uint64_t offset = 0;
  CHECK_OK(quiver_report_damage(report, 0, &file, &offset, &what, &error));
  CHECK(strstr(file, ".arrow") != NULL && strlen(what) > 5 && offset != QUIVER_NO_OFFSET);
  const char* line = NULL;
  CHECK_OK(quiver_report_line(report, "damages", 0, &line, &error));
  CHECK(strstr(line, file) != NULL && strstr(line, what) != NULL);
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "entry 99",
              quiver_report_line(report, "damages", 99, &line, &error));
  quiver_report_destroy(report);

  CHECK(quiver_open_read_only("/nowhere/at/all", &db, &error) == QUIVER_NOT_FOUND);
  CHECK(quiver_error_code(error) == QUIVER_NOT_FOUND);
  CHECK(strlen(quiver_error_message(error)) > 5);
  CHECK(quiver_error_offset(error) == QUIVER_NO_OFFSET && quiver_error_file(error) != NULL);
  CHECK(quiver_put(NULL, NULL, "k", 1, "v", 1, &error) == QUIVER_INVALID_ARGUMENT);
  CHECK(strstr(quiver_error_text(error), "database") != NULL);  // in place of the first
  quiver_error_destroy(error);
  error = NULL;
  CHECK(strcmp(quiver_code_name(QUIVER_OK), "ok") == 0);
  CHECK(strcmp(quiver_code_name(QUIVER_INTERNAL), "internal") == 0);
  CHECK(strcmp(quiver_code_name(QUIVER_CONFLICT), "conflict") == 0);
  CHECK(strcmp(quiver_code_name(12), "unknown") == 0 &&
        strcmp(quiver_code_name(-1), "unknown") == 0);
}

int main(void) {
  MakeWorkDirectory();
  TestConfig();
  TestWritesAndGets();
  TestSnapshotsAndIterators();
  TestArrowStreams();
  TestMaintenance();
  TestAdmin();
  TestErrors();
  RemoveWorkDirectory();
  puts("c_api_test: passed");
  return 0;
}
