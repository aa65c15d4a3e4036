// See toml_document.h.
#include "config/toml_document.h"

#include <algorithm>
#include <tuple>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// Version 3.3.0 asserts what malformed text can break, although the code behind the assertions then
// reports the fault properly. Without NDEBUG they would abort the process, with it clang would take
// the broken condition for granted. A mistake in a file may do neither, so the assertions are taken
// out before the parser is included.
#include <toml++/impl/preprocessor.h>
#undef TOML_ASSERT
#define TOML_ASSERT(condition) static_assert(true)
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(condition) static_assert(true)
#undef TOML_ASSUME
#define TOML_ASSUME(...) static_assert(true)
#include <toml++/toml.h>

namespace quiver {

namespace {

std::size_t LineOf(const toml::source_region& region) noexcept {
  return region.begin.line;
}

// The bytes of line `line` (from 1) of `text`, without its line feed.
std::string_view LineAt(std::string_view text, std::size_t line) {
  for (; line > 1; --line) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == line.npos;
}

bool IsComment(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  return first != line.npos && line[first] == '#';
}

std::size_t CountDots(std::string_view text) {
  std::size_t dots = 0;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (!IsComment(line))
      dots += static_cast<std::size_t>(std::count(line.begin(), line.end(), '.'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return dots;
}

std::string_view DescribeOther(toml::node_type type) {
  switch (type) {
    case toml::node_type::floating_point: return "a number with a fraction or no number (nan, inf)";
    case toml::node_type::array: return "an array";
    case toml::node_type::table: return "a table";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time: return "a date or time";
    default: return "no value of a setting";
  }
}

TomlValue ToValue(std::string_view group, std::string_view key, const toml::node& node) {
  TomlValue value{
      std::string(group), std::string(key), LineOf(node.source()), TomlKind::kOther, {}};
  if (const auto* boolean = node.as_boolean()) {
    value.kind = TomlKind::kBool;
    value.text = boolean->get() ? "true" : "false";
  } else if (const auto* integer = node.as_integer()) {
    value.kind = TomlKind::kInteger;
    value.text = std::to_string(integer->get());
  } else if (const auto* string = node.as_string()) {
    value.kind = TomlKind::kString;
    value.text = string->get();
  } else {
    value.text = DescribeOther(node.type());
  }
  return value;
}

void Flatten(const toml::table& document, TomlValues& result) {
  for (const auto& [key, node] : document) {
    const toml::table* group = node.as_table();
    if (group == nullptr) {
      result.values.push_back(ToValue({}, key.str(), node));
      continue;
    }
    result.groups.push_back({std::string(key.str()), LineOf(node.source())});
    for (const auto& [inner_key, inner_node] : *group) {
      result.values.push_back(ToValue(key.str(), inner_key.str(), inner_node));
    }
  }
  std::sort(result.groups.begin(), result.groups.end(), [](const auto& a, const auto& b) {
    return std::tie(a.line, a.name) < std::tie(b.line, b.name);
  });
  std::sort(result.values.begin(), result.values.end(), [](const auto& a, const auto& b) {
    return std::tie(a.line, a.key) < std::tie(b.line, b.key);
  });
}

}  // namespace

TomlValues ReadTomlValues(std::string_view toml, ConfigFaults& faults) {
  TomlValues result;
  if (CountDots(toml) > kTomlDotsMax) {
    faults.Add(1, "over " + std::to_string(kTomlDotsMax) +
                      " dots outside comments: tables would nest too deeply");
    return result;
  }
  // No setting has a name or a value beyond ASCII, and the library's tables of other characters
  // have holes (U+0440 outside a string is undefined behaviour), so that it gets to see none: in a
  // comment a question mark does no harm, and anywhere else it is the fault that the character is.
  std::string text(toml);
  std::replace_if(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; }, '?');
  // The library stops at the first fault. Blanking that line and reading again finds the next
  // one, and line numbers stay as they are.
  std::size_t last_blanked = 0;
  for (std::size_t attempt = 0; attempt < kSyntaxFaultsMax; ++attempt) {
    const toml::parse_result parsed = toml::parse(std::string_view(text));
    if (parsed.succeeded()) {
      Flatten(parsed.table(), result);
      return result;
    }
    const std::size_t line_number = LineOf(parsed.error().source());
    const std::string_view line = LineAt(text, line_number);
    // A fault that shows where nothing is left began further up, in a string that is not closed.
    if (IsBlank(line) && line_number == last_blanked) return result;
    faults.Add(line_number, std::string(parsed.error().description()));
    if (IsBlank(line)) return result;
    if (line[line.find_first_not_of(" \t")] == '[') result.groups_known = false;
    const auto offset = static_cast<std::size_t>(line.data() - text.data());
    std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(offset), line.size(), ' ');
    last_blanked = line_number;
  }
  return result;
}

}  // namespace quiver
