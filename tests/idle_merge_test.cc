// What is merged while nobody writes, and to what such a merge gives way.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "quiver/quiver.h"
#include "testing/engine_harness.h"
#include "testing/eventually.h"

namespace quiver {
namespace {

using io::OperationKind;
using std::chrono::milliseconds;
using testing::Eventually;
using testing::GetFrom;
using testing::HarnessConfig;
using testing::OpenEngine;
using testing::PutInto;

// Several times the pause after which runs are merged here: for what must not happen.
constexpr auto kLongPause = milliseconds(1500);

class IdleMergeTest : public ::testing::Test {
 protected:
  static DatabaseConfig Config(std::uint32_t delay_ms) {
    DatabaseConfig config = HarnessConfig(WalMode::kAsync);
    config.level0_run_trigger = 8;
    config.idle_compaction_delay_ms = delay_ms;
    return config;
  }
  void Open(const DatabaseConfig& config) {
    auto opened = OpenEngine(files_, config);
    ASSERT_TRUE(opened) << opened.error().ToString();
    engine_ = *std::move(opened);
  }
  void FlushOneMore() {
    ++flushes_;
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_TRUE(PutInto(*engine_, std::to_string(i), std::to_string(flushes_)));
    }
    ASSERT_TRUE(engine_->Flush());
  }
  std::uint64_t Runs() const {
    std::uint64_t sum = 0;
    for (const LevelMetrics& level : engine_->Metrics().levels) sum += level.runs;
    return sum;
  }
  void ExpectTheNewestValues() const {
    for (int i = 0; i < kKeys; ++i) {
      const auto value = GetFrom(*engine_, std::to_string(i));
      ASSERT_TRUE(value) << value.error().ToString();
      EXPECT_EQ(*value, std::to_string(flushes_));
    }
  }
  /// Three runs, and from here on pauses are noticed.
  void OpenWithRuns(std::uint32_t delay_ms) {
    Open(Config(0));
    for (int flush = 0; flush < 3; ++flush) FlushOneMore();
    ASSERT_TRUE(engine_->Close());
    engine_.reset();
    HoldFirstTable();
    Open(Config(delay_ms));
    ASSERT_EQ(Runs(), 3U);
  }
  /// Of the tables that are begun from now on the first waits for `go_on_`. All fail if there is an
  /// error to give.
  void HoldFirstTable() {
    files_.SetHook([this](OperationKind kind, std::string_view name) -> std::optional<Error> {
      if (kind != OperationKind::kCreate || !name.ends_with(".arrow")) return std::nullopt;
      const bool is_first = begun_.fetch_add(1) == 0;
      while (is_first && !go_on_.load()) std::this_thread::sleep_for(milliseconds(1));
      return failure_;
    });
  }
  std::uint64_t Compactions() const { return engine_->Metrics().compactions; }

