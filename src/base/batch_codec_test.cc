#include "base/batch_codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <vector>

#include "base/coding.h"
#include "base/random.h"
#include "testing/seed.h"

namespace quiver {
namespace {

bool SameEntry(const BatchEntry& a, const BatchEntry& b) {
  return a.keyspace == b.keyspace && a.operation == b.operation && a.key == b.key &&
         a.value == b.value && a.expiry_us == b.expiry_us;
}

std::string Encode(const std::vector<BatchEntry>& entries) {
  std::string out;
  for (const BatchEntry& entry : entries) AppendBatchEntry(out, entry);
  return out;
}

// The entries that can be read from `encoded`, and whether it was well formed.
std::pair<std::vector<BatchEntry>, bool> Decode(std::string_view encoded) {
  std::vector<BatchEntry> entries;
  BatchReader reader(encoded);
  BatchEntry entry;
  while (reader.Next(entry)) entries.push_back(entry);
  return {entries, !reader.malformed()};
}

// One entry of each shape.
const std::vector<BatchEntry>& Samples() {
  static const std::string long_key(kKeyBytesMax, 'k');
  static const std::string long_value(300, 'v');
  static const std::vector<BatchEntry> samples{
      {.key = "apple", .value = "red"},
      {.key = "", .value = ""},
      {.operation = Operation::kDelete, .key = "pear"},
      {.keyspace = 7, .operation = Operation::kMerge, .key = "count", .value = "+1"},
      {.keyspace = std::numeric_limits<std::uint32_t>::max(),
       .operation = Operation::kRangeDelete,
       .key = "a",
       .value = "b"},
      {.key = "lease", .value = "x", .expiry_us = 1'700'000'000'000'000},
      {.keyspace = 300, .operation = Operation::kDelete, .key = "old", .expiry_us = 1},
      {.key = long_key, .value = long_value}};
  return samples;
}

TEST(BatchCodec, TheEncodingIsTheDocumentedOne) {
  EXPECT_EQ(Encode({{.key = "ab", .value = "c"}}), std::string("\x00\x02"
                                                               "ab"
                                                               "\x01"
                                                               "c",
                                                               6));
  EXPECT_EQ(Encode({{.operation = Operation::kDelete, .key = "ab"}}),
            "\x01\x02"
            "ab");
  EXPECT_EQ(Encode({{.keyspace = 300,
                     .operation = Operation::kMerge,
                     .key = "k",
                     .value = "",
                     .expiry_us = 0x0102030405060708}}),
            std::string("\x32\xAC\x02\x08\x07\x06\x05\x04\x03\x02\x01\x01k\x00", 14));
}

TEST(BatchCodec, EveryShapeOfEntryRoundTripsWithItsPredictedSize) {
  std::size_t bytes = 0;
  for (const BatchEntry& entry : Samples()) {
    EXPECT_EQ(EncodedEntryBytes(entry), Encode({entry}).size());
    bytes += EncodedEntryBytes(entry);
  }
  const std::string encoded = Encode(Samples());
  EXPECT_EQ(encoded.size(), bytes);
  const auto [entries, well_formed] = Decode(encoded);
  EXPECT_TRUE(well_formed);
  ASSERT_EQ(entries.size(), Samples().size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_TRUE(SameEntry(entries[i], Samples()[i])) << i;
  }
}

TEST(BatchCodec, TheValueOfADeleteIsNotEncoded) {
  const std::string encoded =
      Encode({{.operation = Operation::kDelete, .key = "k", .value = "ignored"}});
  const auto [entries, well_formed] = Decode(encoded);
  ASSERT_TRUE(well_formed);
  EXPECT_EQ(entries.at(0).value, "");
}

TEST(BatchCodec, AnEmptyBatchHasNoEntriesAndIsWellFormed) {
  BatchReader reader("");
  BatchEntry entry;
  EXPECT_FALSE(reader.Next(entry));
  EXPECT_FALSE(reader.malformed());
  EXPECT_EQ(reader.offset(), 0U);
}

TEST(BatchCodec, EveryTruncationEndsAtABorderOrIsDetected) {
  const std::string encoded = Encode(Samples());
  std::set<std::size_t> borders{0};
  std::vector<std::size_t> border_of_entry{0};
  for (const BatchEntry& entry : Samples()) {
    border_of_entry.push_back(border_of_entry.back() + EncodedEntryBytes(entry));
    borders.insert(border_of_entry.back());
  }
  for (std::size_t cut = 0; cut <= encoded.size(); ++cut) {
    BatchReader reader(std::string_view(encoded).substr(0, cut));
    BatchEntry entry;
    std::size_t count = 0;
    while (reader.Next(entry)) {
      EXPECT_TRUE(SameEntry(entry, Samples()[count])) << "cut at " << cut;
      ++count;
    }
    EXPECT_EQ(reader.malformed(), borders.count(cut) == 0) << "cut at " << cut;
    EXPECT_EQ(reader.offset(), border_of_entry[count]) << "cut at " << cut;
  }
}

TEST(BatchCodec, AMalformedEntryStopsTheReaderForGoodAndLeavesTheLastEntry) {
  std::string encoded = Encode({{.key = "good", .value = "v"}});
  const std::size_t border = encoded.size();
  encoded += "\x0F";
  encoded += Encode({{.key = "unreachable", .value = "v"}});
  BatchReader reader(encoded);
  BatchEntry entry;
  ASSERT_TRUE(reader.Next(entry));
  EXPECT_FALSE(reader.Next(entry));
  EXPECT_FALSE(reader.Next(entry));
  EXPECT_TRUE(reader.malformed());
  EXPECT_EQ(reader.offset(), border);
  EXPECT_EQ(entry.key, "good");
}

TEST(BatchCodec, EveryUnknownHeadByteIsRefused) {
  for (unsigned head = 0; head < 256; ++head) {
    std::string encoded(1, static_cast<char>(head));
    if ((head & 0x10) != 0) AppendVarint(encoded, 5);
    if ((head & 0x20) != 0) AppendFixed(encoded, std::uint64_t{9});
    AppendLengthPrefixed(encoded, "key");
    if ((head & 0x0F) != 1) AppendLengthPrefixed(encoded, "value");
    const bool known = (head & 0x0F) <= 3 && (head & 0xC0) == 0;
    const auto [entries, well_formed] = Decode(encoded);
    EXPECT_EQ(well_formed, known) << head;
    EXPECT_EQ(entries.size(), known ? 1U : 0U) << head;
  }
}

TEST(BatchCodec, WhatTheWriterNeverWritesIsRefused) {
  const auto entry_with_head = [](std::uint8_t head, std::string_view fields) {
    std::string encoded(1, static_cast<char>(head));
    encoded += fields;
    AppendLengthPrefixed(encoded, "key");
    AppendLengthPrefixed(encoded, "value");
    return encoded;
  };
  std::string zero_keyspace;
  AppendVarint(zero_keyspace, 0);
  EXPECT_FALSE(Decode(entry_with_head(0x10, zero_keyspace)).second);
  std::string wide_keyspace;
  AppendVarint(wide_keyspace, std::uint64_t{1} << 32);
  EXPECT_FALSE(Decode(entry_with_head(0x10, wide_keyspace)).second);
  std::string zero_expiry;
  AppendFixed(zero_expiry, std::uint64_t{0});
  EXPECT_FALSE(Decode(entry_with_head(0x20, zero_expiry)).second);
}

TEST(BatchCodec, AKeyOverTheLimitIsRefused) {
  std::string encoded(1, '\0');
  AppendLengthPrefixed(encoded, std::string(kKeyBytesMax + 1, 'k'));
  AppendLengthPrefixed(encoded, "v");
  EXPECT_FALSE(Decode(encoded).second);
}

TEST(BatchCodec, RandomBytesNeverReachBeyondTheInput) {
  Random random(testing::TestSeed(3));
  for (int round = 0; round < 200'000; ++round) {
    // A heap block of exactly this size lets ASan see any byte read beyond it.
    std::vector<char> bytes(random.Below(40));
    for (char& c : bytes) {
      c = static_cast<char>(random.OneIn(2) ? random.Below(8) : random.Next());
    }
    BatchReader reader(std::string_view(bytes.data(), bytes.size()));
    BatchEntry entry;
    std::size_t last_offset = 0;
    while (reader.Next(entry)) {
      EXPECT_LE(entry.key.size(), kKeyBytesMax);
      EXPECT_GT(reader.offset(), last_offset);
      last_offset = reader.offset();
      std::string copy(entry.key);
      copy += entry.value;
      EXPECT_LE(copy.size(), bytes.size());
    }
    EXPECT_EQ(reader.malformed(), reader.offset() < bytes.size());
  }
}

TEST(BatchCodec, FlippedBitsNeverCrashAndNeverYieldAnOversizedEntry) {
  const std::string encoded = Encode({{.key = "apple", .value = "red"},
                                      {.keyspace = 7, .key = "b", .value = "c", .expiry_us = 9}});
  for (std::size_t i = 0; i < encoded.size() * 8; ++i) {
    std::string flipped = encoded;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << (i % 8)));
    for (const BatchEntry& entry : Decode(flipped).first) {
      EXPECT_LE(entry.key.size() + entry.value.size(), flipped.size());
    }
  }
}

}  // namespace
}  // namespace quiver
