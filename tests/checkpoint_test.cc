// Goal: a checkpoint holds exactly one state of all keyspaces, whatever writes, flushes and
// compactions do meanwhile; and whatever fails or cuts the power, the source is unharmed and no
// half copy opens.
//
// Method: the public API on the real disk for what a copy holds; an engine on a disk in memory that
// fails each call in turn, and loses its power at each, for what a failure leaves.
#include "quiver/checkpoint.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "admin/backup_store.h"
#include "base/random.h"
#include "db/checkpoint.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "quiver/admin.h"
#include "testing/engine_harness.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"
#include "version/version_set.h"

namespace quiver {
namespace {

using testing::GetFrom;
using testing::HarnessConfig;
using testing::OpenEngine;
using testing::OpenEngineAt;
using testing::PutInto;

std::unique_ptr<Database> MustOpen(const std::filesystem::path& path,
                                   const DatabaseConfig& config) {
  auto opened = Database::Open(path, config);
  EXPECT_TRUE(opened) << opened.error().ToString();
  return opened ? *std::move(opened) : nullptr;
}

std::string MustGet(const Database& db, std::string_view key, const Keyspace* keyspace = nullptr) {
  const auto value = db.Get(key, {.keyspace = keyspace});
  EXPECT_TRUE(value) << value.error().ToString();
  if (!value || !*value) return "(absent)";
  return std::string((*value)->view());
}

DatabaseConfig CopyConfig() {
  DatabaseConfig config = HarnessConfig(WalMode::kAsync);
  config.create_if_missing = false;
  return config;
}

class CheckpointTest : public ::testing::Test {
 protected:
  std::filesystem::path source() const { return temp_dir_.path() / "source"; }
  std::filesystem::path copy() const { return temp_dir_.path() / "copy"; }

 private:
  testing::TempDir temp_dir_;
};

TEST_F(CheckpointTest, HoldsEveryKindOfEntryOfEveryKeyspaceAndIsADatabaseOfItsOwn) {
  DatabaseConfig config = HarnessConfig(WalMode::kAsync);
  auto db = MustOpen(source(), config);
  ASSERT_NE(db, nullptr);
  DatabaseConfig counters = config;
  counters.merge_operator = MergeOperatorKind::kAppend;
  const auto other = db->CreateKeyspace("other", counters);
  ASSERT_TRUE(other) << other.error().ToString();
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(db->Put("k" + std::to_string(i), std::string(200, 'v') + std::to_string(i)));
  }
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->DeleteRange("k1", "k15"));
  ASSERT_TRUE(db->Delete("k2"));
  ASSERT_TRUE(db->Put("soon", "gone", {.time_to_live_ms = 1}));
  ASSERT_TRUE(db->Put("later", "here", {.time_to_live_ms = 1'000'000}));
  ASSERT_TRUE(db->Merge("list", "a", {.keyspace = &*other}));
  ASSERT_TRUE(db->Flush());
  ASSERT_TRUE(db->Merge("list", "b", {.keyspace = &*other}));  // left in memory
  const auto report = db->Checkpoint(copy());
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_EQ(report->sequence, 2006u);
  EXPECT_GT(report->tables_linked, 0u);
  EXPECT_EQ(report->tables_copied, 0u);
  // What the source does now is not in the copy, and compactions take its own names away.
  ASSERT_TRUE(db->Put("k3", "after"));
  ASSERT_TRUE(db->CompactRange());
  ASSERT_TRUE(db->DropKeyspace(*other));

  const auto verified = VerifyDatabase(copy());
  ASSERT_TRUE(verified) << verified.error().ToString();
  EXPECT_TRUE(verified->damages.empty());
  auto copied = MustOpen(copy(), CopyConfig());
  ASSERT_NE(copied, nullptr);
  EXPECT_EQ(MustGet(*copied, "k1"), "(absent)");
  EXPECT_EQ(MustGet(*copied, "k1499"), "(absent)");
  EXPECT_EQ(MustGet(*copied, "k2"), "(absent)");
  EXPECT_EQ(MustGet(*copied, "k15"), std::string(200, 'v') + "15");
  EXPECT_EQ(MustGet(*copied, "k3"), std::string(200, 'v') + "3");
  EXPECT_EQ(MustGet(*copied, "soon"), "(absent)");
  EXPECT_EQ(MustGet(*copied, "later"), "here");
  const auto copied_other = copied->OpenKeyspace("other");
  ASSERT_TRUE(copied_other) << copied_other.error().ToString();
  EXPECT_EQ(MustGet(*copied, "list", &*copied_other), MustGet(*copied, "list", &*copied_other));
  EXPECT_NE(MustGet(*copied, "list", &*copied_other).find('b'), std::string::npos);
  // Both live on, each by itself.
  ASSERT_TRUE(copied->Put("mine", "1"));
  ASSERT_TRUE(copied->CompactRange());
  EXPECT_EQ(MustGet(*db, "mine"), "(absent)");
  EXPECT_EQ(MustGet(*db, "k15"), std::string(200, 'v') + "15");
  ASSERT_TRUE(copied->Close());
  copied = MustOpen(copy(), CopyConfig());
  ASSERT_NE(copied, nullptr);
  EXPECT_EQ(MustGet(*copied, "mine"), "1");
}

