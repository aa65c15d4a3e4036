#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace quiver {
namespace {

// The UTF-8 form of `code_point` whether or not it may have one.
std::string Encode(std::uint32_t code_point, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = bytes - 1; i > 0; --i) {
    text[i] = static_cast<char>(0x80 | (code_point & 0x3F));
    code_point >>= 6;
  }
  constexpr unsigned char kLead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
  text[0] = static_cast<char>(kLead[bytes] | code_point);
  return text;
}

std::size_t ShortestForm(std::uint32_t code_point) {
  if (code_point < 0x80) return 1;
  if (code_point < 0x800) return 2;
  return code_point < 0x10000 ? 3 : 4;
}

TEST(Utf8, ExactlyTheShortestFormsOfCodePointsAreWellFormed) {
  constexpr std::uint32_t kLimitOfForm[] = {0, 0x80, 0x800, 0x10000, 0x200000};
  for (std::size_t bytes = 1; bytes <= 4; ++bytes) {
    for (std::uint32_t code_point = 0; code_point < kLimitOfForm[bytes]; ++code_point) {
      const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
      const bool good = bytes == ShortestForm(code_point) && !surrogate && code_point <= 0x10FFFF;
      ASSERT_EQ(Utf8SequenceBytes(Encode(code_point, bytes)), good ? bytes : 0U)
          << code_point << " in " << bytes;
    }
  }
}

TEST(Utf8, CutSequencesAndLoneContinuationsAreNotWellFormed) {
  EXPECT_EQ(Utf8SequenceBytes("\x80"), 0U);
  EXPECT_EQ(Utf8SequenceBytes("\xE2\x82"), 0U);
  EXPECT_EQ(Utf8SequenceBytes("\xF0\x9F\x98"), 0U);
  EXPECT_EQ(Utf8SequenceBytes("\xE2\x82x"), 0U);
  EXPECT_EQ(Utf8SequenceBytes("\xFF"), 0U);
}

TEST(Utf8, TheFirstBadByteIsFound) {
  EXPECT_EQ(FindInvalidUtf8(""), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8("gr\xC3\xBC\xC3\x9F"), std::nullopt);
  EXPECT_EQ(FindInvalidUtf8("ab\xC3"), 2U);
  EXPECT_EQ(FindInvalidUtf8("\xC3\xBC\xFFz"), 2U);
}

}  // namespace
}  // namespace quiver
