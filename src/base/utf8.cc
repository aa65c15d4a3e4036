// See utf8.h. The table is Table 3-7 of the Unicode Standard: the second byte of a sequence tells
// overlong forms, surrogates and too large code points from good ones.
#include "base/utf8.h"

#include <array>

namespace quiver {

namespace {

struct SequenceForm {
  unsigned char first_min, first_max;
  unsigned char second_min, second_max;
  std::size_t bytes;
};
constexpr std::array kForms{
    SequenceForm{0xC2, 0xDF, 0x80, 0xBF, 2}, SequenceForm{0xE0, 0xE0, 0xA0, 0xBF, 3},
    SequenceForm{0xE1, 0xEC, 0x80, 0xBF, 3}, SequenceForm{0xED, 0xED, 0x80, 0x9F, 3},
    SequenceForm{0xEE, 0xEF, 0x80, 0xBF, 3}, SequenceForm{0xF0, 0xF0, 0x90, 0xBF, 4},
    SequenceForm{0xF1, 0xF3, 0x80, 0xBF, 4}, SequenceForm{0xF4, 0xF4, 0x80, 0x8F, 4}};

}  // namespace

std::size_t Utf8SequenceBytes(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  for (const SequenceForm& form : kForms) {
    if (byte(0) < form.first_min || byte(0) > form.first_max) continue;
    if (text.size() < form.bytes) return 0;
    if (byte(1) < form.second_min || byte(1) > form.second_max) return 0;
    for (std::size_t i = 2; i < form.bytes; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    return form.bytes;
  }
  return 0;
}

std::optional<std::size_t> FindInvalidUtf8(std::string_view text) noexcept {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const std::size_t bytes = Utf8SequenceBytes(text.substr(offset));
    if (bytes == 0) return offset;
    offset += bytes;
  }
  return std::nullopt;
}

}  // namespace quiver