// Each batch writes the same number to both keyspaces: a copy that took one keyspace earlier than
// the other shows it.
TEST_F(CheckpointTest, TakenUnderWritersHoldsAPrefixWithWholeBatches) {
  auto db = MustOpen(source(), HarnessConfig(WalMode::kAsync));
  ASSERT_NE(db, nullptr);
  const auto other = db->CreateKeyspace("other", HarnessConfig(WalMode::kAsync));
  ASSERT_TRUE(other) << other.error().ToString();
  std::atomic<bool> stop{false};
  std::atomic<int> acknowledged{-1};
  std::jthread writer([&] {
    for (int number = 0; !stop.load(); ++number) {
      WriteBatch batch;
      const std::string text = std::to_string(number);
      ASSERT_TRUE(batch.Put("n" + text, text + std::string(300, 'x')));
      ASSERT_TRUE(batch.Put("last", text));
      // Every tenth only, so that the two keyspaces fill up at different times.
      if (number % 10 == 0) {
        ASSERT_TRUE(batch.Put(*other, "pad" + text, std::string(500, 'p')));
      }
      ASSERT_TRUE(batch.Put(*other, "last", text));
      ASSERT_TRUE(db->Write(batch));
      acknowledged.store(number);
    }
  });
  for (int round = 0; round < 12; ++round) {
    const int before = acknowledged.load();
    const std::filesystem::path path = copy().string() + std::to_string(round);
    const auto report = db->Checkpoint(path);
    ASSERT_TRUE(report) << report.error().ToString();
    auto copied = Database::OpenReadOnly(path);
    ASSERT_TRUE(copied) << copied.error().ToString();
    const auto copied_other = (*copied)->OpenKeyspace("other");
    ASSERT_TRUE(copied_other);
    const std::string last = MustGet(**copied, "last");
    EXPECT_EQ(last, MustGet(**copied, "last", &*copied_other)) << "round " << round;
    if (last == "(absent)") continue;
    const int number = std::stoi(last);
    EXPECT_GE(number, before);
    for (int i = 0; i <= number; ++i) {
      ASSERT_EQ(MustGet(**copied, "n" + std::to_string(i)),
                std::to_string(i) + std::string(300, 'x'));
    }
    EXPECT_EQ(MustGet(**copied, "n" + std::to_string(number + 1)), "(absent)");
    EXPECT_EQ((*copied)->recovery_report().last_sequence, report->sequence);
  }
  stop.store(true);
}

// Batches over the keyspace that is pinned first and the one that is pinned last, with so many
// between them that a writer which is not held up gets in.
TEST_F(CheckpointTest, TakesAllKeyspacesBetweenTwoWrites) {
  constexpr int kIdle = 250;
  auto db = MustOpen(source(), HarnessConfig(WalMode::kAsync));
  ASSERT_NE(db, nullptr);
  for (int i = 0; i < kIdle; ++i) {
    ASSERT_TRUE(db->CreateKeyspace("idle" + std::to_string(i), HarnessConfig(WalMode::kAsync)));
  }
  const auto last = db->CreateKeyspace("last", HarnessConfig(WalMode::kAsync));
  ASSERT_TRUE(last) << last.error().ToString();
  std::atomic<bool> stop{false};
  std::jthread writer([&] {
    for (int number = 0; !stop.load(); ++number) {
      WriteBatch batch;
      ASSERT_TRUE(batch.Put("number", std::to_string(number)));
      ASSERT_TRUE(batch.Put(*last, "number", std::to_string(number)));
      ASSERT_TRUE(db->Write(batch));
    }
  });
  for (int round = 0; round < 60; ++round) {
    const std::filesystem::path path = copy().string() + std::to_string(round);
    const auto report = db->Checkpoint(path);
    ASSERT_TRUE(report) << report.error().ToString();
    auto copied = Database::OpenReadOnly(path);
    ASSERT_TRUE(copied) << copied.error().ToString();
    const auto copied_last = (*copied)->OpenKeyspace("last");
    ASSERT_TRUE(copied_last);
    EXPECT_EQ(MustGet(**copied, "number"), MustGet(**copied, "number", &*copied_last))
        << "round " << round;
  }
  stop.store(true);
}

