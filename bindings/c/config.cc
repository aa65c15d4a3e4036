// Configurations and the table of settings, for C.
#include "handles.h"

using quiver::c::Call;
using quiver::c::CopyText;
using quiver::c::GiveHandle;

static_assert(QUIVER_SETTING_BOOL == static_cast<int>(quiver::SettingType::kBool));
static_assert(QUIVER_SETTING_INTEGER == static_cast<int>(quiver::SettingType::kInteger));
static_assert(QUIVER_SETTING_SIZE == static_cast<int>(quiver::SettingType::kSize));
static_assert(QUIVER_SETTING_ENUM == static_cast<int>(quiver::SettingType::kEnum));

quiver_code quiver_config_create(const char* preset, quiver_config** config, quiver_error** error) {
  return Call(error, {{config, "config"}}, [&] {
    return GiveHandle(preset == nullptr ? quiver::Balanced() : quiver::Preset(preset), config);
  });
}

quiver_code quiver_config_copy(const quiver_config* from, quiver_config** config,
                               quiver_error** error) {
  return Call(error, {{from, "from"}, {config, "config"}}, [&]() -> quiver::Result<void> {
    *config = new quiver_config(*from);
    return {};
  });
}

void quiver_config_destroy(quiver_config* config) {
  delete config;
}

quiver_code quiver_config_set(quiver_config* config, const char* name, const char* value,
                              quiver_error** error) {
  return Call(error, {{config, "config"}, {name, "name"}, {value, "value"}},
              [&] { return quiver::SetSetting(config->config, name, value); });
}

quiver_code quiver_config_get(const quiver_config* config, const char* name, char** value,
                              quiver_error** error) {
  return Call(error, {{config, "config"}, {name, "name"}, {value, "value"}},
              [&]() -> quiver::Result<void> {
                const auto text = quiver::GetSetting(config->config, name);
                if (!text) return text.error();
                *value = CopyText(*text);
                return {};
              });
}

quiver_code quiver_config_parse(quiver_config* config, const char* toml, size_t toml_size,
                                const char* source, quiver_error** error) {
  return Call(error, {{config, "config"}, {toml, toml_size, "toml"}, {source, "source"}},
              [&]() -> quiver::Result<void> {
                const auto parsed =
                    quiver::ParseConfig(quiver::c::Bytes(toml, toml_size), source, config->config);
                if (!parsed) return parsed.error();
                config->config = *parsed;
                return {};
              });
}

quiver_code quiver_config_format(const quiver_config* config, char** toml, quiver_error** error) {
  return Call(error, {{config, "config"}, {toml, "toml"}}, [&]() -> quiver::Result<void> {
    *toml = CopyText(quiver::FormatConfig(config->config));
    return {};
  });
}

quiver_code quiver_config_validate(const quiver_config* config, quiver_error** error) {
  return Call(error, {{config, "config"}}, [&]() -> quiver::Result<void> {
    std::string broken;
    for (const quiver::ConfigViolation& violation : quiver::ValidateConfig(config->config)) {
      if (!broken.empty()) broken += '\n';
      broken += violation.ToString();
    }
    if (broken.empty()) return {};
    return quiver::Error(quiver::ErrorCode::kInvalidArgument, std::move(broken));
  });
}

bool quiver_config_equal(const quiver_config* left, const quiver_config* right) {
  return left != nullptr && right != nullptr && left->config == right->config;
}

size_t quiver_setting_count(void) {
  return quiver::ConfigTable().size();
}

// The table's texts are literals, so each ends with a NUL.
quiver_code quiver_setting_at(size_t index, quiver_setting* setting, quiver_error** error) {
  return Call(error, {{setting, "setting"}}, [&]() -> quiver::Result<void> {
    const auto table = quiver::ConfigTable();
    if (index >= table.size()) {
      return quiver::Error(quiver::ErrorCode::kInvalidArgument,
                           "there is no setting " + std::to_string(index) + ": there are " +
                               std::to_string(table.size()));
    }
    const quiver::SettingInfo& row = table[index];
    *setting = {.name = row.name.data(),
                .group = row.group.data(),
                .flag = row.flag.empty() ? "" : row.flag.data(),
                .sentence = row.sentence.data(),
                .type = static_cast<quiver_setting_type>(row.type),
                .minimum = row.minimum,
                .maximum = row.maximum,
                .choice_count = row.choices.size(),
                .fixed_at_creation = row.fixed_at_creation,
                .per_open = row.per_open};
    return {};
  });
}

const char* quiver_setting_choice(size_t setting_index, size_t choice_index) {
  const auto table = quiver::ConfigTable();
  if (setting_index >= table.size()) return nullptr;
  const auto choices = table[setting_index].choices;
  return choice_index < choices.size() ? choices[choice_index].data() : nullptr;
}

const char* quiver_preset_name(size_t index) {
  const auto names = quiver::PresetNames();
  return index < names.size() ? names[index].data() : nullptr;
}

quiver_code quiver_stored_config(const char* directory, quiver_config** config,
                                 quiver_error** error) {
  return Call(error, {{directory, "directory"}, {config, "config"}},
              [&] { return GiveHandle(quiver::Database::StoredConfig(directory), config); });
}
