// JsonWriter: builds one JSON document (RFC 8259) field by field.
//
// Invariants: commas and braces come out right as long as Begin and End calls match; strings are
// escaped, and bytes that are not UTF-8 become U+FFFD, so that the document is always valid.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quiver {

class JsonWriter {
 public:
  JsonWriter() { Open('{'); }

  void BeginObject(std::string_view key);
  /// An object that is an element of an array.
  void BeginObject();
  void EndObject() { Close('}'); }
  void BeginArray(std::string_view key);
  void EndArray() { Close(']'); }

  void Field(std::string_view key, std::string_view value);
  void Field(std::string_view key, std::uint64_t value);
  /// null if `value` is not finite: JSON has no other word for that.
  void Field(std::string_view key, double value);

  /// Ends the document and returns it. No call afterwards.
  std::string Finish();

 private:
  void Open(char bracket);
  void Close(char bracket);
  void Key(std::string_view key);
  void Separate();
  void String(std::string_view bytes);

  std::string text_;
  bool first_ = true;  ///< nothing stands in the innermost bracket yet
};

}  // namespace quiver
