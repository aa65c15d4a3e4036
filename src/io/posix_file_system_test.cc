// What only the real file system can show: links and pipes, mode bits, other processes, and the
// way to the disk.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "io/directory.h"
#include "testing/temp_dir.h"

namespace quiver::io {
namespace {

class PosixFileSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = PosixFileSystem().OpenDirectory(path(), true);
    ASSERT_TRUE(opened) << opened.error().ToString();
    directory_ = *std::move(opened);
  }
  std::filesystem::path path() const { return temp_dir_.path() / "db"; }
  std::filesystem::path outside() const { return temp_dir_.path() / "outside"; }
  Directory& directory() { return *directory_; }

 private:
  testing::TempDir temp_dir_;
  std::unique_ptr<Directory> directory_;
};

TEST_F(PosixFileSystemTest, ANameOfTheUserIsResolvedThroughLinks) {
  std::ofstream(outside()) << "there";
  const std::filesystem::path link = path() / "link";
  std::filesystem::create_symlink(outside(), link);
  EXPECT_EQ(PosixFileSystem().Resolved(link), std::filesystem::canonical(outside()));
  std::filesystem::remove(outside());
  EXPECT_EQ(PosixFileSystem().Resolved(link), link) << "it leads nowhere";
}

template <typename T>
ErrorCode CodeOf(const Result<T>& result) {
  EXPECT_FALSE(result.ok());
  return result.ok() ? ErrorCode::kInternal : result.error().code();
}

