// Transactions through the C API: reads and writes that happen at one moment, or not at all.
//
//   quiver_transaction_begin(db, QUIVER_SNAPSHOT_ISOLATION, &transaction, &error);
//   quiver_transaction_get(transaction, NULL, "alice", 5, &value, &error);
//   quiver_transaction_put(transaction, NULL, "alice", 5, "90", 2, &error);
//   quiver_transaction_commit(transaction, NULL, NULL, &error);   /* QUIVER_CONFLICT: once more */
//
// The conventions of quiver/c.h hold; what a transaction promises is in quiver/transaction.h and
// docs/transactions.md. It reads the state of when it began, plus its own writes; nobody sees those
// before the commit, and no lock is held meanwhile. It may outlive its database, and then answers
// QUIVER_CLOSED.
//
// Thread safety: one thread at a time, its iterators included.
#pragma once

#include "quiver/c.h"

#ifdef __cplusplus
// A C program may pass any number, which C++ must be able to read in order to refuse it.
#define QUIVER_ENUM_OF_INT : int
extern "C" {
#else
#define QUIVER_ENUM_OF_INT
#endif

// NOLINTBEGIN(modernize-use-using): this is C

typedef struct quiver_transaction quiver_transaction;

typedef enum quiver_isolation QUIVER_ENUM_OF_INT {
  QUIVER_SNAPSHOT_ISOLATION = 0,      ///< conflicts if something that it wrote was written
  QUIVER_SERIALIZABLE_ISOLATION = 1,  ///< or something that it read
} quiver_isolation;

/// Begins a transaction on the present state.
quiver_code quiver_transaction_begin(quiver_database* database, quiver_isolation isolation,
                                     quiver_transaction** transaction, quiver_error** error);
/// Rolls back what was not committed.
void quiver_transaction_destroy(quiver_transaction* transaction);

/// The writes: failures as those of a database, at once, and then nothing was added. The options
/// name keyspace and expiry, as in a batch. QUIVER_INVALID_ARGUMENT once the transaction is over.
quiver_code quiver_transaction_put(quiver_transaction* transaction,
                                   const quiver_entry_options* options, const char* key,
                                   size_t key_size, const char* value, size_t value_size,
                                   quiver_error** error);
quiver_code quiver_transaction_delete(quiver_transaction* transaction,
                                      const quiver_entry_options* options, const char* key,
                                      size_t key_size, quiver_error** error);
quiver_code quiver_transaction_delete_range(quiver_transaction* transaction,
                                            const quiver_entry_options* options, const char* begin,
                                            size_t begin_size, const char* end, size_t end_size,
                                            quiver_error** error);
quiver_code quiver_transaction_merge(quiver_transaction* transaction,
                                     const quiver_entry_options* options, const char* key,
                                     size_t key_size, const char* operand, size_t operand_size,
                                     quiver_error** error);

/// The value of a key of a keyspace (NULL: the default one) as the transaction sees it, a copy;
/// *value is NULL if the key is absent.
quiver_code quiver_transaction_get(quiver_transaction* transaction, const quiver_keyspace* keyspace,
                                   const char* key, size_t key_size, quiver_value** value,
                                   quiver_error** error);
/// With the writes made before this call; positioned nowhere. It stays valid when the transaction
/// ends. The options must have no snapshot.
quiver_code quiver_transaction_iterator(quiver_transaction* transaction,
                                        const quiver_iterator_options* options,
                                        quiver_iterator** iterator, quiver_error** error);

/// Makes the writes visible and durable as one batch; `sequence` (may be NULL) gets the number of
/// the last. QUIVER_CONFLICT, with the key, ends the transaction: begin another one and read again.
/// After QUIVER_BUSY and QUIVER_NO_SPACE it may be called again.
quiver_code quiver_transaction_commit(quiver_transaction* transaction,
                                      const quiver_write_options* options, uint64_t* sequence,
                                      quiver_error** error);
/// Forgets the writes and releases the snapshot; the transaction is over. Nothing of NULL.
void quiver_transaction_rollback(quiver_transaction* transaction);
/// The state that it reads; 0 of NULL.
uint64_t quiver_transaction_snapshot_sequence(const quiver_transaction* transaction);
/// Until a commit succeeded or conflicted, or a rollback. False of NULL.
bool quiver_transaction_active(const quiver_transaction* transaction);

// NOLINTEND(modernize-use-using)

#ifdef __cplusplus
}  // extern "C"
#endif
