// Pages that repeat what the code knows are held against the code. QUIVER_REWRITE=1 renews them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include "memtable/memtable_traits.h"
#include "quiver/config.h"

namespace quiver {
namespace {

constexpr const char* kBegin = "<!-- made from the code: begin -->\n";
constexpr const char* kEnd = "<!-- made from the code: end -->\n";

std::string SizeText(std::uint64_t bytes) {
  return bytes >= std::uint64_t{1} << 30 ? std::to_string(bytes >> 30) + " GiB"
                                         : std::to_string(bytes >> 20) + " MiB";
}

std::string MemtableTable() {
  std::string text =
      "| kind | structure | add | get | seek | next | writers at once | largest |\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const MemtableTraits& row : AllMemtableTraits()) {
    text += "| `" + std::string(row.name) + "` | " + std::string(row.structure) + " | " +
            std::string(row.add_cost) + " | " + std::string(row.get_cost) + " | " +
            std::string(row.seek_cost) + " | " + std::string(row.next_cost) + " | " +
            (row.concurrent_writers ? "many" : "one") + " | " + SizeText(row.size_bytes_max) +
            " |\n";
  }
  return text;
}

TEST(DocsTest, TheTableOfMemtablesIsTheOneInTheCode) {
  const std::string path = std::string(QUIVER_SOURCE_DIR) + "/docs/memtables.md";
  std::ifstream file(path);
  std::stringstream stream;
  stream << file.rdbuf();
  std::string page = stream.str();
  const std::size_t begin = page.find(kBegin);
  const std::size_t end = page.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::size_t table = begin + std::string(kBegin).size();
  if (std::getenv("QUIVER_REWRITE") != nullptr) {
    page.replace(table, end - table, MemtableTable());
    std::ofstream(path) << page;
    return;
  }
  EXPECT_EQ(page.substr(table, end - table), MemtableTable())
      << "run QUIVER_REWRITE=1 docs_test to renew docs/memtables.md";
}

// --- the page of regressions

namespace fs = std::filesystem;

std::string ReadText(const fs::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  std::stringstream stream;
  stream << file.rdbuf();
  return stream.str();
}

// All sources of tests, one after the other.
std::string TestSources(const fs::path& root) {
  std::string text;
  for (const char* folder : {"tests", "src"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().filename().string().ends_with("_test.cc")) text += ReadText(entry.path());
    }
  }
  return text;
}

TEST(DocsTest, EveryTestAndCanaryOnThePageOfRegressionsExists) {
  const fs::path root = QUIVER_SOURCE_DIR;
  const std::string page = ReadText(root / "docs/regressions.md");
  const std::string sources = TestSources(root);
  const std::string canaries = ReadText(root / "torture/canaries/canaries.toml");
  const std::regex name(
      "`(canary:|torture-)([a-z0-9_]+)`|`([A-Z][A-Za-z0-9]+)\\.([A-Z][A-Za-z0-9]+)`");
  int tests = 0;
  int others = 0;
  for (std::sregex_iterator at(page.begin(), page.end(), name), end; at != end; ++at) {
    const std::smatch& found = *at;
    if (found[3].matched) {
      ++tests;
      const std::string written = "(" + found[3].str() + ", " + found[4].str() + ")";
      EXPECT_NE(sources.find(written), std::string::npos) << "there is no test " << found[0];
    } else {
      ++others;
      const bool there =
          found[1] == "torture-"
              ? fs::exists(root / "torture" / found[2].str())
              : canaries.find("name = \"" + found[2].str() + "\"") != std::string::npos;
      EXPECT_TRUE(there) << "there is no " << found[0];
    }
  }
  EXPECT_GT(tests, 50);
  EXPECT_GT(others, 50);
}

TEST(DocsTest, TheComparisonCountsTheSettingsThatThereAre) {
  const std::string page = ReadText(fs::path(QUIVER_SOURCE_DIR) / "docs/comparison.md");
  const std::string row = "| settings | " + std::to_string(ConfigTable().size()) + ", one table |";
  EXPECT_NE(page.find(row), std::string::npos) << "docs/comparison.md should have: " << row;
}

}  // namespace
}  // namespace quiver
