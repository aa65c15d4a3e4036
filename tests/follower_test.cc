// Goal: a follower sees exactly the state after some prefix of the writes, at least up to the last
// one acknowledged before it looked, whatever the writer does meanwhile; what it has shown stays
// readable; it writes nothing.
//
// Method: a second process that writes, flushes and compacts without a pause and is killed again
// and again; and, for each operation of an open in turn, a writer that does its worst just there.
#include "quiver/follower.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "admin/backup_store.h"
#include "db/checkpoint.h"
#include "db/open_follower.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "testing/engine_harness.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using testing::GetFrom;
using testing::HarnessConfig;
using testing::OpenEngine;
using testing::PutInto;

constexpr int kSlots = 300;

// Write `number`: one slot of each keyspace and the number itself, as one batch. So the number of
// the last write says what every key must hold.
Result<void> WriteNumber(Database& db, const Keyspace& other, int number) {
  WriteBatch batch;
  const std::string slot = "s" + std::to_string(number % kSlots);
  const std::string value = std::to_string(number) + ":" + std::string(150, 'x');
  for (const Result<void>& put :
       {batch.Put(slot, value), batch.Put(other, slot, value),
        batch.Put("last", std::to_string(number)), batch.Put(other, "last", std::to_string(number)),
        number % 7 == 0 ? batch.Delete("s" + std::to_string((number + 5) % kSlots))
                        : Result<void>()}) {
    if (!put) return put;
  }
  const auto written = db.Write(batch);
  if (!written) return written.error();
  return {};
}

std::map<std::string, std::string> Expected(int last, bool deletes) {
  std::map<std::string, std::string> rows;
  for (int number = std::max(0, last - 2 * kSlots); number <= last; ++number) {
    rows["s" + std::to_string(number % kSlots)] =
        std::to_string(number) + ":" + std::string(150, 'x');
    if (deletes && number % 7 == 0) rows.erase("s" + std::to_string((number + 5) % kSlots));
  }
  if (last >= 0) rows["last"] = std::to_string(last);
  return rows;
}

std::map<std::string, std::string> Rows(const Database& db, const Keyspace* keyspace = nullptr) {
  std::map<std::string, std::string> rows;
  auto iterator = db.NewIterator({.keyspace = keyspace});
  EXPECT_TRUE(iterator) << iterator.error().ToString();
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    rows[std::string(iterator->key())] = std::string(iterator->value());
  }
  EXPECT_TRUE(iterator->status()) << iterator->status().error().ToString();
  return rows;
}

// The number that the state shows, after checking everything else against it.
int CheckState(const Database& db) {
  const auto rows = Rows(db);
  const auto last = rows.find("last");
  const int number = last == rows.end() ? -1 : std::stoi(last->second);
  EXPECT_EQ(rows, Expected(number, true)) << "after write " << number;
  const auto other = db.OpenKeyspace("other");
  if (!other) {
    EXPECT_EQ(number, -1) << other.error().ToString();
    return number;
  }
  EXPECT_EQ(Rows(db, &*other), Expected(number, false)) << "a batch in part";
  return number;
}

class FollowerTest : public ::testing::TestWithParam<WalMode> {
 protected:
  std::filesystem::path path() const { return temp_dir_.path() / "db"; }
  std::filesystem::path root() const { return temp_dir_.path(); }

  // Never returns: writes from `first` on, and says so after each.
  [[noreturn]] void RunWriter(int first, int pipe_end) {
    DatabaseConfig config = HarnessConfig(GetParam());
    config.store_settings = true;
    auto db = Database::Open(path(), config);
    if (!db) ::_exit(2);
    auto other = (*db)->OpenKeyspace("other");
    if (!other) other = (*db)->CreateKeyspace("other", config);
    if (!other) ::_exit(3);
    for (int number = first;; ++number) {
      if (!WriteNumber(**db, *other, number)) ::_exit(4);
      if (::write(pipe_end, &number, sizeof number) != sizeof number) ::_exit(5);
    }
  }

 private:
  testing::TempDir temp_dir_;
};

INSTANTIATE_TEST_SUITE_P(Modes, FollowerTest, ::testing::Values(WalMode::kSync, WalMode::kAsync),
                         [](const auto& mode) {
                           return mode.param == WalMode::kSync ? "sync" : "async";
                         });

