// When writes wait, for what, and what failures mean for them: timers of the batch mode, stalls,
// failed jobs that are tried again, and the limits of compaction that are not theirs.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "base/random.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "quiver/quiver.h"
#include "testing/engine_harness.h"
#include "testing/eventually.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using io::OperationKind;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::Eventually;
using testing::GetFrom;
using testing::HarnessConfig;
using testing::OpenEngine;
using testing::PutInto;

class WriteControlTest : public ::testing::Test {
 protected:
  void Open(const DatabaseConfig& config) {
    auto opened = OpenEngine(files_, config);
    ASSERT_TRUE(opened) << opened.error().ToString();
    engine_ = *std::move(opened);
  }
  bool IsDurable(SequenceNumber sequence) const { return engine_->DurableSequence() >= sequence; }

  io::MemoryFileSystem disk_;
  io::FaultFileSystem files_{disk_};
  std::shared_ptr<Engine> engine_;
};

TEST_F(WriteControlTest, ABatchModeWriteIsSyncedInTimeWhateverTheModeOfTheDatabase) {
  for (const WalMode mode : {WalMode::kSync, WalMode::kBatch, WalMode::kAsync}) {
    io::MemoryFileSystem disk;
    auto engine = OpenEngine(disk, HarnessConfig(mode));
    ASSERT_TRUE(engine);
    for (int round = 0; round < 3; ++round) {
      const auto sequence = PutInto(**engine, "k", "v", {.wal_mode = WalMode::kBatch});
      ASSERT_TRUE(sequence);
      EXPECT_TRUE(Eventually([&] { return (*engine)->DurableSequence() >= *sequence; }));
    }
  }
}

TEST_F(WriteControlTest, UnsyncedBytesOfBatchModeKeepTheirBoundOnASlowDisk) {
  DatabaseConfig config = HarnessConfig(WalMode::kBatch);
  config.wal_batch_interval_ms = 60'000;  // the bound alone makes writes durable
  Open(config);
  const auto caller = std::this_thread::get_id();
  files_.SetHook([caller](OperationKind kind, std::string_view) -> std::optional<Error> {
    const bool background = std::this_thread::get_id() != caller;
    if (kind == OperationKind::kSyncLog && background) {
      std::this_thread::sleep_for(milliseconds(20));
    }
    return std::nullopt;
  });
  const std::string value(100, 'v');
  for (int i = 0; i < 2000; ++i) {
    const auto sequence = PutInto(*engine_, "key", value);
    ASSERT_TRUE(sequence);
    const std::uint64_t unsynced_rows = *sequence - std::min(*sequence, engine_->DurableSequence());
    ASSERT_LE(unsynced_rows * value.size(), config.wal_batch_bytes) << "row " << i;
  }
}

TEST_F(WriteControlTest, SlowRemovalOfFilesDoesNotHoldUpTheSyncsOfBatchMode) {
  DatabaseConfig config = HarnessConfig(WalMode::kBatch);
  config.wal_batch_bytes = std::uint64_t{1} << 30;
  Open(config);
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(PutInto(*engine_, "k" + std::to_string(i), std::string(100, 'v')));
    }
    ASSERT_TRUE(engine_->Flush());
  }
  // A compaction that removed its inputs would hang, and the one below wait for it.
  ASSERT_TRUE(engine_->WaitForBackgroundWork());
  // It may have left a single run; the compaction below must have something to merge.
  ASSERT_TRUE(PutInto(*engine_, "k0", "v"));
  ASSERT_TRUE(engine_->Flush());
  std::atomic<bool> removing{false};
  std::atomic<bool> go_on{false};
  const auto caller = std::this_thread::get_id();
  files_.SetHook([&](OperationKind kind, std::string_view name) -> std::optional<Error> {
    const bool upkeep = std::this_thread::get_id() != caller;
    if (!upkeep || kind != OperationKind::kRemove || !name.ends_with(".arrow")) return std::nullopt;
    removing.store(true);
    while (!go_on.load()) std::this_thread::sleep_for(milliseconds(1));
    return std::nullopt;
  });
  {
    auto held = engine_->NewIterator({});
    ASSERT_TRUE(held);
    ASSERT_TRUE(engine_->CompactRange({}, {}));
  }
  ASSERT_TRUE(Eventually([&] { return removing.load(); }));
  const auto sequence = PutInto(*engine_, "x", "v");
  ASSERT_TRUE(sequence);
  EXPECT_TRUE(Eventually([&] { return IsDurable(*sequence); })) << "while a removal hangs";
  go_on.store(true);
  engine_.reset();
}

