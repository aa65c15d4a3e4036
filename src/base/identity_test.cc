#include "base/identity.h"

#include <gtest/gtest.h>

#include <set>

namespace quiver {
namespace {

TEST(DatabaseId, PrintsAsThirtyTwoHexadecimalDigits) {
  EXPECT_EQ((DatabaseId{0x1F, 0xABCDEF0123456789}).ToString(), "000000000000001fabcdef0123456789");
}

TEST(DatabaseId, FilesOfADatabaseAndOfOthersHaveDifferentIdentities) {
  std::set<std::uint64_t> identities;
  for (const DatabaseId id : {DatabaseId{1, 2}, DatabaseId{2, 1}, DatabaseId{0, 0}}) {
    for (std::uint64_t file = 0; file < 1000; ++file) identities.insert(id.FileIdentity(file));
  }
  EXPECT_EQ(identities.size(), 3000U);
}

}  // namespace
}  // namespace quiver
