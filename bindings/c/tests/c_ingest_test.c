// Bulk ingest from C: the rows of Arrow files become rows of a keyspace, all or none. Files of
// other writers are the business of tests/interop/ingest_test.py; here the rows of an export come
// back through the file that quiver_arrow_writer makes.
#define _DEFAULT_SOURCE
#include "check.h"

enum { kRows = 5000 };

static quiver_error* error = NULL;
static char path[256];
static char file[256];
static char second_file[256];

static quiver_database* Open(const char* name) {
  quiver_database* db = NULL;
  CHECK_OK(quiver_open(PathOf(path, sizeof path, name), NULL, &db, &error));
  return db;
}

// Rows key000000 … in the order that `step` gives (prime to kRows), with one value for all.
static const char* WriteFile(char* name, size_t size, const char* base, int step,
                             const char* value) {
  quiver_arrow_writer* writer = NULL;
  CHECK_OK(quiver_arrow_writer_create(PathOf(name, size, base), &writer, &error));
  char key[32];
  for (int i = 0; i < kRows; ++i) {
    const size_t key_size = (size_t)snprintf(key, sizeof key, "key%06d", i * step % kRows);
    CHECK_OK(quiver_arrow_writer_add(writer, key, key_size, value, strlen(value), &error));
  }
  CHECK_OK(quiver_arrow_writer_finish(writer, &error));
  quiver_arrow_writer_destroy(writer);
  return name;
}

static int CountRows(const quiver_database* db, const quiver_keyspace* keyspace,
                     const char* expected) {
  quiver_iterator_options* options = NULL;
  quiver_iterator* iterator = NULL;
  CHECK_OK(quiver_iterator_options_create(&options, &error));
  CHECK_OK(quiver_iterator_options_set_keyspace(options, keyspace, &error));
  CHECK_OK(quiver_iterator_create(db, options, &iterator, &error));
  int rows = 0;
  for (quiver_iterator_seek_to_first(iterator); quiver_iterator_valid(iterator);
       quiver_iterator_next(iterator)) {
    size_t size = 0;
    const char* value = quiver_iterator_value(iterator, &size);
    CHECK(size == strlen(expected) && memcmp(value, expected, size) == 0);
    ++rows;
  }
  CHECK_OK(quiver_iterator_status(iterator, &error));
  quiver_iterator_destroy(iterator);
  quiver_iterator_options_destroy(options);
  return rows;
}

static void CountCalls(void* context, uint64_t done, uint64_t total) {
  CHECK(total == 0 || done <= total);
  ++*(int*)context;
}

static void TestIngest(void) {
  quiver_database* db = Open("into");
  quiver_keyspace* users = NULL;
  quiver_ingest_options* options = NULL;
  quiver_report* report = NULL;
  CHECK_OK(quiver_put(db, NULL, "key000001", 9, "old", 3, &error));
  const char* files[] = {WriteFile(file, sizeof file, "sorted.arrow", 1, "first"),
                         WriteFile(second_file, sizeof second_file, "mixed.arrow", 7, "second")};
  CHECK_OK(quiver_ingest_arrow(db, files, 1, NULL, &report, &error));
  CHECK(NumberOf(report, "rows_read") == kRows && NumberOf(report, "rows_written") == kRows);
  CHECK(NumberOf(report, "was_sorted") == 1 && NumberOf(report, "spilled_bytes") == 0);
  CHECK(NumberOf(report, "tables") > 0 && NumberOf(report, "table_bytes") > 0);
  CHECK(NumberOf(report, "sequence") > 1 && NumberOf(report, "level") < 10);
  quiver_report_destroy(report);
  CHECK(CountRows(db, NULL, "first") == kRows);

  int calls = 0;
  CHECK_OK(quiver_keyspace_create(db, "users", NULL, &users, &error));
  CHECK_OK(quiver_ingest_options_create(&options, &error));
  CHECK_OK(quiver_ingest_options_set_keyspace(options, users, &error));
  CHECK_OK(quiver_ingest_options_set_memory_bytes(options, 1, &error));  // raised to 1 MiB
  CHECK_OK(quiver_ingest_options_set_progress(options, CountCalls, &calls, &error));
  CHECK_OK(quiver_ingest_arrow(db, files, 2, options, &report, &error));
  CHECK(NumberOf(report, "rows_read") == 2 * kRows && NumberOf(report, "rows_written") == kRows);
  CHECK(NumberOf(report, "was_sorted") == 0 && calls > 0);
  quiver_report_destroy(report);
  CHECK(CountRows(db, users, "second") == kRows);  // of equal keys the last
  CHECK(CountRows(db, NULL, "first") == kRows);

  CHECK_OK(quiver_ingest_options_set_refuse_duplicates(options, true, &error));
  CHECK_OK(quiver_ingest_options_set_progress(options, NULL, NULL, &error));
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "key000",
              quiver_ingest_arrow(db, files, 2, options, NULL, &error));
  CHECK_OK(quiver_ingest_arrow(db, NULL, 0, NULL, &report, &error));
  CHECK(NumberOf(report, "rows_read") == 0 && NumberOf(report, "sequence") == 0);
  quiver_report_destroy(report);
  quiver_ingest_options_destroy(options);
  quiver_keyspace_destroy(users);
  quiver_database_destroy(db);
}