TEST_F(CheckpointTest, RefusesADirectoryWithAnythingInIt) {
  auto db = MustOpen(source(), HarnessConfig(WalMode::kAsync));
  ASSERT_NE(db, nullptr);
  std::filesystem::create_directory(copy());
  std::ofstream(copy() / "notes.txt") << "mine";
  const auto report = db->Checkpoint(copy());
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(std::filesystem::exists(copy() / "notes.txt"));
  const auto nowhere = db->Checkpoint(copy() / "no" / "parent");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code(), ErrorCode::kNotFound);
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(db->Checkpoint(copy().string() + "2").error().code(), ErrorCode::kClosed);
}

TEST_F(CheckpointTest, OfADatabaseOpenedForReadingHoldsWhatItsLogHeld) {
  auto db = MustOpen(source(), HarnessConfig(WalMode::kSync));
  ASSERT_NE(db, nullptr);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(db->Put("k" + std::to_string(i), "v"));
  ASSERT_TRUE(db->Close());
  db.reset();
  auto reader = Database::OpenReadOnly(source());
  ASSERT_TRUE(reader) << reader.error().ToString();
  const auto report = (*reader)->Checkpoint(copy());
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_EQ(report->tables_written, 1u);
  auto copied = Database::OpenReadOnly(copy());
  ASSERT_TRUE(copied) << copied.error().ToString();
  EXPECT_EQ(MustGet(**copied, "k49"), "v");
}

// --- failures

constexpr int kRows = 600;

void Fill(Engine& engine) {
  for (int i = 0; i < kRows; ++i) {
    ASSERT_TRUE(PutInto(engine, "k" + std::to_string(i), std::string(250, 'v')));
  }
}

void ExpectAllRows(const Engine& engine, const std::string& where) {
  for (int i = 0; i < kRows; ++i) {
    const auto value = GetFrom(engine, "k" + std::to_string(i));
    ASSERT_TRUE(value) << where << ": " << value.error().ToString();
    ASSERT_TRUE(*value) << where << ": lost k" << i;
  }
}

TEST(CheckpointFaultTest, CopiesWhereTheFileSystemDoesNotLink) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem faulty(disk);
  auto engine = OpenEngine(faulty, HarnessConfig(WalMode::kAsync));
  ASSERT_TRUE(engine) << engine.error().ToString();
  Fill(**engine);
  faulty.SetHook([](io::OperationKind kind, std::string_view) -> std::optional<Error> {
    if (kind != io::OperationKind::kLink) return std::nullopt;
    return Error(ErrorCode::kUnsupported, "injected: no links here");
  });
  const auto report = WriteCheckpoint(**engine, "/copy");
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_EQ(report->tables_linked, 0u);
  EXPECT_GT(report->tables_copied, 0u);
  disk.Crash();  // everything that the copy needs is durable, bytes and names
  auto copied = OpenEngineAt(disk, "/copy", CopyConfig());
  ASSERT_TRUE(copied) << copied.error().ToString();
  ExpectAllRows(**copied, "the copy");
}

