// Reading and appending on the operating system's files.
//
// Invariants:
//  1. Every descriptor made here is of a regular file: OpenRegularFile looks before it returns.
//  2. What WritableFile could not write or sync fails every later call of that object.
//  3. A WritableFile destroyed without Close() drops its buffer: whoever did not close does not
//     want the file.
//
// Thread safety: as io/file.h says.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "io/file.h"
#include "io/posix_descriptor.h"
#include "io/sticky_error.h"

namespace quiver::io {

/// Opens `name` below the directory `directory_fd` with `flags` of open(2). Symbolic links are not
/// followed. kNotFound if absent, kCorruption if it is no regular file, kIo if O_EXCL finds it.
Result<FileDescriptor> OpenRegularFile(int directory_fd, const std::string& name, int flags);

/// Writes all of `bytes` at `offset`, retrying short writes.
Result<void> WriteFullyAt(int fd, std::uint64_t offset, std::string_view bytes,
                          const std::string& name);

/// fdatasync: the bytes and, on every Linux file system, the size that is needed to read them.
Result<void> SyncData(int fd, const std::string& name);

class PosixReadableFile final : public ReadableFile {
 public:
  PosixReadableFile(FileDescriptor fd, std::string name, std::uint64_t size_bytes)
      : fd_(std::move(fd)), name_(std::move(name)), size_bytes_(size_bytes) {}

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override;
  /// The size when the file was opened.
  std::uint64_t size_bytes() const override { return size_bytes_; }
  const std::string& name() const override { return name_; }

 private:
  const FileDescriptor fd_;
  const std::string name_;
  const std::uint64_t size_bytes_;
};

class PosixWritableFile final : public WritableFile {
 public:
  /// The buffer in user space. An append of this size or more is written past it.
  static constexpr std::size_t kBufferBytes = 256U << 10;

  PosixWritableFile(FileDescriptor fd, std::string name)
      : fd_(std::move(fd)), name_(std::move(name)) {}

  Result<void> Append(std::string_view bytes) override;
  Result<void> Sync() override;
  Result<void> Close() override;
  std::uint64_t size_bytes() const override { return written_bytes_ + buffer_.size(); }
  const std::string& name() const override { return name_; }

 private:
  Result<void> FlushBuffer();
  Result<void> Write(std::string_view bytes);

  FileDescriptor fd_;
  const std::string name_;
  std::string buffer_;
  std::uint64_t written_bytes_ = 0;
  StickyError failure_;
};

}  // namespace quiver::io
