#include "io/fault_file_system.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "io/memory_file_system.h"

namespace quiver::io {
namespace {

const Error kInjected(ErrorCode::kIo, "injected");

class FaultFileSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = fault_.OpenDirectory("/db", true);
    ASSERT_TRUE(opened);
    directory_ = *std::move(opened);
    fault_.ClearLog();
  }
  // Fails every operation of one kind.
  void FailAll(OperationKind failing) {
    fault_.SetHook([failing](OperationKind kind, std::string_view) -> std::optional<Error> {
      if (kind == failing) return kInjected;
      return std::nullopt;
    });
  }
  void FailNothing() { fault_.SetHook({}); }
  Directory& directory() { return *directory_; }
  FaultFileSystem& fault() { return fault_; }
  MemoryFileSystem& memory() { return memory_; }
  std::string ContentsOf(const std::string& name) {
    FailNothing();
    auto contents = ReadWholeFile(directory(), name, 1 << 20);
    return contents ? *contents : contents.error().ToString();
  }

 private:
  MemoryFileSystem memory_;
  FaultFileSystem fault_{memory_};
  std::unique_ptr<Directory> directory_;
};

template <typename T>
bool IsInjected(const Result<T>& result) {
  return !result.ok() && result.error().message() == "injected";
}

// Calls every operation there is once, as far as failures let it. Returns which of them failed.
std::size_t CallEverything(FileSystem& file_system) {
  std::size_t failures = 0;
  const auto check = [&](const auto& result) {
    failures += IsInjected(result) ? 1 : 0;
    return result.ok();
  };
  auto directory = file_system.OpenDirectory("/db", true);
  if (!check(directory)) return failures;
  check((*directory)->LockForReading("LOCK"));
  check((*directory)->Lock("LOCK"));
  auto file = (*directory)->Create("file.tmp");
  if (check(file)) {
    check((*file)->Append("contents"));
    check((*file)->Sync());
    check((*file)->Close());
  }
  check((*directory)->Rename("file.tmp", "file"));
  check((*directory)->Sync());
  auto log = (*directory)->CreateLog("log", LogAccess::kMapped);
  if (check(log)) {
    if (check((*log)->Reserve(100))) {
      check((*log)->WriteAt(0, "one"));
      check((*log)->Sync());
      check((*log)->WriteAtDurably(3, "two"));
    }
    check((*log)->CloseAt(6));
  }
  check((*directory)->List());
  check((*directory)->FreeBytes());
  auto reader = (*directory)->OpenForRead("file");
  if (check(reader)) {
    std::byte byte{};
    check((*reader)->ReadAt(0, std::span(&byte, 1)));
  }
  check((*directory)->LinkFrom(**directory, "file"));  // the name exists, which is another failure
  check((*directory)->Remove("file"));
  return failures;
}

TEST_F(FaultFileSystemTest, AsksTheHookBeforeEveryKindOfOperation) {
  std::set<OperationKind> seen;
  fault().SetHook([&](OperationKind kind, std::string_view) -> std::optional<Error> {
    seen.insert(kind);
    return std::nullopt;
  });
  EXPECT_EQ(CallEverything(fault()), 0U);
  EXPECT_EQ(seen.size(), kOperationKindCount);
}

TEST_F(FaultFileSystemTest, CanFailEachOperationByItsOrdinal) {
  const std::uint64_t before = fault().operation_count();
  ASSERT_EQ(CallEverything(fault()), 0U);
  const std::uint64_t total = fault().operation_count() - before;
  EXPECT_EQ(total, kOperationKindCount) << "each kind once";
  for (std::uint64_t i = 0; i < total; ++i) {
    MemoryFileSystem memory;
    FaultFileSystem fault(memory);
    fault.SetHook(FailOperations(i, 1, kInjected));
    EXPECT_GE(CallEverything(fault), 1U) << "operation " << i;
    const auto log = fault.log();
    EXPECT_LE(std::count_if(log.begin(), log.end(), [](const auto& entry) { return entry.failed; }),
              1);
  }
}

TEST_F(FaultFileSystemTest, FailOperationsFailsAWindow) {
  fault().SetHook(FailOperations(1, 2, kInjected));
  EXPECT_TRUE(directory().List());
  EXPECT_TRUE(IsInjected(directory().List()));
  EXPECT_TRUE(IsInjected(directory().FreeBytes()));
  EXPECT_TRUE(directory().List());
}

