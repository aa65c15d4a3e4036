// Pages that repeat what the code knows are held against the code. QUIVER_REWRITE=1 renews them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "memtable/memtable_traits.h"

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

}  // namespace
}  // namespace quiver
