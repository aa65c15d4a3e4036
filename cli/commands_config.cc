// config show, config set, config check, config presets.
#include <cstdio>
#include <memory>

#include "exit_code.h"
#include "input.h"
#include "output.h"
#include "session.h"

namespace quiver::cli {

namespace {

// StoredConfig reads two files and no more, so a directory without a database looks damaged to it;
// an open tells the two apart.
Result<DatabaseConfig> StoredSettings(const std::string& directory) {
  auto stored = Database::StoredConfig(directory);
  if (stored) return stored;
  const auto opened = Database::OpenReadOnly(directory);
  return opened ? stored : Result<DatabaseConfig>(opened.error());
}

int Show(const Session& session, const std::string& directory) {
  DatabaseConfig base;
  if (!directory.empty()) {
    const auto stored = StoredSettings(directory);
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

// Why the flags cannot be stored; empty if they can.
std::string WhyNotStored(const Session& session) {
  if (!session.has_settings()) return "give the settings to change, such as --wal-mode batch";
  for (const SettingInfo& setting : ConfigTable()) {
    if (setting.per_open && session.settings().contains(std::string(setting.name))) {
      return std::string(setting.name) + " is about one open and is never stored";
    }
  }
  return "";
}

// An open with other settings stores them, after it has checked that they fit the database.
int Set(const Session& session, const std::string& directory) {
  if (const std::string reason = WhyNotStored(session); !reason.empty()) {
    std::fprintf(stderr, "quiver config set: %s\n", reason.c_str());
    return kUsage;
  }
  const auto before = StoredSettings(directory);
  if (!before) return Fail(before.error());
  auto config = session.ConfigOver(*before);
  if (!config) return Fail(config.error());
  config->create_if_missing = false;
  config->store_settings = true;
  auto database = Database::Open(directory, *config);
  if (!database) return Fail(database.error());
  PrintRecovery((*database)->recovery_report());
  if (const auto closed = (*database)->Close(); !closed) return Fail(closed.error());
  for (const SettingInfo& setting : ConfigTable()) {
    const auto was = GetSetting(*before, setting.name);
    const auto is = GetSetting(*config, setting.name);
    if (setting.per_open || !was || !is || *was == *is) continue;
    std::printf("%s = %s (was %s)\n", std::string(setting.name).c_str(), is->c_str(), was->c_str());
  }
  return kDone;
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
  CLI::App* config = app.add_subcommand("config", "Show, change and check settings");
  config->require_subcommand(1);

  auto directory = std::make_shared<std::string>();
  CLI::App* show = config->add_subcommand("show", "Print settings as TOML");
  show->add_option("dir", *directory, "A database whose stored settings are the base");
  session.AddSettingFlags(*show);
  session.SetAction(*show, [&session, directory] { return Show(session, *directory); });

  auto changed = std::make_shared<std::string>();
  CLI::App* set =
      config->add_subcommand("set", "Change the settings stored with a database; prints each");
  set->add_option("dir", *changed, "Directory of the database")->required();
  session.AddSettingFlags(*set);
  session.SetAction(*set, [&session, changed] { return Set(session, *changed); });

  auto file = std::make_shared<std::string>();
  CLI::App* check = config->add_subcommand("check", "Check a TOML file and say everything wrong");
  check->add_option("file", *file, "The file")->required();
  session.AddSettingFlags(*check);
  session.SetAction(*check, [&session, file] { return Check(session, *file); });

  CLI::App* presets = config->add_subcommand("presets", "Print the three presets");
  session.SetAction(*presets, [] { return ShowPresets(); });
}

}  // namespace quiver::cli