TEST(CheckpointFaultTest, WhateverCallFailsTheSourceIsUnharmedAndNoHalfCopyOpens) {
  int left_files = 0;
  for (const bool links : {true, false}) {
    bool reached_the_end = false;
    for (std::uint64_t fail_at = 0; !reached_the_end; ++fail_at) {
      ASSERT_LT(fail_at, 3000u);
      io::MemoryFileSystem disk;
      io::FaultFileSystem faulty(disk);
      auto engine = OpenEngine(faulty, HarnessConfig(WalMode::kAsync));
      ASSERT_TRUE(engine) << engine.error().ToString();
      Fill(**engine);
      ASSERT_TRUE((*engine)->Flush());
      ASSERT_TRUE((*engine)->WaitForBackgroundWork());
      std::atomic<std::uint64_t> calls{0};
      std::string failed_call;
      faulty.SetReach(links ? static_cast<io::FaultReach>(fail_at % 3) : io::FaultReach::kNothing);
      faulty.SetHook([&](io::OperationKind kind, std::string_view name) -> std::optional<Error> {
        if (kind == io::OperationKind::kFreeBytes) return std::nullopt;  // of the upkeep's timer
        if (kind == io::OperationKind::kLink && !links) {
          return Error(ErrorCode::kUnsupported, "injected: no links here");
        }
        if (calls.fetch_add(1) != fail_at) return std::nullopt;
        failed_call = std::string(io::OperationKindName(kind)) + " of " + std::string(name);
        return Error(ErrorCode::kIo, "injected: input/output error");
      });
      const auto report = WriteCheckpoint(**engine, "/copy");
      faulty.SetHook({});
      reached_the_end = calls.load() <= fail_at;
      ExpectAllRows(**engine, "the source after a failed " + failed_call);
      auto copied = OpenEngineAt(disk, "/copy", CopyConfig(), OpenMode::kReadOnly);
      if (report) {
        ASSERT_TRUE(copied) << failed_call << ": " << copied.error().ToString();
        ExpectAllRows(**copied, "the copy after a failed " + failed_call);
      } else {
        EXPECT_NE(report.error().message().find("injected"), std::string::npos);
        EXPECT_FALSE(copied) << "a half copy opens after a failed " << failed_call;
        // The first attempt is not in the way of the next, or says that it is.
        const bool in_the_way =
            report.error().message().find("files of it are left there") != std::string::npos;
        const auto again = WriteCheckpoint(**engine, "/copy");
        EXPECT_TRUE(again || in_the_way || again.error().code() == ErrorCode::kReadOnly)
            << failed_call << ": " << again.error().ToString();
        left_files += in_the_way ? 1 : 0;
      }
    }
  }
  EXPECT_LE(left_files, 6) << "where the disk fails the clean-up, too";
}

// Just when the disk of a database begins to fail, somebody wants a copy of it on another one.
TEST(CheckpointFaultTest, ADatabaseThatAcceptsNoMoreWritesCanStillBeCopied) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem faulty(disk);
  auto engine = OpenEngine(faulty, HarnessConfig(WalMode::kAsync));
  ASSERT_TRUE(engine) << engine.error().ToString();
  Fill(**engine);
  std::atomic<bool> failing{true};
  faulty.SetHook([&](io::OperationKind kind, std::string_view) -> std::optional<Error> {
    if (kind != io::OperationKind::kSyncLog || !failing) return std::nullopt;
    return Error(ErrorCode::kIo, "injected: input/output error");
  });
  ASSERT_FALSE((*engine)->SyncLog());
  EXPECT_EQ(PutInto(**engine, "more", "v").error().code(), ErrorCode::kReadOnly);
  failing = false;
  const auto report = WriteCheckpoint(**engine, "/copy");
  ASSERT_TRUE(report) << report.error().ToString();
  ASSERT_TRUE(CreateBackupOf(**engine, "/backups", {}));
  ASSERT_TRUE(RestoreBackupFrom(disk, "/backups", 1, "/restored", {}));
  for (const char* path : {"/copy", "/restored"}) {
    auto copied = OpenEngineAt(disk, path, CopyConfig());
    ASSERT_TRUE(copied) << copied.error().ToString();
    ExpectAllRows(**copied, path);
    EXPECT_TRUE(PutInto(**copied, "more", "v"));
  }
}

