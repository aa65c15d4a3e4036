// Whatever nonsense a C program gives, it gets a code and a message, and nothing changes.
#define _DEFAULT_SOURCE
#include <errno.h>

#include "check.h"

static quiver_error* error = NULL;

#define REFUSED(word, call) CHECK_FAILS(QUIVER_INVALID_ARGUMENT, word, call)

static bool NeverCalled(void* context, const char* line, size_t size) {
  (void)context, (void)line, (void)size;
  CHECK(false);
  return false;
}
static bool NoRow(void* context, const char* key, size_t key_size, const char* value, size_t size) {
  (void)context, (void)key, (void)key_size, (void)value, (void)size;
  CHECK(false);
  return false;
}

static void TestNullArgumentsOfConfigurations(void) {
  quiver_config* config = NULL;
  char* text = NULL;
  CHECK_OK(quiver_config_create(NULL, &config, &error));
  REFUSED("config", quiver_config_create(NULL, NULL, &error));
  REFUSED("from", quiver_config_copy(NULL, &config, &error));
  REFUSED("config", quiver_config_copy(config, NULL, &error));
  REFUSED("config", quiver_config_set(NULL, "wal_mode", "sync", &error));
  REFUSED("name", quiver_config_set(config, NULL, "sync", &error));
  REFUSED("value", quiver_config_set(config, "wal_mode", NULL, &error));
  REFUSED("config", quiver_config_get(NULL, "wal_mode", &text, &error));
  REFUSED("name", quiver_config_get(config, NULL, &text, &error));
  REFUSED("value", quiver_config_get(config, "wal_mode", NULL, &error));
  REFUSED("config", quiver_config_parse(NULL, "", 0, "here", &error));
  REFUSED("toml", quiver_config_parse(config, NULL, 1, "here", &error));
  REFUSED("source", quiver_config_parse(config, "", 0, NULL, &error));
  REFUSED("config", quiver_config_format(NULL, &text, &error));
  REFUSED("toml", quiver_config_format(config, NULL, &error));
  REFUSED("config", quiver_config_validate(NULL, &error));
  quiver_setting setting;
  REFUSED("setting", quiver_setting_at(0, NULL, &error));
  REFUSED("there are", quiver_setting_at(quiver_setting_count(), &setting, &error));
  REFUSED("there are", quiver_setting_at(SIZE_MAX, &setting, &error));
  CHECK(quiver_setting_choice(SIZE_MAX, 0) == NULL && quiver_setting_choice(0, SIZE_MAX) == NULL);
  CHECK(quiver_preset_name(SIZE_MAX) == NULL);
  CHECK(!quiver_config_equal(config, NULL) && !quiver_config_equal(NULL, NULL));
  CHECK_FAILS(QUIVER_NOT_FOUND, "balanced", quiver_config_create("blanced", &config, &error));
  REFUSED("", quiver_config_set(config, "memory_limit_bytes", "-1", &error));
  REFUSED("", quiver_config_set(config, "memory_limit_bytes", "18446744073709551616", &error));
  REFUSED("", quiver_config_set(config, "create_if_missing", "perhaps", &error));
  REFUSED("", quiver_config_set(config, "wal_mode", "", &error));
  CHECK_FAILS(QUIVER_NOT_FOUND, "", quiver_config_set(config, "", "1", &error));
  REFUSED("here", quiver_config_parse(config, "\xff\xfe", 2, "here", &error));
  quiver_config_destroy(config);
  quiver_config_destroy(NULL);
}

