#include "quiver/write_batch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/batch_codec.h"

namespace quiver {
namespace {

TEST(WriteBatch, ANewBatchIsEmpty) {
  const WriteBatch batch;
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.count(), 0U);
  EXPECT_EQ(batch.size_bytes(), 0U);
}

TEST(WriteBatch, OperationsAreEncodedInTheOrderGiven) {
  WriteBatch batch;
  ASSERT_TRUE(batch.Put("apple", "red").ok());
  ASSERT_TRUE(batch.Delete("apple").ok());
  ASSERT_TRUE(batch.Put("", "").ok());
  EXPECT_EQ(batch.count(), 3U);
  EXPECT_EQ(batch.size_bytes(), batch.encoded().size());

  BatchReader reader(batch.encoded());
  BatchEntry entry;
  ASSERT_TRUE(reader.Next(entry));
  EXPECT_EQ(entry.operation, Operation::kPut);
  EXPECT_EQ(entry.key, "apple");
  EXPECT_EQ(entry.value, "red");
  ASSERT_TRUE(reader.Next(entry));
  EXPECT_EQ(entry.operation, Operation::kDelete);
  EXPECT_EQ(entry.key, "apple");
  ASSERT_TRUE(reader.Next(entry));
  EXPECT_EQ(entry.key, "");
  EXPECT_FALSE(reader.Next(entry));
  EXPECT_FALSE(reader.malformed());
}

TEST(WriteBatch, AKeyAtTheLimitFitsAndOneBeyondLeavesTheBatchUnchanged) {
  WriteBatch batch;
  ASSERT_TRUE(batch.Put(std::string(kKeyBytesMax, 'k'), "v").ok());
  const std::string before(batch.encoded());
  const std::string long_key(kKeyBytesMax + 1, 'k');
  for (const Result<void>& result : {batch.Put(long_key, "v"), batch.Delete(long_key)}) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_EQ(result.error().message(), "key has 65536 bytes, the most is 65535");
  }
  EXPECT_EQ(batch.encoded(), before);
  EXPECT_EQ(batch.count(), 1U);
}

// The views below point at one byte: the limits are checked before any byte is touched, so that
// the test needs no gigabyte.
TEST(WriteBatch, AValueOverTheLimitIsRefusedBeforeItIsRead) {
  WriteBatch batch;
  const std::string_view claimed("v", kValueBytesMax + 1);
  const Result<void> result = batch.Put("k", claimed);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message(), "value has 536870913 bytes, the most is 536870912");
  EXPECT_TRUE(batch.empty());
}

TEST(WriteBatch, ABatchOverTheLimitIsRefusedAndUnchanged) {
  WriteBatch batch;
  ASSERT_TRUE(batch.Put("a", std::string(kValueBytesMax, 'v')).ok());
  const std::size_t before = batch.size_bytes();
  const Result<void> result = batch.Put("b", std::string_view("v", kValueBytesMax));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(batch.size_bytes(), before);
  EXPECT_EQ(batch.count(), 1U);
  EXPECT_TRUE(batch.Put("c", "v").ok()) << "a small operation still fits";
}

TEST(WriteBatch, ClearEmptiesABatchForReuse) {
  WriteBatch batch;
  ASSERT_TRUE(batch.Put("a", "1").ok());
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.encoded(), "");
  ASSERT_TRUE(batch.Delete("b").ok());
  EXPECT_EQ(batch.count(), 1U);
}

}  // namespace
}  // namespace quiver