mode_t ModeOf(const std::filesystem::path& path) {
  struct stat status = {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777;
}

// Nothing that is done to `name`, which is no regular file, may open, replace or remove it.
void ExpectRefusedEverywhere(Directory& directory, const std::string& name) {
  auto opened = directory.OpenForRead(name);
  EXPECT_EQ(CodeOf(opened), ErrorCode::kCorruption);
  EXPECT_EQ(opened.error().file(), name);
  EXPECT_EQ(CodeOf(directory.Create(name)), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(directory.CreateLog(name, LogAccess::kWritten)), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(directory.CreateLog(name, LogAccess::kMapped)), ErrorCode::kIo);
  EXPECT_EQ(CodeOf(directory.Remove(name)), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(directory.Rename(name, "elsewhere")), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(directory.Lock(name)), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf(directory.LockForReading(name)), ErrorCode::kCorruption);
  ASSERT_TRUE(directory.Create("ours"));
  EXPECT_EQ(CodeOf(directory.Rename("ours", name)), ErrorCode::kCorruption);
  auto entries = directory.List();
  ASSERT_TRUE(entries);
  for (const DirectoryEntry& entry : *entries) EXPECT_EQ(entry.regular, entry.name == "ours");
}

TEST_F(PosixFileSystemTest, RefusesASymbolicLinkAndLeavesItsTargetAlone) {
  std::ofstream(outside()) << "secret";
  std::filesystem::create_symlink(outside(), path() / "000001.log");
  ExpectRefusedEverywhere(directory(), "000001.log");
  EXPECT_TRUE(std::filesystem::is_symlink(path() / "000001.log"));
  EXPECT_EQ(std::filesystem::file_size(outside()), 6U);
}

TEST_F(PosixFileSystemTest, RefusesALinkThatLeadsNowhereInsteadOfCreatingItsTarget) {
  std::filesystem::create_symlink(outside(), path() / "CURRENT");
  ExpectRefusedEverywhere(directory(), "CURRENT");
  EXPECT_FALSE(std::filesystem::exists(outside()));
}

TEST_F(PosixFileSystemTest, RefusesAPipeWithoutWaitingForItsOtherEnd) {
  ASSERT_EQ(::mkfifo((path() / "MANIFEST").c_str(), 0600), 0);
  ExpectRefusedEverywhere(directory(), "MANIFEST");
}

TEST_F(PosixFileSystemTest, RefusesASocket) {
  // The path of a socket is short, so it is made under a short name first.
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string name = (path() / "s").string();
  ASSERT_LT(name.size(), sizeof(address.sun_path));
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  const int socket_fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(socket_fd, 0);
  ASSERT_EQ(::bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ExpectRefusedEverywhere(directory(), "s");
  ::close(socket_fd);
}

TEST_F(PosixFileSystemTest, FollowsLinksInThePathOfTheDirectoryItself) {
  std::filesystem::create_directory_symlink(path(), outside());
  auto opened = PosixFileSystem().OpenDirectory(outside(), true);
  ASSERT_TRUE(opened) << opened.error().ToString();
  ASSERT_TRUE(directory().Create("file"));
  EXPECT_TRUE((*opened)->OpenForRead("file"));
}

TEST_F(PosixFileSystemTest, MakesFilesAndDirectoriesForTheirOwnerOnly) {
  const mode_t umask_before = ::umask(0);
  ASSERT_TRUE(PosixFileSystem().OpenDirectory(path() / "sub", true));
  ASSERT_TRUE(directory().Create("file"));
  ASSERT_TRUE(directory().CreateLog("log", LogAccess::kMapped));
  ASSERT_TRUE(directory().Lock("LOCK"));
  ASSERT_TRUE(ReplaceFileDurably(directory(), "CURRENT", "x"));
  ::umask(umask_before);
  EXPECT_EQ(ModeOf(path() / "sub"), 0700U);
  for (const char* name : {"file", "log", "LOCK", "CURRENT"}) {
    EXPECT_EQ(ModeOf(path() / name), 0600U) << name;
  }
}

TEST_F(PosixFileSystemTest, StaysWithItsDirectoryWhenThePathIsRenamedOrReplaced) {
  ASSERT_TRUE(ReplaceFileDurably(directory(), "file", "first"));
  std::filesystem::rename(path(), outside());
  auto imposter = PosixFileSystem().OpenDirectory(path(), true);
  ASSERT_TRUE(imposter);
  EXPECT_EQ(*ReadWholeFile(directory(), "file", 100), "first");
  ASSERT_TRUE(ReplaceFileDurably(directory(), "file", "second"));
  EXPECT_EQ(CodeOf((*imposter)->OpenForRead("file")), ErrorCode::kNotFound);
}

TEST_F(PosixFileSystemTest, TwoPathsToOneDirectoryMeetInTheLock) {
  std::filesystem::create_directory_symlink(path(), outside());
  auto other = PosixFileSystem().OpenDirectory(outside(), false);
  ASSERT_TRUE(other);
  auto held = directory().Lock("LOCK");
  ASSERT_TRUE(held);
  EXPECT_EQ(CodeOf((*other)->Lock("LOCK")), ErrorCode::kBusy);
}

TEST_F(PosixFileSystemTest, ListsTwiceAtATimeAndAgain) {
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(directory().Create("f" + std::to_string(i)));
  for (int round = 0; round < 3; ++round) {
    auto entries = directory().List();
    ASSERT_TRUE(entries);
    EXPECT_EQ(entries->size(), 100U);
  }
}

TEST_F(PosixFileSystemTest, DescriptorsAreClosedOnExecAndWithTheirObjects) {
  const auto open_descriptors = [] {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      const int fd = std::stoi(entry.path().filename());
      const int flags = ::fcntl(fd, F_GETFD);
      // The iterator's own descriptor and those of the test runner are not of the library.
      std::error_code gone;
      const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
      if (target.find("quiver-test-") == std::string::npos) continue;
      ++count;
      EXPECT_NE(flags & FD_CLOEXEC, 0) << target;
    }
    return count;
  };
  const std::size_t before = open_descriptors();
  {
    auto written = directory().Create("a");
    auto log = directory().CreateLog("b", LogAccess::kMapped);
    auto read = directory().OpenForRead("a");
    auto lock = directory().Lock("LOCK");
    ASSERT_TRUE(written && log && read && lock);
    ASSERT_TRUE((*log)->Reserve(4'096));
    EXPECT_EQ(open_descriptors(), before + 5);
    ASSERT_TRUE(directory().List());
    EXPECT_EQ(open_descriptors(), before + 5);
  }
  EXPECT_EQ(open_descriptors(), before);
}

// Runs `body` in a child process and returns what it writes into the string.
template <typename Body>
std::string InChild(Body body) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string text = body();
    (void)!::write(ends[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t count = 0; (count = ::read(ends[0], part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  return text;
}

std::string TryLock(const std::filesystem::path& path) {
  auto directory = PosixFileSystem().OpenDirectory(path, false);
  if (!directory) return directory.error().ToString();
  auto lock = (*directory)->Lock("LOCK");
  return lock ? "locked" : lock.error().ToString();
}

TEST_F(PosixFileSystemTest, AnotherProcessIsToldWhoHoldsTheLockAndGetsItAfterwards) {
  auto held = directory().Lock("LOCK");
  ASSERT_TRUE(held);
  const std::string answer = InChild([&] { return TryLock(path()); });
  EXPECT_TRUE(answer.starts_with("busy: LOCK: ")) << answer;
  EXPECT_NE(answer.find("process " + std::to_string(::getpid()) + ";"), std::string::npos)
      << answer;
  held->reset();
  EXPECT_EQ(InChild([&] { return TryLock(path()); }), "locked");
  EXPECT_EQ(std::filesystem::file_size(path() / "LOCK"), 0U);
}

// The child opens the directory by itself, so it shares no descriptor with this process.
TEST_F(PosixFileSystemTest, TheLockOfADeadProcessIsFree) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto own = PosixFileSystem().OpenDirectory(path(), false);
    auto lock = own ? (*own)->Lock("LOCK") : Result<std::unique_ptr<DirectoryLock>>(own.error());
    (void)!::write(ready[1], lock ? "y" : "n", 1);
    for (;;) ::pause();
  }
  char answer = '?';
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  auto refused = directory().Lock("LOCK");
  EXPECT_EQ(CodeOf(refused), ErrorCode::kBusy);
  EXPECT_NE(refused.error().message().find("process " + std::to_string(child) + ";"),
            std::string::npos)
      << refused.error().ToString();
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(directory().Lock("LOCK"));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(PosixFileSystemTest, AChildThatDropsAnInheritedLockDoesNotReleaseIt) {
  auto held = directory().Lock("LOCK");
  ASSERT_TRUE(held);
  const std::string child_pid = InChild([&] {
    held->reset();
    return std::to_string(::getpid());
  });
  EXPECT_EQ(CodeOf(directory().Lock("LOCK")), ErrorCode::kBusy);
  const std::string answer = InChild([&] { return TryLock(path()); });
  EXPECT_NE(answer.find("process " + std::to_string(::getpid()) + ";"), std::string::npos)
      << answer;
  EXPECT_NE(std::to_string(::getpid()), child_pid);
}

TEST_F(PosixFileSystemTest, ALockFileWithoutAPidStillGivesAnAnswer) {
  auto held = directory().Lock("LOCK");
  ASSERT_TRUE(held);
  std::filesystem::resize_file(path() / "LOCK", 0);
  const std::string answer = InChild([&] { return TryLock(path()); });
  EXPECT_NE(answer.find("in use by another process"), std::string::npos) << answer;
}

std::string TryLockForReading(const std::filesystem::path& path) {
  auto directory = PosixFileSystem().OpenDirectory(path, false);
  if (!directory) return directory.error().ToString();
  auto lock = (*directory)->LockForReading("LOCK");
  if (!lock) return lock.error().ToString();
  return *lock == nullptr ? "no lock file" : "locked";
}

TEST_F(PosixFileSystemTest, ReadersOfSeveralProcessesShareTheLockAndKeepWritersOut) {
  EXPECT_EQ(InChild([&] { return TryLockForReading(path()); }), "no lock file");
  // The pid of a writer that died: whoever is refused by a reader must not be sent after it.
  std::ofstream(path() / "LOCK") << "999999\n";
  auto reader = directory().LockForReading("LOCK");
  ASSERT_TRUE(reader && *reader != nullptr);
  EXPECT_EQ(InChild([&] { return TryLockForReading(path()); }), "locked");
  const std::string refused = InChild([&] { return TryLock(path()); });
  EXPECT_NE(refused.find("in use by other processes, which read it;"), std::string::npos)
      << refused;
  reader->reset();
  EXPECT_EQ(std::filesystem::file_size(path() / "LOCK"), 7U) << "a reader writes nothing";
  auto writer = directory().Lock("LOCK");
  ASSERT_TRUE(writer);
  const std::string reader_refused = InChild([&] { return TryLockForReading(path()); });
  EXPECT_NE(reader_refused.find("process " + std::to_string(::getpid()) + ";"), std::string::npos)
      << reader_refused;
}

TEST_F(PosixFileSystemTest, AProcessWithoutPermissionIsToldSo) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "skipped: needs root, to become another user in a child process";
  }
  std::filesystem::permissions(path().parent_path(), std::filesystem::perms::all);
  const std::string answer = InChild([&]() -> std::string {
    if (::setuid(65'534) != 0) return "cannot become nobody";
    auto opened = PosixFileSystem().OpenDirectory(path(), true);
    return opened ? "opened" : opened.error().ToString();
  });
  EXPECT_TRUE(answer.starts_with("io: " + path().string() + ": cannot open the directory: "))
      << answer;
}

TEST_F(PosixFileSystemTest, FreeBytesAreThoseOfAnOrdinaryUser) {
  auto free_bytes = directory().FreeBytes();
  ASSERT_TRUE(free_bytes);
  const auto space = std::filesystem::space(path());
  const auto slack = std::uint64_t{1} << 30;  // others write to this disk meanwhile
  EXPECT_LE(*free_bytes, space.available + slack);
  EXPECT_GE(*free_bytes + slack, space.available);
}

TEST_F(PosixFileSystemTest, UseAfterCloseIsCaught) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  auto file = directory().Create("file");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->Close());
  EXPECT_DEATH((void)(*file)->Sync(), "check failed");
  auto log = directory().CreateLog("log", LogAccess::kWritten);
  ASSERT_TRUE(log);
  ASSERT_TRUE((*log)->CloseAt(0));
  EXPECT_DEATH((void)(*log)->Sync(), "check failed");
}

}  // namespace
}  // namespace quiver::io
