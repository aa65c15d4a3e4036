#include "sstable/fence_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "testing/seed.h"

namespace quiver {
namespace {

// Owns what Separators views.
class OwnedSeparators {
 public:
  explicit OwnedSeparators(const std::vector<std::string>& separators) {
    offsets_.push_back(0);
    for (const std::string& separator : separators) {
      bytes_ += separator;
      offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
    }
  }
  Separators view() const {
    return {offsets_.data(), bytes_.data(), static_cast<std::uint32_t>(offsets_.size() - 1)};
  }

 private:
  std::vector<std::uint32_t> offsets_;
  std::string bytes_;
};

// Every separator, its neighbours in the order, its prefixes and `others` are looked up.
void CheckAgainstUpperBound(std::vector<std::string> separators,
                            const std::vector<std::string>& others) {
  std::sort(separators.begin(), separators.end());
  const OwnedSeparators owned(separators);
  const FenceIndex index(owned.view());
  const FenceIndex portable(owned.view(), false);
  const auto check = [&](const std::string& key) {
    const auto upper = std::upper_bound(separators.begin(), separators.end(), key);
    const auto expected = static_cast<std::size_t>(upper - separators.begin());
    ASSERT_EQ(index.Find(key), expected) << key;
    ASSERT_EQ(portable.Find(key), expected) << key;
  };
  for (const std::string& separator : separators) {
    check(separator);
    check(separator + '\0');
    check(separator + '\xFF');
    check(separator.substr(0, separator.size() / 2));
    if (separator.empty()) continue;
    check(separator.substr(0, separator.size() - 1));
    std::string changed = separator;
    ++changed.back();
    check(changed);
    changed.back() = static_cast<char>(changed.back() - 2);
    check(changed);
  }
  for (const std::string& other : others) check(other);
  check("");
  check(std::string(40, '\xFF'));
}

std::string RandomKey(Random& random, std::size_t size_max, std::uint64_t alphabet) {
  std::string key(random.Below(size_max + 1), '\0');
  for (char& byte : key) byte = static_cast<char>(random.Below(alphabet) * 255 / (alphabet - 1));
  return key;
}

TEST(FenceIndexTest, HasNoBlockBordersWithoutSeparators) {
  const FenceIndex index{Separators{}};
  EXPECT_EQ(index.Find(""), 0U);
  EXPECT_EQ(index.Find("anything"), 0U);
}

TEST(FenceIndexTest, AgreesWithUpperBoundOnRandomKeys) {
  Random random(testing::TestSeed(1));
  for (const std::size_t count : {1, 2, 7, 8, 9, 64, 72, 73, 500, 5'000}) {
    std::vector<std::string> separators;
    std::vector<std::string> others;
    for (std::size_t i = 0; i < count; ++i) {
      separators.push_back(RandomKey(random, 20, 256));
      others.push_back(RandomKey(random, 20, 256));
    }
    CheckAgainstUpperBound(separators, others);
  }
}

TEST(FenceIndexTest, AgreesWithUpperBoundOnLongSharedPrefixes) {
  Random random(testing::TestSeed(2));
  std::vector<std::string> separators;
  std::vector<std::string> others;
  const std::string scheme = "https://www.";
  for (int host = 0; host < 20; ++host) {
    const std::string site = scheme + std::string(30, static_cast<char>('a' + host)) + ".example/";
    for (int page = 0; page < 100; ++page) {
      const std::string path = site + "archive/of/pages/" + std::to_string(page);
      separators.push_back(path);
      others.push_back(path + RandomKey(random, 3, 256));
      if (page % 10 == 0) separators.push_back(path + std::string(100, 'x') + "tail");
    }
    others.push_back(site);
  }
  CheckAgainstUpperBound(separators, others);
}

TEST(FenceIndexTest, AgreesWithUpperBoundOnKeysOfZerosAndDuplicates) {
  Random random(testing::TestSeed(3));
  std::vector<std::string> separators;
  std::vector<std::string> others;
  for (std::size_t zeros = 0; zeros < 40; ++zeros) {
    // Eight-byte words padded with zeros cannot tell these apart.
    for (std::size_t copies = 0; copies <= zeros % 7; ++copies) {
      separators.emplace_back(zeros, '\0');
    }
    others.push_back(std::string(zeros, '\0') + "a");
  }
  for (int i = 0; i < 300; ++i) separators.push_back(RandomKey(random, 12, 2));
  for (int i = 0; i < 300; ++i) others.push_back(RandomKey(random, 30, 2));
  CheckAgainstUpperBound(separators, others);
  CheckAgainstUpperBound(std::vector<std::string>(50, "same long separator"), {"same", "z"});
  CheckAgainstUpperBound(std::vector<std::string>(50, std::string(8, '\xFF')), {"\xFF"});
}

}  // namespace
}  // namespace quiver
