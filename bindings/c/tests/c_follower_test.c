// Followers from C: they see what another process writes, each state stays what it is, and
// nonsense is refused.
#define _DEFAULT_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "check.h"

static quiver_error* error = NULL;
static char path[256];

static void PutNumber(quiver_database* db, const char* key, int number) {
  char text[16];
  const size_t size = (size_t)snprintf(text, sizeof text, "%d", number);
  CHECK_OK(quiver_put(db, NULL, key, strlen(key), text, size, &error));
}

// -1 if the key is absent.
static int GetNumber(const quiver_database* db, const char* key) {
  char text[16] = "";
  size_t size = 0;
  bool found = false;
  CHECK_OK(
      quiver_get_into(db, NULL, key, strlen(key), text, sizeof text - 1, &size, &found, &error));
  return found ? atoi(text) : -1;
}

static quiver_database* StateOf(const quiver_follower* follower) {
  quiver_database* state = NULL;
  CHECK_OK(quiver_follower_database(follower, &state, &error));
  return state;
}

// Writes "n" = 1, 2, … and tells of each when it is acknowledged, until it is killed.
static void WriteNumbers(int pipe_end) {
  quiver_config* config = NULL;
  quiver_database* db = NULL;
  CHECK_OK(quiver_config_create(NULL, &config, &error));
  CHECK_OK(quiver_config_set(config, "wal_mode", "async", &error));
  CHECK_OK(quiver_open(path, config, &db, &error));
  for (int number = 1;; ++number) {
    PutNumber(db, "n", number);
    if (number % 500 == 0) CHECK_OK(quiver_flush(db, &error));
    if (write(pipe_end, &number, sizeof number) != sizeof number) _exit(1);
  }
}

static int LastTold(int pipe_end, int wanted) {
  int number = 0;
  while (number < wanted) {
    CHECK(read(pipe_end, &number, sizeof number) == sizeof number);
  }
  return number;
}

static void TestFollowsAnotherProcess(void) {
  int ends[2];
  PathOf(path, sizeof path, "followed");
  CHECK(pipe(ends) == 0);
  const pid_t writer = fork();
  CHECK(writer >= 0);
  if (writer == 0) {
    close(ends[0]);
    WriteNumbers(ends[1]);
  }
  close(ends[1]);
  LastTold(ends[0], 10);
  quiver_follower* follower = NULL;
  CHECK_OK(quiver_follower_open(path, NULL, &follower, &error));
  quiver_database* first = StateOf(follower);
  const int shown = GetNumber(first, "n");
  CHECK(shown >= 10);
  CHECK_FAILS(QUIVER_READ_ONLY, "", quiver_put(first, NULL, "k", 1, "v", 1, &error));
  int last = shown;
  for (int round = 1; round <= 5; ++round) {
    const int acknowledged = LastTold(ends[0], last + 700);
    bool moved = false;
    CHECK_OK(quiver_follower_refresh(follower, &moved, &error));
    quiver_database* state = StateOf(follower);
    last = GetNumber(state, "n");
    CHECK(moved && last >= acknowledged);
    quiver_database_destroy(state);
  }
  CHECK(GetNumber(first, "n") == shown);  // a state stays what it is
  CHECK(kill(writer, SIGKILL) == 0 && waitpid(writer, NULL, 0) == writer);
  CHECK_OK(quiver_follower_refresh(follower, NULL, &error));
  bool moved = true;
  CHECK_OK(quiver_follower_refresh(follower, &moved, &error));
  CHECK(!moved);

  // What a state gave outlives follower and handle.
  quiver_database* state = StateOf(follower);
  quiver_iterator* iterator = NULL;
  CHECK_OK(quiver_iterator_create(state, NULL, &iterator, &error));
  quiver_follower_destroy(follower);
  CHECK(GetNumber(state, "n") >= last);
  CHECK(GetNumber(first, "n") == shown);
  quiver_iterator_seek_to_first(iterator);
  CHECK(quiver_iterator_valid(iterator));
  quiver_database_destroy(first);
  quiver_database_destroy(state);
  quiver_iterator_next(iterator);
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_iterator_status(iterator, &error));
  quiver_iterator_destroy(iterator);
  close(ends[0]);
}

