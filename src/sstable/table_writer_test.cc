#include "sstable/table_writer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "io/fault_file_system.h"
#include "io/manual_clock.h"
#include "sstable/index_builder.h"
#include "sstable/table_test_directory.h"
#include "sstable/table_test_util.h"
#include "testing/seed.h"

namespace quiver {
namespace {

using sstable_test::BytesDirectory;
using sstable_test::EntryShape;
using sstable_test::ForwardingDirectory;
using sstable_test::Owned;
using sstable_test::OwnedEntry;
using sstable_test::RandomEntries;
using sstable_test::TestTables;

std::unique_ptr<TableWriter> NewWriter(TestTables& tables, const TableWriterOptions& options) {
  return std::move(*TableWriter::Create(tables.directory(), 1, options));
}

bool Exists(io::Directory& directory, FileNumber number) {
  return directory.OpenForRead(TableName(number)).ok();
}

TEST(TableWriterTest, NamesAreTenDigitsAndOneSpellingOnly) {
  EXPECT_EQ(TableName(12), "0000000012.arrow");
  EXPECT_EQ(TableName(12'345'678'901), "12345678901.arrow");
  EXPECT_EQ(ParseTableName("0000000012.arrow"), 12U);
  EXPECT_EQ(ParseTableName("12345678901.arrow"), 12'345'678'901U);
  for (const char* foreign :
       {"12.arrow", "00000000012.arrow", "0000000012.arrow2", "arrow", "", "000000001x.arrow",
        "+000000012.arrow", "0000000000.arrow", "99999999999999999999.arrow", ".arrow"}) {
    EXPECT_EQ(ParseTableName(foreign), 0U) << foreign;
  }
}

TEST(TableWriterTest, SeparatorsAreShortestAndInBetween) {
  Random random(testing::TestSeed(61));
  EXPECT_EQ(ShortestSeparator("apple", "banana"), "b");
  EXPECT_EQ(ShortestSeparator("apple", "apricot"), "apr");
  EXPECT_EQ(ShortestSeparator("", "x"), "x");
  EXPECT_EQ(ShortestSeparator("ab", "abc"), "abc");
  for (int i = 0; i < 2'000; ++i) {
    std::string last = sstable_test::RandomBytes(random, random.Below(8));
    std::string next = sstable_test::RandomBytes(random, random.Below(8));
    if (last == next) continue;
    if (next < last) std::swap(last, next);
    const std::string_view separator = ShortestSeparator(last, next);
    ASSERT_LT(last, separator);
    ASSERT_LE(separator, next);
    // Nothing shorter lies between them: the best candidate is a prefix of `next`.
    ASSERT_LE(next.substr(0, separator.size() - 1), last);
  }
}

TEST(TableWriterTest, WrongWidthsAreRefusedAndLeaveTheTableUsable) {
  TestTables tables;
  TableWriterOptions options = TestTables::Options();
  options.schema = {3, 2, false};
  const auto writer = NewWriter(tables, options);
  EXPECT_EQ(writer->Add({"ab", "xx", 1}).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(writer->Add({"abc", "x", 1}).error().code(), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(writer->Add({"abc", "xx", 1}).ok());
  ASSERT_TRUE(writer->Add({"abd", "", 1, Operation::kDelete}).ok());
  EXPECT_EQ(writer->entry_count(), 2U);
  const TableSummary summary = *writer->Finish();
  const auto iterator = tables.Open(summary)->NewIterator({});
  iterator->SeekToLast();
  EXPECT_EQ(iterator->entry().operation, Operation::kDelete);
  EXPECT_EQ(iterator->entry().value, "");
}

TEST(TableWriterTest, EntriesBeyondTheLimitsAreRefused) {
  TestTables tables;
  const auto writer = NewWriter(tables, TestTables::Options());
  const std::string long_key(kKeyBytesMax + 1, 'k');
  const std::string_view long_value(long_key.data(), kValueBytesMax + 1);  // never read
  const auto code = [&](const EntryView& entry) { return writer->Add(entry).error().code(); };
  EXPECT_EQ(code({long_key, "", 1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({"k", long_value, 1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({"k", "", kSequenceMax + 1}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({"k", "v", 1, Operation::kDelete}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({"k", "v", 1, static_cast<Operation>(4)}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code({"k", "v", 1, Operation::kPut, 5}), ErrorCode::kInvalidArgument);
  EXPECT_EQ(writer->Finish().error().code(), ErrorCode::kInvalidArgument);
}

TEST(TableWriterTest, EntriesOutOfOrderAreABug) {
  TestTables tables;
  const auto writer = NewWriter(tables, TestTables::Options());
  ASSERT_TRUE(writer->Add({"b", "", 5}).ok());
  EXPECT_EQ(writer->Add({"b", "", 5}).error().code(), ErrorCode::kInternal);
  EXPECT_EQ(writer->Add({"b", "", 6}).error().code(), ErrorCode::kInternal);
  EXPECT_EQ(writer->Add({"a", "", 1}).error().code(), ErrorCode::kInternal);
  EXPECT_TRUE(writer->Add({"b", "", 4}).ok());
}

TEST(TableWriterTest, OptionsOutOfRangeAreRefused) {
  TestTables tables;
  TableWriterOptions options = TestTables::Options();
  options.block_size_bytes = 0;
  const auto create = [&](FileNumber number) {
    return TableWriter::Create(tables.directory(), number, options).error().code();
  };
  EXPECT_EQ(create(1), ErrorCode::kInvalidArgument);
  options = TestTables::Options();
  options.schema.key_width_bytes = kKeyBytesMax + 1;
  EXPECT_EQ(create(1), ErrorCode::kInvalidArgument);
  options = TestTables::Options();
  EXPECT_EQ(create(0), ErrorCode::kInvalidArgument);
  tables.Write(1, options, {{"a", "", 1}});
  EXPECT_EQ(create(1), ErrorCode::kIo);
  EXPECT_TRUE(Exists(tables.directory(), 1));
}

TEST(TableWriterTest, AnUnfinishedFileIsRemoved) {
  TestTables tables;
  {
    const auto writer = NewWriter(tables, TestTables::Options());
    ASSERT_TRUE(writer->Add({"a", "b", 1}).ok());
    EXPECT_TRUE(Exists(tables.directory(), 1));
  }
  EXPECT_FALSE(Exists(tables.directory(), 1));
}

TEST(TableWriterTest, EveryFailingCallOfTheDiskIsReportedAndLeavesNoFile) {
  Random random(testing::TestSeed(62));
  const std::vector<OwnedEntry> entries = RandomEntries(random, {.keys = 12'000});
  std::uint64_t failed_calls = 0;
  for (std::uint64_t fail_at = 0;; ++fail_at) {
    io::MemoryFileSystem memory;
    io::FaultFileSystem faults(memory);
    const auto directory = std::move(*faults.OpenDirectory("db", true));
    std::uint64_t calls = 0;
    faults.SetHook([&](io::OperationKind kind, std::string_view) -> std::optional<Error> {
      // From one call on the disk is dead; only the removal is let through.
      if (kind == io::OperationKind::kRemove || calls++ < fail_at) return std::nullopt;
      return Error(ErrorCode::kNoSpace, "injected");
    });
    const auto write = [&]() -> Result<void> {
      auto writer = TableWriter::Create(*directory, 1, TestTables::Options());
      if (!writer) return writer.error();
      for (const OwnedEntry& entry : entries) {
        if (auto added = (*writer)->Add(entry.view()); !added) return added;
      }
      if (auto finished = (*writer)->Finish(); !finished) return finished.error();
      return {};
    };
    const auto written = write();
    faults.SetHook({});
    if (calls <= fail_at) {
      ASSERT_TRUE(written.ok());
      break;
    }
    ++failed_calls;
    ASSERT_FALSE(written.ok()) << fail_at;
    ASSERT_EQ(written.error().code(), ErrorCode::kNoSpace);
    ASSERT_FALSE(Exists(*directory, 1));
  }
  EXPECT_GT(failed_calls, 6U);
}

TEST(TableWriterTest, VerifyOutputCatchesADiskThatStoresOtherBytes) {
  // The bytes of a good table with one bit of a block changed are what the disk gives back.
  for (const bool verify : {true, false}) {
    TestTables tables;
    const std::vector<OwnedEntry> entries = {{"a", "some value", 1}};
    const TableSummary summary = tables.Write(1, TestTables::Options(), entries);
    const auto bytes = std::make_shared<std::string>(tables.ReadFile(1));
    (*bytes)[tables.Open(summary)->block_info(0).offset + 400] ^= 1;
    ASSERT_TRUE(tables.directory().Remove(TableName(1)).ok());
    BytesDirectory lying(tables.directory(), bytes);
    TableWriterOptions options = TestTables::Options();
    options.verify_output = verify;
    {
      auto writer = std::move(*TableWriter::Create(lying, 1, options));
      ASSERT_TRUE(writer->Add(entries[0].view()).ok());
      const auto finished = writer->Finish();
      ASSERT_EQ(finished.ok(), !verify);
      EXPECT_TRUE(!verify || finished.error().code() == ErrorCode::kCorruption);
    }
    EXPECT_EQ(Exists(tables.directory(), 1), !verify);
  }
}

// Notes the size of each write to the file.
class WriteSizes final : public ForwardingDirectory {
 public:
  using ForwardingDirectory::ForwardingDirectory;
  Result<std::unique_ptr<io::WritableFile>> Create(std::string_view name) override {
    auto file = base_.Create(name);
    if (!file) return file;
    return std::make_unique<NotedFile>(std::move(*file), sizes);
  }
  std::vector<std::size_t> sizes;

 private:
  class NotedFile final : public io::WritableFile {
   public:
    NotedFile(std::unique_ptr<io::WritableFile> base, std::vector<std::size_t>& sizes)
        : base_(std::move(base)), sizes_(sizes) {}
    Result<void> Append(std::string_view bytes) override {
      sizes_.push_back(bytes.size());
      return base_->Append(bytes);
    }
    Result<void> Sync() override { return base_->Sync(); }
    Result<void> Close() override { return base_->Close(); }
    std::uint64_t size_bytes() const override { return base_->size_bytes(); }
    const std::string& name() const override { return base_->name(); }

   private:
    const std::unique_ptr<io::WritableFile> base_;
    std::vector<std::size_t>& sizes_;
  };
};

TEST(TableWriterTest, WritesAreLargeAndPacedByTheRateLimiter) {
  TestTables tables;
  WriteSizes directory(tables.directory());
  io::ManualClock clock;
  io::RateLimiter limiter(1'000'000, clock);
  TableWriterOptions options = TestTables::Options();
  options.rate_limiter = &limiter;
  auto writer = std::move(*TableWriter::Create(directory, 1, options));
  for (int i = 0; i < 2'000; ++i) {
    const std::string key = std::to_string(100'000 + i);
    ASSERT_TRUE(writer->Add({key, std::string(1'000, 'v'), 1}).ok());
  }
  const TableSummary summary = *writer->Finish();
  ASSERT_GT(directory.sizes.size(), 2U);
  for (std::size_t i = 0; i + 1 < directory.sizes.size(); ++i) {
    EXPECT_GE(directory.sizes[i], 256U << 10);
  }
  // All bytes but those in the bucket at the start waited at a million a second.
  EXPECT_GT(limiter.slept_ns(), (summary.size_bytes - 200'000) * 1'000);
}

TEST(TableWriterTest, TheEstimateIsCloseToTheFinishedSize) {
  Random random(testing::TestSeed(63));
  TestTables tables;
  const std::vector<OwnedEntry> entries = RandomEntries(random, {.keys = 20'000});
  const auto writer = NewWriter(tables, TestTables::Options());
  for (const OwnedEntry& entry : entries) ASSERT_TRUE(writer->Add(entry.view()).ok());
  const double estimate = static_cast<double>(writer->estimated_size_bytes());
  const double size = static_cast<double>(writer->Finish()->size_bytes);
  EXPECT_NEAR(estimate / size, 1.0, 0.03);
}

TEST(TableWriterTest, TheSameEntriesGiveTheSameBytes) {
  Random random(testing::TestSeed(64));
  const std::vector<OwnedEntry> entries = RandomEntries(random, {.keys = 1'000});
  for (const CompressionKind codec :
       {CompressionKind::kNone, CompressionKind::kLz4, CompressionKind::kZstd}) {
    TableWriterOptions options = TestTables::Options();
    options.compression = codec;
    TestTables first;
    TestTables second;
    EXPECT_EQ(first.Write(1, options, entries), second.Write(1, options, entries));
    EXPECT_EQ(first.ReadFile(1), second.ReadFile(1));
  }
}

TEST(TableWriterTest, LongKeysAndLargeValuesGetBlocksOfTheirOwn) {
  const std::string key(kKeyBytesMax, 'k');
  const std::vector<OwnedEntry> entries = {{"a", "small", 1},
                                           {"b", std::string(3'000'000, 'x'), 2},
                                           {"c", "small", 3},
                                           {"d", std::string(70'000, 'y'), 4},
                                           {key, "of the longest key", 6},
                                           {key + "", std::string(40'000, 'z'), 5}};
  for (const CompressionKind codec :
       {CompressionKind::kNone, CompressionKind::kLz4, CompressionKind::kZstd}) {
    TestTables tables;
    TableWriterOptions options = TestTables::Options();
    options.compression = codec;
    const auto table = tables.Open(tables.Write(1, options, entries));
    EXPECT_EQ(table->block_count(), 6U);
    for (const OwnedEntry& entry : entries) {
      TableAnswer found;
      ASSERT_TRUE(*table->Get({entry.key, entry.sequence}, {}, false, found));
      EXPECT_EQ(found.answer.value, entry.value);
    }
    const auto iterator = table->NewIterator({});
    std::size_t at = 0;
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      EXPECT_EQ(Owned(iterator->entry()), entries[at++]);
    }
    EXPECT_EQ(at, entries.size());
  }
}

// Holds one file, once: a directory in memory that also loses power holds it twice.
class OneFileDirectory final : public ForwardingDirectory {
 public:
  using ForwardingDirectory::ForwardingDirectory;
  Result<std::unique_ptr<io::WritableFile>> Create(std::string_view name) override {
    return std::make_unique<StringFile>(std::string(name), *bytes_);
  }
  Result<std::unique_ptr<io::ReadableFile>> OpenForRead(std::string_view name) override {
    return std::make_unique<sstable_test::BytesFile>(std::string(name), bytes_);
  }

 private:
  class StringFile final : public io::WritableFile {
   public:
    StringFile(std::string name, std::string& bytes) : name_(std::move(name)), bytes_(bytes) {}
    Result<void> Append(std::string_view bytes) override {
      bytes_.append(bytes);
      return {};
    }
    Result<void> Sync() override { return {}; }
    Result<void> Close() override { return {}; }
    std::uint64_t size_bytes() const override { return bytes_.size(); }
    const std::string& name() const override { return name_; }

   private:
    const std::string name_;
    std::string& bytes_;
  };

  const std::shared_ptr<std::string> bytes_ = std::make_shared<std::string>();
};

TEST(TableWriterTest, AValueOfTheLargestSizeWorks) {
  TestTables tables;
  OneFileDirectory directory(tables.directory());
  auto writer = std::move(*TableWriter::Create(directory, 1, TestTables::Options()));
  ASSERT_TRUE(writer->Add({"before", "b", 1}).ok());
  std::string value(kValueBytesMax, 'v');
  value.back() = 'w';
  ASSERT_TRUE(writer->Add({"large", value, 1}).ok());
  ASSERT_TRUE(writer->Add({"rest", "r", 1}).ok());
  const TableSummary summary = *writer->Finish();
  TableContext context = tables.Context();
  context.directory = &directory;
  const auto table = *Table::Open(context, summary);
  EXPECT_EQ(table->block_count(), 3U);
  TableAnswer found;
  ASSERT_TRUE(*table->Get({"large", 1}, {}, false, found));
  EXPECT_TRUE(found.answer.value == value);
}

}  // namespace
}  // namespace quiver
