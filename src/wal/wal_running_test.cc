// Recovery of a log that another process is writing: what it sees is under way, and what it sees
// first may not be what it sees next.
#include <gtest/gtest.h>

#include "io/fault_file_system.h"
#include "wal/log_test_support.h"
#include "wal/wal_format.h"

namespace quiver::wal {
namespace {

using testing::AppendBatch;
using testing::LogFiles;
using testing::ReadFiles;
using testing::Replay;
using testing::Replayed;
using testing::TestDisk;

constexpr const char* kNewest = "0000000002.wal";

// Two segments; the newest has its header and a frame.
LogFiles TwoSegments() {
  TestDisk disk;
  const auto log = disk.NewLog();
  EXPECT_TRUE(AppendBatch(*log, 2, true));
  EXPECT_TRUE(log->Rotate(2));
  EXPECT_TRUE(AppendBatch(*log, 3, true));
  return ReadFiles(*disk.directory);
}

// Replays while the header of the newest segment is not there at the first look; with `arrives` it
// is, with all that follows, at the next.
Replayed ReplayWithLateHeader(bool arrives) {
  const LogFiles whole = TwoSegments();
  LogFiles files = whole;
  files[kNewest].replace(0, kHeaderBytes, std::string(kHeaderBytes, '\0'));
  const TestDisk disk(files);
  io::FaultFileSystem watched(*disk.files);
  const auto directory = *watched.OpenDirectory("db", false);
  int looks = 0;
  watched.SetHook([&](io::OperationKind kind, std::string_view name) -> std::optional<Error> {
    if (kind != io::OperationKind::kOpenForRead || name != kNewest || ++looks != 2 || !arrives) {
      return std::nullopt;
    }
    EXPECT_TRUE(disk.directory->Remove(kNewest));
    const auto file = *disk.directory->Create(kNewest);
    EXPECT_TRUE(file->Append(whole.at(kNewest)) && file->Close());
    return std::nullopt;
  });
  Replayed replayed = Replay(RecoveryOptions{
      .directory = directory.get(), .database_id = testing::kTestDatabase, .running = true});
  EXPECT_GE(looks, 2);
  return replayed;
}

TEST(WalRunning, AHeaderThatComesBetweenTwoLooksIsNoDamage) {
  const Replayed replayed = ReplayWithLateHeader(true);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_EQ(replayed.Prefix(), 2U) << "what was written by the first look";
  EXPECT_EQ(replayed.result->awaited_segment, 2U);
}

TEST(WalRunning, AHeaderThatStaysAwayBeforeFramesIsDamage) {
  const Replayed replayed = ReplayWithLateHeader(false);
  ASSERT_FALSE(replayed.result);
  EXPECT_EQ(replayed.result.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(replayed.result.error().file(), kNewest);
}

}  // namespace
}  // namespace quiver::wal
