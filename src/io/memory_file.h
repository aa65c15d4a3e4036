// The open files of a MemoryFileSystem. They behave as the real ones do where a caller can tell:
// the same buffer in front of appends, the same sticky failures, the same refusal of writes outside
// reserved space.
//
// Invariants:
//  1. Every call looks whether the handle has outlived a crash.
//  2. An append that finds the disk full writes what fits before it fails, as write(2) does.
//
// Thread safety: as io/file.h says; the disk's mutex orders them all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "io/file.h"
#include "io/memory_disk.h"
#include "io/sticky_error.h"

namespace quiver::io {

/// Keeps a file of the disk open; counts itself in and out.
class MemoryHandle {
 public:
  /// The caller holds the disk's mutex.
  MemoryHandle(std::shared_ptr<MemoryDisk> disk, MemoryFileRef file, std::string name);
  ~MemoryHandle() EXCLUDES(disk_->mutex);
  MemoryHandle(const MemoryHandle&) = delete;
  MemoryHandle& operator=(const MemoryHandle&) = delete;

  MemoryDisk& disk() const { return *disk_; }
  MemoryFileImage& image() const { return file_->image; }
  const std::string& name() const { return name_; }
  /// See MemoryDisk::CheckAlive; the caller holds the disk's mutex.
  Result<void> CheckAlive() const;

 private:
  const std::shared_ptr<MemoryDisk> disk_;
  const MemoryFileRef file_;
  const std::string name_;
  const std::uint64_t generation_;
};

class MemoryReadableFile final : public ReadableFile {
 public:
  /// The caller holds the disk's mutex.
  MemoryReadableFile(std::shared_ptr<MemoryDisk> disk, MemoryFileRef file, std::string name);

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override;
  std::uint64_t size_bytes() const override { return size_bytes_; }
  const std::string& name() const override { return handle_.name(); }

 private:
  const MemoryHandle handle_;
  const std::uint64_t size_bytes_;
};

class MemoryWritableFile final : public WritableFile {
 public:
  static constexpr std::size_t kBufferBytes = 256U << 10;

  /// The caller holds the disk's mutex.
  MemoryWritableFile(std::shared_ptr<MemoryDisk> disk, MemoryFileRef file, std::string name)
      : handle_(std::move(disk), std::move(file), std::move(name)) {}

  Result<void> Append(std::string_view bytes) override;
  Result<void> Sync() override;
  Result<void> Close() override;
  std::uint64_t size_bytes() const override { return written_bytes_ + buffer_.size(); }
  const std::string& name() const override { return handle_.name(); }

 private:
  Result<void> FlushBuffer();
  Result<void> Write(std::string_view bytes);

  const MemoryHandle handle_;
  std::string buffer_;
  std::uint64_t written_bytes_ = 0;
  bool open_ = true;
  StickyError failure_;
};

class MemoryLogFile final : public LogFile {
 public:
  /// The caller holds the disk's mutex.
  MemoryLogFile(std::shared_ptr<MemoryDisk> disk, MemoryFileRef file, std::string name)
      : handle_(std::move(disk), std::move(file), std::move(name)) {}

  Result<void> Reserve(std::uint64_t bytes) override;
  Result<void> WriteAt(std::uint64_t offset, std::string_view bytes) override;
  Result<void> Sync() override;
  Result<void> WriteAtDurably(std::uint64_t offset, std::string_view bytes) override;
  Result<void> CloseAt(std::uint64_t size_bytes) override;
  std::uint64_t reserved_bytes() const override { return reserved_bytes_; }
  const std::string& name() const override { return handle_.name(); }

 private:
  const MemoryHandle handle_;
  std::uint64_t reserved_bytes_ = 0;
  bool open_ = true;
};

}  // namespace quiver::io
