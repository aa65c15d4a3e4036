#include "version/range_deletes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "testing/seed.h"

namespace quiver {
namespace {

std::string RandomKey(Random& random) {
  return std::string(1, static_cast<char>('a' + random.Below(12)));
}

// By the definition.
SequenceNumber NewestCovering(const std::vector<RangeDelete>& ranges, std::string_view key,
                              SequenceNumber sequence) {
  SequenceNumber newest = 0;
  for (const RangeDelete& range : ranges) {
    if (range.begin <= key && key < range.end && range.sequence <= sequence) {
      newest = std::max(newest, range.sequence);
    }
  }
  return newest;
}

TEST(RangeDeletes, AnswerByTheDefinitionHoweverTheyWereBroughtTogether) {
  Random random(testing::TestSeed(1));
  for (int round = 0; round < 200; ++round) {
    std::vector<RangeDelete> ranges;
    RangeDeletesRef one_by_one;
    const std::uint64_t count = random.Below(100) + 1;
    for (std::uint64_t i = 1; i <= count; ++i) {
      ranges.push_back({RandomKey(random), RandomKey(random), i * 2});
      one_by_one = RangeDeletes::With(one_by_one, ranges.back());
    }
    const RangeDeletes at_once(ranges);
    ASSERT_EQ(one_by_one->size(), ranges.size());
    ASSERT_EQ(one_by_one->all(), ranges);
    ASSERT_EQ(one_by_one->largest_sequence(), count * 2);
    for (char key = 'a'; key <= 'm'; ++key) {
      const std::string_view text(&key, 1);
      const SequenceNumber sequence = random.Below(count * 2 + 2);
      const SequenceNumber expected = NewestCovering(ranges, text, sequence);
      ASSERT_EQ(at_once.Covering(text, sequence), expected);
      ASSERT_EQ(one_by_one->Covering(text, sequence), expected);
      const auto is_covered = [&](char each) {
        return NewestCovering(ranges, {&each, 1}, kSequenceMax) != 0;
      };
      char first_covered = key;
      while (first_covered <= 'm' && !is_covered(first_covered)) ++first_covered;
      for (const RangeDeletes* each : {&at_once, one_by_one.get()}) {
        const auto found = each->FirstCovered(text);
        ASSERT_EQ(found.has_value(), first_covered <= 'm');
        ASSERT_TRUE(!found || *found == std::string_view(&first_covered, 1));
      }
    }
    const std::string first = RandomKey(random);
    const std::string last = std::max(first, RandomKey(random));
    RangeDeletes::Cover expected{kSequenceMax, 0};
    for (char key = first[0]; key <= last[0]; ++key) {
      const SequenceNumber here = NewestCovering(ranges, {&key, 1}, kSequenceMax);
      expected = {std::min(expected.oldest, here), std::max(expected.newest, here)};
    }
    if (expected.oldest == 0) expected = {};
    const RangeDeletes::Cover cover = at_once.CoveringAll(first, last, kSequenceMax);
    ASSERT_EQ(cover.oldest, expected.oldest);
    ASSERT_EQ(cover.newest, expected.newest);
  }
}

TEST(RangeDeletes, WithoutTheRedundantOnesEveryReaderGetsTheSameAnswers) {
  Random random(testing::TestSeed(1));
  std::size_t pruned = 0;
  for (int round = 0; round < 500; ++round) {
    std::vector<RangeDelete> ranges;
    for (std::uint64_t i = 1; i <= 20; ++i) {
      ranges.push_back({RandomKey(random), RandomKey(random), i * 10});
    }
    std::erase_if(ranges, [](const RangeDelete& range) { return range.begin >= range.end; });
    std::vector<SequenceNumber> readers{random.Below(200), random.Below(200), 500};
    std::ranges::sort(readers);
    std::vector<RangeDelete> kept = ranges;
    for (const RangeDelete& redundant : RedundantRangeDeletes(ranges, readers)) {
      std::erase(kept, redundant);
      ++pruned;
    }
    // A version is hidden from a reader if a range delete lies between the two.
    for (const SequenceNumber reader : readers) {
      for (char key = 'a'; key <= 'm'; ++key) {
        for (SequenceNumber version = 5; version < reader; version += 10) {
          const bool hidden = NewestCovering(ranges, {&key, 1}, reader) > version;
          ASSERT_EQ(NewestCovering(kept, {&key, 1}, reader) > version, hidden);
        }
      }
    }
  }
  EXPECT_GT(pruned, 500U);
}

}  // namespace
}  // namespace quiver