TEST_F(WriteControlTest, AWriteThatMustNotWaitIsAnsweredAtOnceWhileAnotherWaits) {
  DatabaseConfig config = HarnessConfig(WalMode::kAsync);
  config.memtable_count_max = 2;
  Open(config);
  std::atomic<bool> go_on{false};
  files_.SetHook([&](OperationKind kind, std::string_view name) -> std::optional<Error> {
    if (kind == OperationKind::kCreate && name.ends_with(".arrow")) {
      while (!go_on.load()) std::this_thread::sleep_for(milliseconds(1));
    }
    return std::nullopt;
  });
  std::atomic<int> written{0};
  std::jthread writer([&] {
    for (int i = 0; i < 3000; ++i) {
      if (!PutInto(*engine_, "k" + std::to_string(i), std::string(200, 'v'))) return;
      written.fetch_add(1);
    }
  });
  ASSERT_TRUE(Eventually([&] { return engine_->Metrics().stall_reason == "memtables_full"; }));
  const auto refused = PutInto(*engine_, "b", "v", {.fail_if_stalled = true});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kBusy);
  EXPECT_FALSE(go_on.load()) << "the answer came during the stall";
  go_on.store(true);
  writer.join();
  EXPECT_EQ(written.load(), 3000) << "who may wait is served";
  EXPECT_TRUE(PutInto(*engine_, "b", "v", {.fail_if_stalled = true}));
  engine_.reset();
}

TEST_F(WriteControlTest, WritersThatMayAndMayNotWaitMixWithoutLoss) {
  DatabaseConfig config = HarnessConfig(WalMode::kAsync);
  config.memtable_count_max = 2;
  config.memtable_size_bytes = 16 << 10;
  Open(config);
  std::atomic<int> wrong{0};
  std::atomic<int> refused{0};
  {
    std::vector<std::jthread> writers;
    for (int t = 0; t < 4; ++t) {
      writers.emplace_back([&, t] {
        for (int i = 0; i < 1500; ++i) {
          const std::string key = std::to_string(t) + "/" + std::to_string(i);
          const auto put =
              PutInto(*engine_, key, std::string(100, 'v'), {.fail_if_stalled = t % 2 == 0});
          const auto found = GetFrom(*engine_, key);
          if (!found || found->has_value() != put.ok()) wrong.fetch_add(1);
          if (!put && (put.error().code() != ErrorCode::kBusy || t % 2 == 1)) wrong.fetch_add(1);
          refused.fetch_add(put.ok() ? 0 : 1);
        }
      });
    }
  }
  EXPECT_EQ(wrong.load(), 0);
  std::printf("refused %d of 3000 writes that may not wait\n", refused.load());
}

