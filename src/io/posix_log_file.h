// The two ways to log into reserved space: by system calls and through a memory mapping.
//
// Invariants:
//  1. The written one syncs its zeroes within Reserve, so that the syncs of appends find no
//     metadata to write. The mapped one does not: it is chosen where syncs are rare, and its pages
//     would only be dirtied a second time.
//  2. Only reserved space is touched through the mapping, which is gone before the file is cut, so
//     that touching it cannot raise SIGBUS, except for a page that the disk cannot read back.
//  3. The mapping is a window that moves on with the appends. A sync must take the write permission
//     from each dirty page that a process has mapped, and interrupts the writer's processor for
//     each; of pages that nobody has mapped any more it need not. What cannot go through the window
//     is written by a system call.
//
// Thread safety: one thread at a time, except Sync, which may run beside Reserve and WriteAt.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "io/file.h"
#include "io/posix_descriptor.h"
#include "io/posix_reserved_file.h"

namespace quiver::io {

class PosixWrittenLogFile final : public LogFile {
 public:
  PosixWrittenLogFile(FileDescriptor fd, std::string name)
      : file_(std::move(fd), std::move(name)) {}

  Result<void> Reserve(std::uint64_t bytes) override;
  Result<void> WriteAt(std::uint64_t offset, std::string_view bytes) override {
    return file_.Write(offset, bytes);
  }
  Result<void> Sync() override { return file_.Sync(); }
  Result<void> WriteAtDurably(std::uint64_t offset, std::string_view bytes) override {
    return file_.WriteDurably(offset, bytes);
  }
  Result<void> CloseAt(std::uint64_t size_bytes) override { return file_.CloseAt(size_bytes); }
  std::uint64_t reserved_bytes() const override { return file_.reserved_bytes(); }
  const std::string& name() const override { return file_.name(); }

 private:
  ReservedFile file_;
};

class PosixMappedLogFile final : public LogFile {
 public:
  /// `fd` is open for reading and writing and on a file system for which MappingIsSafe holds.
  PosixMappedLogFile(FileDescriptor fd, std::string name) : file_(std::move(fd), std::move(name)) {}
  ~PosixMappedLogFile() override { Unmap(); }
  PosixMappedLogFile(const PosixMappedLogFile&) = delete;
  PosixMappedLogFile& operator=(const PosixMappedLogFile&) = delete;

  Result<void> Reserve(std::uint64_t bytes) override;
  Result<void> WriteAt(std::uint64_t offset, std::string_view bytes) override;
  Result<void> Sync() override { return file_.Sync(); }
  Result<void> WriteAtDurably(std::uint64_t offset, std::string_view bytes) override;
  Result<void> CloseAt(std::uint64_t size_bytes) override;
  std::uint64_t reserved_bytes() const override { return file_.reserved_bytes(); }
  const std::string& name() const override { return file_.name(); }

 private:
  bool InWindow(std::uint64_t offset, std::uint64_t bytes) const noexcept {
    return offset >= window_begin_ && offset + bytes <= window_begin_ + window_bytes_;
  }
  /// Moves the window to `offset`. False, without a window, if the system or its disk will not.
  bool MoveWindow(std::uint64_t offset) noexcept;
  void Unmap() noexcept;

  ReservedFile file_;
  std::byte* window_ = nullptr;  ///< of [window_begin_, window_begin_ + window_bytes_)
  std::uint64_t window_begin_ = 0;
  std::size_t window_bytes_ = 0;
};

/// Whether space reserved on the file system of `fd` stays reserved when a mapping is written. A
/// file system that writes to a new place each time (btrfs, f2fs, ZFS) or that may refuse later
/// (NFS, FUSE) would answer a full disk with SIGBUS.
bool MappingIsSafe(int fd) noexcept;

}  // namespace quiver::io