  static constexpr int kKeys = 20;
  io::MemoryFileSystem disk_;
  io::FaultFileSystem files_{disk_};
  std::atomic<int> begun_{0};
  std::atomic<bool> go_on_{false};
  std::optional<Error> failure_;  // set before a table is begun
  int flushes_ = 0;
  std::shared_ptr<Engine> engine_;
};

TEST_F(IdleMergeTest, RunsAreMergedOnceNobodyWrites) {
  Open(Config(300));
  for (int flush = 0; flush < 3; ++flush) FlushOneMore();
  EXPECT_TRUE(Eventually([&] { return Runs() == 1; }));
  ExpectTheNewestValues();
  FlushOneMore();  // and again after the next pause
  EXPECT_TRUE(Eventually([&] { return Runs() == 1; }));
  ExpectTheNewestValues();
}

TEST_F(IdleMergeTest, ADelayOfZeroIsNever) {
  Open(Config(0));
  for (int flush = 0; flush < 3; ++flush) FlushOneMore();
  std::this_thread::sleep_for(kLongPause);
  EXPECT_EQ(Runs(), 3U);
}

TEST_F(IdleMergeTest, ALoneWriteDoesNotEndTheMerge) {
  OpenWithRuns(250);
  ASSERT_TRUE(Eventually([&] { return begun_.load() == 1; }));
  ASSERT_TRUE(PutInto(*engine_, "new", "v"));
  std::this_thread::sleep_for(milliseconds(600));  // the clock has seen it
  go_on_.store(true);
  ASSERT_TRUE(Eventually([&] { return Runs() == 1; }));
  EXPECT_EQ(begun_.load(), 1);
  ExpectTheNewestValues();
}

TEST_F(IdleMergeTest, AFlushEndsTheMerge) {
  OpenWithRuns(250);
  ASSERT_TRUE(Eventually([&] { return begun_.load() == 1; }));
  FlushOneMore();
  go_on_.store(true);
  // The pause is twice as long now, which leaves time to see that nothing was merged; whatever the
  // machine does, the merge that was given up is not among those that are counted.
  ASSERT_TRUE(Eventually([&] { return Runs() == 1; })) << "a later pause merges";
  EXPECT_EQ(Compactions(), 1U);
  EXPECT_EQ(begun_.load(), 3) << "the one given up, the flush, and the one of the later pause";
  ExpectTheNewestValues();
  EXPECT_EQ(engine_->Metrics().background_errors, 0U);
}

TEST_F(IdleMergeTest, AManualCompactionEndsTheMerge) {
  OpenWithRuns(250);
  ASSERT_TRUE(Eventually([&] { return begun_.load() == 1; }));
  std::jthread caller([&] { EXPECT_TRUE(engine_->CompactRange({}, {})); });
  // Long enough for a clock that counted the caller's wait as a pause to set the merge free again.
  std::this_thread::sleep_for(kLongPause);
  go_on_.store(true);
  caller.join();
  EXPECT_EQ(Compactions(), 1U) << "the caller's merge alone";
  EXPECT_EQ(Runs(), 1U);
  ExpectTheNewestValues();
}

TEST_F(IdleMergeTest, CloseEndsTheMerge) {
  OpenWithRuns(250);
  ASSERT_TRUE(Eventually([&] { return begun_.load() == 1; }));
  std::jthread closer([&] { EXPECT_TRUE(engine_->Close()); });
  std::this_thread::sleep_for(milliseconds(600));
  go_on_.store(true);
  closer.join();
  engine_.reset();
  files_.SetHook({});
  Open(Config(0));
  EXPECT_EQ(Runs(), 3U);
  ExpectTheNewestValues();
}

TEST_F(IdleMergeTest, NothingIsMergedWhileAFlushIsHeldUp) {
  OpenWithRuns(3000);  // the pause has to begin after the flush below
  std::jthread writer([&] { FlushOneMore(); });
  ASSERT_TRUE(Eventually([&] { return begun_.load() == 1; }));
  std::this_thread::sleep_for(milliseconds(3000) + kLongPause);
  EXPECT_EQ(begun_.load(), 1) << "who waits for a flush is not idle";
  go_on_.store(true);
  writer.join();
  EXPECT_TRUE(Eventually([&] { return Runs() == 1; }));
  ExpectTheNewestValues();
}

TEST_F(IdleMergeTest, ADiskWithoutRoomIsLeftAlone) {
  go_on_.store(true);
  OpenWithRuns(2000);
  disk_.SetFreeBytes(100);
  std::this_thread::sleep_for(milliseconds(2000) + kLongPause);
  EXPECT_EQ(begun_.load(), 0);
  EXPECT_EQ(Runs(), 3U);
  EXPECT_EQ(engine_->Metrics().background_errors, 0U);
  disk_.SetFreeBytes(std::uint64_t{1} << 30);
  ASSERT_TRUE(PutInto(*engine_, "new", "v")) << "the disk was never full";
  EXPECT_TRUE(Eventually([&] { return Runs() == 1; })) << "the pause after the next write";
}

TEST_F(IdleMergeTest, AFailureWaitsForTheNextPauseAndHarmsNobody) {
  failure_ = Error(ErrorCode::kIo, "made to fail");
  go_on_.store(true);
  OpenWithRuns(250);
  ASSERT_TRUE(Eventually([&] { return begun_.load() == 1; }));
  std::this_thread::sleep_for(kLongPause);
  EXPECT_EQ(begun_.load(), 1) << "a merge that nobody needs was tried again at once";
  // More often than a job that is needed may fail.
  for (int failures = 2; failures < 10; ++failures) {
    ASSERT_TRUE(PutInto(*engine_, "new", "v"));
    ASSERT_TRUE(Eventually([&] { return begun_.load() == failures; }));
  }
  EXPECT_TRUE(PutInto(*engine_, "new", "v")) << "writes go on";
  EXPECT_EQ(Runs(), 3U);
  EXPECT_GE(engine_->Metrics().background_errors, 8U);
  files_.SetHook({});
  ASSERT_TRUE(PutInto(*engine_, "new", "v"));
  EXPECT_TRUE(Eventually([&] { return Runs() == 1; }));
  ExpectTheNewestValues();
}

}  // namespace
}  // namespace quiver
