// Goal: a backup is there whole or not at all and restores to exactly the state that it was made
// of; rot in it is found; a table is stored once.
//
// Method: the public API on the real disk for what backups hold; an engine on a disk in memory that
// fails each call in turn, and loses its power at each, for what a failure leaves.
#include "quiver/backup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "admin/backup_record.h"
#include "admin/backup_store.h"
#include "base/random.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "testing/engine_harness.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using testing::GetFrom;
using testing::HarnessConfig;
using testing::OpenEngine;
using testing::OpenEngineAt;
using testing::PutInto;

// --- records

BackupRecord SomeRecord() {
  BackupRecord record{.id = 3,
                      .database_id = {0x0123456789abcdef, 0xfedcba9876543210},
                      .created_us = 1'700'000'000'000'000,
                      .sequence = 77,
                      .new_bytes = 500};
  record.files.push_back({"0000000012.arrow", 400, 0xaaaabbbbccccdddd, 0x1111222233334444});
  record.files.push_back({"CURRENT", 36, 0, 0x5555666677778888});
  return record;
}

TEST(BackupRecordTest, IsReadBackAndEveryDamageIsFound) {
  const BackupRecord record = SomeRecord();
  const std::string text = record.Encode();
  const auto read = BackupRecord::Decode(3, text);
  ASSERT_TRUE(read) << read.error().ToString();
  EXPECT_EQ(*read, record);
  EXPECT_EQ(record.StoredName(record.files[0]), "0000000012-aaaabbbbccccdddd.arrow");
  EXPECT_EQ(record.StoredName(record.files[1]), "0000000003-CURRENT");
  for (const BackupFile& file : record.files) EXPECT_TRUE(IsStoredName(record.StoredName(file)));
  for (const char* name : {"0000000012.arrow", "notes-1.txt", "0000000003-LOCK", "1-CURRENT",
                           "0000000003-../CURRENT", "BACKUP-0000000003"}) {
    EXPECT_FALSE(IsStoredName(name)) << name;
  }
  EXPECT_FALSE(BackupRecord::Decode(4, text)) << "under another name";
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string flipped = text;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    EXPECT_FALSE(BackupRecord::Decode(3, flipped)) << "byte " << i;
    EXPECT_FALSE(BackupRecord::Decode(3, text.substr(0, i))) << "cut at " << i;
  }
}

TEST(BackupRecordTest, ANameThatLeadsOutOfTheDirectoryIsRefused) {
  for (const char* name : {"../../etc/passwd", "LOCK", "0000000001.wal", "", "."}) {
    BackupRecord record = SomeRecord();
    record.files[1].name = name;
    const auto read = BackupRecord::Decode(3, record.Encode());
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
  }
}

// --- what backups hold

class BackupTest : public ::testing::Test {
 protected:
  std::filesystem::path source() const { return temp_dir_.path() / "source"; }
  std::filesystem::path store() const { return temp_dir_.path() / "backups"; }
  std::filesystem::path target() const { return temp_dir_.path() / "restored"; }

  void SetUp() override {
    auto opened = Database::Open(source(), HarnessConfig(WalMode::kAsync));
    ASSERT_TRUE(opened) << opened.error().ToString();
    db_ = *std::move(opened);
  }
  void Put(int first, int count, std::string_view value) {
    for (int i = first; i < first + count; ++i) {
      ASSERT_TRUE(db_->Put("k" + std::to_string(i), std::string(200, 'v') + std::string(value)));
    }
  }
  BackupInfo MustBackUp() {
    const auto made = CreateBackup(*db_, store());
    EXPECT_TRUE(made) << made.error().ToString();
    return made ? *made : BackupInfo();
  }
  /// All rows of a restored backup, or of the database itself.
  std::map<std::string, std::string> Rows(const Database& db) {
    std::map<std::string, std::string> rows;
    auto iterator = db.NewIterator();
    EXPECT_TRUE(iterator);
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      rows[std::string(iterator->key())] = std::string(iterator->value());
    }
    EXPECT_TRUE(iterator->status());
    return rows;
  }
  std::map<std::string, std::string> RestoredRows(std::uint64_t id) {
    const std::filesystem::path path = target().string() + std::to_string(id);
    const auto restored = RestoreBackup(store(), id, path);
    EXPECT_TRUE(restored) << restored.error().ToString();
    auto opened = Database::OpenReadOnly(path);
    EXPECT_TRUE(opened) << opened.error().ToString();
    return opened ? Rows(**opened) : std::map<std::string, std::string>();
  }
  std::vector<std::filesystem::path> StoredTables() const {
    std::vector<std::filesystem::path> tables;
    for (const auto& entry : std::filesystem::directory_iterator(store())) {
      if (entry.path().extension() == ".arrow") tables.push_back(entry.path());
    }
    return tables;
  }

  std::unique_ptr<Database> db_;

 private:
  testing::TempDir temp_dir_;
};

