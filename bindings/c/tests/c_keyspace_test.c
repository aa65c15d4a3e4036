// Keyspaces, time to live, range deletes and merge operators, from C.
#define _DEFAULT_SOURCE
#include <stdatomic.h>
#include <sys/time.h>

#include "check.h"

static quiver_error* error = NULL;
static char path[256];

// The rows that options show, as "key=value;".
static void CheckRows(const quiver_database* db, const quiver_iterator_options* options,
                      const char* expected) {
  char seen[256] = "";
  size_t used = 0;
  quiver_iterator* iterator = NULL;
  CHECK_OK(quiver_iterator_create(db, options, &iterator, &error));
  for (quiver_iterator_seek_to_first(iterator); quiver_iterator_valid(iterator);
       quiver_iterator_next(iterator)) {
    size_t key_size = 0;
    size_t value_size = 0;
    const char* key = quiver_iterator_key(iterator, &key_size);
    const char* value = quiver_iterator_value(iterator, &value_size);
    used += (size_t)snprintf(seen + used, sizeof seen - used, "%.*s=%.*s;", (int)key_size, key,
                             (int)value_size, value);
    CHECK(used < sizeof seen);
  }
  CHECK_OK(quiver_iterator_status(iterator, &error));
  quiver_iterator_destroy(iterator);
  if (strcmp(seen, expected) != 0) fprintf(stderr, "saw %s, expected %s\n", seen, expected);
  CHECK(strcmp(seen, expected) == 0);
}

static void CheckValue(const quiver_database* db, const quiver_read_options* options,
                       const char* key, const char* expected) {
  quiver_value* value = NULL;
  CHECK_OK(quiver_get(db, options, key, strlen(key), &value, &error));
  size_t size = 0;
  const char* data = quiver_value_data(value, &size);
  if (expected == NULL)
    CHECK(value == NULL);
  else
    CHECK(value != NULL && size == strlen(expected) && memcmp(data, expected, size) == 0);
  quiver_value_destroy(value);
}

static int64_t StreamRows(const quiver_database* db, const quiver_arrow_options* options) {
  struct ArrowArrayStream stream;
  CHECK_OK(quiver_export_arrow(db, options, &stream, &error));
  int64_t rows = 0;
  struct ArrowArray batch;
  while (stream.get_next(&stream, &batch) == 0 && batch.release != NULL) {
    rows += batch.length;
    batch.release(&batch);
  }
  stream.release(&stream);
  return rows;
}

static uint64_t NowMicros(void) {
  struct timeval now;
  CHECK(gettimeofday(&now, NULL) == 0);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_usec;
}

