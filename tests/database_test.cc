// The public API as its users meet it: basic calls, limits, lifetimes, and what bad input gets.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <thread>

#include "quiver/quiver.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

using testing::TempDir;

DatabaseConfig Small() {
  DatabaseConfig config;
  config.memtable_size_bytes = 256 << 10;
  config.memory_limit_bytes = 64 << 20;
  config.table_size_bytes = 256 << 10;
  config.level_base_bytes = 1 << 20;
  config.wal_mode = WalMode::kAsync;
  return config;
}

class DatabaseTest : public ::testing::Test {
 protected:
  std::unique_ptr<Database> Open(const DatabaseConfig& config = Small()) {
    auto opened = Database::Open(dir_.path() / "db", config);
    EXPECT_TRUE(opened) << opened.error().ToString();
    return opened ? std::move(*opened) : nullptr;
  }
  std::optional<std::string> Get(const Database& db, std::string_view key,
                                 const ReadOptions& options = {}) {
    auto value = db.Get(key, options);
    EXPECT_TRUE(value) << value.error().ToString();
    if (!value || !*value) return std::nullopt;
    return (*value)->ToString();
  }
  ErrorCode CodeOf(const auto& result) {
    EXPECT_FALSE(result);
    return result ? ErrorCode::kInternal : result.error().code();
  }

  TempDir dir_;
};

