// Goal: one rotten bit anywhere in a database's files gives an error that names the file, or the
// right answer; never a wrong answer in silence, never a crash.
//
// Method: a small database with several tables, a manifest and a log is made once. For each of
// 2,000 random places (QUIVER_BIT_FLIPS changes it) one bit of a fresh copy is flipped, and a child
// process opens it, gets every key and scans. The child says "right", "reported" or "silent"; a
// crash shows as a signal.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <vector>

#include "base/random.h"
#include "quiver/admin.h"
#include "quiver/database.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

namespace fs = std::filesystem;

std::uint64_t FlipCount() {
  const char* text = std::getenv("QUIVER_BIT_FLIPS");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 2000;
}

DatabaseConfig Config() {
  DatabaseConfig config;
  config.memory_limit_bytes = 64 << 20;
  config.memtable_size_bytes = 256 << 10;
  config.table_size_bytes = 16 << 10;
  config.block_size_bytes = 2048;
  config.value_chunk_bytes = 1024;
  config.compression = CompressionKind::kNone;
  config.compression_bottom = CompressionKind::kZstd;
  config.disk_reserve_bytes = 0;
  return config;
}

using Rows = std::map<std::string, std::string>;

enum Outcome : int { kRight = 10, kReported = 11, kSilent = 12 };

// What a reading of the whole database showed.
struct Finding {
  bool reported = false;  ///< an error, or a recovery that says what it cut
  bool missing = false;   ///< a row is not there: right only if reported
  bool wrong = false;     ///< a value or a row that was never put so: never right
};

void GetAll(const Database& db, const Rows& rows, Finding& finding) {
  for (const auto& [key, value] : rows) {
    const auto found = db.Get(key);
    if (!found) {
      finding.reported = true;
    } else if (!*found) {
      finding.missing = true;
    } else if ((*found)->view() != value) {
      finding.wrong = true;
    }
  }
  for (int i = 0; i < 50; ++i) {
    const auto found = db.Get("absent" + std::to_string(i));
    if (!found) {
      finding.reported = true;
    } else if (*found) {
      finding.wrong = true;
    }
  }
}

void ScanAll(const Database& db, const Rows& rows, Finding& finding) {
  auto iterator = db.NewIterator();
  if (!iterator) {
    finding.reported = true;
    return;
  }
  std::size_t seen = 0;
  std::string last_key;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++seen) {
    const std::string key(iterator->key());
    const auto expected = rows.find(key);
    if (expected == rows.end() || iterator->value() != expected->second ||
        (seen > 0 && key <= last_key)) {
      finding.wrong = true;
      return;
    }
    last_key = key;
  }
  if (!iterator->status()) {
    finding.reported = true;
  } else if (seen != rows.size()) {
    finding.missing = true;
  }
}

// Reads everything both ways.
Outcome ReadAll(const fs::path& path, const Rows& rows) {
  auto opened = Database::Open(path, Config());
  if (!opened) return kReported;
  const RecoveryReport& report = (*opened)->recovery_report();
  Finding finding;
  finding.reported = report.torn_tail_bytes != 0 || !report.notes.empty() || !report.losses.empty();
  GetAll(**opened, rows, finding);
  ScanAll(**opened, rows, finding);
  if (finding.wrong || (finding.missing && !finding.reported)) return kSilent;
  return finding.reported ? kReported : kRight;
}

class BitFlipTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::Open(dir_.path() / "good", Config());
    ASSERT_TRUE(opened) << opened.error().ToString();
    Database& db = **opened;
    Random random(7);
    const auto put = [&](int number) {
      const std::string key = "key" + std::to_string(number);
      const std::string value = std::to_string(random.Next()) + std::string(30, 'v');
      ASSERT_TRUE(db.Put(key, value, {.wal_mode = WalMode::kAsync}));
      rows_[key] = value;
    };
    for (int i = 0; i < 600; ++i) put(i);
    ASSERT_TRUE(db.CompactRange());
    for (int i = 0; i < 200; ++i) put(i * 3);
    for (int i = 0; i < 40; ++i) {
      ASSERT_TRUE(db.Delete("key" + std::to_string(i * 7), {.wal_mode = WalMode::kAsync}));
      rows_.erase("key" + std::to_string(i * 7));
    }
    ASSERT_TRUE(db.Flush());
    for (int i = 0; i < 60; ++i) put(1000 + i);
    ASSERT_TRUE(db.Put("last", "one", {.wal_mode = WalMode::kSync}));
    rows_["last"] = "one";
    ASSERT_TRUE(db.Close());
    for (const auto& entry : fs::directory_iterator(dir_.path() / "good")) {
      // The lock file holds a pid for a message; nothing depends on it.
      if (entry.path().filename() == "LOCK" || entry.file_size() == 0) continue;
      files_.push_back(entry.path().filename());
      sizes_.push_back(entry.file_size());
    }
  }

  int ReadInChild(const fs::path& path) {
    const pid_t child = ::fork();
    if (child == 0) {
      // One damaged file may make an allocation fail or a loop run: both must end the child only.
      ::alarm(20);
      ::_exit(ReadAll(path, rows_));
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

  testing::TempDir dir_;
  Rows rows_;
  std::vector<fs::path> files_;
  std::vector<std::uint64_t> sizes_;
};

TEST_F(BitFlipTest, NoFlippedBitIsSilent) {
  ASSERT_EQ(ReadInChild(dir_.path() / "good"), kRight);
  Random random(testing::TestSeed(20261123));
  struct Tally {
    int flips = 0, right = 0, reported = 0;
  };
  std::map<std::string, Tally> tallies;
  const fs::path bad = dir_.path() / "bad";
  for (std::uint64_t i = 0; i < FlipCount(); ++i) {
    const std::size_t file = random.Below(files_.size());
    const std::uint64_t offset = random.Below(sizes_[file]);
    const auto bit = static_cast<unsigned>(random.Below(8));
    fs::remove_all(bad);
    fs::copy(dir_.path() / "good", bad);
    {
      std::fstream bytes(bad / files_[file], std::ios::in | std::ios::out | std::ios::binary);
      bytes.seekg(static_cast<std::streamoff>(offset));
      const auto byte = static_cast<char>(bytes.get() ^ (1 << bit));
      bytes.seekp(static_cast<std::streamoff>(offset));
      bytes.put(byte);
    }
    const int outcome = ReadInChild(bad);
    ASSERT_TRUE(outcome == kRight || outcome == kReported)
        << files_[file] << ", offset " << offset << ", bit " << bit
        << (outcome == kSilent ? ": a wrong answer in silence" : ": the reader died, ") << outcome;
    const std::string kind = files_[file].extension().empty() ? files_[file].string().substr(0, 8)
                                                              : files_[file].extension().string();
    Tally& tally = tallies[kind];
    ++tally.flips;
    ++(outcome == kRight ? tally.right : tally.reported);
  }
  for (const auto& [kind, tally] : tallies) {
    std::printf("%-10s %5d flips: %5d reported, %5d right answer, 0 silent, 0 crashes\n",
                kind.c_str(), tally.flips, tally.reported, tally.right);
  }
}

TEST_F(BitFlipTest, VerifyNamesTheDamagedFileAndRepairKeepsTheRest) {
  fs::path table;
  for (const fs::path& file : files_) {
    if (file.extension() == ".arrow") table = file;
  }
  const fs::path bad = dir_.path() / "bad";
  fs::copy(dir_.path() / "good", bad);
  {
    std::fstream bytes(bad / table, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(1000);
    bytes.write("rot", 3);
  }
  const auto clean = VerifyDatabase(dir_.path() / "good");
  ASSERT_TRUE(clean) << clean.error().ToString();
  EXPECT_TRUE(clean->damages.empty()) << clean->damages.front().what;
  const auto damaged = VerifyDatabase(bad);
  ASSERT_TRUE(damaged) << damaged.error().ToString();
  ASSERT_FALSE(damaged->damages.empty());
  EXPECT_EQ(damaged->damages.front().file, table.string());

  const auto repaired = RepairDatabase(bad, dir_.path() / "repaired");
  ASSERT_TRUE(repaired) << repaired.error().ToString();
  EXPECT_FALSE(repaired->lost.empty());
  auto opened = Database::Open(dir_.path() / "repaired", Config());
  ASSERT_TRUE(opened) << opened.error().ToString();
  std::size_t kept = 0;
  for (const auto& [key, value] : rows_) {
    const auto found = (*opened)->Get(key);
    ASSERT_TRUE(found);
    kept += *found ? 1 : 0;
  }
  EXPECT_GT(kept, rows_.size() / 2);
  EXPECT_LT(kept, rows_.size() + 1);
}

}  // namespace
}  // namespace quiver
