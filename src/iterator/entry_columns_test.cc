// Spans: cutting one at an entry, and the merge of children that have columns.
#include "iterator/entry_columns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "iterator/merging_iterator.h"
#include "iterator/vector_iterator.h"
#include "testing/blocks_iterator.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using testing::BlocksIterator;
using testing::ColumnBlock;

bool ComesBefore(const OwnedEntry& a, const OwnedEntry& b) {
  return CompareEntry(a.key, a.sequence, b.key, b.sequence) < 0;
}

std::vector<OwnedEntry> RandomEntries(Random& random, std::size_t count) {
  std::vector<OwnedEntry> entries;
  for (SequenceNumber sequence = 1; sequence <= count; ++sequence) {
    entries.push_back({.key = "key" + std::to_string(100 + random.Below(60)),
                       .value = "v" + std::to_string(sequence),
                       .sequence = sequence});
  }
  std::sort(entries.begin(), entries.end(), ComesBefore);
  return entries;
}

TEST(EntrySpanTest, SpanBeforeCutsWhereALinearSearchDoes) {
  Random random(testing::TestSeed(61));
  for (int round = 0; round < 2000; ++round) {
    const std::vector<OwnedEntry> entries = RandomEntries(random, 1 + random.Below(40));
    const ColumnBlock block(entries);
    const auto begin = static_cast<std::uint32_t>(random.Below(entries.size() + 1));
    const OwnedEntry bound{.key = "key" + std::to_string(100 + random.Below(60)),
                           .sequence = random.Below(45)};
    std::uint32_t expected = begin;
    while (expected < entries.size() && ComesBefore(entries[expected], bound)) ++expected;
    const EntrySpan cut =
        SpanBefore({&block.columns(), begin, block.rows()}, bound.key, bound.sequence);
    ASSERT_EQ(cut.begin, begin);
    ASSERT_EQ(cut.end, expected);
  }
}

TEST(EntrySpanTest, SpanBehindCutsWhereALinearSearchDoes) {
  Random random(testing::TestSeed(62));
  for (int round = 0; round < 2000; ++round) {
    const std::vector<OwnedEntry> entries = RandomEntries(random, 1 + random.Below(40));
    const ColumnBlock block(entries);
    const auto end = static_cast<std::uint32_t>(random.Below(entries.size() + 1));
    const OwnedEntry bound{.key = "key" + std::to_string(100 + random.Below(60)),
                           .sequence = random.Below(45)};
    std::uint32_t expected = end;
    while (expected > 0 && ComesBefore(bound, entries[expected - 1])) --expected;
    const EntrySpan cut = SpanBehind({&block.columns(), 0, end}, bound.key, bound.sequence);
    ASSERT_EQ(cut.begin, expected);
    ASSERT_EQ(cut.end, end);
  }
}

// Stretches that belong to one child, and a child without columns.
std::unique_ptr<InternalIterator> MergeOfParts(Random& random, const std::vector<OwnedEntry>& all) {
  std::vector<std::vector<OwnedEntry>> parts(1 + random.Below(4));
  std::size_t owner = 0;
  for (const OwnedEntry& entry : all) {
    if (random.OneIn(5)) owner = random.Below(parts.size());
    parts[owner].push_back(entry);
  }
  std::vector<std::unique_ptr<InternalIterator>> children;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i == 3) {
      children.push_back(NewVectorIterator(parts[i]));
    } else {
      children.push_back(std::make_unique<BlocksIterator>(parts[i], 1 + random.Below(12)));
    }
  }
  return NewMergingIterator(std::move(children));
}

