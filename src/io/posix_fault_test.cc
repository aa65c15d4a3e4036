// How the real file system answers when the operating system fails. Single system calls are made
// to fail by a seccomp filter, which lasts for one thread; full disks are real ones.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

#include "io/directory.h"
#include "io/posix_log_file.h"
#include "testing/temp_dir.h"

namespace quiver::io {
namespace {

struct FailingCall {
  long number;
  int error_number;
  // Fails only calls whose argument `argument` is `value`.
  std::optional<std::uint32_t> argument = std::nullopt;
  std::uint32_t value = 0;
};

bool InstallFilter(const std::vector<FailingCall>& calls) {
  std::vector<sock_filter> program;
  const auto load = [&](std::size_t offset) {
    program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  };
  for (const FailingCall& call : calls) {
    const bool by_argument = call.argument.has_value();
    load(offsetof(seccomp_data, nr));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call.number),
                               0, static_cast<std::uint8_t>(by_argument ? 3 : 1)));
    if (by_argument) {
      load(offsetof(seccomp_data, args) + 8 * *call.argument);
      program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call.value, 0, 1));
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K,
                               SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(call.error_number)));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  sock_fprog filter = {static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// Whether this machine lets a thread filter its own calls.
bool CanFilter() {
  bool can = false;
  std::thread([&] { can = InstallFilter({}); }).join();
  return can;
}

// Runs `body` on a thread for which `calls` fail.
void WithFailing(const std::vector<FailingCall>& calls, const std::function<void()>& body) {
  std::thread([&] {
    ASSERT_TRUE(InstallFilter(calls));
    body();
  }).join();
}

template <typename T>
ErrorCode CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorCode::kInternal : result.error().code();
}

class PosixFaultTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!CanFilter()) GTEST_SKIP() << "skipped: this kernel refuses seccomp filters";
    auto opened = PosixFileSystem().OpenDirectory(path(), true);
    ASSERT_TRUE(opened) << opened.error().ToString();
    directory_ = *std::move(opened);
  }
  std::filesystem::path path() const { return temp_dir_.path() / "db"; }
  Directory& directory() { return *directory_; }
  struct stat StatusOf(const std::string& name) const {
    struct stat status = {};
    EXPECT_EQ(::stat((path() / name).c_str(), &status), 0);
    return status;
  }
  std::unique_ptr<WritableFile> NewFile(const std::string& name) {
    auto file = directory().Create(name);
    EXPECT_TRUE(file);
    return *std::move(file);
  }
  std::unique_ptr<LogFile> NewLog(const std::string& name, LogAccess access) {
    auto log = directory().CreateLog(name, access);
    EXPECT_TRUE(log);
    return *std::move(log);
  }
  bool MappedHere() {
    const int fd = ::open(path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool safe = MappingIsSafe(fd);
    ::close(fd);
    return safe;
  }

 private:
  testing::TempDir temp_dir_;
  std::unique_ptr<Directory> directory_;
};

constexpr LogAccess kBothAccesses[] = {LogAccess::kWritten, LogAccess::kMapped};

// --- failed syncs

TEST_F(PosixFaultTest, AFailedSyncOfAFileIsNeverFollowedByASuccessfulOne) {
  auto file = NewFile("file");
  ASSERT_TRUE(file->Append("x"));
  WithFailing({{SYS_fdatasync, EIO}}, [&] {
    auto synced = file->Sync();
    ASSERT_EQ(CodeOf(synced), ErrorCode::kIo);
    EXPECT_EQ(synced.error().file(), "file");
  });
  EXPECT_EQ(CodeOf(file->Sync()), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(file->Append("y")), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(file->Close()), ErrorCode::kIo);
}