TEST_F(BackupTest, EachRestoresToItsOwnStateAndTablesAreStoredOnce) {
  Put(0, 1000, "one");
  ASSERT_TRUE(db_->Flush());
  ASSERT_TRUE(db_->WaitForBackgroundWork());
  const auto rows1 = Rows(*db_);
  const BackupInfo first = MustBackUp();
  EXPECT_EQ(first.id, 1u);
  EXPECT_EQ(first.new_bytes, first.bytes);
  Put(500, 10, "two");
  ASSERT_TRUE(db_->Delete("k0"));
  const auto rows2 = Rows(*db_);
  const BackupInfo second = MustBackUp();
  EXPECT_EQ(second.id, 2u);
  EXPECT_EQ(second.sequence, 1011u);
  EXPECT_LT(second.new_bytes, first.bytes / 4) << "the large tables are there already";
  EXPECT_GT(second.bytes, first.bytes);
  Put(0, 1000, "three");
  ASSERT_TRUE(db_->CompactRange());
  const auto rows3 = Rows(*db_);
  MustBackUp();

  const auto list = ListBackups(store());
  ASSERT_TRUE(list) << list.error().ToString();
  ASSERT_EQ(list->backups.size(), 3u);
  EXPECT_TRUE(list->damages.empty());
  EXPECT_EQ(RestoredRows(1), rows1);
  EXPECT_EQ(RestoredRows(2), rows2);
  EXPECT_EQ(RestoredRows(3), rows3);
  const auto verified = VerifyBackup(store());
  ASSERT_TRUE(verified) << verified.error().ToString();
  EXPECT_TRUE(verified->damages.empty());
  EXPECT_EQ(verified->backups, 3u);
  EXPECT_EQ(verified->bytes,
            list->backups[0].new_bytes + list->backups[1].new_bytes + list->backups[2].new_bytes);
  EXPECT_TRUE(std::filesystem::is_empty(store() / "work"));
}

TEST_F(BackupTest, DeletingAndPruningKeepWhatOthersNeed) {
  Put(0, 1000, "one");
  const auto rows1 = Rows(*db_);
  MustBackUp();
  Put(1000, 50, "two");
  const auto rows2 = Rows(*db_);
  MustBackUp();
  Put(0, 1050, "three");
  ASSERT_TRUE(db_->CompactRange());
  const auto rows3 = Rows(*db_);
  MustBackUp();
  ASSERT_TRUE(DeleteBackup(store(), 1));
  EXPECT_EQ(DeleteBackup(store(), 1).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(RestoredRows(2), rows2);
  const std::size_t before = StoredTables().size();
  const auto pruned = PruneBackups(store(), 1);
  ASSERT_TRUE(pruned) << pruned.error().ToString();
  EXPECT_EQ(*pruned, 1u);
  EXPECT_LT(StoredTables().size(), before);
  EXPECT_EQ(RestoredRows(3), rows3);
  EXPECT_FALSE(PruneBackups(store(), 0));
  EXPECT_EQ(RestoreBackup(store(), 2, target()).error().code(), ErrorCode::kNotFound);
}

TEST_F(BackupTest, RotIsFoundAndNeverRestored) {
  Put(0, 300, "one");
  MustBackUp();
  for (const auto& entry : std::filesystem::directory_iterator(store())) {
    if (!entry.is_regular_file() || entry.path().filename() == "LOCK") continue;
    const auto size = entry.file_size();
    for (const std::uintmax_t offset : {std::uintmax_t{0}, size / 2, size - 1}) {
      SCOPED_TRACE(entry.path().filename().string() + " at " + std::to_string(offset));
      const auto flip = [&] {
        std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(offset));
        const int byte = file.get() ^ 0x10;
        file.seekp(static_cast<std::streamoff>(offset));
        file.put(static_cast<char>(byte));
      };
      flip();
      const auto verified = VerifyBackup(store());
      ASSERT_TRUE(verified) << verified.error().ToString();
      ASSERT_EQ(verified->damages.size(), 1u);
      EXPECT_EQ(verified->damages[0].file, entry.path().filename().string());
      const auto restored = RestoreBackup(store(), 1, target());
      ASSERT_FALSE(restored);
      EXPECT_EQ(restored.error().code(), ErrorCode::kCorruption);
      EXPECT_TRUE(!std::filesystem::exists(target()) || std::filesystem::is_empty(target()));
      flip();
    }
  }
  EXPECT_EQ(RestoredRows(1), Rows(*db_));
}

