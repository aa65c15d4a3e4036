// Handles may be destroyed in any order, a database closed under readers and writers, and a fork
// refused.
#define _DEFAULT_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "check.h"

enum { kRows = 2000, kThreads = 4 };

static quiver_error* error = NULL;
static char path[256];

static quiver_database* OpenFilled(const char* name) {
  quiver_config* config = NULL;
  quiver_database* db = NULL;
  CHECK_OK(quiver_config_create(NULL, &config, &error));
  CHECK_OK(quiver_config_set(config, "wal_mode", "async", &error));
  CHECK_OK(quiver_open(PathOf(path, sizeof path, name), config, &db, &error));
  quiver_config_destroy(config);
  char key[16];
  for (int i = 0; i < kRows; ++i) {
    const size_t size = (size_t)snprintf(key, sizeof key, "key%06d", i);
    CHECK_OK(quiver_put(db, NULL, key, size, key, size, &error));
    if (i == kRows / 2) CHECK_OK(quiver_flush(db, &error));
  }
  return db;
}

static void TestChildrenOutliveTheDatabase(void) {
  quiver_database* db = OpenFilled("outlive");
  quiver_iterator* iterator = NULL;
  quiver_snapshot* snapshot = NULL;
  quiver_value* in_table = NULL;
  quiver_value* in_memory = NULL;
  quiver_values* values = NULL;
  quiver_read_options* options = NULL;
  const uint64_t offsets[] = {0, 9, 18};
  CHECK_OK(quiver_iterator_create(db, NULL, &iterator, &error));
  quiver_iterator_seek_to_first(iterator);
  CHECK_OK(quiver_snapshot_create(db, &snapshot, &error));
  CHECK_OK(quiver_read_options_create(&options, &error));
  CHECK_OK(quiver_read_options_set_snapshot(options, snapshot, &error));
  CHECK_OK(quiver_get(db, options, "key000001", 9, &in_table, &error));
  CHECK_OK(quiver_get(db, NULL, "key001999", 9, &in_memory, &error));
  CHECK_OK(quiver_multi_get(db, NULL, "key000002key001998", offsets, 2, &values, &error));
  quiver_database_destroy(db);

  size_t size = 0;
  CHECK(memcmp(quiver_value_data(in_table, &size), "key000001", 9) == 0 && size == 9);
  CHECK(memcmp(quiver_value_data(in_memory, &size), "key001999", 9) == 0 && size == 9);
  const char* data = NULL;
  CHECK(quiver_values_at(values, 1, &data, &size) && memcmp(data, "key001998", 9) == 0);
  CHECK(quiver_iterator_valid(iterator));
  CHECK(memcmp(quiver_iterator_key(iterator, &size), "key000000", 9) == 0);
  quiver_iterator_next(iterator);
  CHECK(!quiver_iterator_valid(iterator));
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_iterator_status(iterator, &error));
  quiver_iterator_seek_to_last(iterator);
  CHECK(!quiver_iterator_valid(iterator));

  // A snapshot of a database that is gone is refused by another one.
  quiver_value* value = NULL;
  db = OpenFilled("another");
  CHECK(quiver_get(db, options, "key000001", 9, &value, &error) != QUIVER_OK && value == NULL);
  quiver_error_destroy(error);
  error = NULL;
  quiver_database_destroy(db);
  quiver_read_options_destroy(options);
  quiver_snapshot_destroy(snapshot);
  quiver_values_destroy(values);
  quiver_value_destroy(in_memory);
  quiver_value_destroy(in_table);
  quiver_iterator_destroy(iterator);
}

static void TestCallsAfterClose(void) {
  quiver_database* db = OpenFilled("closed");
  quiver_batch* batch = NULL;
  quiver_value* value = NULL;
  quiver_snapshot* snapshot = NULL;
  quiver_iterator* iterator = NULL;
  char* text = NULL;
  CHECK_OK(quiver_batch_create(&batch, &error));
  CHECK_OK(quiver_batch_put(batch, NULL, "k", 1, "v", 1, &error));
  CHECK_OK(quiver_close(db, &error));
  CHECK_OK(quiver_close(db, &error));
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_put(db, NULL, "k", 1, "v", 1, &error));
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_delete(db, NULL, "k", 1, &error));
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_write(db, NULL, batch, NULL, &error));
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_get(db, NULL, "k", 1, &value, &error));
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_snapshot_create(db, &snapshot, &error));
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_iterator_create(db, NULL, &iterator, &error));
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_flush(db, &error));
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_compact_range(db, NULL, NULL, 0, NULL, 0, &error));
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_sync_log(db, &error));
  CHECK_OK(quiver_metrics_json(db, &text, &error));
  quiver_free(text);
  quiver_batch_destroy(batch);
  quiver_database_destroy(db);
}

static atomic_int calls_answered;

// Reads and writes until the database is closed under it.
static void* UseUntilClosed(void* argument) {
  quiver_database* db = argument;
  quiver_error* mine = NULL;
  quiver_code code = QUIVER_OK;
  while (code == QUIVER_OK) {
    quiver_value* value = NULL;
    quiver_iterator* iterator = NULL;
    code = quiver_put(db, NULL, "key000007", 9, "new", 3, &mine);
    if (code == QUIVER_OK) code = quiver_get(db, NULL, "key000007", 9, &value, &mine);
    if (code == QUIVER_OK) CHECK(value != NULL);
    if (code == QUIVER_OK) code = quiver_iterator_create(db, NULL, &iterator, &mine);
    if (code == QUIVER_OK) {
      quiver_iterator_seek_to_first(iterator);
      for (int i = 0; i < 50 && quiver_iterator_valid(iterator); ++i)
        quiver_iterator_next(iterator);
      code = quiver_iterator_status(iterator, &mine);
    }
    quiver_iterator_destroy(iterator);
    quiver_value_destroy(value);
    atomic_fetch_add(&calls_answered, 1);
  }
  CHECK(code == QUIVER_CLOSED);
  quiver_error_destroy(mine);
  return NULL;
}

static void TestCloseUnderThreads(void) {
  quiver_database* db = OpenFilled("threads");
  pthread_t threads[kThreads];
  for (int i = 0; i < kThreads; ++i) {
    CHECK(pthread_create(&threads[i], NULL, UseUntilClosed, db) == 0);
  }
  while (atomic_load(&calls_answered) < 200) usleep(1000);
  CHECK_OK(quiver_close(db, &error));
  for (int i = 0; i < kThreads; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
  quiver_database_destroy(db);
}

static void TestAForkIsRefused(void) {
  quiver_database* db = OpenFilled("fork");
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    quiver_value* value = NULL;
    const quiver_code code = quiver_put(db, NULL, "k", 1, "v", 1, &error);
    const bool told = strstr(quiver_error_text(error), "fork") != NULL;
    const quiver_code get = quiver_get(db, NULL, "k", 1, &value, NULL);
    quiver_database_destroy(db);
    _exit(code != QUIVER_OK && told && get != QUIVER_OK ? 0 : 1);
  }
  int status = 1;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK_OK(quiver_put(db, NULL, "k", 1, "v", 1, &error));
  CHECK_OK(quiver_close(db, &error));
  quiver_database_destroy(db);
  CHECK_OK(quiver_open(path, NULL, &db, &error));
  quiver_database_destroy(db);
}

int main(void) {
  MakeWorkDirectory();
  TestChildrenOutliveTheDatabase();
  TestCallsAfterClose();
  TestCloseUnderThreads();
  TestAForkIsRefused();
  RemoveWorkDirectory();
  puts("c_lifetime_test: passed");
  return 0;
}
