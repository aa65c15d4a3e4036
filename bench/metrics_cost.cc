// metrics-cost: what the metrics of a put cost beside the put itself, in nanoseconds: the same
// counters and the same sampled timer as Database::Put and the log use, alone in a loop, and whole
// puts into an open database (log not synced). Figures are medians of rounds in turn.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "io/environment.h"
#include "metrics/engine_metrics.h"
#include "metrics/operation_timer.h"
#include "quiver/database.h"

namespace quiver {
namespace {

constexpr int kRounds = 7;
constexpr std::uint64_t kPuts = 200'000;
constexpr std::uint64_t kMetricPuts = 5'000'000;

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double MetricsNanos(EngineMetrics& metrics, io::Clock& clock) {
  const auto now = [&clock] { return clock.MonotonicNanos(); };
  const std::uint64_t start_ns = clock.MonotonicNanos();
  for (std::uint64_t i = 0; i < kMetricPuts; ++i) {
    const OperationTimer timer(metrics.put.latency, now, kOperationSampleEvery);
    metrics.wal_bytes.Add(140);
    metrics.put.count.Add();
    metrics.put.bytes.Add(116);
  }
  return static_cast<double>(clock.MonotonicNanos() - start_ns) / kMetricPuts;
}

double PutNanos(Database& db, io::Clock& clock, std::uint64_t first) {
  const std::string value(100, 'v');
  const std::uint64_t start_ns = clock.MonotonicNanos();
  for (std::uint64_t i = 0; i < kPuts; ++i) {
    char key[24];
    std::snprintf(key, sizeof key, "%016llx",
                  static_cast<unsigned long long>((first + i) * 0x9E3779B97F4A7C15ULL));
    if (!db.Put(key, value, {.wal_mode = WalMode::kAsync})) std::exit(1);
  }
  return static_cast<double>(clock.MonotonicNanos() - start_ns) / kPuts;
}

int Main() {
  io::Clock& clock = *io::SystemEnvironment().clock;
  const auto directory = std::filesystem::temp_directory_path() / "quiver-metrics-cost";
  std::filesystem::remove_all(directory);
  auto opened = Database::Open(directory);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().ToString().c_str());
    return 1;
  }
  EngineMetrics metrics;
  std::vector<double> alone;
  std::vector<double> puts;
  for (int round = 0; round < kRounds; ++round) {
    alone.push_back(MetricsNanos(metrics, clock));
    puts.push_back(PutNanos(**opened, clock, static_cast<std::uint64_t>(round) * kPuts));
  }
  std::printf("metrics of a put %.1f ns, put %.0f ns: %.2f %%\n", Median(alone), Median(puts),
              100 * Median(alone) / Median(puts));
  opened->reset();
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace quiver

int main() {
  return quiver::Main();
}