TEST_F(WriteControlTest, ManyRunsSlowWritersDownAndTurnAwayThoseWhoMustNotWait) {
  DatabaseConfig config = HarnessConfig(WalMode::kAsync);
  config.level0_run_trigger = 2;
  config.slowdown_run_count = 3;
  config.stop_run_count = 1000;
  Open(config);
  ASSERT_TRUE(PutInto(*engine_, "k", "v"));
  std::atomic<std::thread::id> flusher{};
  std::atomic<bool> go_on{false};
  files_.SetHook([&](OperationKind kind, std::string_view name) -> std::optional<Error> {
    if (kind != OperationKind::kCreate || !name.ends_with(".arrow")) return std::nullopt;
    std::thread::id nobody{};
    flusher.compare_exchange_strong(nobody, std::this_thread::get_id());
    if (flusher.load() == std::this_thread::get_id()) return std::nullopt;
    while (!go_on.load()) std::this_thread::sleep_for(milliseconds(1));  // a compaction
    return std::nullopt;
  });
  for (int run = 0; run < 3; ++run) {
    ASSERT_TRUE(PutInto(*engine_, "k", "v" + std::to_string(run)));
    ASSERT_TRUE(engine_->Flush());
  }
  const std::string large(32 << 10, 'v');  // owes half a millisecond: every second one sleeps
  bool turned_away = false;
  for (int i = 0; i < 4 && !turned_away; ++i) {
    const auto written = PutInto(*engine_, "k", large, {.fail_if_stalled = true});
    if (written) continue;
    EXPECT_EQ(written.error().code(), ErrorCode::kBusy);
    turned_away = true;
  }
  EXPECT_TRUE(turned_away);
  const auto slept_ns = [this] {
    const auto reason = static_cast<std::size_t>(StallReason::kRunsSlowdown);
    return engine_->core().metrics.stall_ns[reason].Sum();
  };
  const std::uint64_t before_ns = slept_ns();
  ASSERT_TRUE(PutInto(*engine_, "k", large + large));
  EXPECT_GE(slept_ns() - before_ns, 1'000'000U) << "who may wait pays for its bytes";
  go_on.store(true);
  engine_.reset();
}

TEST_F(WriteControlTest, AnUnknownLogModeOfAWriteIsRefused) {
  Open(HarnessConfig(WalMode::kSync));
  const auto put = PutInto(*engine_, "k", "v", {.wal_mode = static_cast<WalMode>(77)});
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_FALSE(*GetFrom(*engine_, "k"));
}

TEST_F(WriteControlTest, AFlushThatFailsForAMomentIsTriedAgainAndWritesGoOn) {
  Open(HarnessConfig(WalMode::kAsync));
  std::atomic<int> failures{0};
  files_.SetHook([&](OperationKind kind, std::string_view name) -> std::optional<Error> {
    if (kind != OperationKind::kCreate || !name.ends_with(".arrow")) return std::nullopt;
    if (failures.fetch_add(1) >= 2) return std::nullopt;
    return Error(ErrorCode::kIo, "injected: too many open files");
  });
  ASSERT_TRUE(PutInto(*engine_, "k", "v"));
  const auto flushed = engine_->Flush();
  EXPECT_TRUE(flushed) << flushed.error().ToString();
  EXPECT_GE(failures.load(), 3);
  EXPECT_EQ(engine_->Metrics().background_errors, 2U);
  EXPECT_TRUE(PutInto(*engine_, "k2", "v"));
  engine_.reset();
}

TEST_F(WriteControlTest, AFlushThatKeepsFailingEndsInReadOnlyWithTheCause) {
  Open(HarnessConfig(WalMode::kAsync));
  files_.SetHook([&](OperationKind kind, std::string_view name) -> std::optional<Error> {
    if (kind != OperationKind::kCreate || !name.ends_with(".arrow")) return std::nullopt;
    return Error(ErrorCode::kIo, "injected: broken controller");
  });
  ASSERT_TRUE(PutInto(*engine_, "k", "v"));
  EXPECT_FALSE(engine_->Flush());
  const auto put = PutInto(*engine_, "k2", "v");
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), ErrorCode::kReadOnly);
  EXPECT_NE(put.error().message().find("broken controller"), std::string::npos);
  EXPECT_EQ(*GetFrom(*engine_, "k"), "v") << "reads go on";
}

TEST_F(WriteControlTest, AFullDiskAtALogSyncIsAFailedSyncAndFinal) {
  Open(HarnessConfig(WalMode::kSync));
  ASSERT_TRUE(PutInto(*engine_, "before", "v"));
  std::atomic<int> count{0};
  files_.SetHook([&](OperationKind kind, std::string_view) -> std::optional<Error> {
    const bool sync = kind == OperationKind::kWriteAtDurably || kind == OperationKind::kSyncLog;
    if (!sync || count.fetch_add(1) != 0) return std::nullopt;
    return Error(ErrorCode::kNoSpace, "injected: fdatasync: no space left");
  });
  ASSERT_FALSE(PutInto(*engine_, "x", "v"));
  std::this_thread::sleep_for(milliseconds(600));  // two rounds of the upkeep
  const auto put = PutInto(*engine_, "y", "v");
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), ErrorCode::kReadOnly);
  EXPECT_NE(engine_->Metrics().read_only_cause.find("durable up to sequence 1"), std::string::npos)
      << engine_->Metrics().read_only_cause;
  EXPECT_EQ(*GetFrom(*engine_, "before"), "v");
  engine_.reset();
}