static void TestKeepsItsStateWhereTheNextIsRefused(void) {
  char command[600];
  char aside[256];
  quiver_database* db = NULL;
  quiver_follower* follower = NULL;
  CHECK_OK(quiver_open(PathOf(path, sizeof path, "replaced"), NULL, &db, &error));
  PutNumber(db, "n", 7);
  CHECK_OK(quiver_follower_open(path, NULL, &follower, &error));
  quiver_database_destroy(db);
  snprintf(command, sizeof command, "mv '%s' '%s'", path, PathOf(aside, sizeof aside, "aside"));
  CHECK(system(command) == 0);
  CHECK_OK(quiver_open(path, NULL, &db, &error));  // another one in its place
  quiver_database_destroy(db);
  bool moved = true;
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "another database",
              quiver_follower_refresh(follower, &moved, &error));
  quiver_database* state = StateOf(follower);
  CHECK(moved && GetNumber(state, "n") == 7);
  // A closed state is closed for every handle of it.
  quiver_database* same = StateOf(follower);
  CHECK_OK(quiver_close(state, &error));
  quiver_value* value = NULL;
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_get(same, NULL, "n", 1, &value, &error));
  quiver_database_destroy(same);
  quiver_database_destroy(state);
  quiver_follower_destroy(follower);
}

// A sum of bytes, which only the program knows how to merge.
static bool MergeSum(void* context, const char* key, size_t key_size, const char* base,
                     size_t base_size, const char* const* operands, const size_t* operand_sizes,
                     size_t count, quiver_merge_result* result) {
  (void)context, (void)key, (void)key_size;
  char sum = base_size == 1 ? base[0] : 0;
  for (size_t i = 0; i < count; ++i) {
    if (operand_sizes[i] != 1) return false;
    sum = (char)(sum + operands[i][0]);
  }
  quiver_merge_result_append(result, &sum, 1);
  return true;
}

static void TestTakesAMergeOperator(void) {
  const quiver_merge_functions functions = {.merge = MergeSum};
  quiver_merge_operator* sums = NULL;
  quiver_config* config = NULL;
  quiver_database* db = NULL;
  quiver_follower* follower = NULL;
  CHECK_OK(quiver_merge_operator_create(&functions, &sums, &error));
  CHECK_OK(quiver_config_create(NULL, &config, &error));
  CHECK_OK(quiver_config_set(config, "merge_operator", "custom", &error));
  CHECK_OK(quiver_open_with_operator(PathOf(path, sizeof path, "sums"), config, sums, &db, &error));
  CHECK_OK(quiver_merge(db, NULL, "s", 1, "\x02", 1, &error));
  CHECK_OK(quiver_merge(db, NULL, "s", 1, "\x03", 1, &error));
  CHECK_OK(quiver_follower_open(path, sums, &follower, &error));
  quiver_merge_operator_destroy(sums);  // the follower shares it
  quiver_database* state = StateOf(follower);
  char sum = 0;
  size_t size = 0;
  bool found = false;
  CHECK_OK(quiver_get_into(state, NULL, "s", 1, &sum, 1, &size, &found, &error));
  CHECK(found && size == 1 && sum == 5);
  quiver_database_destroy(state);
  quiver_follower_destroy(follower);
  quiver_database_destroy(db);
  quiver_config_destroy(config);
}

#define REFUSED(word, call) CHECK_FAILS(QUIVER_INVALID_ARGUMENT, word, call)

static void TestNonsense(void) {
  quiver_follower* follower = NULL;
  quiver_database* db = NULL;
  REFUSED("directory", quiver_follower_open(NULL, NULL, &follower, &error));
  REFUSED("follower", quiver_follower_open("x", NULL, NULL, &error));
  REFUSED("follower", quiver_follower_refresh(NULL, NULL, &error));
  REFUSED("follower", quiver_follower_database(NULL, &db, &error));
  CHECK_FAILS(QUIVER_NOT_FOUND, "nowhere",
              quiver_follower_open("/nowhere/at/all", NULL, &follower, &error));
  CHECK_OK(quiver_open(PathOf(path, sizeof path, "plain"), NULL, &db, &error));
  CHECK_OK(quiver_follower_open(path, NULL, &follower, &error));
  REFUSED("database", quiver_follower_database(follower, NULL, &error));
  quiver_follower_destroy(follower);
  quiver_follower_destroy(NULL);
  quiver_database_destroy(db);
}

int main(void) {
  MakeWorkDirectory();
  TestFollowsAnotherProcess();
  TestKeepsItsStateWhereTheNextIsRefused();
  TestTakesAMergeOperator();
  TestNonsense();
  RemoveWorkDirectory();
  puts("c_follower_test: passed");
  return 0;
}
