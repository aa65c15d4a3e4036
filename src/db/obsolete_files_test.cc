// ObsoleteFiles: a table's file stays as long as anybody could still open it.
#include "db/obsolete_files.h"

#include <gtest/gtest.h>

#include "io/memory_file_system.h"

namespace quiver {
namespace {

class ObsoleteFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Level level;
    level.runs.push_back({.number = 1, .tables = {}});
    for (FileNumber number = 1; number <= 2; ++number) {
      ASSERT_TRUE((*directory_->Create(TableName(number)))->Close());
      auto table = std::make_shared<TableFile>();
      table->summary.number = number;
      level.runs[0].tables.push_back(std::move(table));
    }
    version_ = std::make_shared<const Version>(std::vector<Level>{std::move(level)});
  }

  static VersionEdit Removing(FileNumber number) {
    VersionEdit edit;
    edit.removed.push_back({.keyspace = 0, .level = 0, .run = 1, .number = number});
    return edit;
  }
  std::size_t FileCount() { return directory_->List()->size(); }

  io::MemoryFileSystem system_;
  std::unique_ptr<io::Directory> directory_ = std::move(*system_.OpenDirectory("db", true));
  EpochManager epochs_;
  ObsoleteFiles files_{*directory_, epochs_};
  VersionRef version_;
};

TEST_F(ObsoleteFilesTest, AFileStaysWhileAReaderHoldsAVersionWithIt) {
  files_.AddRemoved(*version_, Removing(1));
  EXPECT_EQ(files_.pending(), 1U);
  files_.Sweep();
  EXPECT_EQ(FileCount(), 2U) << "a reader of the version may still open it";
  EXPECT_EQ(files_.pending(), 1U);
  version_.reset();
  files_.Sweep();
  EXPECT_EQ(FileCount(), 1U);
  EXPECT_EQ(files_.pending(), 0U);
}

TEST_F(ObsoleteFilesTest, AVersionThatIsRetiredStaysWhileAGuardMayHaveSeenIt) {
  files_.AddRemoved(*version_, Removing(1));
  {
    const EpochGuard guard(epochs_);
    epochs_.Retire(std::exchange(version_, nullptr));
    files_.Sweep();
    EXPECT_EQ(FileCount(), 2U);
  }
  files_.Sweep();
  EXPECT_EQ(FileCount(), 1U);
}

TEST_F(ObsoleteFilesTest, ATableThatOnlyMovedIsNotRemoved) {
  VersionEdit edit = Removing(2);
  edit.added.push_back({.keyspace = 0, .level = 1, .run = 1, .summary = {.number = 2}});
  files_.AddRemoved(*version_, edit);
  version_.reset();
  files_.Sweep();
  EXPECT_EQ(FileCount(), 2U);
  EXPECT_EQ(files_.pending(), 0U);
}

}  // namespace
}  // namespace quiver
