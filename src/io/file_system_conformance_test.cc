// What io/directory.h and io/file.h promise, asked of every FileSystem there is: the real one, the
// one in memory, and the fault injector before each. A caller must not be able to tell them apart.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "io/directory.h"
#include "io/fault_file_system.h"
#include "io/memory_file_system.h"
#include "testing/seed.h"
#include "testing/temp_dir.h"

namespace quiver::io {
namespace {

struct RealDisk {
  FileSystem& file_system() { return PosixFileSystem(); }
  std::filesystem::path root() const { return temp_dir.path(); }
  testing::TempDir temp_dir;
};

struct MemoryOnly {
  MemoryOnly() { EXPECT_TRUE(memory.OpenDirectory("/root", true)); }
  FileSystem& file_system() { return memory; }
  std::filesystem::path root() const { return "/root"; }
  MemoryFileSystem memory;
};

struct FaultBeforeRealDisk {
  FileSystem& file_system() { return fault; }
  std::filesystem::path root() const { return temp_dir.path(); }
  testing::TempDir temp_dir;
  FaultFileSystem fault{PosixFileSystem()};
};

struct FaultBeforeMemory {
  FaultBeforeMemory() { EXPECT_TRUE(memory.OpenDirectory("/root", true)); }
  FileSystem& file_system() { return fault; }
  std::filesystem::path root() const { return "/root"; }
  MemoryFileSystem memory;
  FaultFileSystem fault{memory};
};

template <typename Setting>
class FileSystemConformance : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = file_system().OpenDirectory(root() / "db", true);
    ASSERT_TRUE(opened) << opened.error().ToString();
    directory_ = *std::move(opened);
  }

  FileSystem& file_system() { return setting_.file_system(); }
  std::filesystem::path root() const { return setting_.root(); }
  Directory& directory() { return *directory_; }

  void WriteFile(const std::string& name, std::string_view contents) {
    auto file = directory().Create(name);
    ASSERT_TRUE(file) << file.error().ToString();
    ASSERT_TRUE((*file)->Append(contents));
    ASSERT_TRUE((*file)->Close());
  }
  std::string ReadFile(const std::string& name) {
    auto contents = ReadWholeFile(directory(), name, std::uint64_t{64} << 20);
    return contents ? *contents : contents.error().ToString();
  }
  // Name to size, directories as -1.
  std::map<std::string, std::int64_t> Listing() {
    std::map<std::string, std::int64_t> result;
    auto entries = directory().List();
    EXPECT_TRUE(entries);
    for (const DirectoryEntry& entry : *entries) {
      result[entry.name] = entry.regular ? static_cast<std::int64_t>(entry.size_bytes) : -1;
    }
    return result;
  }

 private:
  Setting setting_;
  std::unique_ptr<Directory> directory_;
};

template <typename T>
ErrorCode CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorCode::kInternal : result.error().code();
}

using Settings = ::testing::Types<RealDisk, MemoryOnly, FaultBeforeRealDisk, FaultBeforeMemory>;
TYPED_TEST_SUITE(FileSystemConformance, Settings);

constexpr LogAccess kBothAccesses[] = {LogAccess::kWritten, LogAccess::kMapped};

TYPED_TEST(FileSystemConformance, OpensOnlyExistingDirectoriesUnlessAskedToCreate) {
  const auto absent = this->root() / "absent";
  auto opened = this->file_system().OpenDirectory(absent, false);
  EXPECT_EQ(CodeOf(opened), ErrorCode::kNotFound);
  EXPECT_EQ(opened.error().file(), absent.string());
  EXPECT_TRUE(this->file_system().OpenDirectory(absent, true));
  EXPECT_TRUE(this->file_system().OpenDirectory(absent, false));
  EXPECT_TRUE(this->file_system().OpenDirectory(absent, true));
}

