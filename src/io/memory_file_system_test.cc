// What a simulated power cut leaves: exactly what was synced, or with a seed some possible state in
// between, and never a state that no disk could be in.
#include "io/memory_file_system.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "io/memory_file_image.h"
#include "testing/seed.h"

namespace quiver::io {
namespace {

class MemoryFileSystemTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    auto opened = memory_.OpenDirectory("/db", true);
    ASSERT_TRUE(opened) << opened.error().ToString();
    directory_ = *std::move(opened);
  }
  void CrashAndReopen() {
    memory_.Crash();
    Reopen();
  }
  Directory& directory() { return *directory_; }
  MemoryFileSystem& memory() { return memory_; }

  std::unique_ptr<WritableFile> NewFile(const std::string& name, std::string_view contents = {}) {
    auto file = directory().Create(name);
    EXPECT_TRUE(file);
    EXPECT_TRUE((*file)->Append(contents));
    return *std::move(file);
  }
  void WriteDurably(const std::string& name, std::string_view contents) {
    auto file = NewFile(name, contents);
    ASSERT_TRUE(file->Sync());
    ASSERT_TRUE(file->Close());
    ASSERT_TRUE(directory().Sync());
  }
  // Name to contents, of every file.
  std::map<std::string, std::string> Contents() { return ContentsOf(directory()); }
  static std::map<std::string, std::string> ContentsOf(Directory& directory) {
    std::map<std::string, std::string> result;
    auto entries = directory.List();
    EXPECT_TRUE(entries);
    for (const DirectoryEntry& entry : *entries) {
      result[entry.name] = *ReadWholeFile(directory, entry.name, std::uint64_t{1} << 30);
    }
    return result;
  }
  // The contents that a crash now would leave.
  std::map<std::string, std::string> ContentsAfterCrash(Random* random) {
    auto image = memory_.CrashImage(random);
    auto opened = image->OpenDirectory("/db", false);
    EXPECT_TRUE(opened);
    return ContentsOf(**opened);
  }

 private:
  MemoryFileSystem memory_;
  std::unique_ptr<Directory> directory_;
};

using Files = std::map<std::string, std::string>;

template <typename T>
ErrorCode CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorCode::kInternal : result.error().code();
}

TEST_F(MemoryFileSystemTest, ACrashKeepsSyncedBytesUnderSyncedNames) {
  auto file = NewFile("file", "synced");
  ASSERT_TRUE(file->Sync());
  ASSERT_TRUE(directory().Sync());
  ASSERT_TRUE(file->Append(" and not"));
  ASSERT_TRUE(file->Close());
  EXPECT_EQ(Contents(), (Files{{"file", "synced and not"}}));
  CrashAndReopen();
  EXPECT_EQ(Contents(), (Files{{"file", "synced"}}));
}

TEST_F(MemoryFileSystemTest, ACrashDropsASyncedFileWhoseNameWasNotSynced) {
  auto file = NewFile("file", "synced");
  ASSERT_TRUE(file->Sync());
  CrashAndReopen();
  EXPECT_EQ(Contents(), Files{});
}

TEST_F(MemoryFileSystemTest, ACrashKeepsASyncedNameOfAnUnsyncedFileAsEmpty) {
  auto file = NewFile("file", "lost");
  ASSERT_TRUE(file->Close());
  ASSERT_TRUE(directory().Sync());
  CrashAndReopen();
  EXPECT_EQ(Contents(), (Files{{"file", ""}}));
}

TEST_F(MemoryFileSystemTest, ACrashUndoesRenamesAndRemovalsThatWereNotSynced) {
  WriteDurably("a", "of a");
  WriteDurably("b", "of b");
  WriteDurably("c", "of c");
  ASSERT_TRUE(directory().Rename("a", "b"));
  ASSERT_TRUE(directory().Remove("c"));
  EXPECT_EQ(Contents(), (Files{{"b", "of a"}}));
  CrashAndReopen();
  EXPECT_EQ(Contents(), (Files{{"a", "of a"}, {"b", "of b"}, {"c", "of c"}}));
  ASSERT_TRUE(directory().Rename("a", "b"));
  ASSERT_TRUE(directory().Remove("c"));
  ASSERT_TRUE(directory().Sync());
  CrashAndReopen();
  EXPECT_EQ(Contents(), (Files{{"b", "of a"}}));
}

