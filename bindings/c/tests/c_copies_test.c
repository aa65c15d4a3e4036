// Checkpoints, backups and datasets from C: what they hold, what they report, and what nonsense
// gets.
#define _DEFAULT_SOURCE
#include <glob.h>

#include "check.h"

enum { kRows = 3000 };

static quiver_error* error = NULL;
static char path[256];
static char copy[256];

static void PutRows(quiver_database* db, const char* prefix, int count) {
  char key[32];
  for (int i = 0; i < count; ++i) {
    const size_t size = (size_t)snprintf(key, sizeof key, "%s%06d", prefix, i);
    CHECK_OK(quiver_put(db, NULL, key, size, key, size, &error));
  }
}

static quiver_database* OpenFilled(const char* name) {
  quiver_config* config = NULL;
  quiver_database* db = NULL;
  CHECK_OK(quiver_config_create(NULL, &config, &error));
  CHECK_OK(quiver_config_set(config, "wal_mode", "async", &error));
  CHECK_OK(quiver_open(PathOf(path, sizeof path, name), config, &db, &error));
  quiver_config_destroy(config);
  PutRows(db, "key", kRows);
  return db;
}

// The rows of the database in a directory, each of which has its key as its value.
static int CountRows(const char* directory) {
  quiver_database* db = NULL;
  quiver_iterator* iterator = NULL;
  CHECK_OK(quiver_open_read_only(directory, &db, &error));
  CHECK_OK(quiver_iterator_create(db, NULL, &iterator, &error));
  int rows = 0;
  for (quiver_iterator_seek_to_first(iterator); quiver_iterator_valid(iterator);
       quiver_iterator_next(iterator)) {
    size_t key_size = 0;
    size_t value_size = 0;
    const char* key = quiver_iterator_key(iterator, &key_size);
    const char* value = quiver_iterator_value(iterator, &value_size);
    CHECK(key_size == value_size && memcmp(key, value, key_size) == 0);
    ++rows;
  }
  CHECK_OK(quiver_iterator_status(iterator, &error));
  quiver_iterator_destroy(iterator);
  quiver_database_destroy(db);
  return rows;
}

struct Told {
  int calls;
  uint64_t done;
  uint64_t total;
};

static void Tell(void* context, uint64_t done, uint64_t total) {
  struct Told* told = context;
  CHECK(done >= told->done && done <= total);
  ++told->calls;
  told->done = done;
  told->total = total;
}

static void TestCheckpoint(void) {
  quiver_database* db = OpenFilled("source");
  quiver_report* report = NULL;
  struct Told told = {0};
  PathOf(copy, sizeof copy, "checkpoint");
  CHECK_OK(quiver_checkpoint(db, copy, Tell, &told, &report, &error));
  CHECK(NumberOf(report, "sequence") == kRows);
  CHECK(NumberOf(report, "tables_linked") + NumberOf(report, "tables_copied") +
            NumberOf(report, "tables_written") >
        0);
  CHECK(told.calls > 0 && told.done == NumberOf(report, "bytes") && told.total == told.done);
  quiver_report_destroy(report);
  CHECK_OK(quiver_put(db, NULL, "later", 5, "later", 5, &error));
  CHECK(CountRows(copy) == kRows);
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "empty",
              quiver_checkpoint(db, copy, NULL, NULL, NULL, &error));
  PathOf(copy, sizeof copy, "checkpoint2");
  CHECK_OK(quiver_checkpoint(db, copy, NULL, NULL, NULL, &error));  // nobody wants to know
  CHECK(CountRows(copy) == kRows + 1);
  CHECK_OK(quiver_close(db, &error));
  PathOf(copy, sizeof copy, "checkpoint3");
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_checkpoint(db, copy, NULL, NULL, NULL, &error));
  quiver_database_destroy(db);
}

