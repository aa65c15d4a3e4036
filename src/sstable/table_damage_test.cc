// Files that are not what was written: no damage may go unnoticed, none may give a wrong answer.
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "arrow_ipc/message_encoder.h"
#include "base/coding.h"
#include "base/hash.h"
#include "sstable/table_layout.h"
#include "sstable/table_owner.h"
#include "sstable/table_test_directory.h"
#include "sstable/table_test_util.h"

namespace quiver {
namespace {

using sstable_test::BytesDirectory;
using sstable_test::kTestDatabase;
using sstable_test::ModelGet;
using sstable_test::Owned;
using sstable_test::OwnedEntry;
using sstable_test::TestTables;

constexpr FileNumber kNumber = 12;

// A few blocks, a run of versions over a border, a delete, an empty value, some compressible ones.
std::vector<OwnedEntry> SmallEntries() {
  return {{"", "value of the empty key", 9},          {"apple", std::string(150, 'a'), 8},
          {"apple", std::string(120, 'b'), 7},        {"apple", "old", 3},
          {"banana", "", 4, Operation::kDelete},      {"cherry", "", 5},
          {"damson", std::string(90, 'd') + "end", 6}};
}

// The bytes of one table, with the means to change them and to ask the table.
class DamagedTable {
 public:
  explicit DamagedTable(CompressionKind codec) : entries_(SmallEntries()) {
    TableWriterOptions options = TestTables::Options();
    options.compression = codec;
    options.block_size_bytes = 200;
    options.value_chunk_bytes = 64;
    summary_ = tables_.Write(kNumber, options, entries_);
    *bytes_ = tables_.ReadFile(kNumber);
    context_.directory = &directory_;
    context_.database_id = kTestDatabase;
  }

  std::string& bytes() { return *bytes_; }
  const TableSummary& summary() const { return summary_; }
  const std::vector<OwnedEntry>& entries() const { return entries_; }
  TableContext& context() { return context_; }
  Result<std::shared_ptr<const Table>> Open() const { return Table::Open(context_, summary_); }
  /// On the file's own word.
  Result<std::shared_ptr<const Table>> OpenAlone() const {
    TableSummary unknown;
    unknown.number = kNumber;
    return Table::Open(context_, unknown);
  }

 private:
  TestTables tables_;
  const std::vector<OwnedEntry> entries_;
  TableSummary summary_;
  const std::shared_ptr<std::string> bytes_ = std::make_shared<std::string>();
  BytesDirectory directory_{tables_.directory(), bytes_};
  TableContext context_;
};

bool IsDamage(const Error& error) {
  return (error.code() == ErrorCode::kCorruption || error.code() == ErrorCode::kUnsupported) &&
         error.file() == TableName(kNumber) && error.offset() != Error::kNoOffset;
}

// Every get gives an error or the right answer.
void CheckGets(const Table& table, const std::vector<OwnedEntry>& entries) {
  for (const OwnedEntry& entry : entries) {
    for (const SequenceNumber sequence : {kSequenceMax, entry.sequence, entry.sequence - 1}) {
      TableAnswer found;
      const auto got = table.Get({entry.key, sequence}, {}, false, found);
      if (!got) {
        ASSERT_TRUE(IsDamage(got.error())) << got.error().ToString();
        continue;
      }
      const OwnedEntry* expected = ModelGet(entries, entry.key, sequence);
      ASSERT_EQ(*got, expected != nullptr);
      if (expected == nullptr) continue;
      ASSERT_EQ(found.answer.value, expected->value);
    }
  }
}

// A scan yields the entries up to the first damage, then the error; a salvaging one the rest, too.
void CheckScans(const Table& table, const std::vector<OwnedEntry>& entries) {
  const auto iterator = table.NewIterator({});
  std::size_t at = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++at) {
    ASSERT_EQ(Owned(iterator->entry()), entries.at(at));
  }
  const bool damaged = !iterator->status().ok();
  ASSERT_TRUE(damaged || at == entries.size());
  std::size_t damages = 0;
  std::size_t salvaged = 0;
  const auto salvage =
      table.NewIterator({.on_damage = [&](std::uint64_t, const std::string&) { ++damages; }});
  for (salvage->SeekToFirst(); salvage->Valid(); salvage->Next(), ++salvaged) {
    const OwnedEntry entry = Owned(salvage->entry());
    ASSERT_NE(std::find(entries.begin(), entries.end(), entry), entries.end());
  }
  ASSERT_TRUE(salvage->status().ok());
  ASSERT_EQ(damaged, damages > 0);
  ASSERT_GE(salvaged, at);
}

class DamageTest : public ::testing::TestWithParam<CompressionKind> {};
INSTANTIATE_TEST_SUITE_P(Codecs, DamageTest,
                         ::testing::Values(CompressionKind::kNone, CompressionKind::kLz4,
                                           CompressionKind::kZstd));

TEST_P(DamageTest, EverySingleBitFlipIsNoticedAndNoneGivesAWrongAnswer) {
  DamagedTable damaged(GetParam());
  ASSERT_GE((*damaged.Open())->block_count(), 3U);
  std::size_t refused = 0;
  std::size_t noted = 0;
  std::size_t in_blocks = 0;
  for (std::size_t at = 0; at < damaged.bytes().size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      SCOPED_TRACE("byte " + std::to_string(at) + ", bit " + std::to_string(bit));
      damaged.bytes()[at] = static_cast<char>(damaged.bytes()[at] ^ (1 << bit));
      const auto opened = damaged.Open();
      if (!opened) {
        ASSERT_TRUE(IsDamage(opened.error())) << opened.error().ToString();
        ++refused;
      } else {
        const Table& table = **opened;
        ASSERT_NO_FATAL_FAILURE(CheckGets(table, damaged.entries()));
        ASSERT_NO_FATAL_FAILURE(CheckScans(table, damaged.entries()));
        std::set<std::uint64_t> offsets;
        const auto rows = table.VerifyAll(
            [&](std::uint64_t offset, const std::string&) { offsets.insert(offset); });
        ASSERT_TRUE(rows.ok());
        ASSERT_EQ(offsets.size(), 1U);
        // Only blocks and the filter may be damaged in a table that opens.
        if (table.notes().empty()) {
          ASSERT_LT(*offsets.begin(), at + 1);
          ASSERT_LT(*rows, damaged.entries().size());
          ++in_blocks;
        } else {
          ASSERT_EQ(*rows, damaged.entries().size());
          ++noted;
        }
      }
      damaged.bytes()[at] = static_cast<char>(damaged.bytes()[at] ^ (1 << bit));
    }
  }
  EXPECT_GT(refused, 0U);
  EXPECT_GT(in_blocks, 0U);
  EXPECT_EQ(noted, 8 * (sizeof(FilterHeader) + 64));
}