TEST(EntrySpanTest, AMergeOffersWhatItsNextStepsWouldShowAndSkipsIt) {
  Random random(testing::TestSeed(67));
  std::uint64_t long_spans = 0;
  for (int round = 0; round < 500; ++round) {
    const std::vector<OwnedEntry> all = RandomEntries(random, random.Below(80));
    const auto merged = MergeOfParts(random, all);
    std::size_t at = random.OneIn(2) || all.empty() ? 0 : random.Below(all.size());
    if (at == 0) {
      merged->SeekToFirst();
    } else {
      merged->Seek(all[at].key, all[at].sequence);
    }
    while (merged->Valid()) {
      ASSERT_LT(at, all.size());
      ASSERT_EQ(merged->entry().sequence, all[at].sequence);
      const EntrySpan span = merged->Span();
      ASSERT_LE(at + span.rows(), all.size());
      for (std::uint32_t i = 0; i < span.rows(); ++i) {
        const EntryView entry = span.columns->EntryAt(span.begin + i);
        ASSERT_EQ(entry.key, all[at + i].key);
        ASSERT_EQ(entry.value, all[at + i].value);
        ASSERT_EQ(entry.sequence, all[at + i].sequence);
      }
      long_spans += span.rows() > 3 ? 1 : 0;
      std::uint32_t step = 1;
      if (span.rows() > 0 && !random.OneIn(3)) {
        step = static_cast<std::uint32_t>(1 + random.Below(span.rows()));
        merged->Skip(step);
      } else {
        merged->Next();
      }
      at += step;
    }
    ASSERT_EQ(at, all.size());
  }
  EXPECT_GT(long_spans, 100U);
}

// One step or a part of the span there is, forward or backward; the new place of the model.
std::size_t MoveAtRandom(Random& random, InternalIterator& merged, bool forward, std::size_t at) {
  const EntrySpan span = forward ? merged.Span() : merged.SpanBack();
  if (span.rows() == 0 || random.OneIn(3)) {
    forward ? merged.Next() : merged.Prev();
    return forward ? at + 1 : at - 1;
  }
  const auto step = static_cast<std::uint32_t>(1 + random.Below(span.rows()));
  forward ? merged.Skip(step) : merged.SkipBack(step);
  return forward ? at + step : at - step;
}

TEST(EntrySpanTest, AMergeOffersTheWayBackWhatItsStepsWouldShowAndTurnsAnywhere) {
  Random random(testing::TestSeed(68));
  std::uint64_t long_spans = 0;
  for (int round = 0; round < 500; ++round) {
    const std::vector<OwnedEntry> all = RandomEntries(random, 1 + random.Below(80));
    const auto merged = MergeOfParts(random, all);
    std::size_t at = all.size() - 1;
    merged->SeekToLast();
    bool forward = false;
    while (merged->Valid()) {
      ASSERT_LT(at, all.size());
      ASSERT_EQ(merged->entry().sequence, all[at].sequence);
      const EntrySpan span = merged->SpanBack();
      ASSERT_LE(span.rows(), at + 1);
      for (std::uint32_t i = 0; i < span.rows(); ++i) {
        const EntryView entry = span.columns->EntryAt(span.end - 1 - i);
        ASSERT_EQ(entry.key, all[at - i].key);
        ASSERT_EQ(entry.value, all[at - i].value);
        ASSERT_EQ(entry.sequence, all[at - i].sequence);
      }
      long_spans += span.rows() > 3 ? 1 : 0;
      if (random.OneIn(6)) forward = !forward && at + 1 < all.size();
      // The way on is empty after a move the other way, where more than one child takes part.
      at = MoveAtRandom(random, *merged, forward, at);
      if (forward && at >= all.size()) {
        ASSERT_FALSE(merged->Valid());
        merged->SeekToLast();
        at = all.size() - 1;
        forward = false;
      }
    }
    ASSERT_EQ(at, ~std::size_t{0});
  }
  EXPECT_GT(long_spans, 100U);
}

TEST(EntrySpanTest, AMergeOffersNothingBeyondATurn) {
  Random random(testing::TestSeed(71));
  std::vector<std::unique_ptr<InternalIterator>> children;
  children.push_back(std::make_unique<BlocksIterator>(RandomEntries(random, 20), 8));
  children.push_back(NewVectorIterator({{.key = "a", .sequence = 99}}));
  const auto merged = NewMergingIterator(std::move(children));
  merged->SeekToLast();
  EXPECT_EQ(merged->Span().rows(), 0U);
  EXPECT_GT(merged->SpanBack().rows(), 0U);
  merged->Prev();
  merged->Next();
  EXPECT_GT(merged->Span().rows(), 0U);
  EXPECT_EQ(merged->SpanBack().rows(), 0U);
}

}  // namespace
}  // namespace quiver
