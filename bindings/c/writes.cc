// Writes and their options, for C.
#include "handles.h"

using quiver::c::Bytes;
using quiver::c::Call;
using quiver::c::OptionsOf;

quiver_code quiver_write_options_create(quiver_write_options** options, quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    *options = new quiver_write_options();
    return {};
  });
}

void quiver_write_options_destroy(quiver_write_options* options) {
  delete options;
}

quiver_code quiver_write_options_set_wal_mode(quiver_write_options* options, const char* mode,
                                              quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    if (mode == nullptr) {
      options->options.wal_mode.reset();
      return {};
    }
    // The one place that knows the names is the table of settings.
    quiver::DatabaseConfig named;
    auto set = quiver::SetSetting(named, "wal_mode", mode);
    if (set) options->options.wal_mode = named.wal_mode;
    return set;
  });
}

quiver_code quiver_write_options_set_fail_if_stalled(quiver_write_options* options, bool fail,
                                                     quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->options.fail_if_stalled = fail;
    return {};
  });
}

quiver_code quiver_write_options_set_time_to_live_ms(quiver_write_options* options,
                                                     uint64_t time_to_live_ms,
                                                     quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->options.time_to_live_ms = time_to_live_ms;
    return {};
  });
}

quiver_code quiver_write_options_set_expiry_us(quiver_write_options* options, uint64_t expiry_us,
                                               quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->options.expiry_us = expiry_us;
    return {};
  });
}

quiver_code quiver_write_options_set_keyspace(quiver_write_options* options,
                                              const quiver_keyspace* keyspace,
                                              quiver_error** error) {
  return quiver::c::SetKeyspace(options, keyspace, error);
}

quiver_code quiver_put(quiver_database* database, const quiver_write_options* options,
                       const char* key, size_t key_size, const char* value, size_t value_size,
                       quiver_error** error) {
  return Call(error, {{database, "database"}, {key, key_size, "key"}, {value, value_size, "value"}},
              [&] {
                return database->database->Put(Bytes(key, key_size), Bytes(value, value_size),
                                               OptionsOf(options));
              });
}

quiver_code quiver_delete(quiver_database* database, const quiver_write_options* options,
                          const char* key, size_t key_size, quiver_error** error) {
  return Call(error, {{database, "database"}, {key, key_size, "key"}},
              [&] { return database->database->Delete(Bytes(key, key_size), OptionsOf(options)); });
}

quiver_code quiver_delete_range(quiver_database* database, const quiver_write_options* options,
                                const char* begin, size_t begin_size, const char* end,
                                size_t end_size, quiver_error** error) {
  return Call(error, {{database, "database"}, {begin, begin_size, "begin"}, {end, end_size, "end"}},
              [&] {
                return database->database->DeleteRange(Bytes(begin, begin_size),
                                                       Bytes(end, end_size), OptionsOf(options));
              });
}

quiver_code quiver_merge(quiver_database* database, const quiver_write_options* options,
                         const char* key, size_t key_size, const char* operand, size_t operand_size,
                         quiver_error** error) {
  return Call(error,
              {{database, "database"}, {key, key_size, "key"}, {operand, operand_size, "operand"}},
              [&] {
                return database->database->Merge(Bytes(key, key_size), Bytes(operand, operand_size),
                                                 OptionsOf(options));
              });
}

quiver_code quiver_write(quiver_database* database, const quiver_write_options* options,
                         const quiver_batch* batch, uint64_t* sequence, quiver_error** error) {
  return Call(error, {{database, "database"}, {batch, "batch"}}, [&]() -> quiver::Result<void> {
    const auto written = database->database->Write(batch->batch, OptionsOf(options));
    if (!written) return written.error();
    if (sequence != nullptr) *sequence = *written;
    return {};
  });
}