static void TestNullArgumentsOfOpening(void) {
  quiver_database* db = NULL;
  quiver_config* config = NULL;
  REFUSED("directory", quiver_open(NULL, NULL, &db, &error));
  REFUSED("database", quiver_open(work_directory, NULL, NULL, &error));
  REFUSED("", quiver_open("", NULL, &db, &error));
  REFUSED("directory", quiver_open_read_only(NULL, &db, &error));
  REFUSED("database", quiver_open_read_only(work_directory, NULL, &error));
  REFUSED("directory", quiver_stored_config(NULL, &config, &error));
  REFUSED("config", quiver_stored_config(work_directory, NULL, &error));
  REFUSED("database", quiver_close(NULL, &error));
  CHECK(db == NULL && config == NULL);
  CHECK_OK(quiver_config_create(NULL, &config, &error));
  CHECK_OK(quiver_config_set(config, "slowdown_run_count", "30", &error));
  CHECK_OK(quiver_config_set(config, "stop_run_count", "20", &error));
  REFUSED("run_count", quiver_open(work_directory, config, &db, &error));
  quiver_config_destroy(config);
  quiver_database_destroy(NULL);
}

static void TestNullArgumentsOfADatabase(quiver_database* db) {
  quiver_config* config = NULL;
  quiver_report* report = NULL;
  quiver_value* value = NULL;
  quiver_values* values = NULL;
  quiver_snapshot* snapshot = NULL;
  quiver_iterator* iterator = NULL;
  quiver_batch* batch = NULL;
  char* text = NULL;
  char buffer[1];
  size_t size = 0;
  bool found = false;
  const uint64_t offsets[] = {0, 1};
  const uint64_t falling[] = {0, 2, 1};
  CHECK_OK(quiver_batch_create(&batch, &error));
  REFUSED("database", quiver_database_config(NULL, &config, &error));
  REFUSED("config", quiver_database_config(db, NULL, &error));
  REFUSED("database", quiver_recovery_report(NULL, &report, &error));
  REFUSED("report", quiver_recovery_report(db, NULL, &error));
  REFUSED("database", quiver_put(NULL, NULL, "k", 1, "v", 1, &error));
  REFUSED("key", quiver_put(db, NULL, NULL, 1, "v", 1, &error));
  REFUSED("value", quiver_put(db, NULL, "k", 1, NULL, 1, &error));
  REFUSED("database", quiver_delete(NULL, NULL, "k", 1, &error));
  REFUSED("key", quiver_delete(db, NULL, NULL, 1, &error));
  REFUSED("database", quiver_write(NULL, NULL, batch, NULL, &error));
  REFUSED("batch", quiver_write(db, NULL, NULL, NULL, &error));
  REFUSED("database", quiver_get(NULL, NULL, "k", 1, &value, &error));
  REFUSED("key", quiver_get(db, NULL, NULL, 1, &value, &error));
  REFUSED("value", quiver_get(db, NULL, "k", 1, NULL, &error));
  REFUSED("database", quiver_get_into(NULL, NULL, "k", 1, buffer, 1, &size, &found, &error));
  REFUSED("key", quiver_get_into(db, NULL, NULL, 1, buffer, 1, &size, &found, &error));
  REFUSED("buffer", quiver_get_into(db, NULL, "k", 1, NULL, 1, &size, &found, &error));
  REFUSED("value_size", quiver_get_into(db, NULL, "k", 1, buffer, 1, NULL, &found, &error));
  REFUSED("found", quiver_get_into(db, NULL, "k", 1, buffer, 1, &size, NULL, &error));
  REFUSED("database", quiver_multi_get(NULL, NULL, "k", offsets, 1, &values, &error));
  REFUSED("keys", quiver_multi_get(db, NULL, NULL, offsets, 1, &values, &error));
  REFUSED("key_offsets", quiver_multi_get(db, NULL, "k", NULL, 1, &values, &error));
  REFUSED("key_offsets", quiver_multi_get(db, NULL, "k", falling, 2, &values, &error));
  REFUSED("values", quiver_multi_get(db, NULL, "k", offsets, 1, NULL, &error));
  REFUSED("database", quiver_snapshot_create(NULL, &snapshot, &error));
  REFUSED("snapshot", quiver_snapshot_create(db, NULL, &error));
  REFUSED("database", quiver_iterator_create(NULL, NULL, &iterator, &error));
  REFUSED("iterator", quiver_iterator_create(db, NULL, NULL, &error));
  REFUSED("database", quiver_flush(NULL, &error));
  REFUSED("database", quiver_compact_range(NULL, NULL, NULL, 0, NULL, 0, &error));
  REFUSED("begin", quiver_compact_range(db, NULL, NULL, 1, NULL, 0, &error));
  REFUSED("end", quiver_compact_range(db, NULL, NULL, 0, NULL, 1, &error));
  REFUSED("database", quiver_wait_for_background_work(NULL, &error));
  REFUSED("database", quiver_sync_log(NULL, &error));
  REFUSED("database", quiver_wait_durable(NULL, 1, &error));
  REFUSED("", quiver_wait_durable(db, UINT64_MAX, &error));
  REFUSED("database", quiver_metrics_text(NULL, &text, &error));
  REFUSED("text", quiver_metrics_text(db, NULL, &error));
  REFUSED("database", quiver_metrics_json(NULL, &text, &error));
  REFUSED("json", quiver_metrics_json(db, NULL, &error));
  REFUSED("database", quiver_metrics_prometheus(NULL, &text, &error));
  REFUSED("text", quiver_metrics_prometheus(db, NULL, &error));
  CHECK(quiver_durable_sequence(NULL) == 0);
  quiver_batch_destroy(batch);
}

