#include "engines/mounted.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/check.h"
#include "base/try.h"

namespace quiver::torture {

namespace {

namespace fs = std::filesystem;

// linux/fs.h of this kernel has no name for it: EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN are one
// number.
constexpr unsigned long kShutdownRequest = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kShutdownFlushLog = 1;
constexpr std::uint32_t kShutdownNow = 2;
constexpr int kAttachAttempts = 16;
constexpr int kUnmountAttemptsMs = 30'000;

Error SystemError(const std::string& what) {
  const ErrorCode code = errno == ENOSPC ? ErrorCode::kNoSpace : ErrorCode::kIo;
  return {code, "cannot " + what + ": " + std::strerror(errno)};
}

void Detach(const fs::path& directory) {
  while (::umount2(directory.c_str(), MNT_DETACH) == 0) {
  }
}

}  // namespace

MountJanitor::MountJanitor(const fs::path& directory) {
  std::array<int, 2> ends{};
  QUIVER_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
  pid_ = ::fork();
  QUIVER_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    ::setsid();  // what ends the test's process group does not end this
    ::signal(SIGTERM, SIG_IGN);
    ::signal(SIGINT, SIG_IGN);
    ::close(ends[1]);
    char byte = 0;
    while (::read(ends[0], &byte, 1) < 0 && errno == EINTR) {
    }
    Detach(directory);
    Detach(directory / "disk");
    std::error_code ignored;
    fs::remove_all(directory, ignored);
    ::_exit(0);
  }
  ::close(ends[0]);
  alive_ = ends[1];
}

MountJanitor::~MountJanitor() {
  ::close(alive_);
  ::waitpid(pid_, nullptr, 0);
}

Result<std::unique_ptr<SmallDisk>> SmallDisk::Mount(const fs::path& directory,
                                                    std::uint64_t size_bytes) {
  std::error_code ignored;
  fs::create_directories(directory, ignored);
  const std::string options = "size=" + std::to_string(size_bytes);
  if (::mount("tmpfs", directory.c_str(), "tmpfs", 0, options.c_str()) != 0) {
    return SystemError("mount a tmpfs on " + directory.string());
  }
  return std::unique_ptr<SmallDisk>(new SmallDisk(directory));
}

SmallDisk::~SmallDisk() {
  Detach(path_);
}

std::uint64_t SmallDisk::FreeBytes() const {
  struct statvfs room{};
  if (::statvfs(path_.c_str(), &room) != 0) return 0;
  return room.f_bavail * room.f_frsize;
}

const std::vector<DiskKind>& DiskKinds() {
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  static const std::string ext4 = "mkfs.ext4 -q -F -b 4096 ";
  static const std::vector<DiskKind> kinds{
      {"ext4_ordered", "ext4", "data=ordered", ext4 + "-J size=4", "", 96 * kMiB},
      {"ext4_writeback", "ext4", "data=writeback", ext4 + "-J size=4", "", 96 * kMiB},
      {"ext4_no_journal", "ext4", "", ext4 + "-O ^has_journal", "e2fsck -fy", 96 * kMiB},
      {"xfs", "xfs", "", "mkfs.xfs -q -f", "", 320 * kMiB},
  };
  return kinds;
}

CuttableDisk::CuttableDisk(const DiskKind& kind, const fs::path& directory)
    : kind_(kind),
      directory_(directory),
      mount_point_(directory / "disk"),
      image_(directory / "image") {}

Result<std::unique_ptr<CuttableDisk>> CuttableDisk::Make(const DiskKind& kind,
                                                         const fs::path& directory) {
  std::unique_ptr<CuttableDisk> disk(new CuttableDisk(kind, directory));
  std::error_code ignored;
  fs::create_directories(disk->mount_point_, ignored);
  disk->janitor_ = std::make_unique<MountJanitor>(directory);
  QUIVER_TRY(disk->Attach());
  QUIVER_TRY(disk->RunTool(kind.make));
  QUIVER_TRY(disk->Mount());
  return disk;
}

CuttableDisk::~CuttableDisk() {
  Detach(mount_point_);
  if (device_fd_ >= 0) ::close(device_fd_);
}

// The device clears itself when its last user is gone, this process included.
Result<void> CuttableDisk::Attach() {
  // Where memory is short, a write to the device would fail as no disk does.
  struct statvfs room{};
  if (::statvfs(directory_.c_str(), &room) != 0 ||
      room.f_bavail * room.f_frsize < kind_.size_bytes) {
    return Error(ErrorCode::kNoSpace, directory_.string() + " has less room than the " +
                                          std::to_string(kind_.size_bytes) + " bytes of the image");
  }
  const int image_fd = ::open(image_.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
  if (image_fd < 0 || ::ftruncate(image_fd, static_cast<off_t>(kind_.size_bytes)) != 0) {
    return SystemError("make the image " + image_.string());
  }
  bool attached = TryAttach(image_fd);
  // Another process was faster: the next device, then.
  for (int attempt = 0; !attached && errno == EBUSY && attempt < kAttachAttempts; ++attempt) {
    attached = TryAttach(image_fd);
  }
  const int cause = errno;
  ::close(image_fd);
  errno = cause;
  if (!attached) return SystemError("attach a loop device");
  return {};
}

bool CuttableDisk::TryAttach(int image_fd) {
  const int control = ::open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0) return false;
  const int number = ::ioctl(control, LOOP_CTL_GET_FREE);
  const int cause = errno;
  ::close(control);
  errno = cause;
  if (number < 0) return false;
  device_ = "/dev/loop" + std::to_string(number);
  if (device_fd_ >= 0) ::close(device_fd_);
  device_fd_ = ::open(device_.c_str(), O_RDWR | O_CLOEXEC);
  loop_config config{};
  config.fd = static_cast<__u32>(image_fd);
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  return device_fd_ >= 0 && ::ioctl(device_fd_, LOOP_CONFIGURE, &config) == 0;
}

Result<void> CuttableDisk::RunTool(const std::string& command) const {
  const std::string log = (directory_ / "tool.log").string();
  const int status = std::system((command + " " + device_ + " >" + log + " 2>&1").c_str());
  // e2fsck answers 1 when it repaired something.
  const bool repaired = command == kind_.check && WIFEXITED(status) && WEXITSTATUS(status) == 1;
  if (status == 0 || repaired) return {};
  return Error(ErrorCode::kIo, "'" + command + "' failed with status " + std::to_string(status));
}

Result<void> CuttableDisk::Mount() {
  if (::mount(device_.c_str(), mount_point_.c_str(), kind_.type.c_str(), MS_NOATIME,
              kind_.options.c_str()) != 0) {
    return SystemError("mount " + kind_.name);
  }
  return {};
}

Result<void> CuttableDisk::CutPower(bool flush_log) {
  const int fd = ::open(mount_point_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::uint32_t flags = flush_log ? kShutdownFlushLog : kShutdownNow;
  const bool cut = fd >= 0 && ::ioctl(fd, kShutdownRequest, &flags) == 0;
  const Error failure = SystemError("shut " + kind_.name + " down");
  if (fd >= 0) ::close(fd);
  if (!cut) return failure;
  return {};
}

Result<void> CuttableDisk::PowerOn() {
  // A process that was just killed may still be letting go of its files.
  int attempts = 0;
  while (::umount2(mount_point_.c_str(), 0) != 0) {
    if (errno != EBUSY || ++attempts > kUnmountAttemptsMs)
      return SystemError("unmount " + kind_.name);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (!kind_.check.empty()) QUIVER_TRY(RunTool(kind_.check));
  return Mount();
}

}  // namespace quiver::torture