TEST_P(DamageTest, EveryTruncationIsRefused) {
  DamagedTable damaged(GetParam());
  while (!damaged.bytes().empty()) {
    damaged.bytes().pop_back();
    for (const auto& opened : {damaged.Open(), damaged.OpenAlone()}) {
      ASSERT_FALSE(opened.ok()) << damaged.bytes().size();
      ASSERT_TRUE(IsDamage(opened.error())) << opened.error().ToString();
    }
  }
}

TEST_P(DamageTest, AppendedBytesAreRefused) {
  DamagedTable damaged(GetParam());
  const std::string whole = damaged.bytes();
  const std::string tails[] = {std::string(1, '\0'),
                               std::string(64, 'x'),
                               "ARROW1",
                               whole.substr(whole.size() - 10),
                               whole.substr(whole.size() / 2),
                               whole};
  for (const std::string& tail : tails) {
    damaged.bytes() = whole + tail;
    for (const auto& opened : {damaged.Open(), damaged.OpenAlone()}) {
      ASSERT_FALSE(opened.ok());
      ASSERT_TRUE(IsDamage(opened.error())) << opened.error().ToString();
    }
  }
}

TEST(TableDamageTest, SwappedBlocksAreNoticed) {
  TestTables tables;
  TableWriterOptions options = TestTables::Options();
  options.block_size_bytes = 40;
  const std::vector<OwnedEntry> entries = {{"a", std::string(30, '1'), 1},
                                           {"b", std::string(30, '2'), 1},
                                           {"c", std::string(30, '3'), 1}};
  const TableSummary summary = tables.Write(1, options, entries);
  std::string bytes = tables.ReadFile(1);
  const auto table = tables.Open(summary);
  ASSERT_EQ(table->block_count(), 3U);
  const Table::BlockInfo first = table->block_info(0);
  const Table::BlockInfo second = table->block_info(1);
  ASSERT_EQ(first.stored_bytes, second.stored_bytes);
  std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(first.offset),
                   bytes.begin() + static_cast<std::ptrdiff_t>(first.offset + first.stored_bytes),
                   bytes.begin() + static_cast<std::ptrdiff_t>(second.offset));
  tables.WriteFile(1, bytes);

  const auto swapped = tables.Open(summary);
  TableAnswer found;
  EXPECT_FALSE(swapped->Get({"a", 1}, {}, false, found).ok());
  EXPECT_FALSE(swapped->Get({"b", 1}, {}, false, found).ok());
  EXPECT_TRUE(*swapped->Get({"c", 1}, {}, false, found));
  EXPECT_EQ(found.answer.value, std::string(30, '3'));
}

