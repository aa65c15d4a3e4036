// LevelIterator over real tables in a memory file system, against a sorted vector of all entries.
#include "version/level_iterator.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "sstable/table_writer.h"
#include "testing/seed.h"

namespace quiver {
namespace {

constexpr DatabaseId kId{3, 4};

struct Expected {
  std::string key;
  SequenceNumber sequence;
  std::string value;
};

class LevelIteratorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = *files_.OpenDirectory("/db", true);
    Random random(quiver::testing::TestSeed(31));
    int key = 0;
    for (FileNumber number = 1; number <= 12; ++number) {
      auto writer =
          *TableWriter::Create(*directory_, number, {.database_id = kId, .block_size_bytes = 1024});
      for (std::uint64_t keys = 1 + random.Below(60); keys != 0; --keys, key += 2) {
        for (SequenceNumber version = 1 + random.Below(3); version != 0; --version) {
          const Expected entry{Key(key), version * 10, "v" + std::to_string(random.Below(1000))};
          ASSERT_TRUE(writer->Add({entry.key, entry.value, entry.sequence}).ok());
          entries_.push_back(entry);
        }
      }
      auto file = std::make_shared<TableFile>();
      file->summary = *writer->Finish();
      run_.tables.push_back(std::move(file));
    }
    run_.number = 1;
    key_count_ = key;
  }

  static std::string Key(int number) {
    std::string digits = std::to_string(number);
    return "key" + std::string(6 - digits.size(), '0') + digits;
  }

  std::unique_ptr<InternalIterator> NewIterator(std::uint32_t open_files_max = 2) {
    TableContext context{.directory = directory_.get(), .database_id = kId};
    iterator_.reset();
    cache_ = std::make_unique<TableCache>(context, epochs_, open_files_max);
    return NewLevelIterator(run_, *cache_, {.fill_cache = false});
  }

  void ExpectAt(const InternalIterator& iterator, std::ptrdiff_t index) {
    if (index < 0 || index >= std::ssize(entries_)) {
      ASSERT_FALSE(iterator.Valid());
      ASSERT_TRUE(iterator.status().ok());
      return;
    }
    ASSERT_TRUE(iterator.Valid()) << index;
    const Expected& expected = entries_[static_cast<std::size_t>(index)];
    ASSERT_EQ(iterator.entry().key, expected.key);
    ASSERT_EQ(iterator.entry().sequence, expected.sequence);
    ASSERT_EQ(iterator.entry().value, expected.value);
  }

  std::ptrdiff_t LowerBound(const std::string& key, SequenceNumber sequence) const {
    const auto at =
        std::partition_point(entries_.begin(), entries_.end(), [&](const Expected& entry) {
          return CompareEntry(entry.key, entry.sequence, key, sequence) < 0;
        });
    return at - entries_.begin();
  }

  io::MemoryFileSystem memory_;
  io::FaultFileSystem files_{memory_};
  std::unique_ptr<io::Directory> directory_;
  EpochManager epochs_;
  std::unique_ptr<TableCache> cache_;
  std::unique_ptr<InternalIterator> iterator_;
  SortedRun run_;
  std::vector<Expected> entries_;
  int key_count_ = 0;
};

TEST_F(LevelIteratorTest, WalksAllTablesInBothDirections) {
  iterator_ = NewIterator();
  std::ptrdiff_t index = 0;
  for (iterator_->SeekToFirst(); iterator_->Valid(); iterator_->Next())
    ExpectAt(*iterator_, index++);
  EXPECT_EQ(index, std::ssize(entries_));
  for (iterator_->SeekToLast(); iterator_->Valid(); iterator_->Prev())
    ExpectAt(*iterator_, --index);
  EXPECT_EQ(index, 0);
}

TEST_F(LevelIteratorTest, SkipsWhatItsSpansOfferAcrossTables) {
  iterator_ = NewIterator();
  Random random(quiver::testing::TestSeed(33));
  std::ptrdiff_t index = 0;
  std::uint64_t many = 0;
  for (iterator_->SeekToFirst(); iterator_->Valid() && !HasFatalFailure();) {
    ExpectAt(*iterator_, index);
    const EntrySpan span = iterator_->Span();
    ASSERT_GE(span.rows(), 1U);
    ASSERT_LE(index + span.rows(), std::ssize(entries_));
    for (std::uint32_t row = 0; row < span.rows(); ++row) {
      const Expected& expected = entries_[static_cast<std::size_t>(index) + row];
      ASSERT_EQ(span.columns->KeyAt(span.begin + row), expected.key);
      ASSERT_EQ(span.columns->ValueAt(span.begin + row), expected.value);
      ASSERT_EQ(span.columns->SequenceAt(span.begin + row), expected.sequence);
    }
    many += span.rows() > 1 ? 1 : 0;
    const std::uint64_t step = random.OneIn(3) ? span.rows() : 1 + random.Below(span.rows());
    iterator_->Skip(static_cast<std::uint32_t>(step));
    index += static_cast<std::ptrdiff_t>(step);
  }
  EXPECT_EQ(index, std::ssize(entries_));
  EXPECT_GT(many, 10U);
}