TEST_F(BackupTest, AMissingFileIsDamageOfABackupThatThereIs) {
  Put(0, 300, "one");
  MustBackUp();
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(store())) {
    const std::string name = entry.path().filename().string();
    const bool stored = entry.is_regular_file() && name != "LOCK" && !name.starts_with("BACKUP-");
    if (stored) names.push_back(name);
  }
  ASSERT_GE(names.size(), 5u);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const std::filesystem::path aside = store() / ("work/" + name);
    std::filesystem::rename(store() / name, aside);
    const auto restored = RestoreBackup(store(), 1, target());
    std::filesystem::rename(aside, store() / name);
    ASSERT_FALSE(restored);
    EXPECT_EQ(restored.error().code(), ErrorCode::kCorruption) << restored.error().ToString();
    EXPECT_EQ(restored.error().file(), name);
    EXPECT_TRUE(!std::filesystem::exists(target()) || std::filesystem::is_empty(target()));
  }
  EXPECT_EQ(RestoredRows(1), Rows(*db_));
}

TEST_F(BackupTest, ALinkInPlaceOfADescriptionIsDamageAndKeepsItsTables) {
  Put(0, 300, "one");
  MustBackUp();
  Put(0, 300, "two");
  ASSERT_TRUE(db_->CompactRange());
  MustBackUp();
  const auto rows = Rows(*db_);
  const auto tables = StoredTables();
  const std::filesystem::path record = store() / "BACKUP-0000000001";
  const std::filesystem::path elsewhere = store() / "moved";
  std::filesystem::rename(record, elsewhere);
  std::filesystem::create_symlink(elsewhere, record);
  const auto verified = VerifyBackup(store());
  ASSERT_TRUE(verified) << verified.error().ToString();
  ASSERT_EQ(verified->damages.size(), 1u);
  EXPECT_EQ(verified->damages[0].file, "BACKUP-0000000001");
  EXPECT_FALSE(CreateBackup(*db_, store()));
  EXPECT_FALSE(PruneBackups(store(), 1));
  EXPECT_EQ(StoredTables(), tables);
  EXPECT_EQ(RestoredRows(2), rows);
}

TEST_F(BackupTest, ADamagedTableOfTheDatabaseIsNotBackedUp) {
  Put(0, 300, "one");
  ASSERT_TRUE(db_->Flush());
  for (const auto& entry : std::filesystem::directory_iterator(source())) {
    if (entry.path().extension() != ".arrow") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(entry.file_size() / 3));
    file.put('!');
  }
  const auto made = CreateBackup(*db_, store());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::kCorruption);
  EXPECT_TRUE(StoredTables().empty());
}

TEST_F(BackupTest, TakenUnderWritersHoldsAPrefix) {
  std::atomic<bool> stop{false};
  std::atomic<int> acknowledged{-1};
  std::jthread writer([&] {
    for (int number = 0; !stop.load(); ++number) {
      ASSERT_TRUE(db_->Put("n" + std::to_string(number), std::string(300, 'x')));
      acknowledged.store(number);
    }
  });
  std::vector<int> before;
  std::vector<BackupInfo> made;
  for (int round = 0; round < 5; ++round) {
    before.push_back(acknowledged.load());
    made.push_back(MustBackUp());
  }
  stop.store(true);
  writer.join();
  for (std::size_t i = 0; i < made.size(); ++i) {
    const auto rows = RestoredRows(made[i].id);
    EXPECT_EQ(rows.size(), made[i].sequence);
    EXPECT_GT(static_cast<int>(rows.size()), before[i]);
    for (std::size_t n = 0; n < rows.size(); ++n)
      ASSERT_TRUE(rows.contains("n" + std::to_string(n)));
  }
}

