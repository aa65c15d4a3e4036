// Keyspaces, for C.
#include "reports.h"

using quiver::c::Call;
using quiver::c::GiveHandle;

static_assert(QUIVER_KEYSPACE_METRICS_MAX == quiver::kKeyspaceMetricsMax);
static_assert(std::string_view(QUIVER_OTHER_KEYSPACES) == quiver::kOtherKeyspaces);

quiver_code quiver_keyspace_create(quiver_database* database, const char* name,
                                   const quiver_config* config, quiver_keyspace** keyspace,
                                   quiver_error** error) {
  return Call(error, {{database, "database"}, {name, "name"}, {keyspace, "keyspace"}}, [&] {
    return GiveHandle(database->database->CreateKeyspace(
                          name, config == nullptr ? database->database->config() : config->config),
                      keyspace);
  });
}

quiver_code quiver_keyspace_open(const quiver_database* database, const char* name,
                                 quiver_keyspace** keyspace, quiver_error** error) {
  return Call(error, {{database, "database"}, {name, "name"}, {keyspace, "keyspace"}},
              [&] { return GiveHandle(database->database->OpenKeyspace(name), keyspace); });
}

quiver_code quiver_keyspace_drop(quiver_database* database, const quiver_keyspace* keyspace,
                                 quiver_error** error) {
  return Call(error, {{database, "database"}, {keyspace, "keyspace"}},
              [&] { return database->database->DropKeyspace(keyspace->keyspace); });
}

quiver_code quiver_keyspace_config(const quiver_database* database, const quiver_keyspace* keyspace,
                                   quiver_config** config, quiver_error** error) {
  return Call(error, {{database, "database"}, {keyspace, "keyspace"}, {config, "config"}}, [&] {
    return GiveHandle(database->database->KeyspaceConfig(keyspace->keyspace), config);
  });
}

const char* quiver_keyspace_name(const quiver_keyspace* keyspace) {
  return keyspace == nullptr ? "" : keyspace->keyspace.name().c_str();
}

uint32_t quiver_keyspace_id(const quiver_keyspace* keyspace) {
  return keyspace == nullptr ? 0 : keyspace->keyspace.id();
}

void quiver_keyspace_destroy(quiver_keyspace* keyspace) {
  delete keyspace;
}

quiver_code quiver_keyspace_list(const quiver_database* database, quiver_keyspaces** keyspaces,
                                 quiver_error** error) {
  return Call(error, {{database, "database"}, {keyspaces, "keyspaces"}},
              [&]() -> quiver::Result<void> {
                const auto listed = database->database->ListKeyspaces();
                if (!listed) return listed.error();
                *keyspaces = quiver::c::MakeList(*listed);
                return {};
              });
}

size_t quiver_keyspaces_count(const quiver_keyspaces* keyspaces) {
  return keyspaces == nullptr ? 0 : keyspaces->keyspaces.size();
}

const quiver_keyspace* quiver_keyspaces_at(const quiver_keyspaces* keyspaces, size_t index) {
  return index < quiver_keyspaces_count(keyspaces) ? &keyspaces->keyspaces[index] : nullptr;
}

void quiver_keyspaces_destroy(quiver_keyspaces* keyspaces) {
  delete keyspaces;
}

quiver_code quiver_keyspace_metrics(const quiver_database* database, quiver_report** report,
                                    quiver_error** error) {
  return Call(error, {{database, "database"}, {report, "report"}}, [&]() -> quiver::Result<void> {
    const quiver::DatabaseMetrics metrics = database->database->Metrics();
    std::vector<quiver_report> keyspaces;
    for (const quiver::KeyspaceMetrics& keyspace : metrics.keyspaces) {
      keyspaces.push_back({.numbers = {{"tables", keyspace.tables},
                                       {"table_bytes", keyspace.table_bytes},
                                       {"entries", keyspace.entries},
                                       {"memtable_bytes", keyspace.memtable_bytes}},
                           .lists = {{"name", {keyspace.name}}}});
    }
    quiver::c::GiveReport({.parts = {{"keyspaces", std::move(keyspaces)}}}, report);
    return {};
  });
}
