// Many threads on one log: syncs are shared, rotations and deletions run beside them, and a failed
// sync reaches everybody. Meant to be run under ThreadSanitizer too.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <thread>

#include "io/fault_file_system.h"
#include "wal/log_test_support.h"

namespace quiver::wal {
namespace {

using io::OperationKind;
using testing::AppendBatch;
using testing::Replay;
using testing::TestDisk;

constexpr int kThreads = 8;

struct SharedLog {
  SharedLog() : faults(*disk.files), directory(*faults.OpenDirectory("db", true)) {
    WalManagerOptions options = disk.options();
    options.directory = directory.get();
    log = *WalManager::Create(options, 1, {});
    faults.ClearLog();
  }
  /// As the write path does: one appender at a time. Answers the sequence appended.
  Result<SequenceNumber> Append(bool durably) {
    const std::lock_guard lock(append_mutex);
    if (Result<void> appended = AppendBatch(*log, 1, durably); !appended) return appended.error();
    return log->last_sequence();
  }
  std::size_t Count(OperationKind kind) const {
    std::size_t count = 0;
    for (const io::FileOperation& operation : faults.log()) count += operation.kind == kind;
    return count;
  }

  TestDisk disk;
  io::FaultFileSystem faults;
  std::unique_ptr<io::Directory> directory;
  std::mutex append_mutex;
  std::unique_ptr<WalManager> log;
};

TEST(WalGroupSync, ThreadsThatWaitForARunningSyncShareTheNextOne) {
  SharedLog shared;
  std::atomic<int> appended = 0;
  std::atomic<int> syncs = 0;
  // Holds the first sync until every thread has appended: whoever did not start it then needs
  // another one, and one is enough for all.
  shared.faults.SetHook([&](OperationKind kind, std::string_view) {
    if (kind == OperationKind::kSyncLog && syncs.fetch_add(1) == 0) {
      while (appended.load() < kThreads) std::this_thread::yield();
    }
    return std::optional<Error>();
  });
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        while (i != 0 && syncs.load() == 0) std::this_thread::yield();
        const auto sequence = shared.Append(false);
        ASSERT_TRUE(sequence);
        appended.fetch_add(1);
        ASSERT_TRUE(shared.log->Sync());
        EXPECT_GE(shared.log->durable_sequence(), *sequence);
      });
    }
  }
  EXPECT_EQ(syncs.load(), 2);
  EXPECT_EQ(shared.Count(OperationKind::kSyncLog), 2U);
  EXPECT_EQ(shared.log->durable_sequence(), SequenceNumber{kThreads});
}

TEST(WalGroupSync, AppendsGoOnBesideARunningSync) {
  SharedLog shared;
  ASSERT_TRUE(shared.Append(false));
  std::atomic<bool> syncing = false;
  std::atomic<bool> go_on = false;
  shared.faults.SetHook([&](OperationKind kind, std::string_view) {
    if (kind == OperationKind::kSyncLog) {
      syncing = true;
      while (!go_on.load()) std::this_thread::yield();
    }
    return std::optional<Error>();
  });
  std::jthread syncer([&] { EXPECT_TRUE(shared.log->Sync()); });
  while (!syncing.load()) std::this_thread::yield();
  ASSERT_TRUE(shared.Append(false));
  EXPECT_EQ(shared.log->last_sequence(), 2U);
  go_on = true;
  syncer.join();
  EXPECT_EQ(shared.log->durable_sequence(), 1U)
      << "what was appended after the sync began is not called durable";
}

TEST(WalGroupSync, EveryWaiterLearnsOfAFailedSync) {
  SharedLog shared;
  std::atomic<int> appended = 0;
  shared.faults.SetHook([&](OperationKind kind, std::string_view) -> std::optional<Error> {
    if (kind != OperationKind::kSyncLog) return std::nullopt;
    while (appended.load() < kThreads) std::this_thread::yield();
    return Error(ErrorCode::kIo, "injected");
  });
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        (void)shared.Append(false);
        appended.fetch_add(1);
        const Result<void> synced = shared.log->Sync();
        failures.fetch_add(!synced && synced.error().message().starts_with("injected"));
      });
    }
  }
  EXPECT_EQ(failures.load(), kThreads);
  EXPECT_EQ(shared.log->durable_sequence(), 0U);
}

TEST(WalGroupSync, WhatASyncAcknowledgedSurvivesRotationsAndDeletionsBesideIt) {
  SharedLog shared;
  constexpr SequenceNumber kAppends = 3'000;
  std::atomic<SequenceNumber> acknowledged = 0;
  std::atomic<bool> done = false;
  const auto acknowledge = [&](SequenceNumber sequence) {
    SequenceNumber seen = acknowledged.load();
    while (seen < sequence && !acknowledged.compare_exchange_weak(seen, sequence)) continue;
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      while (true) {
        const auto sequence = shared.Append(i == 0);
        ASSERT_TRUE(sequence) << sequence.error().ToString();
        if (*sequence % 3 != 0) {
          ASSERT_TRUE(shared.log->Sync());
        }
        if (*sequence % 3 != 0 || i == 0) {
          ASSERT_GE(shared.log->durable_sequence(), *sequence);
          acknowledge(*sequence);
        }
        if (*sequence >= kAppends) break;
      }
    });
  }
  std::jthread rotator([&] {
    while (!done) {
      {
        const std::lock_guard lock(shared.append_mutex);
        ASSERT_TRUE(shared.log->Rotate(shared.log->segment_number() + 1));
      }
      for (int i = 0; i < 50; ++i) std::this_thread::yield();
    }
  });
  std::jthread watcher([&] {
    SequenceNumber before = 0;
    while (!done) {
      const SequenceNumber durable = shared.log->durable_sequence();
      ASSERT_GE(durable, before);
      ASSERT_LE(durable, shared.log->last_sequence());
      before = durable;
      ASSERT_GE(shared.log->live_bytes(), shared.log->unsynced_bytes());
      const SequenceNumber promised = acknowledged.load();
      const TestDisk image(shared.disk.files->CrashImage(nullptr));
      ASSERT_GE(Replay(*image.directory).Prefix(), promised);
    }
  });
  threads.clear();
  done = true;
  rotator.join();
  watcher.join();
  ASSERT_TRUE(shared.log->DeleteSegmentsBefore(1));
  ASSERT_TRUE(shared.log->Close());
  const auto replayed = Replay(*shared.disk.directory, WalRecoveryMode::kAbsolute);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_GE(replayed.Prefix(), kAppends);
  EXPECT_NE(replayed.Prefix(), ~SequenceNumber{0});
  EXPECT_TRUE(replayed.contents_right);
}

TEST(WalGroupSync, SegmentsAreDeletedBesideAppendsAndRotations) {
  SharedLog shared;
  std::atomic<bool> done = false;
  std::jthread deleter([&] {
    while (!done) ASSERT_TRUE(shared.log->DeleteSegmentsBefore(shared.log->segment_number()));
  });
  for (std::uint64_t number = 2; number < 60; ++number) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(AppendBatch(*shared.log, 1, i == 2));
    ASSERT_TRUE(shared.log->Rotate(number));
  }
  done = true;
  deleter.join();
  ASSERT_TRUE(shared.log->DeleteSegmentsBefore(59));
  EXPECT_EQ(shared.disk.directory->List()->size(), 1U);
  EXPECT_EQ(shared.log->live_bytes(), kHeaderBytes);
}

}  // namespace
}  // namespace quiver::wal
