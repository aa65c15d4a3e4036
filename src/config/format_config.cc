// FormatConfig: a configuration as the TOML file that ParseConfig reads back to the same values.
#include "config/config_table.h"

namespace quiver {

namespace {

// Sizes and names are strings in TOML, other values stand bare. A plain size needs no quotes.
bool NeedsQuotes(SettingType type, std::string_view value) {
  if (type == SettingType::kEnum) return true;
  return type == SettingType::kSize && value.find_first_not_of("0123456789") != value.npos;
}

}  // namespace

std::string FormatConfig(const DatabaseConfig& config) {
  std::string toml;
  std::string_view group;
  for (const SettingRow& row : SettingRows()) {
    if (row.info.group != group) {
      if (!group.empty()) toml += '\n';
      group = row.info.group;
      toml += "[" + std::string(group) + "]\n";
    }
    const std::string value = FormatValue(row, row.read(config));
    const std::string_view quote = NeedsQuotes(row.info.type, value) ? "\"" : "";
    toml += "# " + std::string(row.info.sentence) + "\n";
    toml += row.info.name;
    toml += " = ";
    toml += quote;
    toml += value;
    toml += quote;
    toml += '\n';
  }
  return toml;
}

}  // namespace quiver