TEST_F(MemoryFileSystemTest, ALogKeepsWhatWasSyncedOrWrittenDurably) {
  auto created = directory().CreateLog("log", LogAccess::kMapped);
  ASSERT_TRUE(created);
  LogFile& log = **created;
  ASSERT_TRUE(log.Reserve(16));
  ASSERT_TRUE(directory().Sync());
  EXPECT_EQ(ContentsAfterCrash(nullptr), (Files{{"log", ""}}));
  ASSERT_TRUE(log.WriteAt(0, "one"));
  ASSERT_TRUE(log.WriteAtDurably(3, "two"));
  ASSERT_TRUE(log.WriteAt(6, "lost"));
  ASSERT_TRUE(log.CloseAt(10));
  EXPECT_EQ(Contents(), (Files{{"log", "onetwolost"}}));
  CrashAndReopen();
  EXPECT_EQ(Contents(), (Files{{"log", std::string("onetwo") + std::string(10, '\0')}}));
}

TEST_F(MemoryFileSystemTest, ReplaceFileDurablySurvivesACrashOnceItHasReturned) {
  ASSERT_TRUE(ReplaceFileDurably(directory(), "CURRENT", "first"));
  CrashAndReopen();
  EXPECT_EQ(Contents(), (Files{{"CURRENT", "first"}}));
  ASSERT_TRUE(ReplaceFileDurably(directory(), "CURRENT", "second"));
  CrashAndReopen();
  EXPECT_EQ(Contents(), (Files{{"CURRENT", "second"}}));
}

TEST_F(MemoryFileSystemTest, HandlesAndLocksDieInACrash) {
  WriteDurably("file", "x");
  auto read = directory().OpenForRead("file");
  auto written = directory().Create("written");
  auto log = directory().CreateLog("log", LogAccess::kWritten);
  auto lock = directory().Lock("LOCK");
  ASSERT_TRUE(read && written && log && lock);
  ASSERT_TRUE((*log)->Reserve(10));
  auto old_directory = memory().OpenDirectory("/db", false);
  CrashAndReopen();

  std::byte byte{};
  EXPECT_EQ(CodeOf((*read)->ReadAt(0, std::span(&byte, 1))), ErrorCode::kIo);
  EXPECT_EQ(CodeOf((*written)->Sync()), ErrorCode::kIo);
  ASSERT_TRUE((*written)->Append("into the buffer only"));
  EXPECT_EQ(CodeOf((*written)->Close()), ErrorCode::kIo);
  EXPECT_EQ(CodeOf((*log)->WriteAt(0, "x")), ErrorCode::kIo);
  EXPECT_EQ(CodeOf((*log)->Reserve(20)), ErrorCode::kIo);
  EXPECT_EQ(CodeOf((*log)->Sync()), ErrorCode::kIo);
  EXPECT_EQ(CodeOf((*log)->CloseAt(0)), ErrorCode::kIo);
  EXPECT_EQ(CodeOf((*old_directory)->OpenForRead("file")), ErrorCode::kIo);
  EXPECT_EQ(CodeOf((*old_directory)->Create("new")), ErrorCode::kIo);
  EXPECT_EQ(CodeOf((*old_directory)->List()), ErrorCode::kIo);
  EXPECT_EQ(CodeOf((*old_directory)->Sync()), ErrorCode::kIo);

  auto new_lock = directory().Lock("LOCK");
  ASSERT_TRUE(new_lock);
  lock->reset();  // must not release the lock of the one who came after the crash
  EXPECT_EQ(CodeOf(directory().Lock("LOCK")), ErrorCode::kBusy);
}

