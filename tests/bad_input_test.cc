// What bad input gets: limits at and past their edges, and directories in which one file is
// missing, empty, cut, replaced by something that is no file, stale, or another database's. The
// answer is an error that names the file, or the right data; never a crash, a hang or a wrong row.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>

#include "base/hash.h"
#include "base/hex64.h"
#include "quiver/quiver.h"
#include "testing/sanitized.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMiB = std::size_t{1} << 20;

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

void WriteAll(const fs::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << bytes;
}

/// Zero bytes that cost no memory until they are read.
class ZeroPages {
 public:
  explicit ZeroPages(std::size_t size_bytes)
      : size_bytes_(size_bytes),
        pages_(::mmap(nullptr, size_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                      -1, 0)) {
    EXPECT_NE(pages_, MAP_FAILED);
  }
  ~ZeroPages() { ::munmap(pages_, size_bytes_); }
  ZeroPages(const ZeroPages&) = delete;
  ZeroPages& operator=(const ZeroPages&) = delete;
  std::string_view First(std::size_t size_bytes) const {
    return {static_cast<const char*>(pages_), size_bytes};
  }

 private:
  std::size_t size_bytes_;
  void* pages_;
};

bool HasFreeMemory(std::size_t bytes) {
  if (testing::kSanitized) return false;
  const auto pages = static_cast<std::size_t>(::sysconf(_SC_AVPHYS_PAGES));
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) >= bytes;
}

DatabaseConfig Config() {
  DatabaseConfig config;
  config.memory_limit_bytes = 64 * kMiB;
  config.memtable_size_bytes = 256 << 10;
  config.table_size_bytes = 64 << 10;
  config.disk_reserve_bytes = 0;
  config.wal_mode = WalMode::kAsync;
  return config;
}

class BadInputTest : public ::testing::Test {
 protected:
  fs::path path() const { return dir_.path() / "db"; }

  /// A closed database with tables in two levels, and a log whose data is in no table.
  void Make(const fs::path& path, const std::string& value) {
    auto opened = Database::Open(path, Config());
    ASSERT_TRUE(opened) << opened.error().ToString();
    Database& db = **opened;
    for (int i = 0; i < kRows; ++i) {
      ASSERT_TRUE(db.Put(Key(i), value));
      if (i == kRows / 3) {
        ASSERT_TRUE(db.CompactRange());
      } else if (i == kRows / 2) {
        ASSERT_TRUE(db.Flush());
      }
    }
    ASSERT_TRUE(db.Close());
  }
  static std::string Key(int i) { return "key" + std::to_string(1000 + i); }

  /// Every answer is the right value or an error. Returns the errors that open and reads gave.
  std::vector<Error> ReadEverything(const std::string& value) {
    std::vector<Error> errors;
    auto opened = Database::Open(path(), Config());
    if (!opened) return {opened.error()};
    Database& db = **opened;
    const RecoveryReport& report = db.recovery_report();
    const bool lossless =
        report.losses.empty() && report.torn_tail_bytes == 0 && report.notes.empty();
    for (int i = 0; i < kRows; ++i) {
      const auto found = db.Get(Key(i));
      if (!found) {
        errors.push_back(found.error());
      } else if (*found) {
        EXPECT_EQ((*found)->view(), value);
      } else {
        EXPECT_FALSE(lossless) << Key(i) << " is lost in silence";
      }
    }
    if (!lossless) errors.emplace_back(ErrorCode::kCorruption, "reported by the recovery");
    return errors;
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path())) {
      // Nothing depends on what the lock file holds.
      if (entry.path().filename() != "LOCK") names.push_back(entry.path().filename());
    }
    return names;
  }

  /// Damages each file of a fresh copy in turn; `must_report` is false where the right data may
  /// be had all the same.
  void DamageEach(bool must_report, const std::function<void(const fs::path&)>& damage) {
    Make(path(), "value");
    fs::copy(path(), dir_.path() / "good");
    for (const std::string& name : Names()) {
      SCOPED_TRACE(name);
      fs::remove_all(path());
      fs::copy(dir_.path() / "good", path());
      damage(path() / name);
      const std::vector<Error> errors = ReadEverything("value");
      EXPECT_TRUE(!must_report || !errors.empty());
      for (const Error& error : errors) EXPECT_FALSE(error.message().empty());
    }
  }

  static constexpr int kRows = 300;
  testing::TempDir dir_;
};

