// Values of settings from text and to text, driven by the settings table (config_table.h).
#include <algorithm>
#include <vector>

#include "base/try.h"
#include "config/config_table.h"
#include "config/nearest_name.h"
#include "config/setting_text.h"

namespace quiver {

namespace {

std::string FormatNumber(SettingType type, std::uint64_t value) {
  return type == SettingType::kSize ? FormatSize(value) : std::to_string(value);
}

// "a, b or c"
std::string JoinChoices(std::span<const std::string_view> choices) {
  std::string joined;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) joined += i + 1 == choices.size() ? " or " : ", ";
    joined += choices[i];
  }
  return joined;
}

Result<std::uint64_t> ParseChoice(const SettingInfo& info, std::string_view text) {
  const auto found = std::find(info.choices.begin(), info.choices.end(), text);
  if (found != info.choices.end()) {
    return static_cast<std::uint64_t>(found - info.choices.begin());
  }
  std::string message = Quote(text) + " is not one of " + JoinChoices(info.choices);
  if (const auto nearest = NearestName(text, info.choices); nearest && !text.empty()) {
    message += "; did you mean '" + std::string(*nearest) + "'?";
  }
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

Result<const SettingRow*> FindSetting(std::string_view name) {
  const auto rows = SettingRows();
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [name](const SettingRow& row) { return row.info.name == name; });
  if (found != rows.end()) return &*found;
  std::vector<std::string_view> names;
  names.reserve(rows.size());
  for (const SettingRow& row : rows) names.push_back(row.info.name);
  std::string message = "unknown setting " + Quote(name);
  if (const auto nearest = NearestName(name, names)) {
    message += "; the nearest is '" + std::string(*nearest) + "'";
  }
  return Error(ErrorCode::kNotFound, std::move(message));
}

bool InRange(const SettingRow& row, std::uint64_t value) noexcept {
  return value >= row.info.minimum && value <= row.info.maximum;
}

std::string FormatRange(const SettingInfo& info) {
  switch (info.type) {
    case SettingType::kBool: return "true or false";
    case SettingType::kEnum: return JoinChoices(info.choices);
    case SettingType::kInteger:
    case SettingType::kSize: break;
  }
  return FormatNumber(info.type, info.minimum) + " to " + FormatNumber(info.type, info.maximum);
}

std::string FormatValue(const SettingRow& row, std::uint64_t value) {
  switch (row.info.type) {
    case SettingType::kBool: return value != 0 ? "true" : "false";
    case SettingType::kEnum:
      if (value < row.info.choices.size()) return std::string(row.info.choices[value]);
      return "unknown (" + std::to_string(value) + ")";
    case SettingType::kInteger:
    case SettingType::kSize: break;
  }
  if (row.is_signed) return std::to_string(static_cast<std::int64_t>(value));
  return FormatNumber(row.info.type, value);
}

Result<void> CheckRange(const SettingRow& row, std::uint64_t value) {
  if (InRange(row, value)) return {};
  return Error(ErrorCode::kInvalidArgument,
               FormatValue(row, value) + " is out of range, allowed is " + FormatRange(row.info));
}

Result<std::uint64_t> ParseValue(const SettingRow& row, std::string_view text) {
  std::uint64_t value = 0;
  switch (row.info.type) {
    case SettingType::kBool: {
      QUIVER_ASSIGN_OR_RETURN(value, ParseBool(text));
      break;
    }
    case SettingType::kEnum: {
      QUIVER_ASSIGN_OR_RETURN(value, ParseChoice(row.info, text));
      break;
    }
    case SettingType::kInteger: {
      QUIVER_ASSIGN_OR_RETURN(value, ParseInteger(text));
      break;
    }
    case SettingType::kSize: {
      QUIVER_ASSIGN_OR_RETURN(value, ParseSize(text));
      break;
    }
  }
  QUIVER_TRY(CheckRange(row, value));
  return value;
}

Result<std::string> GetSetting(const DatabaseConfig& config, std::string_view name) {
  QUIVER_ASSIGN_OR_RETURN(const SettingRow* row, FindSetting(name));
  return FormatValue(*row, row->read(config));
}

Result<void> SetSetting(DatabaseConfig& config, std::string_view name, std::string_view text) {
  QUIVER_ASSIGN_OR_RETURN(const SettingRow* row, FindSetting(name));
  const Result<std::uint64_t> value = ParseValue(*row, text);
  if (!value) return value.error().WithContext(name);
  row->write(config, *value);
  return {};
}

}  // namespace quiver