TEST(TableDamageTest, ABlockOfAnotherTableOfTheSameShapeIsNoticed) {
  TestTables tables;
  const std::vector<OwnedEntry> entries = {{"a", "one", 1}};
  const TableSummary summary = tables.Write(1, TestTables::Options(), entries);
  tables.Write(2, TestTables::Options(), {{"a", "two", 1}});
  std::string bytes = tables.ReadFile(1);
  const Table::BlockInfo block = tables.Open(summary)->block_info(0);
  const std::string other = tables.ReadFile(2);
  bytes.replace(block.offset, block.stored_bytes, other, block.offset, block.stored_bytes);
  tables.WriteFile(1, bytes);
  TableAnswer found;
  const auto got = tables.Open(summary)->Get({"a", 1}, {}, false, found);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(got.error().offset(), block.offset);
}

TEST(TableDamageTest, ATableUnderAnotherNumberIsRefused) {
  TestTables tables;
  TableSummary summary = tables.Write(1, TestTables::Options(), SmallEntries());
  ASSERT_TRUE(tables.directory().Rename(TableName(1), TableName(2)).ok());
  summary.number = 2;
  TableSummary unknown;
  unknown.number = 2;
  for (const TableSummary& expected : {summary, unknown}) {
    const auto opened = Table::Open(tables.Context(), expected);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
    EXPECT_NE(opened.error().message().find("holds table 1, not 2"), std::string::npos);
  }
}

TEST(TableDamageTest, ATableOfAnotherDatabaseIsRefused) {
  TestTables tables;
  const TableSummary summary = tables.Write(1, TestTables::Options(), SmallEntries());
  TableContext context = tables.Context();
  context.database_id.low ^= 1;
  const auto opened = Table::Open(context, summary);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
  EXPECT_NE(opened.error().message().find("belongs to database " + kTestDatabase.ToString()),
            std::string::npos);
}

TEST(TableDamageTest, AnotherWholeTableThanTheManifestRecordsIsRefused) {
  TestTables tables;
  const TableSummary summary = tables.Write(1, TestTables::Options(), {{"a", "one", 1}});
  ASSERT_TRUE(tables.directory().Remove(TableName(1)).ok());
  const TableSummary other = tables.Write(1, TestTables::Options(), {{"a", "two", 1}});
  ASSERT_EQ(other.size_bytes, summary.size_bytes);
  EXPECT_TRUE(Table::Open(tables.Context(), other).ok());
  const auto opened = Table::Open(tables.Context(), summary);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kCorruption);
}

TEST(TableDamageTest, ATableOfANewerVersionIsUnsupported) {
  DamagedTable damaged(CompressionKind::kNone);
  std::string& bytes = damaged.bytes();
  const auto footer = LoadFixed<std::int32_t>(bytes.data() + bytes.size() - 10);
  const std::size_t offset =
      bytes.size() - 10 - static_cast<std::size_t>(footer) - sizeof(TableTrailer);
  auto trailer = LoadFixed<TableTrailer>(bytes.data() + offset);
  trailer.version = kTableVersion + 1;
  trailer.checksum = TrailerChecksum(trailer, offset);
  StoreFixed(bytes.data() + offset, trailer);
  const auto opened = damaged.OpenAlone();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kUnsupported);
}

TEST(TableDamageTest, AMissingFileIsNotFound) {
  TestTables tables;
  TableSummary summary;
  summary.number = 5;
  const auto opened = Table::Open(tables.Context(), summary);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kNotFound);
}

TEST(TableDamageTest, AFileOpensOnItsOwnWordAndNamesItsDatabase) {
  TestTables tables;
  const TableSummary summary = tables.Write(7, TestTables::Options(), SmallEntries());
  TableSummary unknown;
  unknown.number = 7;
  TableContext context = tables.Context();
  EXPECT_EQ((*Table::Open(context, unknown))->summary(), summary);
  context.database_id = {};
  EXPECT_EQ((*Table::Open(context, unknown))->summary(), summary);
  EXPECT_EQ(*ReadTableOwner(tables.directory(), 7), kTestDatabase);
  const std::string bytes = tables.ReadFile(7);
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, bytes.size() - 1}) {
    tables.WriteFile(7, bytes.substr(0, size));
    EXPECT_EQ(ReadTableOwner(tables.directory(), 7).error().code(), ErrorCode::kCorruption);
  }
}

TEST(TableDamageTest, DamageBehindTheBackOfAnOpenTableIsFoundByVerify) {
  DamagedTable damaged(CompressionKind::kNone);
  const auto table = *damaged.Open();
  // The footer's last byte and the head: both were verified when the table was opened.
  for (const std::size_t at : {damaged.bytes().size() - 1, std::size_t{0}}) {
    ++damaged.bytes()[at];
    std::size_t damages = 0;
    ASSERT_EQ(*table->VerifyAll([&](std::uint64_t, const std::string&) { ++damages; }),
              damaged.entries().size());
    EXPECT_EQ(damages, 1U);
    --damaged.bytes()[at];
  }
}

}  // namespace
}  // namespace quiver
