#include "base/hash.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <string>

namespace quiver {
namespace {

// Checksums are on disk: these values come from the published XXH3 test vectors and must never
// change.
TEST(Hash, EmptyInputHasThePublishedValueOfXxh3) {
  EXPECT_EQ(HashKey(""), 0x2D06800538D394C2U);
  EXPECT_EQ(Checksum("", 0), 0x2D06800538D394C2U);
}

TEST(Hash, ChecksumDependsOnEveryByteAndOnTheSeed) {
  std::string block(1000, 'x');
  std::set<std::uint64_t> seen{Checksum(block, 7), Checksum(block, 8)};
  EXPECT_EQ(seen.size(), 2U);
  for (std::size_t i = 0; i < block.size(); ++i) {
    block[i] = static_cast<char>(block[i] ^ 1);
    EXPECT_TRUE(seen.insert(Checksum(block, 7)).second) << "byte " << i;
    block[i] = static_cast<char>(block[i] ^ 1);
  }
}

TEST(Hash, AChecksumWithSeedZeroIsTheKeyHash) {
  EXPECT_EQ(Checksum("user0001", 0), HashKey("user0001"));
}

TEST(Hash, PlaceSeedTellsFilesAndOffsetsApart) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t file = 0; file < 100; ++file) {
    for (std::uint64_t offset = 0; offset < 100; ++offset) seeds.insert(PlaceSeed(file, offset));
  }
  EXPECT_EQ(seeds.size(), 10'000U);
}

TEST(Hash, OneBitOfAPlaceChangesAboutHalfOfItsSeed) {
  int changed_bits = 0;
  for (unsigned bit = 0; bit < 64; ++bit) {
    const std::uint64_t flip = std::uint64_t{1} << bit;
    changed_bits += std::popcount(PlaceSeed(12, 4096) ^ PlaceSeed(12, 4096 ^ flip));
    changed_bits += std::popcount(PlaceSeed(12, 4096) ^ PlaceSeed(12 ^ flip, 4096));
  }
  EXPECT_NEAR(changed_bits / 128.0, 32.0, 2.0);
}

}  // namespace
}  // namespace quiver
