// Goal: no text as a configuration or as a setting's value does harm, and settings that were
// accepted print as text that is accepted and gives them again.
//
// Input: TOML; its first lines NAME=VALUE are also tried as flags would give them.
#include <string>

#include "base/check.h"
#include "fuzz_target.h"
#include "quiver/config.h"

namespace quiver::fuzz {

namespace {

void SetLine(std::string_view line) {
  const std::size_t sign = line.find('=');
  if (sign == std::string_view::npos) return;
  DatabaseConfig config;
  const std::string_view name = line.substr(0, sign);
  if (!SetSetting(config, name, line.substr(sign + 1))) return;
  const auto shown = GetSetting(config, name);
  QUIVER_CHECK(shown.ok());
  DatabaseConfig again;
  QUIVER_CHECK(SetSetting(again, name, *shown).ok());
  QUIVER_CHECK(config == again);
}

}  // namespace

void FuzzSettings(std::string_view input) {
  if (const auto config = ParseConfig(input, "fuzz.toml")) {
    (void)ValidateConfig(*config);  // rules between settings are not ParseConfig's, but the open's
    const auto again = ParseConfig(FormatConfig(*config), "formatted.toml");
    QUIVER_CHECK(again.ok() && *again == *config);
  }
  (void)Preset(input.substr(0, input.find('\n')));
  for (int lines = 0; lines < 4 && !input.empty(); ++lines) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    SetLine(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
}

}  // namespace quiver::fuzz