TEST_F(FaultFileSystemTest, LogsTheCallsThatChangeTheDisk) {
  auto file = directory().Create("a");
  ASSERT_TRUE((*file)->Append("12345"));
  ASSERT_TRUE((*file)->Append("678"));
  ASSERT_TRUE((*file)->Close());
  ASSERT_TRUE(directory().List());
  FailAll(OperationKind::kRename);
  EXPECT_TRUE(IsInjected(directory().Rename("a", "b")));
  FailNothing();
  auto log = directory().CreateLog("log", LogAccess::kWritten);
  ASSERT_TRUE((*log)->Reserve(50));
  ASSERT_TRUE((*log)->WriteAtDurably(7, "xyz"));
  ASSERT_TRUE((*log)->CloseAt(10));

  const std::vector<FileOperation> entries = fault().log();
  std::vector<std::string> lines;
  for (const FileOperation& entry : entries) {
    lines.push_back(std::string(OperationKindName(entry.kind)) + " " + entry.file + ">" +
                    entry.new_name + " " + std::to_string(entry.offset) + "+" +
                    std::to_string(entry.length) + (entry.failed ? " failed" : ""));
  }
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "create a> 0+0",
                       "append a> 0+5",
                       "append a> 5+3",
                       "close a> 0+0",
                       "rename a>b 0+0 failed",
                       "create_log log> 0+0",
                       "reserve log> 0+50",
                       "write_at_durably log> 7+3",
                       "close_log log> 10+0",
                   }));
  fault().ClearLog();
  EXPECT_TRUE(fault().log().empty());
}

TEST_F(FaultFileSystemTest, AFailedSyncOfAFileStaysFailed) {
  auto file = directory().Create("file");
  ASSERT_TRUE((*file)->Append("x"));
  FailAll(OperationKind::kSyncFile);
  EXPECT_TRUE(IsInjected((*file)->Sync()));
  FailNothing();
  EXPECT_TRUE(IsInjected((*file)->Sync()));
  EXPECT_TRUE(IsInjected((*file)->Append("y")));
  EXPECT_TRUE(IsInjected((*file)->Close()));
}

TEST_F(FaultFileSystemTest, AFailedSyncOfALogStaysFailedAndIsSharedWithDurableWrites) {
  for (const OperationKind kind : {OperationKind::kSyncLog, OperationKind::kWriteAtDurably}) {
    const std::string name(OperationKindName(kind));
    auto log = directory().CreateLog(name, LogAccess::kWritten);
    ASSERT_TRUE((*log)->Reserve(10));
    FailAll(kind);
    EXPECT_TRUE(IsInjected(kind == OperationKind::kSyncLog ? (*log)->Sync()
                                                           : (*log)->WriteAtDurably(0, "lost")));
    FailNothing();
    EXPECT_TRUE(IsInjected((*log)->Sync()));
    EXPECT_TRUE(IsInjected((*log)->WriteAtDurably(0, "lost")));
    EXPECT_EQ(ContentsOf(name), std::string(10, '\0'));
    EXPECT_TRUE((*log)->WriteAt(0, "in memory"));
    EXPECT_TRUE((*log)->CloseAt(9));
  }
}

TEST_F(FaultFileSystemTest, AFailedSyncOfADirectoryStaysFailedForThatObject) {
  FailAll(OperationKind::kSyncDirectory);
  EXPECT_TRUE(IsInjected(directory().Sync()));
  FailNothing();
  EXPECT_TRUE(IsInjected(directory().Sync()));
  auto reopened = fault().OpenDirectory("/db", false);
  EXPECT_TRUE((*reopened)->Sync());
}

TEST_F(FaultFileSystemTest, AFailedAppendFailsEveryLaterCallOfTheFile) {
  auto file = directory().Create("file");
  ASSERT_TRUE((*file)->Append("kept"));
  FailAll(OperationKind::kAppend);
  EXPECT_TRUE(IsInjected((*file)->Append("lost")));
  FailNothing();
  EXPECT_TRUE(IsInjected((*file)->Append("more")));
  EXPECT_TRUE(IsInjected((*file)->Sync()));
  EXPECT_TRUE(IsInjected((*file)->Close()));
  EXPECT_EQ(ContentsOf("file"), "kept");
}

