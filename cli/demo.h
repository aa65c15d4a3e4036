// The demonstration: the database's main job on real records, each step with its figures.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "quiver/database.h"

namespace quiver::cli {

using Records = std::vector<std::pair<std::string, std::string>>;

/// One row of the comparison of configurations.
struct ComparisonRow {
  std::string name;
  bool is_preset = false;
  std::string memtable;
  std::string log;
  std::string strategy;
  double puts_per_second = 0;
  double gets_per_second = 0;
  double rows_per_second = 0;  ///< of a full scan
  double disk_bytes = 0;
  double put_p99_us = 0;
};

/// Reads Debian package stanzas; the key is the package's name, the value the whole stanza.
Result<Records> ReadPackages(const std::filesystem::path& file);

/// Steps of the demonstration. Each prints what it does and finds.
Result<void> DemoBasics(const std::filesystem::path& directory, const Records& records);
Result<std::vector<ComparisonRow>> DemoComparison(const std::filesystem::path& directory,
                                                  const Records& records);
/// `command` is this program: it is started again as the writer that gets killed.
Result<void> DemoRecovery(const std::filesystem::path& directory,
                          const std::filesystem::path& command);
/// The body of that writer: writes rows for ever and tells each acknowledged one on `output`.
int RunDemoWriter(const std::filesystem::path& directory, int output);

/// Writes one self-contained page with a table and charts.
Result<void> WriteComparisonPage(const std::filesystem::path& file,
                                 const std::vector<ComparisonRow>& rows, std::size_t records);

}  // namespace quiver::cli
