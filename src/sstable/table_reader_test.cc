// What a reader does beyond right answers: which bytes it reads, what it caches and counts, and
// what it makes of files that are forged rather than damaged.
#include "sstable/table_reader.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/coding.h"
#include "base/epoch.h"
#include "base/hash.h"
#include "metrics/engine_metrics.h"
#include "sstable/table_test_directory.h"
#include "sstable/table_test_util.h"
#include "testing/sanitized.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using sstable_test::BytesDirectory;
using sstable_test::kTestDatabase;
using sstable_test::ObservedDirectory;
using sstable_test::OwnedEntry;
using sstable_test::RandomEntries;
using sstable_test::TestTables;

std::vector<OwnedEntry> NumberedEntries(int count) {
  std::vector<OwnedEntry> entries;
  for (int i = 0; i < count; ++i) {
    entries.push_back({"key" + std::to_string(1'000'000 + i), std::string(100, 'v'), 1});
  }
  return entries;
}

// A table of some 120 blocks of 1 KiB whose reads are counted.
class ReadsTest : public ::testing::Test {
 protected:
  ReadsTest() {
    TableWriterOptions options = TestTables::Options();
    options.block_size_bytes = 1'024;
    entries_ = NumberedEntries(1'000);
    summary_ = tables_.Write(1, options, entries_);
    table_ = Open(summary_);
  }
  std::shared_ptr<const Table> Open(const TableSummary& summary) {
    TableContext context = tables_.Context(&cache_);
    context.directory = &observed_;
    context.metrics = &metrics_;
    context.ledger = &ledger_;
    auto table = *Table::Open(context, summary);
    reads_ = 0;
    return table;
  }
  std::uint64_t Scan(const TableReadOptions& options) {
    reads_ = 0;
    const auto iterator = table_->NewIterator(options);
    std::uint64_t rows = 0;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) ++rows;
    EXPECT_EQ(rows, entries_.size());
    return reads_;
  }
  bool Get(std::string_view key, bool fill_cache) {
    const EpochGuard guard(epochs_);
    TableAnswer found;
    return *table_->Get({key, kSequenceMax}, {.fill_cache = fill_cache}, false, found);
  }

  TestTables tables_;
  std::uint64_t reads_ = 0;
  ObservedDirectory observed_{tables_.directory(),
                              [this](std::uint64_t, std::size_t) { ++reads_; }};
  EpochManager epochs_;
  EngineMetrics metrics_;
  MemoryLedger ledger_{0};
  BlockCache cache_{std::uint64_t{8} << 20, epochs_, nullptr, &metrics_};
  std::vector<OwnedEntry> entries_;
  TableSummary summary_;
  std::shared_ptr<const Table> table_;
};

TEST_F(ReadsTest, AGetReadsItsBlockOnceAndThenTheCache) {
  EXPECT_TRUE(Get(entries_[500].key, true));
  EXPECT_TRUE(Get(entries_[500].key, true));
  EXPECT_EQ(reads_, 1U);
  EXPECT_EQ(metrics_.cache_hits.Sum(), 1U);
  EXPECT_EQ(metrics_.cache_misses.Sum(), 1U);
}

TEST_F(ReadsTest, AGetThatFillsNoCacheReadsEachTime) {
  EXPECT_TRUE(Get(entries_[500].key, false));
  EXPECT_TRUE(Get(entries_[500].key, false));
  EXPECT_EQ(reads_, 2U);
}

TEST_F(ReadsTest, AnAbsentKeyIsMostlyAnsweredByTheFilter) {
  constexpr std::uint64_t kAbsent = 2'000;
  for (std::uint64_t i = 0; i < kAbsent; ++i) {
    EXPECT_FALSE(Get("key1000500x" + std::to_string(i), true));
  }
  EXPECT_EQ(metrics_.filter_checks.Sum(), kAbsent);
  const std::uint64_t useful = metrics_.filter_useful.Sum();
  EXPECT_EQ(useful + metrics_.filter_false_positives.Sum(), kAbsent);
  EXPECT_GT(useful, kAbsent * 96 / 100);
  EXPECT_LE(reads_, 1U);
}

