// Recovery of the log: the four modes at a torn tail and at rot, the chain of segments, and what
// the manifest says about it. The exhaustive damage is in wal_damage_test.cc.
#include "wal/wal_recovery.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/hash.h"
#include "wal/frame.h"
#include "wal/log_test_support.h"
#include "wal/segment_header.h"

namespace quiver::wal {
namespace {

using testing::AppendBatch;
using testing::kTestDatabase;
using testing::LogFiles;
using testing::ReadFiles;
using testing::Replay;
using testing::Replayed;
using testing::TestDisk;

constexpr WalRecoveryMode kAllModes[] = {WalRecoveryMode::kAbsolute, WalRecoveryMode::kPointInTime,
                                         WalRecoveryMode::kTolerateTail,
                                         WalRecoveryMode::kSkipAnyCorrupt};
constexpr WalRecoveryMode kStrictModes[] = {
    WalRecoveryMode::kAbsolute, WalRecoveryMode::kPointInTime, WalRecoveryMode::kTolerateTail};
constexpr const char* kFirst = "0000000001.wal";
constexpr const char* kSecond = "0000000002.wal";
constexpr const char* kThird = "0000000003.wal";

// The offsets of the batches of the newest segment, found by reading it.
std::vector<std::uint64_t> BatchOffsets(const LogFiles& files, std::uint64_t segment) {
  std::vector<std::uint64_t> offsets;
  for (const RecoveredBatch& batch : Replay(files).batches) {
    if (batch.segment_number == segment) offsets.push_back(batch.offset);
  }
  return offsets;
}

// A log of one segment with one batch for each letter: 's' is appended durably, 'u' is not.
LogFiles LogOf(std::string_view batches) {
  TestDisk disk;
  const auto log = disk.NewLog();
  for (const char kind : batches) EXPECT_TRUE(AppendBatch(*log, 2, kind == 's'));
  return ReadFiles(*disk.directory);
}

// Three segments of three batches with two sequences each; the last batch is not synced.
LogFiles LogOfThreeSegments() {
  TestDisk disk;
  const auto log = disk.NewLog();
  for (std::uint64_t number = 2; number <= 4; ++number) {
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(AppendBatch(*log, 2, i == 1));
    if (number < 4) {
      EXPECT_TRUE(log->Rotate(number));
    }
  }
  return ReadFiles(*disk.directory);
}

void ZeroBytes(std::string& bytes, std::uint64_t offset, std::size_t count) {
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), count, '\0');
}