// Every call that reads or writes works on the keyspace that its options name.
static void TestCallsOnAKeyspace(void) {
  quiver_database* db = NULL;
  quiver_keyspace* users = NULL;
  CHECK_OK(quiver_open(PathOf(path, sizeof path, "calls"), NULL, &db, &error));
  CHECK_OK(quiver_keyspace_create(db, "users", NULL, &users, &error));
  CHECK(strcmp(quiver_keyspace_name(users), "users") == 0 && quiver_keyspace_id(users) != 0);
  quiver_write_options* writes = NULL;
  quiver_read_options* reads = NULL;
  quiver_iterator_options* scans = NULL;
  quiver_arrow_options* streams = NULL;
  CHECK_OK(quiver_write_options_create(&writes, &error));
  CHECK_OK(quiver_read_options_create(&reads, &error));
  CHECK_OK(quiver_iterator_options_create(&scans, &error));
  CHECK_OK(quiver_arrow_options_create(&streams, &error));
  CHECK_OK(quiver_write_options_set_keyspace(writes, users, &error));
  CHECK_OK(quiver_read_options_set_keyspace(reads, users, &error));
  CHECK_OK(quiver_iterator_options_set_keyspace(scans, users, &error));
  CHECK_OK(quiver_arrow_options_set_keyspace(streams, users, &error));
  CHECK_OK(quiver_put(db, NULL, "ada", 3, "default", 7, &error));
  CHECK_OK(quiver_put(db, writes, "ada", 3, "1815", 4, &error));
  CHECK_OK(quiver_put(db, writes, "bob", 3, "1912", 4, &error));
  CHECK_OK(quiver_put(db, writes, "cyd", 3, "1900", 4, &error));
  CHECK_OK(quiver_delete(db, writes, "cyd", 3, &error));
  CheckValue(db, NULL, "ada", "default");
  CheckValue(db, reads, "ada", "1815");
  CheckRows(db, scans, "ada=1815;bob=1912;");
  CHECK(StreamRows(db, streams) == 2 && StreamRows(db, NULL) == 1);
  CHECK_OK(quiver_flush(db, &error));
  CHECK_OK(quiver_compact_range(db, users, NULL, 0, NULL, 0, &error));
  CheckRows(db, scans, "ada=1815;bob=1912;");
  CHECK_OK(quiver_delete_range(db, writes, "a", 1, "b", 1, &error));
  CheckRows(db, scans, "bob=1912;");
  CheckRows(db, NULL, "ada=default;");
  quiver_keyspace_destroy(users);  // the options share it
  const uint64_t offsets[] = {0, 3, 6};
  quiver_values* values = NULL;
  CHECK_OK(quiver_multi_get(db, reads, "adabob", offsets, 2, &values, &error));
  CHECK(!quiver_values_at(values, 0, NULL, NULL) && quiver_values_at(values, 1, NULL, NULL));
  quiver_values_destroy(values);
  CHECK_OK(quiver_iterator_options_set_keyspace(scans, NULL, &error));
  CheckRows(db, scans, "ada=default;");
  quiver_arrow_options_destroy(streams);
  quiver_iterator_options_destroy(scans);
  quiver_read_options_destroy(reads);
  quiver_write_options_destroy(writes);
  quiver_database_destroy(db);
}

static void TestKeyspacesAreMadeListedAndDropped(void) {
  quiver_database* db = NULL;
  quiver_keyspace* trie = NULL;
  quiver_keyspace* same = NULL;
  quiver_keyspaces* list = NULL;
  quiver_config* config = NULL;
  char* text = NULL;
  CHECK_OK(quiver_open(PathOf(path, sizeof path, "list"), NULL, &db, &error));
  CHECK_OK(quiver_database_config(db, &config, &error));
  CHECK_OK(quiver_config_set(config, "memtable_kind", "trie", &error));
  CHECK_OK(quiver_keyspace_create(db, "trie", config, &trie, &error));
  quiver_config_destroy(config);
  CHECK_OK(quiver_keyspace_config(db, trie, &config, &error));
  CHECK_OK(quiver_config_get(config, "memtable_kind", &text, &error));
  CHECK(strcmp(text, "trie") == 0);
  quiver_free(text);
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "trie",
              quiver_keyspace_create(db, "trie", NULL, &same, &error));
  CHECK_OK(quiver_config_set(config, "wal_mode", "async", &error));
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "wal_mode",
              quiver_keyspace_create(db, "other", config, &same, &error));
  quiver_config_destroy(config);
  CHECK_FAILS(QUIVER_NOT_FOUND, "nobody", quiver_keyspace_open(db, "nobody", &same, &error));
  CHECK(same == NULL);
  CHECK_OK(quiver_keyspace_open(db, "trie", &same, &error));
  CHECK(quiver_keyspace_id(same) == quiver_keyspace_id(trie));
  CHECK_OK(quiver_keyspace_list(db, &list, &error));
  CHECK(quiver_keyspaces_count(list) == 2 && quiver_keyspaces_at(list, 2) == NULL);
  CHECK(strcmp(quiver_keyspace_name(quiver_keyspaces_at(list, 0)), "default") == 0);
  CHECK(strcmp(quiver_keyspace_name(quiver_keyspaces_at(list, 1)), "trie") == 0);
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "default",
              quiver_keyspace_drop(db, quiver_keyspaces_at(list, 0), &error));
  quiver_keyspaces_destroy(list);
  CHECK_OK(quiver_keyspace_drop(db, trie, &error));
  CHECK_FAILS(QUIVER_NOT_FOUND, "trie", quiver_keyspace_drop(db, same, &error));

  // A handle may outlive its database, and is refused by another one.
  quiver_database_destroy(db);
  CHECK(strcmp(quiver_keyspace_name(trie), "trie") == 0);
  CHECK_OK(quiver_open(PathOf(path, sizeof path, "other"), NULL, &db, &error));
  CHECK(quiver_keyspace_drop(db, trie, NULL) != QUIVER_OK);
  quiver_keyspace_destroy(same);
  quiver_keyspace_destroy(trie);
  quiver_database_destroy(db);
}