TEST_F(BackupTest, RefusesWhatIsNoPlaceForIt) {
  Put(0, 10, "one");
  EXPECT_EQ(CreateBackup(*db_, source()).error().code(), ErrorCode::kInvalidArgument);
  MustBackUp();
  auto other = Database::Open(target(), HarnessConfig(WalMode::kAsync));
  ASSERT_TRUE(other);
  const auto mixed = CreateBackup(**other, store());
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(RestoreBackup(store(), 1, target()).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ListBackups(store() / "none").error().code(), ErrorCode::kNotFound);
  // Nothing is said to be whole where nothing is.
  const std::filesystem::path empty = store().string() + "-empty";
  std::filesystem::create_directories(empty);
  EXPECT_EQ(VerifyBackup(empty).error().code(), ErrorCode::kNotFound);
  for (const ErrorCode code :
       {VerifyBackup(source()).error().code(), ListBackups(source()).error().code(),
        PruneBackups(source(), 1).error().code()}) {
    EXPECT_EQ(code, ErrorCode::kNotFound);
  }
  const auto thrown = CreateBackup(
      *db_, store(), [](std::uint64_t, std::uint64_t) { throw std::runtime_error("enough"); });
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().code(), ErrorCode::kInvalidArgument);
  const auto list = ListBackups(store());
  ASSERT_TRUE(list);
  EXPECT_EQ(list->backups.size(), 1u);
}

// --- failures

constexpr int kRows = 300;

void Fill(Engine& engine, int first) {
  for (int i = first; i < first + kRows; ++i) {
    ASSERT_TRUE(PutInto(engine, "k" + std::to_string(i), std::string(250, 'v')));
  }
}

void ExpectRows(const Engine& engine, int count, const std::string& where) {
  for (int i = 0; i < count; ++i) {
    const auto value = GetFrom(engine, "k" + std::to_string(i));
    ASSERT_TRUE(value) << where << ": " << value.error().ToString();
    ASSERT_TRUE(*value) << where << ": lost k" << i;
  }
}

// The backups on `disk` are whole, each: 1 with the first rows, 2 with all. Returns how many.
std::size_t CheckBackups(io::MemoryFileSystem& disk, const std::string& where) {
  const auto verified = VerifyBackupIn(disk, "/backups", {}, {});
  if (!verified) {
    EXPECT_EQ(verified.error().code(), ErrorCode::kNotFound) << where;
    return 0;
  }
  EXPECT_TRUE(verified->damages.empty())
      << where << ": " << verified->damages[0].file << ": " << verified->damages[0].what;
  for (std::uint64_t id = 1; id <= verified->backups; ++id) {
    const std::string path = "/restored" + std::to_string(id);
    const auto restored = RestoreBackupFrom(disk, "/backups", id, path, {});
    EXPECT_TRUE(restored) << where << ": " << restored.error().ToString();
    auto opened = OpenEngineAt(disk, path, HarnessConfig(WalMode::kAsync), OpenMode::kReadOnly);
    EXPECT_TRUE(opened) << where << ": " << opened.error().ToString();
    if (opened) ExpectRows(**opened, static_cast<int>(id) * kRows, where);
  }
  return verified->backups;
}

TEST(BackupFaultTest, WhateverCallFailsNothingIsHarmedAndNoHalfBackupIsThere) {
  bool reached_the_end = false;
  for (std::uint64_t fail_at = 0; !reached_the_end; ++fail_at) {
    ASSERT_LT(fail_at, 3000u);
    io::MemoryFileSystem disk;
    io::FaultFileSystem faulty(disk);
    auto engine = OpenEngine(faulty, HarnessConfig(WalMode::kAsync));
    ASSERT_TRUE(engine) << engine.error().ToString();
    Fill(**engine, 0);
    ASSERT_TRUE(CreateBackupOf(**engine, "/backups", {}));
    Fill(**engine, kRows);
    ASSERT_TRUE((*engine)->Flush());
    ASSERT_TRUE((*engine)->WaitForBackgroundWork());
    std::atomic<std::uint64_t> calls{0};
    std::string failed_call;
    faulty.SetReach(static_cast<io::FaultReach>(fail_at % 3));
    faulty.SetHook([&](io::OperationKind kind, std::string_view name) -> std::optional<Error> {
      if (kind == io::OperationKind::kFreeBytes) return std::nullopt;  // of the upkeep's timer
      if (calls.fetch_add(1) != fail_at) return std::nullopt;
      failed_call = std::string(io::OperationKindName(kind)) + " of " + std::string(name);
      return Error(ErrorCode::kIo, "injected: input/output error");
    });
    const auto made = CreateBackupOf(**engine, "/backups", {});
    faulty.SetHook({});
    reached_the_end = calls.load() <= fail_at;
    ExpectRows(**engine, 2 * kRows, "the source after a failed " + failed_call);
    const std::size_t backups = CheckBackups(disk, "after a failed " + failed_call);
    // A record whose name could not be synced may be there; a success is always there.
    EXPECT_GE(backups, made ? 2u : 1u) << failed_call;
  }
}