TEST_F(DatabaseTest, GetIntoCopiesTheValueAndReusesTheMemory) {
  auto db = Open();
  ASSERT_TRUE(db->Put("long", std::string(10'000, 'l')));
  ASSERT_TRUE(db->Put("short", "s"));
  ASSERT_TRUE(db->Put("empty", ""));
  auto snapshot = db->NewSnapshot();
  ASSERT_TRUE(snapshot);
  ASSERT_TRUE(db->Put("short", "newer"));
  for (const bool flushed : {false, true}) {
    if (flushed) {
      ASSERT_TRUE(db->Flush());
    }
    std::string value;
    EXPECT_TRUE(db->GetInto("long", value).value());
    EXPECT_EQ(value, std::string(10'000, 'l'));
    const char* const memory = value.data();
    EXPECT_TRUE(db->GetInto("short", value).value());
    EXPECT_EQ(value, "newer");
    EXPECT_TRUE(db->GetInto("short", value, {.snapshot = &*snapshot}).value());
    EXPECT_EQ(value, "s");
    EXPECT_EQ(value.data(), memory);
    EXPECT_TRUE(db->GetInto("empty", value).value());
    EXPECT_EQ(value, "");
    EXPECT_FALSE(db->GetInto("absent", value).value());
  }
  ASSERT_TRUE(db->Delete("short"));
  std::string value = "kept";
  EXPECT_FALSE(db->GetInto("short", value).value());
  EXPECT_EQ(value, "kept");
  ASSERT_TRUE(db->Close());
  EXPECT_EQ(CodeOf(db->GetInto("long", value)), ErrorCode::kClosed);
}

TEST_F(DatabaseTest, AValueIsReadBackUntilItIsDeleted) {
  auto db = Open();
  ASSERT_TRUE(db->Put("apple", "red"));
  EXPECT_EQ(Get(*db, "apple"), "red");
  ASSERT_TRUE(db->Put("apple", "green"));
  EXPECT_EQ(Get(*db, "apple"), "green");
  ASSERT_TRUE(db->Delete("apple"));
  EXPECT_EQ(Get(*db, "apple"), std::nullopt);
  ASSERT_TRUE(db->Delete("never there"));
}

TEST_F(DatabaseTest, EmptyKeysEmptyValuesAndAnyByteRoundTripThroughTablesToo) {
  auto db = Open();
  const std::string bytes("\0\xff\x01 any", 7);
  ASSERT_TRUE(db->Put("", "empty key"));
  ASSERT_TRUE(db->Put("empty value", ""));
  ASSERT_TRUE(db->Put(bytes, bytes));
  for (int pass = 0; pass < 2; ++pass) {
    EXPECT_EQ(Get(*db, ""), "empty key");
    EXPECT_EQ(Get(*db, "empty value"), "");
    EXPECT_EQ(Get(*db, bytes), bytes);
    ASSERT_TRUE(db->Flush());
  }
}

TEST_F(DatabaseTest, LimitsAreCheckedBeforeAnythingChanges) {
  auto db = Open();
  const std::string key_max(kKeyBytesMax, 'k');
  ASSERT_TRUE(db->Put(key_max, "fits"));
  EXPECT_EQ(Get(*db, key_max), "fits");
  EXPECT_EQ(CodeOf(db->Put(key_max + "k", "too long")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(db->Delete(key_max + "k")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(Get(*db, key_max + "k"), std::nullopt);
  WriteBatch batch;
  ASSERT_TRUE(batch.Put("a", "1"));
  EXPECT_EQ(CodeOf(batch.Put(key_max + "k", "")), ErrorCode::kInvalidArgument);
  EXPECT_EQ(batch.count(), 1U);
}

TEST_F(DatabaseTest, ALargeValueSurvivesFlushAndReopening) {
  const std::string large(32 << 20, 'v');
  {
    auto db = Open();
    ASSERT_TRUE(db->Put("large", large));
    ASSERT_TRUE(db->Flush());
    EXPECT_EQ(Get(*db, "large"), large);
  }
  auto db = Open();
  EXPECT_EQ(Get(*db, "large"), large);
}

TEST_F(DatabaseTest, ABatchIsAppliedInOrderAndCanBeWrittenTwice) {
  auto db = Open();
  WriteBatch batch;
  ASSERT_TRUE(batch.Put("a", "1"));
  ASSERT_TRUE(batch.Put("b", "2"));
  ASSERT_TRUE(batch.Delete("a"));
  const auto first = db->Write(batch);
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, 3U);
  EXPECT_EQ(Get(*db, "a"), std::nullopt);
  EXPECT_EQ(Get(*db, "b"), "2");
  const auto second = db->Write(batch);
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, 6U);
  const auto nothing = db->Write(WriteBatch());
  ASSERT_TRUE(nothing);
  EXPECT_EQ(*nothing, 6U);
}

TEST_F(DatabaseTest, ASnapshotSeesItsMomentWhateverComesAfter) {
  auto db = Open();
  ASSERT_TRUE(db->Put("k", "old"));
  auto snapshot = db->NewSnapshot();
  ASSERT_TRUE(snapshot);
  ASSERT_TRUE(db->Put("k", "new"));
  ASSERT_TRUE(db->Put("later", "x"));
  for (int pass = 0; pass < 2; ++pass) {
    const ReadOptions at{.snapshot = &*snapshot};
    EXPECT_EQ(Get(*db, "k", at), "old");
    EXPECT_EQ(Get(*db, "later", at), std::nullopt);
    EXPECT_EQ(Get(*db, "k"), "new");
    ASSERT_TRUE(db->CompactRange());
  }
}

TEST_F(DatabaseTest, AnIteratorMaySeekToItsOwnKey) {
  auto db = Open();
  for (int i = 0; i < 3000; ++i) {
    ASSERT_TRUE(db->Put("key" + std::to_string(10'000 + i), std::string(200, 'v')));
    if (i == 1500) {
      ASSERT_TRUE(db->CompactRange());
    }
  }
  auto rows = db->NewIterator();
  ASSERT_TRUE(rows);
  int count = 0;
  for (rows->SeekToFirst(); rows->Valid(); rows->Next(), ++count) {
    const std::string key(rows->key());
    rows->Seek(rows->key());
    ASSERT_EQ(rows->key(), key);
    rows->SeekForPrev(rows->key());
    ASSERT_EQ(rows->key(), key);
  }
  EXPECT_EQ(count, 3000);
}

TEST_F(DatabaseTest, ASnapshotOfAnotherDatabaseIsRefused) {
  auto db = Open();
  auto other = Database::Open(dir_.path() / "other", Small());
  ASSERT_TRUE(other);
  auto snapshot = (*other)->NewSnapshot();
  ASSERT_TRUE(snapshot);
  const ReadOptions at{.snapshot = &*snapshot};
  EXPECT_EQ(CodeOf(db->Get("k", at)), ErrorCode::kInvalidArgument);
}

TEST_F(DatabaseTest, TheLastLevelHasACompressionOfItsOwn) {
  for (const bool above : {false, true}) {
    DatabaseConfig config = Small();
    config.compression = above ? CompressionKind::kZstd : CompressionKind::kNone;
    config.compression_bottom = above ? CompressionKind::kNone : CompressionKind::kZstd;
    const TempDir dir;
    auto db = Database::Open(dir.path() / "db", config);
    ASSERT_TRUE(db) << db.error().ToString();
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE((*db)->Put("key" + std::to_string(i), std::string(100, 'x')));
    }
    const auto table_bytes = [&] { return (*db)->Metrics().keyspaces.at(0).table_bytes; };
    ASSERT_TRUE((*db)->Flush());
    const std::uint64_t flushed_bytes = table_bytes();
    ASSERT_TRUE((*db)->CompactRange());
    const std::uint64_t merged_bytes = table_bytes();
    EXPECT_LT(2 * (above ? flushed_bytes : merged_bytes), above ? merged_bytes : flushed_bytes);
  }
}

TEST_F(DatabaseTest, ChildrenThatOutliveTheDatabaseAnswerClosed) {
  auto db = Open();
  ASSERT_TRUE(db->Put("k", "v"));
  auto pinned = db->Get("k");
  ASSERT_TRUE(pinned && *pinned);
  auto iterator = db->NewIterator();
  ASSERT_TRUE(iterator);
  iterator->SeekToFirst();
  ASSERT_TRUE(iterator->Valid());
  auto snapshot = db->NewSnapshot();
  ASSERT_TRUE(snapshot);
  ASSERT_TRUE(db->Flush());
  auto pinned_in_table = db->Get("k");
  ASSERT_TRUE(pinned_in_table && *pinned_in_table);
  ASSERT_TRUE(db->Close());
  ASSERT_TRUE(db->Close());
  const ReadOptions at{.snapshot = &*snapshot};
  EXPECT_EQ(CodeOf(db->Get("k", at)), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(db->Put("k", "w")), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(db->Flush()), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(db->NewIterator()), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(db->NewSnapshot()), ErrorCode::kClosed);
  db.reset();
  iterator->Next();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_EQ(CodeOf(iterator->status()), ErrorCode::kClosed);
  EXPECT_EQ((*pinned)->view(), "v");
  EXPECT_EQ((*pinned_in_table)->view(), "v");
}

TEST_F(DatabaseTest, ASecondOpenerIsToldWhoHoldsTheLock) {
  auto db = Open();
  const auto second = Database::Open(dir_.path() / "db", Small());
  EXPECT_EQ(CodeOf(second), ErrorCode::kBusy);
  for (const std::string& holder : {std::string("this process"), std::to_string(::getpid())}) {
    EXPECT_NE(second.error().ToString().find(holder), std::string::npos)
        << second.error().ToString();
  }
  const auto reader = Database::OpenReadOnly(dir_.path() / "db");
  EXPECT_EQ(CodeOf(reader), ErrorCode::kBusy);
  EXPECT_NE(reader.error().message().find("a Follower reads it meanwhile"), std::string::npos)
      << reader.error().message();
}

TEST_F(DatabaseTest, AForkedChildIsRefusedAndTheParentGoesOn) {
  auto db = Open();
  ASSERT_TRUE(db->Put("k", "v"));
  const pid_t child = ::fork();
  if (child == 0) {
    const auto put = db->Put("k", "from the child");
    ::_exit(!put && put.error().code() == ErrorCode::kClosed ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  ASSERT_TRUE(db->Put("k", "parent"));
  EXPECT_EQ(Get(*db, "k"), "parent");
}

TEST_F(DatabaseTest, ReadOnlyOpensSeeTheLogAndWriteNothing) {
  {
    ASSERT_TRUE(Open()->Put("k", "v"));
  }
  const auto listing = [&] {
    std::map<std::string, std::filesystem::file_time_type> files;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path() / "db")) {
      files[entry.path().filename()] = entry.last_write_time();
    }
    return files;
  };
  const auto before = listing();
  {
    auto first = Database::OpenReadOnly(dir_.path() / "db");
    auto second = Database::OpenReadOnly(dir_.path() / "db");
    ASSERT_TRUE(first && second);
    EXPECT_EQ(Get(**first, "k"), "v");
    EXPECT_EQ(Get(**second, "k"), "v");
    EXPECT_EQ(CodeOf((*first)->Put("k", "w")), ErrorCode::kReadOnly);
    EXPECT_EQ(CodeOf(Database::Open(dir_.path() / "db", Small())), ErrorCode::kBusy);
  }
  EXPECT_EQ(listing(), before);
}

TEST_F(DatabaseTest, MissingDirectoriesAndBadPathsAreNamed) {
  DatabaseConfig config = Small();
  config.create_if_missing = false;
  EXPECT_EQ(CodeOf(Database::Open(dir_.path() / "absent", config)), ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(Database::OpenReadOnly(dir_.path() / "absent")), ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "absent"));
  EXPECT_EQ(CodeOf(Database::Open("", Small())), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Database::Open(std::string("a\0b", 3), Small())), ErrorCode::kInvalidArgument);
  Open().reset();
  config = Small();
  config.error_if_exists = true;
  EXPECT_EQ(CodeOf(Database::Open(dir_.path() / "db", config)), ErrorCode::kInvalidArgument);
}

TEST_F(DatabaseTest, EveryBrokenSettingIsNamedAtOnce) {
  DatabaseConfig config = Small();
  config.memtable_count_max = 1;
  config.block_size_bytes = 0;
  config.slowdown_run_count = 50;
  const auto opened = Database::Open(dir_.path() / "db", config);
  EXPECT_EQ(CodeOf(opened), ErrorCode::kInvalidArgument);
  for (const char* name : {"memtable_count_max", "block_size_bytes", "slowdown_run_count"}) {
    EXPECT_NE(opened.error().message().find(name), std::string::npos) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "db" / "CURRENT"));
}

TEST_F(DatabaseTest, FixedWidthsAreKeptAndCannotChange) {
  DatabaseConfig config = Small();
  config.key_width_bytes = 8;
  config.value_width_bytes = 4;
  {
    auto db = Open(config);
    ASSERT_TRUE(db->Put("12345678", "abcd"));
    EXPECT_EQ(CodeOf(db->Put("short", "abcd")), ErrorCode::kInvalidArgument);
    EXPECT_EQ(CodeOf(db->Put("12345678", "abc")), ErrorCode::kInvalidArgument);
    WriteBatch batch;
    ASSERT_TRUE(batch.Put("short", "abcd"));
    EXPECT_EQ(CodeOf(db->Write(batch)), ErrorCode::kInvalidArgument);
    ASSERT_TRUE(db->Flush());
    EXPECT_EQ(Get(*db, "12345678"), "abcd");
  }
  EXPECT_EQ(CodeOf(Database::Open(dir_.path() / "db", Small())), ErrorCode::kInvalidArgument);
  auto db = Open(config);
  EXPECT_EQ(Get(*db, "12345678"), "abcd");
}

TEST_F(DatabaseTest, EveryModeKnowsWhatIsDurable) {
  for (const WalMode mode : {WalMode::kSync, WalMode::kBatch, WalMode::kAsync}) {
    DatabaseConfig config = Small();
    config.wal_mode = mode;
    auto opened = Database::Open(dir_.path() / std::string(WalModeName(mode)), config);
    ASSERT_TRUE(opened);
    Database& db = **opened;
    WriteBatch batch;
    ASSERT_TRUE(batch.Put("k", "v"));
    const auto sequence = db.Write(batch);
    ASSERT_TRUE(sequence);
    if (mode == WalMode::kSync) {
      EXPECT_GE(db.DurableSequence(), *sequence);
    }
    ASSERT_TRUE(db.WaitDurable(*sequence));
    EXPECT_GE(db.DurableSequence(), *sequence);
    EXPECT_EQ(CodeOf(db.WaitDurable(*sequence + 100)), ErrorCode::kInvalidArgument);
    ASSERT_TRUE(db.Put("k2", "v", {.wal_mode = WalMode::kSync}));
    EXPECT_EQ(db.DurableSequence(), *sequence + 1);
  }
}

TEST_F(DatabaseTest, PresetsOpenAndWork) {
  for (const std::string_view name : PresetNames()) {
    const auto preset = Preset(name);
    ASSERT_TRUE(preset);
    auto db = Database::Open(dir_.path() / std::string(name), *preset);
    ASSERT_TRUE(db) << db.error().ToString();
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE((*db)->Put("key" + std::to_string(i), "value", {.wal_mode = WalMode::kAsync}));
    }
    ASSERT_TRUE((*db)->Flush());
    EXPECT_EQ(Get(**db, "key7"), "value");
    EXPECT_EQ((*db)->Metrics().put.count, 1000U);
  }
}

TEST_F(DatabaseTest, ReadersAndWritersWorkSideBySideOnConsistentStates) {
  auto db = Open();
  // Each batch sets two keys to one number: a reader must never see them differ.
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::vector<std::jthread> threads;
  for (int writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < 4000; ++i) {
        WriteBatch batch;
        const std::string number = std::to_string(writer * 1'000'000 + i);
        if (!batch.Put("left", number) || !batch.Put("right", number) ||
            !batch.Put("fill" + number, std::string(100, 'x')) || !db->Write(batch)) {
          torn.fetch_add(1000);
        }
      }
    });
  }
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (!stop.load()) {
        auto snapshot = db->NewSnapshot();
        const ReadOptions at{.snapshot = &*snapshot};
        if (Get(*db, "left", at) != Get(*db, "right", at)) torn.fetch_add(1);
        auto rows = db->NewIterator();
        rows->Seek("left");
        const std::string left(rows->value());
        rows->Seek("right");
        if (left != rows->value()) torn.fetch_add(1);
      }
    });
  }
  threads[0].join();
  threads[1].join();
  stop.store(true);
  threads.clear();
  EXPECT_EQ(torn.load(), 0);
}

