// The installed packages of a Debian machine, from C: a keyspace, batches, a range, a backup.
// usage: 07_packages_in_c NEW_DIRECTORY BACKUP_DIRECTORY [INDEX_FILE]; the index is one of dpkg or
// apt, /var/lib/dpkg/status
#include <inttypes.h>
#include <quiver/quiver.h>
#include <stdio.h>
#include <string.h>

static quiver_error* error = NULL;

// The rest of a line that starts with `name`, without its end; NULL for other lines.
static char* Field(char* line, const char* name) {
  const size_t size = strlen(name);
  if (strncmp(line, name, size) != 0) return NULL;
  line[strcspn(line, "\r\n")] = '\0';
  return line + size;
}

// Puts name -> version of each package; a batch for each hundred, all of it or nothing.
static quiver_code Load(quiver_database* db, const quiver_keyspace* packages, FILE* index) {
  quiver_batch* batch = NULL;
  quiver_entry_options* in_packages = NULL;
  char line[65536], name[256] = "";
  quiver_code code = quiver_batch_create(&batch, &error);
  if (!code) code = quiver_entry_options_create(&in_packages, &error);
  if (!code) code = quiver_entry_options_set_keyspace(in_packages, packages, &error);
  while (!code && fgets(line, sizeof line, index) != NULL) {
    const char* text;
    if ((text = Field(line, "Package: ")) != NULL) snprintf(name, sizeof name, "%s", text);
    if ((text = Field(line, "Version: ")) == NULL) continue;
    code = quiver_batch_put(batch, in_packages, name, strlen(name), text, strlen(text), &error);
    if (!code && quiver_batch_count(batch) == 100) {
      code = quiver_write(db, NULL, batch, NULL, &error);
      quiver_batch_clear(batch);
    }
  }
  if (!code) code = quiver_write(db, NULL, batch, NULL, &error);
  quiver_entry_options_destroy(in_packages);
  quiver_batch_destroy(batch);
  return code;
}

// Counts the packages whose names start with `prefix`, and prints the first and its version.
static quiver_code Show(const quiver_database* db, const quiver_keyspace* packages,
                        const char* prefix) {
  quiver_iterator_options* options = NULL;
  quiver_iterator* rows = NULL;
  uint64_t count = 0;
  quiver_code code = quiver_iterator_options_create(&options, &error);
  if (!code) code = quiver_iterator_options_set_keyspace(options, packages, &error);
  if (!code) code = quiver_iterator_options_set_prefix(options, prefix, strlen(prefix), &error);
  if (!code) code = quiver_iterator_create(db, options, &rows, &error);
  if (!code) {
    for (quiver_iterator_seek_to_first(rows); quiver_iterator_valid(rows);
         quiver_iterator_next(rows)) {
      if (count++ != 0) continue;
      size_t name_size, version_size;
      const char* name = quiver_iterator_key(rows, &name_size);
      const char* version = quiver_iterator_value(rows, &version_size);
      printf("first: %.*s %.*s\n", (int)name_size, name, (int)version_size, version);
    }
    code = quiver_iterator_status(rows, &error);
    printf("%" PRIu64 " packages start with \"%s\"\n", count, prefix);
  }
  quiver_iterator_destroy(rows);
  quiver_iterator_options_destroy(options);
  return code;
}

// Adds a backup, reads all of them back and says what was verified.
static quiver_code BackUp(quiver_database* db, const char* backups) {
  quiver_report* verified = NULL;
  uint64_t count = 0;
  size_t damages = 0;
  quiver_code code = quiver_backup_create(db, backups, NULL, NULL, NULL, &error);
  if (!code) code = quiver_backup_verify(backups, 0, NULL, NULL, &verified, &error);
  if (!code) code = quiver_report_number(verified, "backups", &count, &error);
  if (!code) code = quiver_report_list_size(verified, "damages", &damages, &error);
  if (!code) printf("%" PRIu64 " backups verified, %zu damages\n", count, damages);
  quiver_report_destroy(verified);
  return code;
}

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    return puts("usage: 07_packages_in_c NEW_DIRECTORY BACKUP_DIRECTORY [INDEX_FILE]"), 2;
  }
  FILE* index = fopen(argc == 4 ? argv[3] : "/var/lib/dpkg/status", "r");
  if (index == NULL) return perror("the index of packages"), 1;
  quiver_database* db = NULL;
  quiver_keyspace* packages = NULL;
  const bool failed = quiver_open(argv[1], NULL, &db, &error) ||
                      quiver_keyspace_create(db, "packages", NULL, &packages, &error) ||
                      Load(db, packages, index) || Show(db, packages, "") ||
                      Show(db, packages, "lib") || BackUp(db, argv[2]) || quiver_close(db, &error);
  if (failed) fprintf(stderr, "%s\n", quiver_error_text(error));
  quiver_error_destroy(error);
  quiver_keyspace_destroy(packages);
  quiver_database_destroy(db);
  fclose(index);
  return failed;
}
