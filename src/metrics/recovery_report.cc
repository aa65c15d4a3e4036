// RecoveryReport::ToText: what an open found, losses first, because they call for action.
#include "quiver/recovery_report.h"

#include "metrics/human_text.h"

namespace quiver {

namespace {

void AppendList(std::string_view title, const std::vector<std::string>& lines, std::string& text) {
  if (lines.empty()) return;
  text += std::string(title) + " (" + std::to_string(lines.size()) + ")\n";
  for (const std::string& line : lines) text += "  " + line + "\n";
}

}  // namespace

std::string RecoveryReport::ToText() const {
  std::string text;
  AppendList("LOST", losses, text);
  if (created) {
    text += "created a new database\n";
  } else {
    text += clean_shutdown ? "opened after a clean shutdown\n" : "opened after a crash\n";
  }
  TextTable table;
  table.AddRow({"log segments replayed", FormatCount(segments_replayed)});
  table.AddRow({"batches", FormatCount(batches_replayed)});
  table.AddRow({"entries", FormatCount(entries_replayed)});
  table.AddRow({"bytes", FormatBytes(bytes_replayed)});
  table.AddRow({"last sequence", FormatCount(last_sequence)});
  if (torn_tail_bytes > 0) {
    table.AddRow({"cut from the end of the log", FormatBytes(torn_tail_bytes)});
  }
  table.AddRow({"took", FormatDurationMs(duration_ms)});
  text += table.ToText("  ");
  AppendList("notes", notes, text);
  AppendList("orphans removed", orphans_removed, text);
  AppendList("foreign files left alone", foreign_files, text);
  return text;
}

}  // namespace quiver