TEST_F(ReadsTest, ScansReadAheadInLargePiecesAndLeaveTheCacheAloneIfAsked) {
  const std::uint64_t blocks = table_->block_count();
  EXPECT_GT(blocks, 100U);
  EXPECT_EQ(Scan({.fill_cache = false}), blocks);
  EXPECT_LE(Scan({.fill_cache = false, .read_ahead_bytes = 64 << 10}), 4U);
  EXPECT_EQ(cache_.memory_bytes(), 0U);
  EXPECT_LE(Scan({.fill_cache = true, .read_ahead_bytes = 64 << 10}), 4U);
  EXPECT_EQ(Scan({.fill_cache = true}), 0U);
  EXPECT_EQ(Scan({.fill_cache = false, .read_ahead_bytes = 64 << 10}), 0U);
}

TEST_F(ReadsTest, ReadAheadGrowsAfterASeek) {
  const auto iterator = table_->NewIterator({.fill_cache = false, .read_ahead_bytes = 64 << 10});
  iterator->Seek(entries_[300].key, kSequenceMax);
  EXPECT_EQ(reads_, 1U);
  std::uint64_t rows = 300;
  for (; iterator->Valid(); iterator->Next()) ++rows;
  EXPECT_EQ(rows, entries_.size());
  EXPECT_LE(reads_, 10U);
}

TEST_F(ReadsTest, AnIteratorKeepsTheTableAndItsBlockAlive) {
  auto iterator = table_->NewIterator({});
  iterator->Seek(entries_[10].key, kSequenceMax);
  table_.reset();
  cache_.SetCapacity(0);
  EXPECT_EQ(iterator->entry().key, entries_[10].key);
  iterator->Next();
  EXPECT_EQ(iterator->entry().key, entries_[11].key);
}

TEST_F(ReadsTest, TheLedgerKnowsWhatOpenTablesHold) {
  EXPECT_EQ(ledger_.bytes(MemoryOwner::kTables), table_->pinned_bytes());
  table_.reset();
  EXPECT_EQ(ledger_.bytes(MemoryOwner::kTables), 0U);
}

TEST_F(ReadsTest, ATableMayOutliveItsCacheAndLedger) {
  auto ledger = std::make_unique<MemoryLedger>(0);
  auto epochs = std::make_unique<EpochManager>();
  auto cache = std::make_unique<BlockCache>(std::uint64_t{1} << 20, *epochs, ledger.get(), nullptr);
  TableContext context = tables_.Context(cache.get());
  context.ledger = ledger.get();
  auto iterator = (*Table::Open(context, summary_))->NewIterator({});
  iterator->SeekToFirst();
  EXPECT_GT(ledger->bytes(MemoryOwner::kTables), 0U);
  cache.reset();
  epochs.reset();
  ledger.reset();
  EXPECT_EQ(iterator->entry().key, entries_[0].key);
  iterator.reset();
}

TEST_F(ReadsTest, AFailingReadIsReportedAndLeavesNothingBehind) {
  tables_.WriteFile(1, tables_.ReadFile(1));  // the open table keeps reading the old file
  const auto bytes = std::make_shared<std::string>(tables_.ReadFile(1));
  BytesDirectory directory(tables_.directory(), bytes);
  TableContext context = tables_.Context(&cache_);
  context.directory = &directory;
  const auto table = *Table::Open(context, summary_);
  const std::string whole = *bytes;
  bytes->resize(table->block_info(3).offset + 10);
  const EpochGuard guard(epochs_);
  const auto iterator = table->NewIterator({.read_ahead_bytes = 1 << 20});
  std::uint64_t rows = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) ++rows;
  EXPECT_EQ(rows, 3 * table->block_info(0).rows);
  EXPECT_EQ(iterator->status().error().code(), ErrorCode::kCorruption);
  *bytes = whole;
  iterator->Seek(entries_.back().key, kSequenceMax);
  EXPECT_TRUE(iterator->Valid());
  EXPECT_TRUE(iterator->status().ok());
}