TEST_F(MemoryFileSystemTest, AReadersLockDiesInACrashToo) {
  WriteDurably("LOCK", "");
  auto reader = directory().LockForReading("LOCK");
  ASSERT_TRUE(reader && *reader != nullptr);
  CrashAndReopen();
  auto writer = directory().Lock("LOCK");
  ASSERT_TRUE(writer);
  reader->reset();
  EXPECT_EQ(CodeOf(directory().Lock("LOCK")), ErrorCode::kBusy);
}

TEST_F(MemoryFileSystemTest, ACrashImageLeavesTheDiskRunning) {
  auto file = NewFile("file", "synced");
  ASSERT_TRUE(file->Sync());
  ASSERT_TRUE(directory().Sync());
  ASSERT_TRUE(file->Append(" more"));
  auto image = memory().CrashImage(nullptr);
  auto in_image = image->OpenDirectory("/db", false);
  ASSERT_TRUE(in_image);
  ASSERT_TRUE(ReplaceFileDurably(**in_image, "file", "changed in the image"));
  ASSERT_TRUE(file->Close());
  EXPECT_EQ(Contents(), (Files{{"file", "synced more"}}));
  EXPECT_EQ(ContentsOf(**in_image), (Files{{"file", "changed in the image"}}));
}

TEST_F(MemoryFileSystemTest, HandlesMayOutliveTheFileSystem) {
  auto own = std::make_unique<MemoryFileSystem>();
  auto opened = own->OpenDirectory("/db", true);
  auto file = (*opened)->Create("file");
  auto lock = (*opened)->Lock("LOCK");
  own.reset();
  EXPECT_TRUE((*file)->Append("x"));
  EXPECT_TRUE((*file)->Sync());
}

// --- random crashes

TEST_F(MemoryFileSystemTest, EveryRandomCrashIsAPossibleState) {
  constexpr std::uint64_t kSector = MemoryFileImage::kSectorBytes;
  const std::string before(4 * kSector, 'a');
  auto created = directory().CreateLog("log", LogAccess::kWritten);
  ASSERT_TRUE(created);
  ASSERT_TRUE((*created)->Reserve(before.size()));
  ASSERT_TRUE((*created)->WriteAt(0, before));
  ASSERT_TRUE((*created)->Sync());
  ASSERT_TRUE(directory().Sync());
  // Two writes over the same sectors, then growth, then a write into the new part.
  ASSERT_TRUE((*created)->WriteAt(100, std::string(2 * kSector, 'b')));
  ASSERT_TRUE((*created)->WriteAt(200, std::string(kSector, 'c')));
  ASSERT_TRUE((*created)->Reserve(6 * kSector));
  ASSERT_TRUE((*created)->WriteAt(5 * kSector, std::string(kSector, 'd')));

  // The states of each sector: after 0, 1, 2 … of the writes that touch it.
  std::vector<std::set<std::string>> allowed(6);
  std::string state = before;
  state.resize(6 * kSector);
  const auto allow_state = [&] {
    for (std::size_t i = 0; i < 6; ++i) allowed[i].insert(state.substr(i * kSector, kSector));
  };
  allow_state();
  state.replace(100, 2 * kSector, 2 * kSector, 'b');
  allow_state();
  state.replace(200, kSector, kSector, 'c');
  allow_state();
  state.replace(5 * kSector, kSector, kSector, 'd');
  allow_state();

  Random random(testing::TestSeed(2));
  std::vector<std::set<std::string>> seen(6);
  std::set<std::size_t> sizes;
  for (int round = 0; round < 500; ++round) {
    const std::string found = ContentsAfterCrash(&random).at("log");
    sizes.insert(found.size());
    for (std::size_t i = 0; i * kSector < found.size(); ++i) {
      const std::string sector = found.substr(i * kSector, kSector);
      ASSERT_TRUE(allowed[i].contains(sector)) << "sector " << i;
      seen[i].insert(sector);
    }
  }
  EXPECT_EQ(sizes, (std::set<std::size_t>{4 * kSector, 6 * kSector}));
  EXPECT_EQ(seen, allowed) << "every possible state of a sector should have come up";
}