static void TestBatchesOverKeyspaces(void) {
  quiver_database* db = NULL;
  quiver_config* config = NULL;
  quiver_keyspace* counts = NULL;
  quiver_batch* batch = NULL;
  quiver_entry_options* in_counts = NULL;
  quiver_keyspaces* named = NULL;
  quiver_read_options* reads = NULL;
  CHECK_OK(quiver_open(PathOf(path, sizeof path, "batch"), NULL, &db, &error));
  CHECK_OK(quiver_database_config(db, &config, &error));
  CHECK_OK(quiver_config_set(config, "merge_operator", "append", &error));
  CHECK_OK(quiver_keyspace_create(db, "counts", config, &counts, &error));
  quiver_config_destroy(config);
  CHECK_OK(quiver_entry_options_create(&in_counts, &error));
  CHECK_OK(quiver_entry_options_set_keyspace(in_counts, counts, &error));
  CHECK_OK(quiver_batch_create(&batch, &error));
  CHECK_OK(quiver_batch_put(batch, in_counts, "a", 1, "1", 1, &error));
  CHECK(!quiver_batch_uses_default(batch) && !quiver_batch_has_merges(batch));
  CHECK_OK(quiver_batch_put(batch, in_counts, "b", 1, "2", 1, &error));
  CHECK_OK(quiver_batch_put(batch, in_counts, "c", 1, "3", 1, &error));
  CHECK_OK(quiver_batch_delete(batch, in_counts, "c", 1, &error));
  CHECK_OK(quiver_batch_delete_range(batch, in_counts, "b", 1, "bb", 2, &error));
  CHECK_OK(quiver_batch_merge(batch, in_counts, "a", 1, "+", 1, &error));
  CHECK_OK(quiver_batch_put(batch, NULL, "a", 1, "default", 7, &error));
  CHECK(quiver_batch_uses_default(batch) && quiver_batch_has_merges(batch));
  CHECK_OK(quiver_batch_keyspaces(batch, &named, &error));
  CHECK(quiver_keyspaces_count(named) == 1 &&
        strcmp(quiver_keyspace_name(quiver_keyspaces_at(named, 0)), "counts") == 0);
  quiver_keyspaces_destroy(named);
  CHECK_OK(quiver_write(db, NULL, batch, NULL, &error));
  CHECK_OK(quiver_read_options_create(&reads, &error));
  CHECK_OK(quiver_read_options_set_keyspace(reads, counts, &error));
  CheckValue(db, reads, "a", "1+");
  CheckValue(db, reads, "b", NULL);
  CheckValue(db, reads, "c", NULL);
  CheckValue(db, NULL, "a", "default");

  // The batch with a keyspace that is gone changes nothing, nor in the default one.
  CHECK_OK(quiver_keyspace_drop(db, counts, &error));
  CHECK_OK(quiver_put(db, NULL, "a", 1, "newer", 5, &error));
  CHECK_FAILS(QUIVER_NOT_FOUND, "counts", quiver_write(db, NULL, batch, NULL, &error));
  CheckValue(db, NULL, "a", "newer");
  quiver_read_options_destroy(reads);
  quiver_entry_options_destroy(in_counts);
  quiver_batch_destroy(batch);
  quiver_keyspace_destroy(counts);
  quiver_database_destroy(db);
}

