// Mounted: a file system of a test's own, mounted on a directory, that is gone when the test is.
//
// A janitor process waits for the end of the test, whatever ends it (SIGKILL included), then
// detaches the mount and removes the directory. A loop device clears itself when nobody uses it.
//
// Thread safety: one thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "quiver/error.h"

namespace quiver::torture {

/// Removes what stays mounted on `directory` and the directory itself, once this process is gone or
/// the object is destroyed.
class MountJanitor {
 public:
  explicit MountJanitor(const std::filesystem::path& directory);
  ~MountJanitor();
  MountJanitor(const MountJanitor&) = delete;
  MountJanitor& operator=(const MountJanitor&) = delete;

 private:
  int alive_ = -1;
  pid_t pid_ = -1;
};

/// A tmpfs of a fixed size on `directory`, which is made.
class SmallDisk {
 public:
  static Result<std::unique_ptr<SmallDisk>> Mount(const std::filesystem::path& directory,
                                                  std::uint64_t size_bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::uint64_t FreeBytes() const;

 private:
  explicit SmallDisk(const std::filesystem::path& path) : path_(path), janitor_(path) {}
  const std::filesystem::path path_;
  const MountJanitor janitor_;
};

/// A file system whose power a test cuts.
struct DiskKind {
  std::string name;     ///< of figures: ext4_ordered
  std::string type;     ///< of mount(2)
  std::string options;  ///< of mount(2)
  std::string make;     ///< the command that makes it, without the device
  std::string check;    ///< what a boot runs before it mounts, without the device; or empty
  std::uint64_t size_bytes = 0;
};
/// ext4 ordered, writeback and without journal, and xfs.
const std::vector<DiskKind>& DiskKinds();

/// A file system on a loop device over a file in memory.
class CuttableDisk {
 public:
  /// `directory` holds image and mount point; it is made. Mounted on return.
  static Result<std::unique_ptr<CuttableDisk>> Make(const DiskKind& kind,
                                                    const std::filesystem::path& directory);
  ~CuttableDisk();
  CuttableDisk(const CuttableDisk&) = delete;
  CuttableDisk& operator=(const CuttableDisk&) = delete;

  const std::filesystem::path& path() const noexcept { return mount_point_; }
  /// From here on nothing reaches the device (FS_IOC_SHUTDOWN). With `flush_log` the journal is
  /// written first, without the data that it does not hold.
  Result<void> CutPower(bool flush_log);
  /// Unmounts, checks as a boot would, mounts again. Nobody may have a file open.
  Result<void> PowerOn();

 private:
  CuttableDisk(const DiskKind& kind, const std::filesystem::path& directory);
  Result<void> Attach();
  /// False with errno; EBUSY if another process took the device meanwhile.
  bool TryAttach(int image_fd);
  Result<void> Mount();
  Result<void> RunTool(const std::string& command) const;

  const DiskKind kind_;
  const std::filesystem::path directory_;
  const std::filesystem::path mount_point_;
  const std::filesystem::path image_;
  std::string device_;
  int device_fd_ = -1;
  std::unique_ptr<MountJanitor> janitor_;
};

}  // namespace quiver::torture
