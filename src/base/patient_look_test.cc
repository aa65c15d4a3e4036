#include "base/patient_look.h"

#include <gtest/gtest.h>

namespace quiver {
namespace {

class PatientLookTest : public ::testing::Test {
 protected:
  /// How often a wait looks at a condition that does not come.
  int LooksInVain() {
    int looks = 0;
    EXPECT_FALSE(look_.Until([&] {
      ++looks;
      return false;
    }));
    return looks;
  }
  /// How many waits in succession do not look at all.
  int WaitsWithoutLook() {
    for (int waits = 0;; ++waits) {
      if (LooksInVain() != 0) return waits;
    }
  }

  PatientLook look_;
};

TEST_F(PatientLookTest, SeesWhatComesWhileItLooks) {
  int looks = 0;
  EXPECT_TRUE(look_.Until([&] { return ++looks == 10; }));
  EXPECT_EQ(looks, 10);
}

TEST_F(PatientLookTest, DoesWithoutTwiceAsOftenAfterEachFailureUpToALimit) {
  EXPECT_GT(LooksInVain(), 100);
  for (int expected = 1; expected <= 256; expected *= 2) EXPECT_EQ(WaitsWithoutLook(), expected);
  EXPECT_EQ(WaitsWithoutLook(), 256);
}

TEST_F(PatientLookTest, ASuccessForgetsTheFailures) {
  (void)LooksInVain();
  EXPECT_EQ(WaitsWithoutLook(), 1);
  EXPECT_FALSE(look_.Until([] { return true; })) << "two waits do without";
  EXPECT_FALSE(look_.Until([] { return true; }));
  EXPECT_TRUE(look_.Until([] { return true; }));
  (void)LooksInVain();
  EXPECT_EQ(WaitsWithoutLook(), 1);
}

}  // namespace
}  // namespace quiver