// The bytes of a stored table, one changed: what verify and restore must find.
static void DamageATable(const char* backups) {
  char pattern[300];
  snprintf(pattern, sizeof pattern, "%s/*", backups);
  glob_t files;
  CHECK(glob(pattern, 0, NULL, &files) == 0);
  const char* largest = NULL;
  off_t largest_bytes = 0;
  for (size_t i = 0; i < files.gl_pathc; ++i) {
    struct stat status;
    CHECK(stat(files.gl_pathv[i], &status) == 0);
    if (!S_ISREG(status.st_mode) || status.st_size <= largest_bytes) continue;
    largest = files.gl_pathv[i];
    largest_bytes = status.st_size;
  }
  CHECK(largest != NULL);
  FILE* file = fopen(largest, "r+b");
  CHECK(file != NULL && fseek(file, 500, SEEK_SET) == 0);
  const int byte = fgetc(file);
  CHECK(byte != EOF && fseek(file, 500, SEEK_SET) == 0 && fputc(byte ^ 1, file) != EOF);
  CHECK(fclose(file) == 0);
  globfree(&files);
}

static void TestBackups(void) {
  char backups[256];
  quiver_database* db = OpenFilled("backed-up");
  quiver_report* report = NULL;
  struct Told told = {0};
  PathOf(backups, sizeof backups, "backups");
  CHECK_FAILS(QUIVER_NOT_FOUND, "backups", quiver_backup_list(backups, &report, &error));
  CHECK_OK(quiver_backup_create(db, backups, Tell, &told, &report, &error));
  CHECK(NumberOf(report, "id") == 1 && NumberOf(report, "sequence") == kRows);
  CHECK(NumberOf(report, "created_us") > 1700000000000000);
  CHECK(NumberOf(report, "new_bytes") == NumberOf(report, "bytes"));
  CHECK(told.done == NumberOf(report, "new_bytes") && told.total == told.done);
  CHECK(strlen(LineOf(report, "database_id")) == 32);
  quiver_report_destroy(report);
  PutRows(db, "more", 10);
  CHECK_OK(quiver_backup_create(db, backups, NULL, NULL, NULL, &error));

  CHECK_OK(quiver_backup_list(backups, &report, &error));
  size_t count = 0;
  CHECK_OK(quiver_report_part_count(report, "backups", &count, &error));
  CHECK(count == 2 && LineCount(report, "damages") == 0);
  const quiver_report* second = PartOf(report, "backups", 1);
  CHECK(NumberOf(second, "id") == 2 && NumberOf(second, "sequence") == kRows + 10);
  CHECK(NumberOf(second, "new_bytes") < NumberOf(second, "bytes"));  // the tables are shared
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "there are 2",
              quiver_report_part(report, "backups", 2, &second, &error));
  char* text = NULL;
  CHECK_OK(quiver_report_text(report, &text, &error));
  CHECK(strstr(text, "backups:\n  id: 1\n") != NULL && strstr(text, "  id: 2\n") != NULL);
  quiver_free(text);
  quiver_report_destroy(report);

  CHECK_OK(quiver_backup_verify(backups, 0, NULL, NULL, &report, &error));
  CHECK(NumberOf(report, "backups") == 2 && LineCount(report, "damages") == 0);
  CHECK(NumberOf(report, "files") > 0 && NumberOf(report, "bytes") > 0);
  quiver_report_destroy(report);
  told = (struct Told){0};
  CHECK_OK(quiver_backup_restore(backups, 1, PathOf(copy, sizeof copy, "restored"), Tell, &told,
                                 &report, &error));
  CHECK(told.done == NumberOf(report, "bytes") && NumberOf(report, "id") == 1);
  quiver_report_destroy(report);
  CHECK(CountRows(copy) == kRows);
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "empty",
              quiver_backup_restore(backups, 2, copy, NULL, NULL, NULL, &error));
  PathOf(copy, sizeof copy, "restored2");
  CHECK_OK(quiver_backup_restore(backups, 2, copy, NULL, NULL, NULL, &error));
  CHECK(CountRows(copy) == kRows + 10);

  DamageATable(backups);
  told = (struct Told){0};
  CHECK_OK(quiver_backup_verify(backups, 2, Tell, &told, &report, &error));
  CHECK(NumberOf(report, "backups") == 1 && LineCount(report, "damages") == 1 && told.calls > 0);
  const char* file = NULL;
  const char* what = NULL;
  CHECK_OK(quiver_report_damage(report, 0, &file, NULL, &what, &error));
  CHECK(strlen(file) > 0 && strstr(what, "checksum") != NULL);
  quiver_report_destroy(report);
  PathOf(copy, sizeof copy, "restored3");
  CHECK_FAILS(QUIVER_CORRUPTION, "checksum",
              quiver_backup_restore(backups, 2, copy, NULL, NULL, NULL, &error));

  CHECK_OK(quiver_backup_create(db, backups, NULL, NULL, NULL, &error));
  CHECK_OK(quiver_backup_delete(backups, 1, &error));
  CHECK_FAILS(QUIVER_NOT_FOUND, "1", quiver_backup_delete(backups, 1, &error));
  CHECK_FAILS(QUIVER_NOT_FOUND, "1", quiver_backup_verify(backups, 1, NULL, NULL, &report, &error));
  uint64_t removed = 0;
  CHECK_OK(quiver_backup_prune(backups, 1, &removed, &error));
  CHECK(removed == 1);
  CHECK_OK(quiver_backup_prune(backups, 1, NULL, &error));
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "", quiver_backup_prune(backups, 0, NULL, &error));
  CHECK_OK(quiver_backup_list(backups, &report, &error));
  CHECK(NumberOf(PartOf(report, "backups", 0), "id") == 3);
  quiver_report_destroy(report);
  quiver_database_destroy(db);
}

