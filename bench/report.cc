#include "report.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace quiver::bench {

namespace {

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      quoted += ' ';  // a line break or tab in a description means no more than a space
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

void AppendField(std::string& object, std::string_view name, std::string_view json_value) {
  if (!object.empty()) object += ", ";
  object += Quoted(name) + ": ";
  object += json_value;
}

// Characters of UTF-8 text, for the width of a column.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; }));
}

std::string CpuModel() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

}  // namespace

Flags::Flags(int argc, char** argv) {
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (!name.starts_with("--") || i + 1 == argc) {
      std::fprintf(stderr, "%s: flags have the form --name value; '%s' has not\n", argv[0],
                   argv[i]);
      std::exit(2);
    }
    given_.emplace_back(name.substr(2), argv[i + 1]);
  }
}

std::string Flags::Text(std::string_view name, std::string_view otherwise) {
  known_.emplace_back(name);
  for (const auto& [given, value] : given_) {
    if (given == name) return value;
  }
  return std::string(otherwise);
}

std::uint64_t Flags::Number(std::string_view name, std::uint64_t otherwise) {
  const std::string text = Text(name, std::to_string(otherwise));
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    std::fprintf(stderr, "--%.*s wants a whole number, not '%s'\n", static_cast<int>(name.size()),
                 name.data(), text.c_str());
    std::exit(2);
  }
  return number;
}

double Flags::Real(std::string_view name, double otherwise) {
  const std::string text = Text(name, std::to_string(otherwise));
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) {
    std::fprintf(stderr, "--%.*s wants a number, not '%s'\n", static_cast<int>(name.size()),
                 name.data(), text.c_str());
    std::exit(2);
  }
  return number;
}

void Flags::Finish() const {
  for (const auto& [given, value] : given_) {
    if (std::find(known_.begin(), known_.end(), given) != known_.end()) continue;
    std::fprintf(stderr, "unknown flag --%s; there are:", given.c_str());
    for (const std::string& name : known_) std::fprintf(stderr, " --%s", name.c_str());
    std::fprintf(stderr, "\n");
    std::exit(2);
  }
}

std::string TextTable::ToString() const {
  std::vector<std::size_t> widths(rows_.front().size(), 3);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string& cell = rows_[r][i];
      const std::string space(widths[i] - Width(cell), ' ');
      // The first column names the row; the others hold figures, which line up on the right.
      text += i == 0 ? "| " + cell + space + " " : "| " + space + cell + " ";
    }
    text += "|\n";
    if (r != 0) continue;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      text += i == 0 ? "|" + std::string(widths[i] + 2, '-')
                     : "|" + std::string(widths[i] + 1, '-') + ":";
    }
    text += "|\n";
  }
  return text;
}

void JsonReport::Fact(std::string_view name, std::string_view value) {
  AppendField(facts_, name, Quoted(value));
}

void JsonReport::BeginRow() {
  rows_.emplace_back();
}

void JsonReport::Field(std::string_view name, std::string_view value) {
  AppendField(rows_.back(), name, Quoted(value));
}

void JsonReport::Field(std::string_view name, double value) {
  AppendField(rows_.back(), name, std::isfinite(value) ? Fixed(value, 3) : "null");
}

void JsonReport::Write(const std::string& path) const {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::absolute(path).parent_path(), error);
  std::ofstream file(path);
  file << "{\"facts\": {" << facts_ << "},\n \"rows\": [\n";
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    file << "  {" << rows_[i] << (i + 1 < rows_.size() ? "},\n" : "}\n");
  }
  file << "]}\n";
  file.close();
  if (!file) Fail("cannot write " + path);
}

std::string MachineDescription() {
  utsname system{};
  ::uname(&system);
  const double memory_bytes =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  return CpuModel() + ", " + std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)) +
         " logical processors, " + Fixed(memory_bytes / (1U << 30), 1) + " GiB memory, " +
         system.sysname + " " + system.release;
}

std::string LoadAverages() {
  std::ifstream file("/proc/loadavg");
  std::string one, five, fifteen;
  file >> one >> five >> fifteen;
  return one + " " + five + " " + fifteen;
}

void Fail(std::string_view message) {
  std::fflush(stdout);
  std::fprintf(stderr, "benchmark failed: %.*s\n", static_cast<int>(message.size()),
               message.data());
  std::exit(1);
}

std::string Fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

}  // namespace quiver::bench
