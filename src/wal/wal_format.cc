// See wal_format.h.
#include "wal/wal_format.h"

#include <charconv>

namespace quiver::wal {

namespace {
constexpr std::string_view kSuffix = ".wal";
constexpr std::size_t kNumberDigits = 10;
}  // namespace

std::string SegmentName(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string name(digits.size() < kNumberDigits ? kNumberDigits - digits.size() : 0, '0');
  return name.append(digits).append(kSuffix);
}

std::uint64_t ParseSegmentName(std::string_view name) {
  if (!name.ends_with(kSuffix)) return 0;
  const std::string_view digits = name.substr(0, name.size() - kSuffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return 0;
  // A number has one name, so that no two files can claim to be the same segment.
  return SegmentName(number) == name ? number : 0;
}

}  // namespace quiver::wal
