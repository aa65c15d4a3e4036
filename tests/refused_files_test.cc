// Goal: what the operating system refuses to this process is not taken for damage, and a repair
// that fails or is killed leaves nothing that could be taken for its result.
//
// Method: verify and repair run with room for ever more open files, from none to enough: until it
// is enough the answer is EMFILE, and then it is all of the database. Repairs are ended by a
// callback that throws, and by the end of their process.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "quiver/admin.h"
#include "quiver/database.h"
#include "testing/temp_dir.h"

namespace quiver {
namespace {

namespace fs = std::filesystem;

constexpr int kTables = 3;  // too few to be merged
constexpr int kRowsOfATable = 500;
constexpr std::uint64_t kRows = kTables * kRowsOfATable + 1;  // one in the log

// Leaves this process room for `count` more open files.
class RoomForFiles {
 public:
  explicit RoomForFiles(rlim_t count) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest_free = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest_free);
    const rlimit less{static_cast<rlim_t>(lowest_free) + count, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &less);
  }
  ~RoomForFiles() { setrlimit(RLIMIT_NOFILE, &before_); }
  RoomForFiles(const RoomForFiles&) = delete;
  RoomForFiles& operator=(const RoomForFiles&) = delete;

 private:
  rlimit before_{};
};

class RefusedFilesTest : public ::testing::Test {
 protected:
  static DatabaseConfig Config() {
    DatabaseConfig config;
    config.disk_reserve_bytes = 0;
    return config;
  }

  void SetUp() override {
    auto opened = Database::Open(source(), Config());
    ASSERT_TRUE(opened) << opened.error().ToString();
    for (int table = 0; table < kTables; ++table) {
      for (int row = 0; row < kRowsOfATable; ++row) {
        const std::string key = std::to_string(table) + "-" + std::to_string(row);
        ASSERT_TRUE((*opened)->Put(key, std::string(400, 'v'), {.wal_mode = WalMode::kAsync}));
      }
      ASSERT_TRUE((*opened)->Flush());
    }
    ASSERT_TRUE((*opened)->Put("log", "value"));
    ASSERT_TRUE((*opened)->Close());
  }

  fs::path source() const { return dir_.path() / "source"; }
  fs::path destination() const { return dir_.path() / "destination"; }
  fs::path workplace() const { return dir_.path() / "destination.unfinished"; }

  void LoseManifest() const { fs::remove(source() / "CURRENT"); }

  bool DestinationIsNoDatabase() const {
    return !fs::exists(destination()) || fs::is_empty(destination());
  }

  testing::TempDir dir_;
};

TEST_F(RefusedFilesTest, VerifyDoesNotCallDamagedWhatItMayNotOpen) {
  rlim_t room = 0;
  for (;; ++room) {
    ASSERT_LT(room, 100U);
    Result<VerifyReport> report = Error(ErrorCode::kInternal, "not run");
    {
      const RoomForFiles few(room);
      report = VerifyDatabase(source());
    }
    if (!report) {
      EXPECT_EQ(report.error().os_error(), EMFILE) << report.error().ToString();
      continue;
    }
    EXPECT_TRUE(report->damages.empty()) << room << ": " << report->damages.front().what;
    EXPECT_EQ(report->entries, kRows);
    break;
  }
  EXPECT_GT(room, 2U);
}

// With the manifest and without.
class RefusedRepairTest : public RefusedFilesTest, public ::testing::WithParamInterface<bool> {};

TEST_P(RefusedRepairTest, RepairDoesNotLoseWhatItMayNotOpen) {
  if (GetParam()) LoseManifest();
  rlim_t room = 0;
  for (;; ++room) {
    ASSERT_LT(room, 100U);
    Result<RepairReport> report = Error(ErrorCode::kInternal, "not run");
    {
      const RoomForFiles few(room);
      report = RepairDatabase(source(), destination());
    }
    EXPECT_FALSE(fs::exists(workplace())) << room;
    if (!report) {
      EXPECT_EQ(report.error().os_error(), EMFILE) << room << ": " << report.error().ToString();
      EXPECT_TRUE(DestinationIsNoDatabase()) << room;
      continue;
    }
    EXPECT_EQ(report->entries_recovered, kRows) << room;
    EXPECT_EQ(report->tables_read, kTables) << room;
    if (!GetParam()) {
      EXPECT_TRUE(report->lost.empty()) << room << ": " << report->lost.front();
    }
    break;
  }
  EXPECT_GT(room, 2U);
  const auto verified = VerifyDatabase(destination());
  ASSERT_TRUE(verified) << verified.error().ToString();
  EXPECT_TRUE(verified->damages.empty());
  EXPECT_EQ(verified->entries, kRows);
}

INSTANTIATE_TEST_SUITE_P(ManifestLost, RefusedRepairTest, ::testing::Bool());

TEST_F(RefusedFilesTest, ARepairThatFailsLeavesNothing) {
  int calls = 0;
  const auto failed = RepairDatabase(source(), destination(), [&](std::uint64_t, std::uint64_t) {
    ++calls;
    throw std::runtime_error("enough");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(fs::exists(destination()));
  EXPECT_FALSE(fs::exists(workplace()));
  EXPECT_TRUE(RepairDatabase(source(), destination()));
}

TEST_F(RefusedFilesTest, ARepairThatIsKilledLeavesNothingAtItsDestination) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    (void)RepairDatabase(source(), destination(), [](std::uint64_t, std::uint64_t) { _exit(7); });
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 7);
  EXPECT_TRUE(DestinationIsNoDatabase());
  ASSERT_TRUE(fs::exists(workplace()));

  const auto again = RepairDatabase(source(), destination());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(again.error().file(), workplace().string());
  EXPECT_NE(again.error().message().find("remove it"), std::string::npos);
  EXPECT_TRUE(fs::exists(workplace() / "CURRENT")) << "it is not this one's to remove";
  fs::remove_all(workplace());
  EXPECT_TRUE(RepairDatabase(source(), destination()));
  EXPECT_FALSE(fs::exists(workplace()));
}

TEST_F(RefusedFilesTest, ARepairNeedsAnEmptyDirectoryOrNone) {
  fs::create_directory(destination());
  EXPECT_TRUE(RepairDatabase(source(), destination() / ""));
  EXPECT_TRUE(Database::Open(destination(), Config()));

  const fs::path other = dir_.path() / "other";
  fs::create_directory(other);
  fs::create_directory(other / "notes");
  const auto refused = RepairDatabase(source(), other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message().find("notes"), std::string::npos);

  // A link is followed: the work is done where the directory lies.
  const fs::path elsewhere = dir_.path() / "elsewhere";
  fs::create_directory(elsewhere);
  fs::create_directory_symlink(elsewhere, dir_.path() / "link");
  EXPECT_TRUE(RepairDatabase(source(), dir_.path() / "link"));
  EXPECT_TRUE(fs::exists(elsewhere / "CURRENT"));
  EXPECT_FALSE(fs::exists(dir_.path() / "elsewhere.unfinished"));
}

}  // namespace
}  // namespace quiver
