// Goal: the resident memory of a process stays within memory_limit_bytes plus 64 MiB, whatever the
// database does: a load many times as large as the limit, flushes, compactions, gets and scans
// that fill the cache.
//
// Method: a child process does the work, so that its peak is its own; the kernel's figure for it
// is compared with the limit. Values are kept out of the test's own memory by making them anew.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "base/random.h"
#include "quiver/database.h"
#include "testing/sanitized.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kAllowanceBytes = 64 * kMiB;

std::string KeyOf(std::uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "key%016llx",
                static_cast<unsigned long long>(number * 0x9E3779B97F4A7C15ULL));
  return text;
}

/// Half of each value is random, so that compression does not make the data small.
void FillValue(std::uint64_t number, std::string& value) {
  Random random(number);
  for (std::size_t i = 0; i < value.size(); ++i) {
    value[i] = i % 2 == 0 ? static_cast<char>(random.Next()) : 'v';
  }
}

bool Work(const std::filesystem::path& path, const DatabaseConfig& config, std::uint64_t rows,
          std::size_t value_bytes) {
  auto opened = Database::Open(path, config);
  if (!opened) return false;
  Database& db = **opened;
  std::string value(value_bytes, 'v');
  for (std::uint64_t i = 0; i < rows; ++i) {
    FillValue(i, value);
    if (!db.Put(KeyOf(i), value, {.wal_mode = WalMode::kAsync})) return false;
  }
  Random random(1);
  for (std::uint64_t i = 0; i < rows / 10; ++i) {
    const auto found = db.Get(KeyOf(random.Next() % rows));
    if (!found || !*found || (*found)->view().size() != value_bytes) return false;
  }
  {
    auto iterator = db.NewIterator();
    if (!iterator) return false;
    std::uint64_t seen = 0;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) ++seen;
    if (!iterator->status() || seen != rows) return false;
  }
  return db.CompactRange().has_value() && db.Close().has_value();
}

/// The peak of resident memory of a child that works, in bytes; 0 if it failed.
std::uint64_t PeakBytes(const std::filesystem::path& path, const DatabaseConfig& config,
                        std::uint64_t rows, std::size_t value_bytes) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(Work(path, config, rows, value_bytes) ? 0 : 1);
  int status = 0;
  rusage usage{};
  if (::wait4(child, &status, 0, &usage) != child) return 0;
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

struct Case {
  const char* name;
  DatabaseConfig config;
  std::uint64_t rows;
  std::size_t value_bytes;
};

class MemoryLimitTest : public ::testing::TestWithParam<Case> {};

TEST_P(MemoryLimitTest, ResidentMemoryStaysWithinTheLimitPlusTheAllowance) {
  if (testing::kSanitized) GTEST_SKIP() << "a sanitizer takes memory of its own";
  const testing::TempDir dir;
  const Case& work = GetParam();
  const std::uint64_t peak = PeakBytes(dir.path() / "db", work.config, work.rows, work.value_bytes);
  std::printf("%s: limit %llu MiB, data %llu MiB, peak %llu MiB\n", work.name,
              static_cast<unsigned long long>(work.config.memory_limit_bytes / kMiB),
              static_cast<unsigned long long>(work.rows * work.value_bytes / kMiB),
              static_cast<unsigned long long>(peak / kMiB));
  EXPECT_LE(peak, work.config.memory_limit_bytes + kAllowanceBytes);
}

DatabaseConfig Limited(std::uint64_t limit_bytes, CompactionStrategyKind strategy) {
  DatabaseConfig config;
  config.memory_limit_bytes = limit_bytes;
  config.memtable_size_bytes = limit_bytes / 8;
  config.compaction_strategy = strategy;
  config.table_size_bytes = 16 * kMiB;
  config.level_base_bytes = 64 * kMiB;
  return config;
}

INSTANTIATE_TEST_SUITE_P(
    Limits, MemoryLimitTest,
    ::testing::Values(
        Case{"preset", MemoryEfficient(), 300'000, 400},
        Case{"leveled", Limited(64 * kMiB, CompactionStrategyKind::kLeveled), 500'000, 400},
        Case{"tiered", Limited(64 * kMiB, CompactionStrategyKind::kTiered), 500'000, 400},
        Case{"many_small", Limited(64 * kMiB, CompactionStrategyKind::kLeveled), 2'000'000, 16},
        Case{"large_values", Limited(96 * kMiB, CompactionStrategyKind::kLeveled), 300, 1 << 20}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace quiver
