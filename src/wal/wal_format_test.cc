// The names and bytes of segments: what is on disk must never change within a version.
#include "wal/wal_format.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "base/batch_codec.h"
#include "wal/frame.h"
#include "wal/log_test_support.h"
#include "wal/segment_header.h"

namespace quiver::wal {
namespace {

using testing::kTestDatabase;

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned>(byte) & 0xFFU);
    text += digits;
  }
  return text;
}

TEST(WalFormat, SegmentNamesAreTenDigitsOrMoreAndRoundTrip) {
  EXPECT_EQ(SegmentName(12), "0000000012.wal");
  EXPECT_EQ(SegmentName(~std::uint64_t{0}), "18446744073709551615.wal");
  for (const std::uint64_t number : {std::uint64_t{1}, std::uint64_t{9'999'999'999},
                                     std::uint64_t{10'000'000'000}, ~std::uint64_t{0}}) {
    EXPECT_EQ(ParseSegmentName(SegmentName(number)), number);
  }
}

TEST(WalFormat, OnlyTheOneNameOfANumberIsASegment) {
  for (const char* name : {"", ".wal", "12.wal", "00000000012.wal", "0000000012.WAL",
                           "0000000012.wal.tmp", "0000000000.wal", "000000001x.wal",
                           "+000000012.wal", " 000000012.wal", "18446744073709551616.wal"}) {
    EXPECT_EQ(ParseSegmentName(name), 0U) << name;
  }
}

// The worked example of docs/formats/wal.md. If this test fails, the format has changed: raise
// kFormatVersion and keep reading the old one.
TEST(WalFormat, TheWorkedExampleOfTheFormatPageHolds) {
  SegmentHeader header{.database_id = kTestDatabase,
                       .number = 1,
                       .first_sequence = 1,
                       .creation_time_us = 1'700'000'000'000'000};
  EXPECT_EQ(Hex(EncodeSegmentHeader(header)),
            "51565257414c310a0100000000000000efcdab89674523011032547698badcfe"
            "0100000000000000000000000000000000000000000000000000000000000000"
            "0000000000000000010000000000000000401e18240a06000000000000000000"
            "0000000000000000000000000000000000000000000000006ce24d2495cda8b3");

  const std::uint64_t identity = kTestDatabase.FileIdentity(1);
  std::string entries;
  AppendBatchEntry(entries, {.key = "apple", .value = "red"});
  AppendBatchEntry(entries, {.operation = Operation::kDelete, .key = "kiwi"});
  std::string frames;
  const std::uint64_t batch = AppendFrame(
      frames, {.identity = identity, .offset = 128},
      {.type = FrameType::kBatch, .first_sequence = 1, .entry_count = 2, .synced_offset = 128},
      1'700'000'000'000'001, entries);
  EXPECT_EQ(Hex(frames),
            "824840cd9b0bec6e190000000100000001000000000000000200000085080a17"
            "800000000000000001401e18240a060000056170706c650372656401046b6977"
            "6900000000000000");

  const std::uint64_t digest = ExtendDigest(header.digest(), batch);
  const std::uint64_t end = 128 + frames.size();
  std::string trailer;
  AppendFrame(trailer, {.identity = identity, .offset = end},
              {.type = FrameType::kTrailer, .first_sequence = 3, .synced_offset = end}, digest,
              std::string(8, '\0'));
  EXPECT_EQ(Hex(trailer),
            "0684a5772681f7991000000002000000030000000000000000000000b76643fe"
            "c800000000000000beadbea7df83e3ca0000000000000000");
}

TEST(WalFormat, FramesAreBoundToTheirFileAndTheirPlace) {
  const FramePlace place{.identity = kTestDatabase.FileIdentity(3), .offset = 512};
  std::string frame;
  AppendFrame(frame, place, {.type = FrameType::kBatch, .first_sequence = 9, .entry_count = 1}, 7,
              "entries");
  ASSERT_EQ(frame.size(), FrameBytes(15));
  const auto header = DecodeFrameHeader(frame, place);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->first_sequence, 9U);
  EXPECT_EQ(header->payload_bytes, 15U);
  EXPECT_TRUE(FrameVerifies(frame, place));
  for (const FramePlace& other :
       {FramePlace{.identity = place.identity, .offset = 520},
        FramePlace{.identity = kTestDatabase.FileIdentity(4), .offset = 512}}) {
    EXPECT_FALSE(DecodeFrameHeader(frame, other).has_value());
    EXPECT_FALSE(FrameVerifies(frame, other));
  }
}

TEST(WalFormat, EveryBitOfAFrameIsCheckedIncludingItsPadding) {
  const FramePlace place{.identity = kTestDatabase.FileIdentity(3), .offset = 512};
  std::string frame;
  AppendFrame(frame, place, {.type = FrameType::kBatch, .first_sequence = 9, .entry_count = 1}, 7,
              "x");
  ASSERT_GT(frame.size(), kFrameHeaderBytes + 9) << "there is padding";
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    std::string damaged = frame;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(FrameVerifies(damaged, place)) << "bit " << bit;
    const bool in_header = bit >= 64 && bit < kFrameHeaderBytes * 8;
    EXPECT_EQ(DecodeFrameHeader(damaged, place).has_value(), !in_header) << "bit " << bit;
  }
}

TEST(SegmentHeader, EveryBitIsChecked) {
  SegmentHeader header{.database_id = kTestDatabase, .number = 5, .first_sequence = 1};
  const std::string bytes = EncodeSegmentHeader(header);
  EXPECT_EQ(DecodeSegmentHeader(bytes, &kTestDatabase, 5).state, HeaderState::kValid);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(DecodeSegmentHeader(damaged, &kTestDatabase, 5).state, HeaderState::kDamaged) << bit;
  }
}

TEST(SegmentHeader, ImpossibleChainsAreDamaged) {
  SegmentHeader self{.database_id = kTestDatabase,
                     .number = 5,
                     .predecessor = {.segment_number = 5},
                     .first_sequence = 1};
  EXPECT_EQ(DecodeSegmentHeader(EncodeSegmentHeader(self), &kTestDatabase, 5).state,
            HeaderState::kDamaged);
  SegmentHeader gap{.database_id = kTestDatabase,
                    .number = 5,
                    .predecessor = {.segment_number = 4, .last_sequence = 10},
                    .first_sequence = 12};
  EXPECT_EQ(DecodeSegmentHeader(EncodeSegmentHeader(gap), &kTestDatabase, 5).state,
            HeaderState::kDamaged);
}

}  // namespace
}  // namespace quiver::wal
