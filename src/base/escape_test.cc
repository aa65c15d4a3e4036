#include "base/escape.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "quiver/admin.h"
#include "testing/seed.h"

namespace quiver {
namespace {

TEST(Escape, PrintableTextStandsForItself) {
  EXPECT_EQ(EscapeBytes(""), "");
  EXPECT_EQ(EscapeBytes("user 17: \"x\" ~"), "user 17: \"x\" ~");
}

TEST(Escape, BackslashesAreDoubledAndOtherBytesAreHexadecimal) {
  EXPECT_EQ(EscapeBytes("a\\b"), "a\\\\b");
  EXPECT_EQ(EscapeBytes(std::string_view("\0\n\x1b\x7f\xff", 5)), "\\x00\\x0a\\x1b\\x7f\\xff");
}

TEST(Escape, ANameThatIsTextStandsForItself) {
  for (const char* text : {"", "key",
                           "gr\xc3\xb6\xc3\x9f"
                           "e",
                           "a\\b"})
    EXPECT_EQ(EscapeName(text), text);
  EXPECT_EQ(EscapeName("k\x1b[31m"), "k\\x1b[31m") << "a terminal would obey it";
  EXPECT_EQ(EscapeName("k\xff"), "k\\xff");
}

TEST(Escape, UnescapeTakesDigitsOfEitherCase) {
  EXPECT_EQ(UnescapeBytes("\\x4a\\x4B").value(), "JK");
}

TEST(Escape, EveryByteAndRandomStringsRoundTrip) {
  Random random(testing::TestSeed(4));
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(UnescapeBytes(EscapeBytes(all)).value(), all);
  for (int round = 0; round < 1000; ++round) {
    std::string bytes(random.Below(50), '\0');
    for (char& c : bytes) c = static_cast<char>(random.OneIn(4) ? '\\' : random.Next());
    const std::string text = EscapeBytes(bytes);
    for (const char c : text) EXPECT_TRUE(c >= 0x20 && c < 0x7F);
    EXPECT_EQ(UnescapeBytes(text).value(), bytes);
  }
}

TEST(Escape, BadEscapesAreRefusedWithTheirPosition) {
  for (const std::string_view text :
       {"ab\\", "ab\\n", "ab\\x", "ab\\x4", "ab\\xg1", "ab\\x1g", "ab\\X41"}) {
    const Result<std::string> result = UnescapeBytes(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(result.error().message().find("position 2"), std::string::npos) << text;
  }
}

TEST(Escape, UnescapedBytesBeyondAsciiPassThrough) {
  EXPECT_EQ(UnescapeBytes("\xC3\xA4").value(), "\xC3\xA4");
}

}  // namespace
}  // namespace quiver
