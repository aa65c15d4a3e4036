#include "session.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "input.h"
#include "quiver/follower.h"

namespace quiver::cli {

namespace {

std::string FlagName(const SettingInfo& setting) {
  std::string dashed(setting.name);
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  std::string name = "--" + dashed;
  if (!setting.flag.empty() && setting.flag != dashed) name += ",--" + std::string(setting.flag);
  return name;
}

std::string Description(const SettingInfo& setting, const DatabaseConfig& defaults) {
  std::string text(setting.sentence);
  if (!setting.choices.empty()) {
    text += " One of:";
    for (const std::string_view choice : setting.choices) text += " " + std::string(choice);
    text += ".";
  }
  if (const auto value = GetSetting(defaults, setting.name)) text += " [" + *value + "]";
  return text;
}

// Why a setting does not take a text, without the setting's name; empty if it does.
std::string WhyNot(const std::string& name, const std::string& text) {
  DatabaseConfig scratch;
  const auto set = SetSetting(scratch, name, text);
  if (set) return "";
  const std::string& message = set.error().message();
  return message.starts_with(name + ": ") ? message.substr(name.size() + 2) : message;
}

constexpr std::size_t kRecoveryLinesMax = 10;

void PrintRecoveryLines(const std::vector<std::string>& lines, const char* prefix) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i == kRecoveryLinesMax) {
      std::fprintf(stderr, "recovery: and %zu more\n", lines.size() - i);
      return;
    }
    std::fprintf(stderr, "recovery: %s%s\n", prefix, lines[i].c_str());
  }
}

}  // namespace

void Session::AddSettingFlags(CLI::App& verb) {
  verb.add_option("--preset", preset_,
                  "Base settings: balanced, high_performance, memory_efficient")
      ->check([](const std::string& name) {
        const auto preset = Preset(name);
        return preset ? std::string() : preset.error().message();
      })
      ->group("Settings");
  verb.add_option("--config", config_file_, "TOML file with settings")->group("Settings");
  const DatabaseConfig defaults;
  for (const SettingInfo& setting : ConfigTable()) {
    const std::string name(setting.name);
    verb.add_option_function<std::string>(
            FlagName(setting), [this, name](const std::string& text) { settings_[name] = text; },
            Description(setting, defaults))
        ->check([name](const std::string& text) { return WhyNot(name, text); })
        ->group("Settings");
  }
}

void Session::SetAction(CLI::App& verb, std::function<int()> action) {
  verb.callback([this, action = std::move(action)] { action_ = action; });
}

Result<DatabaseConfig> Session::ConfigOver(const DatabaseConfig& base) const {
  DatabaseConfig config = base;
  if (!preset_.empty()) {
    auto preset = Preset(preset_);
    if (!preset) return preset.error();
    config = *preset;
    config.store_settings = base.store_settings;
  }
  if (!config_file_.empty()) {
    const auto text = ReadSettingsFile(config_file_);
    if (!text) return text.error();
    auto parsed = ParseConfig(*text, config_file_, config);
    if (!parsed) return parsed.error();
    config = *parsed;
  }
  for (const auto& [name, text] : settings_) {
    if (const auto set = SetSetting(config, name, text); !set) return set.error();
  }
  return config;
}

Result<DatabaseConfig> Session::ConfigForWriting(const std::filesystem::path& directory,
                                                 bool create) const {
  // Only where there is no database yet do the defaults hold: after any other error they would
  // replace the settings that could not be read.
  const auto stored = Database::StoredConfig(directory);
  if (!stored && stored.error().code() != ErrorCode::kNotFound) return stored.error();
  DatabaseConfig base = stored ? *stored : DatabaseConfig();
  base.store_settings = false;
  auto config = ConfigOver(base);
  if (config) config->create_if_missing = config->create_if_missing && create;
  return config;
}

Result<std::unique_ptr<Database>> Session::OpenForWriting(const std::filesystem::path& directory,
                                                          bool create) const {
  const auto config = ConfigForWriting(directory, create);
  if (!config) return config.error();
  auto database = Database::Open(directory, *config);
  if (database) PrintRecovery((*database)->recovery_report());
  return database;
}

Result<std::shared_ptr<Database>> OpenForReading(const std::filesystem::path& directory) {
  auto database = Database::OpenReadOnly(directory);
  if (database) return std::shared_ptr<Database>(*std::move(database));
  if (database.error().code() != ErrorCode::kBusy) return database.error();
  const auto follower = Follower::Open(directory);
  if (!follower) return follower.error();
  return (*follower)->database();
}

void PrintRecovery(const RecoveryReport& report) {
  PrintRecoveryLines(report.losses, "LOST: ");
  PrintRecoveryLines(report.notes, "");
  if (report.orphans_removed.empty()) return;
  std::string names;
  for (const std::string& name : report.orphans_removed) names += " " + name;
  PrintRecoveryLines({"removed leftovers that no manifest names:" + names}, "");
}

Result<std::uint64_t> ParseNumber(std::string_view text, std::uint64_t minimum,
                                  std::uint64_t maximum) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size() || number < minimum ||
      number > maximum) {
    return Error(ErrorCode::kInvalidArgument,
                 "'" + std::string(text) + "' is not a whole number from " +
                     std::to_string(minimum) + " to " + std::to_string(maximum));
  }
  return number;
}

}  // namespace quiver::cli
