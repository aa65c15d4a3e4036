// Bulk ingest, for C.
#include <filesystem>

#include "quiver/c_ingest.h"
#include "reports.h"

using quiver::c::Call;

namespace {

quiver_report ReportOf(const quiver::IngestReport& added) {
  return {.numbers = {{"rows_read", added.rows_read},
                      {"rows_written", added.rows_written},
                      {"tables", added.tables},
                      {"table_bytes", added.table_bytes},
                      {"level", added.level},
                      {"was_sorted", added.was_sorted ? 1 : 0},
                      {"spilled_bytes", added.spilled_bytes},
                      {"sequence", added.sequence}}};
}

quiver_code SetColumn(quiver_ingest_options* options, std::string quiver::IngestOptions::* column,
                      const char* name, quiver_error** error) {
  return Call(error, {{options, "options"}, {name, "name"}}, [&]() -> quiver::Result<void> {
    options->options.*column = name;
    return {};
  });
}

}  // namespace

quiver_code quiver_ingest_options_create(quiver_ingest_options** options, quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    *options = new quiver_ingest_options();
    return {};
  });
}

void quiver_ingest_options_destroy(quiver_ingest_options* options) {
  delete options;
}

quiver_code quiver_ingest_options_set_keyspace(quiver_ingest_options* options,
                                               const quiver_keyspace* keyspace,
                                               quiver_error** error) {
  return quiver::c::SetKeyspace(options, keyspace, error);
}

quiver_code quiver_ingest_options_set_key_column(quiver_ingest_options* options, const char* name,
                                                 quiver_error** error) {
  return SetColumn(options, &quiver::IngestOptions::key_column, name, error);
}

quiver_code quiver_ingest_options_set_value_column(quiver_ingest_options* options, const char* name,
                                                   quiver_error** error) {
  return SetColumn(options, &quiver::IngestOptions::value_column, name, error);
}

quiver_code quiver_ingest_options_set_expiry_column(quiver_ingest_options* options,
                                                    const char* name, quiver_error** error) {
  return SetColumn(options, &quiver::IngestOptions::expiry_column, name == nullptr ? "" : name,
                   error);
}

quiver_code quiver_ingest_options_set_refuse_duplicates(quiver_ingest_options* options, bool refuse,
                                                        quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->options.refuse_duplicates = refuse;
    return {};
  });
}

quiver_code quiver_ingest_options_set_memory_bytes(quiver_ingest_options* options, uint64_t bytes,
                                                   quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->options.memory_bytes = bytes;
    return {};
  });
}

quiver_code quiver_ingest_options_set_progress(quiver_ingest_options* options,
                                               quiver_ingest_progress progress, void* context,
                                               quiver_error** error) {
  return Call(error, {{options, "options"}}, [&]() -> quiver::Result<void> {
    options->options.progress = quiver::c::ProgressOf(progress, context);
    return {};
  });
}

quiver_code quiver_ingest_arrow(quiver_database* database, const char* const* files,
                                size_t file_count, const quiver_ingest_options* options,
                                quiver_report** report, quiver_error** error) {
  return Call(error, {{database, "database"}}, [&]() -> quiver::Result<void> {
    if (file_count > 0) {
      if (auto given = quiver::c::Check({{files, "files"}}); !given) return given;
    }
    std::vector<std::filesystem::path> paths;
    paths.reserve(file_count);
    for (size_t i = 0; i < file_count; ++i) {
      if (auto given = quiver::c::Check({{files[i], "files"}}); !given) return given;
      paths.emplace_back(files[i]);
    }
    quiver::IngestOptions given;
    if (options != nullptr) {
      given = options->options;
      given.keyspace = options->keyspace ? &*options->keyspace : nullptr;
    }
    const auto added = database->database->IngestArrow(paths, given);
    if (!added) return added.error();
    quiver::c::GiveReport(ReportOf(*added), report);
    return {};
  });
}
