#include "metrics/human_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace quiver {
namespace {

constexpr std::uint64_t kMax64 = std::numeric_limits<std::uint64_t>::max();

TEST(HumanText, CountsHaveThousandsSeparators) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1,000");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatCount(kMax64), "18,446,744,073,709,551,615");
}

TEST(HumanText, BytesHaveBinaryUnits) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.0 KiB");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes((1U << 20) - 1), "1.0 MiB") << "never 1024.0 KiB";
  EXPECT_EQ(FormatBytes(64U << 20), "64.0 MiB");
  EXPECT_EQ(FormatBytes(kMax64), "16.0 EiB");
}

TEST(HumanText, DurationsHaveTheUnitThatSuitsThem) {
  EXPECT_EQ(FormatDuration(0), "0 ns");
  EXPECT_EQ(FormatDuration(999), "999 ns");
  EXPECT_EQ(FormatDuration(1234), "1.23 us");
  EXPECT_EQ(FormatDuration(12'345), "12.3 us");
  EXPECT_EQ(FormatDuration(123'456), "123 us");
  EXPECT_EQ(FormatDuration(1'500'000), "1.50 ms");
  EXPECT_EQ(FormatDuration(4'560'000'000), "4.56 s");
  EXPECT_EQ(FormatDuration(65'000'000'000), "1 min 05 s");
  EXPECT_EQ(FormatDurationMs(0), "0 ms");
  EXPECT_EQ(FormatDurationMs(2 * 3'600'000 + 5 * 60'000), "2 h 05 min");
  EXPECT_EQ(FormatDurationMs((3 * 24 + 4) * std::uint64_t{3'600'000}), "3 d 04 h");
  EXPECT_EQ(FormatDurationMs(kMax64), FormatDuration(kMax64 / 1'000'000 * 1'000'000));
}

TEST(HumanText, NumbersWithoutMeaningAreADash) {
  EXPECT_EQ(FormatFixed(1.005, 1), "1.0");
  EXPECT_EQ(FormatFixed(std::nan(""), 2), "-");
  EXPECT_EQ(FormatFixed(std::numeric_limits<double>::infinity(), 2), "-");
  EXPECT_EQ(FormatFixed(std::numeric_limits<double>::max(), 2).size(), 312U);
  EXPECT_EQ(FormatShare(1, 0), "-");
  EXPECT_EQ(FormatShare(195, 200), "97.5 %");
}

TEST(TextTable, AlignsItsColumns) {
  TextTable table;
  table.AddRow({"name", "count", "size"});
  table.AddRow({"a", "1,000", "2 B"});
  table.AddRow({"long name", "7"});
  EXPECT_EQ(table.ToText("> "),
            "> name       count  size\n"
            "> a          1,000   2 B\n"
            "> long name      7\n");
}

TEST(TextTable, WithoutRowsIsEmpty) {
  EXPECT_EQ(TextTable().ToText("  "), "");
}

}  // namespace
}  // namespace quiver
