// Verify, repair, inspection and Arrow files, for C.
#include "reports.h"

using quiver::c::Bytes;
using quiver::c::Call;
using quiver::c::CopyText;
using quiver::c::GiveReport;
using quiver::c::ProgressOf;

struct quiver_arrow_writer {
  std::unique_ptr<quiver::ArrowFileWriter> writer;
};

namespace {

quiver_report ReportOf(const quiver::RecoveryReport& found) {
  return {.numbers = {{"created", found.created ? 1 : 0},
                      {"clean_shutdown", found.clean_shutdown ? 1 : 0},
                      {"segments_replayed", found.segments_replayed},
                      {"batches_replayed", found.batches_replayed},
                      {"entries_replayed", found.entries_replayed},
                      {"bytes_replayed", found.bytes_replayed},
                      {"last_sequence", found.last_sequence},
                      {"torn_tail_bytes", found.torn_tail_bytes},
                      {"duration_ms", found.duration_ms}},
          .lists = {{"notes", found.notes},
                    {"losses", found.losses},
                    {"orphans_removed", found.orphans_removed},
                    {"foreign_files", found.foreign_files}},
          .text = found.ToText()};
}

quiver_report ReportOf(const quiver::KeyspaceSummary& keyspace) {
  return {.numbers = {{"id", keyspace.id},
                      {"tables", keyspace.tables},
                      {"bytes", keyspace.bytes},
                      {"entries", keyspace.entries},
                      {"expiring_tables", keyspace.expiring_tables},
                      {"range_deletes", keyspace.range_deletes}},
          .lists = {{"name", {keyspace.name}}}};
}

quiver_report ReportOf(const quiver::VerifyReport& found) {
  std::vector<quiver_report> keyspaces;
  keyspaces.reserve(found.keyspaces.size());
  for (const quiver::KeyspaceSummary& each : found.keyspaces) keyspaces.push_back(ReportOf(each));
  return {.numbers = {{"files", found.files}, {"bytes", found.bytes}, {"entries", found.entries}},
          .lists = {{"damages", quiver::c::DamageLines(found.damages)}, {"notes", found.notes}},
          .parts = {{"keyspaces", std::move(keyspaces)}},
          .damages = found.damages};
}

quiver_report ReportOf(const quiver::RepairReport& found) {
  return {.numbers = {{"entries_recovered", found.entries_recovered},
                      {"tables_read", found.tables_read},
                      {"segments_read", found.segments_read}},
          .lists = {{"lost", found.lost}}};
}

}  // namespace

quiver_code quiver_recovery_report(const quiver_database* database, quiver_report** report,
                                   quiver_error** error) {
  return Call(error, {{database, "database"}, {report, "report"}}, [&]() -> quiver::Result<void> {
    GiveReport(ReportOf(database->database->recovery_report()), report);
    return {};
  });
}

// ---- a database that nobody has open

quiver_code quiver_verify(const char* directory, quiver_progress progress, void* context,
                          quiver_report** report, quiver_error** error) {
  return Call(error, {{directory, "directory"}, {report, "report"}}, [&]() -> quiver::Result<void> {
    const auto found = quiver::VerifyDatabase(directory, ProgressOf(progress, context));
    if (!found) return found.error();
    GiveReport(ReportOf(*found), report);
    return {};
  });
}

quiver_code quiver_repair(const char* source, const char* destination, quiver_progress progress,
                          void* context, quiver_report** report, quiver_error** error) {
  return Call(error, {{source, "source"}, {destination, "destination"}, {report, "report"}},
              [&]() -> quiver::Result<void> {
                const auto found =
                    quiver::RepairDatabase(source, destination, ProgressOf(progress, context));
                if (!found) return found.error();
                GiveReport(ReportOf(*found), report);
                return {};
              });
}

quiver_code quiver_inspect_file(const char* file, bool entries, quiver_line_sink sink,
                                void* context, quiver_error** error) {
  return Call(error, {{file, "file"}, {sink, "sink"}}, [&] {
    return quiver::InspectFile(file, entries, [=](std::string_view line) {
      return sink(context, line.data(), line.size());
    });
  });
}

// ---- Arrow IPC files

quiver_code quiver_read_arrow_file(const char* file, quiver_row_sink sink, void* context,
                                   uint64_t* rows, quiver_error** error) {
  return Call(error, {{file, "file"}, {sink, "sink"}}, [&]() -> quiver::Result<void> {
    const auto read =
        quiver::ReadArrowFile(file, [=](std::string_view key, std::string_view value) {
          return sink(context, key.data(), key.size(), value.data(), value.size());
        });
    if (!read) return read.error();
    if (rows != nullptr) *rows = *read;
    return {};
  });
}

quiver_code quiver_arrow_writer_create(const char* file, quiver_arrow_writer** writer,
                                       quiver_error** error) {
  return Call(error, {{file, "file"}, {writer, "writer"}},
              [&] { return quiver::c::GiveHandle(quiver::ArrowFileWriter::Create(file), writer); });
}

quiver_code quiver_arrow_writer_create_with_expiry(const char* file, quiver_arrow_writer** writer,
                                                   quiver_error** error) {
  return Call(error, {{file, "file"}, {writer, "writer"}}, [&] {
    return quiver::c::GiveHandle(quiver::ArrowFileWriter::Create(file, {.with_expiry = true}),
                                 writer);
  });
}

quiver_code quiver_arrow_writer_add(quiver_arrow_writer* writer, const char* key, size_t key_size,
                                    const char* value, size_t value_size, quiver_error** error) {
  return quiver_arrow_writer_add_expiring(writer, key, key_size, value, value_size, 0, error);
}

quiver_code quiver_arrow_writer_add_expiring(quiver_arrow_writer* writer, const char* key,
                                             size_t key_size, const char* value, size_t value_size,
                                             uint64_t expiry_us, quiver_error** error) {
  return Call(
      error, {{writer, "writer"}, {key, key_size, "key"}, {value, value_size, "value"}}, [&] {
        return writer->writer->Add(Bytes(key, key_size), Bytes(value, value_size), expiry_us);
      });
}

quiver_code quiver_arrow_writer_finish(quiver_arrow_writer* writer, quiver_error** error) {
  return Call(error, {{writer, "writer"}}, [&] { return writer->writer->Finish(); });
}

void quiver_arrow_writer_destroy(quiver_arrow_writer* writer) {
  delete writer;
}

// ---- text

quiver_code quiver_escape(const char* bytes, size_t size, char** text, quiver_error** error) {
  return Call(error, {{bytes, size, "bytes"}, {text, "text"}}, [&]() -> quiver::Result<void> {
    *text = CopyText(quiver::EscapeBytes(Bytes(bytes, size)));
    return {};
  });
}

quiver_code quiver_unescape(const char* text, char** bytes, size_t* size, quiver_error** error) {
  return Call(error, {{text, "text"}, {bytes, "bytes"}, {size, "size"}},
              [&]() -> quiver::Result<void> {
                const auto plain = quiver::UnescapeBytes(text);
                if (!plain) return plain.error();
                *bytes = CopyText(*plain);
                *size = plain->size();
                return {};
              });
}

quiver_code quiver_build_info(char** text, quiver_error** error) {
  return Call(error, {{text, "text"}}, [&]() -> quiver::Result<void> {
    *text = CopyText(quiver::BuildInfo());
    return {};
  });
}