// Many rows a batch, so that a reader often comes while they are being inserted.
TEST_F(DatabaseTest, ALargeBatchIsSeenWholeOrNotAtAll) {
  constexpr int kRows = 2000;
  auto db = Open();
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::jthread reader([&] {
    while (!stop.load()) {
      auto snapshot = db->NewSnapshot();
      const ReadOptions at{.snapshot = &*snapshot};
      const auto first = Get(*db, "row0", at);
      const auto last = Get(*db, "row" + std::to_string(kRows - 1), at);
      if (first != last) torn.fetch_add(1);
    }
  });
  for (int round = 0; round < 150; ++round) {
    WriteBatch batch;
    for (int row = 0; row < kRows; ++row) {
      ASSERT_TRUE(batch.Put("row" + std::to_string(row), std::to_string(round)));
    }
    ASSERT_TRUE(db->Write(batch, {.wal_mode = WalMode::kAsync}));
  }
  stop.store(true);
  reader.join();
  EXPECT_EQ(torn.load(), 0);
}

TEST_F(DatabaseTest, CloseDuringCallsOfOtherThreadsIsSafe) {
  for (int round = 0; round < 20; ++round) {
    auto db = Open();
    std::vector<std::jthread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&db, t] {
        for (int i = 0;; ++i) {
          const auto put = db->Put("key" + std::to_string(t) + std::to_string(i), "v");
          const auto get = db->Get("key");
          if (!put || !get) return;
        }
      });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    ASSERT_TRUE(db->Close());
    threads.clear();
  }
}