TEST_F(MemoryFileSystemTest, ARandomCrashNeverTouchesWhatIsDurable) {
  WriteDurably("old", "kept");
  auto file = NewFile("new", "synced");
  ASSERT_TRUE(file->Sync());
  ASSERT_TRUE(directory().Sync());
  ASSERT_TRUE(file->Append(" tail"));
  ASSERT_TRUE(file->Close());
  Random random(testing::TestSeed(3));
  std::set<std::string> seen;
  for (int round = 0; round < 100; ++round) {
    const Files found = ContentsAfterCrash(&random);
    EXPECT_EQ(found.at("old"), "kept");
    EXPECT_TRUE(found.at("new").starts_with("synced"));
    seen.insert(found.at("new"));
  }
  const std::string zeroes = std::string("synced") + std::string(5, '\0');
  EXPECT_EQ(seen, (std::set<std::string>{"synced", "synced tail", zeroes}));
}

TEST_F(MemoryFileSystemTest, ARandomCrashKeepsASubsetOfTheNamesWithRenamesWhole) {
  WriteDurably("CURRENT", "old");
  auto temp = NewFile("CURRENT.tmp", "new");
  ASSERT_TRUE(temp->Sync());
  ASSERT_TRUE(directory().Rename("CURRENT.tmp", "CURRENT"));
  ASSERT_TRUE(NewFile("other")->Close());
  Random random(testing::TestSeed(4));
  std::set<Files> seen;
  for (int round = 0; round < 300; ++round) seen.insert(ContentsAfterCrash(&random));
  const std::set<Files> possible = {
      {{"CURRENT", "old"}},
      {{"CURRENT", "old"}, {"CURRENT.tmp", "new"}},
      {{"CURRENT", "new"}},
      {{"CURRENT", "old"}, {"other", ""}},
      {{"CURRENT", "old"}, {"CURRENT.tmp", "new"}, {"other", ""}},
      {{"CURRENT", "new"}, {"other", ""}},
  };
  EXPECT_EQ(seen, possible);
}

TEST_F(MemoryFileSystemTest, ANameChangeSurvivesOnlyAfterTheEarlierOnesOfThatName) {
  WriteDurably("CURRENT", "old");
  WriteDurably("CURRENT.tmp", "one");
  ASSERT_TRUE(directory().Rename("CURRENT.tmp", "CURRENT"));
  ASSERT_TRUE(NewFile("CURRENT.tmp", "two")->Sync());
  Random random(testing::TestSeed(9));
  std::set<Files> seen;
  for (int round = 0; round < 100; ++round) seen.insert(ContentsAfterCrash(&random));
  // Never the second temp file beside the old CURRENT: the first one would be gone for nothing.
  const std::set<Files> possible = {
      {{"CURRENT", "old"}, {"CURRENT.tmp", "one"}},
      {{"CURRENT", "one"}},
      {{"CURRENT", "one"}, {"CURRENT.tmp", "two"}},
  };
  EXPECT_EQ(seen, possible);
}

