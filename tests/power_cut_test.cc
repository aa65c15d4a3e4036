// Goal: a power cut loses a suffix of the writes only, and no more than the log mode allows.
//
// Method: an engine runs on a file system in memory that keeps synced and unsynced bytes and names
// apart. One thread writes numbered rows; another takes, at random moments, the disk as a power cut
// would leave it (every unsynced byte lost, or a random part of them kept, per sector and name),
// opens it and checks: the rows there are 1 to k without a hole, with their right values; k is at
// least what was known durable before the cut and at most what had been issued after it.
// QUIVER_POWER_CUTS sets the number of cuts a mode.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "base/random.h"
#include "io/memory_file_system.h"
#include "testing/engine_harness.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using testing::GetFrom;
using testing::HarnessConfig;
using testing::OpenEngine;
using testing::PutInto;

std::uint64_t CutCount() {
  const char* text = std::getenv("QUIVER_POWER_CUTS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 150;
}

std::string Key(std::uint64_t number) {
  return "row" + std::to_string(number);
}
std::string Value(std::uint64_t number) {
  return std::to_string(number) + std::string(number * 31 % 200, 'v');
}
/// The least a row takes in the log: what the bound in bytes of batch mode is counted with.
constexpr std::uint64_t kRowBytesMin = 10;

class PowerCutTest : public ::testing::TestWithParam<WalMode> {};

TEST_P(PowerCutTest, ACutLosesASuffixWithinTheBoundOfTheMode) {
  const WalMode mode = GetParam();
  const DatabaseConfig config = HarnessConfig(mode);
  Random random(testing::TestSeed(20261123) + static_cast<std::uint64_t>(mode));
  std::uint64_t lost_most = 0;
  std::uint64_t rows_checked = 0;

  // A new database every so often, so that cuts meet young and old ones.
  for (std::uint64_t cut = 0; cut < CutCount();) {
    io::MemoryFileSystem disk;
    auto opened = OpenEngine(disk, config);
    ASSERT_TRUE(opened) << opened.error().ToString();
    Engine& engine = **opened;
    std::atomic<std::uint64_t> issued{0}, acknowledged{0};
    std::atomic<bool> stop{false};
    std::jthread writer([&] {
      for (std::uint64_t number = 1; !stop.load(); ++number) {
        issued.store(number);
        if (!PutInto(engine, Key(number), Value(number))) break;
        acknowledged.store(number);
        if (number % 64 == 0) std::this_thread::yield();
        if (number == 60'000) break;
      }
    });
    for (int i = 0; i < 15 && cut < CutCount(); ++i, ++cut) {
      SCOPED_TRACE("cut " + std::to_string(cut));
      std::this_thread::sleep_for(std::chrono::microseconds(random.Below(8000)));
      const std::uint64_t durable_before = engine.DurableSequence();
      const std::uint64_t acknowledged_before = acknowledged.load();
      const auto image = disk.CrashImage(random.OneIn(3) ? nullptr : &random);
      const std::uint64_t issued_after = issued.load();

      auto reopened = OpenEngine(*image, config);
      ASSERT_TRUE(reopened) << reopened.error().ToString();
      EXPECT_TRUE((*reopened)->recovery_report().losses.empty());
      const std::uint64_t last = (*reopened)->recovery_report().last_sequence;
      ASSERT_GE(last, durable_before);
      ASSERT_LE(last, issued_after);
      if (mode == WalMode::kSync) {
        ASSERT_GE(last, acknowledged_before);
      }
      if (acknowledged_before > last) {
        lost_most = std::max(lost_most, acknowledged_before - last);
        if (mode == WalMode::kBatch) {
          ASSERT_LE((acknowledged_before - last) * kRowBytesMin, config.wal_batch_bytes);
        }
      }
      const std::uint64_t step = last > 3000 ? 7 : 1;
      for (std::uint64_t number = 1; number <= last; number += step) {
        const auto value = GetFrom(**reopened, Key(number));
        ASSERT_TRUE(value) << value.error().ToString();
        ASSERT_TRUE(*value) << "a hole: row " << number << " of " << last;
        ASSERT_EQ(**value, Value(number));
        ++rows_checked;
      }
      const auto beyond = GetFrom(**reopened, Key(last + 1));
      ASSERT_TRUE(beyond);
      ASSERT_FALSE(*beyond);
      // The survivor is a database like any other.
      ASSERT_TRUE(PutInto(**reopened, Key(last + 1), Value(last + 1)));
      ASSERT_TRUE((*reopened)->Close());
    }
    stop.store(true);
  }
  std::printf("%s: %llu cuts, %llu rows checked, at most %llu acknowledged rows lost\n",
              std::string(WalModeName(mode)).c_str(), static_cast<unsigned long long>(CutCount()),
              static_cast<unsigned long long>(rows_checked),
              static_cast<unsigned long long>(lost_most));
}

INSTANTIATE_TEST_SUITE_P(EveryLogMode, PowerCutTest,
                         ::testing::Values(WalMode::kSync, WalMode::kBatch, WalMode::kAsync),
                         [](const auto& mode) { return std::string(WalModeName(mode.param)); });

}  // namespace
}  // namespace quiver
