// The page of the comparison: one HTML file with a table and bar charts, no script, nothing
// fetched.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <sstream>

#include "demo.h"

namespace quiver::cli {

namespace {

constexpr const char* kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Quiver: configurations compared</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;
color:#1c2733}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .6rem;border-bottom:1px solid #d8dee6;text-align:right}
th:nth-child(-n+4),td:nth-child(-n+4){text-align:left}
svg{width:100%;height:auto}text{font:12px system-ui,sans-serif;fill:#1c2733}
.preset{fill:#2f6f8f}.memtable{fill:#9bbccb}small{color:#5b6b7b}
</style></head><body>
)";

std::string Number(double value) {
  char text[32];
  if (value >= 1e6) {
    std::snprintf(text, sizeof text, "%.2f M", value / 1e6);
  } else if (value >= 1e4) {
    std::snprintf(text, sizeof text, "%.0f k", value / 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.1f", value);
  }
  return text;
}

void Chart(std::ostream& out, const std::string& title, const std::vector<ComparisonRow>& rows,
           const std::function<double(const ComparisonRow&)>& value) {
  constexpr int kRow = 22, kLabel = 170, kWidth = 620;
  double largest = 1e-9;
  for (const ComparisonRow& row : rows) largest = std::max(largest, value(row));
  out << "<h2>" << title << "</h2>\n<svg viewBox=\"0 0 900 " << rows.size() * kRow
      << "\" role=\"img\" aria-label=\"" << title << "\">\n";
  int y = 0;
  for (const ComparisonRow& row : rows) {
    const double width = std::max(1.0, value(row) / largest * kWidth);
    out << "<text x=\"" << kLabel - 8 << "\" y=\"" << y + 15 << "\" text-anchor=\"end\">"
        << row.name << "</text><rect class=\"" << (row.is_preset ? "preset" : "memtable")
        << "\" x=\"" << kLabel << "\" y=\"" << y + 3 << "\" width=\"" << width << "\" height=\""
        << kRow - 6 << "\"/><text x=\"" << kLabel + width + 6 << "\" y=\"" << y + 15 << "\">"
        << Number(value(row)) << "</text>\n";
    y += kRow;
  }
  out << "</svg>\n";
}

}  // namespace

Result<void> WriteComparisonPage(const std::filesystem::path& file,
                                 const std::vector<ComparisonRow>& rows, std::size_t records) {
  std::ostringstream out;
  out << kHead << "<h1>Quiver: configurations compared</h1>\n<p>" << records
      << " records of this machine's Debian package index, the same work for every row: puts one "
         "by "
         "one in a scattered order, gets of all of them, a full scan. Dark bars are the presets; "
         "light "
         "bars the eight memtables, each in a 4 MiB memtable with an async log.</p>\n"
      << "<table><tr><th>configuration<th>memtable<th>log<th>strategy<th>puts/s<th>put p99, "
         "µs<th>gets/s<th>scan rows/s<th>tables, MiB</tr>\n";
  for (const ComparisonRow& row : rows) {
    char size[32], p99[32];
    std::snprintf(size, sizeof size, "%.1f", row.disk_bytes / (1 << 20));
    std::snprintf(p99, sizeof p99, "%.1f", row.put_p99_us);
    out << "<tr><td>" << row.name << "<td>" << row.memtable << "<td>" << row.log << "<td>"
        << row.strategy << "<td>" << Number(row.puts_per_second) << "<td>" << p99 << "<td>"
        << Number(row.gets_per_second) << "<td>" << Number(row.rows_per_second) << "<td>" << size
        << "</tr>\n";
  }
  out << "</table>\n";
  Chart(out, "Puts per second", rows, [](const auto& row) { return row.puts_per_second; });
  Chart(out, "Gets per second", rows, [](const auto& row) { return row.gets_per_second; });
  Chart(out, "Rows per second of a scan", rows,
        [](const auto& row) { return row.rows_per_second; });
  out << "<p><small>One run each on a shared machine: compare bars, not absolute figures. In sync "
         "mode "
         "4,000 puts are made, since each waits for the disk, and the size is scaled "
         "up.</small></p>\n"
      << "</body></html>\n";
  std::ofstream page(file, std::ios::binary);
  page << out.str();
  page.close();
  if (!page) return Error(ErrorCode::kIo, "cannot be written", file.string());
  return {};
}

}  // namespace quiver::cli
