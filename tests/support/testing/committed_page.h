// Holds a page of the repository against the text it is made from; with QUIVER_REWRITE=1 in the
// environment writes the page instead.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace quiver::testing {

inline void ExpectCommittedPage(const std::string& path, std::string_view text) {
  const char* rewrite = std::getenv("QUIVER_REWRITE");
  if (rewrite != nullptr && std::string_view(rewrite) == "1") {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file.is_open()) << path << " is missing: run this test with QUIVER_REWRITE=1";
  std::ostringstream committed;
  committed << file.rdbuf();
  EXPECT_EQ(committed.str(), text) << path << " is out of date: run with QUIVER_REWRITE=1";
}

}  // namespace quiver::testing