TEST(BackupFaultTest, ACutOfThePowerLeavesEveryBackupWholeOrAbsent) {
  Random random(testing::TestSeed(20261123));
  io::MemoryFileSystem disk;
  auto engine = OpenEngine(disk, HarnessConfig(WalMode::kSync));
  ASSERT_TRUE(engine) << engine.error().ToString();
  Fill(**engine, 0);
  ASSERT_TRUE(CreateBackupOf(**engine, "/backups", {}));
  Fill(**engine, kRows);
  std::vector<std::unique_ptr<io::MemoryFileSystem>> images;
  Mutex mutex;
  disk.SetObserver([&] {
    MutexLock lock(mutex);
    images.push_back(disk.CrashImage(nullptr));
    for (int i = 0; i < 6; ++i) images.push_back(disk.CrashImage(&random));
    images.push_back(disk.CrashImage({.loss = io::CrashModel::Loss::kData}));
  });
  ASSERT_TRUE(CreateBackupOf(**engine, "/backups", {}));
  const std::size_t images_while_made = images.size();
  images.push_back(disk.CrashImage(nullptr));
  ASSERT_TRUE(DeleteBackupIn(disk, "/backups", 2));
  disk.SetObserver({});
  std::size_t with_two = 0;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const std::size_t backups = CheckBackups(*images[i], "image " + std::to_string(i));
    EXPECT_GE(backups, 1u) << "image " << i;
    with_two += static_cast<std::size_t>(backups == 2);
    if (i == images_while_made) {
      EXPECT_EQ(backups, 2u) << "not durable on return";
    }
  }
  EXPECT_GT(with_two, 1u);
  EXPECT_LT(with_two, images.size());
}

// What has a CURRENT looks like a database, so it must be one.
TEST(BackupFaultTest, ACutOfThePowerDuringARestoreLeavesADatabaseOrNone) {
  Random random(testing::TestSeed(20261124));
  io::MemoryFileSystem disk;
  auto engine = OpenEngine(disk, HarnessConfig(WalMode::kSync));
  ASSERT_TRUE(engine) << engine.error().ToString();
  Fill(**engine, 0);
  ASSERT_TRUE(CreateBackupOf(**engine, "/backups", {}));
  std::vector<std::unique_ptr<io::MemoryFileSystem>> images;
  Mutex mutex;
  disk.SetObserver([&] {
    MutexLock lock(mutex);
    for (int i = 0; i < 12; ++i) images.push_back(disk.CrashImage(&random));
    images.push_back(disk.CrashImage({.loss = io::CrashModel::Loss::kData}));
    images.push_back(disk.CrashImage(nullptr));
  });
  ASSERT_TRUE(RestoreBackupFrom(disk, "/backups", 1, "/restored", {}));
  disk.SetObserver({});
  images.push_back(disk.CrashImage(nullptr));
  std::size_t restored = 0;
  for (std::size_t i = 0; i < images.size(); ++i) {
    const auto directory = images[i]->OpenDirectory("/restored", /*create=*/false);
    const bool has_current = directory && (*directory)->OpenForRead("CURRENT");
    EXPECT_TRUE(has_current || i + 1 < images.size()) << "not durable on return";
    if (!has_current) continue;
    ++restored;
    const std::string where = "image " + std::to_string(i);
    auto opened =
        OpenEngineAt(*images[i], "/restored", HarnessConfig(WalMode::kAsync), OpenMode::kReadOnly);
    ASSERT_TRUE(opened) << where << ": " << opened.error().ToString();
    ExpectRows(**opened, kRows, where);
  }
  EXPECT_GT(restored, 1u);
  EXPECT_LT(restored, images.size());
}

}  // namespace
}  // namespace quiver
