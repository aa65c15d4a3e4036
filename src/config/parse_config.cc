// ParseConfig: a TOML text over a base configuration. Faults are gathered, not returned one by one;
// the configuration is handed out only if there are none.
//
// Rules between settings are not checked here but by ValidateConfig, because flags and the
// program may still change settings after the file is read.
#include <algorithm>
#include <map>

#include "base/try.h"
#include "base/utf8.h"
#include "config/config_faults.h"
#include "config/config_table.h"
#include "config/nearest_name.h"
#include "config/setting_text.h"
#include "config/toml_document.h"

namespace quiver {

namespace {

constexpr std::size_t kConfigBytesMax = std::size_t{1} << 20;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Refuses what no TOML reader should be given.
bool CheckText(std::string_view toml, ConfigFaults& faults) {
  if (toml.size() > kConfigBytesMax) {
    faults.Add(1, "the text has " + std::to_string(toml.size()) + " bytes, the most is " +
                      FormatSize(kConfigBytesMax));
    return false;
  }
  if (toml.starts_with(kByteOrderMark)) {
    faults.Add(1, "the text starts with a byte order mark: save it as UTF-8 without one");
    return false;
  }
  if (const auto offset = FindInvalidUtf8(toml)) {
    const auto before = toml.substr(0, *offset);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    faults.Add(static_cast<std::size_t>(line),
               "byte " + std::to_string(*offset) + " of the text is not UTF-8");
    return false;
  }
  return true;
}

bool IsGroup(std::string_view name) {
  const auto rows = SettingRows();
  return std::any_of(rows.begin(), rows.end(),
                     [name](const SettingRow& row) { return row.info.group == name; });
}

// FindSetting would look for the nearest name, which costs more than all the rest of the parsing.
bool IsSetting(std::string_view name) {
  const auto rows = SettingRows();
  return std::any_of(rows.begin(), rows.end(),
                     [name](const SettingRow& row) { return row.info.name == name; });
}

std::string_view ExpectedForm(SettingType type) {
  switch (type) {
    case SettingType::kBool: return "true or false without quotes";
    case SettingType::kInteger: return "a whole number without quotes";
    case SettingType::kSize: return "a whole number or a size in quotes such as \"64MiB\"";
    case SettingType::kEnum: return "a name in quotes";
  }
  return "a value";
}

bool HasRightKind(SettingType type, TomlKind kind) {
  switch (type) {
    case SettingType::kBool: return kind == TomlKind::kBool;
    case SettingType::kInteger: return kind == TomlKind::kInteger;
    case SettingType::kSize: return kind == TomlKind::kInteger || kind == TomlKind::kString;
    case SettingType::kEnum: return kind == TomlKind::kString;
  }
  return false;
}

std::string DescribeKind(const TomlValue& value) {
  switch (value.kind) {
    case TomlKind::kBool: return "a boolean";
    case TomlKind::kInteger: return "an integer";
    case TomlKind::kString: return "a string";
    case TomlKind::kOther: return value.text;
  }
  return "a value";
}

Result<std::uint64_t> ReadValue(const SettingRow& row, const TomlValue& value) {
  if (!HasRightKind(row.info.type, value.kind)) {
    return Error(ErrorCode::kInvalidArgument, "is " + DescribeKind(value) + ", expected " +
                                                  std::string(ExpectedForm(row.info.type)));
  }
  return ParseValue(row, value.text);
}

class ConfigReader {
 public:
  ConfigReader(const DatabaseConfig& base, bool groups_known, ConfigFaults& faults)
      : config_(base), groups_known_(groups_known), faults_(faults) {}

  void Take(const TomlGroup& group) {
    if (IsGroup(group.name)) return;
    if (const Result<const SettingRow*> row = FindSetting(group.name)) {
      faults_.Add(group.line, group.name + ": is a table, expected " +
                                  std::string(ExpectedForm((*row)->info.type)));
      return;
    }
    std::vector<std::string_view> names;
    for (const SettingRow& row : SettingRows()) names.push_back(row.info.group);
    std::string fault = "unknown group " + Quote(group.name);
    if (const auto nearest = NearestName(group.name, names)) {
      fault += "; the nearest is '" + std::string(*nearest) + "'";
    }
    faults_.Add(group.line, std::move(fault));
  }

  void Take(const TomlValue& value) {
    if (IsSetting(value.group)) return;  // reported as a group
    const Result<const SettingRow*> row = FindSetting(value.key);
    if (!row) {
      faults_.Add(value.line, row.error().message());
      return;
    }
    const SettingInfo& info = (*row)->info;
    if (groups_known_ && IsGroup(value.group) && value.group != info.group) {
      faults_.Add(value.line, value.key + " stands under [" + value.group +
                                  "], it belongs under [" + std::string(info.group) +
                                  "] or at the top");
    }
    // The library refuses a key given twice in one table; this finds it in two tables.
    const auto [first, inserted] = lines_.emplace(info.name, value.line);
    if (!inserted) {
      faults_.Add(value.line,
                  value.key + " was set on line " + std::to_string(first->second) + " already");
    }
    const Result<std::uint64_t> number = ReadValue(**row, value);
    if (!number) {
      faults_.Add(value.line, value.key + ": " + number.error().message());
      return;
    }
    (*row)->write(config_, *number);
  }

  const DatabaseConfig& config() const noexcept { return config_; }

 private:
  DatabaseConfig config_;
  const bool groups_known_;
  ConfigFaults& faults_;
  std::map<std::string_view, std::size_t> lines_;
};

}  // namespace

Result<DatabaseConfig> ParseConfig(std::string_view toml, std::string_view source,
                                   const DatabaseConfig& base) {
  ConfigFaults faults(source);
  if (!CheckText(toml, faults)) return faults.ToError();
  const TomlValues document = ReadTomlValues(toml, faults);
  ConfigReader reader(base, document.groups_known, faults);
  for (const TomlGroup& group : document.groups) {
    if (!faults.full()) reader.Take(group);
  }
  for (const TomlValue& value : document.values) {
    if (!faults.full()) reader.Take(value);
  }
  if (!faults.empty()) return faults.ToError();
  return reader.config();
}

}  // namespace quiver
