// What the benchmark drivers share around the measuring: flags, Markdown tables, JSON, the machine.
//
// Thread safety: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quiver::bench {

/// The flags of a driver: `--name value`. A faulty one ends the process with a message, status 2.
class Flags {
 public:
  Flags(int argc, char** argv);

  std::string Text(std::string_view name, std::string_view otherwise);
  std::uint64_t Number(std::string_view name, std::uint64_t otherwise);
  double Real(std::string_view name, double otherwise);
  /// Call last: refuses flags that nobody asked for and names those that exist.
  void Finish() const;

 private:
  std::vector<std::pair<std::string, std::string>> given_;
  std::vector<std::string> known_;
};

/// A Markdown table whose columns also line up in a terminal.
class TextTable {
 public:
  explicit TextTable(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void Add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// {"facts": {...}, "rows": [{...}, ...]} as RFC 8259. Texts must be UTF-8.
class JsonReport {
 public:
  void Fact(std::string_view name, std::string_view value);
  void BeginRow();
  void Field(std::string_view name, std::string_view value);
  void Field(std::string_view name, double value);
  /// Writes the report to `path`, making its folder; ends the process if that fails.
  void Write(const std::string& path) const;

 private:
  std::string facts_;
  std::vector<std::string> rows_;
};

/// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// "AMD EPYC (2 logical), 23.5 GiB memory, Linux 6.1.0".
std::string MachineDescription();
/// The three load averages, to tell a busy machine from a quiet one.
std::string LoadAverages();

/// Prints `message` and ends the process with status 1: a benchmark that failed has no result.
[[noreturn]] void Fail(std::string_view message);

/// `value` with `digits` digits after the point.
std::string Fixed(double value, int digits);

}  // namespace quiver::bench
