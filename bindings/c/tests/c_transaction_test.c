// Transactions from C: what they see, what conflicts, and what nonsense gets.
#define _DEFAULT_SOURCE
#include "check.h"

static quiver_error* error = NULL;
static char path[256];

static quiver_database* Open(const char* name) {
  quiver_config* config = NULL;
  quiver_database* db = NULL;
  CHECK_OK(quiver_config_create(NULL, &config, &error));
  CHECK_OK(quiver_config_set(config, "merge_operator", "append", &error));
  CHECK_OK(quiver_open(PathOf(path, sizeof path, name), config, &db, &error));
  quiver_config_destroy(config);
  return db;
}

static quiver_transaction* Begin(quiver_database* db, quiver_isolation isolation) {
  quiver_transaction* transaction = NULL;
  CHECK_OK(quiver_transaction_begin(db, isolation, &transaction, &error));
  CHECK(quiver_transaction_active(transaction));
  return transaction;
}

static void CheckBytes(quiver_value* value, const char* expected) {
  size_t size = 0;
  const char* data = quiver_value_data(value, &size);
  if (expected == NULL)
    CHECK(value == NULL);
  else
    CHECK(value != NULL && size == strlen(expected) && memcmp(data, expected, size) == 0);
  quiver_value_destroy(value);
}

static void CheckGet(quiver_transaction* transaction, const quiver_keyspace* keyspace,
                     const char* key, const char* expected) {
  quiver_value* value = NULL;
  CHECK_OK(quiver_transaction_get(transaction, keyspace, key, strlen(key), &value, &error));
  CheckBytes(value, expected);
}

static void CheckStored(const quiver_database* db, const char* key, const char* expected) {
  quiver_value* value = NULL;
  CHECK_OK(quiver_get(db, NULL, key, strlen(key), &value, &error));
  CheckBytes(value, expected);
}

static void TestItSeesItsWritesAlone(void) {
  quiver_database* db = Open("alone");
  quiver_keyspace* users = NULL;
  quiver_entry_options* in_users = NULL;
  uint64_t sequence = 0;
  CHECK_OK(quiver_keyspace_create(db, "users", NULL, &users, &error));
  CHECK_OK(quiver_entry_options_create(&in_users, &error));
  CHECK_OK(quiver_entry_options_set_keyspace(in_users, users, &error));
  CHECK_OK(quiver_put(db, NULL, "a", 1, "old", 3, &error));
  CHECK_OK(quiver_put(db, NULL, "b", 1, "old", 3, &error));
  quiver_transaction* transaction = Begin(db, QUIVER_SNAPSHOT_ISOLATION);
  CHECK(quiver_transaction_snapshot_sequence(transaction) == 2);
  CHECK_OK(quiver_transaction_put(transaction, NULL, "a", 1, "new", 3, &error));
  CHECK_OK(quiver_transaction_merge(transaction, NULL, "a", 1, "er", 2, &error));
  CHECK_OK(quiver_transaction_delete(transaction, NULL, "b", 1, &error));
  CHECK_OK(quiver_transaction_put(transaction, in_users, "ada", 3, "", 0, &error));
  CHECK_OK(quiver_transaction_put(transaction, in_users, "bob", 3, "1912", 4, &error));
  CHECK_OK(quiver_transaction_delete_range(transaction, in_users, "b", 1, "c", 1, &error));
  CHECK_OK(quiver_put(db, NULL, "c", 1, "theirs", 6, &error));
  CheckGet(transaction, NULL, "a", "newer");
  CheckGet(transaction, NULL, "b", NULL);
  CheckGet(transaction, NULL, "c", NULL);
  CheckGet(transaction, users, "ada", "");
  CheckGet(transaction, users, "bob", NULL);
  CheckStored(db, "a", "old");
  quiver_iterator* iterator = NULL;
  CHECK_OK(quiver_transaction_iterator(transaction, NULL, &iterator, &error));
  quiver_iterator_seek_to_first(iterator);
  size_t size = 0;
  CHECK(quiver_iterator_valid(iterator));
  CHECK(memcmp(quiver_iterator_value(iterator, &size), "newer", 5) == 0 && size == 5);
  CHECK_OK(quiver_transaction_commit(transaction, NULL, &sequence, &error));
  CHECK(sequence == 9 && !quiver_transaction_active(transaction));
  quiver_transaction_destroy(transaction);
  quiver_iterator_next(iterator);  // still shows what the transaction saw
  CHECK(!quiver_iterator_valid(iterator));
  CHECK_OK(quiver_iterator_status(iterator, &error));
  quiver_iterator_destroy(iterator);
  CheckStored(db, "a", "newer");
  CheckStored(db, "b", NULL);
  quiver_entry_options_destroy(in_users);
  quiver_keyspace_destroy(users);
  quiver_database_destroy(db);
}

