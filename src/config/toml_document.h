// ReadTomlValues: the one place that sees the TOML library. It turns a text into a flat list of
// values with their lines, and reports every fault of syntax it can find.
//
// Hostile input: the caller bounds the size; this floor bounds the nesting, because the library
// frees nested tables by recursion.
//
// Thread safety: pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_faults.h"

namespace quiver {

enum class TomlKind { kBool, kInteger, kString, kOther };

struct TomlValue {
  std::string group;  ///< the table that holds it, empty at the top
  std::string key;
  std::size_t line;
  TomlKind kind;
  /// The value: "true", "-5", the bytes of a string; for kOther what it is instead, such as "an
  /// array".
  std::string text;
};

/// A table at the top of the text.
struct TomlGroup {
  std::string name;
  std::size_t line;
};

/// What ReadTomlValues found, each list in the order of the lines.
struct TomlValues {
  std::vector<TomlGroup> groups;
  std::vector<TomlValue> values;
  /// False if a header could not be read, so that values may stand in another group than meant.
  bool groups_known = true;
};

/// Reads `toml`, which is valid UTF-8. A line that breaks the syntax is reported and left out, so
/// that the others are still seen; after kSyntaxFaultsMax of them the rest of the text is given up.
TomlValues ReadTomlValues(std::string_view toml, ConfigFaults& faults);

inline constexpr std::size_t kSyntaxFaultsMax = 20;
/// Dots outside comments that a text may have: each may nest one table in another.
inline constexpr std::size_t kTomlDotsMax = 1000;

}  // namespace quiver
