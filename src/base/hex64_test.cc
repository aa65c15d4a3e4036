#include "base/hex64.h"

#include <gtest/gtest.h>

#include <limits>

namespace quiver {
namespace {

TEST(Hex64Test, WritesSixteenDigitsAndReadsThemBack) {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{255}, std::uint64_t{0x0123456789abcdef},
        std::numeric_limits<std::uint64_t>::max()}) {
    const std::string text = Hex64(value) + "rest";
    EXPECT_EQ(text.size(), 20U);
    std::string_view in = text;
    std::uint64_t read = 1;
    ASSERT_TRUE(ConsumeHex64(in, read));
    EXPECT_EQ(read, value);
    EXPECT_EQ(in, "rest");
  }
  EXPECT_EQ(Hex64(255), "00000000000000ff");
}

TEST(Hex64Test, RefusesEveryOtherSpellingAndTakesNothing) {
  for (const std::string_view text : {"", "00000000000000f", "00000000000000FF", "0x000000000000ff",
                                      " 0000000000000ff", "-000000000000001", "000000000000000g"}) {
    std::string_view in = text;
    std::uint64_t read = 7;
    EXPECT_FALSE(ConsumeHex64(in, read)) << text;
    EXPECT_EQ(in, text);
    EXPECT_EQ(read, 7U);
  }
}

}  // namespace
}  // namespace quiver