static void TestConflicts(void) {
  quiver_database* db = Open("conflicts");
  quiver_transaction* transaction = Begin(db, QUIVER_SNAPSHOT_ISOLATION);
  CHECK_OK(quiver_transaction_put(transaction, NULL, "k", 1, "mine", 4, &error));
  CHECK_OK(quiver_put(db, NULL, "k", 1, "theirs", 6, &error));
  CHECK_FAILS(QUIVER_CONFLICT, "key k", quiver_transaction_commit(transaction, NULL, NULL, &error));
  CHECK(!quiver_transaction_active(transaction));
  CHECK_FAILS(QUIVER_INVALID_ARGUMENT, "over",
              quiver_transaction_put(transaction, NULL, "k", 1, "", 0, &error));
  quiver_transaction_destroy(transaction);
  CheckStored(db, "k", "theirs");

  // What was read conflicts where the transaction is serializable.
  const quiver_isolation levels[] = {QUIVER_SNAPSHOT_ISOLATION, QUIVER_SERIALIZABLE_ISOLATION};
  for (int i = 0; i < 2; ++i) {
    transaction = Begin(db, levels[i]);
    CheckGet(transaction, NULL, i == 0 ? "x" : "y", NULL);
    CHECK_OK(quiver_transaction_put(transaction, NULL, "z", 1, "v", 1, &error));
    CHECK_OK(quiver_put(db, NULL, i == 0 ? "x" : "y", 1, "v", 1, &error));
    const quiver_code code = quiver_transaction_commit(transaction, NULL, NULL, NULL);
    CHECK(code == (i == 0 ? QUIVER_OK : QUIVER_CONFLICT));
    quiver_transaction_destroy(transaction);
  }

  transaction = Begin(db, QUIVER_SNAPSHOT_ISOLATION);
  CHECK_OK(quiver_transaction_put(transaction, NULL, "k", 1, "mine", 4, &error));
  quiver_transaction_rollback(transaction);
  CHECK(!quiver_transaction_active(transaction));
  CHECK(quiver_transaction_commit(transaction, NULL, NULL, NULL) == QUIVER_INVALID_ARGUMENT);
  quiver_transaction_destroy(transaction);
  transaction = Begin(db, QUIVER_SNAPSHOT_ISOLATION);
  CHECK_OK(quiver_transaction_put(transaction, NULL, "k", 1, "mine", 4, &error));
  quiver_transaction_destroy(transaction);  // rolls back
  CheckStored(db, "k", "theirs");

  transaction = Begin(db, QUIVER_SNAPSHOT_ISOLATION);
  CHECK_OK(quiver_transaction_put(transaction, NULL, "k", 1, "mine", 4, &error));
  quiver_database_destroy(db);
  CHECK_FAILS(QUIVER_CLOSED, "closed", quiver_transaction_commit(transaction, NULL, NULL, &error));
  quiver_transaction_destroy(transaction);
}

#define REFUSED(word, call) CHECK_FAILS(QUIVER_INVALID_ARGUMENT, word, call)

static void TestNonsense(void) {
  quiver_database* db = Open("nonsense");
  quiver_transaction* none = NULL;
  quiver_value* value = NULL;
  quiver_iterator* iterator = NULL;
  REFUSED("database", quiver_transaction_begin(NULL, QUIVER_SNAPSHOT_ISOLATION, &none, &error));
  REFUSED("transaction", quiver_transaction_begin(db, QUIVER_SNAPSHOT_ISOLATION, NULL, &error));
  REFUSED("isolation 2", quiver_transaction_begin(db, (quiver_isolation)2, &none, &error));
  CHECK(none == NULL);
  REFUSED("transaction", quiver_transaction_put(NULL, NULL, "k", 1, "v", 1, &error));
  REFUSED("transaction", quiver_transaction_delete(NULL, NULL, "k", 1, &error));
  REFUSED("transaction", quiver_transaction_delete_range(NULL, NULL, "a", 1, "b", 1, &error));
  REFUSED("transaction", quiver_transaction_merge(NULL, NULL, "k", 1, "v", 1, &error));
  REFUSED("transaction", quiver_transaction_get(NULL, NULL, "k", 1, &value, &error));
  REFUSED("transaction", quiver_transaction_iterator(NULL, NULL, &iterator, &error));
  REFUSED("transaction", quiver_transaction_commit(NULL, NULL, NULL, &error));
  quiver_transaction* transaction = Begin(db, QUIVER_SERIALIZABLE_ISOLATION);
  REFUSED("key", quiver_transaction_put(transaction, NULL, NULL, 1, "v", 1, &error));
  REFUSED("value", quiver_transaction_put(transaction, NULL, "k", 1, NULL, 1, &error));
  REFUSED("key", quiver_transaction_delete(transaction, NULL, NULL, 1, &error));
  REFUSED("begin", quiver_transaction_delete_range(transaction, NULL, NULL, 1, "b", 1, &error));
  REFUSED("end", quiver_transaction_delete_range(transaction, NULL, "a", 1, NULL, 1, &error));
  REFUSED("operand", quiver_transaction_merge(transaction, NULL, "k", 1, NULL, 1, &error));
  REFUSED("value", quiver_transaction_get(transaction, NULL, "k", 1, NULL, &error));
  REFUSED("iterator", quiver_transaction_iterator(transaction, NULL, NULL, &error));
  quiver_snapshot* snapshot = NULL;
  quiver_iterator_options* options = NULL;
  CHECK_OK(quiver_snapshot_create(db, &snapshot, &error));
  CHECK_OK(quiver_iterator_options_create(&options, &error));
  CHECK_OK(quiver_iterator_options_set_snapshot(options, snapshot, &error));
  REFUSED("snapshot", quiver_transaction_iterator(transaction, options, &iterator, &error));
  quiver_iterator_options_destroy(options);
  quiver_snapshot_destroy(snapshot);
  CHECK_OK(quiver_transaction_commit(transaction, NULL, NULL, &error));  // it wrote nothing
  quiver_transaction_destroy(transaction);
  quiver_transaction_destroy(NULL);
  quiver_transaction_rollback(NULL);
  CHECK(!quiver_transaction_active(NULL) && quiver_transaction_snapshot_sequence(NULL) == 0);
  CHECK(value == NULL && iterator == NULL);
  quiver_database_destroy(db);
}

int main(void) {
  MakeWorkDirectory();
  TestItSeesItsWritesAlone();
  TestConflicts();
  TestNonsense();
  RemoveWorkDirectory();
  puts("c_transaction_test: passed");
  return 0;
}