static void TestNullArgumentsOfBatchesAndOptions(void) {
  quiver_batch* batch = NULL;
  quiver_write_options* writes = NULL;
  quiver_read_options* reads = NULL;
  quiver_iterator_options* scans = NULL;
  REFUSED("batch", quiver_batch_create(NULL, &error));
  REFUSED("from", quiver_batch_copy(NULL, &batch, &error));
  REFUSED("batch", quiver_batch_put(NULL, NULL, "k", 1, "v", 1, &error));
  REFUSED("batch", quiver_batch_delete(NULL, NULL, "k", 1, &error));
  CHECK_OK(quiver_batch_create(&batch, &error));
  REFUSED("batch", quiver_batch_copy(batch, NULL, &error));
  REFUSED("key", quiver_batch_put(batch, NULL, NULL, 1, "v", 1, &error));
  REFUSED("value", quiver_batch_put(batch, NULL, "k", 1, NULL, 1, &error));
  REFUSED("key", quiver_batch_delete(batch, NULL, NULL, 1, &error));
  CHECK(quiver_batch_count(batch) == 0 && quiver_batch_count(NULL) == 0);
  quiver_batch_clear(NULL);
  size_t size = 1;
  CHECK(quiver_batch_encoded(NULL, &size) == NULL && size == 0);
  CHECK(quiver_batch_encoded(batch, NULL) != (const char*)1);
  quiver_batch_destroy(batch);
  quiver_batch_destroy(NULL);

  REFUSED("options", quiver_write_options_create(NULL, &error));
  REFUSED("options", quiver_write_options_set_wal_mode(NULL, "sync", &error));
  REFUSED("options", quiver_write_options_set_fail_if_stalled(NULL, true, &error));
  CHECK_OK(quiver_write_options_create(&writes, &error));
  REFUSED("sync", quiver_write_options_set_wal_mode(writes, "snyc", &error));
  quiver_write_options_destroy(writes);
  quiver_write_options_destroy(NULL);
  REFUSED("options", quiver_read_options_create(NULL, &error));
  REFUSED("options", quiver_read_options_set_snapshot(NULL, NULL, &error));
  REFUSED("options", quiver_read_options_set_fill_cache(NULL, true, &error));
  CHECK_OK(quiver_read_options_create(&reads, &error));
  quiver_read_options_destroy(reads);
  quiver_read_options_destroy(NULL);
  REFUSED("options", quiver_iterator_options_create(NULL, &error));
  REFUSED("options", quiver_iterator_options_set_lower_bound(NULL, "k", 1, &error));
  REFUSED("options", quiver_iterator_options_set_upper_bound(NULL, "k", 1, &error));
  REFUSED("options", quiver_iterator_options_set_prefix(NULL, "k", 1, &error));
  REFUSED("options", quiver_iterator_options_set_snapshot(NULL, NULL, &error));
  REFUSED("options", quiver_iterator_options_set_fill_cache(NULL, true, &error));
  CHECK_OK(quiver_iterator_options_create(&scans, &error));
  REFUSED("key", quiver_iterator_options_set_lower_bound(scans, NULL, 1, &error));
  REFUSED("key", quiver_iterator_options_set_upper_bound(scans, NULL, 1, &error));
  REFUSED("prefix", quiver_iterator_options_set_prefix(scans, NULL, 1, &error));
  quiver_iterator_options_destroy(scans);
  quiver_iterator_options_destroy(NULL);
}

