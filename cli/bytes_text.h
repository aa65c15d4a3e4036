// Keys and values on the command line: plain, hexadecimal, escaped, or as JSON.
//
// JSON has no bytes: what is valid UTF-8 is written as "key", anything else as "key_hex".
//
// Thread safety: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "quiver/error.h"

namespace quiver::cli {

std::string ToHex(std::string_view bytes);
/// kInvalidArgument for an odd length or another character.
Result<std::string> FromHex(std::string_view text);

/// An argument as the user meant it: hexadecimal with --hex, else as it stands.
Result<std::string> BytesArgument(const std::string& text, bool hex);

enum class Format { kText, kHex, kJson };

/// "key<TAB>value", escaped, in hexadecimal, or a JSON object; without a newline.
std::string FormatRow(std::string_view key, std::string_view value, Format format);

/// A row of JSON lines: {"key": …, "value": …}, each possibly as …_hex.
struct JsonRow {
  std::string key;
  std::string value;
};
Result<JsonRow> ParseJsonRow(std::string_view line);

}  // namespace quiver::cli
