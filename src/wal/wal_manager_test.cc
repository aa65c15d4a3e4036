// The write side of the log: appending, rotating, closing, disk full. What fails and what runs
// beside is in wal_fault_test.cc and wal_group_sync_test.cc.
#include "wal/wal_manager.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "io/directory.h"
#include "io/fault_file_system.h"
#include "metrics/engine_metrics.h"
#include "testing/temp_dir.h"
#include "wal/log_test_support.h"

namespace quiver::wal {
namespace {

using testing::AppendBatch;
using testing::EncodeEntries;
using testing::Replay;
using testing::Replayed;
using testing::TestDisk;

TEST(WalManager, AppendedBatchesAreRecoveredInOrderWithTheirTimes) {
  TestDisk disk;
  auto log = disk.NewLog();
  disk.clock.SetWallMicros(42);
  ASSERT_TRUE(AppendBatch(*log, 3, false));
  disk.clock.SetWallMicros(43);
  ASSERT_TRUE(AppendBatch(*log, 1, true));
  EXPECT_EQ(log->last_sequence(), 4U);
  log.reset();

  const Replayed replayed = Replay(*disk.directory);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_TRUE(replayed.contents_right);
  EXPECT_EQ(replayed.Prefix(), 4U);
  ASSERT_EQ(replayed.batches.size(), 2U);
  EXPECT_EQ(replayed.batches[0].timestamp_us, 42U);
  EXPECT_EQ(replayed.batches[0].entry_count, 3U);
  EXPECT_EQ(replayed.batches[0].offset, kHeaderBytes);
  EXPECT_EQ(replayed.batches[1].timestamp_us, 43U);
  EXPECT_EQ(replayed.batches[1].first_sequence, 4U);
  EXPECT_EQ(replayed.result->batches, 2U);
  EXPECT_EQ(replayed.result->entries, 4U);
  EXPECT_EQ(replayed.result->end.last_sequence, 4U);
  EXPECT_FALSE(replayed.result->clean_shutdown);
  EXPECT_FALSE(replayed.reported());
}

TEST(WalManager, SeveralBatchesGoOutInOneWriteAndStayBatches) {
  TestDisk disk;
  io::FaultFileSystem watched(*disk.files);
  const auto directory = *watched.OpenDirectory("db", true);
  WalManagerOptions options = disk.options();
  options.directory = directory.get();
  auto log = *WalManager::Create(options, 1, {});
  watched.ClearLog();
  const std::string first = EncodeEntries(1, 2);
  const std::string second = EncodeEntries(3, 5);
  const FrameInput frames[] = {
      {.encoded = first, .entry_count = 2, .first_sequence = 1},
      {.encoded = second, .entry_count = 5, .first_sequence = 3},
  };
  ASSERT_TRUE(log->Append(frames, true));
  ASSERT_EQ(watched.log().size(), 1U);
  EXPECT_EQ(watched.log()[0].kind, io::OperationKind::kWriteAtDurably);
  EXPECT_EQ(log->durable_sequence(), 7U);
  EXPECT_EQ(log->unsynced_bytes(), 0U);
  const Replayed replayed = Replay(*disk.directory);
  EXPECT_EQ(replayed.Prefix(), 7U);
  EXPECT_EQ(replayed.batches.size(), 2U);
}

TEST(WalManager, BatchesOfAllSizesUpToSeveralMebibytesRoundTrip) {
  TestDisk disk;
  auto log = disk.NewLog();
  std::vector<SequenceNumber> expected;
  for (const std::size_t value_bytes : {0U, 1U, 7U, 8U, 100U, 4096U, 70'000U, 1U << 20, 5U << 20}) {
    for (int repeat = 0; repeat < 2; ++repeat) {
      const SequenceNumber first = log->last_sequence() + 1;
      std::string encoded;
      const std::string value(value_bytes, static_cast<char>(first));
      AppendBatchEntry(encoded, {.key = "k", .value = value});
      const FrameInput frame{.encoded = encoded, .entry_count = 1, .first_sequence = first};
      ASSERT_TRUE(log->Append({&frame, 1}, repeat == 0));
    }
  }
  log.reset();
  std::size_t count = 0;
  const auto result =
      RecoverLog({.directory = disk.directory.get(), .database_id = testing::kTestDatabase},
                 [&](const RecoveredBatch& batch) {
                   return ReadEntries(batch, [&](const WalEntry& entry) -> Result<void> {
                     EXPECT_EQ(entry.sequence, ++count);
                     EXPECT_TRUE(std::ranges::all_of(
                         entry.value, [&](char byte) { return byte == static_cast<char>(count); }));
                     return {};
                   });
                 });
  ASSERT_TRUE(result) << result.error().ToString();
  EXPECT_EQ(count, 18U);
  EXPECT_GT(result->bytes, std::uint64_t{12} << 20);
}

TEST(WalManager, SyncMakesEverythingAppendedDurable) {
  TestDisk disk;
  auto log = disk.NewLog(1, {});
  ASSERT_TRUE(AppendBatch(*log, 2, false));
  ASSERT_TRUE(AppendBatch(*log, 2, false));
  EXPECT_EQ(log->durable_sequence(), 0U);
  EXPECT_GT(log->unsynced_bytes(), 2 * kFrameHeaderBytes);
  ASSERT_TRUE(log->Sync());
  EXPECT_EQ(log->durable_sequence(), 4U);
  EXPECT_EQ(log->unsynced_bytes(), 0U);
  ASSERT_TRUE(AppendBatch(*log, 2, false));
  disk.files->Crash();
  const auto directory = *disk.files->OpenDirectory("db", false);
  EXPECT_EQ(Replay(*directory).Prefix(), 4U);
}

TEST(WalManager, ADurableAppendMakesEarlierBatchesDurableToo) {
  TestDisk disk;
  auto log = disk.NewLog();
  ASSERT_TRUE(AppendBatch(*log, 1, false));
  ASSERT_TRUE(AppendBatch(*log, 1, true));
  EXPECT_EQ(log->durable_sequence(), 2U);
  disk.files->Crash();
  const auto directory = *disk.files->OpenDirectory("db", false);
  EXPECT_EQ(Replay(*directory).Prefix(), 2U);
}

TEST(WalManager, ANewLogIsDurableBeforeItsFirstBatch) {
  TestDisk disk;
  auto log = disk.NewLog();
  disk.files->Crash();
  const auto directory = *disk.files->OpenDirectory("db", false);
  const Replayed replayed = Replay(*directory, WalRecoveryMode::kAbsolute, 1);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_EQ(replayed.result->end.segment_number, 1U);
  EXPECT_EQ(replayed.result->highest_segment, 1U);
}

TEST(WalManager, RotationChainsSegmentsWithoutLosingOrder) {
  TestDisk disk;
  auto log = disk.NewLog();
  for (std::uint64_t number : {2U, 5U, 6U, 40U}) {
    ASSERT_TRUE(AppendBatch(*log, 3, false));
    ASSERT_TRUE(log->Rotate(number));
    EXPECT_EQ(log->segment_number(), number);
    EXPECT_EQ(log->durable_sequence(), log->last_sequence()) << "a rotation syncs";
    EXPECT_EQ(log->unsynced_bytes(), 0U);
  }
  ASSERT_TRUE(AppendBatch(*log, 3, true));
  log.reset();
  const Replayed replayed = Replay(*disk.directory, WalRecoveryMode::kAbsolute);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_EQ(replayed.Prefix(), 15U);
  EXPECT_TRUE(replayed.contents_right);
  EXPECT_EQ(replayed.result->segments, 5U);
  EXPECT_EQ(replayed.result->end.segment_number, 40U);
}

TEST(WalManager, CloseIsSeenAsACleanShutdownAndNothingElseIs) {
  TestDisk disk;
  auto log = disk.NewLog();
  ASSERT_TRUE(AppendBatch(*log, 2, false));
  EXPECT_FALSE(Replay(*disk.directory).result->clean_shutdown);
  ASSERT_TRUE(log->Rotate(2));
  EXPECT_FALSE(Replay(*disk.directory).result->clean_shutdown);
  ASSERT_TRUE(log->Close());
  const Replayed replayed = Replay(*disk.directory, WalRecoveryMode::kAbsolute);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_TRUE(replayed.result->clean_shutdown);
  EXPECT_EQ(replayed.Prefix(), 2U);
  EXPECT_EQ(AppendBatch(*log, 1, true).error().code(), ErrorCode::kClosed);
  EXPECT_EQ(log->Sync().error().code(), ErrorCode::kClosed);
  EXPECT_EQ(log->Close().error().code(), ErrorCode::kClosed);
}

TEST(WalManager, ALogContinuesAfterRecoveryAndAfterACleanClose) {
  TestDisk disk;
  auto log = disk.NewLog();
  for (std::uint64_t number = 2; number < 8; ++number) {
    ASSERT_TRUE(AppendBatch(*log, 2, true));
    if (number % 2 == 0) {
      ASSERT_TRUE(log->Close());
    }
    log.reset();
    const Replayed replayed = Replay(*disk.directory, WalRecoveryMode::kAbsolute);
    ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
    EXPECT_EQ(replayed.result->clean_shutdown, number % 2 == 0);
    EXPECT_EQ(replayed.Prefix(), (number - 1) * 2);
    log = disk.NewLog(number, replayed.result->end);
    EXPECT_EQ(log->durable_sequence(), (number - 1) * 2);
  }
}

TEST(WalManager, OldSegmentsAreDeletedAndTheCurrentOneNever) {
  TestDisk disk;
  auto log = disk.NewLog();
  for (std::uint64_t number = 2; number < 5; ++number) {
    ASSERT_TRUE(AppendBatch(*log, 5, false));
    ASSERT_TRUE(log->Rotate(number));
  }
  const std::uint64_t all_bytes = log->live_bytes();
  ASSERT_TRUE(log->DeleteSegmentsBefore(3));
  EXPECT_LT(log->live_bytes(), all_bytes);
  EXPECT_EQ(disk.directory->List()->size(), 2U);
  const Replayed replayed = Replay(*disk.directory, WalRecoveryMode::kPointInTime, 3, 10);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_EQ(replayed.sequences, (std::vector<SequenceNumber>{11, 12, 13, 14, 15}));
  ASSERT_TRUE(log->DeleteSegmentsBefore(1'000));
  EXPECT_EQ(disk.directory->List()->size(), 1U);
  EXPECT_EQ(log->live_bytes(), kHeaderBytes);
  ASSERT_TRUE(AppendBatch(*log, 1, true));
}

TEST(WalManager, FramesOutOfSequenceOrEmptyAreRefusedWithoutHarm) {
  TestDisk disk;
  auto log = disk.NewLog();
  ASSERT_TRUE(AppendBatch(*log, 2, false));
  const std::string encoded = EncodeEntries(3, 1);
  for (const FrameInput& frame :
       {FrameInput{.encoded = encoded, .entry_count = 1, .first_sequence = 2},
        FrameInput{.encoded = encoded, .entry_count = 1, .first_sequence = 4},
        FrameInput{.encoded = encoded, .entry_count = 0, .first_sequence = 3}}) {
    EXPECT_EQ(log->Append({&frame, 1}, true).error().code(), ErrorCode::kInternal);
  }
  EXPECT_EQ(log->Rotate(1).error().code(), ErrorCode::kInternal);
  EXPECT_EQ(WalManager::Create(disk.options(), 1, {}).error().code(), ErrorCode::kInternal);
  ASSERT_TRUE(AppendBatch(*log, 1, true));
  EXPECT_EQ(Replay(*disk.directory).Prefix(), 3U);
}

TEST(WalManager, AFullDiskRefusesTheBatchAndLeavesTheLogUsable) {
  TestDisk disk;
  auto log = disk.NewLog();
  ASSERT_TRUE(AppendBatch(*log, 1, true));
  disk.files->SetFreeBytes(10'000);
  std::uint64_t appended = 0;
  Result<void> result;
  while ((result = AppendBatch(*log, 1, appended % 3 == 0, 900))) ++appended;
  EXPECT_EQ(result.error().code(), ErrorCode::kNoSpace);
  EXPECT_GT(appended, 5U);
  const SequenceNumber before = log->last_sequence();
  EXPECT_EQ(before, 1 + appended);
  EXPECT_TRUE(log->Sync());
  EXPECT_EQ(log->Rotate(2).error().code(), ErrorCode::kNoSpace);
  EXPECT_EQ(log->segment_number(), 1U);

  disk.files->SetFreeBytes(1 << 20);
  ASSERT_TRUE(AppendBatch(*log, 1, true, 900));
  ASSERT_TRUE(log->Rotate(2)) << "the failed rotation left no file in the way";
  ASSERT_TRUE(AppendBatch(*log, 1, true, 900));
  const Replayed replayed = Replay(*disk.directory, WalRecoveryMode::kAbsolute);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_EQ(replayed.Prefix(), before + 2);
}

TEST(WalManager, TheLastSpaceIsUsedAlthoughAWholeStepDoesNotFit) {
  TestDisk disk;
  WalManagerOptions options = disk.options();
  options.reserve_step_bytes = 1 << 20;
  auto log = *WalManager::Create(options, 1, {});
  const std::uint64_t reserved = disk.directory->List()->at(0).size_bytes;
  disk.files->SetFreeBytes(100'000);
  while (AppendBatch(*log, 1, false, 1'000)) continue;
  EXPECT_GT(log->live_bytes(), reserved + 90'000);
}

TEST(WalManager, SpaceIsReservedInStepsThatGrow) {
  TestDisk disk;
  io::FaultFileSystem watched(*disk.files);
  const auto directory = *watched.OpenDirectory("db", true);
  WalManagerOptions options = disk.options();
  options.directory = directory.get();
  options.reserve_step_bytes = 4 << 20;
  auto log = *WalManager::Create(options, 1, {});
  while (log->live_bytes() < 16 << 20) ASSERT_TRUE(AppendBatch(*log, 1, false, 60'000));
  std::vector<std::uint64_t> reservations;
  for (const io::FileOperation& operation : watched.log()) {
    if (operation.kind == io::OperationKind::kReserve) reservations.push_back(operation.length);
  }
  constexpr std::uint64_t kKiB = 1024;
  EXPECT_EQ(reservations, (std::vector<std::uint64_t>{256 * kKiB, 256 * kKiB, 512 * kKiB,
                                                      1024 * kKiB, 2048 * kKiB, 4096 * kKiB,
                                                      4096 * kKiB, 4096 * kKiB, 4096 * kKiB}));
}

TEST(WalManager, ALogClosesCleanlyOnAFullDisk) {
  for (std::size_t value_bytes = 3'500; value_bytes < 3'900; value_bytes += 8) {
    TestDisk disk;
    auto log = disk.NewLog();
    disk.files->SetFreeBytes(0);
    (void)AppendBatch(*log, 1, false, value_bytes);  // fits or does not: the trailer must
    ASSERT_TRUE(log->Close()) << value_bytes;
    EXPECT_TRUE(Replay(*disk.directory).result->clean_shutdown);
  }
}

TEST(WalManager, BytesAndSyncsAreCounted) {
  TestDisk disk;
  EngineMetrics metrics;
  WalManagerOptions options = disk.options();
  options.metrics = &metrics;
  auto log = *WalManager::Create(options, 1, {});
  const std::uint64_t bytes_before = log->live_bytes();
  ASSERT_TRUE(AppendBatch(*log, 1, false));
  ASSERT_TRUE(AppendBatch(*log, 1, true));
  ASSERT_TRUE(log->Sync());
  EXPECT_EQ(metrics.wal_bytes.Sum(), log->live_bytes() - bytes_before);
  EXPECT_EQ(metrics.wal_syncs.Sum(), 1U) << "nothing was left to sync for the second one";
  EXPECT_EQ(metrics.wal_sync_latency.Summary().count, 1U);
}

class WalManagerOnRealFiles : public ::testing::TestWithParam<io::LogAccess> {};

TEST_P(WalManagerOnRealFiles, BatchesRotationsAndACloseRoundTrip) {
  const quiver::testing::TempDir temp;
  const auto directory = *io::PosixFileSystem().OpenDirectory(temp.path() / "db", true);
  const WalManagerOptions options{.directory = directory.get(),
                                  .clock = &io::SystemClock(),
                                  .database_id = testing::kTestDatabase,
                                  .access = GetParam(),
                                  .reserve_step_bytes = 64 << 10};
  auto log = *WalManager::Create(options, 1, {});
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(AppendBatch(*log, 2, i % 10 == 0, 1000));
    if (i % 100 == 99) {
      ASSERT_TRUE(log->Rotate(log->segment_number() + 1));
    }
  }
  const RecoveryOptions recovery{.directory = directory.get(),
                                 .database_id = testing::kTestDatabase,
                                 .mode = WalRecoveryMode::kAbsolute};
  EXPECT_EQ(Replay(recovery, 1000).Prefix(), 600U) << "what was written is there before any close";
  ASSERT_TRUE(log->Close());
  const Replayed replayed = Replay(recovery, 1000);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_EQ(replayed.Prefix(), 600U);
  EXPECT_TRUE(replayed.contents_right);
  EXPECT_TRUE(replayed.result->clean_shutdown);
}

INSTANTIATE_TEST_SUITE_P(BothAccesses, WalManagerOnRealFiles,
                         ::testing::Values(io::LogAccess::kWritten, io::LogAccess::kMapped),
                         [](const auto& test) {
                           return test.param == io::LogAccess::kMapped ? "Mapped" : "Written";
                         });

}  // namespace
}  // namespace quiver::wal
