// The three renderings of DatabaseMetrics, and RecoveryReport::ToText.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <regex>
#include <set>

#include "metrics/metric_table.h"
#include "quiver/metrics.h"
#include "quiver/recovery_report.h"
#include "testing/json_parser.h"

namespace quiver {
namespace {

DatabaseMetrics Sample() {
  DatabaseMetrics metrics;
  metrics.put = {1'234'567, 89, {1000, 5'000'000, 1200, 2500, 9000, 40'000, 1'500'000, 64}};
  metrics.get.count = 200;
  metrics.get_found = 150;
  metrics.remove.count = 3;
  metrics.memtable_kind = "skiplist";
  metrics.wal_mode = "sync";
  metrics.wal_syncs = 17;
  metrics.wal_sync_latency = {17, 3'400'000, 200'000, 200'000, 200'000, 200'000, 250'000, 1};
  metrics.last_sequence = std::numeric_limits<std::uint64_t>::max();
  metrics.levels = {{.level = 0, .runs = 2, .files = 2, .size_bytes = 2048, .score = 0.5},
                    {.level = 6, .runs = 1, .files = 9, .size_bytes = 1U << 30, .score = 0.25}};
  metrics.write_amplification = 4.5;
  metrics.cache_hits = 75;
  metrics.cache_misses = 25;
  metrics.memory_limit_bytes = 512U << 20;
  metrics.stall_ns = {0, 1'500'000'000, 0, 0};
  metrics.stall_reason = "too_many_runs";
  metrics.uptime_ms = 61'000;
  return metrics;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = text.find('\n', start);
    EXPECT_NE(end, std::string::npos) << "the last line ends with a line feed";
    if (end == std::string::npos) break;
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

// The value of the sample `series`, or "missing".
std::string PrometheusValue(const std::string& text, const std::string& series) {
  for (const std::string& line : Lines(text)) {
    if (line.starts_with(series + " ")) return line.substr(series.size() + 1);
  }
  return "missing";
}

TEST(Json, IsValidAndHoldsTheValues) {
  const auto leaves = testing::JsonParser::Flatten(Sample().ToJson());
  ASSERT_TRUE(leaves.has_value()) << Sample().ToJson();
  EXPECT_EQ(leaves->at("operations.put.count"), "1234567");
  EXPECT_EQ(leaves->at("operations.put.latency.p99_ns"), "9000");
  EXPECT_EQ(leaves->at("operations.put.latency.sample_every"), "64");
  EXPECT_EQ(leaves->at("operations.delete.count"), "3");
  EXPECT_EQ(leaves->at("wal.last_sequence"), "18446744073709551615");
  EXPECT_EQ(leaves->at("levels.1.level"), "6");
  EXPECT_EQ(leaves->at("levels.1.score"), "0.25");
  EXPECT_EQ(leaves->at("compaction.write_amplification"), "4.5");
  EXPECT_EQ(leaves->at("health.stall_ns.too_many_runs"), "1500000000");
  EXPECT_EQ(leaves->at("health.stall_reason"), "too_many_runs");
}

TEST(Json, HasOneLeafForEveryFieldOfTheMetrics) {
  DatabaseMetrics metrics;
  metrics.levels.resize(1);
  const auto leaves = testing::JsonParser::Flatten(metrics.ToJson());
  ASSERT_TRUE(leaves.has_value());
  // 5 operations of 2 + 8, 3 counts; 5 of memtables; 6 + 8 of the log; 8 of a level; 10 of
  // compaction; 4 + 3 of cache and filters; 5 of memory; 4 + 8 of health.
  EXPECT_EQ(leaves->size(), 50U + 3 + 5 + 14 + 8 + 10 + 7 + 5 + 12);
}

TEST(Json, EscapesStringsAndReplacesWhatIsNotUtf8) {
  DatabaseMetrics metrics;
  metrics.read_only_cause = "disk \"a\\b\"\n\x01 gr\xC3\xBCn \xFF";
  const auto leaves = testing::JsonParser::Flatten(metrics.ToJson());
  ASSERT_TRUE(leaves.has_value()) << metrics.ToJson();
  EXPECT_EQ(leaves->at("health.read_only_cause"), "disk \"a\\b\"\n\x01 gr\xC3\xBCn \xEF\xBF\xBD");
}

TEST(Json, NumbersThatJsonDoesNotHaveAreNull) {
  DatabaseMetrics metrics;
  metrics.write_amplification = std::nan("");
  metrics.space_amplification = std::numeric_limits<double>::infinity();
  metrics.read_amplification = 1e300;
  const auto leaves = testing::JsonParser::Flatten(metrics.ToJson());
  ASSERT_TRUE(leaves.has_value()) << metrics.ToJson();
  EXPECT_EQ(leaves->at("compaction.write_amplification"), "null");
  EXPECT_EQ(leaves->at("compaction.space_amplification"), "null");
  EXPECT_EQ(std::stod(leaves->at("compaction.read_amplification")), 1e300);
}

TEST(JsonParser, RefusesWhatIsNotJson) {
  for (const std::string_view json :
       {"", "{", "{}x", "{\"a\":}", "{\"a\":1,}", "[1,]", "{\"a\":01}", "{\"a\":.5}", "{\"a\":nan}",
        "{\"a\":\"\x01\"}", "{\"a\":\"\\q\"}", "{\"a\":1,\"a\":2}", "{a:1}"}) {
    EXPECT_FALSE(testing::JsonParser::Flatten(json).has_value()) << json;
  }
}

TEST(Prometheus, EveryLineFollowsTheGrammarAndEveryFamilyIsAnnounced) {
  const std::string name = "[a-zA-Z_:][a-zA-Z0-9_:]*";
  const std::string label = "[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\\n]|\\\\[\\\\n\"])*\"";
  const std::string value = "(?:[-+]?[0-9]+(?:\\.[0-9]+)?(?:e[-+]?[0-9]+)?|NaN|[-+]Inf)";
  const std::regex help_line("# HELP (" + name + ") [^\\n]+");
  const std::regex type_line("# TYPE (" + name + ") (counter|gauge|summary)");
  const std::regex sample_line("(" + name + ")(?:\\{" + label + "(?:," + label + ")*\\})? " +
                               value);

  std::string family;
  std::string type;
  std::set<std::string> families;
  std::set<std::string> series;
  for (const std::string& line : Lines(Sample().ToPrometheus())) {
    std::smatch match;
    if (std::regex_match(line, match, help_line)) {
      family = match[1];
      EXPECT_TRUE(families.insert(family).second) << family << " is announced twice";
      type.clear();
    } else if (std::regex_match(line, match, type_line)) {
      EXPECT_EQ(match[1], family);
      type = match[2];
    } else {
      ASSERT_TRUE(std::regex_match(line, match, sample_line)) << line;
      std::string sample_name = match[1];
      ASSERT_FALSE(type.empty()) << "a sample before its type: " << line;
      if (type == "summary" && sample_name != family) {
        EXPECT_TRUE(sample_name == family + "_sum" || sample_name == family + "_count") << line;
      } else {
        EXPECT_EQ(sample_name, family);
      }
      EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << "twice: " << line;
    }
  }
  EXPECT_EQ(families.size(), MetricFamilies().size());
}

TEST(Prometheus, NamesFollowTheConventions) {
  for (const MetricFamily& family : MetricFamilies()) {
    EXPECT_TRUE(family.name.starts_with("quiver_")) << family.name;
    EXPECT_EQ(family.name.ends_with("_total"), family.type == MetricType::kCounter) << family.name;
    EXPECT_EQ(family.name.find("_ns"), std::string_view::npos) << "seconds, not " << family.name;
    EXPECT_EQ(family.name.find("_ms"), std::string_view::npos) << "seconds, not " << family.name;
    EXPECT_TRUE(family.help.ends_with('.')) << family.name;
  }
}

TEST(Prometheus, HoldsTheValuesInBaseUnits) {
  const std::string text = Sample().ToPrometheus();
  EXPECT_EQ(PrometheusValue(text, "quiver_operations_total{op=\"put\"}"), "1234567");
  EXPECT_EQ(
      PrometheusValue(text, "quiver_operation_duration_seconds{op=\"put\",quantile=\"0.99\"}"),
      "9e-06");
  EXPECT_EQ(PrometheusValue(text, "quiver_operation_duration_seconds_sum{op=\"put\"}"), "0.005");
  EXPECT_EQ(PrometheusValue(text, "quiver_operation_duration_seconds_count{op=\"put\"}"), "1000");
  EXPECT_EQ(PrometheusValue(text, "quiver_wal_sync_duration_seconds{quantile=\"1\"}"), "0.00025");
  EXPECT_EQ(PrometheusValue(text, "quiver_wal_sync_duration_seconds_count"), "17");
  EXPECT_EQ(PrometheusValue(text, "quiver_level_bytes{level=\"6\"}"), "1073741824");
  EXPECT_EQ(PrometheusValue(text, "quiver_level_score{level=\"0\"}"), "0.5");
  EXPECT_EQ(PrometheusValue(text, "quiver_write_stall_seconds_total{reason=\"too_many_runs\"}"),
            "1.5");
  EXPECT_EQ(PrometheusValue(text, "quiver_write_stalled{reason=\"too_many_runs\"}"), "1");
  EXPECT_EQ(PrometheusValue(text, "quiver_write_stalled{reason=\"disk_full\"}"), "0");
  EXPECT_EQ(PrometheusValue(text, "quiver_cache_requests_total{result=\"hit\"}"), "75");
  EXPECT_EQ(PrometheusValue(text, "quiver_info{memtable_kind=\"skiplist\",wal_mode=\"sync\"}"),
            "1");
  EXPECT_EQ(PrometheusValue(text, "quiver_uptime_seconds"), "61");
  EXPECT_EQ(PrometheusValue(text, "quiver_read_only"), "0");
}

TEST(Prometheus, CausesAndMessagesAreNoLabels) {
  DatabaseMetrics metrics;
  metrics.read_only_cause = "planted cause";
  const std::string text = metrics.ToPrometheus();
  EXPECT_EQ(text.find("planted"), std::string::npos);
  EXPECT_EQ(PrometheusValue(text, "quiver_read_only"), "1");
}

TEST(Prometheus, LabelValuesAreEscaped) {
  DatabaseMetrics metrics;
  metrics.memtable_kind = "a\"b\\c\nd";
  EXPECT_NE(metrics.ToPrometheus().find("memtable_kind=\"a\\\"b\\\\c\\nd\""), std::string::npos);
}

TEST(Prometheus, NumbersThatAreNotFiniteHaveTheirWords) {
  DatabaseMetrics metrics;
  metrics.write_amplification = std::nan("");
  metrics.space_amplification = std::numeric_limits<double>::infinity();
  const std::string text = metrics.ToPrometheus();
  EXPECT_EQ(PrometheusValue(text, "quiver_write_amplification_ratio"), "NaN");
  EXPECT_EQ(PrometheusValue(text, "quiver_space_amplification_ratio"), "+Inf");
}

TEST(Text, ShowsWhatAnOperatorLooksFor) {
  DatabaseMetrics metrics = Sample();
  std::string text = metrics.ToText();
  for (const char* wanted :
       {"1,234,567", "9.00 us", "too_many_runs", "1.50 s", "75.0 %", "1.0 GiB", "1 min 01 s",
        "health", "operations", "memtables", "log", "levels", "block cache", "filters", "memory"}) {
    EXPECT_NE(text.find(wanted), std::string::npos) << wanted << " is missing from\n" << text;
  }
  EXPECT_EQ(text.find("read-only because"), std::string::npos);
  metrics.read_only_cause = "checksum of 12.arrow";
  text = metrics.ToText();
  EXPECT_NE(text.find("read-only because: checksum of 12.arrow"), std::string::npos);
}

TEST(Text, TheColumnsOfATableEndTogether) {
  const std::vector<std::string> lines = Lines(Sample().ToText());
  const auto header = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("  operation ");
  });
  ASSERT_NE(header, lines.end());
  for (int row = 1; row <= 5; ++row) {
    EXPECT_EQ((header + row)->size(), header->size()) << *(header + row);
  }
}

TEST(StallReason, EveryReasonHasItsName) {
  EXPECT_STREQ(StallReasonName(StallReason::kMemtablesFull), "memtables_full");
  EXPECT_STREQ(StallReasonName(StallReason::kTooManyRuns), "too_many_runs");
  EXPECT_STREQ(StallReasonName(StallReason::kRunsSlowdown), "runs_slowdown");
  EXPECT_STREQ(StallReasonName(StallReason::kDiskFull), "disk_full");
}

TEST(RecoveryReport, SaysHowTheDatabaseWasFound) {
  RecoveryReport report;
  report.created = true;
  EXPECT_NE(report.ToText().find("created a new database"), std::string::npos);
  report.created = false;
  report.clean_shutdown = true;
  EXPECT_NE(report.ToText().find("after a clean shutdown"), std::string::npos);
  report.clean_shutdown = false;
  EXPECT_NE(report.ToText().find("after a crash"), std::string::npos);
}

TEST(RecoveryReport, LossesComeFirstAndEveryFindingIsNamed) {
  RecoveryReport report;
  report.entries_replayed = 12'345;
  report.torn_tail_bytes = 4096;
  report.duration_ms = 1500;
  report.notes = {"cut a torn frame"};
  report.losses = {"frame at 4096 of 7.wal", "frame at 9000 of 7.wal"};
  report.orphans_removed = {"12.arrow"};
  report.foreign_files = {"notes.txt"};
  const std::string text = report.ToText();
  EXPECT_TRUE(text.starts_with("LOST (2)\n  frame at 4096 of 7.wal\n")) << text;
  for (const char* wanted : {"12,345", "4.0 KiB", "1.50 s", "notes (1)", "cut a torn frame",
                             "12.arrow", "foreign files left alone (1)", "notes.txt"}) {
    EXPECT_NE(text.find(wanted), std::string::npos) << wanted << " is missing from\n" << text;
  }
  EXPECT_EQ(RecoveryReport{}.ToText().find("LOST"), std::string::npos);
  EXPECT_EQ(RecoveryReport{}.ToText().find("cut from"), std::string::npos);
}

}  // namespace
}  // namespace quiver