TEST_F(WriteControlTest, TheLimitOfCompactionsHoldsUpNeitherFlushNorClose) {
  const testing::TempDir dir;
  DatabaseConfig config;
  config.wal_mode = WalMode::kAsync;
  config.disk_reserve_bytes = 0;
  config.compaction_rate_limit_bytes_per_s = 64 << 10;  // a minute for what is written below
  auto opened = Database::Open(dir.path() / "db", config);
  ASSERT_TRUE(opened);
  Database& db = **opened;
  const auto start = steady_clock::now();
  std::string value(4 << 20, '\0');
  Random random(testing::TestSeed(4));
  for (char& byte : value) byte = static_cast<char>(random.Next());
  ASSERT_TRUE(db.Put("k", value));
  ASSERT_TRUE(db.Flush());
  ASSERT_TRUE(db.Put("k", value));
  std::jthread compaction([&] { (void)db.CompactRange(); });
  ASSERT_TRUE(Eventually([&] { return db.Metrics().flushes == 2; }));
  std::this_thread::sleep_for(milliseconds(200));
  ASSERT_TRUE(db.Close());
  EXPECT_LT(steady_clock::now() - start, std::chrono::seconds(50)) << "64 KiB/s would take 64 s";
}

TEST_F(WriteControlTest, AMovedBatchIsEmptyAndHarmless) {
  const testing::TempDir dir;
  auto db = Database::Open(dir.path() / "db");
  ASSERT_TRUE(db);
  WriteBatch batch;
  ASSERT_TRUE(batch.Put("x", "y"));
  WriteBatch taken = std::move(batch);
  // NOLINTBEGIN(bugprone-use-after-move): that is what is tested.
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.size_bytes(), 0U);
  ASSERT_TRUE((*db)->Write(batch));
  ASSERT_TRUE(batch.Put("a", "b"));
  // NOLINTEND(bugprone-use-after-move)
  batch = std::move(taken);
  EXPECT_EQ(batch.count(), 1U);
  ASSERT_TRUE((*db)->Write(batch));
  EXPECT_TRUE((*db)->Get("x").value());
  EXPECT_FALSE((*db)->Get("a").value());
}

TEST_F(WriteControlTest, EditsOfTheManifestComeOneAtATimeFromFlushesAndTwoCompactions) {
  constexpr int kRows = 4000;
  DatabaseConfig config = HarnessConfig(WalMode::kAsync);
  config.compaction_threads = 2;
  config.table_size_bytes = 64 << 10;
  config.level_base_bytes = 128 << 10;
  Open(config);
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  files_.SetHook([&](OperationKind kind, std::string_view name) -> std::optional<Error> {
    if (kind != OperationKind::kSyncFile || !name.starts_with("MANIFEST")) return std::nullopt;
    if (inside.fetch_add(1) != 0) overlapped.store(true);
    std::this_thread::sleep_for(milliseconds(5));
    inside.fetch_sub(1);
    return std::nullopt;
  });
  for (int i = 0; i < kRows; ++i) {
    const auto put = PutInto(*engine_, "key" + std::to_string(i * 7919 % kRows),
                             std::to_string(i * 7919 % kRows) + std::string(300, 'v'));
    ASSERT_TRUE(put) << put.error().ToString();
  }
  ASSERT_TRUE(engine_->Flush());
  const auto idle = engine_->WaitForBackgroundWork();
  ASSERT_TRUE(idle) << idle.error().ToString();
  EXPECT_FALSE(overlapped.load());
  EXPECT_EQ(engine_->Metrics().read_only_cause, "");
  for (int i = 0; i < kRows; ++i) {
    const auto value = GetFrom(*engine_, "key" + std::to_string(i));
    ASSERT_TRUE(value && *value) << "key" << i;
  }
  files_.SetHook({});
}

}  // namespace
}  // namespace quiver