TEST_P(FollowerTest, SeesAFreshPrefixOfAWriterThatIsKilledAndComesBack) {
  {
    auto made = Database::Open(path(), HarnessConfig(GetParam()));
    ASSERT_TRUE(made) << made.error().ToString();
  }
  auto follower = Follower::Open(path());
  ASSERT_TRUE(follower) << follower.error().ToString();
  int shown = -1;
  int refreshes = 0;
  std::shared_ptr<Database> held = (*follower)->database();
  int held_number = -1;
  for (int life = 0; life < 4; ++life) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      RunWriter(shown + 1, ends[1]);
    }
    ::close(ends[1]);
    ASSERT_EQ(::fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    int acknowledged = shown;
    const auto take_acknowledged = [&] {
      int number = 0;
      while (::read(ends[0], &number, sizeof number) == sizeof number) acknowledged = number;
    };
    for (int round = 0; round < 25 && !HasFailure(); ++round) {
      ::usleep(4000);
      take_acknowledged();
      const auto moved = (*follower)->Refresh();
      ASSERT_TRUE(moved) << moved.error().ToString();
      refreshes += static_cast<int>(*moved);
      const int number = CheckState(*(*follower)->database());
      EXPECT_GE(number, acknowledged) << "an acknowledged write is missing";
      EXPECT_GE(number, shown);
      shown = number;
      if (round % 10 == 0) {
        EXPECT_EQ(CheckState(*held), held_number) << "an older state has changed";
        held = (*follower)->database();
        held_number = number;
      }
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with " << status;
    take_acknowledged();
    ::close(ends[0]);
    const auto moved = (*follower)->Refresh();
    ASSERT_TRUE(moved) << moved.error().ToString();
    shown = CheckState(*(*follower)->database());
    EXPECT_GE(shown, acknowledged) << "what a killed writer had acknowledged is missing";
    EXPECT_FALSE(*(*follower)->Refresh());
  }
  EXPECT_GT(refreshes, 4);
  EXPECT_GT(shown, 20);
  EXPECT_EQ(CheckState(*held), held_number);
}

TEST_P(FollowerTest, WhatItHasShownSurvivesCompactionsAndDrops) {
  auto db = Database::Open(path(), HarnessConfig(GetParam()));
  ASSERT_TRUE(db) << db.error().ToString();
  const auto other = (*db)->CreateKeyspace("other", HarnessConfig(GetParam()));
  ASSERT_TRUE(other);
  for (int number = 0; number < 1000; ++number) ASSERT_TRUE(WriteNumber(**db, *other, number));
  ASSERT_TRUE((*db)->WaitForBackgroundWork());
  auto follower = Follower::Open(path());
  ASSERT_TRUE(follower) << follower.error().ToString();
  const std::shared_ptr<Database> before = (*follower)->database();
  EXPECT_FALSE(*(*follower)->Refresh());
  for (int number = 1000; number < 1500; ++number) ASSERT_TRUE(WriteNumber(**db, *other, number));
  ASSERT_TRUE((*db)->CompactRange());
  ASSERT_TRUE((*db)->DropKeyspace(*other));
  ASSERT_TRUE((*db)->CreateKeyspace("third", HarnessConfig(GetParam())));
  ASSERT_TRUE((*db)->WaitForBackgroundWork());
  EXPECT_EQ(CheckState(*before), 999);
  EXPECT_TRUE(*(*follower)->Refresh());
  const std::shared_ptr<Database> after = (*follower)->database();
  EXPECT_EQ(Rows(*after), Expected(1499, true));
  EXPECT_EQ(after->OpenKeyspace("other").error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(after->OpenKeyspace("third"));
  EXPECT_EQ(CheckState(*before), 999);
  EXPECT_EQ(after->Put("k", "v").error().code(), ErrorCode::kReadOnly);
  EXPECT_FALSE(*(*follower)->Refresh());
  // A checkpoint of a live database from outside its process.
  const auto report = after->Checkpoint(root() / "copy");
  ASSERT_TRUE(report) << report.error().ToString();
  auto copied = Database::OpenReadOnly(root() / "copy");
  ASSERT_TRUE(copied) << copied.error().ToString();
  EXPECT_EQ(Rows(**copied), Expected(1499, true));
}

// Rows that a clean close leaves in the log are not flushed by the next open, and the manifest
// stays as it was: a new segment is all that is new.
TEST_P(FollowerTest, SeesNewsAfterTheWriterHasClosedAndOpenedAgain) {
  const DatabaseConfig config = HarnessConfig(GetParam());
  std::unique_ptr<Follower> follower;
  for (int life = 1; life <= 4; ++life) {
    auto db = Database::Open(path(), config);
    ASSERT_TRUE(db) << db.error().ToString();
    if (follower != nullptr) {
      // Whether or not the open itself is news.
      ASSERT_TRUE(follower->Refresh());
    }
    ASSERT_TRUE((*db)->Put("k", std::to_string(life)));
    if (follower != nullptr) {
      EXPECT_TRUE(*follower->Refresh()) << "in life " << life;
      EXPECT_EQ((*follower->database()->Get("k"))->view(), std::to_string(life));
    }
    ASSERT_TRUE((*db)->Put("k", "closed in " + std::to_string(life)));
    ASSERT_TRUE((*db)->Close());
    if (follower == nullptr) {
      auto opened = Follower::Open(path());
      ASSERT_TRUE(opened) << opened.error().ToString();
      follower = *std::move(opened);
    } else {
      EXPECT_TRUE(*follower->Refresh());
    }
    EXPECT_EQ((*follower->database()->Get("k"))->view(), "closed in " + std::to_string(life));
    EXPECT_FALSE(*follower->Refresh()) << "a closed database has no news";
  }
}

// The same without a look while it is open.
TEST_P(FollowerTest, SeesWhatALifeBetweenTwoLooksHasWritten) {
  const DatabaseConfig config = HarnessConfig(GetParam());
  const auto live = [&](const std::string& value) {
    auto db = Database::Open(path(), config);
    ASSERT_TRUE(db) << db.error().ToString();
    ASSERT_TRUE((*db)->Put("k", value));
    ASSERT_TRUE((*db)->Close());
  };
  live("1");
  auto follower = Follower::Open(path());
  ASSERT_TRUE(follower) << follower.error().ToString();
  live("2");
  EXPECT_TRUE(*(*follower)->Refresh());
  EXPECT_EQ((*(*follower)->database()->Get("k"))->view(), "2");
  EXPECT_FALSE(*(*follower)->Refresh());
}

TEST_P(FollowerTest, NeverGoesBackAndNeverTakesAnotherDatabaseForItsOwn) {
  const DatabaseConfig config = HarnessConfig(GetParam());
  {
    auto db = Database::Open(path(), config);
    ASSERT_TRUE(db);
    ASSERT_TRUE((*db)->Put("k", "1"));
    ASSERT_TRUE((*db)->Checkpoint(root() / "old"));
    ASSERT_TRUE((*db)->Put("k", "2"));
  }
  auto follower = Follower::Open(path());
  ASSERT_TRUE(follower) << follower.error().ToString();
  std::filesystem::rename(path(), root() / "away");
  EXPECT_FALSE((*follower)->Refresh());
  std::filesystem::rename(root() / "old", path());
  const auto back = (*follower)->Refresh();
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code(), ErrorCode::kCorruption);
  std::filesystem::remove_all(path());
  ASSERT_TRUE(Database::Open(path(), config));
  const auto other = (*follower)->Refresh();
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ((*(*follower)->database()->Get("k"))->view(), "2");
  EXPECT_EQ(Follower::Open(root() / "none").error().code(), ErrorCode::kNotFound);
}

