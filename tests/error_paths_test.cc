// Errors that no other test brings about: states that only a bug above, a newer version or somebody
// else's hand in the files can make. Each must be refused by its code, with words that name the
// cause, and leave what was there as it is. scripts/coverage.py --missing-errors lists the rest.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/backup_record.h"
#include "arrow_ipc/foreign_bytes.h"
#include "base/hash.h"
#include "base/hex64.h"
#include "db/followed_directory.h"
#include "db/merge_lookup.h"
#include "io/memory_file_system.h"
#include "quiver/database.h"
#include "sstable/table_test_directory.h"
#include "sstable/table_test_util.h"
#include "testing/temp_dir.h"
#include "version/catalog_builder.h"

namespace quiver {
namespace {

// The error is of this code, and its text names what is wrong.
template <typename Value>
void ExpectError(const Result<Value>& result, ErrorCode code, std::string_view words) {
  ASSERT_FALSE(result.ok()) << "expected: " << words;
  EXPECT_EQ(result.error().code(), code) << result.error().ToString();
  EXPECT_NE(result.error().ToString().find(words), std::string::npos) << result.error().ToString();
}

// ---- a follower's directory: every call that would change the disk

TEST(FollowedDirectory, RefusesWhateverWouldChangeTheDisk) {
  io::MemoryFileSystem files;
  auto base = *files.OpenDirectory("db", true);
  ASSERT_TRUE(io::ReplaceFileDurably(*base, "there", "bytes").ok());
  FollowedDirectory followed(*files.OpenDirectory("db", false));
  constexpr std::string_view kWhy = "a follower only reads";
  ExpectError(followed.Create("new"), ErrorCode::kReadOnly, kWhy);
  ExpectError(followed.CreateLog("new", io::LogAccess::kWritten), ErrorCode::kReadOnly, kWhy);
  ExpectError(followed.Rename("there", "elsewhere"), ErrorCode::kReadOnly, kWhy);
  ExpectError(followed.Remove("there"), ErrorCode::kReadOnly, kWhy);
  ExpectError(followed.LinkFrom(*base, "there"), ErrorCode::kReadOnly, kWhy);
  ExpectError(followed.Sync(), ErrorCode::kReadOnly, kWhy);
  ExpectError(followed.Lock("LOCK"), ErrorCode::kReadOnly, kWhy);
  const auto left = base->List();
  ASSERT_TRUE(left.ok());
  ASSERT_EQ(left->size(), 1U);
  EXPECT_EQ(*io::ReadWholeFile(*base, "there", 100), "bytes");
}

// ---- files that shrink while they are read

// Says that it has more bytes than it gives.
class ShrunkFile final : public io::ReadableFile {
 public:
  explicit ShrunkFile(std::unique_ptr<io::ReadableFile> base) : base_(std::move(base)) {}
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override {
    return base_->ReadAt(offset, buffer);
  }
  std::uint64_t size_bytes() const override { return base_->size_bytes() + 10; }
  const std::string& name() const override { return base_->name(); }

