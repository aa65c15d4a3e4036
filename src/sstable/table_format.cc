#include "sstable/table_format.h"

#include <charconv>

namespace quiver {

namespace {
constexpr std::string_view kSuffix = ".arrow";
constexpr std::size_t kDigits = 10;
}  // namespace

std::string TableName(FileNumber number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return digits.append(kSuffix);
}

FileNumber ParseTableName(std::string_view name) {
  if (!name.ends_with(kSuffix)) return 0;
  const std::string_view digits = name.substr(0, name.size() - kSuffix.size());
  FileNumber number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return 0;
  // Only the one spelling that TableName gives is ours: "12.arrow" is somebody else's file.
  return TableName(number) == name ? number : 0;
}

}  // namespace quiver