// The columns are found by name: the values of one file as the keys of the rows.
static void TestColumns(void) {
  quiver_database* db = Open("columns");
  quiver_arrow_writer* writer = NULL;
  quiver_ingest_options* options = NULL;
  quiver_value* value = NULL;
  CHECK_OK(quiver_arrow_writer_create(PathOf(file, sizeof file, "pair.arrow"), &writer, &error));
  CHECK_OK(quiver_arrow_writer_add(writer, "left", 4, "right", 5, &error));
  CHECK_OK(quiver_arrow_writer_finish(writer, &error));
  quiver_arrow_writer_destroy(writer);
  const char* files[] = {file};
  CHECK_OK(quiver_ingest_options_create(&options, &error));
  CHECK_OK(quiver_ingest_options_set_key_column(options, "value", &error));
  CHECK_OK(quiver_ingest_options_set_value_column(options, "key", &error));
  CHECK_OK(quiver_ingest_arrow(db, files, 1, options, NULL, &error));
  CHECK_OK(quiver_get(db, NULL, "right", 5, &value, &error));
  size_t size = 0;
  CHECK(value != NULL && memcmp(quiver_value_data(value, &size), "left", 4) == 0 && size == 4);
  quiver_value_destroy(value);
  CHECK_OK(quiver_ingest_options_set_value_column(options, "valeu", &error));
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "valeu",
              quiver_ingest_arrow(db, files, 1, options, NULL, &error));
  CHECK_OK(quiver_ingest_options_set_value_column(options, "value", &error));
  CHECK_OK(quiver_ingest_options_set_expiry_column(options, "until", &error));
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "until",
              quiver_ingest_arrow(db, files, 1, options, NULL, &error));
  CHECK_OK(quiver_ingest_options_set_expiry_column(options, "key", &error));  // bytes, no moment
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "key",
              quiver_ingest_arrow(db, files, 1, options, NULL, &error));
  CHECK_OK(quiver_ingest_options_set_expiry_column(options, NULL, &error));
  CHECK_OK(quiver_ingest_arrow(db, files, 1, options, NULL, &error));
  quiver_ingest_options_destroy(options);
  quiver_database_destroy(db);
}

