// Opening, writing, maintenance and metrics, for C.
#include "handles.h"

using quiver::c::Bytes;
using quiver::c::Call;
using quiver::c::CopyText;
using quiver::c::GiveHandle;

quiver_code quiver_open(const char* directory, const quiver_config* config,
                        quiver_database** database, quiver_error** error) {
  return Call(error, {{directory, "directory"}, {database, "database"}}, [&] {
    return GiveHandle(
        quiver::Database::Open(directory, config == nullptr ? quiver::Balanced() : config->config),
        database);
  });
}

quiver_code quiver_open_read_only(const char* directory, quiver_database** database,
                                  quiver_error** error) {
  return Call(error, {{directory, "directory"}, {database, "database"}},
              [&] { return GiveHandle(quiver::Database::OpenReadOnly(directory), database); });
}

quiver_code quiver_close(quiver_database* database, quiver_error** error) {
  return Call(error, {{database, "database"}}, [&] { return database->database->Close(); });
}

void quiver_database_destroy(quiver_database* database) {
  delete database;
}

quiver_code quiver_database_config(const quiver_database* database, quiver_config** config,
                                   quiver_error** error) {
  return Call(error, {{database, "database"}, {config, "config"}}, [&]() -> quiver::Result<void> {
    *config = new quiver_config{database->database->config()};
    return {};
  });
}

// ---- writes

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

static quiver::WriteOptions OptionsOf(const quiver_write_options* options) {
  return options == nullptr ? quiver::WriteOptions() : options->options;
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

quiver_code quiver_write(quiver_database* database, const quiver_write_options* options,
                         const quiver_batch* batch, uint64_t* sequence, quiver_error** error) {
  return Call(error, {{database, "database"}, {batch, "batch"}}, [&]() -> quiver::Result<void> {
    const auto written = database->database->Write(batch->batch, OptionsOf(options));
    if (!written) return written.error();
    if (sequence != nullptr) *sequence = *written;
    return {};
  });
}

quiver_code quiver_batch_create(quiver_batch** batch, quiver_error** error) {
  return Call(error, {{batch, "batch"}}, [&]() -> quiver::Result<void> {
    *batch = new quiver_batch();
    return {};
  });
}

quiver_code quiver_batch_copy(const quiver_batch* from, quiver_batch** batch,
                              quiver_error** error) {
  return Call(error, {{from, "from"}, {batch, "batch"}}, [&]() -> quiver::Result<void> {
    *batch = new quiver_batch(*from);
    return {};
  });
}

void quiver_batch_destroy(quiver_batch* batch) {
  delete batch;
}

quiver_code quiver_batch_put(quiver_batch* batch, const char* key, size_t key_size,
                             const char* value, size_t value_size, quiver_error** error) {
  return Call(error, {{batch, "batch"}, {key, key_size, "key"}, {value, value_size, "value"}},
              [&] { return batch->batch.Put(Bytes(key, key_size), Bytes(value, value_size)); });
}

quiver_code quiver_batch_delete(quiver_batch* batch, const char* key, size_t key_size,
                                quiver_error** error) {
  return Call(error, {{batch, "batch"}, {key, key_size, "key"}},
              [&] { return batch->batch.Delete(Bytes(key, key_size)); });
}

void quiver_batch_clear(quiver_batch* batch) {
  if (batch != nullptr) batch->batch.Clear();
}

uint32_t quiver_batch_count(const quiver_batch* batch) {
  return batch == nullptr ? 0 : batch->batch.count();
}

const char* quiver_batch_encoded(const quiver_batch* batch, size_t* size) {
  if (size != nullptr) *size = batch == nullptr ? 0 : batch->batch.size_bytes();
  return batch == nullptr ? nullptr : batch->batch.encoded().data();
}

// ---- maintenance and durability

quiver_code quiver_flush(quiver_database* database, quiver_error** error) {
  return Call(error, {{database, "database"}}, [&] { return database->database->Flush(); });
}

quiver_code quiver_compact_range(quiver_database* database, const char* begin, size_t begin_size,
                                 const char* end, size_t end_size, quiver_error** error) {
  return Call(error, {{database, "database"}, {begin, begin_size, "begin"}, {end, end_size, "end"}},
              [&] {
                std::optional<std::string_view> from;
                std::optional<std::string_view> to;
                if (begin != nullptr) from = Bytes(begin, begin_size);
                if (end != nullptr) to = Bytes(end, end_size);
                return database->database->CompactRange(from, to);
              });
}

quiver_code quiver_wait_for_background_work(quiver_database* database, quiver_error** error) {
  return Call(error, {{database, "database"}},
              [&] { return database->database->WaitForBackgroundWork(); });
}

quiver_code quiver_sync_log(quiver_database* database, quiver_error** error) {
  return Call(error, {{database, "database"}}, [&] { return database->database->SyncLog(); });
}

uint64_t quiver_durable_sequence(const quiver_database* database) {
  return database == nullptr ? 0 : database->database->DurableSequence();
}

quiver_code quiver_wait_durable(quiver_database* database, uint64_t sequence,
                                quiver_error** error) {
  return Call(error, {{database, "database"}},
              [&] { return database->database->WaitDurable(sequence); });
}

quiver_code quiver_metrics_text(const quiver_database* database, char** text,
                                quiver_error** error) {
  return Call(error, {{database, "database"}, {text, "text"}}, [&]() -> quiver::Result<void> {
    *text = CopyText(database->database->Metrics().ToText());
    return {};
  });
}

quiver_code quiver_metrics_json(const quiver_database* database, char** json,
                                quiver_error** error) {
  return Call(error, {{database, "database"}, {json, "json"}}, [&]() -> quiver::Result<void> {
    *json = CopyText(database->database->Metrics().ToJson());
    return {};
  });
}

quiver_code quiver_metrics_prometheus(const quiver_database* database, char** text,
                                      quiver_error** error) {
  return Call(error, {{database, "database"}, {text, "text"}}, [&]() -> quiver::Result<void> {
    *text = CopyText(database->database->Metrics().ToPrometheus());
    return {};
  });
}