// Changes a byte and makes every checksum right again.
class Forger {
 public:
  explicit Forger(std::string bytes) : bytes_(std::move(bytes)) {
    const auto footer = LoadFixed<std::int32_t>(bytes_.data() + bytes_.size() - 10);
    trailer_offset_ = bytes_.size() - 10 - static_cast<std::size_t>(footer) - sizeof(TableTrailer);
    trailer_ = LoadFixed<TableTrailer>(bytes_.data() + trailer_offset_);
    for (std::uint32_t i = 0; i < trailer_.directory_entries; ++i) {
      sections_.push_back(LoadFixed<SectionEntry>(bytes_.data() + trailer_.directory_offset +
                                                  i * sizeof(SectionEntry)));
      if (sections_.back().type == SectionType::kIndex) index_offset_ = sections_.back().offset;
    }
    for (std::uint64_t i = 0; i < trailer_.block_count; ++i) {
      blocks_.push_back(
          LoadFixed<BlockEntry>(bytes_.data() + index_offset_ + i * sizeof(BlockEntry)));
    }
  }

  /// A forged copy with the byte at `at` xored; `at` before the trailer.
  std::string Forge(std::size_t at, char change) {
    std::string forged = bytes_;
    forged[at] = static_cast<char>(forged[at] ^ change);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const BlockEntry& block = blocks_[i];
      if (at < block.offset || at >= block.offset + block.stored_bytes) continue;
      char* const field =
          forged.data() + block.offset + trailer_.message_bytes + offsetof(BlockHeader, checksum);
      StoreFixed(field, std::uint64_t{0});
      const std::uint64_t sum = Sum(forged, block.offset, block.stored_bytes);
      StoreFixed(field, sum);
      StoreFixed(
          forged.data() + index_offset_ + i * sizeof(BlockEntry) + offsetof(BlockEntry, checksum),
          sum);
    }
    for (std::size_t i = 0; i < sections_.size(); ++i) {
      StoreFixed(forged.data() + trailer_.directory_offset + i * sizeof(SectionEntry) +
                     offsetof(SectionEntry, checksum),
                 Sum(forged, sections_[i].offset, sections_[i].size_bytes));
    }
    TableTrailer trailer = trailer_;
    trailer.directory_checksum =
        Sum(forged, trailer.directory_offset, trailer_offset_ - trailer.directory_offset);
    trailer.checksum = TrailerChecksum(trailer, trailer_offset_);
    StoreFixed(forged.data() + trailer_offset_, trailer);
    return forged;
  }
  /// A copy with the trailer changed and its checksum right.
  template <typename Change>
  std::string ForgeTrailer(Change change) const {
    std::string forged = bytes_;
    TableTrailer trailer = trailer_;
    change(trailer);
    trailer.checksum = TrailerChecksum(trailer, trailer_offset_);
    StoreFixed(forged.data() + trailer_offset_, trailer);
    return forged;
  }
  std::size_t directory_offset() const { return trailer_.directory_offset; }
  std::size_t block_header_offset(std::size_t block) const {
    return blocks_[block].offset + trailer_.message_bytes;
  }

 private:
  std::uint64_t Sum(const std::string& bytes, std::uint64_t offset, std::uint64_t size) const {
    return Checksum(std::string_view(bytes).substr(offset, size),
                    PlaceSeed(kTestDatabase.FileIdentity(1), offset));
  }

  const std::string bytes_;
  std::size_t trailer_offset_ = 0;
  std::uint64_t index_offset_ = 0;
  TableTrailer trailer_;
  std::vector<SectionEntry> sections_;
  std::vector<BlockEntry> blocks_;
};

// Uses every way of reading; answers do not matter, staying inside of the buffers does.
void UseEverything(const TableContext& context, const std::vector<OwnedEntry>& entries) {
  TableSummary unknown;
  unknown.number = 1;
  const auto opened = Table::Open(context, unknown);
  if (!opened) return;
  const Table& table = **opened;
  const EpochGuard guard(context.cache->epochs());
  for (const OwnedEntry& entry : entries) {
    for (const bool fill_cache : {false, true}) {
      TableAnswer found;
      const auto got =
          table.Get({entry.key, entry.sequence}, {.fill_cache = fill_cache}, false, found);
      if (got.ok() && *got) (void)std::string(found.answer.value);
    }
  }
  for (const bool fill_cache : {false, true}) {
    const auto iterator = table.NewIterator({.fill_cache = fill_cache});
    std::size_t steps = 0;
    for (iterator->SeekToFirst(); iterator->Valid() && steps < 1'000; iterator->Next(), ++steps) {
      (void)std::string(iterator->entry().value);
      (void)std::string(iterator->entry().key);
    }
    iterator->Seek(entries.back().key, 1);
    iterator->SeekForPrev(entries.front().key, 1);
  }
  (void)table.VerifyAll([](std::uint64_t, const std::string&) {});
  (void)table.Describe();
}