static void TestTimeToLive(void) {
  quiver_database* db = NULL;
  quiver_write_options* options = NULL;
  quiver_entry_options* entry = NULL;
  quiver_batch* batch = NULL;
  uint64_t expiry_us = 1;
  bool found = false;
  CHECK_OK(quiver_open(PathOf(path, sizeof path, "ttl"), NULL, &db, &error));
  CHECK_OK(quiver_write_options_create(&options, &error));
  const uint64_t before_us = NowMicros();
  CHECK_OK(quiver_write_options_set_time_to_live_ms(options, 3600 * 1000, &error));
  CHECK_OK(quiver_put(db, options, "hour", 4, "1", 1, &error));
  CHECK_OK(quiver_get_expiry(db, NULL, "hour", 4, &expiry_us, &found, &error));
  CHECK(found && expiry_us >= before_us + UINT64_C(3600000000) &&
        expiry_us <= NowMicros() + UINT64_C(3600000000));
  CHECK_OK(quiver_write_options_set_expiry_us(options, before_us, &error));
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "not both",
              quiver_put(db, options, "both", 4, "1", 1, &error));
  CHECK_OK(quiver_write_options_set_time_to_live_ms(options, 0, &error));
  CHECK_OK(quiver_put(db, options, "gone", 4, "1", 1, &error));
  CHECK_OK(quiver_get_expiry(db, NULL, "gone", 4, &expiry_us, &found, &error));
  CHECK(!found);
  CheckValue(db, NULL, "gone", NULL);
  CHECK_OK(quiver_put(db, NULL, "ever", 4, "1", 1, &error));
  CHECK_OK(quiver_get_expiry(db, NULL, "ever", 4, &expiry_us, &found, &error));
  CHECK(found && expiry_us == 0);

  CHECK_OK(quiver_entry_options_create(&entry, &error));
  CHECK_OK(quiver_entry_options_set_expiry_us(entry, before_us + 3600000000, &error));
  CHECK_OK(quiver_batch_create(&batch, &error));
  CHECK_OK(quiver_batch_put(batch, entry, "batched", 7, "1", 1, &error));
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "", quiver_batch_delete(batch, entry, "ever", 4, &error));
  CHECK_OK(quiver_write(db, NULL, batch, NULL, &error));
  CHECK_OK(quiver_get_expiry(db, NULL, "batched", 7, &expiry_us, &found, &error));
  CHECK(found && expiry_us == before_us + 3600000000);
  quiver_batch_destroy(batch);
  quiver_entry_options_destroy(entry);
  quiver_write_options_destroy(options);
  quiver_database_destroy(db);
}

static void TestCounters(void) {
  quiver_config* config = NULL;
  quiver_database* db = NULL;
  char one[QUIVER_INT64_BYTES];
  char bytes[QUIVER_INT64_BYTES];
  size_t size = 0;
  bool found = false;
  int64_t count = 7;
  CHECK_OK(quiver_config_create(NULL, &config, &error));
  CHECK_OK(quiver_config_set(config, "merge_operator", "add_int64", &error));
  CHECK_OK(quiver_open(PathOf(path, sizeof path, "count"), config, &db, &error));
  quiver_config_destroy(config);
  quiver_encode_int64(-2, one);
  for (int i = 0; i < 5; ++i) {
    CHECK_OK(quiver_merge(db, NULL, "visits", 6, one, sizeof one, &error));
  }
  CHECK_OK(quiver_get_into(db, NULL, "visits", 6, bytes, sizeof bytes, &size, &found, &error));
  CHECK(found && quiver_decode_int64(bytes, size, &count) && count == -10);
  CHECK(!quiver_decode_int64(bytes, 7, &count) && count == -10);
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "", quiver_merge(db, NULL, "visits", 6, "x", 1, &error));
  quiver_database_destroy(db);
}

