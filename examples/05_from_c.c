// The C API: settings by name, puts, a batch, a snapshot, a scan and metrics.   usage: 05_from_c
// DIRECTORY
#include <quiver/quiver.h>
#include <stdio.h>

static int Fail(quiver_error* error) {
  fprintf(stderr, "%s\n", quiver_error_text(error));
  quiver_error_destroy(error);
  return 1;
}

// Prints "key=value " for each key that starts with `prefix`, as the snapshot shows it.
static quiver_code Scan(const quiver_database* db, const quiver_snapshot* snapshot,
                        const char* prefix, size_t prefix_size, quiver_error** error) {
  quiver_iterator_options* options = NULL;
  quiver_iterator* iterator = NULL;
  quiver_code code = quiver_iterator_options_create(&options, error);
  if (code == QUIVER_OK) {
    code = quiver_iterator_options_set_prefix(options, prefix, prefix_size, error);
  }
  if (code == QUIVER_OK) code = quiver_iterator_options_set_snapshot(options, snapshot, error);
  if (code == QUIVER_OK) code = quiver_iterator_create(db, options, &iterator, error);
  if (code == QUIVER_OK) {
    for (quiver_iterator_seek_to_first(iterator); quiver_iterator_valid(iterator);
         quiver_iterator_next(iterator)) {
      size_t key_size, value_size;
      const char* key = quiver_iterator_key(iterator, &key_size);
      const char* value = quiver_iterator_value(iterator, &value_size);
      printf("%.*s=%.*s ", (int)key_size, key, (int)value_size, value);
    }
    puts("");
    code = quiver_iterator_status(iterator, error);
  }
  quiver_iterator_destroy(iterator);  // NULL is fine
  quiver_iterator_options_destroy(options);
  return code;
}

int main(int argc, char** argv) {
  if (argc != 2) return puts("usage: 05_from_c DIRECTORY"), 2;
  quiver_error* error = NULL;
  quiver_config* config = NULL;
  quiver_database* db = NULL;
  quiver_batch* batch = NULL;
  quiver_snapshot* snapshot = NULL;
  char* metrics = NULL;
  if (quiver_config_create("balanced", &config, &error) ||
      quiver_config_set(config, "memtable_kind", "trie", &error) ||
      quiver_config_set(config, "memory_limit_bytes", "256MiB", &error) ||
      quiver_open(argv[1], config, &db, &error)) {
    return Fail(error);
  }
  if (quiver_put(db, NULL, "fruit/apple", 11, "red", 3, &error) ||
      quiver_batch_create(&batch, &error) ||
      quiver_batch_put(batch, NULL, "fruit/lemon", 11, "yellow", 6, &error) ||
      quiver_batch_put(batch, NULL, "veg/leek", 8, "green", 5, &error) ||
      quiver_write(db, NULL, batch, NULL, &error) ||  // all of it, or nothing
      quiver_snapshot_create(db, &snapshot, &error) ||
      quiver_put(db, NULL, "fruit/apple", 11, "eaten", 5, &error) ||
      Scan(db, snapshot, "fruit/", 6, &error) || Scan(db, NULL, "fruit/", 6, &error) ||
      quiver_metrics_json(db, &metrics, &error) || quiver_close(db, &error)) {
    return Fail(error);
  }
  quiver_free(metrics);
  quiver_snapshot_destroy(snapshot);
  quiver_batch_destroy(batch);
  quiver_database_destroy(db);
  quiver_config_destroy(config);
  return 0;
}
