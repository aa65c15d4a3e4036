// See setting_text.h.
#include "config/setting_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "base/escape.h"

namespace quiver {

namespace {

constexpr std::string_view kSizeForm = "a size is digits with a unit or none, such as 64MiB";
constexpr std::string_view kIntegerForm = "write a whole number in digits, such as 4";

constexpr std::size_t kQuotedBytesMax = 64;

struct Unit {
  char letter;
  unsigned shift;
};
constexpr std::array kUnits{Unit{'K', 10}, Unit{'M', 20}, Unit{'G', 30}, Unit{'T', 40},
                            Unit{'P', 50}};

Error BadNumber(std::string_view text, std::string_view fault, std::string_view form) {
  std::string message = Quote(text) + " " + std::string(fault);
  message += ": " + std::string(form);
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}

char ToUpper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// The shift of a unit ("", "B", "K", "KB", "KiB", …), or nothing if it is none.
std::optional<unsigned> UnitShift(std::string_view unit) {
  std::string upper(unit);
  std::transform(upper.begin(), upper.end(), upper.begin(), ToUpper);
  if (upper.empty() || upper == "B") return 0;
  for (const Unit& known : kUnits) {
    if (upper.front() != known.letter) continue;
    const std::string_view rest = std::string_view(upper).substr(1);
    if (rest.empty() || rest == "B" || rest == "IB") return known.shift;
  }
  return std::nullopt;
}

// What keeps `text` from starting with a plain number; empty if nothing does.
std::string_view FaultBeforeDigits(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text.front() == '-') return "is negative";
  if (!IsDigit(text.front())) return "is not a number";
  return {};
}

// Takes the leading digits off `text`. Nothing if the number passes 64 bits.
std::optional<std::uint64_t> ConsumeDigits(std::string_view& text) {
  std::uint64_t number = 0;
  while (!text.empty() && IsDigit(text.front())) {
    const auto digit = static_cast<std::uint64_t>(text.front() - '0');
    if (__builtin_mul_overflow(number, std::uint64_t{10}, &number) ||
        __builtin_add_overflow(number, digit, &number)) {
      return std::nullopt;
    }
    text.remove_prefix(1);
  }
  return number;
}

}  // namespace

Result<std::uint64_t> ParseInteger(std::string_view text) {
  if (const auto fault = FaultBeforeDigits(text); !fault.empty()) {
    return BadNumber(text, fault, kIntegerForm);
  }
  std::string_view rest = text;
  const auto number = ConsumeDigits(rest);
  if (!number) return BadNumber(text, "is over 64 bits", kIntegerForm);
  if (rest.starts_with('.')) return BadNumber(text, "is a fraction", kIntegerForm);
  if (!rest.empty()) return BadNumber(text, "is not a whole number", kIntegerForm);
  return *number;
}

Result<std::uint64_t> ParseSize(std::string_view text) {
  if (const auto fault = FaultBeforeDigits(text); !fault.empty()) {
    return BadNumber(text, fault, kSizeForm);
  }
  std::string_view rest = text;
  const auto number = ConsumeDigits(rest);
  if (!number) return BadNumber(text, "is over 64 bits", kSizeForm);
  if (rest.starts_with('.')) return BadNumber(text, "is a fraction", kSizeForm);
  if (rest.size() > 1 && rest.starts_with(' ')) rest.remove_prefix(1);
  const auto shift = UnitShift(rest);
  if (!shift) return BadNumber(text, "has an unknown unit", kSizeForm);
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(*number, std::uint64_t{1} << *shift, &bytes)) {
    return BadNumber(text, "is over 64 bits", kSizeForm);
  }
  return bytes;
}

Result<bool> ParseBool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return Error(ErrorCode::kInvalidArgument, Quote(text) + " is not true or false");
}

std::string Quote(std::string_view text) {
  const bool whole = text.size() <= kQuotedBytesMax;
  return "'" + EscapeBytes(text.substr(0, kQuotedBytesMax)) + (whole ? "'" : "…'");
}

std::string FormatSize(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  for (auto unit = kUnits.rbegin(); unit != kUnits.rend(); ++unit) {
    const std::uint64_t unit_bytes = std::uint64_t{1} << unit->shift;
    if (bytes % unit_bytes != 0) continue;
    return std::to_string(bytes / unit_bytes) + unit->letter + "iB";
  }
  return std::to_string(bytes);
}

}  // namespace quiver
