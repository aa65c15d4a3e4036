#include "metrics/metric_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "testing/committed_page.h"

namespace quiver {
namespace {

constexpr const char* kPage = PROJECT_SOURCE_DIR "/docs/metrics.md";

TEST(MetricTable, TheCommittedPageIsMadeFromTheTable) {
  testing::ExpectCommittedPage(kPage, MetricsReferenceMarkdown());
}

TEST(MetricTable, EveryNameThatIsEmittedStandsOnTheCommittedPage) {
  std::ostringstream page;
  page << std::ifstream(kPage, std::ios::binary).rdbuf();
  DatabaseMetrics metrics;
  metrics.levels.resize(1);
  metrics.keyspaces.resize(1);
  std::istringstream lines(metrics.ToPrometheus());
  int samples = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    ++samples;
    std::string name = line.substr(0, line.find_first_of(" {"));
    // A summary stands on the page without the suffixes that the format gives its samples.
    for (const std::string_view suffix : {"_seconds_sum", "_seconds_count"}) {
      if (name.ends_with(suffix)) name.resize(name.rfind('_'));
    }
    EXPECT_NE(page.str().find("`" + name + "`"), std::string::npos) << name;
  }
  EXPECT_GT(samples, 90);
}

}  // namespace
}  // namespace quiver