static void TestNullArgumentsOfArrowStreams(quiver_database* db) {
  quiver_arrow_options* options = NULL;
  struct ArrowArrayStream stream;
  REFUSED("options", quiver_arrow_options_create(NULL, &error));
  REFUSED("options", quiver_arrow_options_set_lower_bound(NULL, "k", 1, &error));
  REFUSED("options", quiver_arrow_options_set_upper_bound(NULL, "k", 1, &error));
  REFUSED("options", quiver_arrow_options_set_prefix(NULL, "k", 1, &error));
  REFUSED("options", quiver_arrow_options_set_snapshot(NULL, NULL, &error));
  REFUSED("options", quiver_arrow_options_set_fill_cache(NULL, true, &error));
  REFUSED("options", quiver_arrow_options_set_limit(NULL, 1, &error));
  REFUSED("options", quiver_arrow_options_set_columns(NULL, true, true, true, &error));
  REFUSED("options", quiver_arrow_options_set_batch_rows(NULL, 1, &error));
  CHECK_OK(quiver_arrow_options_create(&options, &error));
  REFUSED("key", quiver_arrow_options_set_lower_bound(options, NULL, 1, &error));
  REFUSED("key", quiver_arrow_options_set_upper_bound(options, NULL, 1, &error));
  REFUSED("prefix", quiver_arrow_options_set_prefix(options, NULL, 1, &error));
  REFUSED("database", quiver_export_arrow(NULL, options, &stream, &error));
  REFUSED("stream", quiver_export_arrow(db, options, NULL, &error));
  quiver_arrow_options_destroy(options);
  quiver_arrow_options_destroy(NULL);
}

static void TestNullHandlesOfReads(quiver_database* db) {
  size_t size = 1;
  CHECK(quiver_value_data(NULL, &size) == NULL && size == 0);
  CHECK(quiver_values_count(NULL) == 0 && !quiver_values_at(NULL, 0, NULL, NULL));
  CHECK(quiver_snapshot_sequence(NULL) == 0);
  quiver_value_destroy(NULL);
  quiver_values_destroy(NULL);
  quiver_snapshot_destroy(NULL);
  quiver_iterator_destroy(NULL);
  quiver_iterator_seek_to_first(NULL);
  quiver_iterator_seek_to_last(NULL);
  quiver_iterator_seek(NULL, "k", 1);
  quiver_iterator_seek_for_prev(NULL, "k", 1);
  quiver_iterator_next(NULL);
  quiver_iterator_prev(NULL);
  CHECK(!quiver_iterator_valid(NULL));
  CHECK(quiver_iterator_key(NULL, &size) == NULL && size == 0);
  CHECK(quiver_iterator_value(NULL, NULL) == NULL);
  REFUSED("iterator", quiver_iterator_status(NULL, &error));

  quiver_iterator* iterator = NULL;
  CHECK_OK(quiver_iterator_create(db, NULL, &iterator, &error));
  CHECK(!quiver_iterator_valid(iterator));
  quiver_iterator_next(iterator);  // positioned nowhere
  quiver_iterator_prev(iterator);
  CHECK(quiver_iterator_key(iterator, &size) == NULL && size == 0);
  quiver_iterator_seek_to_first(iterator);
  CHECK(quiver_iterator_valid(iterator));
  quiver_iterator_seek(iterator, NULL, 7);
  CHECK(!quiver_iterator_valid(iterator));
  REFUSED("key", quiver_iterator_status(iterator, &error));
  quiver_iterator_seek_for_prev(iterator, NULL, 7);
  REFUSED("key", quiver_iterator_status(iterator, &error));
  quiver_iterator_seek(iterator, NULL, 0);  // the empty key
  CHECK(quiver_iterator_valid(iterator));
  CHECK_OK(quiver_iterator_status(iterator, &error));
  quiver_iterator_destroy(iterator);
}

