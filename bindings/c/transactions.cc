// Transactions, for C.
#include "handles.h"

using quiver::c::Bytes;
using quiver::c::Call;
using quiver::c::OptionsOf;

static_assert(QUIVER_SNAPSHOT_ISOLATION == static_cast<int>(quiver::Isolation::kSnapshot));
static_assert(QUIVER_SERIALIZABLE_ISOLATION == static_cast<int>(quiver::Isolation::kSerializable));

quiver_code quiver_transaction_begin(quiver_database* database, quiver_isolation isolation,
                                     quiver_transaction** transaction, quiver_error** error) {
  return Call(
      error, {{database, "database"}, {transaction, "transaction"}}, [&]() -> quiver::Result<void> {
        if (isolation != QUIVER_SNAPSHOT_ISOLATION && isolation != QUIVER_SERIALIZABLE_ISOLATION) {
          return quiver::Error(quiver::ErrorCode::kInvalidArgument,
                               "there is no isolation " + std::to_string(isolation) +
                                   ": there are 0 (snapshot) and 1 (serializable)");
        }
        return quiver::c::GiveHandle(database->database->BeginTransaction(
                                         {.isolation = static_cast<quiver::Isolation>(isolation)}),
                                     transaction);
      });
}

void quiver_transaction_destroy(quiver_transaction* transaction) {
  delete transaction;
}

quiver_code quiver_transaction_put(quiver_transaction* transaction,
                                   const quiver_entry_options* options, const char* key,
                                   size_t key_size, const char* value, size_t value_size,
                                   quiver_error** error) {
  return Call(error,
              {{transaction, "transaction"}, {key, key_size, "key"}, {value, value_size, "value"}},
              [&] {
                return transaction->transaction.Put(Bytes(key, key_size), Bytes(value, value_size),
                                                    OptionsOf(options));
              });
}

quiver_code quiver_transaction_delete(quiver_transaction* transaction,
                                      const quiver_entry_options* options, const char* key,
                                      size_t key_size, quiver_error** error) {
  return Call(error, {{transaction, "transaction"}, {key, key_size, "key"}}, [&] {
    return transaction->transaction.Delete(Bytes(key, key_size), OptionsOf(options));
  });
}

quiver_code quiver_transaction_delete_range(quiver_transaction* transaction,
                                            const quiver_entry_options* options, const char* begin,
                                            size_t begin_size, const char* end, size_t end_size,
                                            quiver_error** error) {
  return Call(error,
              {{transaction, "transaction"}, {begin, begin_size, "begin"}, {end, end_size, "end"}},
              [&] {
                return transaction->transaction.DeleteRange(
                    Bytes(begin, begin_size), Bytes(end, end_size), OptionsOf(options));
              });
}

quiver_code quiver_transaction_merge(quiver_transaction* transaction,
                                     const quiver_entry_options* options, const char* key,
                                     size_t key_size, const char* operand, size_t operand_size,
                                     quiver_error** error) {
  return Call(
      error,
      {{transaction, "transaction"}, {key, key_size, "key"}, {operand, operand_size, "operand"}},
      [&] {
        return transaction->transaction.Merge(Bytes(key, key_size), Bytes(operand, operand_size),
                                              OptionsOf(options));
      });
}

quiver_code quiver_transaction_get(quiver_transaction* transaction, const quiver_keyspace* keyspace,
                                   const char* key, size_t key_size, quiver_value** value,
                                   quiver_error** error) {
  return Call(error, {{transaction, "transaction"}, {key, key_size, "key"}, {value, "value"}},
              [&]() -> quiver::Result<void> {
                auto found = transaction->transaction.Get(
                    Bytes(key, key_size), keyspace == nullptr ? nullptr : &keyspace->keyspace);
                if (!found) return found.error();
                *value = nullptr;
                if (!*found) return {};
                auto bytes = std::make_shared<const std::string>(std::move(**found));
                *value = new quiver_value{quiver::PinnedValue(*bytes, bytes)};
                return {};
              });
}

quiver_code quiver_transaction_iterator(quiver_transaction* transaction,
                                        const quiver_iterator_options* options,
                                        quiver_iterator** iterator, quiver_error** error) {
  return Call(error, {{transaction, "transaction"}, {iterator, "iterator"}},
              [&]() -> quiver::Result<void> {
                auto made = transaction->transaction.NewIterator(OptionsOf(options));
                if (!made) return made.error();
                *iterator = new quiver_iterator{std::move(*made), std::nullopt};
                return {};
              });
}

quiver_code quiver_transaction_commit(quiver_transaction* transaction,
                                      const quiver_write_options* options, uint64_t* sequence,
                                      quiver_error** error) {
  return Call(error, {{transaction, "transaction"}}, [&]() -> quiver::Result<void> {
    const auto committed = transaction->transaction.Commit(OptionsOf(options));
    if (!committed) return committed.error();
    if (sequence != nullptr) *sequence = *committed;
    return {};
  });
}

void quiver_transaction_rollback(quiver_transaction* transaction) {
  if (transaction != nullptr) transaction->transaction.Rollback();
}

uint64_t quiver_transaction_snapshot_sequence(const quiver_transaction* transaction) {
  return transaction == nullptr ? 0 : transaction->transaction.snapshot_sequence();
}

bool quiver_transaction_active(const quiver_transaction* transaction) {
  return transaction != nullptr && transaction->transaction.active();
}
