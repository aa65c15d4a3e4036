// Keys and values on the command line: plain, hexadecimal, escaped, or as JSON.
//
// JSON has no bytes: what is valid UTF-8 is written as "key", anything else as "key_hex".
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
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

/// "key<TAB>value", escaped, in hexadecimal, or a JSON object; without a newline. JSON alone tells
/// when the row expires, if it does.
std::string FormatRow(std::string_view key, std::string_view value, Format format,
                      std::uint64_t expiry_us = 0);

/// A row of JSON lines: {"key": …, "value": …}, each possibly as …_hex, and possibly "expiry_us",
/// in microseconds since 1970.
struct JsonRow {
  std::string key;
  std::string value;
  std::uint64_t expiry_us = 0;  ///< 0: never
};
Result<JsonRow> ParseJsonRow(std::string_view line);

}  // namespace quiver::cli