static void TestNullArgumentsOfAdministration(void) {
  quiver_report* report = NULL;
  quiver_arrow_writer* writer = NULL;
  uint64_t number = 0;
  size_t size = 0;
  const char* line = NULL;
  char* text = NULL;
  REFUSED("directory", quiver_verify(NULL, NULL, NULL, &report, &error));
  REFUSED("report", quiver_verify(work_directory, NULL, NULL, NULL, &error));
  REFUSED("source", quiver_repair(NULL, "x", NULL, NULL, &report, &error));
  REFUSED("destination", quiver_repair("x", NULL, NULL, NULL, &report, &error));
  REFUSED("report", quiver_repair("x", "y", NULL, NULL, NULL, &error));
  REFUSED("report", quiver_report_number(NULL, "files", &number, &error));
  REFUSED("report", quiver_report_list_size(NULL, "notes", &size, &error));
  REFUSED("report", quiver_report_line(NULL, "notes", 0, &line, &error));
  REFUSED("report", quiver_report_damage(NULL, 0, NULL, NULL, NULL, &error));
  REFUSED("report", quiver_report_text(NULL, &text, &error));
  CHECK_OK(quiver_verify(work_directory, NULL, NULL, &report, &error));
  REFUSED("name", quiver_report_number(report, NULL, &number, &error));
  REFUSED("number", quiver_report_number(report, "files", NULL, &error));
  CHECK_FAILS(QUIVER_NOT_FOUND, "entries", quiver_report_number(report, "file", &number, &error));
  REFUSED("name", quiver_report_list_size(report, NULL, &size, &error));
  REFUSED("size", quiver_report_list_size(report, "notes", NULL, &error));
  REFUSED("name", quiver_report_line(report, NULL, 0, &line, &error));
  REFUSED("line", quiver_report_line(report, "notes", 0, NULL, &error));
  REFUSED("there are", quiver_report_line(report, "damages", 5, &line, &error));
  REFUSED("there are", quiver_report_damage(report, SIZE_MAX, NULL, NULL, NULL, &error));
  REFUSED("text", quiver_report_text(report, NULL, &error));
  quiver_report_destroy(report);
  quiver_report_destroy(NULL);
  REFUSED("file", quiver_inspect_file(NULL, false, NeverCalled, NULL, &error));
  REFUSED("sink", quiver_inspect_file("x", false, NULL, NULL, &error));
  REFUSED("file", quiver_read_arrow_file(NULL, NoRow, NULL, NULL, &error));
  REFUSED("sink", quiver_read_arrow_file("x", NULL, NULL, NULL, &error));
  CHECK_FAILS(QUIVER_NOT_FOUND, "/nowhere",
              quiver_read_arrow_file("/nowhere/x.arrow", NoRow, NULL, NULL, &error));
  REFUSED("file", quiver_arrow_writer_create(NULL, &writer, &error));
  REFUSED("writer", quiver_arrow_writer_create("x", NULL, &error));
  REFUSED("writer", quiver_arrow_writer_add(NULL, "k", 1, "v", 1, &error));
  REFUSED("writer", quiver_arrow_writer_finish(NULL, &error));
  quiver_arrow_writer_destroy(NULL);
  REFUSED("bytes", quiver_escape(NULL, 1, &text, &error));
  REFUSED("text", quiver_escape("x", 1, NULL, &error));
  REFUSED("text", quiver_unescape(NULL, &text, &size, &error));
  REFUSED("bytes", quiver_unescape("x", NULL, &size, &error));
  REFUSED("size", quiver_unescape("x", &text, NULL, &error));
  REFUSED("text", quiver_build_info(NULL, &error));
  CHECK(quiver_error_code(NULL) == QUIVER_OK && quiver_error_offset(NULL) == QUIVER_NO_OFFSET);
  CHECK(quiver_error_message(NULL)[0] == '\0' && quiver_error_file(NULL)[0] == '\0');
  CHECK(quiver_error_text(NULL)[0] == '\0' && quiver_error_os_error(NULL) == 0);
  quiver_error_destroy(NULL);
  quiver_error* refused = NULL;
  quiver_database* nowhere = NULL;
  CHECK(quiver_open("/dev/null/database", NULL, &nowhere, &refused) == QUIVER_IO);
  CHECK(quiver_error_os_error(refused) == ENOTDIR);
  quiver_error_destroy(refused);
  quiver_free(NULL);
}