// The rows of the Arrow files of a directory, as any reader of Arrow files sees them.
static bool CountRow(void* context, const char* key, size_t key_size, const char* value,
                     size_t value_size) {
  CHECK(key_size == value_size && memcmp(key, value, key_size) == 0);
  ++*(int*)context;
  return true;
}

static int CountArrowRows(const char* directory) {
  char pattern[300];
  snprintf(pattern, sizeof pattern, "%s/*.arrow", directory);
  glob_t files;
  CHECK(glob(pattern, 0, NULL, &files) == 0);
  int rows = 0;
  for (size_t i = 0; i < files.gl_pathc; ++i) {
    CHECK_OK(quiver_read_arrow_file(files.gl_pathv[i], CountRow, &rows, NULL, &error));
  }
  globfree(&files);
  return rows;
}

static void TestDatasets(void) {
  quiver_database* db = OpenFilled("tables");
  quiver_keyspace* users = NULL;
  quiver_write_options* in_users = NULL;
  quiver_dataset_options* options = NULL;
  quiver_report* report = NULL;
  CHECK_OK(quiver_keyspace_create(db, "users", NULL, &users, &error));
  CHECK_OK(quiver_write_options_create(&in_users, &error));
  CHECK_OK(quiver_write_options_set_keyspace(in_users, users, &error));
  CHECK_OK(quiver_put(db, in_users, "ada", 3, "ada", 3, &error));
  CHECK_OK(quiver_put(db, in_users, "bob", 3, "bob", 3, &error));
  CHECK_OK(quiver_delete(db, in_users, "bob", 3, &error));

  CHECK_OK(quiver_export_dataset(db, PathOf(copy, sizeof copy, "dataset"), NULL, &report, &error));
  CHECK(NumberOf(report, "rows") == kRows && NumberOf(report, "exact") == 1);
  CHECK(NumberOf(report, "files") > 0 && NumberOf(report, "sequence") == kRows + 3);
  CHECK(NumberOf(report, "linked_files") <= NumberOf(report, "files"));
  CHECK(LineCount(report, "notes") == 0);
  quiver_report_destroy(report);
  CHECK(CountArrowRows(copy) == kRows);

  struct Told told = {0};
  CHECK_OK(quiver_dataset_options_create(&options, &error));
  CHECK_OK(quiver_dataset_options_set_keyspace(options, users, &error));
  CHECK_OK(quiver_dataset_options_set_compact(options, false, &error));
  CHECK_OK(quiver_dataset_options_set_progress(options, Tell, &told, &error));
  PathOf(copy, sizeof copy, "dataset2");
  CHECK_OK(quiver_export_dataset(db, copy, options, &report, &error));
  CHECK(NumberOf(report, "exact") == 0 && LineCount(report, "notes") > 0);  // bob's delete
  CHECK(told.done == NumberOf(report, "bytes") && told.total == told.done);
  quiver_report_destroy(report);
  CHECK(CountArrowRows(copy) == 1);
  CHECK_OK(quiver_dataset_options_set_compact(options, true, &error));
  CHECK_OK(quiver_dataset_options_set_progress(options, NULL, NULL, &error));
  PathOf(copy, sizeof copy, "dataset3");
  CHECK_OK(quiver_export_dataset(db, copy, options, NULL, &error));
  CHECK(CountArrowRows(copy) == 1);

  // Sizes of the keyspaces, of what is stored and of what is in memory.
  CHECK_OK(quiver_put(db, in_users, "carl", 4, "carl", 4, &error));
  CHECK_OK(quiver_keyspace_metrics(db, &report, &error));
  size_t count = 0;
  CHECK_OK(quiver_report_part_count(report, "keyspaces", &count, &error));
  CHECK(count == 2);
  const quiver_report* all = PartOf(report, "keyspaces", 0);
  const quiver_report* of_users = PartOf(report, "keyspaces", 1);
  CHECK(strcmp(LineOf(all, "name"), "default") == 0 && NumberOf(all, "entries") == kRows);
  CHECK(strcmp(LineOf(of_users, "name"), "users") == 0 && NumberOf(of_users, "entries") == 1);
  CHECK(NumberOf(of_users, "tables") == 1 && NumberOf(of_users, "table_bytes") > 0);
  CHECK(NumberOf(of_users, "memtable_bytes") > 0);
  quiver_report_destroy(report);

  // And what verify says of them, when nobody has the database open.
  quiver_keyspace_destroy(users);  // the options have shared it
  quiver_write_options_destroy(in_users);
  quiver_database_destroy(db);
  CHECK_OK(quiver_verify(path, NULL, NULL, &report, &error));
  const quiver_report* part = PartOf(report, "keyspaces", 1);
  CHECK(strcmp(LineOf(part, "name"), "users") == 0 && NumberOf(part, "id") != 0);
  CHECK(NumberOf(part, "tables") > 0 && NumberOf(part, "entries") > 0);
  CHECK(NumberOf(part, "bytes") > 0 && NumberOf(part, "expiring_tables") == 0);
  CHECK(NumberOf(part, "range_deletes") == 0);
  quiver_report_destroy(report);

  CHECK_OK(quiver_open_read_only(path, &db, &error));
  PathOf(copy, sizeof copy, "dataset4");
  CHECK_FAILS(QUIVER_READ_ONLY, "", quiver_export_dataset(db, copy, NULL, NULL, &error));
  quiver_dataset_options_destroy(options);
  quiver_database_destroy(db);
}