// Each write was durable before the next, and so each frame but the last knows that of those before
// it; behind the last one stands the seal of Close().
TEST(FollowerRotTest, RotInTheLogIsNotTakenForItsEnd) {
  testing::TempDir temp_dir;
  const std::filesystem::path path = temp_dir.path() / "db";
  constexpr std::uint64_t kWrites = 12;
  {
    auto db = Database::Open(path, HarnessConfig(WalMode::kSync));
    ASSERT_TRUE(db) << db.error().ToString();
    for (std::uint64_t i = 0; i < kWrites; ++i) ASSERT_TRUE((*db)->Put("k", std::to_string(i)));
    ASSERT_TRUE((*db)->Close());
  }
  std::filesystem::path log;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".wal") log = entry.path();
  }
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(log));
  int refused = 0;
  for (std::streamoff offset = 0; offset < size; offset += 5) {
    std::fstream bytes(log, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekg(offset);
    const auto right = static_cast<char>(bytes.get());
    bytes.seekp(offset);
    bytes.put(static_cast<char>(right ^ 4)).flush();
    const auto follower = Follower::Open(path);
    if (follower) {
      EXPECT_EQ((*follower)->database()->recovery_report().last_sequence, kWrites)
          << "silently shorter with a flip at " << offset;
    } else {
      EXPECT_EQ(follower.error().code(), ErrorCode::kCorruption);
      ++refused;
    }
    bytes.seekp(offset);
    bytes.put(right);
  }
  EXPECT_GT(refused, 50);
}

// --- what happens between two operations of an open

io::Environment EnvironmentOn(io::FileSystem& files) {
  io::Environment environment = io::SystemEnvironment();
  environment.file_system = &files;
  return environment;
}

