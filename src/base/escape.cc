// See escape.h.
#include "base/escape.h"

#include <algorithm>

#include "base/utf8.h"

namespace quiver {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr int kNoDigit = -1;

int HexValue(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return kNoDigit;
}

Error BadEscape(std::size_t position, std::string_view expected) {
  return {ErrorCode::kInvalidArgument, "bad escape at position " + std::to_string(position) +
                                           ": expected " + std::string(expected)};
}

}  // namespace

std::string EscapeBytes(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\') {
      text += "\\\\";
    } else if (byte >= 0x20 && byte < 0x7F) {
      text += c;
    } else {
      text += "\\x";
      text += kHexDigits[byte >> 4];
      text += kHexDigits[byte & 0x0F];
    }
  }
  return text;
}

std::string EscapeName(std::string_view name) {
  const bool has_control = std::ranges::any_of(name, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
  return has_control || FindInvalidUtf8(name) ? EscapeBytes(name) : std::string(name);
}

Result<std::string> UnescapeBytes(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    const std::string_view escape = text.substr(i);
    if (escape.starts_with("\\\\")) {
      bytes += '\\';
      i += 1;
    } else if (escape.starts_with("\\x")) {
      const int high = escape.size() > 2 ? HexValue(escape[2]) : kNoDigit;
      const int low = escape.size() > 3 ? HexValue(escape[3]) : kNoDigit;
      if (high == kNoDigit || low == kNoDigit) {
        return BadEscape(i, "two hexadecimal digits after \\x");
      }
      bytes += static_cast<char>(high * 16 + low);
      i += 3;
    } else {
      return BadEscape(i, "\\\\ or \\xNN");
    }
  }
  return bytes;
}

}  // namespace quiver