void ExpectCorruption(const Replayed& replayed, std::string_view file) {
  ASSERT_FALSE(replayed.result);
  EXPECT_EQ(replayed.result.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(replayed.result.error().file(), file) << replayed.result.error().ToString();
}

TEST(WalRecovery, AnEmptyDirectoryIsANewLog) {
  const Replayed replayed = Replay(LogFiles{}, WalRecoveryMode::kAbsolute);
  ASSERT_TRUE(replayed.result);
  EXPECT_EQ(replayed.result->end, ChainEnd{});
  EXPECT_FALSE(replayed.reported());
}

TEST(WalRecovery, ATornTailIsCutAndReportedButNotInAbsoluteMode) {
  LogFiles files = LogOf("ssuu");
  const auto offsets = BatchOffsets(files, 1);
  ASSERT_EQ(offsets.size(), 4U);
  files[kFirst][offsets[3] + 50] ^= 1;
  ExpectCorruption(Replay(files, WalRecoveryMode::kAbsolute), kFirst);
  for (const WalRecoveryMode mode : {WalRecoveryMode::kPointInTime, WalRecoveryMode::kTolerateTail,
                                     WalRecoveryMode::kSkipAnyCorrupt}) {
    const Replayed replayed = Replay(files, mode);
    ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
    EXPECT_EQ(replayed.Prefix(), 6U);
    EXPECT_EQ(replayed.result->notes.size(), 1U);
    EXPECT_TRUE(replayed.result->losses.empty());
    EXPECT_EQ(replayed.result->end.length_bytes, offsets[3]);
    EXPECT_GT(replayed.result->torn_tail_bytes, kFrameHeaderBytes);
    EXPECT_LE(replayed.result->torn_tail_bytes, offsets[3] - offsets[2]);
  }
}

TEST(WalRecovery, DamageBeforeASyncedOffsetIsRot) {
  LogFiles files = LogOf("susu");
  const auto offsets = BatchOffsets(files, 1);
  files[kFirst][offsets[1] + 45] ^= 1;
  ExpectCorruption(Replay(files, WalRecoveryMode::kAbsolute), kFirst);
  const Replayed refused = Replay(files, WalRecoveryMode::kPointInTime);
  ExpectCorruption(refused, kFirst);
  EXPECT_EQ(refused.result.error().offset(), offsets[1]);
  EXPECT_EQ(refused.Prefix(), 2U) << "what is before the damage was handed out";

  const Replayed tolerated = Replay(files, WalRecoveryMode::kTolerateTail);
  ASSERT_TRUE(tolerated.result);
  EXPECT_EQ(tolerated.Prefix(), 2U);
  EXPECT_EQ(tolerated.result->losses.size(), 1U);
  EXPECT_EQ(tolerated.result->end.length_bytes, offsets[1]);

  const Replayed salvaged = Replay(files, WalRecoveryMode::kSkipAnyCorrupt);
  ASSERT_TRUE(salvaged.result);
  EXPECT_EQ(salvaged.sequences, (std::vector<SequenceNumber>{1, 2, 5, 6, 7, 8}));
  EXPECT_TRUE(salvaged.contents_right);
  ASSERT_EQ(salvaged.result->losses.size(), 1U);
  EXPECT_NE(salvaged.result->losses[0].find("sequences 3 to 4"), std::string::npos)
      << salvaged.result->losses[0];
}

TEST(WalRecovery, AWholeFrameBehindATornOneIsNotReplayed) {
  // A power cut may write a later frame and lose an earlier one. Replaying it would leave a hole.
  LogFiles files = LogOf("suuu");
  const auto offsets = BatchOffsets(files, 1);
  ZeroBytes(files[kFirst], offsets[2], offsets[3] - offsets[2]);
  ExpectCorruption(Replay(files, WalRecoveryMode::kAbsolute), kFirst);
  for (const WalRecoveryMode mode :
       {WalRecoveryMode::kPointInTime, WalRecoveryMode::kTolerateTail}) {
    const Replayed replayed = Replay(files, mode);
    ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
    EXPECT_EQ(replayed.Prefix(), 4U);
    ASSERT_EQ(replayed.result->notes.size(), 1U);
    EXPECT_NE(replayed.result->notes[0].find("1 whole frames behind"), std::string::npos);
    EXPECT_TRUE(replayed.result->losses.empty());
  }
  const Replayed salvaged = Replay(files, WalRecoveryMode::kSkipAnyCorrupt);
  EXPECT_EQ(salvaged.sequences, (std::vector<SequenceNumber>{1, 2, 3, 4, 7, 8}));
  EXPECT_EQ(salvaged.result->losses.size(), 1U);
}

TEST(WalRecovery, DamageInASealedSegmentIsRot) {
  TestDisk disk;
  const auto log = disk.NewLog();
  ASSERT_TRUE(AppendBatch(*log, 2, false));
  ASSERT_TRUE(AppendBatch(*log, 2, false));
  ASSERT_TRUE(log->Close());
  LogFiles files = ReadFiles(*disk.directory);
  const auto offsets = BatchOffsets(files, 1);
  files[kFirst][offsets[1] + 20] ^= 4;
  ExpectCorruption(Replay(files), kFirst);
  EXPECT_EQ(Replay(files, WalRecoveryMode::kTolerateTail).Prefix(), 2U);
  const Replayed salvaged = Replay(files, WalRecoveryMode::kSkipAnyCorrupt);
  EXPECT_EQ(salvaged.Prefix(), 2U);
  EXPECT_EQ(salvaged.result->end.last_sequence, 4U) << "lost sequences are not given out again";
  EXPECT_FALSE(salvaged.result->losses.empty());
  EXPECT_FALSE(salvaged.result->clean_shutdown) << "a trailer is there, but batches are not";
}

TEST(WalRecovery, BytesBehindTheTrailerAreNotedAndRefusedInAbsoluteMode) {
  TestDisk disk;
  const auto log = disk.NewLog();
  ASSERT_TRUE(AppendBatch(*log, 2, false));
  ASSERT_TRUE(log->Close());
  LogFiles files = ReadFiles(*disk.directory);
  files[kFirst] += std::string(100, '\0') + "x";
  ExpectCorruption(Replay(files, WalRecoveryMode::kAbsolute), kFirst);
  const Replayed replayed = Replay(files);
  ASSERT_TRUE(replayed.result);
  EXPECT_TRUE(replayed.result->clean_shutdown);
  EXPECT_EQ(replayed.result->notes.size(), 1U);
}

TEST(WalRecovery, DamageInAnOlderSegmentIsOnlySalvaged) {
  LogFiles files = LogOfThreeSegments();
  files[kSecond][kHeaderBytes + 60] ^= 1;
  for (const WalRecoveryMode mode : kStrictModes) ExpectCorruption(Replay(files, mode), kSecond);
  const Replayed salvaged = Replay(files, WalRecoveryMode::kSkipAnyCorrupt);
  ASSERT_TRUE(salvaged.result);
  EXPECT_EQ(salvaged.sequences,
            (std::vector<SequenceNumber>{1, 2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}));
  EXPECT_FALSE(salvaged.result->losses.empty());
}

TEST(WalRecovery, DamageThatTablesCoverIsANote) {
  LogFiles files = LogOfThreeSegments();
  files[kSecond][kHeaderBytes + 60] ^= 1;
  const TestDisk disk(files);
  const Replayed replayed = Replay(*disk.directory, WalRecoveryMode::kPointInTime, 1, 12);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_EQ(replayed.sequences, (std::vector<SequenceNumber>{13, 14, 15, 16, 17, 18}));
  EXPECT_EQ(replayed.result->notes.size(), 1U);
  ExpectCorruption(Replay(*disk.directory, WalRecoveryMode::kPointInTime, 1, 11), kSecond);
}

TEST(WalRecovery, FlushedBatchesAreCheckedButNotHandedOut) {
  const TestDisk disk(LogOfThreeSegments());
  const Replayed replayed = Replay(*disk.directory, WalRecoveryMode::kAbsolute, 1, 8);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_EQ(replayed.sequences.front(), 9U);
  EXPECT_EQ(replayed.result->batches, 5U);
  EXPECT_EQ(replayed.result->entries, 10U);
  const Replayed all = Replay(*disk.directory, WalRecoveryMode::kAbsolute, 1, 100);
  EXPECT_TRUE(all.sequences.empty());
  EXPECT_EQ(all.result->end.last_sequence, 100U) << "tables may reach further than the log";
}

TEST(WalRecovery, ALogThatStartsBehindTheTablesIsRefused) {
  const TestDisk disk(LogOfThreeSegments());
  ASSERT_TRUE(Replay(*disk.directory, WalRecoveryMode::kPointInTime, 2, 6).result);
  ExpectCorruption(Replay(*disk.directory, WalRecoveryMode::kPointInTime, 2, 5), kSecond);
}

TEST(WalRecovery, AMissingSegmentIsNoticedWhereverItWas) {
  for (const char* missing : {kFirst, kSecond, kThird}) {
    LogFiles files = LogOfThreeSegments();
    files.erase(missing);
    for (const WalRecoveryMode mode : kStrictModes) {
      SCOPED_TRACE(std::string(missing) + " in mode " + std::to_string(static_cast<int>(mode)));
      ExpectCorruption(Replay(files, mode), missing);
    }
    const Replayed salvaged = Replay(files, WalRecoveryMode::kSkipAnyCorrupt);
    ASSERT_TRUE(salvaged.result);
    EXPECT_EQ(salvaged.sequences.size(), 12U);
    EXPECT_FALSE(salvaged.result->losses.empty());
  }
}

TEST(WalRecovery, TheSegmentThatTheManifestNeedsMustExist) {
  for (const std::uint64_t first_segment : {4U, 9U}) {
    const TestDisk disk(LogOfThreeSegments());
    ExpectCorruption(Replay(*disk.directory, WalRecoveryMode::kPointInTime, first_segment),
                     SegmentName(first_segment));
  }
  LogFiles files = LogOfThreeSegments();
  files.erase(kSecond);
  const TestDisk disk(files);
  ExpectCorruption(Replay(*disk.directory, WalRecoveryMode::kPointInTime, 2), kSecond);
  EXPECT_TRUE(Replay(*disk.directory, WalRecoveryMode::kPointInTime, 3).result);
}

TEST(WalRecovery, SegmentsBeforeTheFirstNeededAreIgnoredWhateverTheyHold) {
  LogFiles files = LogOfThreeSegments();
  files[kFirst] = "garbage";
  const TestDisk disk(files);
  const Replayed replayed = Replay(*disk.directory, WalRecoveryMode::kAbsolute, 2);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_EQ(replayed.sequences.front(), 7U);
  EXPECT_FALSE(replayed.reported());
}

TEST(WalRecovery, SwappedSegmentsAreNoticed) {
  LogFiles files = LogOfThreeSegments();
  std::swap(files[kFirst], files[kSecond]);
  for (const WalRecoveryMode mode : kStrictModes) {
    const Replayed replayed = Replay(files, mode);
    ExpectCorruption(replayed, kFirst);
    EXPECT_NE(replayed.result.error().message().find("under the name of"), std::string::npos);
  }
  const Replayed salvaged = Replay(files, WalRecoveryMode::kSkipAnyCorrupt);
  EXPECT_EQ(salvaged.result->losses.size(), 3U)
      << "two foreign files, and the predecessor that the third one then misses";
}

TEST(WalRecovery, ASegmentOfAnotherDatabaseIsNoticedAndBothAreNamed) {
  LogFiles files = LogOfThreeSegments();
  const TestDisk other;
  const DatabaseId other_id{.high = 7, .low = 8};
  WalManagerOptions options{
      .directory = other.directory.get(), .clock = &io::SystemClock(), .database_id = other_id};
  ASSERT_TRUE((*WalManager::Create(options, 2, {.segment_number = 1}))->Close());
  files[kSecond] = ReadFiles(*other.directory)[kSecond];
  for (const WalRecoveryMode mode : kStrictModes) {
    const Replayed replayed = Replay(files, mode);
    ExpectCorruption(replayed, kSecond);
    EXPECT_NE(replayed.result.error().message().find(other_id.ToString()), std::string::npos);
    EXPECT_NE(replayed.result.error().message().find(kTestDatabase.ToString()), std::string::npos);
  }
}

TEST(WalRecovery, AnOlderCopyOfASegmentIsNoticed) {
  TestDisk disk;
  const auto log = disk.NewLog();
  ASSERT_TRUE(AppendBatch(*log, 2, true));
  const std::string older = ReadFiles(*disk.directory)[kFirst];
  ASSERT_TRUE(AppendBatch(*log, 2, true));
  ASSERT_TRUE(log->Rotate(2));
  LogFiles files = ReadFiles(*disk.directory);
  files[kFirst] = older;
  for (const WalRecoveryMode mode : kStrictModes) ExpectCorruption(Replay(files, mode), kFirst);
  const Replayed salvaged = Replay(files, WalRecoveryMode::kSkipAnyCorrupt);
  EXPECT_EQ(salvaged.Prefix(), 2U);
  EXPECT_NE(salvaged.result->losses.at(0).find("sequences 3 to 4"), std::string::npos);
}

TEST(WalRecovery, ASegmentOfAnotherHistoryIsNoticed) {
  // The same database, segment, sequences and sizes, but other contents: as when a restored copy
  // has lived on and its files are mixed with those of the original.
  TestDisk original;
  TestDisk restored;
  restored.clock.SetWallMicros(1);
  for (TestDisk* disk : {&original, &restored}) {
    const auto log = disk->NewLog();
    ASSERT_TRUE(AppendBatch(*log, 2, true));
    ASSERT_TRUE(log->Rotate(2));
    ASSERT_TRUE(AppendBatch(*log, 2, true));
  }
  LogFiles files = ReadFiles(*original.directory);
  ASSERT_TRUE(Replay(files).result);
  files[kFirst] = ReadFiles(*restored.directory)[kFirst];
  for (const WalRecoveryMode mode : kStrictModes) {
    const Replayed replayed = Replay(files, mode);
    ExpectCorruption(replayed, kFirst);
    EXPECT_NE(replayed.result.error().message().find("digest"), std::string::npos);
  }
  EXPECT_FALSE(Replay(files, WalRecoveryMode::kSkipAnyCorrupt).result->losses.empty());
}

TEST(WalRecovery, ASegmentThatNobodyContinuesIsNoticed) {
  TestDisk disk;
  ASSERT_TRUE(disk.NewLog(1)->Close());
  const ChainEnd end = Replay(*disk.directory).result->end;
  ASSERT_TRUE(disk.NewLog(2, end)->Close());
  ASSERT_TRUE(disk.NewLog(3, end)->Close());
  for (const WalRecoveryMode mode : kStrictModes) {
    ExpectCorruption(Replay(*disk.directory, mode), kThird);
  }
}

TEST(WalRecovery, ANewerFormatIsRefusedInEveryModeAndNotTakenForDamage) {
  LogFiles files = LogOfThreeSegments();
  std::string& header = files[kThird];
  header[8] = 2;
  const std::uint64_t seed = PlaceSeed(kTestDatabase.FileIdentity(3), 0);
  StoreFixed(header.data() + 120, Checksum(std::string_view(header).substr(0, 120), seed));
  for (const WalRecoveryMode mode : kAllModes) {
    const Replayed replayed = Replay(files, mode);
    ASSERT_FALSE(replayed.result);
    EXPECT_EQ(replayed.result.error().code(), ErrorCode::kUnsupported);
    EXPECT_NE(replayed.result.error().message().find("version 2"), std::string::npos);
  }
}

TEST(WalRecovery, ABlankSegmentAtTheEndIsACutCreation) {
  for (const std::size_t size_bytes : {0U, 5U, 128U, 4096U}) {
    LogFiles files = LogOf("ss");
    files[kSecond] = std::string(size_bytes, '\0');
    for (const WalRecoveryMode mode : kAllModes) {
      const Replayed replayed = Replay(files, mode);
      ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
      EXPECT_EQ(replayed.Prefix(), 4U);
      EXPECT_EQ(replayed.result->notes.size(), 1U);
      EXPECT_EQ(replayed.result->end.segment_number, 1U);
      EXPECT_EQ(replayed.result->highest_segment, 2U);
    }
  }
}

TEST(WalRecovery, AHalfWrittenHeaderAtTheEndIsACutCreation) {
  LogFiles files = LogOf("ss");
  SegmentHeader header{.database_id = kTestDatabase, .number = 2, .first_sequence = 1};
  files[kSecond] = EncodeSegmentHeader(header).substr(0, 60) + std::string(1000, '\0');
  ExpectCorruption(Replay(files, WalRecoveryMode::kAbsolute), kSecond);
  const Replayed replayed = Replay(files);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_EQ(replayed.Prefix(), 4U);
  EXPECT_GT(replayed.result->torn_tail_bytes, 30U);
}

TEST(WalRecovery, ALogGoesOnPastACutCreation) {
  TestDisk disk;
  ASSERT_TRUE(AppendBatch(*disk.NewLog(), 2, true));
  ASSERT_TRUE((*disk.directory->Create(kSecond))->Close());
  const Replayed before = Replay(*disk.directory);
  const auto log = disk.NewLog(before.result->highest_segment + 1, before.result->end);
  ASSERT_TRUE(AppendBatch(*log, 2, true));
  const Replayed after = Replay(*disk.directory, WalRecoveryMode::kAbsolute);
  ASSERT_TRUE(after.result) << after.result.error().ToString();
  EXPECT_EQ(after.Prefix(), 4U);
  EXPECT_EQ(after.result->notes.size(), 1U);
}

TEST(WalRecovery, ALostHeaderBeforeFramesIsRot) {
  LogFiles files = LogOfThreeSegments();
  ZeroBytes(files[kThird], 0, kHeaderBytes);
  ExpectCorruption(Replay(files, WalRecoveryMode::kAbsolute), kThird);
  ExpectCorruption(Replay(files, WalRecoveryMode::kPointInTime), kThird);
  const Replayed tolerated = Replay(files, WalRecoveryMode::kTolerateTail);
  ASSERT_TRUE(tolerated.result) << tolerated.result.error().ToString();
  EXPECT_EQ(tolerated.Prefix(), 12U);
  EXPECT_EQ(tolerated.result->losses.size(), 1U);
  const Replayed salvaged = Replay(files, WalRecoveryMode::kSkipAnyCorrupt);
  EXPECT_EQ(salvaged.Prefix(), 18U) << "its frames are still whole";
  EXPECT_EQ(salvaged.result->losses.size(), 1U);
}

TEST(WalRecovery, ALostHeaderOfTheOnlyNeededSegmentIsRotEvenWithoutFrames) {
  TestDisk disk;
  (void)disk.NewLog();
  LogFiles files = ReadFiles(*disk.directory);
  ZeroBytes(files[kFirst], 0, kHeaderBytes);
  const TestDisk damaged(files);
  EXPECT_TRUE(Replay(*damaged.directory, WalRecoveryMode::kPointInTime, 0).result);
  ExpectCorruption(Replay(*damaged.directory, WalRecoveryMode::kPointInTime, 1), kFirst);
}

TEST(WalRecovery, WhatARecoveryCutStaysCutForEveryLaterOne) {
  // The cut frames are still in the file, whole. The header of the next segment leaves them out.
  LogFiles files = LogOf("suuu");
  const auto offsets = BatchOffsets(files, 1);
  const std::string frame = files[kFirst].substr(offsets[2], offsets[3] - offsets[2]);
  ZeroBytes(files[kFirst], offsets[2], frame.size());
  TestDisk disk(files);
  const Replayed first = Replay(*disk.directory);
  ASSERT_EQ(first.Prefix(), 4U);
  const auto log = disk.NewLog(2, first.result->end);
  ASSERT_TRUE(AppendBatch(*log, 2, true));
  for (const WalRecoveryMode mode : kAllModes) {
    const Replayed again = Replay(*disk.directory, mode);
    ASSERT_TRUE(again.result) << again.result.error().ToString();
    EXPECT_EQ(again.Prefix(), 6U);
    EXPECT_EQ(again.batches.back().segment_number, 2U);
    EXPECT_FALSE(again.reported());
  }
}

TEST(WalRecovery, AFileThatEndsRightBehindAFrameHasLostItsTail) {
  LogFiles files = LogOf("ssss");
  files[kFirst].resize(BatchOffsets(files, 1)[2]);
  ExpectCorruption(Replay(files, WalRecoveryMode::kAbsolute), kFirst);
  const Replayed replayed = Replay(files);
  EXPECT_EQ(replayed.Prefix(), 4U);
  EXPECT_EQ(replayed.result->notes.size(), 1U);
}

TEST(WalRecovery, AnErrorOfTheHandlerStopsTheReplay) {
  const TestDisk disk(LogOf("ssss"));
  int calls = 0;
  const auto result = RecoverLog({.directory = disk.directory.get(), .database_id = kTestDatabase},
                                 [&](const RecoveredBatch&) -> Result<void> {
                                   if (++calls < 2) return {};
                                   return Error(ErrorCode::kInternal, "enough");
                                 });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "enough");
  EXPECT_EQ(calls, 2);
}

