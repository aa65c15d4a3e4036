// Goal: a full disk stops writes and nothing else; when space returns, writes resume by themselves.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "io/memory_file_system.h"
#include "testing/engine_harness.h"

namespace quiver {
namespace {

using testing::GetFrom;
using testing::HarnessConfig;
using testing::OpenEngine;
using testing::PutInto;

std::string Key(int number) {
  return "key" + std::to_string(number);
}
std::string Value(int number) {
  return std::to_string(number) + std::string(500, 'v');
}

class DiskFullTest : public ::testing::TestWithParam<WalMode> {};

TEST_P(DiskFullTest, WritesStopReadsGoOnAndWritesResumeByThemselves) {
  DatabaseConfig config = HarnessConfig(GetParam());
  config.disk_reserve_bytes = 256 << 10;
  io::MemoryFileSystem disk;
  disk.SetFreeBytes(std::uint64_t{64} << 20);
  auto opened = OpenEngine(disk, config);
  ASSERT_TRUE(opened) << opened.error().ToString();
  Engine& engine = **opened;
  int acknowledged = 0;
  for (int cycle = 0; cycle < 5; ++cycle) {
    SCOPED_TRACE("cycle " + std::to_string(cycle));
    disk.SetFreeBytes((300 << 10) + static_cast<std::uint64_t>(cycle) * 70'000);
    Result<SequenceNumber> put(SequenceNumber{0});
    for (int i = 0; i < 40'000 && put.ok(); ++i) {
      put = PutInto(engine, Key(acknowledged), Value(acknowledged));
      if (put.ok()) ++acknowledged;
    }
    ASSERT_FALSE(put) << "the disk never filled up";
    EXPECT_EQ(put.error().code(), ErrorCode::kNoSpace) << put.error().ToString();
    for (int number = 0; number < acknowledged; number += 13) {
      const auto value = GetFrom(engine, Key(number));
      ASSERT_TRUE(value) << value.error().ToString();
      ASSERT_EQ(*value, Value(number));
    }
    disk.SetFreeBytes(std::uint64_t{64} << 20);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      put = PutInto(engine, Key(acknowledged), Value(acknowledged));
    } while (!put && std::chrono::steady_clock::now() < deadline);
    ASSERT_TRUE(put) << "writes did not resume: " << put.error().ToString();
    ++acknowledged;
  }
  const Result<void> closed = engine.Close();
  ASSERT_TRUE(closed) << closed.error().ToString();
  opened->reset();
  auto again = OpenEngine(disk, config);
  ASSERT_TRUE(again) << again.error().ToString();
  for (int number = 0; number < acknowledged; ++number) {
    const auto value = GetFrom(**again, Key(number));
    ASSERT_TRUE(value) << value.error().ToString();
    ASSERT_EQ(*value, Value(number)) << number << " of " << acknowledged;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryLogMode, DiskFullTest,
                         ::testing::Values(WalMode::kSync, WalMode::kBatch, WalMode::kAsync),
                         [](const auto& mode) { return std::string(WalModeName(mode.param)); });

}  // namespace
}  // namespace quiver
