#include "quiver/error.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "base/check.h"
#include "base/try.h"

namespace quiver {
namespace {

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::kConflict); ++code) {
    const std::string_view name = ErrorCodeName(static_cast<ErrorCode>(code));
    EXPECT_NE(name, "unknown");
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(ErrorCodeName(ErrorCode::kInvalidArgument), "invalid_argument");
}

TEST(Error, ToStringNamesCodePlaceAndMessage) {
  EXPECT_EQ(Error(ErrorCode::kIo, "no such device").ToString(), "io: no such device");
  EXPECT_EQ(Error(ErrorCode::kIo, "sync failed", "7.wal").ToString(), "io: 7.wal: sync failed");
  EXPECT_EQ(Error(ErrorCode::kCorruption, "bad magic", "12.arrow", 4096).ToString(),
            "corruption: 12.arrow, offset 4096: bad magic");
}

TEST(Error, ContextGoesBeforeTheMessageAndKeepsTheRest) {
  const Error inner(ErrorCode::kCorruption, "bad magic", "12.arrow", 0);
  const Error outer = inner.WithContext("while opening");
  EXPECT_EQ(outer.code(), ErrorCode::kCorruption);
  EXPECT_EQ(outer.message(), "while opening: bad magic");
  EXPECT_EQ(outer.file(), "12.arrow");
  EXPECT_EQ(outer.offset(), 0U);
  EXPECT_EQ(inner.message(), "bad magic");
}

Result<int> Half(int number) {
  if (number % 2 != 0) return Error(ErrorCode::kInvalidArgument, "odd");
  return number / 2;
}

Result<int> Quarter(int number) {
  QUIVER_ASSIGN_OR_RETURN(const int half, Half(number));
  QUIVER_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Result<void> RequireEven(int number) {
  QUIVER_TRY(Half(number));
  return {};
}

TEST(Result, TheMacrosPassErrorsUpAndValuesOn) {
  EXPECT_EQ(Quarter(8).value(), 2);
  ASSERT_FALSE(Quarter(6).ok());
  EXPECT_EQ(Quarter(6).error().message(), "odd");
  EXPECT_TRUE(RequireEven(4).ok());
  EXPECT_EQ(RequireEven(5).error().code(), ErrorCode::kInvalidArgument);
}

TEST(Result, AssignOrReturnMovesValuesThatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); };
  const auto use = [&make]() -> Result<int> {
    QUIVER_ASSIGN_OR_RETURN(const std::unique_ptr<int> number, make());
    return *number;
  };
  EXPECT_EQ(use().value(), 5);
}

TEST(CheckDeathTest, AFailedCheckSaysWhatAndWhereAndAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(QUIVER_CHECK(1 + 1 == 3), "check failed: 1 \\+ 1 == 3 at .*error_test");
}

}  // namespace
}  // namespace quiver