TEST(ForgedTableTest, NoForgedByteMakesAReaderLeaveItsBuffers) {
  Random random(testing::TestSeed(71));
  for (const CompressionKind codec :
       {CompressionKind::kNone, CompressionKind::kLz4, CompressionKind::kZstd}) {
    TestTables tables;
    const std::vector<OwnedEntry> entries =
        RandomEntries(random, {.keys = 12, .versions_max = 4, .has_expiry = true});
    TableWriterOptions options = TestTables::Options();
    options.compression = codec;
    options.schema.has_expiry = true;
    options.block_size_bytes = 600;
    tables.Write(1, options, entries);
    Forger forger(tables.ReadFile(1));
    const auto bytes = std::make_shared<std::string>();
    BytesDirectory directory(tables.directory(), bytes);
    EpochManager epochs;
    BlockCache cache(1 << 20, epochs, nullptr, nullptr);
    TableContext context = tables.Context(&cache);
    context.directory = &directory;
    // Nothing here has threads: under ThreadSanitizer, where it takes an hour, a sample will do.
    const std::size_t step = testing::kThreadSanitized ? 41 : 1;
    for (std::size_t at = 0; at < forger.directory_offset(); at += step) {
      for (const char change : {'\x80', static_cast<char>(random.Next() | 1)}) {
        *bytes = forger.Forge(at, change);
        UseEverything(context, entries);
      }
    }
  }
}

// What a fuzzer found: memory for the sizes of a block's header was taken before anything else in
// the block had to agree with them.
TEST(ForgedTableTest, ABlockThatDeclaresMoreThanItHoldsIsRefusedBeforeMemoryIsTaken) {
  for (const CompressionKind codec :
       {CompressionKind::kNone, CompressionKind::kLz4, CompressionKind::kZstd}) {
    TestTables tables;
    TableWriterOptions options = TestTables::Options();
    options.compression = codec;
    std::vector<OwnedEntry> entries = NumberedEntries(100);
    entries[7].value.resize(50);  // else the width of all values would contradict first
    tables.Write(1, options, entries);
    Forger forger(tables.ReadFile(1));
    const std::size_t field = forger.block_header_offset(0) + offsetof(BlockHeader, value_bytes);
    tables.WriteFile(1, forger.Forge(field + 3, '\x7f'));
    TableSummary unknown;
    unknown.number = 1;
    const auto table = Table::Open(tables.Context(), unknown);
    ASSERT_TRUE(table) << table.error().ToString();
    const auto iterator = (*table)->NewIterator({});
    iterator->SeekToFirst();
    EXPECT_FALSE(iterator->Valid());
    ASSERT_FALSE(iterator->status());
    EXPECT_NE(iterator->status().error().message().find("does not have its size"),
              std::string::npos)
        << iterator->status().error().ToString();
  }
}

TEST(ForgedTableTest, ATrailerThatContradictsTheFileIsRefused) {
  TestTables tables;
  tables.Write(1, TestTables::Options(), NumberedEntries(100));
  const Forger forger(tables.ReadFile(1));
  const auto refused = [&](auto change) {
    tables.WriteFile(1, forger.ForgeTrailer(change));
    TableSummary unknown;
    unknown.number = 1;
    const auto opened = Table::Open(tables.Context(), unknown);
    return !opened.ok() && opened.error().code() == ErrorCode::kCorruption;
  };
  constexpr std::uint64_t kHuge = ~std::uint64_t{0} - 3;
  EXPECT_FALSE(refused([](TableTrailer&) {}));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { ++trailer.file_bytes; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { ++trailer.entry_count; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { ++trailer.block_count; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.block_count = kHuge; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.blocks_end += 8; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.blocks_end = kHuge; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.directory_offset = kHuge; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.directory_entries = 1U << 31; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.head_bytes += 8; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.message_bytes = 1U << 31; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.buffers_offset = 0xFFF8; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.rows_offset = 0xFFF8; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.compression = 3; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.has_expiry = 2; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.footer_bytes = 0; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.footer_checksum = 0; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.directory_checksum = 0; }));
  EXPECT_TRUE(refused([](TableTrailer& trailer) { trailer.version = 0; }));
}

}  // namespace
}  // namespace quiver
