// Opening, maintenance and metrics, for C.
#include "handles.h"

using quiver::c::Bytes;
using quiver::c::Call;
using quiver::c::CopyText;

quiver_code quiver_open(const char* directory, const quiver_config* config,
                        quiver_database** database, quiver_error** error) {
  return quiver_open_with_operator(directory, config, nullptr, database, error);
}

quiver_code quiver_open_read_only(const char* directory, quiver_database** database,
                                  quiver_error** error) {
  return quiver_open_read_only_with_operator(directory, nullptr, database, error);
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

// ---- maintenance and durability

quiver_code quiver_flush(quiver_database* database, quiver_error** error) {
  return Call(error, {{database, "database"}}, [&] { return database->database->Flush(); });
}

quiver_code quiver_compact_range(quiver_database* database, const quiver_keyspace* keyspace,
                                 const char* begin, size_t begin_size, const char* end,
                                 size_t end_size, quiver_error** error) {
  return Call(error, {{database, "database"}, {begin, begin_size, "begin"}, {end, end_size, "end"}},
              [&] {
                std::optional<std::string_view> from;
                std::optional<std::string_view> to;
                if (begin != nullptr) from = Bytes(begin, begin_size);
                if (end != nullptr) to = Bytes(end, end_size);
                return database->database->CompactRange(
                    from, to, keyspace == nullptr ? nullptr : &keyspace->keyspace);
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
