// Failing calls: whatever fails, an error is returned, the log is dead or as usable as before, and
// what was durable stays.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include "io/fault_file_system.h"
#include "wal/log_test_support.h"

namespace quiver::wal {
namespace {

using io::OperationKind;
using testing::AppendBatch;
using testing::Replay;
using testing::Replayed;
using testing::TestDisk;

constexpr io::FaultReach kReaches[] = {io::FaultReach::kNothing, io::FaultReach::kHalf,
                                       io::FaultReach::kDone};

// A log on a disk whose calls fail as `Fail` says.
struct FaultyLog {
  FaultyLog() : faults(*disk.files), directory(*faults.OpenDirectory("db", true)) {
    WalManagerOptions options = disk.options();
    options.directory = directory.get();
    log = *WalManager::Create(options, 1, {});
  }

  // Fails the next call of this kind, and only that.
  void FailNext(OperationKind kind, ErrorCode code = ErrorCode::kIo) {
    const auto armed = std::make_shared<std::atomic<bool>>(true);
    faults.SetHook([=](OperationKind called, std::string_view) -> std::optional<Error> {
      if (called != kind || !armed->exchange(false)) return std::nullopt;
      return Error(code, "injected");
    });
  }
  // What a power cut now would leave.
  Replayed AfterCrash() {
    const TestDisk image(disk.files->CrashImage(nullptr));
    return Replay(*image.directory);
  }

  TestDisk disk;
  io::FaultFileSystem faults;
  std::unique_ptr<io::Directory> directory;
  std::unique_ptr<WalManager> log;
};

void ExpectDead(WalManager& log, std::string_view cause) {
  for (const Result<void>& result :
       {AppendBatch(log, 1, false), AppendBatch(log, 1, true), log.Sync(), log.Rotate(99),
        log.Append({}, true), log.Close()}) {
    ASSERT_FALSE(result);
    EXPECT_TRUE(result.error().message().starts_with(cause)) << result.error().message();
  }
}

TEST(WalFault, AFailedSyncKillsTheLogForGood) {
  FaultyLog faulty;
  ASSERT_TRUE(AppendBatch(*faulty.log, 2, true));
  ASSERT_TRUE(AppendBatch(*faulty.log, 2, false));
  faulty.FailNext(OperationKind::kSyncLog);
  const Result<void> failed = faulty.log->Sync();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kIo);
  EXPECT_EQ(faulty.log->durable_sequence(), 2U);
  ExpectDead(*faulty.log, "injected");
  EXPECT_EQ(faulty.log->last_sequence(), 4U);
  EXPECT_EQ(faulty.AfterCrash().Prefix(), 2U);
}

TEST(WalFault, AFailedWriteKillsTheLogEvenIfTheDiskWasFull) {
  for (const bool durably : {false, true}) {
    for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kNoSpace}) {
      for (const io::FaultReach reach : kReaches) {
        FaultyLog faulty;
        ASSERT_TRUE(AppendBatch(*faulty.log, 2, true));
        faulty.faults.SetReach(reach);
        faulty.FailNext(durably ? OperationKind::kWriteAtDurably : OperationKind::kWriteAt, code);
        EXPECT_EQ(AppendBatch(*faulty.log, 2, durably).error().code(), ErrorCode::kIo)
            << "not kNoSpace: that would ask to try again";
        ExpectDead(*faulty.log, "injected");
        EXPECT_EQ(faulty.log->last_sequence(), 2U);
        const Replayed replayed = Replay(*faulty.disk.directory);
        ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
        EXPECT_EQ(replayed.Prefix(), reach == io::FaultReach::kDone ? 4U : 2U);
        EXPECT_EQ(replayed.result->torn_tail_bytes != 0, reach == io::FaultReach::kHalf);
      }
    }
  }
}

