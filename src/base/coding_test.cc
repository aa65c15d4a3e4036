#include "base/coding.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "base/random.h"
#include "testing/seed.h"

namespace quiver {
namespace {

constexpr std::uint64_t kMax64 = std::numeric_limits<std::uint64_t>::max();

TEST(Coding, FixedIntegersAreLittleEndian) {
  std::string out;
  AppendFixed(out, std::uint32_t{0x04030201});
  EXPECT_EQ(out, "\x01\x02\x03\x04");
  EXPECT_EQ(LoadFixed<std::uint16_t>(out.data() + 1), 0x0302);
  StoreFixed(out.data() + 2, std::uint16_t{0xBBAA});
  EXPECT_EQ(out, "\x01\x02\xAA\xBB");
}

TEST(Coding, ConsumeFixedTakesWholeIntegersOnly) {
  const std::string bytes("\x01\0\0\0\x02\0\0", 7);
  std::string_view in = bytes;
  std::uint32_t value = 0;
  ASSERT_TRUE(ConsumeFixed(in, value));
  EXPECT_EQ(value, 1U);
  EXPECT_FALSE(ConsumeFixed(in, value));
  EXPECT_EQ(in.size(), 3U) << "a failed read takes nothing";
  EXPECT_EQ(value, 1U);
}

TEST(Coding, VarintsHaveTheLebForm) {
  std::string out;
  AppendVarint(out, 300);
  EXPECT_EQ(out, "\xAC\x02");
}

TEST(Coding, VarintsRoundTripAtEveryLengthBorder) {
  for (unsigned bits = 0; bits <= 64; ++bits) {
    const std::uint64_t border = bits == 64 ? kMax64 : std::uint64_t{1} << bits;
    for (const std::uint64_t value : {border - 1, border, border + 1}) {
      std::string out;
      AppendVarint(out, value);
      const std::size_t size = out.size();
      EXPECT_LE(size, 10U);
      out += "rest";
      std::string_view in = out;
      std::uint64_t read = 0;
      ASSERT_TRUE(ConsumeVarint(in, read));
      EXPECT_EQ(read, value);
      EXPECT_EQ(in, "rest");
      for (std::size_t cut = 0; cut < size; ++cut) {
        std::string_view cut_short = std::string_view(out).substr(0, cut);
        EXPECT_FALSE(ConsumeVarint(cut_short, read)) << value << " cut to " << cut;
      }
    }
  }
}

TEST(Coding, VarintsOverSixtyFourBitsAreRefused) {
  std::uint64_t value = 0;
  const std::string too_large = std::string(9, '\xFF') + "\x02";
  std::string_view in = too_large;
  EXPECT_FALSE(ConsumeVarint(in, value));
  const std::string too_long = std::string(10, '\x80') + std::string(1, '\0');
  in = too_long;
  EXPECT_FALSE(ConsumeVarint(in, value));
}

TEST(Coding, LengthPrefixedBytesRoundTripAndNeverReachBeyondTheInput) {
  std::string out;
  AppendLengthPrefixed(out, "apple");
  AppendLengthPrefixed(out, "");
  std::string_view in = out;
  std::string_view bytes;
  ASSERT_TRUE(ConsumeLengthPrefixed(in, bytes));
  EXPECT_EQ(bytes, "apple");
  ASSERT_TRUE(ConsumeLengthPrefixed(in, bytes));
  EXPECT_EQ(bytes, "");
  EXPECT_TRUE(in.empty());

  in = std::string_view(out).substr(0, 5);
  EXPECT_FALSE(ConsumeLengthPrefixed(in, bytes));
  std::string huge;
  AppendVarint(huge, kMax64);
  in = huge;
  EXPECT_FALSE(ConsumeLengthPrefixed(in, bytes));
}

TEST(Coding, KeyPrefixOrdersAsTheKeysDoWherePrefixesDiffer) {
  Random random(testing::TestSeed(1));
  const auto random_key = [&random] {
    std::string key(random.Below(12), '\0');
    for (char& c : key) c = static_cast<char>(random.Below(3) == 0 ? 0xFF : random.Below(2));
    return key;
  };
  for (int i = 0; i < 100'000; ++i) {
    const std::string a = random_key();
    const std::string b = random_key();
    if (KeyPrefix(a) == KeyPrefix(b)) continue;
    ASSERT_EQ(KeyPrefix(a) < KeyPrefix(b), a < b);
  }
}

TEST(Coding, KeyPrefixPadsShortKeysWithZeros) {
  EXPECT_EQ(KeyPrefix(""), 0U);
  EXPECT_EQ(KeyPrefix("a"), std::uint64_t{'a'} << 56);
  EXPECT_EQ(KeyPrefix("abcdefgh"), 0x6162636465666768U);
  EXPECT_EQ(KeyPrefix("abcdefghz"), KeyPrefix("abcdefgh"));
}

TEST(Coding, AlignUpRoundsToTheNextMultiple) {
  EXPECT_EQ(AlignUp(0, 8), 0U);
  EXPECT_EQ(AlignUp(1, 8), 8U);
  EXPECT_EQ(AlignUp(8, 8), 8U);
  EXPECT_EQ(AlignUp(9, 8), 16U);
}

}  // namespace
}  // namespace quiver
