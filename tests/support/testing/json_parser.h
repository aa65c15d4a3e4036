// A strict reader of JSON for the tests of what Quiver writes: it accepts RFC 8259 and nothing
// else, and flattens a document into paths such as "operations.put.count" or "levels.0.score".
//
// Thread safety: one thread at a time.
#pragma once

#include <cctype>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace quiver::testing {

class JsonParser {
 public:
  /// The leaves of `json` by path, strings without quotes; nothing if it is no valid document.
  static std::optional<std::map<std::string, std::string>> Flatten(std::string_view json) {
    if (FindInvalidUtf8(json)) return std::nullopt;
    JsonParser parser(json);
    if (!parser.Value("") || !parser.rest_.empty()) return std::nullopt;
    return parser.leaves_;
  }

 private:
  explicit JsonParser(std::string_view json) : rest_(json) {}

  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool Value(const std::string& path) {
    if (rest_.starts_with('{')) return Object(path);
    if (rest_.starts_with('[')) return Array(path);
    std::string leaf;
    if (rest_.starts_with('"') ? !String(leaf) : !Word(leaf)) return false;
    return leaves_.emplace(path, leaf).second;
  }

  bool Object(const std::string& path) {
    Take('{');
    if (Take('}')) return true;
    do {
      std::string key;
      if (!String(key) || !Take(':') || !Value(path.empty() ? key : path + "." + key)) return false;
    } while (Take(','));
    return Take('}');
  }

  bool Array(const std::string& path) {
    Take('[');
    if (Take(']')) return true;
    int index = 0;
    do {
      if (!Value(path + "." + std::to_string(index++))) return false;
    } while (Take(','));
    return Take(']');
  }

  // A number, true, false or null.
  bool Word(std::string& word) {
    while (!rest_.empty() &&
           std::string_view(",]}").find(rest_.front()) == std::string_view::npos) {
      word += rest_.front();
      rest_.remove_prefix(1);
    }
    if (word == "true" || word == "false" || word == "null") return true;
    return IsNumber(word);
  }

  // -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
  static bool IsNumber(std::string_view text) {
    const auto digits = [&text] {
      std::size_t count = 0;
      while (!text.empty() && std::isdigit(static_cast<unsigned char>(text.front()))) {
        text.remove_prefix(1);
        ++count;
      }
      return count;
    };
    if (text.starts_with('-')) text.remove_prefix(1);
    const bool leading_zero = text.starts_with('0');
    const std::size_t whole = digits();
    if (whole == 0 || (leading_zero && whole > 1)) return false;
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      if (digits() == 0) return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
      text.remove_prefix(1);
      if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
      if (digits() == 0) return false;
    }
    return text.empty();
  }

  bool String(std::string& out) {
    if (!Take('"')) return false;
    while (!rest_.empty() && rest_.front() != '"') {
      const auto byte = static_cast<unsigned char>(rest_.front());
      if (byte < 0x20) return false;
      if (byte == '\\') {
        if (!Escape(out)) return false;
      } else {
        out += rest_.front();
        rest_.remove_prefix(1);
      }
    }
    return Take('"');
  }

  bool Escape(std::string& out) {
    rest_.remove_prefix(1);
    if (rest_.starts_with('"') || rest_.starts_with('\\')) {
      out += rest_.front();
      rest_.remove_prefix(1);
      return true;
    }
    if (!rest_.starts_with("u00") || rest_.size() < 5) return false;
    const std::string digits(rest_.substr(3, 2));
    if (digits.find_first_not_of("0123456789abcdef") != std::string::npos) return false;
    out += static_cast<char>(std::stoi(digits, nullptr, 16));
    rest_.remove_prefix(5);
    return true;
  }

  std::string_view rest_;
  std::map<std::string, std::string> leaves_;
};

}  // namespace quiver::testing
