#include "session.h"

#include <algorithm>
#include <fstream>
#include <sstream>

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

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error(ErrorCode::kIo, "cannot be read; give the path of a TOML file", path);
  return text.str();
}

}  // namespace

void Session::AddSettingFlags(CLI::App& verb) {
  verb.add_option("--preset", preset_,
                  "Base settings: balanced, high_performance, memory_efficient")
      ->group("Settings");
  verb.add_option("--config", config_file_, "TOML file with settings")->group("Settings");
  const DatabaseConfig defaults;
  for (const SettingInfo& setting : ConfigTable()) {
    const std::string name(setting.name);
    verb.add_option_function<std::string>(
            FlagName(setting), [this, name](const std::string& text) { settings_[name] = text; },
            Description(setting, defaults))
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
  }
  if (!config_file_.empty()) {
    const auto text = ReadFile(config_file_);
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

Result<std::unique_ptr<Database>> Session::OpenForWriting(const std::filesystem::path& directory,
                                                          bool create) const {
  DatabaseConfig base;
  if (const auto stored = Database::StoredConfig(directory)) base = *stored;
  auto config = ConfigOver(base);
  if (!config) return config.error();
  config->create_if_missing = create;
  return Database::Open(directory, *config);
}

}  // namespace quiver::cli
