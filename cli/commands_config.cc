// config show, config check, config presets.
#include <cstdio>
#include <memory>

#include "exit_code.h"
#include "input.h"
#include "output.h"
#include "session.h"

namespace quiver::cli {

namespace {

int Show(const Session& session, const std::string& directory) {
  DatabaseConfig base;
  if (!directory.empty()) {
    const auto stored = Database::StoredConfig(directory);
    if (!stored) return Fail(stored.error());
    base = *stored;
  }
  const auto config = session.ConfigOver(base);
  if (!config) return Fail(config.error());
  Print(FormatConfig(*config));
  return kDone;
}

int Check(const Session& session, const std::string& file) {
  const auto text = ReadSettingsFile(file);
  if (!text) return Fail(text.error());
  const auto config = ParseConfig(*text, file);
  if (!config) return Fail(config.error());
  const auto flagged = session.ConfigOver(*config);
  if (!flagged) return Fail(flagged.error());
  const auto violations = ValidateConfig(*flagged);
  for (const ConfigViolation& violation : violations) {
    std::printf("%s\n", violation.ToString().c_str());
  }
  std::printf("%s\n", violations.empty() ? "valid" : "NOT VALID");
  return violations.empty() ? kDone : kFailed;
}

int ShowPresets() {
  for (const std::string_view name : PresetNames()) {
    const auto preset = Preset(name);
    if (!preset) return Fail(preset.error());
    std::printf("%s\n", std::string(name).c_str());
    for (const SettingInfo& setting : ConfigTable()) {
      const auto value = GetSetting(*preset, setting.name);
      const auto standard = GetSetting(DatabaseConfig(), setting.name);
      if (!value || !standard || (*value == *standard && name != "balanced")) continue;
      std::printf("  %-36s %s\n", std::string(setting.name).c_str(), value->c_str());
    }
  }
  std::printf("A preset that does not name a setting has the value of balanced.\n");
  return kDone;
}

}  // namespace

void AddConfigVerbs(CLI::App& app, Session& session) {
  CLI::App* config = app.add_subcommand("config", "Show and check settings");
  config->require_subcommand(1);

  auto directory = std::make_shared<std::string>();
  CLI::App* show = config->add_subcommand("show", "Print settings as TOML");
  show->add_option("dir", *directory, "A database whose stored settings are the base");
  session.AddSettingFlags(*show);
  session.SetAction(*show, [&session, directory] { return Show(session, *directory); });

  auto file = std::make_shared<std::string>();
  CLI::App* check = config->add_subcommand("check", "Check a TOML file and say everything wrong");
  check->add_option("file", *file, "The file")->required();
  session.AddSettingFlags(*check);
  session.SetAction(*check, [&session, file] { return Check(session, *file); });

  CLI::App* presets = config->add_subcommand("presets", "Print the three presets");
  session.SetAction(*presets, [] { return ShowPresets(); });
}

}  // namespace quiver::cli
