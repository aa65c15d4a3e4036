// FormatConfig: a configuration as the TOML file that ParseConfig reads back to the same values.
#include "config/config_table.h"

namespace quiver {

namespace {

// Sizes and names are strings in TOML, other values stand bare. A plain size needs no quotes.
bool NeedsQuotes(SettingType type, std::string_view value) {
  if (type == SettingType::kEnum) return true;
  return type == SettingType::kSize && value.find_first_not_of("0123456789") != value.npos;
}

void AppendSetting(std::string& toml, const SettingRow& row, const DatabaseConfig& config) {
  const std::string value = FormatValue(row, row.read(config));
  const std::string_view quote = NeedsQuotes(row.info.type, value) ? "\"" : "";
  toml.append(row.info.name).append(" = ").append(quote).append(value).append(quote);
  toml += '\n';
}

}  // namespace

std::string FormatKeyspaceSettings(const DatabaseConfig& config) {
  std::string toml;
  for (const SettingRow& row : SettingRows()) {
    if (row.info.per_keyspace) AppendSetting(toml, row, config);
  }
  return toml;
}

Result<void> CheckKeyspaceSettings(const DatabaseConfig& database, const DatabaseConfig& keyspace) {
  std::string message;
  for (const SettingRow& row : SettingRows()) {
    if (row.info.per_keyspace || row.info.per_open) continue;
    if (row.read(database) == row.read(keyspace)) continue;
    message.append("\n  ").append(row.info.name).append(" is ");
    message.append(FormatValue(row, row.read(database))).append(" and cannot be ");
    message.append(FormatValue(row, row.read(keyspace))).append(" in a keyspace");
  }
  if (message.empty()) return {};
  return Error(ErrorCode::kInvalidArgument,
               "settings of the whole database differ:" + message +
                   "\nstart from the configuration of the database and change only settings that "
                   "docs/configuration.md marks as per keyspace");
}

std::string FormatConfig(const DatabaseConfig& config) {
  std::string toml;
  std::string_view group;
  for (const SettingRow& row : SettingRows()) {
    if (row.info.group != group) {
      if (!group.empty()) toml += '\n';
      group = row.info.group;
      toml += "[" + std::string(group) + "]\n";
    }
    toml += "# " + std::string(row.info.sentence) + "\n";
    AppendSetting(toml, row, config);
  }
  return toml;
}

}  // namespace quiver