TEST_F(DatabaseTest, AScanLeavesTheCacheToGetsUntilItComesAgain) {
  constexpr int kRows = 20'000;
  auto db = Open();
  for (int i = 0; i < kRows; ++i) {
    ASSERT_TRUE(db->Put("key" + std::to_string(100'000 + i), std::string(500, 'v')));
  }
  ASSERT_TRUE(db->CompactRange());
  ASSERT_TRUE(db->Close());
  db = Open();
  const auto scan = [&] {
    auto iterator = db->NewIterator();
    ASSERT_TRUE(iterator);
    int rows = 0;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) ++rows;
    ASSERT_TRUE(iterator->status());
    ASSERT_EQ(rows, kRows);
  };
  const std::uint64_t before = db->Metrics().cache_bytes;
  scan();
  const std::uint64_t once = db->Metrics().cache_bytes - before;
  EXPECT_LE(once, 4U << 20) << "of 10 MB: 64 blocks of 32 KiB, in whole chunks of memory";
  scan();
  const std::uint64_t twice = db->Metrics().cache_bytes - before;
  EXPECT_GT(twice, 8U << 20);
  const std::uint64_t misses = db->Metrics().cache_misses;
  scan();
  EXPECT_EQ(db->Metrics().cache_misses, misses) << "the third is served from memory";
}

TEST_F(DatabaseTest, MissingFilesAreNamedAtOpen) {
  {
    auto db = Open();
    ASSERT_TRUE(db->Put("k", "v"));
    ASSERT_TRUE(db->Flush());
  }
  std::filesystem::path table;
  for (const auto& entry : std::filesystem::directory_iterator(dir_.path() / "db")) {
    if (entry.path().extension() == ".arrow") table = entry.path();
  }
  ASSERT_FALSE(table.empty());
  std::filesystem::rename(table, dir_.path() / "hidden");
  const auto opened = Database::Open(dir_.path() / "db", Small());
  EXPECT_EQ(CodeOf(opened), ErrorCode::kCorruption);
  EXPECT_EQ(opened.error().file(), table.filename().string());
  std::filesystem::rename(dir_.path() / "hidden", table);
  std::filesystem::rename(dir_.path() / "db" / "CURRENT", dir_.path() / "hidden");
  EXPECT_EQ(CodeOf(Database::Open(dir_.path() / "db", Small())), ErrorCode::kCorruption);
}

TEST_F(DatabaseTest, ForeignFilesAreReportedAndLeftAlone) {
  Open().reset();
  const auto foreign = dir_.path() / "db" / "notes.txt";
  std::FILE* file = std::fopen(foreign.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fclose(file);
  auto db = Open();
  EXPECT_EQ(db->recovery_report().foreign_files, std::vector<std::string>{"notes.txt"});
  EXPECT_TRUE(std::filesystem::exists(foreign));
}

}  // namespace
}  // namespace quiver
