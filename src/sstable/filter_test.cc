#include "sstable/filter.h"

#include <gtest/gtest.h>

#include <string>

#include "base/hash.h"
#include "sstable/table_layout.h"

namespace quiver {
namespace {

std::uint64_t HashOf(std::uint64_t number) {
  return HashKey("key" + std::to_string(number));
}

std::string FilterOf(std::uint64_t keys, std::uint32_t bits_per_key) {
  FilterBuilder builder;
  for (std::uint64_t i = 0; i < keys; ++i) builder.Add(HashOf(i));
  EXPECT_EQ(builder.EstimatedBytes(bits_per_key), builder.Finish(bits_per_key).size());
  return builder.Finish(bits_per_key);
}

TEST(FilterTest, PassesEveryKeyThatWasAdded) {
  for (const std::uint64_t keys : {1, 2, 50, 51, 52, 1'000, 40'000}) {
    const std::string section = FilterOf(keys, 10);
    BloomFilter filter;
    ASSERT_TRUE(BloomFilter::FromSection(section, filter));
    for (std::uint64_t i = 0; i < keys; ++i) ASSERT_TRUE(filter.MayContain(HashOf(i))) << i;
  }
}

TEST(FilterTest, PassesFewAbsentKeys) {
  struct Expectation {
    std::uint32_t bits_per_key;
    double rate;  // as published for split blocks of 512 bits and 8 probes
  };
  constexpr std::uint64_t kKeys = 100'000;
  for (const auto& [bits, rate] : {Expectation{8, 0.028}, Expectation{10, 0.0104},
                                   Expectation{12, 0.0042}, Expectation{16, 0.0009}}) {
    const std::string section = FilterOf(kKeys, bits);
    BloomFilter filter;
    ASSERT_TRUE(BloomFilter::FromSection(section, filter));
    std::uint64_t passed = 0;
    for (std::uint64_t i = 0; i < kKeys; ++i) {
      passed += filter.MayContain(HashOf(kKeys + i)) ? 1 : 0;
    }
    const double measured = static_cast<double>(passed) / kKeys;
    EXPECT_LT(measured, rate * 1.3) << bits;
    EXPECT_GT(measured, rate * 0.7) << bits;
  }
}

TEST(FilterTest, RefusesSectionsThatItDoesNotKnow) {
  const std::string good = FilterOf(100, 10);
  BloomFilter filter;
  EXPECT_FALSE(BloomFilter::FromSection({}, filter));
  EXPECT_FALSE(BloomFilter::FromSection(good.substr(0, good.size() - 8), filter));
  for (const std::size_t at : {offsetof(FilterHeader, kind), offsetof(FilterHeader, probes),
                               offsetof(FilterHeader, line_count)}) {
    std::string bad = good;
    ++bad[at];
    EXPECT_FALSE(BloomFilter::FromSection(bad, filter)) << at;
  }
  EXPECT_FALSE(filter.present());
}

}  // namespace
}  // namespace quiver
