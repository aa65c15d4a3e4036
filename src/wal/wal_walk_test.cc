// Walking over one segment for people: what lies where, whole or not.
#include <gtest/gtest.h>

#include "wal/frame.h"
#include "wal/log_test_support.h"

namespace quiver::wal {
namespace {

using testing::AppendBatch;
using testing::LogFiles;
using testing::ReadFiles;
using testing::TestDisk;

constexpr const char* kName = "0000000001.wal";

struct Walked {
  Result<void> result;
  std::vector<SegmentFrame> frames;  ///< their views are not valid any more
  std::uint64_t entries = 0;

  std::string Kinds() const {
    std::string kinds;
    for (const SegmentFrame& frame : frames) kinds += frame.kind + " ";
    return kinds;
  }
};

Walked Walk(io::Directory& directory, std::string_view name, std::size_t frames_max = 1'000) {
  Walked walked;
  walked.result = WalkSegment(directory, name, [&](const SegmentFrame& frame) {
    walked.frames.push_back(frame);
    BatchReader reader(frame.encoded);
    BatchEntry entry;
    while (reader.Next(entry)) ++walked.entries;
    return walked.frames.size() < frames_max;
  });
  return walked;
}

LogFiles MakeLog(bool closed) {
  TestDisk disk;
  const auto log = disk.NewLog();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(AppendBatch(*log, 2, true));
  if (closed) {
    EXPECT_TRUE(log->Close());
  }
  return ReadFiles(*disk.directory);
}

// Every byte of the file is shown once.
void ExpectCovers(const Walked& walked, std::uint64_t size_bytes) {
  std::uint64_t offset = 0;
  for (const SegmentFrame& frame : walked.frames) {
    EXPECT_EQ(frame.offset, offset);
    const bool framed = frame.kind == "batch" || frame.kind == "trailer";
    offset += framed ? FrameBytes(frame.payload_bytes) : frame.payload_bytes;
  }
  EXPECT_EQ(offset, size_bytes);
}

TEST(WalkSegment, ShowsHeaderBatchesAndTrailerOfAClosedSegment) {
  const LogFiles files = MakeLog(true);
  const TestDisk disk(files);
  const Walked walked = Walk(*disk.directory, kName);
  ASSERT_TRUE(walked.result);
  EXPECT_EQ(walked.Kinds(), "header batch batch batch trailer ");
  EXPECT_EQ(walked.entries, 6U);
  EXPECT_EQ(walked.frames[2].first_sequence, 3U);
  EXPECT_EQ(walked.frames[2].entry_count, 2U);
  EXPECT_NE(walked.frames[0].details.find(testing::kTestDatabase.ToString()), std::string::npos);
  EXPECT_NE(walked.frames[4].details.find("clean shutdown"), std::string::npos);
  ExpectCovers(walked, files.at(kName).size());
}

TEST(WalkSegment, ShowsDamageAndUnusedSpaceBetweenWholeFrames) {
  LogFiles files = MakeLog(false);
  files[kName][kHeaderBytes + 50] ^= 1;
  const TestDisk disk(files);
  const Walked walked = Walk(*disk.directory, kName);
  ASSERT_TRUE(walked.result);
  EXPECT_EQ(walked.Kinds(), "header damaged batch batch unused ");
  EXPECT_EQ(walked.entries, 4U);
  ExpectCovers(walked, files[kName].size());
}

TEST(WalkSegment, ShowsTheFramesBehindADamagedHeaderAndUnderAnotherName) {
  LogFiles files = MakeLog(true);
  files["0000000009.wal"] = files[kName];
  files[kName][100] ^= 1;
  const TestDisk disk(files);
  EXPECT_EQ(Walk(*disk.directory, kName).Kinds(), "damaged batch batch batch trailer ");
  EXPECT_EQ(Walk(*disk.directory, "0000000009.wal").Kinds(), "header batch batch batch trailer ");
}

TEST(WalkSegment, ShowsBlankAndForeignFilesAsTheyAre) {
  const TestDisk disk(LogFiles{{"0000000002.wal", std::string(4096, '\0')},
                               {"0000000003.wal", ""},
                               {"0000000004.wal", std::string(1000, 'x')}});
  EXPECT_EQ(Walk(*disk.directory, "0000000002.wal").Kinds(), "unused unused ");
  EXPECT_EQ(Walk(*disk.directory, "0000000003.wal").Kinds(), "unused ");
  EXPECT_EQ(Walk(*disk.directory, "0000000004.wal").Kinds(), "damaged damaged ");
  EXPECT_EQ(Walk(*disk.directory, "0000000005.wal").result.error().code(), ErrorCode::kNotFound);
}

TEST(WalkSegment, StopsWhenToldTo) {
  const TestDisk disk(MakeLog(true));
  EXPECT_EQ(Walk(*disk.directory, kName, 2).frames.size(), 2U);
  EXPECT_EQ(Walk(*disk.directory, kName, 1).frames.size(), 1U);
}

}  // namespace
}  // namespace quiver::wal
