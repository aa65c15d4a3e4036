#include "db/span_pace.h"

#include <gtest/gtest.h>

namespace quiver {
namespace {

// Rows taken one by one until the next look for a span.
int StepsToNextLook(SpanPace& pace) {
  int steps = 0;
  for (; !pace.due(); ++steps) pace.Step();
  return steps;
}

TEST(SpanPaceTest, ShortSpansInARowMakeLooksRarerUpToALimit) {
  SpanPace pace;
  EXPECT_TRUE(pace.due());
  for (const int steps : {1, 2, 4, 8, 16, 16, 16}) {
    pace.Short();
    EXPECT_EQ(StepsToNextLook(pace), steps);
  }
}

TEST(SpanPaceTest, ALongSpanMakesTheNextShortOneCostASingleStep) {
  SpanPace pace;
  for (int i = 0; i < 5; ++i) {
    pace.Short();
    StepsToNextLook(pace);
  }
  pace.Long();
  EXPECT_TRUE(pace.due());
  pace.Short();
  EXPECT_EQ(StepsToNextLook(pace), 1);
}

TEST(SpanPaceTest, ASeekTakesRowsOneByOneAtFirst) {
  SpanPace pace;
  pace.Restart();
  EXPECT_EQ(StepsToNextLook(pace), 16);
  pace.Short();
  EXPECT_EQ(StepsToNextLook(pace), 1);
}

TEST(SpanPaceTest, ASpanIsLongFromFourRowsOn) {
  EXPECT_FALSE(SpanPace::IsLong(3));
  EXPECT_TRUE(SpanPace::IsLong(4));
}

}  // namespace
}  // namespace quiver