TEST_F(BadInputTest, AValuePastTheLimitIsRefusedAndNothingChanges) {
  const ZeroPages zeros(kValueBytesMax + 1);
  auto db = Database::Open(path(), Config());
  ASSERT_TRUE(db);
  ASSERT_TRUE((*db)->Put("k", "before"));
  const auto sequence = (*db)->Write(WriteBatch());
  const auto put = (*db)->Put("k", zeros.First(kValueBytesMax + 1));
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(put.error().message().find(std::to_string(kValueBytesMax)), std::string::npos);
  WriteBatch batch;
  EXPECT_EQ(batch.Put("k", zeros.First(kValueBytesMax + 1)).error().code(),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(batch.count(), 0U);
  EXPECT_EQ((*db)->Get("k").value()->view(), "before");
  EXPECT_EQ(*(*db)->Write(WriteBatch()), *sequence) << "no sequence number was used";
}

TEST_F(BadInputTest, AValueOfTheLimitRoundTrips) {
  if (!HasFreeMemory(5'000 * kMiB))
    GTEST_SKIP() << "needs 5 GB of free memory, without a sanitizer";
  const ZeroPages zeros(kValueBytesMax);
  auto db = Database::Open(path(), Config());
  ASSERT_TRUE(db);
  const auto put = (*db)->Put("k", zeros.First(kValueBytesMax));
  ASSERT_TRUE(put) << put.error().ToString();
  ASSERT_TRUE((*db)->Put("l", "small"));
  const auto flushed = (*db)->Flush();
  ASSERT_TRUE(flushed) << flushed.error().ToString();
  ASSERT_TRUE((*db)->Close());
  db = Database::Open(path(), Config());
  ASSERT_TRUE(db) << db.error().ToString();
  const auto value = (*db)->Get("k");
  ASSERT_TRUE(value) << value.error().ToString();
  EXPECT_TRUE(*value && (*value)->view() == zeros.First(kValueBytesMax));
  EXPECT_EQ((*db)->Get("l").value()->view(), "small");
}

TEST_F(BadInputTest, ABatchPastTheLimitIsRefusedAndKeepsWhatItHolds) {
  if (!HasFreeMemory(3'000 * kMiB))
    GTEST_SKIP() << "needs 3 GB of free memory, without a sanitizer";
  const ZeroPages zeros(kValueBytesMax);
  WriteBatch batch;
  ASSERT_TRUE(batch.Put("a", zeros.First(kValueBytesMax)));
  const auto second = batch.Put("b", zeros.First(kValueBytesMax));
  ASSERT_FALSE(second) << "two such values and their keys are more than 1 GiB";
  EXPECT_EQ(second.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(batch.count(), 1U);
  ASSERT_TRUE(batch.Put("b", "fits"));
  EXPECT_EQ(batch.count(), 2U);
}

TEST_F(BadInputTest, ABatchThatWasRefusedCanBeMendedAndWritten) {
  DatabaseConfig config = Config();
  config.key_width_bytes = 4;
  auto db = Database::Open(path(), config);
  ASSERT_TRUE(db);
  WriteBatch batch;
  ASSERT_TRUE(batch.Put("abcd", "1"));
  ASSERT_TRUE(batch.Put("too wide", "2"));
  EXPECT_EQ((*db)->Write(batch).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_FALSE((*db)->Get("abcd").value()) << "no part of a refused batch is there";
  batch.Clear();
  ASSERT_TRUE(batch.Put("abcd", "3"));
  ASSERT_TRUE((*db)->Write(batch));
  EXPECT_EQ((*db)->Get("abcd").value()->view(), "3");
}

TEST_F(BadInputTest, AMissingFileIsAnErrorOrLosesNothing) {
  DamageEach(true, [](const fs::path& file) { fs::remove(file); });
}

TEST_F(BadInputTest, AnEmptyFileIsAnError) {
  DamageEach(true, [](const fs::path& file) { fs::resize_file(file, 0); });
}

TEST_F(BadInputTest, AFileCutByOneByteIsAnError) {
  DamageEach(true, [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) - 1); });
}

TEST_F(BadInputTest, ALongerFileIsAnErrorOrReadsRight) {
  DamageEach(false, [](const fs::path& file) {
    std::ofstream(file, std::ios::app | std::ios::binary) << std::string(100, '\0');
  });
}

TEST_F(BadInputTest, ADirectoryInPlaceOfAFileIsAnError) {
  DamageEach(true, [](const fs::path& file) {
    fs::remove(file);
    fs::create_directory(file);
  });
}

TEST_F(BadInputTest, AFifoInPlaceOfAFileIsAnErrorAndNoWait) {
  DamageEach(true, [](const fs::path& file) {
    fs::remove(file);
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  });
}

TEST_F(BadInputTest, ASymbolicLinkInPlaceOfAFileIsNotFollowed) {
  DamageEach(true, [&](const fs::path& file) {
    const fs::path elsewhere = dir_.path() / "elsewhere";
    fs::remove(elsewhere);
    fs::rename(file, elsewhere);
    fs::create_symlink(elsewhere, file);
  });
}

TEST_F(BadInputTest, AFileOfAnotherDatabaseIsAnError) {
  // Made by the same steps, so that every name and size agrees.
  Make(dir_.path() / "other", "VALUE");
  DamageEach(true, [&](const fs::path& file) {
    fs::copy_file(dir_.path() / "other" / file.filename(), file,
                  fs::copy_options::overwrite_existing);
  });
}

TEST_F(BadInputTest, AnOlderManifestDoesNotBringOldDataBack) {
  Make(path(), "old");
  fs::copy(path(), dir_.path() / "older");
  {
    auto db = Database::Open(path(), Config());
    ASSERT_TRUE(db);
    for (int i = 0; i < kRows; ++i) ASSERT_TRUE((*db)->Put(Key(i), "new"));
    ASSERT_TRUE((*db)->CompactRange());
  }
  for (const auto& entry : fs::directory_iterator(dir_.path() / "older")) {
    const std::string name = entry.path().filename();
    if (name == "CURRENT" || name.starts_with("MANIFEST")) {
      fs::copy_file(entry.path(), path() / name, fs::copy_options::overwrite_existing);
    }
  }
  const auto opened = Database::Open(path(), Config());
  ASSERT_FALSE(opened) << "the older manifest names tables that are gone";
  EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
}

TEST_F(BadInputTest, ANewerFormatIsRefusedAndLeftUntouched) {
  Make(path(), "value");
  std::string identity = ReadAll(path() / "IDENTITY");
  const std::size_t format = identity.find("format 1");
  ASSERT_NE(format, std::string::npos);
  identity.replace(format, 8, "format 2");
  identity.resize(identity.find("checksum "));
  identity += "checksum " + Hex64(Checksum(identity, 0)) + "\n";
  WriteAll(path() / "IDENTITY", identity);
  std::map<std::string, std::string> before;
  for (const std::string& name : Names()) before[name] = ReadAll(path() / name);
  const auto opened = Database::Open(path(), Config());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(opened.error().message().find("format 2"), std::string::npos);
  EXPECT_EQ(Database::OpenReadOnly(path()).error().code(), ErrorCode::kUnsupported);
  std::map<std::string, std::string> after;
  for (const std::string& name : Names()) after[name] = ReadAll(path() / name);
  EXPECT_EQ(after, before);
}

TEST_F(BadInputTest, AFlippedBitInAnyByteOfTheStoredConfigurationIsFound) {
  Make(path(), "value");
  const std::string good = ReadAll(path() / "CONFIG.toml");
  ASSERT_TRUE(Database::StoredConfig(path()));
  for (std::size_t place = 0; place < good.size(); ++place) {
    std::string bad = good;
    bad[place] = static_cast<char>(bad[place] ^ (1 << (place % 8)));
    WriteAll(path() / "CONFIG.toml", bad);
    const auto stored = Database::StoredConfig(path());
    ASSERT_FALSE(stored) << "byte " << place;
    ASSERT_EQ(stored.error().code(), ErrorCode::kCorruption);
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    WriteAll(path() / "CONFIG.toml", good.substr(0, size));
    ASSERT_FALSE(Database::StoredConfig(path())) << "cut to " << size;
  }
}

}  // namespace
}  // namespace quiver