TEST(WalFault, AFailedReservationOtherThanAFullDiskKillsTheLog) {
  for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kNoSpace}) {
    FaultyLog faulty;
    ASSERT_TRUE(AppendBatch(*faulty.log, 1, true));
    std::atomic<bool> failing = true;
    faulty.faults.SetHook([&](OperationKind kind, std::string_view) -> std::optional<Error> {
      if (kind != OperationKind::kReserve || !failing) return std::nullopt;
      return Error(code, "injected");
    });
    EXPECT_EQ(AppendBatch(*faulty.log, 1, true, 100'000).error().code(), code);
    failing = false;
    if (code == ErrorCode::kIo) {
      ExpectDead(*faulty.log, "injected");
    } else {
      ASSERT_TRUE(AppendBatch(*faulty.log, 1, true));
      EXPECT_EQ(faulty.AfterCrash().Prefix(), 2U);
    }
  }
}

TEST(WalFault, ARotationThatCannotMakeItsFileDoesNoHarmOnAFullDisk) {
  for (const OperationKind kind :
       {OperationKind::kCreateLog, OperationKind::kReserve, OperationKind::kSyncDirectory}) {
    FaultyLog faulty;
    ASSERT_TRUE(AppendBatch(*faulty.log, 1, false));
    std::atomic<bool> failing = true;
    faulty.faults.SetHook([&](OperationKind called, std::string_view) -> std::optional<Error> {
      if (called != kind || !failing) return std::nullopt;
      return Error(ErrorCode::kNoSpace, "injected");
    });
    EXPECT_EQ(faulty.log->Rotate(2).error().code(), ErrorCode::kNoSpace);
    failing = false;
    EXPECT_EQ(faulty.log->segment_number(), 1U);
    ASSERT_TRUE(AppendBatch(*faulty.log, 1, true));
    EXPECT_EQ(faulty.AfterCrash().Prefix(), 2U);
  }
}

// Fails each call of a fixed piece of work in turn. `code` is what the failing call answers.
void FailEveryCall(ErrorCode code, io::FaultReach reach) {
  std::uint64_t failed_calls = 0;
  for (std::uint64_t ordinal = 0;; ++ordinal) {
    FaultyLog faulty;
    faulty.faults.SetReach(reach);
    const std::uint64_t before = faulty.faults.operation_count();
    faulty.faults.SetHook(io::FailOperations(ordinal, 1, Error(code, "injected")));
    WalManager& log = *faulty.log;
    std::optional<Error> first_error;
    SequenceNumber acknowledged = 0;
    const auto run = [&](const Result<void>& result) {
      acknowledged = std::max(acknowledged, log.durable_sequence());
      if (!result && !first_error) first_error = result.error();
    };
    std::uint64_t next_segment = 2;
    for (int i = 0; i < 8; ++i) {
      run(AppendBatch(log, 2, i % 3 == 0, 700));
      if (i % 4 == 1) run(log.Sync());
      if (i % 4 == 3) run(log.Rotate(next_segment++));
    }
    run(log.DeleteSegmentsBefore(0));
    run(log.Close());
    if (faulty.faults.operation_count() - before <= ordinal) {
      EXPECT_FALSE(first_error) << "without a failing call there is no error";
      break;
    }
    ++failed_calls;
    SCOPED_TRACE("call " + std::to_string(ordinal) + " failed");
    // A second reservation, for less, may succeed where the first found no space, and a failed
    // removal of a blank segment is no failure of the log.
    if (code != ErrorCode::kNoSpace) {
      ASSERT_TRUE(first_error);
      EXPECT_TRUE(first_error->message().starts_with("injected"));
    }
    EXPECT_LE(acknowledged, log.last_sequence());
    for (const bool crashed : {false, true}) {
      const Replayed replayed = crashed ? faulty.AfterCrash() : Replay(*faulty.disk.directory);
      ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
      EXPECT_GE(replayed.Prefix() + 0, acknowledged);
      EXPECT_NE(replayed.Prefix(), ~SequenceNumber{0}) << "there is a hole";
      EXPECT_LE(replayed.Prefix(), 16U);
    }
  }
  EXPECT_GT(failed_calls, 20U);
}

TEST(WalFault, EveryCallMayFailOnceWithoutLosingWhatWasDurable) {
  for (const io::FaultReach reach : kReaches) FailEveryCall(ErrorCode::kIo, reach);
  FailEveryCall(ErrorCode::kNoSpace, io::FaultReach::kHalf);
}

TEST(WalFault, AFailedRemovalIsReturnedAndTheRestIsRemoved) {
  FaultyLog faulty;
  for (std::uint64_t number = 2; number <= 4; ++number) {
    ASSERT_TRUE(faulty.log->Rotate(number));
  }
  faulty.FailNext(OperationKind::kRemove);
  EXPECT_EQ(faulty.log->DeleteSegmentsBefore(4).error().message(), "injected");
  EXPECT_EQ(faulty.disk.directory->List()->size(), 2U);
  ASSERT_TRUE(faulty.log->DeleteSegmentsBefore(4));
  EXPECT_EQ(faulty.disk.directory->List()->size(), 1U);
  ASSERT_TRUE(AppendBatch(*faulty.log, 1, true));
}

TEST(WalFault, EveryReadOfARecoveryMayFailAndIsReported) {
  FaultyLog faulty;
  ASSERT_TRUE(AppendBatch(*faulty.log, 1, true));
  ASSERT_TRUE(faulty.log->Rotate(2));
  ASSERT_TRUE(AppendBatch(*faulty.log, 1, true));
  std::uint64_t failed_calls = 0;
  for (std::uint64_t ordinal = 0;; ++ordinal) {
    const std::uint64_t before = faulty.faults.operation_count();
    faulty.faults.SetHook(io::FailOperations(ordinal, 1, Error(ErrorCode::kIo, "injected")));
    const Replayed replayed = Replay(*faulty.directory, WalRecoveryMode::kSkipAnyCorrupt);
    if (faulty.faults.operation_count() - before <= ordinal) break;
    ++failed_calls;
    ASSERT_FALSE(replayed.result) << "call " << ordinal;
    EXPECT_EQ(replayed.result.error().code(), ErrorCode::kIo);
  }
  EXPECT_GE(failed_calls, 9U);
}

}  // namespace
}  // namespace quiver::wal
