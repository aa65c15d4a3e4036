#include "bytes_text.h"

#include <nlohmann/json.hpp>

#include "quiver/admin.h"

namespace quiver::cli {

namespace {

constexpr char kDigits[] = "0123456789abcdef";

int DigitValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead >= 0x80 && (lead < 0xC2 || lead > 0xF4)) return false;
    if (i + length > bytes.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(bytes[i + k]) & 0xC0) != 0x80) return false;
    }
    const unsigned char second = length > 1 ? static_cast<unsigned char>(bytes[i + 1]) : 0;
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
        (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) {
      return false;
    }
    i += length;
  }
  return true;
}

void AddField(nlohmann::ordered_json& row, const std::string& name, std::string_view bytes) {
  if (IsUtf8(bytes)) {
    row[name] = std::string(bytes);
  } else {
    row[name + "_hex"] = ToHex(bytes);
  }
}

Result<std::string> TakeField(const nlohmann::json& row, const std::string& name) {
  const bool plain = row.contains(name);
  const bool hex = row.contains(name + "_hex");
  if (plain == hex) {
    return Error(ErrorCode::kInvalidArgument,
                 "needs exactly one of \"" + name + "\" and \"" + name + "_hex\"");
  }
  const nlohmann::json& field = plain ? row[name] : row[name + "_hex"];
  if (!field.is_string()) {
    return Error(ErrorCode::kInvalidArgument, "\"" + name + "\" is not a string");
  }
  const auto text = field.get<std::string>();
  return plain ? Result<std::string>(text) : FromHex(text);
}

}  // namespace

std::string ToHex(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    text.push_back(kDigits[static_cast<unsigned char>(byte) >> 4]);
    text.push_back(kDigits[static_cast<unsigned char>(byte) & 0xF]);
  }
  return text;
}

Result<std::string> FromHex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return Error(ErrorCode::kInvalidArgument, "hexadecimal text has an odd number of digits");
  }
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = DigitValue(text[i]);
    const int low = DigitValue(text[i + 1]);
    if (high < 0 || low < 0) {
      return Error(
          ErrorCode::kInvalidArgument,
          "character " + std::to_string(i + (high < 0 ? 1 : 2)) + " is not a hexadecimal digit");
    }
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return bytes;
}

Result<std::string> BytesArgument(const std::string& text, bool hex) {
  return hex ? FromHex(text) : Result<std::string>(text);
}

std::string FormatRow(std::string_view key, std::string_view value, Format format,
                      std::uint64_t expiry_us) {
  switch (format) {
    case Format::kHex: return ToHex(key) + "\t" + ToHex(value);
    case Format::kText: return EscapeBytes(key) + "\t" + EscapeBytes(value);
    case Format::kJson: break;
  }
  nlohmann::ordered_json row;
  AddField(row, "key", key);
  AddField(row, "value", value);
  if (expiry_us != 0) row["expiry_us"] = expiry_us;
  return row.dump();
}

Result<JsonRow> ParseJsonRow(std::string_view line) {
  const nlohmann::json row = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (row.is_discarded() || !row.is_object()) {
    return Error(ErrorCode::kInvalidArgument, "is not a JSON object");
  }
  JsonRow parsed;
  auto key = TakeField(row, "key");
  if (!key) return key.error();
  auto value = TakeField(row, "value");
  if (!value) return value.error();
  parsed.key = std::move(*key);
  parsed.value = std::move(*value);
  if (const auto expiry = row.find("expiry_us"); expiry != row.end()) {
    if (!expiry->is_number_unsigned()) {
      return Error(
          ErrorCode::kInvalidArgument,
          "\"expiry_us\" is not a moment in microseconds since 1970: a whole number, 0 for "
          "never");
    }
    parsed.expiry_us = expiry->get<std::uint64_t>();
  }
  return parsed;
}

}  // namespace quiver::cli
