#include "config/nearest_name.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace quiver {
namespace {

TEST(EditDistance, CountsInsertionsDeletionsSubstitutionsAndSwaps) {
  EXPECT_EQ(EditDistance("", ""), 0U);
  EXPECT_EQ(EditDistance("abc", ""), 3U);
  EXPECT_EQ(EditDistance("", "abc"), 3U);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3U);
  EXPECT_EQ(EditDistance("wal_mdoe", "wal_mode"), 1U);
  EXPECT_EQ(EditDistance("ca", "abc"), 3U);
}

TEST(NearestName, FindsTheClosestAndTheFirstOfEquals) {
  constexpr std::array<std::string_view, 3> kNames{"sorted", "skiplist", "vector"};
  EXPECT_EQ(NearestName("skplist", kNames), "skiplist");
  EXPECT_EQ(NearestName("Vectr", kNames), "vector");
  constexpr std::array<std::string_view, 2> kEqual{"get", "put"};
  EXPECT_EQ(NearestName("pet", kEqual), "get");
}

TEST(NearestName, AFarNameBringsNoGuess) {
  constexpr std::array<std::string_view, 3> kCodecs{"none", "lz4", "zstd"};
  EXPECT_EQ(NearestName("snappy", kCodecs), std::nullopt);
  EXPECT_EQ(NearestName("zst", kCodecs), "zstd");
  EXPECT_EQ(NearestName("", kCodecs), std::nullopt);
  constexpr std::array<std::string_view, 3> kKinds{"trie", "vector", "skiplist"};
  EXPECT_EQ(NearestName("foo", kKinds), std::nullopt);
}

TEST(NearestName, DashesAndCaseMakeNoDifference) {
  constexpr std::array<std::string_view, 2> kNames{"wal_made", "WAL_MODE"};
  EXPECT_EQ(NearestName("wal-mode", kNames), "WAL_MODE");
}

TEST(NearestName, NothingIsNearestToNothing) {
  EXPECT_EQ(NearestName("x", {}), std::nullopt);
}

TEST(NearestName, AHugeNameCostsNoMoreThanALongOne) {
  constexpr std::array<std::string_view, 1> kNames{"sorted"};
  EXPECT_EQ(NearestName(std::string(std::size_t{50} << 20, 'x'), kNames), std::nullopt);
  constexpr std::array<std::string_view, 1> kCut{
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};
  EXPECT_EQ(NearestName(std::string(std::size_t{50} << 20, 'x'), kCut), kCut[0]);
}

}  // namespace
}  // namespace quiver