TEST_F(FaultFileSystemTest, LetsHalfOfAFailingWriteThroughWhenAsked) {
  fault().SetReach(FaultReach::kHalf);
  auto file = directory().Create("file");
  auto log = directory().CreateLog("log", LogAccess::kWritten);
  ASSERT_TRUE((*log)->Reserve(20));
  FailAll(OperationKind::kAppend);
  EXPECT_TRUE(IsInjected((*file)->Append("12345678")));
  EXPECT_TRUE(IsInjected((*file)->Close()));
  EXPECT_EQ(ContentsOf("file"), "1234");
  FailAll(OperationKind::kWriteAt);
  EXPECT_TRUE(IsInjected((*log)->WriteAt(0, "abcd")));
  FailAll(OperationKind::kWriteAtDurably);
  EXPECT_TRUE(IsInjected((*log)->WriteAtDurably(10, "efgh")));
  EXPECT_EQ(ContentsOf("log"), "ab" + std::string(8, '\0') + "ef" + std::string(8, '\0'));
}

TEST_F(FaultFileSystemTest, LetsFailingCallsHappenWhenAsked) {
  fault().SetReach(FaultReach::kDone);
  auto file = directory().Create("file");
  auto log = directory().CreateLog("log", LogAccess::kWritten);
  ASSERT_TRUE((*log)->Reserve(4));
  ASSERT_TRUE((*file)->Append("written"));
  ASSERT_TRUE((*log)->WriteAt(0, "log "));
  for (const OperationKind kind :
       {OperationKind::kSyncFile, OperationKind::kSyncLog, OperationKind::kSyncDirectory,
        OperationKind::kCreate, OperationKind::kRename, OperationKind::kReserve}) {
    FailAll(kind);
    switch (kind) {
      case OperationKind::kSyncFile: EXPECT_TRUE(IsInjected((*file)->Sync())); break;
      case OperationKind::kSyncLog: EXPECT_TRUE(IsInjected((*log)->Sync())); break;
      case OperationKind::kReserve: EXPECT_TRUE(IsInjected((*log)->Reserve(8))); break;
      case OperationKind::kSyncDirectory: EXPECT_TRUE(IsInjected(directory().Sync())); break;
      case OperationKind::kCreate: EXPECT_FALSE(directory().Create("made")); break;
      default: EXPECT_TRUE(IsInjected(directory().Rename("made", "renamed"))); break;
    }
  }
  FailNothing();
  EXPECT_EQ(ContentsOf("renamed"), "");
  EXPECT_EQ((*log)->reserved_bytes(), 8U);
  FailAll(OperationKind::kRemove);
  EXPECT_TRUE(IsInjected(directory().Remove("renamed")));
  FailNothing();
  EXPECT_FALSE(directory().OpenForRead("renamed"));
  memory().Crash();  // what failed to sync is durable all the same
  const auto reopened = memory().OpenDirectory(directory().path(), false);
  EXPECT_EQ(*ReadWholeFile(**reopened, "file", 100), "written");
}

TEST_F(FaultFileSystemTest, TheHookMayCutThePower) {
  auto file = directory().Create("file");
  ASSERT_TRUE((*file)->Append("x"));
  fault().SetHook([&](OperationKind kind, std::string_view name) -> std::optional<Error> {
    if (kind == OperationKind::kSyncFile && name == "file") {
      EXPECT_FALSE(fault().log().empty()) << "the hook may look at the log";
      memory().Crash();
    }
    return std::nullopt;
  });
  auto synced = (*file)->Sync();
  ASSERT_FALSE(synced);
  EXPECT_EQ(synced.error().code(), ErrorCode::kIo);
}

TEST(OperationKindTest, EveryKindHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kOperationKindCount; ++i) {
    const std::string_view name = OperationKindName(static_cast<OperationKind>(i));
    EXPECT_FALSE(name.empty());
    names.insert(name);
  }
  EXPECT_EQ(names.size(), kOperationKindCount);
}

}  // namespace
}  // namespace quiver::io
