// Numbers as people read them, for the reports to operators. Nothing here looks at the locale of
// the process: a report reads the same everywhere.
//
// Thread safety: pure functions; a TextTable belongs to one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quiver {

/// "1,234,567".
std::string FormatCount(std::uint64_t count);
/// "512 B", "12.3 MiB".
std::string FormatBytes(std::uint64_t bytes);
/// "850 ns", "12.3 us", "4.56 s", "2 h 05 min", "3 d 04 h".
std::string FormatDuration(std::uint64_t duration_ns);
/// The same for milliseconds, whole below a second.
std::string FormatDurationMs(std::uint64_t duration_ms);
/// `value` with `decimals` digits after the point; "-" if it is no finite number.
std::string FormatFixed(double value, int decimals);
/// "97.5 %", or "-" if `whole` is 0.
std::string FormatShare(std::uint64_t part, std::uint64_t whole);

/// Rows of cells as aligned lines: the first column to the left, the others to the right.
class TextTable {
 public:
  void AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Each line starts with `indent` and ends with a line feed.
  std::string ToText(std::string_view indent) const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace quiver
