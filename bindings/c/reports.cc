// Reports, for C: named numbers, lists of lines, and parts.
#include "reports.h"

using quiver::c::Call;
using quiver::c::CopyText;

namespace {

/// The item of that name in a report's numbers, lists or parts; kNotFound names those there are.
template <typename Item>
quiver::Result<const Item*> Find(const std::vector<std::pair<const char*, Item>>& items,
                                 std::string_view name) {
  std::string names;
  for (const auto& [item_name, item] : items) {
    if (name == item_name) return &item;
    names += std::string(names.empty() ? "" : ", ") + item_name;
  }
  return quiver::Error(quiver::ErrorCode::kNotFound,
                       "this report has no '" + std::string(name) +
                           (names.empty() ? "' and nothing of this kind" : "'; it has: " + names));
}

void AppendText(const quiver_report& report, const std::string& indent, std::string& text) {
  for (const auto& [name, number] : report.numbers) {
    text += indent + name + ": " + std::to_string(number) + '\n';
  }
  for (const auto& [name, lines] : report.lists) {
    for (const std::string& line : lines) text += indent + name + ": " + line + '\n';
  }
  for (const auto& [name, parts] : report.parts) {
    for (const quiver_report& part : parts) {
      text += indent + name + ":\n";
      AppendText(part, indent + "  ", text);
    }
  }
}

quiver::Error NoIndex(std::size_t index, std::size_t count) {
  return {quiver::ErrorCode::kInvalidArgument,
          "there is no entry " + std::to_string(index) + ": there are " + std::to_string(count)};
}

}  // namespace

namespace quiver::c {

std::vector<std::string> DamageLines(const std::vector<Damage>& damages) {
  std::vector<std::string> lines;
  lines.reserve(damages.size());
  for (const Damage& damage : damages) {
    lines.push_back(
        Error(ErrorCode::kCorruption, damage.what, damage.file, damage.offset).ToString());
  }
  return lines;
}

void GiveReport(quiver_report report, quiver_report** out) {
  if (out != nullptr) *out = new quiver_report(std::move(report));
}

ProgressCallback ProgressOf(quiver_progress progress, void* context) {
  if (progress == nullptr) return {};
  return [=](std::uint64_t done, std::uint64_t total) { progress(context, done, total); };
}

}  // namespace quiver::c

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

quiver_code quiver_report_part_count(const quiver_report* report, const char* name, size_t* count,
                                     quiver_error** error) {
  return Call(error, {{report, "report"}, {name, "name"}, {count, "count"}},
              [&]() -> quiver::Result<void> {
                const auto found = Find(report->parts, name);
                if (!found) return found.error();
                *count = (*found)->size();
                return {};
              });
}

quiver_code quiver_report_part(const quiver_report* report, const char* name, size_t index,
                               const quiver_report** part, quiver_error** error) {
  return Call(error, {{report, "report"}, {name, "name"}, {part, "part"}},
              [&]() -> quiver::Result<void> {
                const auto found = Find(report->parts, name);
                if (!found) return found.error();
                if (index >= (*found)->size()) return NoIndex(index, (*found)->size());
                *part = &(**found)[index];
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
    std::string lines = report->text;
    if (lines.empty()) AppendText(*report, "", lines);
    *text = CopyText(lines);
    return {};
  });
}

void quiver_report_destroy(quiver_report* report) {
  delete report;
}
