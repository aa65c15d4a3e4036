// The settings table: one row for each field of DatabaseConfig. Reading, writing, parsing,
// printing, validating and documenting settings all walk these rows; to add a setting, add the
// field and its row (the build stops if either is missing).
//
// Thread safety: constants and pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "quiver/config.h"

namespace quiver {

/// More than this many settings is more than anybody can understand.
inline constexpr std::size_t kSettingCountMax = 40;

/// A setting and how to reach its field. Values of every type travel as 64 bits: booleans as 0
/// and 1, enums as their number, negative numbers sign-extended.
struct SettingRow {
  SettingInfo info;
  std::uint64_t (*read)(const DatabaseConfig&) noexcept;
  void (*write)(DatabaseConfig&, std::uint64_t) noexcept;
  bool is_signed;
};

/// All rows, in the order of DatabaseConfig's fields.
std::span<const SettingRow> SettingRows() noexcept;

/// The row named `name`; kNotFound naming the nearest setting if there is none.
Result<const SettingRow*> FindSetting(std::string_view name);

/// `config` with the default of every setting that is about one open only: what is stored.
DatabaseConfig StoredSettings(const DatabaseConfig& config) noexcept;

/// The per-keyspace settings of `config` as TOML that ParseConfig takes back.
std::string FormatKeyspaceSettings(const DatabaseConfig& config);
/// kInvalidArgument naming each setting that is not per keyspace and in which `keyspace` differs
/// from `database`.
Result<void> CheckKeyspaceSettings(const DatabaseConfig& database, const DatabaseConfig& keyspace);

/// True if `value` is within the row's range.
bool InRange(const SettingRow& row, std::uint64_t value) noexcept;
/// "2 to 64", "4KiB to 1MiB", "true or false", "sync, batch or async".
std::string FormatRange(const SettingInfo& info);
/// `value` as text that ParseValue takes back: "64MiB", "true", "sync".
std::string FormatValue(const SettingRow& row, std::uint64_t value);
/// The value that `text` stands for. kInvalidArgument, without the setting's name, if it is no
/// value of the setting's type or out of range.
Result<std::uint64_t> ParseValue(const SettingRow& row, std::string_view text);
/// kInvalidArgument, without the setting's name, if `value` is out of range.
Result<void> CheckRange(const SettingRow& row, std::uint64_t value);

}  // namespace quiver