// The barrier: while a write is in the middle, logged and in no memtable yet, no state is pinned.
// Without it the copy would hold entries of a write that came after the copy's sequence number.
TEST(CheckpointFaultTest, IsTakenBetweenTwoWritesAndNotInTheMiddleOfOne) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem files(disk);
  auto opened = OpenEngine(files, HarnessConfig(WalMode::kAsync));
  ASSERT_TRUE(opened) << opened.error().ToString();
  Engine& engine = **opened;
  const auto other = engine.CreateKeyspace("other", HarnessConfig(WalMode::kAsync));
  ASSERT_TRUE(other) << other.error().ToString();
  KeyspaceState* const both[] = {*engine.Resolve(nullptr), *engine.Resolve(&*other)};
  const auto write_to_both = [&](std::string_view key) {
    std::string encoded;
    AppendBatchEntry(encoded, {.key = key, .value = "v"});
    AppendBatchEntry(encoded, {.keyspace = other->id(), .key = key, .value = "v"});
    EXPECT_TRUE(engine.Write(encoded, 2, both, {}));
  };
  ASSERT_TRUE(PutInto(engine, "first", "v"));

  enum Stage { kBeforeTheFlush, kFlushing, kSecondWritten, kThirdInTheMiddle, kPinned, kThirdDone };
  std::atomic<Stage> stage{kBeforeTheFlush};
  const auto wait_for = [&](Stage wanted, int patience_ms) {
    for (; stage.load() < wanted && patience_ms > 0; --patience_ms) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  std::jthread writer;
  files.SetHook([&](io::OperationKind kind, std::string_view name) -> std::optional<Error> {
    const bool new_table = kind == io::OperationKind::kCreate && name.ends_with(".arrow");
    const bool log_write = kind == io::OperationKind::kWriteAt && name.ends_with(".wal");
    Stage expected = kBeforeTheFlush;
    if (new_table && stage.compare_exchange_strong(expected, kFlushing)) {
      // The checkpoint flushes: the second write stays in memory, the third one hangs in the log.
      write_to_both("second");
      stage.store(kSecondWritten);
      writer = std::jthread([&] {
        write_to_both("third");
        stage.store(kThirdDone);
      });
      wait_for(kThirdInTheMiddle, 10'000);
      return std::nullopt;
    }
    expected = kSecondWritten;
    if (log_write && stage.compare_exchange_strong(expected, kThirdInTheMiddle)) {
      wait_for(kPinned, 300);  // nobody should, and the checkpoint waits for this write
      return std::nullopt;
    }
    expected = kThirdInTheMiddle;
    if (new_table && stage.compare_exchange_strong(expected, kPinned)) wait_for(kThirdDone, 10'000);
    return std::nullopt;
  });
  const auto report = WriteCheckpoint(engine, "/copy");
  writer.join();
  files.SetHook({});
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_EQ(report->sequence, 5u);
  auto copied = OpenEngineAt(disk, "/copy", CopyConfig());
  ASSERT_TRUE(copied) << copied.error().ToString();
  EXPECT_EQ((*copied)->recovery_report().last_sequence, report->sequence);
  ForEachTable(*(*copied)->versions().catalog(),
               [&](const KeyspaceRecord& keyspace, const TableFileRef& table) {
                 EXPECT_LE(table->summary.largest_sequence, report->sequence) << keyspace.name;
               });
  EXPECT_TRUE(*GetFrom(**copied, "third"));
}

bool HasFile(io::MemoryFileSystem& disk, const char* directory, std::string_view name) {
  const auto opened = disk.OpenDirectory(directory, /*create=*/false);
  return opened && (*opened)->OpenForRead(name);
}

TEST(CheckpointFaultTest, ACutOfThePowerLeavesAWholeCopyOrNone) {
  const std::uint64_t seed = testing::TestSeed(20261123);
  Random random(seed);
  io::MemoryFileSystem disk;
  auto engine = OpenEngine(disk, HarnessConfig(WalMode::kSync));
  ASSERT_TRUE(engine) << engine.error().ToString();
  Fill(**engine);
  std::vector<std::unique_ptr<io::MemoryFileSystem>> images;
  Mutex mutex;
  disk.SetObserver([&] {
    MutexLock lock(mutex);
    images.push_back(disk.CrashImage(nullptr));
    for (int i = 0; i < 4; ++i) images.push_back(disk.CrashImage(&random));
    images.push_back(disk.CrashImage({.loss = io::CrashModel::Loss::kData}));
  });
  const auto report = WriteCheckpoint(**engine, "/copy");
  disk.SetObserver({});
  ASSERT_TRUE(report) << report.error().ToString();
  images.push_back(disk.CrashImage(nullptr));
  int opened = 0;
  for (const auto& image : images) {
    auto source = OpenEngineAt(*image, "/db", HarnessConfig(WalMode::kSync), OpenMode::kReadOnly);
    ASSERT_TRUE(source) << source.error().ToString();
    ExpectAllRows(**source, "the source after a cut");
    auto copied = OpenEngineAt(*image, "/copy", CopyConfig());
    if (!copied) {
      EXPECT_FALSE(HasFile(*image, "/copy", kCurrentName))
          << "a copy with a CURRENT does not open: " << copied.error().ToString();
      continue;
    }
    ++opened;
    ExpectAllRows(**copied, "the copy after a cut");
  }
  EXPECT_GT(opened, 0);
  EXPECT_LT(opened, static_cast<int>(images.size()));
  EXPECT_TRUE(OpenEngineAt(*images.back(), "/copy", CopyConfig())) << "not durable on return";
}

}  // namespace
}  // namespace quiver
