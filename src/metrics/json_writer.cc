// See json_writer.h.
#include "metrics/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/utf8.h"

namespace quiver {

namespace {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

}  // namespace

void JsonWriter::Open(char bracket) {
  text_ += bracket;
  first_ = true;
}

void JsonWriter::Close(char bracket) {
  text_ += bracket;
  first_ = false;
}

void JsonWriter::Separate() {
  if (!first_) text_ += ',';
  first_ = false;
}

void JsonWriter::Key(std::string_view key) {
  Separate();
  String(key);
  text_ += ':';
}

void JsonWriter::BeginObject(std::string_view key) {
  Key(key);
  Open('{');
}

void JsonWriter::BeginObject() {
  Separate();
  Open('{');
}

void JsonWriter::BeginArray(std::string_view key) {
  Key(key);
  Open('[');
}

void JsonWriter::Field(std::string_view key, std::string_view value) {
  Key(key);
  String(value);
}

void JsonWriter::Field(std::string_view key, std::uint64_t value) {
  Key(key);
  text_ += std::to_string(value);
}

void JsonWriter::Field(std::string_view key, double value) {
  Key(key);
  if (!std::isfinite(value)) {
    text_ += "null";
    return;
  }
  std::array<char, 32> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  text_.append(buffer.data(), result.ptr);
}

void JsonWriter::String(std::string_view bytes) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  text_ += '"';
  while (!bytes.empty()) {
    const std::size_t sequence_bytes = Utf8SequenceBytes(bytes);
    const auto byte = static_cast<unsigned char>(bytes.front());
    if (sequence_bytes == 0) {
      text_ += kReplacementCharacter;
    } else if (byte == '"' || byte == '\\') {
      text_ += '\\';
      text_ += bytes.front();
    } else if (byte < 0x20 || byte == 0x7F) {
      text_ += "\\u00";
      text_ += kHexDigits[byte >> 4];
      text_ += kHexDigits[byte & 0x0F];
    } else {
      text_ += bytes.substr(0, sequence_bytes);
    }
    bytes.remove_prefix(sequence_bytes == 0 ? 1 : sequence_bytes);
  }
  text_ += '"';
}

std::string JsonWriter::Finish() {
  Close('}');
  return std::move(text_);
}

}  // namespace quiver