TEST_F(PosixFaultTest, AFailedSyncOfALogIsNeverFollowedByASuccessfulOne) {
  for (const LogAccess access : kBothAccesses) {
    auto log = NewLog(access == LogAccess::kMapped ? "mapped" : "written", access);
    ASSERT_TRUE(log->Reserve(8'192));
    WithFailing({{SYS_fdatasync, EIO}}, [&] { EXPECT_EQ(CodeOf(log->Sync()), ErrorCode::kIo); });
    EXPECT_EQ(CodeOf(log->Sync()), ErrorCode::kIo);
    EXPECT_EQ(CodeOf(log->WriteAtDurably(0, "lost")), ErrorCode::kIo);
    EXPECT_EQ(CodeOf(log->Reserve(100'000)), ErrorCode::kIo);
    EXPECT_EQ((*ReadWholeFile(directory(), log->name(), 1 << 20)).substr(0, 4),
              std::string(4, '\0'))
        << "a write that cannot become durable must not be made";
    EXPECT_TRUE(log->CloseAt(0));
  }
}

TEST_F(PosixFaultTest, AFailedSyncOfADirectoryIsNeverFollowedByASuccessfulOne) {
  WithFailing({{SYS_fsync, EIO}}, [&] {
    auto synced = directory().Sync();
    ASSERT_EQ(CodeOf(synced), ErrorCode::kIo);
    EXPECT_EQ(synced.error().file(), path().string());
  });
  EXPECT_EQ(CodeOf(directory().Sync()), ErrorCode::kIo);
  auto reopened = PosixFileSystem().OpenDirectory(path(), false);
  EXPECT_TRUE((*reopened)->Sync());
}

TEST_F(PosixFaultTest, AFileSystemThatCannotSyncDirectoriesIsAccepted) {
  WithFailing({{SYS_fsync, EINVAL}}, [&] { EXPECT_TRUE(directory().Sync()); });
}

TEST_F(PosixFaultTest, ADirectoryWhoseNameCannotBeMadeDurableIsNotCreated) {
  WithFailing({{SYS_fsync, EIO}}, [&] {
    EXPECT_EQ(CodeOf(PosixFileSystem().OpenDirectory(path() / "sub", true)), ErrorCode::kIo);
  });
  EXPECT_FALSE(std::filesystem::exists(path() / "sub"));
}

TEST_F(PosixFaultTest, ReplaceFileDurablyKeepsTheOldContentsWhenASyncFails) {
  ASSERT_TRUE(ReplaceFileDurably(directory(), "CURRENT", "old"));
  WithFailing({{SYS_fdatasync, EIO}}, [&] {
    EXPECT_EQ(CodeOf(ReplaceFileDurably(directory(), "CURRENT", "new")), ErrorCode::kIo);
  });
  EXPECT_EQ(*ReadWholeFile(directory(), "CURRENT", 100), "old");
  EXPECT_FALSE(std::filesystem::exists(path() / "CURRENT.tmp"));
}

// --- durable writes

TEST_F(PosixFaultTest, DurableWritesFallBackToASyncWhereTheSystemHasNoSynchronousWrite) {
  for (const int error_number : {EOPNOTSUPP, EINVAL, ENOSYS}) {
    auto log = NewLog("log" + std::to_string(error_number), LogAccess::kWritten);
    ASSERT_TRUE(log->Reserve(8'192));
    WithFailing({{SYS_pwritev2, error_number}}, [&] {
      EXPECT_TRUE(log->WriteAtDurably(0, "one"));
      EXPECT_TRUE(log->WriteAtDurably(3, "two"));
    });
    EXPECT_EQ((*ReadWholeFile(directory(), log->name(), 1 << 20)).substr(0, 6), "onetwo");
    WithFailing({{SYS_fdatasync, EIO}},
                [&] { EXPECT_EQ(CodeOf(log->WriteAtDurably(6, "three")), ErrorCode::kIo); });
    EXPECT_EQ(CodeOf(log->Sync()), ErrorCode::kIo);
  }
}

TEST_F(PosixFaultTest, AFailedSynchronousWriteCountsAsAFailedSync) {
  auto log = NewLog("log", LogAccess::kWritten);
  ASSERT_TRUE(log->Reserve(8'192));
  WithFailing({{SYS_pwritev2, EIO}}, [&] {
    auto written = log->WriteAtDurably(4'000, "x");
    ASSERT_EQ(CodeOf(written), ErrorCode::kIo);
    EXPECT_EQ(written.error().offset(), 4'000U);
  });
  EXPECT_EQ(CodeOf(log->Sync()), ErrorCode::kIo);
}

// A synchronous write makes only its own bytes durable, so it may stand in for a sync only when
// nothing else is waiting for one.
TEST_F(PosixFaultTest, ADurableWriteAfterAnUnsyncedOneSyncsBoth) {
  auto log = NewLog("log", LogAccess::kWritten);
  ASSERT_TRUE(log->Reserve(8'192));
  ASSERT_TRUE(log->WriteAt(0, "unsynced"));
  WithFailing({{SYS_fdatasync, EIO}},
              [&] { EXPECT_EQ(CodeOf(log->WriteAtDurably(8, "x")), ErrorCode::kIo); });

  auto other = NewLog("other", LogAccess::kWritten);
  ASSERT_TRUE(other->Reserve(8'192));
  ASSERT_TRUE(other->WriteAt(0, "unsynced"));
  WithFailing({{SYS_pwritev2, EIO}}, [&] {
    EXPECT_TRUE(other->WriteAtDurably(8, "x"));
    EXPECT_EQ(CodeOf(other->WriteAtDurably(9, "y")), ErrorCode::kIo)
        << "with nothing unsynced the synchronous write is used";
  });
}

// --- reserving

TEST_F(PosixFaultTest, ReservingWorksWithoutFallocate) {
  for (const LogAccess access : kBothAccesses) {
    auto log = NewLog(access == LogAccess::kMapped ? "mapped" : "written", access);
    WithFailing({{SYS_fallocate, EOPNOTSUPP}}, [&] { ASSERT_TRUE(log->Reserve(600'000)); });
    EXPECT_TRUE(*ReadWholeFile(directory(), log->name(), 1 << 20) == std::string(600'000, '\0'));
    EXPECT_GE(StatusOf(log->name()).st_blocks * 512, 600'000);
    EXPECT_TRUE(log->WriteAt(599'999, "!"));
  }
}

TEST_F(PosixFaultTest, AReservationThatFailsAnywhereLeavesTheFileAsItWas) {
  struct Case {
    FailingCall call;
    ErrorCode code;
  };
  const Case cases[] = {
      {{SYS_fallocate, ENOSPC}, ErrorCode::kNoSpace},
      {{SYS_fallocate, EDQUOT}, ErrorCode::kNoSpace},
      {{SYS_fallocate, EIO}, ErrorCode::kIo},
      {{SYS_pwrite64, ENOSPC}, ErrorCode::kNoSpace},
  };
  int number = 0;
  for (const LogAccess access : kBothAccesses) {
    for (const Case& entry : cases) {
      const std::string name = "log" + std::to_string(number++);
      SCOPED_TRACE(name);
      auto log = NewLog(name, access);
      ASSERT_TRUE(log->Reserve(8'192));
      ASSERT_TRUE(log->WriteAt(0, "kept"));
      ASSERT_TRUE(log->Sync());
      const struct stat before = StatusOf(name);
      WithFailing({entry.call}, [&] {
        auto reserved = log->Reserve(3'000'000);
        ASSERT_EQ(CodeOf(reserved), entry.code);
        EXPECT_EQ(reserved.error().file(), name);
      });
      EXPECT_EQ(log->reserved_bytes(), 8'192U);
      EXPECT_EQ(StatusOf(name).st_size, before.st_size);
      EXPECT_EQ(StatusOf(name).st_blocks, before.st_blocks);
      // It goes on as if nothing had been, first to less than what failed.
      ASSERT_TRUE(log->Reserve(100'000));
      ASSERT_TRUE(log->WriteAt(99'999, "!"));
      ASSERT_TRUE(log->Reserve(4'000'000));
      ASSERT_TRUE(log->WriteAt(3'999'999, "!"));
      ASSERT_TRUE(log->Sync());
      std::string expected(4'000'000, '\0');
      expected.replace(0, 4, "kept").replace(99'999, 1, "!").replace(3'999'999, 1, "!");
      EXPECT_TRUE(*ReadWholeFile(directory(), name, 1 << 23) == expected);
      EXPECT_TRUE(log->CloseAt(4));
    }
  }
}

TEST_F(PosixFaultTest, WhatCannotBeMappedIsWrittenBySystemCalls) {
  if (!MappedHere()) GTEST_SKIP() << "skipped: the temp directory is not on ext4, XFS or tmpfs";
  constexpr std::size_t kBytes = 3'000'000;  // several windows
  constexpr std::size_t kPiece = 70'000;
  const std::string piece(kPiece, 'x');
  const FailingCall cases[] = {{SYS_mmap, ENOMEM, 3, MAP_SHARED}, {SYS_madvise, EFAULT, 2, 23}};
  int number = 0;
  for (const FailingCall& call : cases) {
    const std::string name = "log" + std::to_string(number++);
    SCOPED_TRACE(name);
    auto log = NewLog(name, LogAccess::kMapped);
    ASSERT_TRUE(log->Reserve(kBytes));
    std::size_t at = 0;
    const auto append_until = [&](std::size_t end) {
      for (; at + kPiece <= end; at += kPiece) ASSERT_TRUE(log->WriteAt(at, piece));
    };
    append_until(kBytes / 3);
    WithFailing({call}, [&] { append_until(2 * kBytes / 3); });
    append_until(kBytes);
    ASSERT_TRUE(log->WriteAt(10, "again"));  // behind the window
    ASSERT_TRUE(log->Sync());
    std::string expected(at, 'x');
    expected.replace(10, 5, "again");
    EXPECT_TRUE(*ReadWholeFile(directory(), name, 1 << 23) ==
                expected + std::string(kBytes - at, '\0'));
    EXPECT_TRUE(log->CloseAt(at));
  }
}

TEST_F(PosixFaultTest, AWrittenReservationWhoseSyncFailsIsTakenBack) {
  auto log = NewLog("log", LogAccess::kWritten);
  WithFailing({{SYS_fdatasync, EIO}},
              [&] { EXPECT_EQ(CodeOf(log->Reserve(8'192)), ErrorCode::kIo); });
  EXPECT_EQ(log->reserved_bytes(), 0U);
  EXPECT_EQ(StatusOf("log").st_size, 0);
  EXPECT_EQ(CodeOf(log->Reserve(8'192)), ErrorCode::kIo) << "the sync's failure lasts";
}

bool InMemoryMap(const std::string& file) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find(file) != std::string::npos) return true;
  }
  return false;
}

TEST_F(PosixFaultTest, MapsOnlyWhereTheFileSystemKeepsReservedSpace) {
  const int proc_fd = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_GE(proc_fd, 0);
  EXPECT_FALSE(MappingIsSafe(proc_fd)) << "a file system that is not on the list";
  ::close(proc_fd);
  const std::string mapped = (path() / "mapped").string();
  const std::string unknown = (path() / "unknown").string();
  std::unique_ptr<LogFile> written;
  WithFailing({{SYS_fstatfs, ENOSYS}}, [&] { written = NewLog("unknown", LogAccess::kMapped); });
  ASSERT_TRUE(written->Reserve(8'192));
  EXPECT_FALSE(InMemoryMap(unknown));
  EXPECT_TRUE(written->WriteAtDurably(8'000, "works all the same"));
  if (!MappedHere()) GTEST_SKIP() << "skipped: the temp directory is not on ext4, XFS or tmpfs";
  auto log = NewLog("mapped", LogAccess::kMapped);
  ASSERT_TRUE(log->Reserve(8'192));
  ASSERT_TRUE(log->WriteAt(0, "mapped"));
  EXPECT_TRUE(InMemoryMap(mapped));
  ASSERT_TRUE(log->CloseAt(0));
  EXPECT_FALSE(InMemoryMap(mapped));
}

// --- everything else

TEST_F(PosixFaultTest, AnAppendThatMeetsAFullDiskIsReportedByEveryLaterCall) {
  auto file = NewFile("file");
  ASSERT_TRUE(file->Append("buffered"));
  WithFailing({{SYS_pwrite64, ENOSPC}}, [&] {
    auto synced = file->Sync();
    ASSERT_EQ(CodeOf(synced), ErrorCode::kNoSpace);
    EXPECT_EQ(synced.error().file(), "file");
    EXPECT_EQ(synced.error().offset(), 0U);
    EXPECT_NE(synced.error().message().find("free space"), std::string::npos);
  });
  EXPECT_EQ(CodeOf(file->Append("x")), ErrorCode::kNoSpace);
  EXPECT_EQ(CodeOf(file->Sync()), ErrorCode::kNoSpace);
  EXPECT_EQ(CodeOf(file->Close()), ErrorCode::kNoSpace);
}

TEST_F(PosixFaultTest, CloseReportsWhatTheBufferCouldNotWrite) {
  auto file = NewFile("file");
  ASSERT_TRUE(file->Append("buffered"));
  WithFailing({{SYS_pwrite64, EDQUOT}},
              [&] { EXPECT_EQ(CodeOf(file->Close()), ErrorCode::kNoSpace); });
}

TEST_F(PosixFaultTest, ReadsNameTheFileAndTheOffset) {
  ASSERT_TRUE(ReplaceFileDurably(directory(), "file", "contents"));
  auto file = directory().OpenForRead("file");
  ASSERT_TRUE(file);
  WithFailing({{SYS_pread64, EIO}}, [&] {
    std::byte byte{};
    auto read = (*file)->ReadAt(5, std::span(&byte, 1));
    ASSERT_EQ(CodeOf(read), ErrorCode::kIo);
    EXPECT_EQ(read.error().file(), "file");
    EXPECT_EQ(read.error().offset(), 5U);
  });
}

TEST_F(PosixFaultTest, CallsOnTheDirectoryPassFailuresOn) {
  ASSERT_TRUE(directory().Create("file"));
  WithFailing({{SYS_getdents64, EIO}},
              [&] { EXPECT_EQ(CodeOf(directory().List()), ErrorCode::kIo); });
  WithFailing({{SYS_renameat, EIO}, {SYS_renameat2, EIO}},
              [&] { EXPECT_EQ(CodeOf(directory().Rename("file", "to")), ErrorCode::kIo); });
  WithFailing({{SYS_unlinkat, EROFS}},
              [&] { EXPECT_EQ(CodeOf(directory().Remove("file")), ErrorCode::kIo); });
  WithFailing({{SYS_fstatfs, EIO}},
              [&] { EXPECT_EQ(CodeOf(directory().FreeBytes()), ErrorCode::kIo); });
  WithFailing({{SYS_openat, EMFILE}}, [&] {
    auto opened = directory().OpenForRead("file");
    ASSERT_EQ(CodeOf(opened), ErrorCode::kIo);
    EXPECT_NE(opened.error().message().find("ulimit -n"), std::string::npos);
    EXPECT_EQ(CodeOf(directory().Create("new")), ErrorCode::kIo);
  });
  EXPECT_TRUE(directory().OpenForRead("file"));
}

TEST_F(PosixFaultTest, ALockThatTheSystemRefusesIsNotLeftInTheTable) {
  WithFailing({{SYS_fcntl, ENOLCK, 1, F_OFD_SETLK}},
              [&] { EXPECT_EQ(CodeOf(directory().Lock("LOCK")), ErrorCode::kIo); });
  EXPECT_TRUE(directory().Lock("LOCK"));
}

TEST_F(PosixFaultTest, AFullDiskDoesNotKeepFromLocking) {
  WithFailing({{SYS_pwrite64, ENOSPC}}, [&] { EXPECT_TRUE(directory().Lock("LOCK")); });
}

// --- disks that are really full

// A small disk of memory, mounted for one test.
class SmallDisk {
 public:
  explicit SmallDisk(const std::filesystem::path& at) : at_(at) {
    std::filesystem::create_directory(at_);
    mounted_ = ::mount("quiver-test", at_.c_str(), "tmpfs", 0, "size=1m,mode=700") == 0;
    reason_ = mounted_ ? "" : std::strerror(errno);
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }
  const std::string& reason() const { return reason_; }

 private:
  const std::filesystem::path at_;
  bool mounted_ = false;
  std::string reason_;
};

TEST(PosixFullDiskTest, AnswersNoSpaceAndGoesOnWhenSpaceReturns) {
  testing::TempDir temp_dir;
  SmallDisk disk(temp_dir.path() / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "skipped: cannot mount a tmpfs: " << disk.reason();
  auto directory = PosixFileSystem().OpenDirectory(temp_dir.path() / "disk", false);
  ASSERT_TRUE(directory);
  for (const LogAccess access : kBothAccesses) {
    auto log = (*directory)->CreateLog("log", access);
    ASSERT_TRUE(log);
    ASSERT_TRUE((*log)->Reserve(500'000));
    EXPECT_EQ(CodeOf((*log)->Reserve(2'000'000)), ErrorCode::kNoSpace);
    EXPECT_EQ((*log)->reserved_bytes(), 500'000U);
    EXPECT_GE(*(*directory)->FreeBytes(), 500'000U) << "nothing of the failed part is kept";

    auto filler = (*directory)->Create("filler");
    ASSERT_TRUE(filler);
    EXPECT_EQ(CodeOf((*filler)->Append(std::string(2'000'000, 'x'))), ErrorCode::kNoSpace);
    EXPECT_EQ(CodeOf((*filler)->Close()), ErrorCode::kNoSpace);
    EXPECT_EQ(*(*directory)->FreeBytes(), 0U);
    // The disk is full to the last page, and still every reserved byte can be written.
    EXPECT_TRUE((*log)->WriteAt(0, std::string(500'000, 'y')));
    EXPECT_TRUE((*log)->WriteAtDurably(499'999, "z"));
    EXPECT_EQ(CodeOf(ReplaceFileDurably(**directory, "CURRENT", "x")), ErrorCode::kNoSpace);
    EXPECT_EQ(CodeOf((*directory)->OpenForRead("CURRENT.tmp")), ErrorCode::kNotFound);
    EXPECT_TRUE((*directory)->Lock("LOCK"));

    ASSERT_TRUE((*directory)->Remove("filler"));
    EXPECT_TRUE((*log)->Reserve(900'000));
    EXPECT_TRUE((*log)->WriteAtDurably(899'999, "z"));
    EXPECT_TRUE((*log)->CloseAt(1));
    ASSERT_TRUE((*directory)->Remove("log"));
  }
}

// The limit lets a part of the last write through, so that this also shows a short write retried.
TEST(PosixFullDiskTest, ALimitOnFileSizesCountsAsNoSpace) {
  constexpr std::uint64_t kLimitBytes = 16'000'000;
  testing::TempDir temp_dir;
  auto directory = PosixFileSystem().OpenDirectory(temp_dir.path(), false);
  ASSERT_TRUE(directory);
  auto file = (*directory)->Create("file");
  auto log = (*directory)->CreateLog("log", LogAccess::kMapped);
  ASSERT_TRUE(file && log);
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler_before = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limited = {kLimitBytes, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limited), 0);
  auto appended = (*file)->Append(std::string(kLimitBytes + 1, 'x'));
  auto reserved = (*log)->Reserve(kLimitBytes + 1);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler_before);

  EXPECT_EQ(CodeOf(appended), ErrorCode::kNoSpace);
  EXPECT_EQ(appended.error().offset(), kLimitBytes);
  EXPECT_EQ(CodeOf(reserved), ErrorCode::kNoSpace);
  EXPECT_EQ(std::filesystem::file_size(temp_dir.path() / "file"), kLimitBytes);
  EXPECT_EQ(std::filesystem::file_size(temp_dir.path() / "log"), 0U);
}

}  // namespace
}  // namespace quiver::io