TEST(WalRecovery, HugeLengthsInAFileAreNotBelieved) {
  // The checksums are right, so the length is all that is wrong: as a hostile file would have it.
  LogFiles files = LogOf("s");
  const std::uint64_t end = Replay(files).result->end.length_bytes;
  std::string frame;
  AppendFrame(frame, {.identity = kTestDatabase.FileIdentity(1), .offset = end},
              {.type = FrameType::kBatch,
               .first_sequence = 3,
               .entry_count = 1,
               .synced_offset = kHeaderBytes},
              0, std::string(100'000, 'x'));
  files[kFirst].replace(end, kFrameHeaderBytes, frame.substr(0, kFrameHeaderBytes));
  const Replayed replayed = Replay(files);
  ASSERT_TRUE(replayed.result);
  EXPECT_EQ(replayed.Prefix(), 2U);
  EXPECT_NE(replayed.result->notes.at(0).find("only "), std::string::npos);
}

TEST(WalEntry, ABatchWhoseEntriesAreMalformedOrMiscountedIsCorrupt) {
  const std::string encoded = testing::EncodeEntries(1, 3);
  const auto read = [&](std::string_view bytes, std::uint32_t count) {
    return ReadEntries({.segment_number = 4,
                        .offset = 99,
                        .first_sequence = 1,
                        .entry_count = count,
                        .encoded = bytes},
                       [](const WalEntry&) -> Result<void> { return {}; });
  };
  EXPECT_TRUE(read(encoded, 3));
  for (const auto& result : {read(encoded, 2), read(encoded, 4),
                             read(std::string_view(encoded).substr(0, encoded.size() - 1), 3)}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(result.error().file(), "0000000004.wal");
    EXPECT_EQ(result.error().offset(), 99U);
  }
}

}  // namespace
}  // namespace quiver::wal