 private:
  const std::unique_ptr<io::ReadableFile> base_;
};

class ShrinkingDirectory final : public sstable_test::ForwardingDirectory {
 public:
  using ForwardingDirectory::ForwardingDirectory;
  Result<std::unique_ptr<io::ReadableFile>> OpenForRead(std::string_view name) override {
    auto file = base_.OpenForRead(name);
    if (!file) return file;
    return std::make_unique<ShrunkFile>(*std::move(file));
  }
};

TEST(ShrinkingFile, IsNoShorterOneToWhoeverReadsItWhole) {
  io::MemoryFileSystem files;
  const auto base = *files.OpenDirectory("db", true);
  ASSERT_TRUE(io::ReplaceFileDurably(*base, "CURRENT", "some bytes").ok());
  ShrinkingDirectory shrinking(*base);
  ExpectError(io::ReadWholeFile(shrinking, "CURRENT", 100), ErrorCode::kCorruption,
              "ended while it was read, expected 20 bytes");
  ExpectError(io::ReadForChecksum(shrinking, "CURRENT"), ErrorCode::kCorruption,
              "ended while it was read, expected 20 bytes");
  ExpectError(io::CopyFile(shrinking, "CURRENT", *base, "copy"), ErrorCode::kCorruption,
              "ended while it was read, expected 20 bytes");
  ExpectError(base->OpenForRead("copy"), ErrorCode::kNotFound, "copy");  // no half of a copy
}

TEST(ShrinkingFile, IsDamageToAReaderOfForeignArrowFiles) {
  io::MemoryFileSystem files;
  const auto base = *files.OpenDirectory("in", true);
  ASSERT_TRUE(io::ReplaceFileDurably(*base, "rows.arrow", "0123456789").ok());
  const auto file = *ShrinkingDirectory(*base).OpenForRead("rows.arrow");
  EXPECT_TRUE(arrow_ipc::ReadForeign(*file, 0, 10, "a message").ok());
  ExpectError(arrow_ipc::ReadForeign(*file, 4, 12, "a message"), ErrorCode::kCorruption,
              "a message is cut short: the file shrank");
}

// ---- disks

TEST(MemoryDirectory, LinksOnlyWithinOneDisk) {
  io::MemoryFileSystem one;
  io::MemoryFileSystem other;
  const auto source = *one.OpenDirectory("db", true);
  const auto target = *other.OpenDirectory("copy", true);
  ASSERT_TRUE(io::ReplaceFileDurably(*source, "table", "bytes").ok());
  ExpectError(target->LinkFrom(*source, "table"), ErrorCode::kUnsupported, "another disk");
  EXPECT_TRUE(target->List()->empty());
}

// ---- edits that do not fit the catalog

class CatalogEdits : public ::testing::Test {
 protected:
  // Two keyspaces besides the default one, of which "users" was flushed up to 50.
  void SetUp() override {
    CatalogBuilder builder(*NewEmptyCatalog());
    VersionEdit edit;
    edit.keyspaces = {{1, "users", ""}, {2, "orders", ""}};
    ASSERT_TRUE(builder.Apply(edit).ok());
    VersionEdit flushed;
    flushed.keyspace_flushed = {{1, 50}};
    ASSERT_TRUE(builder.Apply(flushed).ok());
    catalog_ = std::move(builder).Build();
    ASSERT_EQ(catalog_->next_id(), 3U);
  }
  void ExpectRefused(const VersionEdit& edit, std::string_view words) {
    CatalogBuilder builder(*catalog_);
    ExpectError(builder.Apply(edit), ErrorCode::kInternal, words);
  }
  CatalogRef catalog_;
};

TEST_F(CatalogEdits, TheNextIdDoesNotGoBackOrBeyondItsType) {
  VersionEdit edit;
  edit.next_keyspace_id = 2;
  ExpectRefused(edit, "the next id to hand out goes back or is too large");
  edit.next_keyspace_id = std::uint64_t{1} << 32;
  ExpectRefused(edit, "the next id to hand out goes back or is too large");
  edit.next_keyspace_id = 3;
  EXPECT_TRUE(CatalogBuilder(*catalog_).Apply(edit).ok());
}

TEST_F(CatalogEdits, AFlushedSequenceDoesNotGoBack) {
  VersionEdit edit;
  edit.keyspace_flushed = {{1, 49}};
  ExpectRefused(edit, "its flushed sequence goes back");
  edit.keyspace_flushed = {{1, 50}};
  EXPECT_TRUE(CatalogBuilder(*catalog_).Apply(edit).ok());
  edit.keyspace_flushed = {{7, 50}};
  ExpectRefused(edit, "it was flushed but is not there");
}

TEST_F(CatalogEdits, NamesAreUniqueAndStay) {
  VersionEdit edit;
  edit.keyspaces = {{3, "users", ""}};
  ExpectRefused(edit, "its name is that of keyspace 1");
  edit.keyspaces = {{1, "people", ""}};
  ExpectRefused(edit, "it changes its name");
}

TEST_F(CatalogEdits, OnlyWhatIsThereIsDroppedAndNeverTheDefault) {
  for (const std::uint32_t id : {kDefaultKeyspaceId, 7U}) {
    VersionEdit edit;
    edit.dropped_keyspaces = {id};
    ExpectRefused(edit, "it is to go but is not there");
  }
}

TEST_F(CatalogEdits, OnlyATableThatIsThereIsCleaned) {
  VersionEdit edit;
  edit.cleaned = {{.keyspace = 1, .number = 99, .sequence = 5}};
  ExpectRefused(edit, "table 99 is cleaned but not there");
}

TEST(Version, ATableThatEndsBeforeItBeginsAndTooManyLevelsAreNamed) {
  auto table = std::make_shared<TableFile>();
  table->summary.number = 5;
  table->summary.smallest_key = "b";
  table->summary.largest_key = "a";
  Level level;
  level.runs = {{.number = 1, .tables = {table}}};
  ExpectError(Version({level}).Validate(), ErrorCode::kInternal, "ends before it begins");
  ExpectError(Version(std::vector<Level>(kLevelCountMax + 1)).Validate(), ErrorCode::kInternal,
              "17 levels");
  EXPECT_TRUE(Version(std::vector<Level>(kLevelCountMax)).Validate().ok());
}

// ---- misuse within the engine, and by its caller

TEST(TableWriter, NothingFollowsTheEndOfATable) {
  sstable_test::TestTables tables;
  const auto writer =
      *TableWriter::Create(tables.directory(), 1, sstable_test::TestTables::Options());
  ASSERT_TRUE(writer->Add({"a", "1", 1}).ok());
  ASSERT_TRUE(writer->Finish().ok());
  ExpectError(writer->Add({"b", "2", 2}), ErrorCode::kInternal, "Add after a failed or finished");
  ExpectError(writer->Finish(), ErrorCode::kInternal, "Finish after a failed or finished");
}

TEST(MergeOperands, WithoutAnOperatorAreAnErrorThatNamesTheKey) {
  std::string value = "untouched";
  ExpectError(ApplyOperands(nullptr, "visits\x01", std::nullopt, {}, value),
              ErrorCode::kUnsupported, "key visits\\x01 has merge operands");
  EXPECT_EQ(value, "untouched");
}

TEST(Transactions, AnIsolationThatThereIsNotIsRefused) {
  const testing::TempDir directory;
  const auto db = Database::Open(directory.path() / "db");
  ASSERT_TRUE(db.ok());
  ExpectError((*db)->BeginTransaction({.isolation = static_cast<Isolation>(9)}),
              ErrorCode::kInvalidArgument, "isolation 9 is neither");
  EXPECT_TRUE((*db)->BeginTransaction().ok());
}

TEST(Transactions, OneThatWasMovedFromIsOver) {
  const testing::TempDir directory;
  const auto db = Database::Open(directory.path() / "db");
  ASSERT_TRUE(db.ok());
  auto begun = (*db)->BeginTransaction();
  ASSERT_TRUE(begun.ok());
  Transaction& from = *begun;
  Transaction to = std::move(from);
  constexpr auto kInvalid = ErrorCode::kInvalidArgument;
  constexpr std::string_view kWhy = "the transaction is over: it was committed, rolled back";
  ExpectError(from.Put("a", "1"), kInvalid, kWhy);
  ExpectError(from.Delete("a"), kInvalid, kWhy);
  ExpectError(from.Merge("a", "1"), kInvalid, kWhy);
  ExpectError(from.DeleteRange("a", "b"), kInvalid, kWhy);
  ExpectError(from.Get("a"), kInvalid, kWhy);
  ExpectError(from.NewIterator(), kInvalid, kWhy);
  ExpectError(from.Commit(), kInvalid, kWhy);
  from.Rollback();  // nothing to end
  EXPECT_FALSE(from.active());
  EXPECT_EQ(from.snapshot_sequence(), 0U);
  EXPECT_TRUE(to.active());
  EXPECT_TRUE(to.Put("a", "1").ok());
  EXPECT_TRUE(to.Commit().ok());
  EXPECT_EQ((*db)->Get("a").value()->view(), "1");
}

// ---- what a newer version wrote

TEST(BackupRecord, OfANewerFormatIsUnsupportedNotDamaged) {
  BackupRecord record;
  record.id = 3;
  record.files = {{.name = "CURRENT", .size_bytes = 20, .checksum = 7}};
  std::string text = record.Encode();
  ASSERT_TRUE(BackupRecord::Decode(3, text).ok());
  const std::size_t place = text.find("\nformat 1\n");
  ASSERT_NE(place, std::string::npos) << text;
  text[place + 8] = '2';
  ExpectError(BackupRecord::Decode(3, text), ErrorCode::kCorruption, "the checksum is");
  const std::size_t end = text.rfind("checksum ");
  text = text.substr(0, end) + "checksum " + Hex64(Checksum(text.substr(0, end), 0)) + "\n";
  ExpectError(BackupRecord::Decode(3, text), ErrorCode::kUnsupported,
              "the backup has format 2, this build knows format 1 only");
}

}  // namespace
}  // namespace quiver
