// What the tests of the C API share: checks that stay on in every build, and a directory to work
// in.
//
// Thread safety: CHECK may be used by any thread.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "quiver/quiver.h"

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

/// That a call succeeded; prints its error otherwise. The call must store it in `error`.
#define CHECK_OK(call)                                                        \
  do {                                                                        \
    const quiver_code code_ = (call);                                         \
    if (code_ != QUIVER_OK) {                                                 \
      fprintf(stderr, "%s:%d: %s\n  failed: %s\n", __FILE__, __LINE__, #call, \
              quiver_error_text(error));                                      \
      exit(1);                                                                \
    }                                                                         \
  } while (0)

/// That a call failed with this code, and that *error says so and mentions `word`.
#define CHECK_FAILS(expected, word, call)                                                        \
  do {                                                                                           \
    const quiver_code code_ = (call);                                                            \
    if (code_ != (expected) || quiver_error_code(error) != (expected) ||                         \
        strstr(quiver_error_text(error), (word)) == NULL) {                                      \
      fprintf(stderr, "%s:%d: %s\n  answered %s, error '%s'; expected %s with '%s'\n", __FILE__, \
              __LINE__, #call, quiver_code_name(code_), quiver_error_text(error),                \
              quiver_code_name(expected), (word));                                               \
      exit(1);                                                                                   \
    }                                                                                            \
    quiver_error_destroy(error);                                                                 \
    error = NULL;                                                                                \
  } while (0)

static char work_directory[] = "/tmp/quiver-c-test-XXXXXX";

static inline void RemoveWorkDirectory(void) {
  char command[64];
  snprintf(command, sizeof command, "rm -rf '%s'", work_directory);
  if (system(command) != 0) fprintf(stderr, "could not remove %s\n", work_directory);
}

/// Makes the working directory; it is removed when the test ends well.
static inline void MakeWorkDirectory(void) {
  CHECK(mkdtemp(work_directory) != NULL);
}

/// A path in the working directory, in a buffer of the caller.
static inline const char* PathOf(char* buffer, size_t size, const char* name) {
  CHECK((size_t)snprintf(buffer, size, "%s/%s", work_directory, name) < size);
  return buffer;
}

/// A number of a report, by its name.
static inline uint64_t NumberOf(const quiver_report* report, const char* name) {
  uint64_t number = 0;
  quiver_error* error = NULL;
  CHECK_OK(quiver_report_number(report, name, &number, &error));
  return number;
}

/// The lines of a list of a report.
static inline size_t LineCount(const quiver_report* report, const char* name) {
  size_t count = 0;
  quiver_error* error = NULL;
  CHECK_OK(quiver_report_list_size(report, name, &count, &error));
  return count;
}

/// The first line of a list of a report; it lives as long as the report.
static inline const char* LineOf(const quiver_report* report, const char* name) {
  const char* line = NULL;
  quiver_error* error = NULL;
  CHECK_OK(quiver_report_line(report, name, 0, &line, &error));
  return line;
}

/// A part of a report.
static inline const quiver_report* PartOf(const quiver_report* report, const char* name,
                                          size_t index) {
  const quiver_report* part = NULL;
  quiver_error* error = NULL;
  CHECK_OK(quiver_report_part(report, name, index, &part, &error));
  return part;
}