TYPED_TEST(FileSystemConformance, DoesNotCreateParents) {
  EXPECT_EQ(CodeOf(this->file_system().OpenDirectory(this->root() / "no" / "db", true)),
            ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf(this->file_system().OpenDirectory(this->root() / "no", false)),
            ErrorCode::kNotFound);
}

TYPED_TEST(FileSystemConformance, RefusesPathsThatAreEmptyOrHaveANul) {
  using std::string_literals::operator""s;
  for (const bool create : {false, true}) {
    EXPECT_EQ(CodeOf(this->file_system().OpenDirectory("", create)), ErrorCode::kInvalidArgument);
    const auto with_nul = this->root() / "cut\0here"s;
    EXPECT_EQ(CodeOf(this->file_system().OpenDirectory(with_nul, create)),
              ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(CodeOf(this->file_system().OpenDirectory(this->root() / "cut", false)),
            ErrorCode::kNotFound);
}

TYPED_TEST(FileSystemConformance, TakesAPathWithASlashAtItsEndAsTheSameDirectory) {
  auto opened = this->file_system().OpenDirectory(this->root() / "slash/", true);
  ASSERT_TRUE(opened) << opened.error().ToString();
  ASSERT_TRUE((*opened)->Create("file"));
  auto again = this->file_system().OpenDirectory(this->root() / "slash", false);
  ASSERT_TRUE(again);
  EXPECT_TRUE((*again)->OpenForRead("file"));
}

TYPED_TEST(FileSystemConformance, RefusesAFileWhereTheDirectoryShouldBe) {
  this->WriteFile("file", "x");
  for (const bool create : {false, true}) {
    EXPECT_EQ(CodeOf(this->file_system().OpenDirectory(this->root() / "db" / "file", create)),
              ErrorCode::kInvalidArgument);
  }
}

TYPED_TEST(FileSystemConformance, RefusesNamesThatAreNotPlainInEveryCall) {
  using std::string_literals::operator""s;
  Directory& directory = this->directory();
  this->WriteFile("good", "x");
  for (const std::string& name :
       {""s, "."s, ".."s, "a/b"s, "/"s, "../db/good"s, "good/"s, "a\0b"s, std::string(256, 'n')}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(CodeOf(directory.OpenForRead(name)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(CodeOf(directory.Create(name)), ErrorCode::kInvalidArgument);
    for (const LogAccess access : kBothAccesses) {
      EXPECT_EQ(CodeOf(directory.CreateLog(name, access)), ErrorCode::kInvalidArgument);
    }
    EXPECT_EQ(CodeOf(directory.Rename(name, "other")), ErrorCode::kInvalidArgument);
    EXPECT_EQ(CodeOf(directory.Rename("good", name)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(CodeOf(directory.Remove(name)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(CodeOf(directory.LinkFrom(directory, name)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(CodeOf(directory.Lock(name)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(CodeOf(directory.LockForReading(name)), ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(this->Listing(), (std::map<std::string, std::int64_t>{{"good", 1}}));
  EXPECT_TRUE(directory.Create(std::string(255, 'n')));
}

TYPED_TEST(FileSystemConformance, RefusesADirectoryUnderANameOfOurs) {
  ASSERT_TRUE(this->file_system().OpenDirectory(this->root() / "db" / "sub", true));
  this->WriteFile("file", "x");
  Directory& directory = this->directory();
  EXPECT_EQ(CodeOf(directory.OpenForRead("sub")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(directory.Create("sub")), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(directory.CreateLog("sub", LogAccess::kMapped)), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(directory.Rename("sub", "other")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(directory.Rename("file", "sub")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(directory.Remove("sub")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(directory.Lock("sub")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(directory.LockForReading("sub")), ErrorCode::kCorruption);
  EXPECT_EQ(this->Listing(), (std::map<std::string, std::int64_t>{{"file", 1}, {"sub", -1}}));
}

TYPED_TEST(FileSystemConformance, NamesTheAbsentFileInEveryNotFound) {
  Directory& directory = this->directory();
  auto opened = directory.OpenForRead("absent");
  EXPECT_EQ(CodeOf(opened), ErrorCode::kNotFound);
  EXPECT_EQ(opened.error().file(), "absent");
  auto renamed = directory.Rename("absent", "other");
  EXPECT_EQ(CodeOf(renamed), ErrorCode::kNotFound);
  EXPECT_EQ(renamed.error().file(), "absent");
  auto removed = directory.Remove("absent");
  EXPECT_EQ(CodeOf(removed), ErrorCode::kNotFound);
  EXPECT_EQ(removed.error().file(), "absent");
}

TYPED_TEST(FileSystemConformance, CreatesOnlyNewFiles) {
  this->WriteFile("file", "kept");
  auto created = this->directory().Create("file");
  EXPECT_EQ(CodeOf(created), ErrorCode::kIo);
  EXPECT_EQ(created.error().file(), "file");
  for (const LogAccess access : kBothAccesses) {
    EXPECT_EQ(CodeOf(this->directory().CreateLog("file", access)), ErrorCode::kIo);
  }
  EXPECT_EQ(this->ReadFile("file"), "kept");
}

TYPED_TEST(FileSystemConformance, ReadsAtAnyOffsetAndStopsAtTheEnd) {
  this->WriteFile("file", "0123456789");
  auto opened = this->directory().OpenForRead("file");
  ASSERT_TRUE(opened);
  const ReadableFile& file = **opened;
  EXPECT_EQ(file.size_bytes(), 10U);
  EXPECT_EQ(file.name(), "file");
  const auto read = [&](std::uint64_t offset, std::size_t count) {
    std::string bytes(count, '?');
    auto got = file.ReadAt(offset, std::as_writable_bytes(std::span(bytes)));
    EXPECT_TRUE(got);
    return bytes.substr(0, got ? *got : 0);
  };
  EXPECT_EQ(read(0, 10), "0123456789");
  EXPECT_EQ(read(3, 4), "3456");
  EXPECT_EQ(read(8, 10), "89");
  EXPECT_EQ(read(10, 1), "");
  EXPECT_EQ(read(5, 0), "");
  EXPECT_EQ(read(std::uint64_t{1} << 40, 5), "");
  EXPECT_EQ(read(~std::uint64_t{0}, 5), "");
}

TYPED_TEST(FileSystemConformance, AppendsOfEverySizeArriveInOrder) {
  Random random(testing::TestSeed(1));
  auto created = this->directory().Create("file");
  ASSERT_TRUE(created);
  WritableFile& file = **created;
  std::string expected;
  // Below, at and above the buffer of 256 KiB, from every level that the buffer can have.
  for (const std::size_t size : {1UL, 100UL, 262'143UL, 262'144UL, 1UL, 262'145UL, 0UL, 300'000UL,
                                 131'072UL, 131'072UL, 131'073UL, 1'000'000UL, 7UL}) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.Next());
    ASSERT_TRUE(file.Append(bytes));
    expected += bytes;
    ASSERT_EQ(file.size_bytes(), expected.size());
  }
  EXPECT_EQ(file.name(), "file");
  ASSERT_TRUE(file.Sync());
  EXPECT_TRUE(this->ReadFile("file") == expected);
  ASSERT_TRUE(file.Append("tail"));
  ASSERT_TRUE(file.Close());
  EXPECT_TRUE(this->ReadFile("file") == expected + "tail");
}

TYPED_TEST(FileSystemConformance, BuffersSmallAppendsAndDropsThemIfNeverClosed) {
  {
    auto file = this->directory().Create("file");
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->Append("synced"));
    ASSERT_TRUE((*file)->Sync());
    ASSERT_TRUE((*file)->Append("buffered"));
    EXPECT_EQ(this->ReadFile("file"), "synced");
  }
  EXPECT_EQ(this->ReadFile("file"), "synced");
}

TYPED_TEST(FileSystemConformance, RenameReplacesTheTargetAndKeepsOpenFilesReadable) {
  this->WriteFile("old", "old contents");
  this->WriteFile("new", "new");
  auto opened = this->directory().OpenForRead("old");
  ASSERT_TRUE(opened);
  ASSERT_TRUE(this->directory().Rename("new", "old"));
  EXPECT_EQ(this->ReadFile("old"), "new");
  EXPECT_EQ(this->Listing(), (std::map<std::string, std::int64_t>{{"old", 3}}));
  std::string bytes(12, '?');
  EXPECT_EQ(*(*opened)->ReadAt(0, std::as_writable_bytes(std::span(bytes))), 12U);
  EXPECT_EQ(bytes, "old contents");
}

TYPED_TEST(FileSystemConformance, RenameToTheSameNameChangesNothing) {
  this->WriteFile("file", "x");
  EXPECT_TRUE(this->directory().Rename("file", "file"));
  EXPECT_EQ(this->ReadFile("file"), "x");
}

TYPED_TEST(FileSystemConformance, ALinkIsASecondNameThatOutlivesTheFirst) {
  auto other = this->file_system().OpenDirectory(this->root() / "other", true);
  ASSERT_TRUE(other) << other.error().ToString();
  this->WriteFile("file", "shared");
  ASSERT_TRUE((*other)->LinkFrom(this->directory(), "file"));
  EXPECT_EQ(CodeOf((*other)->LinkFrom(this->directory(), "file")), ErrorCode::kIo);
  const auto absent = (*other)->LinkFrom(this->directory(), "absent");
  EXPECT_EQ(CodeOf(absent), ErrorCode::kNotFound);
  EXPECT_EQ(absent.error().file(), "absent");
  ASSERT_TRUE(this->directory().Remove("file"));
  EXPECT_EQ(*ReadWholeFile(**other, "file", 100), "shared");
  ASSERT_TRUE(this->file_system().OpenDirectory(this->root() / "db" / "sub", true));
  EXPECT_EQ(CodeOf((*other)->LinkFrom(this->directory(), "sub")), ErrorCode::kCorruption);
}

TYPED_TEST(FileSystemConformance, ACopyIsWholeOrAbsentAndItsChecksumIsThatOfTheBytes) {
  auto other = this->file_system().OpenDirectory(this->root() / "other", true);
  ASSERT_TRUE(other) << other.error().ToString();
  std::string contents(700'000, 'c');
  contents[500'000] = '!';
  this->WriteFile("file", contents);
  const auto copied = CopyFile(this->directory(), "file", **other, "copy");
  ASSERT_TRUE(copied) << copied.error().ToString();
  EXPECT_EQ(copied->size_bytes, contents.size());
  EXPECT_EQ(copied->checksum, Checksum(contents, 0));
  EXPECT_EQ(*ReadWholeFile(**other, "copy", contents.size()), contents);
  EXPECT_EQ(ReadForChecksum(**other, "copy")->checksum, copied->checksum);
  EXPECT_EQ(CodeOf(CopyFile(this->directory(), "file", **other, "copy")), ErrorCode::kIo);
  std::uint64_t steps = 0;
  const auto stopped =
      CopyFile(this->directory(), "file", **other, "half", [&](std::uint64_t) -> Result<void> {
        if (++steps == 2) return Error(ErrorCode::kInvalidArgument, "enough");
        return {};
      });
  EXPECT_EQ(CodeOf(stopped), ErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf((*other)->OpenForRead("half")), ErrorCode::kNotFound);
}

TYPED_TEST(FileSystemConformance, RemovedFilesStayReadableWhileOpenAndTheirNameIsFree) {
  this->WriteFile("file", "before");
  auto opened = this->directory().OpenForRead("file");
  ASSERT_TRUE(opened);
  ASSERT_TRUE(this->directory().Remove("file"));
  EXPECT_TRUE(this->Listing().empty());
  this->WriteFile("file", "after");
  std::string bytes(6, '?');
  EXPECT_EQ(*(*opened)->ReadAt(0, std::as_writable_bytes(std::span(bytes))), 6U);
  EXPECT_EQ(bytes, "before");
  EXPECT_EQ(this->ReadFile("file"), "after");
}

TYPED_TEST(FileSystemConformance, ListsFilesWithSizesAndSubdirectories) {
  EXPECT_TRUE(this->Listing().empty());
  this->WriteFile("empty", "");
  this->WriteFile("five", "12345");
  ASSERT_TRUE(this->file_system().OpenDirectory(this->root() / "db" / "sub", true));
  ASSERT_TRUE(this->file_system().OpenDirectory(this->root() / "db" / "sub" / "deep", true));
  EXPECT_EQ(this->Listing(),
            (std::map<std::string, std::int64_t>{{"empty", 0}, {"five", 5}, {"sub", -1}}));
  EXPECT_TRUE(this->directory().Sync());
}

TYPED_TEST(FileSystemConformance, LogFilesHoldWhatIsWrittenAndZeroesElsewhere) {
  for (const LogAccess access : kBothAccesses) {
    const std::string name = access == LogAccess::kMapped ? "mapped" : "written";
    SCOPED_TRACE(name);
    auto created = this->directory().CreateLog(name, access);
    ASSERT_TRUE(created);
    LogFile& log = **created;
    EXPECT_EQ(log.name(), name);
    EXPECT_EQ(log.reserved_bytes(), 0U);
    ASSERT_TRUE(log.Reserve(10'000));
    EXPECT_EQ(log.reserved_bytes(), 10'000U);
    ASSERT_TRUE(log.WriteAt(0, "head"));
    ASSERT_TRUE(log.WriteAt(9'996, "tail"));
    ASSERT_TRUE(log.WriteAt(5'000, ""));
    std::string expected(10'000, '\0');
    expected.replace(0, 4, "head").replace(9'996, 4, "tail");
    EXPECT_TRUE(this->ReadFile(name) == expected) << "before any sync";
    ASSERT_TRUE(log.Sync());
    ASSERT_TRUE(log.WriteAtDurably(4'090, "over a page"));
    expected.replace(4'090, 11, "over a page");
    // Growing keeps what there is; asking for less than there is changes nothing.
    ASSERT_TRUE(log.Reserve(5'000));
    EXPECT_EQ(log.reserved_bytes(), 10'000U);
    ASSERT_TRUE(log.Reserve(1'000'001));
    EXPECT_EQ(log.reserved_bytes(), 1'000'001U);
    ASSERT_TRUE(log.WriteAt(10'000, "grown"));
    ASSERT_TRUE(log.WriteAtDurably(1'000'000, "!"));
    expected.resize(1'000'001);
    expected.replace(10'000, 5, "grown").replace(1'000'000, 1, "!");
    ASSERT_TRUE(log.Sync());
    EXPECT_TRUE(this->ReadFile(name) == expected);
    ASSERT_TRUE(log.CloseAt(10'005));
    EXPECT_TRUE(this->ReadFile(name) == expected.substr(0, 10'005));
  }
}

TYPED_TEST(FileSystemConformance, LogFilesRefuseWritesOutsideTheReservedSpace) {
  for (const LogAccess access : kBothAccesses) {
    const std::string name = access == LogAccess::kMapped ? "mapped" : "written";
    SCOPED_TRACE(name);
    auto created = this->directory().CreateLog(name, access);
    ASSERT_TRUE(created);
    LogFile& log = **created;
    EXPECT_EQ(CodeOf(log.WriteAt(0, "x")), ErrorCode::kInvalidArgument);
    ASSERT_TRUE(log.Reserve(100));
    for (const std::uint64_t offset : {97UL, 100UL, 101UL, 5'000UL, ~0UL, ~0UL - 3}) {
      auto written = log.WriteAt(offset, "four");
      EXPECT_EQ(CodeOf(written), ErrorCode::kInvalidArgument) << offset;
      EXPECT_EQ(written.error().file(), name);
      EXPECT_EQ(CodeOf(log.WriteAtDurably(offset, "four")), ErrorCode::kInvalidArgument);
    }
    EXPECT_TRUE(log.WriteAt(96, "four"));
    EXPECT_EQ(CodeOf(log.CloseAt(101)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(this->Listing().at(name), 100);
  }
}

TYPED_TEST(FileSystemConformance, LogFilesCanBeClosedEmptyAndLeftOpen) {
  for (const LogAccess access : kBothAccesses) {
    const std::string name = access == LogAccess::kMapped ? "mapped" : "written";
    {
      auto empty = this->directory().CreateLog(name, access);
      ASSERT_TRUE(empty);
      ASSERT_TRUE((*empty)->Sync());
      ASSERT_TRUE((*empty)->CloseAt(0));
      auto left = this->directory().CreateLog(name + "-left", access);
      ASSERT_TRUE(left);
      ASSERT_TRUE((*left)->Reserve(8'192));
      ASSERT_TRUE((*left)->WriteAt(0, "survives the process"));
    }
    EXPECT_EQ(this->ReadFile(name), "");
    // As a killed process leaves it: all that is reserved, with what was written.
    EXPECT_EQ(this->ReadFile(name + "-left").substr(0, 20), "survives the process");
    EXPECT_EQ(this->Listing().at(name + "-left"), 8'192);
  }
}

TYPED_TEST(FileSystemConformance, LogFilesAreSyncedBesideWritesAndGrowth) {
  for (const LogAccess access : kBothAccesses) {
    const std::string name = access == LogAccess::kMapped ? "mapped" : "written";
    auto created = this->directory().CreateLog(name, access);
    ASSERT_TRUE(created);
    LogFile& log = **created;
    std::atomic<bool> finished{false};
    std::atomic<std::uint64_t> failed_syncs{0};
    std::jthread syncer([&] {
      while (!finished.load()) {
        if (!log.Sync()) failed_syncs.fetch_add(1);
      }
    });
    std::string expected;
    for (std::uint64_t i = 0; i < 300; ++i) {
      const std::string record(1'000, static_cast<char>('a' + i % 26));
      if (i % 50 == 0) {
        ASSERT_TRUE(log.Reserve(expected.size() + 50'000));
      }
      ASSERT_TRUE(i % 7 == 0 ? log.WriteAtDurably(expected.size(), record)
                             : log.WriteAt(expected.size(), record));
      expected += record;
    }
    finished.store(true);
    syncer.join();
    EXPECT_EQ(failed_syncs.load(), 0U);
    ASSERT_TRUE(log.CloseAt(expected.size()));
    EXPECT_TRUE(this->ReadFile(name) == expected);
  }
}

TYPED_TEST(FileSystemConformance, ASecondLockerIsToldThePidOfTheHolder) {
  auto held = this->directory().Lock("LOCK");
  ASSERT_TRUE(held);
  auto other_directory = this->file_system().OpenDirectory(this->root() / "db", false);
  ASSERT_TRUE(other_directory);
  for (Directory* directory : {&this->directory(), other_directory->get()}) {
    auto refused = directory->Lock("LOCK");
    ASSERT_EQ(CodeOf(refused), ErrorCode::kBusy);
    EXPECT_NE(refused.error().message().find("process " + std::to_string(::getpid())),
              std::string::npos)
        << refused.error().ToString();
  }
  held->reset();
  auto again = (*other_directory)->Lock("LOCK");
  EXPECT_TRUE(again);
  EXPECT_TRUE(this->Listing().contains("LOCK"));
}

TYPED_TEST(FileSystemConformance, ManyReadersOrOneWriterHoldTheLock) {
  Directory& directory = this->directory();
  ASSERT_TRUE(directory.Lock("LOCK"));  // makes the file and releases it at once
  auto first = directory.LockForReading("LOCK");
  auto second = directory.LockForReading("LOCK");
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(*first != nullptr && *second != nullptr);
  EXPECT_EQ(CodeOf(directory.Lock("LOCK")), ErrorCode::kBusy);
  first->reset();
  EXPECT_EQ(CodeOf(directory.Lock("LOCK")), ErrorCode::kBusy) << "one reader is left";
  second->reset();
  auto writer = directory.Lock("LOCK");
  ASSERT_TRUE(writer);
  auto refused = directory.LockForReading("LOCK");
  EXPECT_EQ(CodeOf(refused), ErrorCode::kBusy);
  EXPECT_NE(refused.error().message().find("process " + std::to_string(::getpid())),
            std::string::npos);
  writer->reset();
  EXPECT_TRUE(directory.LockForReading("LOCK"));
}

TYPED_TEST(FileSystemConformance, ALockForReadingMakesNoFile) {
  auto lock = this->directory().LockForReading("LOCK");
  ASSERT_TRUE(lock);
  EXPECT_EQ(*lock, nullptr);
  EXPECT_TRUE(this->Listing().empty());
  EXPECT_TRUE(this->directory().Lock("LOCK")) << "and holds nothing";
}

TYPED_TEST(FileSystemConformance, LocksOfDifferentDirectoriesAreIndependent) {
  auto other = this->file_system().OpenDirectory(this->root() / "other", true);
  ASSERT_TRUE(other);
  auto first = this->directory().Lock("LOCK");
  auto second = (*other)->Lock("LOCK");
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
}

TYPED_TEST(FileSystemConformance, ALockOutlivesItsDirectoryObject) {
  auto other = this->file_system().OpenDirectory(this->root() / "db", false);
  ASSERT_TRUE(other);
  auto held = (*other)->Lock("LOCK");
  ASSERT_TRUE(held);
  other->reset();
  EXPECT_EQ(CodeOf(this->directory().Lock("LOCK")), ErrorCode::kBusy);
}

TYPED_TEST(FileSystemConformance, TellsTheFreeSpaceAndItsPath) {
  auto free_bytes = this->directory().FreeBytes();
  ASSERT_TRUE(free_bytes);
  EXPECT_GT(*free_bytes, 0U);
  EXPECT_EQ(this->directory().path(), this->root() / "db");
}

TYPED_TEST(FileSystemConformance, ReadWholeFileHoldsToItsLimit) {
  this->WriteFile("file", "12345");
  this->WriteFile("empty", "");
  EXPECT_EQ(*ReadWholeFile(this->directory(), "file", 5), "12345");
  EXPECT_EQ(*ReadWholeFile(this->directory(), "empty", 0), "");
  auto refused = ReadWholeFile(this->directory(), "file", 4);
  EXPECT_EQ(CodeOf(refused), ErrorCode::kCorruption);
  EXPECT_EQ(refused.error().file(), "file");
  EXPECT_EQ(CodeOf(ReadWholeFile(this->directory(), "absent", 4)), ErrorCode::kNotFound);
}

TYPED_TEST(FileSystemConformance, ReplaceFileDurablyCreatesReplacesAndClearsAStaleTempFile) {
  ASSERT_TRUE(ReplaceFileDurably(this->directory(), "CURRENT", "first"));
  EXPECT_EQ(this->ReadFile("CURRENT"), "first");
  this->WriteFile("CURRENT.tmp", "left by a crash, and longer than what follows");
  ASSERT_TRUE(ReplaceFileDurably(this->directory(), "CURRENT", "second"));
  EXPECT_EQ(this->ReadFile("CURRENT"), "second");
  EXPECT_EQ(this->Listing(), (std::map<std::string, std::int64_t>{{"CURRENT", 6}}));
}

}  // namespace
}  // namespace quiver::io
