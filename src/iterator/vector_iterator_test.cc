#include "iterator/vector_iterator.h"

#include <gtest/gtest.h>

namespace quiver {
namespace {

std::unique_ptr<InternalIterator> Fruit() {
  return NewVectorIterator({{.key = "pear", .value = "green", .sequence = 2},
                            {.key = "apple", .value = "red", .sequence = 1},
                            {.key = "apple", .sequence = 5, .operation = Operation::kDelete},
                            {.key = "fig", .value = "blue", .sequence = 3, .expiry_us = 99}});
}

std::string At(const InternalIterator& iterator) {
  if (!iterator.Valid()) return "end";
  return std::string(iterator.entry().key) + std::to_string(iterator.entry().sequence);
}

TEST(VectorIterator, IsPositionedNowhereWhenMade) {
  EXPECT_EQ(At(*Fruit()), "end");
}

TEST(VectorIterator, WalksInEntryOrderBothWays) {
  const auto iterator = Fruit();
  std::string forward;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) forward += At(*iterator) + " ";
  EXPECT_EQ(forward, "apple5 apple1 fig3 pear2 ");
  std::string backward;
  for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev()) backward += At(*iterator) + " ";
  EXPECT_EQ(backward, "pear2 fig3 apple1 apple5 ");
  EXPECT_TRUE(iterator->status().ok());
}

TEST(VectorIterator, HandsOutWholeEntries) {
  const auto iterator = Fruit();
  iterator->Seek("fig", kSequenceMax);
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->entry().value, "blue");
  EXPECT_EQ(iterator->entry().expiry_us, 99U);
  iterator->SeekToFirst();
  EXPECT_EQ(iterator->entry().operation, Operation::kDelete);
}

TEST(VectorIterator, SeeksToTheNearestEntryOnEitherSide) {
  const auto iterator = Fruit();
  iterator->Seek("apple", 4);
  EXPECT_EQ(At(*iterator), "apple1");
  iterator->Seek("apple", 5);
  EXPECT_EQ(At(*iterator), "apple5");
  iterator->Seek("zzz", 0);
  EXPECT_EQ(At(*iterator), "end");
  iterator->SeekForPrev("apple", 4);
  EXPECT_EQ(At(*iterator), "apple5");
  iterator->SeekForPrev("apple", 0);
  EXPECT_EQ(At(*iterator), "apple1");
  iterator->SeekForPrev("fig", 3);
  EXPECT_EQ(At(*iterator), "fig3");
  iterator->SeekForPrev("a", 0);
  EXPECT_EQ(At(*iterator), "end");
}

TEST(VectorIterator, AnEmptyOneHasNoPosition) {
  const auto iterator = NewVectorIterator({});
  iterator->SeekToFirst();
  EXPECT_FALSE(iterator->Valid());
  iterator->SeekToLast();
  EXPECT_FALSE(iterator->Valid());
  iterator->Seek("", kSequenceMax);
  EXPECT_FALSE(iterator->Valid());
  iterator->SeekForPrev("z", 0);
  EXPECT_FALSE(iterator->Valid());
}

}  // namespace
}  // namespace quiver