#define REFUSED(word, call) CHECK_FAILS(QUIVER_INVALID_ARGUMENT, word, call)

static void TestNonsense(void) {
  quiver_database* db = OpenFilled("nonsense");
  quiver_report* report = NULL;
  quiver_dataset_options* options = NULL;
  size_t count = 0;
  const quiver_report* part = NULL;
  REFUSED("database", quiver_checkpoint(NULL, "x", NULL, NULL, NULL, &error));
  REFUSED("directory", quiver_checkpoint(db, NULL, NULL, NULL, NULL, &error));
  REFUSED("database", quiver_backup_create(NULL, "x", NULL, NULL, NULL, &error));
  REFUSED("backup_directory", quiver_backup_create(db, NULL, NULL, NULL, NULL, &error));
  REFUSED("backup_directory", quiver_backup_list(NULL, &report, &error));
  REFUSED("report", quiver_backup_list("x", NULL, &error));
  REFUSED("backup_directory", quiver_backup_verify(NULL, 0, NULL, NULL, &report, &error));
  REFUSED("report", quiver_backup_verify("x", 0, NULL, NULL, NULL, &error));
  REFUSED("backup_directory", quiver_backup_restore(NULL, 1, "x", NULL, NULL, NULL, &error));
  REFUSED("destination", quiver_backup_restore("x", 1, NULL, NULL, NULL, NULL, &error));
  REFUSED("backup_directory", quiver_backup_delete(NULL, 1, &error));
  REFUSED("backup_directory", quiver_backup_prune(NULL, 1, NULL, &error));
  REFUSED("options", quiver_dataset_options_create(NULL, &error));
  REFUSED("options", quiver_dataset_options_set_keyspace(NULL, NULL, &error));
  REFUSED("options", quiver_dataset_options_set_compact(NULL, true, &error));
  REFUSED("options", quiver_dataset_options_set_progress(NULL, NULL, NULL, &error));
  REFUSED("database", quiver_export_dataset(NULL, "x", NULL, NULL, &error));
  REFUSED("directory", quiver_export_dataset(db, NULL, NULL, NULL, &error));
  REFUSED("database", quiver_keyspace_metrics(NULL, &report, &error));
  REFUSED("report", quiver_keyspace_metrics(db, NULL, &error));
  CHECK(report == NULL);
  CHECK_OK(quiver_keyspace_metrics(db, &report, &error));
  REFUSED("report", quiver_report_part_count(NULL, "keyspaces", &count, &error));
  REFUSED("name", quiver_report_part_count(report, NULL, &count, &error));
  REFUSED("count", quiver_report_part_count(report, "keyspaces", NULL, &error));
  REFUSED("part", quiver_report_part(report, "keyspaces", 0, NULL, &error));
  CHECK_FAILS(QUIVER_NOT_FOUND, "keyspaces",
              quiver_report_part(report, "backups", 0, &part, &error));
  CHECK_FAILS(QUIVER_NOT_FOUND, "nothing", quiver_report_list_size(report, "x", &count, &error));
  CHECK(part == NULL && count == 0);
  quiver_report_destroy(report);

  // A keyspace of another database is refused by the call that uses it.
  quiver_database* other = OpenFilled("other");
  quiver_keyspace* foreign = NULL;
  CHECK_OK(quiver_keyspace_create(other, "foreign", NULL, &foreign, &error));
  CHECK_OK(quiver_dataset_options_create(&options, &error));
  CHECK_OK(quiver_dataset_options_set_keyspace(options, foreign, &error));
  REFUSED("", quiver_export_dataset(db, PathOf(copy, sizeof copy, "never"), options, NULL, &error));
  // Backups of two databases do not go into one directory.
  PathOf(copy, sizeof copy, "one-place");
  CHECK_OK(quiver_backup_create(db, copy, NULL, NULL, NULL, &error));
  REFUSED("holds backups of database", quiver_backup_create(other, copy, NULL, NULL, NULL, &error));
  quiver_dataset_options_destroy(options);
  quiver_dataset_options_destroy(NULL);
  quiver_keyspace_destroy(foreign);
  quiver_database_destroy(other);
  quiver_database_destroy(db);
}

int main(void) {
  MakeWorkDirectory();
  TestCheckpoint();
  TestBackups();
  TestDatasets();
  TestNonsense();
  RemoveWorkDirectory();
  puts("c_copies_test: passed");
  return 0;
}