// Rows that expire, through the writer's third column and the ingest's.
static void TestExpiries(void) {
  const uint64_t gone_us = 1000000;
  const uint64_t later_us = UINT64_C(4102444800000000);  // the year 2100
  quiver_database* db = Open("expiries");
  quiver_arrow_writer* writer = NULL;
  quiver_ingest_options* options = NULL;
  CHECK_OK(quiver_arrow_writer_create_with_expiry(PathOf(file, sizeof file, "until.arrow"), &writer,
                                                  &error));
  CHECK_OK(quiver_arrow_writer_add_expiring(writer, "a", 1, "v", 1, later_us, &error));
  CHECK_OK(quiver_arrow_writer_add_expiring(writer, "b", 1, "v", 1, gone_us, &error));
  CHECK_OK(quiver_arrow_writer_add(writer, "c", 1, "v", 1, &error));  // never
  CHECK_OK(quiver_arrow_writer_finish(writer, &error));
  quiver_arrow_writer_destroy(writer);
  const char* files[] = {file};
  CHECK_OK(quiver_ingest_options_create(&options, &error));
  CHECK_OK(quiver_ingest_options_set_expiry_column(options, "expiry", &error));
  CHECK_OK(quiver_ingest_arrow(db, files, 1, options, NULL, &error));
  const char* keys[] = {"a", "b", "c"};
  const uint64_t expected[] = {later_us, 0, 0};
  for (int i = 0; i < 3; ++i) {
    uint64_t expiry_us = 1;
    bool found = false;
    CHECK_OK(quiver_get_expiry(db, NULL, keys[i], 1, &expiry_us, &found, &error));
    CHECK(found == (i != 1) && expiry_us == expected[i]);
  }
  CHECK_OK(quiver_arrow_writer_create(PathOf(file, sizeof file, "two.arrow"), &writer, &error));
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "expir",
              quiver_arrow_writer_add_expiring(writer, "a", 1, "v", 1, later_us, &error));
  quiver_arrow_writer_destroy(writer);
  quiver_ingest_options_destroy(options);
  quiver_database_destroy(db);
}

#define REFUSED(word, call) CHECK_FAILS(QUIVER_INVALID_ARGUMENT, word, call)

static void TestNonsense(void) {
  quiver_database* db = Open("nonsense");
  quiver_ingest_options* options = NULL;
  quiver_report* report = NULL;
  const char* hole[] = {NULL};
  const char* absent[] = {"/nowhere/rows.arrow"};
  const char* no_arrow[] = {PathOf(file, sizeof file, "text.arrow")};
  REFUSED("options", quiver_ingest_options_create(NULL, &error));
  REFUSED("options", quiver_ingest_options_set_keyspace(NULL, NULL, &error));
  REFUSED("options", quiver_ingest_options_set_key_column(NULL, "k", &error));
  REFUSED("options", quiver_ingest_options_set_value_column(NULL, "v", &error));
  REFUSED("options", quiver_ingest_options_set_expiry_column(NULL, "e", &error));
  REFUSED("options", quiver_ingest_options_set_refuse_duplicates(NULL, true, &error));
  REFUSED("options", quiver_ingest_options_set_memory_bytes(NULL, 0, &error));
  REFUSED("options", quiver_ingest_options_set_progress(NULL, NULL, NULL, &error));
  CHECK_OK(quiver_ingest_options_create(&options, &error));
  REFUSED("name", quiver_ingest_options_set_key_column(options, NULL, &error));
  REFUSED("name", quiver_ingest_options_set_value_column(options, NULL, &error));
  REFUSED("database", quiver_ingest_arrow(NULL, absent, 1, NULL, &report, &error));
  REFUSED("files", quiver_ingest_arrow(db, NULL, 1, NULL, &report, &error));
  REFUSED("files", quiver_ingest_arrow(db, hole, 1, NULL, &report, &error));
  CHECK_FAILS(QUIVER_NOT_FOUND, "nowhere",
              quiver_ingest_arrow(db, absent, 1, NULL, &report, &error));
  FILE* text = fopen(file, "w");
  CHECK(text != NULL && fputs("no Arrow at all, but long enough to look at", text) >= 0);
  CHECK(fclose(text) == 0);
  const quiver_code code = quiver_ingest_arrow(db, no_arrow, 1, NULL, &report, &error);
  CHECK(code == QUIVER_CORRUPTION || code == QUIVER_INVALID_ARGUMENT);
  CHECK(strstr(quiver_error_text(error), "text.arrow") != NULL);
  quiver_error_destroy(error);
  error = NULL;
  CHECK(report == NULL && CountRows(db, NULL, "") == 0);
  CHECK_OK(quiver_close(db, &error));
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_ingest_arrow(db, no_arrow, 1, NULL, NULL, &error));
  quiver_ingest_options_destroy(options);
  quiver_ingest_options_destroy(NULL);
  quiver_database_destroy(db);
}

int main(void) {
  MakeWorkDirectory();
  TestIngest();
  TestColumns();
  TestExpiries();
  TestNonsense();
  RemoveWorkDirectory();
  puts("c_ingest_test: passed");
  return 0;
}
