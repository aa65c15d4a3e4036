#include "config/setting_text.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>

#include "base/random.h"
#include "testing/seed.h"

namespace quiver {
namespace {

constexpr std::uint64_t kMax64 = std::numeric_limits<std::uint64_t>::max();

TEST(SettingText, SizesTakeUnitsInEverySpelling) {
  const std::pair<std::string_view, std::uint64_t> cases[] = {
      {"0", 0},
      {"67108864", 67108864},
      {"64MiB", 64U << 20},
      {"64 MB", 64U << 20},
      {"64m", 64U << 20},
      {"64K", 64U << 10},
      {"1kib", 1024},
      {"7 B", 7},
      {"2GiB", std::uint64_t{2} << 30},
      {"3T", std::uint64_t{3} << 40},
      {"1PiB", std::uint64_t{1} << 50},
      {"007", 7},
      {"18446744073709551615", kMax64},
      {"16383PiB", std::uint64_t{16383} << 50}};
  for (const auto& [text, bytes] : cases) {
    const Result<std::uint64_t> parsed = ParseSize(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
}

TEST(SettingText, BadSizesAreRefusedWithTheReason) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "is empty"},
      {"-1", "is negative"},
      {"-64MiB", "is negative"},
      {"+64", "is not a number"},
      {"nan", "is not a number"},
      {"inf", "is not a number"},
      {"MiB", "is not a number"},
      {" 64", "is not a number"},
      {"1.5GiB", "is a fraction"},
      {"1.", "is a fraction"},
      {"64XiB", "has an unknown unit"},
      {"64 ", "has an unknown unit"},
      {"64  MB", "has an unknown unit"},
      {"64MiBs", "has an unknown unit"},
      {"0x10", "has an unknown unit"},
      {"1e6", "has an unknown unit"},
      {"1,000", "has an unknown unit"},
      {"18446744073709551616", "is over 64 bits"},
      {"99999999999999999999999", "is over 64 bits"},
      {"16384PiB", "is over 64 bits"}};
  for (const auto& [text, reason] : cases) {
    const Result<std::uint64_t> parsed = ParseSize(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(parsed.error().message().find(reason), std::string::npos) << parsed.error().message();
    EXPECT_NE(parsed.error().message().find("such as 64MiB"), std::string::npos);
  }
}

TEST(SettingText, IntegersAreDigitsOnly) {
  EXPECT_EQ(ParseInteger("0").value(), 0U);
  EXPECT_EQ(ParseInteger("18446744073709551615").value(), kMax64);
  for (const std::string_view text :
       {"", "-1", "1.0", "4K", "four", "1_000", "18446744073709551616", " 4", "4 ", "0x4"}) {
    EXPECT_FALSE(ParseInteger(text).ok()) << text;
  }
}

TEST(SettingText, BooleansAreTrueOrFalse) {
  EXPECT_TRUE(ParseBool("true").value());
  EXPECT_FALSE(ParseBool("false").value());
  for (const std::string_view text : {"", "1", "True", "yes"}) {
    EXPECT_FALSE(ParseBool(text).ok()) << text;
  }
}

TEST(SettingText, SizesArePrintedInTheLargestUnitThatIsExact) {
  EXPECT_EQ(FormatSize(0), "0");
  EXPECT_EQ(FormatSize(1000), "1000");
  EXPECT_EQ(FormatSize(1024), "1KiB");
  EXPECT_EQ(FormatSize(1536U << 10), "1536KiB");
  EXPECT_EQ(FormatSize(64U << 20), "64MiB");
  EXPECT_EQ(FormatSize((64U << 20) + 1), "67108865");
}

TEST(SettingText, EverySizeRoundTrips) {
  Random random(testing::TestSeed(6));
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t bytes = random.Next() >> random.Below(64) << random.Below(20);
    EXPECT_EQ(ParseSize(FormatSize(bytes)).value(), bytes);
  }
  EXPECT_EQ(ParseSize(FormatSize(kMax64)).value(), kMax64);
}

TEST(SettingText, QuotedTextIsPrintableAndShort) {
  EXPECT_EQ(Quote("a\nb"), "'a\\x0ab'");
  EXPECT_EQ(Quote(std::string(65, 'x')), "'" + std::string(64, 'x') + "…'");
}

}  // namespace
}  // namespace quiver
