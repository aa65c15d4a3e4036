// Runs the scripts of tests/interop, which read and write Arrow files with other people's
// libraries. scripts/bootstrap.sh installs those into build/venv and build/node;
// QUIVER_INTEROP_PYTHON and QUIVER_INTEROP_NODE name other places. A test whose libraries are not
// installed is skipped.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace quiver::testing {

/// The root of the source tree, found from this file's own place.
inline std::filesystem::path SourceRoot() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path().parent_path();
}

inline std::filesystem::path PathFromEnvironment(const char* variable,
                                                 const std::filesystem::path& standard) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::filesystem::path(text) : standard;
}

/// The command that runs a Python script of tests/interop, or empty if pyarrow and polars are not
/// installed.
inline std::string PythonCommand(std::string_view script) {
  const auto python = PathFromEnvironment("QUIVER_INTEROP_PYTHON",
                                          SourceRoot() / "build" / "venv" / "bin" / "python");
  if (!std::filesystem::exists(python)) return {};
  return "'" + python.string() + "' '" + (SourceRoot() / "tests" / "interop" / script).string() +
         "'";
}

/// The command that runs check_arrow.mjs, or empty if apache-arrow is not installed.
inline std::string NodeCommand() {
  const auto node = PathFromEnvironment("QUIVER_INTEROP_NODE", SourceRoot() / "build" / "node");
  if (!std::filesystem::exists(node / "node_modules" / "apache-arrow")) return {};
  return "QUIVER_INTEROP_NODE='" + node.string() + "' node '" +
         (SourceRoot() / "tests" / "interop" / "check_arrow.mjs").string() + "'";
}

struct CommandResult {
  int status = -1;                 ///< 0 if it succeeded
  std::vector<std::string> lines;  ///< of its standard output
};

/// Runs a shell command; its standard error goes to the test's.
inline CommandResult RunCommand(const std::string& command) {
  CommandResult result;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return result;
  std::string output;
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof(buffer), pipe)) {
    output.append(buffer, size);
  }
  result.status = ::pclose(pipe);
  for (std::size_t begin = 0; begin < output.size();) {
    const std::size_t end = std::min(output.find('\n', begin), output.size());
    result.lines.push_back(output.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

/// The value of a field in a line of JSON that the scripts print, a string's without its quotes;
/// empty if the field is absent. Enough for values without commas, quotes and escapes.
inline std::string JsonField(std::string_view line, std::string_view field) {
  const std::string name = "\"" + std::string(field) + "\":";
  std::size_t begin = line.find(name);
  if (begin == std::string_view::npos) return {};
  begin += name.size();
  const bool quoted = line[begin] == '"';
  if (quoted) ++begin;
  const std::size_t end = line.find_first_of(quoted ? "\"" : ",}", begin);
  return std::string(line.substr(begin, end - begin));
}

}  // namespace quiver::testing