TEST_F(MemoryFileSystemTest, TheSameSeedLeavesTheSameDisk) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(NewFile("f" + std::to_string(i), std::string(3'000, 'x'))->Close());
  }
  Random first(7);
  Random second(7);
  Random third(8);
  const Files of_first = ContentsAfterCrash(&first);
  EXPECT_TRUE(of_first == ContentsAfterCrash(&second));
  EXPECT_FALSE(of_first == ContentsAfterCrash(&third));
}

TEST_F(MemoryFileSystemTest, CrashWithASeedRestartsTheDiskItself) {
  ASSERT_TRUE(NewFile("file", "x")->Close());
  Random random(testing::TestSeed(5));
  auto old_directory = memory().OpenDirectory("/db", false);
  memory().Crash(random);
  EXPECT_EQ(CodeOf((*old_directory)->List()), ErrorCode::kIo);
  Reopen();
  const Files after_first = Contents();
  CrashAndReopen();
  EXPECT_EQ(Contents(), after_first) << "what a crash has left is durable";
}

// --- the full disk

TEST_F(MemoryFileSystemTest, AFullDiskTakesWhatFitsOfAnAppendAndThenFailsForGood) {
  memory().SetFreeBytes(10);
  auto file = NewFile("file", "0123456789abc");
  EXPECT_EQ(CodeOf(file->Sync()), ErrorCode::kNoSpace);
  EXPECT_EQ(Contents(), (Files{{"file", "0123456789"}}));
  memory().SetFreeBytes(100);
  EXPECT_EQ(CodeOf(file->Append("x")), ErrorCode::kNoSpace);
  EXPECT_EQ(CodeOf(file->Sync()), ErrorCode::kNoSpace);
  EXPECT_EQ(CodeOf(file->Close()), ErrorCode::kNoSpace);
}

TEST_F(MemoryFileSystemTest, AFullDiskRefusesAReservationWhole) {
  auto log = directory().CreateLog("log", LogAccess::kMapped);
  ASSERT_TRUE((*log)->Reserve(10));
  memory().SetFreeBytes(5);
  EXPECT_EQ(CodeOf((*log)->Reserve(16)), ErrorCode::kNoSpace);
  EXPECT_EQ((*log)->reserved_bytes(), 10U);
  EXPECT_EQ(*directory().FreeBytes(), 5U);
  EXPECT_TRUE((*log)->Reserve(15));
  EXPECT_TRUE((*log)->WriteAt(0, "fifteen bytes !"));
  EXPECT_EQ(*directory().FreeBytes(), 0U);
  EXPECT_TRUE((*log)->CloseAt(4));
  EXPECT_EQ(*directory().FreeBytes(), 11U);
}

TEST_F(MemoryFileSystemTest, SpaceReturnsWhenAFileHasNeitherNameNorReader) {
  memory().SetFreeBytes(100);
  WriteDurably("a", std::string(60, 'a'));
  WriteDurably("b", std::string(30, 'b'));
  EXPECT_EQ(*directory().FreeBytes(), 10U);
  {
    auto reader = directory().OpenForRead("a");
    ASSERT_TRUE(directory().Remove("a"));
    EXPECT_EQ(*directory().FreeBytes(), 10U);
  }
  EXPECT_EQ(*directory().FreeBytes(), 70U);
  WriteDurably("c", std::string(20, 'c'));
  ASSERT_TRUE(directory().Rename("c", "b"));
  EXPECT_EQ(*directory().FreeBytes(), 80U);
}

TEST_F(MemoryFileSystemTest, ACrashCountsTheSpaceAnew) {
  memory().SetFreeBytes(100);
  WriteDurably("kept", std::string(30, 'k'));
  auto lost = NewFile("lost", std::string(40, 'l'));
  ASSERT_TRUE(lost->Sync());
  EXPECT_EQ(*directory().FreeBytes(), 30U);
  CrashAndReopen();
  EXPECT_EQ(*directory().FreeBytes(), 70U);
  lost.reset();
  EXPECT_EQ(*directory().FreeBytes(), 70U);
}

TEST(MemoryFileImageTest, CuttingAndGrowingAgainShowsZeroes) {
  MemoryFileImage image("0123456789");
  image.Resize(4);
  image.Resize(8);
  EXPECT_EQ(image.current(), std::string("0123") + std::string(4, '\0'));
  EXPECT_EQ(image.AfterCrash(CrashModel::Drawn(nullptr)), "0123456789");
  Random random(testing::TestSeed(6));
  std::set<std::string> seen;
  for (int round = 0; round < 200; ++round)
    seen.insert(image.AfterCrash(CrashModel::Drawn(&random)));
  // The cut may have reached the bytes, the size, both or neither.
  const std::string zeroes(6, '\0');
  EXPECT_TRUE(seen.contains("0123"));
  EXPECT_TRUE(seen.contains("0123" + zeroes.substr(0, 4)));
  EXPECT_TRUE(seen.contains("0123456789"));
  image.Sync();
  EXPECT_EQ(image.durable(), image.current());
}

}  // namespace
}  // namespace quiver::io