TEST(FollowerRaceTest, AWriterMayDoAnythingBetweenAnyTwoOperationsOfAnOpen) {
  bool reached_the_end = false;
  for (std::uint64_t disturb_at = 0; !reached_the_end; ++disturb_at) {
    ASSERT_LT(disturb_at, 1000u);
    io::MemoryFileSystem disk;
    io::FaultFileSystem watched(disk);
    auto writer = OpenEngine(disk, HarnessConfig(WalMode::kAsync));
    ASSERT_TRUE(writer) << writer.error().ToString();
    int written = 0;
    const auto write = [&](int count) {
      for (int i = 0; i < count; ++i, ++written) {
        ASSERT_TRUE(PutInto(**writer, "k" + std::to_string(written % 50), std::to_string(written)));
      }
    };
    write(100);
    ASSERT_TRUE((*writer)->Flush());
    write(100);
    ASSERT_TRUE((*writer)->Flush());
    write(20);
    const int acknowledged = written;
    std::uint64_t operations = 0;
    watched.SetHook([&](io::OperationKind, std::string_view) -> std::optional<Error> {
      if (operations++ != disturb_at) return std::nullopt;
      write(30);
      EXPECT_TRUE((*writer)->CompactRange({}, {}));
      EXPECT_TRUE((*writer)->CreateKeyspace("new", HarnessConfig(WalMode::kAsync)));
      write(30);
      EXPECT_TRUE((*writer)->Flush());
      write(5);
      return std::nullopt;
    });
    auto follower = OpenFollower(EnvironmentOn(watched), "/db", nullptr);
    ASSERT_TRUE(follower) << "disturbed at " << disturb_at << ": " << follower.error().ToString();
    reached_the_end = operations <= disturb_at;
    EXPECT_TRUE(watched.log().empty()) << "a follower has written: " << watched.log()[0].file;
    const auto last = static_cast<int>((*follower)->recovery_report().last_sequence);
    ASSERT_GE(last, acknowledged) << "disturbed at " << disturb_at;
    // Sequence n is write n - 1; what each key holds follows from the last one.
    for (int key = 0; key < 50; ++key) {
      const int number = (last - 1 - key) / 50 * 50 + key;
      const auto value = GetFrom(**follower, "k" + std::to_string(key));
      ASSERT_TRUE(value) << value.error().ToString();
      ASSERT_TRUE(*value);
      ASSERT_EQ(**value, std::to_string(number)) << "disturbed at " << disturb_at;
    }
  }
}

TEST(FollowerRaceTest, CopiesAreMadeOfTablesThatTheWriterHasRemoved) {
  io::MemoryFileSystem disk;
  auto writer = OpenEngine(disk, HarnessConfig(WalMode::kAsync));
  ASSERT_TRUE(writer) << writer.error().ToString();
  const auto write = [&](const std::string& value) {
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(PutInto(**writer, "k" + std::to_string(i), value));
    ASSERT_TRUE((*writer)->Flush());
  };
  write("old");
  auto follower = OpenFollower(EnvironmentOn(disk), "/db", nullptr);
  ASSERT_TRUE(follower) << follower.error().ToString();
  write("new");
  ASSERT_TRUE((*writer)->CompactRange({}, {}));
  const auto copied = WriteCheckpoint(**follower, "/checkpoint", {});
  ASSERT_TRUE(copied) << copied.error().ToString();
  EXPECT_EQ(copied->tables_copied, 1u);
  const auto backup = CreateBackupOf(**follower, "/backups", {});
  ASSERT_TRUE(backup) << backup.error().ToString();
  ASSERT_TRUE(RestoreBackupFrom(disk, "/backups", backup->id, "/restored", {}));
  for (const char* path : {"/checkpoint", "/restored"}) {
    const auto copy = OpenFollower(EnvironmentOn(disk), path, nullptr);
    ASSERT_TRUE(copy) << path << copy.error().ToString();
    EXPECT_EQ(**GetFrom(**copy, "k7"), "old") << path;
  }
}

TEST(FollowerRaceTest, AHalfWrittenFrameIsTheEnd) {
  io::MemoryFileSystem disk;
  io::FaultFileSystem faulty(disk);
  auto writer = OpenEngine(faulty, HarnessConfig(WalMode::kSync));
  ASSERT_TRUE(writer) << writer.error().ToString();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(PutInto(**writer, "k" + std::to_string(i), "v"));
  // Half of the frame arrives, and the writer hangs before the rest: for a reader the same.
  faulty.SetReach(io::FaultReach::kHalf);
  faulty.SetHook([](io::OperationKind kind, std::string_view) -> std::optional<Error> {
    if (kind != io::OperationKind::kWriteAtDurably) return std::nullopt;
    return Error(ErrorCode::kIo, "injected: half a write");
  });
  ASSERT_FALSE(PutInto(**writer, "k10", std::string(5000, 'v')));
  auto follower = OpenFollower(EnvironmentOn(disk), "/db", nullptr);
  ASSERT_TRUE(follower) << follower.error().ToString();
  EXPECT_EQ((*follower)->recovery_report().last_sequence, 10u);
  EXPECT_TRUE(*GetFrom(**follower, "k9"));
  EXPECT_FALSE(*GetFrom(**follower, "k10"));
}

}  // namespace
}  // namespace quiver