TEST_F(LevelIteratorTest, SkipsBackWhatItsSpansOfferAcrossTables) {
  iterator_ = NewIterator();
  Random random(quiver::testing::TestSeed(34));
  std::ptrdiff_t index = std::ssize(entries_) - 1;
  std::uint64_t many = 0;
  for (iterator_->SeekToLast(); iterator_->Valid() && !HasFatalFailure();) {
    ExpectAt(*iterator_, index);
    const EntrySpan span = iterator_->SpanBack();
    ASSERT_GE(span.rows(), 1U);
    ASSERT_LE(span.rows(), index + 1);
    for (std::uint32_t back = 0; back < span.rows(); ++back) {
      const Expected& expected = entries_[static_cast<std::size_t>(index) - back];
      ASSERT_EQ(span.columns->KeyAt(span.end - 1 - back), expected.key);
      ASSERT_EQ(span.columns->ValueAt(span.end - 1 - back), expected.value);
      ASSERT_EQ(span.columns->SequenceAt(span.end - 1 - back), expected.sequence);
    }
    many += span.rows() > 1 ? 1 : 0;
    const std::uint64_t step = random.OneIn(3) ? span.rows() : 1 + random.Below(span.rows());
    iterator_->SkipBack(static_cast<std::uint32_t>(step));
    index -= static_cast<std::ptrdiff_t>(step);
  }
  EXPECT_EQ(index, -1);
  EXPECT_TRUE(iterator_->status().ok());
  EXPECT_GT(many, 10U);
}

TEST_F(LevelIteratorTest, SeeksAndTurnsAnywhereLikeASortedVector) {
  iterator_ = NewIterator();
  Random random(quiver::testing::TestSeed(32));
  for (int i = 0; i < 3000 && !HasFatalFailure(); ++i) {
    const std::string key =
        Key(static_cast<int>(random.Below(static_cast<std::uint64_t>(key_count_) + 3)));
    const SequenceNumber sequence = random.OneIn(3)   ? kSequenceMax
                                    : random.OneIn(3) ? 0
                                                      : random.Below(40);
    std::ptrdiff_t index = LowerBound(key, sequence);
    if (random.OneIn(2)) {
      iterator_->Seek(key, sequence);
    } else {
      const bool is_exact = index < std::ssize(entries_) &&
                            entries_[static_cast<std::size_t>(index)].key == key &&
                            entries_[static_cast<std::size_t>(index)].sequence == sequence;
      if (!is_exact) --index;
      iterator_->SeekForPrev(key, sequence);
    }
    ExpectAt(*iterator_, index);
    for (int step = 0; step < 8 && iterator_->Valid() && !HasFatalFailure(); ++step) {
      if (random.OneIn(2)) {
        iterator_->Next();
        ++index;
      } else {
        iterator_->Prev();
        --index;
      }
      ExpectAt(*iterator_, index);
    }
  }
}

TEST_F(LevelIteratorTest, OpensNothingUntilAskedAndNoMoreThanItNeeds) {
  iterator_ = NewIterator(100);
  EXPECT_EQ(cache_->open_tables(), 0U);
  iterator_->Seek(run_.tables[5]->summary.smallest_key, kSequenceMax);
  EXPECT_EQ(cache_->open_tables(), 1U);
}

TEST_F(LevelIteratorTest, OfNoTablesIsEmpty) {
  const SortedRun nothing;
  iterator_ = NewIterator();
  const auto iterator = NewLevelIterator(nothing, *cache_, {});
  iterator->SeekToFirst();
  EXPECT_FALSE(iterator->Valid());
  iterator->SeekToLast();
  EXPECT_FALSE(iterator->Valid());
  iterator->Seek("a", 1);
  EXPECT_FALSE(iterator->Valid());
  iterator->SeekForPrev("a", 1);
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(iterator->status().ok());
}

TEST_F(LevelIteratorTest, StopsWithTheErrorOfATableThatCannotBeReadAndRecoversBySeeking) {
  iterator_ = NewIterator(1);
  const std::string bad = TableName(run_.tables[6]->summary.number);
  files_.SetHook([&](io::OperationKind, std::string_view name) -> std::optional<Error> {
    if (name != bad) return std::nullopt;
    return Error(ErrorCode::kIo, "injected", bad);
  });
  std::ptrdiff_t read = 0;
  for (iterator_->SeekToFirst(); iterator_->Valid(); iterator_->Next()) ++read;
  EXPECT_LT(read, std::ssize(entries_));
  ASSERT_FALSE(iterator_->status().ok());
  EXPECT_EQ(iterator_->status().error().file(), bad);
  iterator_->SeekToLast();
  EXPECT_TRUE(iterator_->Valid());
  EXPECT_TRUE(iterator_->status().ok());
  while (iterator_->Valid()) iterator_->Prev();
  EXPECT_FALSE(iterator_->status().ok());
  files_.SetHook({});
  iterator_->Seek(run_.tables[6]->summary.smallest_key, kSequenceMax);
  EXPECT_TRUE(iterator_->Valid());
}

TEST_F(LevelIteratorTest, StopsWithTheErrorOfABlockThatCannotBeRead) {
  iterator_ = NewIterator(20);
  for (iterator_->SeekToFirst(); iterator_->Valid(); iterator_->Next()) {
  }
  ASSERT_TRUE(iterator_->status().ok());  // every table is open now
  const std::string bad = TableName(run_.tables[6]->summary.number);
  files_.SetHook([&](io::OperationKind kind, std::string_view name) -> std::optional<Error> {
    if (name != bad || kind != io::OperationKind::kReadAt) return std::nullopt;
    return Error(ErrorCode::kIo, "injected", bad);
  });
  const auto expect_error = [&] {
    EXPECT_FALSE(iterator_->Valid());
    ASSERT_FALSE(iterator_->status().ok()) << "the rows behind it are not the end";
    EXPECT_EQ(iterator_->status().error().file(), bad);
  };
  for (iterator_->SeekToFirst(); iterator_->Valid();) iterator_->Next();
  expect_error();
  for (iterator_->SeekToLast(); iterator_->Valid();) iterator_->Prev();
  expect_error();
  iterator_->Seek(run_.tables[6]->summary.smallest_key, kSequenceMax);
  expect_error();
}

}  // namespace
}  // namespace quiver
