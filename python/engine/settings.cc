// Settings of databases and keyspaces, for Python.
#include "settings.h"

namespace quiver::python {

namespace {

// A setting's value as the text that the table of settings parses.
std::string SettingText(const std::string& name, nb::handle value) {
  if (nb::isinstance<nb::bool_>(value)) return nb::cast<bool>(value) ? "true" : "false";
  if (nb::isinstance<nb::int_>(value) || nb::isinstance<nb::str>(value)) {
    return TextArgument(nb::str(value), name.c_str());
  }
  RaiseType(PyExc_TypeError, "the setting " + name + " is a bool, an int or a str" +
                                 (name == "merge_operator"
                                      ? ": an operator cannot be written in Python (docs/python.md)"
                                      : ""));
}

}  // namespace

void ApplySettings(DatabaseConfig& config, const nb::kwargs& settings) {
  for (const auto& [name, value] : settings) {
    const std::string setting = TextArgument(name, "the name of a setting");
    const Result<void> set = SetSetting(config, setting, SettingText(setting, value));
    if (!set && set.error().code() == ErrorCode::kNotFound) {
      RaiseType(PyExc_TypeError, set.error().message());  // as any unknown keyword argument
    }
    Unwrap(set);
  }
}

nb::dict SettingsDict(const DatabaseConfig& config) {
  nb::dict settings;
  for (const SettingInfo& row : ConfigTable()) {
    settings[nb::str(row.name.data(), row.name.size())] = Unwrap(GetSetting(config, row.name));
  }
  return settings;
}

}  // namespace quiver::python
