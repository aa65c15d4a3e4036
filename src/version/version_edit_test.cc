#include "version/version_edit.h"

#include <gtest/gtest.h>

#include "base/coding.h"
#include "base/random.h"
#include "testing/seed.h"

namespace quiver {
namespace {

std::string RandomKey(Random& random) {
  std::string key(random.Below(20), '\0');
  for (char& c : key) c = static_cast<char>(random.Next());
  return key;
}

std::uint64_t RandomNumber(Random& random) {
  return random.Next() >> random.Below(64);
}

VersionEdit RandomEdit(Random& random) {
  VersionEdit edit;
  for (std::uint64_t i = random.Below(4); i != 0; --i) {
    edit.removed.push_back({static_cast<std::uint32_t>(random.Below(3)),
                            static_cast<std::uint32_t>(random.Below(kLevelCountMax)),
                            RandomNumber(random), RandomNumber(random)});
  }
  for (std::uint64_t i = random.Below(4); i != 0; --i) {
    VersionEdit::AddedTable table;
    table.level = static_cast<std::uint32_t>(random.Below(kLevelCountMax));
    table.run = RandomNumber(random);
    TableSummary& summary = table.summary;
    summary.number = RandomNumber(random) + 1;
    summary.size_bytes = RandomNumber(random);
    summary.digest = random.Next();
    summary.delete_count = RandomNumber(random) / 2;
    summary.entry_count = summary.delete_count + random.Below(1000);
    summary.raw_bytes = RandomNumber(random);
    summary.smallest_sequence = random.Below(kSequenceMax);
    summary.largest_sequence =
        summary.smallest_sequence + random.Below(kSequenceMax - summary.smallest_sequence + 1);
    summary.expiry_us_min = RandomNumber(random);
    summary.expiry_us_max = RandomNumber(random);
    summary.created_s = RandomNumber(random);
    summary.smallest_key = RandomKey(random);
    summary.largest_key = std::max(summary.smallest_key, RandomKey(random));
    edit.added.push_back(table);
  }
  for (std::uint64_t i = random.Below(3); i != 0; --i) {
    const auto id = static_cast<std::uint32_t>(random.Below(5) + 1);
    edit.keyspaces.push_back({id, "name" + std::to_string(id), "setting = 1\n"});
    edit.dropped_keyspaces.push_back(id);
    edit.keyspace_flushed.push_back({id, random.Below(kSequenceMax)});
    edit.cleaned.push_back({id, RandomNumber(random), random.Below(kSequenceMax)});
    const RangeDelete range{RandomKey(random), "\xff\xff" + RandomKey(random),
                            random.Below(kSequenceMax)};
    if (range.begin >= range.end) continue;
    edit.added_range_deletes.push_back({id, range});
    edit.removed_range_deletes.push_back({id, range});
  }
  if (random.OneIn(2)) edit.next_keyspace_id = RandomNumber(random);
  if (random.OneIn(2)) edit.first_log_segment = RandomNumber(random);
  if (random.OneIn(2)) edit.flushed_sequence = RandomNumber(random);
  if (random.OneIn(2)) edit.next_file_number = RandomNumber(random);
  if (random.OneIn(2)) edit.next_run_number = RandomNumber(random);
  return edit;
}

TEST(VersionEdit, DecodesWhatItEncoded) {
  Random random(quiver::testing::TestSeed(1));
  for (int i = 0; i < 2000; ++i) {
    const VersionEdit edit = RandomEdit(random);
    const auto decoded = VersionEdit::Decode(edit.Encode());
    ASSERT_TRUE(decoded.ok()) << decoded.error().ToString();
    EXPECT_EQ(*decoded, edit);
  }
}

TEST(VersionEdit, RefusesEveryTruncationAndEveryExtraByte) {
  Random random(quiver::testing::TestSeed(2));
  for (int i = 0; i < 300; ++i) {
    const std::string bytes = RandomEdit(random).Encode();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto decoded = VersionEdit::Decode(std::string_view(bytes).substr(0, size));
      ASSERT_FALSE(decoded.ok()) << size << " of " << bytes.size();
      EXPECT_EQ(decoded.error().code(), ErrorCode::kCorruption);
    }
    EXPECT_FALSE(VersionEdit::Decode(bytes + '\0').ok());
  }
}

// A flipped bit may give another edit, which the record's checksum is there to notice; but one edit
// has one encoding, so whatever decodes must encode to the same bytes.
TEST(VersionEdit, HasOneEncodingWhateverBitIsFlipped) {
  Random random(quiver::testing::TestSeed(3));
  int refused = 0;
  int decoded_count = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string bytes = RandomEdit(random).Encode();
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      std::string damaged = bytes;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const auto decoded = VersionEdit::Decode(damaged);
      if (decoded) {
        EXPECT_EQ(decoded->Encode(), damaged);
        ++decoded_count;
      } else {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(decoded_count, 0);
}

TEST(VersionEdit, RefusesFieldsOutOfOrderAndTwice) {
  const std::string segment_twice("\x02\x03\x07\x03\x08", 5);
  const std::string out_of_order("\x02\x04\x07\x03\x08", 5);
  for (const std::string& bytes : {segment_twice, out_of_order}) {
    const auto decoded = VersionEdit::Decode(bytes);
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.error().code(), ErrorCode::kCorruption);
  }
}

TEST(VersionEdit, RefusesAnUnknownFieldAsUnsupported) {
  std::string bytes;
  AppendVarint(bytes, 1);
  AppendVarint(bytes, 77);
  AppendVarint(bytes, 1);
  const auto decoded = VersionEdit::Decode(bytes);
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(decoded.error().message().find("77"), std::string::npos);
}

TEST(VersionEdit, RefusesATableThatContradictsItself) {
  VersionEdit edit;
  edit.added.push_back({});
  edit.added[0].summary = {.number = 5, .smallest_key = "b", .largest_key = "a"};
  EXPECT_FALSE(VersionEdit::Decode(edit.Encode()).ok());
  edit.added[0].summary.largest_key = "b";
  EXPECT_TRUE(VersionEdit::Decode(edit.Encode()).ok());
  edit.added[0].summary.smallest_sequence = 1;
  EXPECT_FALSE(VersionEdit::Decode(edit.Encode()).ok());
  edit.added[0].summary.smallest_sequence = 0;
  edit.added[0].summary.delete_count = 1;
  EXPECT_FALSE(VersionEdit::Decode(edit.Encode()).ok());
  edit.added[0].summary.delete_count = 0;
  edit.added[0].level = kLevelCountMax;
  EXPECT_FALSE(VersionEdit::Decode(edit.Encode()).ok());
}

}  // namespace
}  // namespace quiver