// An operator of this program: the longest of what it is given; "no" does not fit, "!" is refused.
typedef struct Longest {
  atomic_int merges, combines, asked, destroyed;
} Longest;

static void AppendLongest(const char* base, size_t base_size, const char* const* operands,
                          const size_t* sizes, size_t count, quiver_merge_result* result) {
  for (size_t i = 0; i < count; ++i) {
    CHECK(operands[i] != NULL);
    if (sizes[i] <= base_size) continue;
    base = operands[i];
    base_size = sizes[i];
  }
  // In two parts, as a program that computes its bytes one after the other.
  quiver_merge_result_append(result, base, base_size / 2);
  if (base_size > 0)
    quiver_merge_result_append(result, base + base_size / 2, base_size - base_size / 2);
}
static bool LongestMerge(void* context, const char* key, size_t key_size, const char* base,
                         size_t base_size, const char* const* operands, const size_t* sizes,
                         size_t count, quiver_merge_result* result) {
  atomic_fetch_add(&((Longest*)context)->merges, 1);
  // The key "empty" has an empty value, which is not NULL; "never" has none.
  if (key_size == 5 && memcmp(key, "empty", 5) == 0) CHECK(base != NULL && base_size == 0);
  if (key_size == 5 && memcmp(key, "never", 5) == 0) CHECK(base == NULL);
  for (size_t i = 0; i < count; ++i) {
    if (sizes[i] == 2 && memcmp(operands[i], "no", 2) == 0) return false;
  }
  AppendLongest(base, base_size, operands, sizes, count, result);
  return true;
}
static bool LongestCombine(void* context, const char* key, size_t key_size,
                           const char* const* operands, const size_t* sizes, size_t count,
                           quiver_merge_result* result) {
  (void)key, (void)key_size;
  atomic_fetch_add(&((Longest*)context)->combines, 1);
  AppendLongest(NULL, 0, operands, sizes, count, result);
  return true;
}
static bool LongestIsOperand(void* context, const char* operand, size_t size) {
  atomic_fetch_add(&((Longest*)context)->asked, 1);
  return size != 1 || operand[0] != '!';
}
static void LongestDestroy(void* context) {
  atomic_fetch_add(&((Longest*)context)->destroyed, 1);
}

static void Merge(quiver_database* db, const char* key, const char* operand) {
  CHECK_OK(quiver_merge(db, NULL, key, strlen(key), operand, strlen(operand), &error));
}

