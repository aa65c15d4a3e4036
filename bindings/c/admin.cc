// Reports, verify, repair, inspection and Arrow files, for C.
#include <algorithm>

#include "handles.h"

using quiver::c::Bytes;
using quiver::c::Call;
using quiver::c::CopyText;

struct quiver_arrow_writer {
  std::unique_ptr<quiver::ArrowFileWriter> writer;
};

namespace {

/// The item of that name in a report's numbers or lists; kNotFound names those there are.
template <typename Item>
quiver::Result<const Item*> Find(const std::vector<std::pair<const char*, Item>>& items,
                                 std::string_view name) {
  std::string names;
  for (const auto& [item_name, item] : items) {
    if (name == item_name) return &item;
    names += std::string(names.empty() ? "" : ", ") + item_name;
  }
  return quiver::Error(quiver::ErrorCode::kNotFound,
                       "this report has no '" + std::string(name) + "'; it has: " + names);
}

std::string TextOf(const quiver_report& report) {
  std::string text;
  for (const auto& [name, number] : report.numbers) {
    text += std::string(name) + ": " + std::to_string(number) + '\n';
  }
  for (const auto& [name, lines] : report.lists) {
    for (const std::string& line : lines) text += std::string(name) + ": " + line + '\n';
  }
  return text;
}

quiver_report* ReportOf(const quiver::RecoveryReport& found) {
  return new quiver_report{.numbers = {{"created", found.created ? 1 : 0},
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
                           .damages = {},
                           .text = found.ToText()};
}

quiver_report* ReportOf(const quiver::VerifyReport& found) {
  std::vector<std::string> damages;
  damages.reserve(found.damages.size());
  for (const quiver::Damage& damage : found.damages) {
    damages.push_back(
        quiver::Error(quiver::ErrorCode::kCorruption, damage.what, damage.file, damage.offset)
            .ToString());
  }
  auto* report = new quiver_report{
      .numbers = {{"files", found.files}, {"bytes", found.bytes}, {"entries", found.entries}},
      .lists = {{"damages", std::move(damages)}, {"notes", found.notes}},
      .damages = found.damages,
      .text = {}};
  report->text = TextOf(*report);
  return report;
}

quiver_report* ReportOf(const quiver::RepairReport& found) {
  auto* report = new quiver_report{.numbers = {{"entries_recovered", found.entries_recovered},
                                               {"tables_read", found.tables_read},
                                               {"segments_read", found.segments_read}},
                                   .lists = {{"lost", found.lost}},
                                   .damages = {},
                                   .text = {}};
  report->text = TextOf(*report);
  return report;
}

quiver::ProgressCallback Progress(quiver_progress progress, void* context) {
  if (progress == nullptr) return {};
  return [=](std::uint64_t done, std::uint64_t total) { progress(context, done, total); };
}

quiver::Error NoIndex(std::size_t index, std::size_t count) {
  return {quiver::ErrorCode::kInvalidArgument,
          "there is no entry " + std::to_string(index) + ": there are " + std::to_string(count)};
}

}  // namespace

quiver_code quiver_recovery_report(const quiver_database* database, quiver_report** report,
                                   quiver_error** error) {
  return Call(error, {{database, "database"}, {report, "report"}}, [&]() -> quiver::Result<void> {
    *report = ReportOf(database->database->recovery_report());
    return {};
  });
}

// ---- reports

quiver_code quiver_report_number(const quiver_report* report, const char* name, uint64_t* number,
                                 quiver_error** error) {
  return Call(error, {{report, "report"}, {name, "name"}, {number, "number"}},
              [&]() -> quiver::Result<void> {
                const auto found = Find(report->numbers, name);
                if (!found) return found.error();
                *number = **found;
                return {};
              });
}

quiver_code quiver_report_list_size(const quiver_report* report, const char* name, size_t* size,
                                    quiver_error** error) {
  return Call(error, {{report, "report"}, {name, "name"}, {size, "size"}},
              [&]() -> quiver::Result<void> {
                const auto found = Find(report->lists, name);
                if (!found) return found.error();
                *size = (*found)->size();
                return {};
              });
}

quiver_code quiver_report_line(const quiver_report* report, const char* name, size_t index,
                               const char** line, quiver_error** error) {
  return Call(error, {{report, "report"}, {name, "name"}, {line, "line"}},
              [&]() -> quiver::Result<void> {
                const auto found = Find(report->lists, name);
                if (!found) return found.error();
                if (index >= (*found)->size()) return NoIndex(index, (*found)->size());
                *line = (**found)[index].c_str();
                return {};
              });
}

quiver_code quiver_report_damage(const quiver_report* report, size_t index, const char** file,
                                 uint64_t* offset, const char** what, quiver_error** error) {
  return Call(error, {{report, "report"}}, [&]() -> quiver::Result<void> {
    if (index >= report->damages.size()) return NoIndex(index, report->damages.size());
    const quiver::Damage& damage = report->damages[index];
    if (file != nullptr) *file = damage.file.c_str();
    if (offset != nullptr) *offset = damage.offset;
    if (what != nullptr) *what = damage.what.c_str();
    return {};
  });
}

quiver_code quiver_report_text(const quiver_report* report, char** text, quiver_error** error) {
  return Call(error, {{report, "report"}, {text, "text"}}, [&]() -> quiver::Result<void> {
    *text = CopyText(report->text);
    return {};
  });
}

void quiver_report_destroy(quiver_report* report) {
  delete report;
}

// ---- a database that nobody has open

quiver_code quiver_verify(const char* directory, quiver_progress progress, void* context,
                          quiver_report** report, quiver_error** error) {
  return Call(error, {{directory, "directory"}, {report, "report"}}, [&]() -> quiver::Result<void> {
    const auto found = quiver::VerifyDatabase(directory, Progress(progress, context));
    if (!found) return found.error();
    *report = ReportOf(*found);
    return {};
  });
}

quiver_code quiver_repair(const char* source, const char* destination, quiver_progress progress,
                          void* context, quiver_report** report, quiver_error** error) {
  return Call(error, {{source, "source"}, {destination, "destination"}, {report, "report"}},
              [&]() -> quiver::Result<void> {
                const auto found =
                    quiver::RepairDatabase(source, destination, Progress(progress, context));
                if (!found) return found.error();
                *report = ReportOf(*found);
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

quiver_code quiver_arrow_writer_add(quiver_arrow_writer* writer, const char* key, size_t key_size,
                                    const char* value, size_t value_size, quiver_error** error) {
  return Call(error, {{writer, "writer"}, {key, key_size, "key"}, {value, value_size, "value"}},
              [&] { return writer->writer->Add(Bytes(key, key_size), Bytes(value, value_size)); });
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