static void TestLimits(quiver_database* db) {
  char* big = malloc(QUIVER_VALUE_BYTES_MAX + 1);
  CHECK(big != NULL);
  memset(big, 'x', QUIVER_KEY_BYTES_MAX + 1);
  quiver_batch* batch = NULL;
  CHECK_OK(quiver_batch_create(&batch, &error));
  REFUSED("65535", quiver_put(db, NULL, big, QUIVER_KEY_BYTES_MAX + 1, "", 0, &error));
  REFUSED("65535", quiver_delete(db, NULL, big, QUIVER_KEY_BYTES_MAX + 1, &error));
  REFUSED("65535", quiver_batch_put(batch, NULL, big, QUIVER_KEY_BYTES_MAX + 1, "", 0, &error));
  REFUSED("65535", quiver_batch_delete(batch, NULL, big, SIZE_MAX, &error));
  REFUSED("value", quiver_put(db, NULL, "k", 1, big, QUIVER_VALUE_BYTES_MAX + 1, &error));
  REFUSED("value", quiver_batch_put(batch, NULL, "k", 1, big, SIZE_MAX, &error));
  CHECK(quiver_batch_count(batch) == 0);
  CHECK_OK(quiver_put(db, NULL, big, QUIVER_KEY_BYTES_MAX, "", 0, &error));
  quiver_value* value = NULL;
  CHECK_OK(quiver_get(db, NULL, big, QUIVER_KEY_BYTES_MAX, &value, &error));
  CHECK(value != NULL);
  quiver_value_destroy(value);
  quiver_batch_destroy(batch);
  free(big);
}

int main(void) {
  MakeWorkDirectory();
  TestNullArgumentsOfConfigurations();
  TestNullArgumentsOfOpening();
  quiver_database* db = NULL;
  CHECK_OK(quiver_open(work_directory, NULL, &db, &error));
  CHECK_OK(quiver_put(db, NULL, "", 0, "", 0, &error));
  TestNullArgumentsOfADatabase(db);
  TestNullArgumentsOfBatchesAndOptions();
  TestNullArgumentsOfArrowStreams(db);
  TestNullHandlesOfReads(db);
  TestLimits(db);
  quiver_database* second = NULL;
  CHECK_FAILS(QUIVER_BUSY, "", quiver_open(work_directory, NULL, &second, &error));
  // A caller that wants no message still gets the code.
  CHECK(quiver_put(db, NULL, NULL, 1, NULL, 0, NULL) == QUIVER_INVALID_ARGUMENT);
  CHECK(quiver_open(work_directory, NULL, &second, NULL) == QUIVER_BUSY && second == NULL);
  quiver_database_destroy(db);
  TestNullArgumentsOfAdministration();
  RemoveWorkDirectory();
  puts("c_bad_input_test: passed");
  return 0;
}