static void TestAnOperatorOfTheProgram(void) {
  Longest context = {0, 0, 0, 0};
  quiver_merge_functions functions = {LongestMerge, LongestCombine, LongestIsOperand, &context,
                                      LongestDestroy};
  quiver_merge_operator* longest = NULL;
  quiver_config* config = NULL;
  quiver_database* db = NULL;
  CHECK_OK(quiver_merge_operator_create(&functions, &longest, &error));
  CHECK_OK(quiver_config_create(NULL, &config, &error));
  CHECK_OK(quiver_config_set(config, "merge_operator", "custom", &error));
  PathOf(path, sizeof path, "longest");
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "custom", quiver_open(path, config, &db, &error));
  CHECK_OK(quiver_open_with_operator(path, config, longest, &db, &error));
  CHECK_OK(quiver_put(db, NULL, "empty", 5, "", 0, &error));
  Merge(db, "empty", "");
  CheckValue(db, NULL, "empty", "");
  Merge(db, "never", "x");
  CheckValue(db, NULL, "never", "x");
  Merge(db, "apart", "aa");
  CHECK_OK(quiver_flush(db, &error));
  Merge(db, "apart", "bbb");
  Merge(db, "apart", "c");
  CheckValue(db, NULL, "apart", "bbb");
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "", quiver_merge(db, NULL, "apart", 5, "!", 1, &error));
  Merge(db, "wrong", "no");
  quiver_value* value = NULL;
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "", quiver_get(db, NULL, "wrong", 5, &value, &error));
  CHECK_OK(quiver_delete(db, NULL, "wrong", 5, &error));
  CHECK_OK(quiver_flush(db, &error));
  CHECK_OK(quiver_compact_range(db, NULL, NULL, 0, NULL, 0, &error));
  CheckRows(db, NULL, "apart=bbb;empty=;never=x;");
  CHECK(atomic_load(&context.merges) > 0 && atomic_load(&context.asked) == 7);
  quiver_database_destroy(db);
  CHECK(atomic_load(&context.destroyed) == 0);  // the handle has it

  CHECK_OK(quiver_open_read_only_with_operator(path, longest, &db, &error));
  quiver_merge_operator_destroy(longest);
  CHECK(atomic_load(&context.destroyed) == 0);  // the database has it
  CheckValue(db, NULL, "apart", "bbb");
  quiver_database_destroy(db);
  CHECK(atomic_load(&context.destroyed) == 1);

  // Operands over nothing known are combined: between snapshots only.
  functions.is_operand = NULL;
  functions.destroy = NULL;
  CHECK_OK(quiver_merge_operator_create(&functions, &longest, &error));
  CHECK_OK(quiver_open_with_operator(path, config, longest, &db, &error));
  quiver_config_destroy(config);
  quiver_merge_operator_destroy(longest);
  quiver_snapshot* snapshot = NULL;
  CHECK_OK(quiver_snapshot_create(db, &snapshot, &error));
  Merge(db, "apart", "d");
  Merge(db, "apart", "eeeee");
  CHECK_OK(quiver_flush(db, &error));
  CHECK_OK(quiver_compact_range(db, NULL, NULL, 0, NULL, 0, &error));
  CHECK(atomic_load(&context.combines) > 0);
  CheckValue(db, NULL, "apart", "eeeee");
  quiver_snapshot_destroy(snapshot);
  quiver_database_destroy(db);
}

#define REFUSED(word, call) CHECK_FAILS(QUIVER_INVALID_ARGUMENT, word, call)

