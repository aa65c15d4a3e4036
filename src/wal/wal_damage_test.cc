// Exhaustive damage: every bit of every byte of a small log of two segments, every length of each
// segment, in every mode. Whatever recovery answers, it hands out no wrong batch, leaves no hole,
// and never passes over anything silently.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/coding.h"
#include "io/fault_file_system.h"
#include "wal/frame.h"
#include "wal/log_test_support.h"
#include "wal/segment_header.h"

namespace quiver::wal {
namespace {

using testing::AppendBatch;
using testing::LogFiles;
using testing::ReadFiles;
using testing::Replay;
using testing::Replayed;
using testing::TestDisk;

constexpr const char* kOlder = "0000000001.wal";
constexpr const char* kNewest = "0000000002.wal";
constexpr WalRecoveryMode kAllModes[] = {WalRecoveryMode::kAbsolute, WalRecoveryMode::kPointInTime,
                                         WalRecoveryMode::kTolerateTail,
                                         WalRecoveryMode::kSkipAnyCorrupt};

// A log of two segments and what a test needs to know about it.
struct SmallLog {
  LogFiles files;
  std::vector<RecoveredBatch> batches;
  SequenceNumber last_sequence = 0;
  SequenceNumber last_of_older = 0;
  /// Up to here a later frame or trailer of the newest segment proves that the log was durable.
  SequenceNumber proven = 0;
  std::uint64_t newest_end = 0;  ///< offset after the last frame
};

// The newest segment: synced batches, then one more synced and one unsynced. `closed` seals it.
SmallLog MakeSmallLog(bool closed) {
  TestDisk disk;
  const auto log = disk.NewLog();
  SmallLog small;
  EXPECT_TRUE(AppendBatch(*log, 1, false));
  EXPECT_TRUE(AppendBatch(*log, 3, true));
  EXPECT_TRUE(AppendBatch(*log, 2, false));
  small.last_of_older = log->last_sequence();
  EXPECT_TRUE(log->Rotate(2));
  EXPECT_TRUE(AppendBatch(*log, 2, true));
  EXPECT_TRUE(AppendBatch(*log, 1, true));
  small.proven = log->durable_sequence();
  EXPECT_TRUE(AppendBatch(*log, 2, false));
  EXPECT_TRUE(AppendBatch(*log, 1, false));
  small.last_sequence = log->last_sequence();
  if (closed) {
    EXPECT_TRUE(log->Close());
    small.proven = small.last_sequence;
  }
  small.files = ReadFiles(*disk.directory);
  const Replayed replayed = Replay(small.files, WalRecoveryMode::kAbsolute);
  EXPECT_EQ(replayed.Prefix(), small.last_sequence);
  small.batches = replayed.batches;
  small.newest_end = replayed.result->end.length_bytes + (closed ? kTrailerFrameBytes : 0);
  return small;
}

// The checks that hold for any damage to the newest segment.
void CheckNewestDamaged(const SmallLog& log, const Replayed& replayed, WalRecoveryMode mode) {
  ASSERT_TRUE(replayed.contents_right);
  if (mode == WalRecoveryMode::kSkipAnyCorrupt) {
    ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
    ASSERT_TRUE(std::ranges::is_sorted(replayed.sequences, std::ranges::less_equal()));
  } else {
    ASSERT_LE(replayed.Prefix(), log.last_sequence);
  }
  if (!replayed.result) {
    ASSERT_EQ(replayed.result.error().code(), ErrorCode::kCorruption);
    ASSERT_EQ(replayed.result.error().file(), kNewest);
    ASSERT_NE(mode, WalRecoveryMode::kTolerateTail) << replayed.result.error().ToString();
    return;
  }
  ASSERT_NE(mode, WalRecoveryMode::kAbsolute) << "absolute mode passes over nothing";
  ASSERT_GE(replayed.sequences.size(), log.last_of_older) << "the older segment is whole";
  ASSERT_TRUE(replayed.reported());
}

// The checks that hold for any damage to the older segment.
void CheckOlderDamaged(const SmallLog& log, const Replayed& replayed, WalRecoveryMode mode) {
  ASSERT_TRUE(replayed.contents_right);
  if (mode != WalRecoveryMode::kSkipAnyCorrupt) {
    ASSERT_FALSE(replayed.result);
    ASSERT_EQ(replayed.result.error().code(), ErrorCode::kCorruption);
    ASSERT_EQ(replayed.result.error().file(), kOlder);
    ASSERT_LE(replayed.Prefix(), log.last_of_older);
    return;
  }
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  ASSERT_FALSE(replayed.result->losses.empty());
  ASSERT_TRUE(std::ranges::is_sorted(replayed.sequences, std::ranges::less_equal()));
  ASSERT_EQ(replayed.sequences.back(), log.last_sequence) << "the newer segment is whole";
}

// What a flipped bit may cost beyond the general checks: only what it hit, only when nothing
// proves that it was durable.
void CheckNewestFlipped(const SmallLog& log, std::uint64_t offset, const Replayed& replayed,
                        WalRecoveryMode mode) {
  const auto hit = std::ranges::find_if(log.batches, [&](const RecoveredBatch& batch) {
    return batch.segment_number == 2 && batch.offset <= offset &&
           std::ranges::none_of(log.batches, [&](const RecoveredBatch& other) {
             return other.segment_number == 2 && other.offset > batch.offset &&
                    other.offset <= offset;
           });
  });
  if (mode == WalRecoveryMode::kPointInTime) {
    const bool before_proof = hit != log.batches.end() && hit->first_sequence <= log.proven &&
                              offset < log.newest_end - (log.proven == log.last_sequence ? 56 : 0);
    ASSERT_EQ(replayed.result.has_value(), offset >= kHeaderBytes && !before_proof)
        << "rot is refused, a torn tail is not";
  }
  if (replayed.result && mode != WalRecoveryMode::kSkipAnyCorrupt &&
      replayed.Prefix() < log.proven) {
    ASSERT_FALSE(replayed.result->losses.empty()) << "the loss of a durable batch is a loss";
  }
  if (mode == WalRecoveryMode::kSkipAnyCorrupt) {
    const std::size_t lost = log.last_sequence - replayed.sequences.size();
    ASSERT_LE(lost, hit == log.batches.end() ? 0 : hit->entry_count) << "only what was hit";
  }
}

void FlipEveryBit(const SmallLog& log, const std::string& name) {
  const TestDisk disk(log.files);
  const std::string& original = log.files.at(name);
  for (std::uint64_t offset = 0; offset < original.size(); ++offset) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string damaged = original;
      damaged[offset] = static_cast<char>(damaged[offset] ^ (1 << bit));
      ASSERT_TRUE(io::ReplaceFileDurably(*disk.directory, name, damaged));
      for (const WalRecoveryMode mode : kAllModes) {
        SCOPED_TRACE(name + ", offset " + std::to_string(offset) + ", bit " + std::to_string(bit) +
                     ", mode " + std::to_string(static_cast<int>(mode)));
        const Replayed replayed = Replay(*disk.directory, mode);
        if (name == kOlder) {
          CheckOlderDamaged(log, replayed, mode);
        } else {
          CheckNewestDamaged(log, replayed, mode);
          CheckNewestFlipped(log, offset, replayed, mode);
        }
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

void CutAtEveryLength(const SmallLog& log, const std::string& name) {
  const TestDisk disk(log.files);
  const std::string& original = log.files.at(name);
  const std::uint64_t longest = name == kOlder ? original.size() - 1 : log.newest_end - 1;
  for (std::uint64_t length = 0; length <= longest; ++length) {
    ASSERT_TRUE(io::ReplaceFileDurably(*disk.directory, name, original.substr(0, length)));
    for (const WalRecoveryMode mode : kAllModes) {
      SCOPED_TRACE(name + " cut to " + std::to_string(length) + ", mode " +
                   std::to_string(static_cast<int>(mode)));
      const Replayed replayed = Replay(*disk.directory, mode);
      if (name == kOlder) {
        CheckOlderDamaged(log, replayed, mode);
      } else if (length != 0 || mode != WalRecoveryMode::kAbsolute) {
        CheckNewestDamaged(log, replayed, mode);
      } else {
        // An empty file is a cut creation, which even the absolute mode accepts, and notes.
        ASSERT_TRUE(replayed.result && replayed.reported());
      }
      if (::testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(WalDamage, EveryFlippedBitOfARunningLogIsNoticed) {
  const SmallLog log = MakeSmallLog(false);
  FlipEveryBit(log, kOlder);
  FlipEveryBit(log, kNewest);
}

TEST(WalDamage, EveryFlippedBitOfAClosedLogIsNoticed) {
  const SmallLog log = MakeSmallLog(true);
  FlipEveryBit(log, kOlder);
  FlipEveryBit(log, kNewest);
}

TEST(WalDamage, EveryCutOfARunningLogIsNoticed) {
  const SmallLog log = MakeSmallLog(false);
  CutAtEveryLength(log, kOlder);
  CutAtEveryLength(log, kNewest);
}

TEST(WalDamage, EveryCutOfAClosedLogIsNoticed) {
  const SmallLog log = MakeSmallLog(true);
  CutAtEveryLength(log, kOlder);
  CutAtEveryLength(log, kNewest);
}

TEST(WalDamage, EveryZeroedStretchOfEightBytesIsNoticed) {
  for (const bool closed : {false, true}) {
    const SmallLog log = MakeSmallLog(closed);
    for (const char* name : {kOlder, kNewest}) {
      const TestDisk disk(log.files);
      const std::string& original = log.files.at(name);
      const std::uint64_t end = name == kOlder ? original.size() : log.newest_end;
      for (std::uint64_t offset = 0; offset < end; offset += 8) {
        std::string damaged = original;
        std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(offset), 8, '\0');
        if (damaged == original) continue;
        ASSERT_TRUE(io::ReplaceFileDurably(*disk.directory, name, damaged));
        for (const WalRecoveryMode mode : kAllModes) {
          SCOPED_TRACE(std::string(name) + ", offset " + std::to_string(offset) + ", mode " +
                       std::to_string(static_cast<int>(mode)));
          const Replayed replayed = Replay(*disk.directory, mode);
          name == kOlder ? CheckOlderDamaged(log, replayed, mode)
                         : CheckNewestDamaged(log, replayed, mode);
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(WalDamage, ABlockMovedElsewhereIsNotTakenForAFrame) {
  // A frame copied over another one of the same size, as a misdirected write would do it.
  const SmallLog log = MakeSmallLog(true);
  LogFiles files = log.files;
  const auto& [source, target] = std::pair(log.batches[3], log.batches[5]);
  ASSERT_EQ(source.segment_number, 2U);
  ASSERT_EQ(source.entry_count, target.entry_count);
  std::string& bytes = files[kNewest];
  const std::uint64_t count = log.batches[4].offset - source.offset;
  bytes.replace(target.offset, count, bytes.substr(source.offset, count));
  const Replayed refused = Replay(files);
  ASSERT_FALSE(refused.result);
  EXPECT_EQ(refused.result.error().offset(), target.offset);
  const Replayed salvaged = Replay(files, WalRecoveryMode::kSkipAnyCorrupt);
  EXPECT_EQ(salvaged.sequences.size(), log.last_sequence - target.entry_count);
  EXPECT_TRUE(salvaged.contents_right);
}

TEST(WalDamage, RandomGarbageNeverBreaksRecovery) {
  const SmallLog log = MakeSmallLog(false);
  Random random(20'240'601);
  for (int round = 0; round < 2'000; ++round) {
    LogFiles files = log.files;
    std::string& bytes = files[random.OneIn(2) ? kOlder : kNewest];
    const std::uint64_t stretches = 1 + random.Below(4);
    for (std::uint64_t i = 0; i < stretches; ++i) {
      const std::uint64_t offset = random.Below(std::min<std::uint64_t>(bytes.size(), 1'000));
      const std::uint64_t count = random.Below(std::min<std::uint64_t>(bytes.size() - offset, 64));
      for (std::uint64_t at = offset; at < offset + count; ++at) {
        bytes[at] = static_cast<char>(random.Next());
      }
    }
    if (random.OneIn(4)) bytes.resize(random.Below(bytes.size() + 1));
    if (files == log.files) continue;
    for (const WalRecoveryMode mode : kAllModes) {
      SCOPED_TRACE("round " + std::to_string(round));
      const Replayed replayed = Replay(files, mode);
      ASSERT_TRUE(replayed.contents_right);
      if (mode != WalRecoveryMode::kSkipAnyCorrupt) {
        ASSERT_LE(replayed.Prefix(), log.last_sequence);
      }
      if (replayed.result && replayed.sequences.size() < log.last_sequence) {
        ASSERT_TRUE(replayed.reported());
      }
    }
  }
}

// A sector that went back to what an earlier life of the file held: every frame verifies, only the
// digest in the trailer knows better.
TEST(WalDamage, AFrameOfAnotherHistoryOfTheSegmentIsNoticed) {
  LogFiles histories[2];
  std::vector<RecoveredBatch> batches;
  for (int i = 0; i < 2; ++i) {
    TestDisk disk;
    const auto log = disk.NewLog();
    disk.clock.SetWallMicros(disk.clock.WallMicros() + 1'000 * static_cast<unsigned>(i));
    ASSERT_TRUE(AppendBatch(*log, 2, true) && AppendBatch(*log, 1, true) && log->Close());
    histories[i] = ReadFiles(*disk.directory);
    batches = Replay(histories[i], WalRecoveryMode::kAbsolute).batches;
    ASSERT_EQ(batches.size(), 2U);
  }
  LogFiles mixed = histories[0];
  const std::uint64_t begin = batches[0].offset;
  const std::uint64_t count = batches[1].offset - begin;
  mixed[kOlder].replace(begin, count, histories[1][kOlder], begin, count);
  ASSERT_NE(mixed, histories[0]);
  for (const WalRecoveryMode mode : {WalRecoveryMode::kAbsolute, WalRecoveryMode::kPointInTime}) {
    const Replayed replayed = Replay(mixed, mode);
    ASSERT_FALSE(replayed.result);
    EXPECT_EQ(replayed.result.error().code(), ErrorCode::kCorruption);
    EXPECT_NE(replayed.result.error().message().find("digest"), std::string::npos);
  }
}

// Each place that looks like a header claims a long frame: believed, each would be read.
TEST(WalDamage, ALengthIsNotBelievedBeforeItIsProved) {
  constexpr std::size_t kJunkBytes = std::size_t{3} << 20;
  TestDisk disk;
  const auto log = disk.NewLog();
  ASSERT_TRUE(AppendBatch(*log, 2, true));
  LogFiles files = ReadFiles(*disk.directory);
  std::string& bytes = files[kOlder];
  bytes.resize(Replay(files).result->end.length_bytes);
  std::string lookalike(512, 'x');
  StoreFixed(lookalike.data() + 8, std::uint32_t{64 << 10});
  StoreFixed(lookalike.data() + 12, std::uint32_t{1});
  while (bytes.size() < kJunkBytes) bytes += lookalike;

  const TestDisk damaged(files);
  io::FaultFileSystem counted(*damaged.files);
  const auto directory = *counted.OpenDirectory("db", false);
  std::uint64_t reads = 0;
  counted.SetHook([&](io::OperationKind kind, std::string_view) -> std::optional<Error> {
    reads += kind == io::OperationKind::kReadAt ? 1 : 0;
    return std::nullopt;
  });
  const Replayed replayed = Replay(*directory);
  ASSERT_TRUE(replayed.result) << replayed.result.error().ToString();
  EXPECT_EQ(replayed.Prefix(), 2U);
  EXPECT_LT(reads, 30U) << "the file has three windows of a mebibyte";
}

}  // namespace
}  // namespace quiver::wal
