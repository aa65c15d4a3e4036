#include "base/hex64.h"

namespace quiver {

namespace {

constexpr std::size_t kDigits = 16;
constexpr std::string_view kAlphabet = "0123456789abcdef";

}  // namespace

std::string Hex64(std::uint64_t value) {
  std::string text(kDigits, '0');
  for (std::size_t i = kDigits; i-- > 0; value >>= 4U) text[i] = kAlphabet[value & 15U];
  return text;
}

bool ConsumeHex64(std::string_view& in, std::uint64_t& value) noexcept {
  if (in.size() < kDigits) return false;
  std::uint64_t number = 0;
  for (const char digit : in.substr(0, kDigits)) {
    const std::size_t place = kAlphabet.find(digit);
    if (place == std::string_view::npos) return false;
    number = (number << 4U) | place;
  }
  value = number;
  in.remove_prefix(kDigits);
  return true;
}

}  // namespace quiver