static void TestNonsense(void) {
  quiver_database* db = NULL;
  quiver_keyspace* keyspace = NULL;
  quiver_keyspaces* list = NULL;
  quiver_config* config = NULL;
  quiver_merge_operator* made = NULL;
  quiver_batch* batch = NULL;
  uint64_t number = 0;
  bool found = false;
  int64_t value = 0;
  CHECK_OK(quiver_open(PathOf(path, sizeof path, "nonsense"), NULL, &db, &error));
  CHECK_OK(quiver_batch_create(&batch, &error));
  REFUSED("database", quiver_keyspace_create(NULL, "k", NULL, &keyspace, &error));
  REFUSED("name", quiver_keyspace_create(db, NULL, NULL, &keyspace, &error));
  REFUSED("keyspace", quiver_keyspace_create(db, "k", NULL, NULL, &error));
  REFUSED("", quiver_keyspace_create(db, "", NULL, &keyspace, &error));
  REFUSED("", quiver_keyspace_create(db, "a\nb", NULL, &keyspace, &error));
  REFUSED("database", quiver_keyspace_open(NULL, "k", &keyspace, &error));
  REFUSED("name", quiver_keyspace_open(db, NULL, &keyspace, &error));
  REFUSED("keyspace", quiver_keyspace_open(db, "k", NULL, &error));
  REFUSED("keyspace", quiver_keyspace_drop(db, NULL, &error));
  REFUSED("keyspace", quiver_keyspace_config(db, NULL, &config, &error));
  REFUSED("keyspaces", quiver_keyspace_list(db, NULL, &error));
  REFUSED("database", quiver_keyspace_list(NULL, &list, &error));
  REFUSED("batch", quiver_batch_keyspaces(NULL, &list, &error));
  REFUSED("options", quiver_write_options_set_keyspace(NULL, NULL, &error));
  REFUSED("options", quiver_entry_options_set_keyspace(NULL, NULL, &error));
  REFUSED("options", quiver_read_options_set_keyspace(NULL, NULL, &error));
  REFUSED("options", quiver_iterator_options_set_keyspace(NULL, NULL, &error));
  REFUSED("options", quiver_arrow_options_set_keyspace(NULL, NULL, &error));
  REFUSED("options", quiver_write_options_set_time_to_live_ms(NULL, 1, &error));
  REFUSED("options", quiver_write_options_set_expiry_us(NULL, 1, &error));
  REFUSED("options", quiver_entry_options_create(NULL, &error));
  REFUSED("options", quiver_entry_options_set_expiry_us(NULL, 1, &error));
  REFUSED("begin", quiver_delete_range(db, NULL, NULL, 1, "b", 1, &error));
  REFUSED("end", quiver_delete_range(db, NULL, "a", 1, NULL, 1, &error));
  REFUSED("operand", quiver_merge(db, NULL, "a", 1, NULL, 1, &error));
  REFUSED("merge_operator", quiver_merge(db, NULL, "a", 1, "b", 1, &error));
  REFUSED("begin", quiver_batch_delete_range(batch, NULL, NULL, 1, "b", 1, &error));
  REFUSED("operand", quiver_batch_merge(batch, NULL, "a", 1, NULL, 1, &error));
  REFUSED("expiry_us", quiver_get_expiry(db, NULL, "a", 1, NULL, &found, &error));
  REFUSED("found", quiver_get_expiry(db, NULL, "a", 1, &number, NULL, &error));
  const quiver_merge_functions none = {NULL, NULL, NULL, NULL, NULL};
  REFUSED("'merge'", quiver_merge_operator_create(&none, &made, &error));
  REFUSED("functions", quiver_merge_operator_create(NULL, &made, &error));
  REFUSED("directory", quiver_open_with_operator(NULL, NULL, NULL, &db, &error));
  REFUSED("database", quiver_open_read_only_with_operator(path, NULL, NULL, &error));
  CHECK(keyspace == NULL && list == NULL && config == NULL && made == NULL);
  CHECK(quiver_batch_count(batch) == 0 && !quiver_batch_uses_default(NULL) &&
        !quiver_batch_has_merges(NULL));
  CHECK(quiver_keyspace_name(NULL)[0] == '\0' && quiver_keyspace_id(NULL) == 0);
  CHECK(quiver_keyspaces_count(NULL) == 0 && quiver_keyspaces_at(NULL, 0) == NULL);
  CHECK(!quiver_decode_int64(NULL, 8, &value) && !quiver_decode_int64("12345678", 8, NULL));
  quiver_encode_int64(1, NULL);
  quiver_merge_result_append(NULL, "x", 1);
  quiver_merge_operator_destroy(NULL);
  quiver_entry_options_destroy(NULL);
  quiver_keyspaces_destroy(NULL);
  quiver_keyspace_destroy(NULL);
  quiver_batch_destroy(batch);
  quiver_database_destroy(db);
}

int main(void) {
  MakeWorkDirectory();
  TestCallsOnAKeyspace();
  TestKeyspacesAreMadeListedAndDropped();
  TestBatchesOverKeyspaces();
  TestTimeToLive();
  TestCounters();
  TestAnOperatorOfTheProgram();
  TestNonsense();
  RemoveWorkDirectory();
  puts("c_keyspace_test: passed");
  return 0;
}
