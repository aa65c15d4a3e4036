// Opening, closing and dying in every order: what a second crash finds that comes while the first
// one is being recovered, an open that fails half-way, work on callers' threads during Close, and
// forks.
//
// A process that dies keeps what it wrote in the page cache; that is played by failing every call
// from the moment of death on a simulated disk, which a power cut may then cut back.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "quiver/admin.h"
#include "quiver/quiver.h"
#include "testing/engine_harness.h"
#include "testing/temp_dir.h"
#include "wal/wal_manager.h"

namespace quiver {
namespace {

namespace fs = std::filesystem;
using io::OperationKind;
using testing::GetFrom;
using testing::HarnessConfig;
using testing::OpenEngine;
using testing::PutInto;

constexpr int kRows = 20;

Error Injected(ErrorCode code = ErrorCode::kIo) {
  return {code, "injected"};
}

/// From now on nothing of this process reaches the disk.
void Die(io::FaultFileSystem& files) {
  files.SetHook([](OperationKind, std::string_view) { return std::optional(Injected()); });
}

std::string Key(int i) {
  return "key" + std::to_string(i);
}

/// A process that wrote kRows rows without a sync and was killed.
void LiveAndDie(io::MemoryFileSystem& disk, const DatabaseConfig& config) {
  io::FaultFileSystem files(disk);
  auto engine = OpenEngine(files, config);
  ASSERT_TRUE(engine) << engine.error().ToString();
  for (int i = 0; i < kRows; ++i) ASSERT_TRUE(PutInto(**engine, Key(i), "value"));
  Die(files);
  (void)(*engine)->Close();
}

/// How many rows are there; they must be the first ones.
int PrefixOfRows(const Engine& engine) {
  int count = 0;
  bool ended = false;
  for (int i = 0; i < kRows; ++i) {
    const auto row = GetFrom(engine, Key(i));
    EXPECT_TRUE(row) << row.error().ToString();
    if (!row) return -1;
    if (!*row) ended = true;
    EXPECT_FALSE(*row && ended) << "a hole before row " << i;
    count += *row ? 1 : 0;
  }
  return count;
}

TEST(Lifecycle, OpensThatWriteLittleDoNotGatherLogSegments) {
  io::MemoryFileSystem disk;
  constexpr std::size_t kOpens = 60;
  constexpr std::size_t kSegmentsMost = 20;
  for (std::size_t i = 0; i < kOpens; ++i) {
    auto engine = OpenEngine(disk, HarnessConfig(WalMode::kBatch));
    ASSERT_TRUE(engine) << engine.error().ToString();
    EXPECT_EQ(PrefixOfRows(**engine), static_cast<int>(std::min<std::size_t>(i, kRows)));
    if (i < kRows) {
      ASSERT_TRUE(PutInto(**engine, Key(static_cast<int>(i)), "value"));
    }
    ASSERT_TRUE((*engine)->Close());
    const auto directory = *disk.OpenDirectory("/db", false);
    const std::vector<io::DirectoryEntry> files = *directory->List();
    const auto segments = static_cast<std::size_t>(std::ranges::count_if(
        files, [](const io::DirectoryEntry& file) { return file.name.ends_with(".wal"); }));
    EXPECT_LE(segments, kSegmentsMost);
  }
}

// The trailer of Close may lie in the page cache alone: its write failed after it was there, or its
// writer was killed in it. A later power cut takes it away again.
TEST(Lifecycle, AShutdownWhoseTrailerIsNotDurableMayBeFollowedByAPowerCut) {
  const DatabaseConfig config = HarnessConfig(WalMode::kSync);
  io::MemoryFileSystem disk;
  {
    io::FaultFileSystem files(disk);
    auto engine = OpenEngine(files, config);
    ASSERT_TRUE(engine) << engine.error().ToString();
    for (int i = 0; i < kRows; ++i) ASSERT_TRUE(PutInto(**engine, Key(i), "value"));
    files.SetReach(io::FaultReach::kDone);
    files.SetHook([](OperationKind kind, std::string_view) -> std::optional<Error> {
      if (kind != OperationKind::kWriteAtDurably) return std::nullopt;
      return Injected();
    });
    EXPECT_FALSE((*engine)->Close());
  }
  {
    auto engine = OpenEngine(disk, config);
    ASSERT_TRUE(engine) << engine.error().ToString();
    EXPECT_TRUE((*engine)->recovery_report().clean_shutdown) << "the trailer was read";
    ASSERT_TRUE(PutInto(**engine, Key(kRows), "more"));
    disk.Crash();
  }
  auto engine = OpenEngine(disk, config);
  ASSERT_TRUE(engine) << engine.error().ToString();
  EXPECT_EQ(PrefixOfRows(**engine), kRows);
  EXPECT_TRUE(*GetFrom(**engine, Key(kRows)));
}

TEST(Lifecycle, APowerCutAtEachCallOfARecoveryLeavesADatabaseThatOpens) {
  const DatabaseConfig config = HarnessConfig(WalMode::kAsync);
  bool recovered = false;
  for (std::uint64_t call = 0; !recovered; ++call) {
    ASSERT_LT(call, 1000U);
    io::MemoryFileSystem disk;
    LiveAndDie(disk, config);
    io::FaultFileSystem files(disk);
    files.SetHook(io::FailOperations(call, ~std::uint64_t{0} - call, Injected()));
    {
      auto engine = OpenEngine(files, config);
      recovered = engine.ok();
      if (recovered) files.SetHook({});
      if (recovered) {
        EXPECT_EQ(PrefixOfRows(**engine), kRows);
      }
      Die(files);
    }
    disk.Crash();
    auto engine = OpenEngine(disk, config);
    ASSERT_TRUE(engine) << "cut at call " << call << ": " << engine.error().ToString();
    const int rows = PrefixOfRows(**engine);
    if (recovered) {
      EXPECT_EQ(rows, kRows) << "an open makes durable what it recovered";
    }
    ASSERT_TRUE(PutInto(**engine, "after", "x", {.wal_mode = WalMode::kSync}));
  }
}

// `failures` calls in a row fail, from the one with the number `call` on, and then all work again,
// so that whatever a failed open still does reaches the disk. False if there is no such call.
bool FailAnOpenHalfWay(const DatabaseConfig& config, std::uint64_t call, std::uint64_t failures) {
  io::MemoryFileSystem disk;
  LiveAndDie(disk, config);
  io::FaultFileSystem files(disk);
  files.SetHook(io::FailOperations(call, failures, Injected(ErrorCode::kNoSpace)));
  {
    const auto failed = OpenEngine(files, config);
    if (failed) return files.operation_count() > call;
  }
  files.SetHook({});
  {
    auto engine = OpenEngine(files, config);
    EXPECT_TRUE(engine) << engine.error().ToString();
    if (!engine) return false;
    EXPECT_FALSE((*engine)->recovery_report().clean_shutdown);
    EXPECT_EQ(PrefixOfRows(**engine), kRows);
    EXPECT_TRUE(PutInto(**engine, "synced", "x", {.wal_mode = WalMode::kSync}));
    Die(files);
  }
  disk.Crash();
  auto engine = OpenEngine(disk, config);
  EXPECT_TRUE(engine) << engine.error().ToString();
  if (!engine) return false;
  EXPECT_EQ(PrefixOfRows(**engine), kRows) << "they were before a sync";
  const auto synced = GetFrom(**engine, "synced");
  EXPECT_TRUE(synced && *synced);
  return true;
}

TEST(Lifecycle, AnOpenThatFailedHalfWayLeavesTheLogAsTheCrashDid) {
  // One failure of the manifest is mended by a new one: only several make its edit fail.
  for (const std::uint64_t failures : {1, 2, 3, 4}) {
    for (std::uint64_t call = 0;; ++call) {
      SCOPED_TRACE(std::to_string(failures) + " failures from call " + std::to_string(call));
      if (!FailAnOpenHalfWay(HarnessConfig(WalMode::kAsync), call, failures)) break;
      ASSERT_LT(call, 2000U);
    }
  }
}

TEST(Lifecycle, CloseWaitsForACompactRangeOnAnotherThread) {
  for (const bool append_fails : {false, true}) {
    io::MemoryFileSystem disk;
    io::FaultFileSystem files(disk);
    auto engine = OpenEngine(files, HarnessConfig(WalMode::kAsync));
    ASSERT_TRUE(engine);
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 100; ++i) ASSERT_TRUE(PutInto(**engine, Key(i), std::string(100, 'v')));
      ASSERT_TRUE((*engine)->Flush());
    }
    ASSERT_TRUE((*engine)->WaitForBackgroundWork());
    std::atomic<bool> held{false};
    std::atomic<bool> closed{false};
    std::atomic<bool> wrote_after_close{false};
    static thread_local bool is_caller = false;
    files.SetHook([&](OperationKind kind, std::string_view name) -> std::optional<Error> {
      if (closed.load() && kind >= OperationKind::kLock) wrote_after_close.store(true);
      if (!is_caller || kind != OperationKind::kAppend || !name.starts_with("MANIFEST") ||
          held.exchange(true)) {
        return std::nullopt;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      return append_fails ? std::optional(Injected()) : std::nullopt;
    });
    std::jthread caller([&] {
      is_caller = true;
      (void)(*engine)->CompactRange({}, {});
    });
    while (!held.load()) std::this_thread::yield();
    EXPECT_TRUE((*engine)->Close());
    closed.store(true);
    caller.join();
    engine->reset();
    EXPECT_FALSE(wrote_after_close.load()) << "the directory may have another owner";
  }
}

TEST(Lifecycle, CloseWaitsForAWriteThatIsUnderWay) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem files(disk);
  const DatabaseConfig config = HarnessConfig(WalMode::kAsync);
  auto engine = OpenEngine(files, config);
  ASSERT_TRUE(engine);
  ASSERT_TRUE(PutInto(**engine, Key(0), "value"));
  std::atomic<bool> writing{false};
  std::atomic<bool> go_on{false};
  std::atomic<bool> closed{false};
  files.SetHook([&](OperationKind kind, std::string_view) -> std::optional<Error> {
    if (kind != OperationKind::kWriteAt || writing.exchange(true)) return std::nullopt;
    while (!go_on.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return std::nullopt;
  });
  std::jthread writer([&] { EXPECT_TRUE(PutInto(**engine, Key(1), "value")); });
  while (!writing.load()) std::this_thread::yield();
  std::jthread closer([&] {
    EXPECT_TRUE((*engine)->Close());
    closed.store(true);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(closed.load()) << "the log was sealed under a write";
  go_on.store(true);
  writer.join();
  closer.join();
  files.SetHook({});
  engine->reset();
  engine = OpenEngine(files, config);
  ASSERT_TRUE(engine) << engine.error().ToString();
  EXPECT_TRUE((*engine)->recovery_report().clean_shutdown);
  const auto row = GetFrom(**engine, Key(1));
  EXPECT_TRUE(row && *row) << "it was acknowledged";
}

TEST(Lifecycle, DurableSequenceNeverGoesBackWhileClosing) {
  for (int round = 0; round < 20; ++round) {
    io::MemoryFileSystem disk;
    auto engine = OpenEngine(disk, HarnessConfig(WalMode::kSync));
    ASSERT_TRUE(engine);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(PutInto(**engine, "k", "v"));
    std::atomic<bool> stop{false};
    std::atomic<bool> went_back{false};
    std::jthread watcher([&] {
      while (!stop.load()) {
        if ((*engine)->DurableSequence() < 5) went_back.store(true);
      }
    });
    ASSERT_TRUE((*engine)->Close());
    stop.store(true);
    watcher.join();
    EXPECT_FALSE(went_back.load());
  }
}

TEST(Lifecycle, AForkedChildMayDestroyAndCloseItsCopy) {
  const testing::TempDir dir;
  auto db = Database::Open(dir.path() / "db");
  ASSERT_TRUE(db);
  for (int i = 0; i < kRows; ++i) ASSERT_TRUE((*db)->Put(Key(i), "value"));
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    const auto closed = (*db)->Close();
    const bool refused = !closed && closed.error().code() == ErrorCode::kClosed;
    db->reset();
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  ASSERT_TRUE((*db)->Put("after", "v")) << "the parent goes on";
  ASSERT_TRUE((*db)->Close());
  db = Database::Open(dir.path() / "db");
  ASSERT_TRUE(db) << db.error().ToString();
  EXPECT_TRUE((*db)->recovery_report().clean_shutdown);
  EXPECT_TRUE((*db)->Get("after").value());
}

TEST(Lifecycle, FilesNeverTakeTheNumbersOfClosedStandardStreams) {
  const testing::TempDir dir;
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
    auto db = Database::Open(dir.path() / "db");
    bool good = db.ok();
    for (int i = 0; good && i < kRows; ++i) {
      good = (*db)->Put(Key(i), "value").ok();
      // What a program without standard streams prints must not land in a file of ours.
      const ssize_t written = ::write(STDERR_FILENO, "message\n", 8) + ::write(1, "text\n", 5);
      good = good && written == -2 && (i % 5 != 0 || (*db)->Flush().ok());
    }
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  auto db = Database::Open(dir.path() / "db");
  ASSERT_TRUE(db) << db.error().ToString();
  for (int i = 0; i < kRows; ++i) EXPECT_TRUE((*db)->Get(Key(i)).value());
}

TEST(Lifecycle, ALockFileThatSomebodyRemovedStillLocks) {
  const testing::TempDir dir;
  auto db = Database::Open(dir.path() / "db");
  ASSERT_TRUE(db);
  fs::remove(dir.path() / "db" / "LOCK");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto second = Database::Open(dir.path() / "db");
    ::_exit(!second && second.error().code() == ErrorCode::kBusy ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
}

TEST(Lifecycle, OnlyWhatIsProvablyOursIsRemoved) {
  const testing::TempDir dir;
  const fs::path path = dir.path() / "db";
  for (const char* name : {"db", "other"}) {
    auto db = Database::Open(dir.path() / name);
    ASSERT_TRUE(db && (*db)->Put("k", "v") && (*db)->Flush());
  }
  std::string own_table;
  std::string other_manifest;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() == ".arrow") own_table = entry.path().filename();
  }
  for (const auto& entry : fs::directory_iterator(dir.path() / "other")) {
    const std::string name = entry.path().filename();
    if (name.starts_with("MANIFEST")) other_manifest = name;
  }
  ASSERT_FALSE(own_table.empty() || other_manifest.empty());
  const auto write = [&](const std::string& name, std::string_view bytes) {
    std::ofstream(path / name, std::ios::binary) << bytes;
    return name;
  };
  const auto copy = [&](const fs::path& from, const std::string& name) {
    fs::copy_file(from, path / name);
    return name;
  };
  const fs::path own = path / own_table;
  const std::set<std::string> foreign = {
      write("9999999999.arrow", "far outside of our numbers"),
      write("18446744073709551614.arrow", "the last number but one"),
      write("18446744073709551615.arrow", ""),
      write("18446744073709551615.wal", "a text"),
      write("MANIFEST-18446744073709551615", "a text"),
      write("0000000500.arrow", "a text of somebody"),
      copy(dir.path() / "other" / other_manifest, "MANIFEST-0000000777"),
      write("MANIFEST-0000000778", "a text of somebody"),
      write("notes.txt", "foreign by its name"),
  };
  const std::set<std::string> ours = {
      copy(own, "0000000600.arrow"),
      write("0000000601.arrow", ""),
      write("0000000602.arrow", std::string(100, '\0')),
      write("MANIFEST-0000000601", ""),
      write("CURRENT.tmp", "anything"),
  };
  copy(own, "0000000603.arrow");
  fs::resize_file(path / "0000000603.arrow", 1000);
  auto db = Database::Open(path);
  ASSERT_TRUE(db) << db.error().ToString();
  for (const std::string& name : foreign) EXPECT_TRUE(fs::exists(path / name)) << name;
  for (const std::string& name : ours) EXPECT_FALSE(fs::exists(path / name)) << name;
  EXPECT_FALSE(fs::exists(path / "0000000603.arrow")) << "a table cut short";
  const auto& reported = (*db)->recovery_report().foreign_files;
  EXPECT_EQ(std::set<std::string>(reported.begin(), reported.end()), foreign);
  ASSERT_TRUE((*db)->Put("k2", "v") && (*db)->Flush() && (*db)->CompactRange());
  ASSERT_TRUE((*db)->Close());
  db = Database::Open(path);
  ASSERT_TRUE(db) << db.error().ToString();
  EXPECT_TRUE((*db)->Get("k2").value());
}

TEST(Lifecycle, SettingsForOneOpenAreNotStored) {
  const testing::TempDir dir;
  const fs::path path = dir.path() / "db";
  DatabaseConfig config;
  config.memtable_count_max = 5;
  config.error_if_exists = true;
  config.wal_recovery_mode = WalRecoveryMode::kSkipAnyCorrupt;
  ASSERT_TRUE(Database::Open(path, config));
  auto stored = Database::StoredConfig(path);
  ASSERT_TRUE(stored) << stored.error().ToString();
  EXPECT_EQ(stored->memtable_count_max, 5U);
  EXPECT_FALSE(stored->error_if_exists);
  EXPECT_EQ(stored->wal_recovery_mode, WalRecoveryMode::kPointInTime);
  DatabaseConfig once = *stored;
  once.memtable_count_max = 4;
  once.store_settings = false;
  {
    auto db = Database::Open(path, once);
    ASSERT_TRUE(db) << db.error().ToString();
    EXPECT_EQ((*db)->config().memtable_count_max, 4U);
  }
  EXPECT_EQ(Database::StoredConfig(path)->memtable_count_max, 5U);
}

TEST(Lifecycle, ABatchThatVerifiesButCannotBeReadIsALossInSalvageOnly) {
  io::MemoryFileSystem disk;
  const DatabaseConfig config = HarnessConfig(WalMode::kSync);
  {
    auto engine = OpenEngine(disk, config);
    ASSERT_TRUE(engine);
    std::string encoded;
    AppendBatchEntry(encoded, {.key = "whole", .value = "v"});
    ASSERT_TRUE((*engine)->Write(encoded, 1, {}));
  }
  // A faulty build's frame: it says two entries and holds one.
  auto directory = *disk.OpenDirectory("/db", false);
  auto versions = *VersionSet::Open(*directory);
  wal::RecoveryOptions recovery;
  recovery.directory = directory.get();
  recovery.database_id = versions->database_id();
  const auto end = wal::RecoverLog(recovery, [](const auto&) { return Result<void>(); });
  ASSERT_TRUE(end) << end.error().ToString();
  wal::WalManagerOptions options;
  options.directory = directory.get();
  options.clock = io::SystemEnvironment().clock;
  options.database_id = versions->database_id();
  {
    auto log = wal::WalManager::Create(options, end->highest_segment + 10, end->end);
    ASSERT_TRUE(log) << log.error().ToString();
    std::string encoded;
    AppendBatchEntry(encoded, {.key = "torn", .value = "v"});
    const wal::FrameInput frame{encoded, 2, end->end.last_sequence + 1};
    ASSERT_TRUE((*log)->Append(std::span(&frame, 1), true));
    ASSERT_TRUE((*log)->Close());
  }
  EXPECT_EQ(OpenEngine(disk, config).error().code(), ErrorCode::kCorruption);
  DatabaseConfig salvage = config;
  salvage.wal_recovery_mode = WalRecoveryMode::kSkipAnyCorrupt;
  auto engine = OpenEngine(disk, salvage);
  ASSERT_TRUE(engine) << engine.error().ToString();
  EXPECT_FALSE((*engine)->recovery_report().losses.empty());
  EXPECT_TRUE(*GetFrom(**engine, "whole"));
  EXPECT_FALSE(*GetFrom(**engine, "torn")) << "no batch is applied in part";
}

}  // namespace
}  // namespace quiver
