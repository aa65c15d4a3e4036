// Directories for the tests of this floor: one that passes every call on, to be overridden in part,
// and one whose reads go through a function.
//
// Thread safety: as the directory behind.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/directory.h"

namespace quiver::sstable_test {

class ForwardingDirectory : public io::Directory {
 public:
  explicit ForwardingDirectory(io::Directory& base) : base_(base) {}

  Result<std::unique_ptr<io::ReadableFile>> OpenForRead(std::string_view name) override {
    return base_.OpenForRead(name);
  }
  Result<std::unique_ptr<io::WritableFile>> Create(std::string_view name) override {
    return base_.Create(name);
  }
  Result<std::unique_ptr<io::LogFile>> CreateLog(std::string_view name,
                                                 io::LogAccess access) override {
    return base_.CreateLog(name, access);
  }
  Result<void> Rename(std::string_view from, std::string_view to) override {
    return base_.Rename(from, to);
  }
  Result<void> Remove(std::string_view name) override { return base_.Remove(name); }
  Result<void> LinkFrom(io::Directory& source, std::string_view name) override {
    return base_.LinkFrom(source, name);
  }
  Result<std::vector<io::DirectoryEntry>> List() override { return base_.List(); }
  Result<void> Sync() override { return base_.Sync(); }
  Result<std::unique_ptr<io::DirectoryLock>> Lock(std::string_view name) override {
    return base_.Lock(name);
  }
  Result<std::unique_ptr<io::DirectoryLock>> LockForReading(std::string_view name) override {
    return base_.LockForReading(name);
  }
  Result<std::uint64_t> FreeBytes() override { return base_.FreeBytes(); }
  const std::filesystem::path& path() const override { return base_.path(); }

 protected:
  io::Directory& base_;
};

/// A file whose bytes are `*bytes` as they are at each read.
class BytesFile final : public io::ReadableFile {
 public:
  BytesFile(std::string name, std::shared_ptr<const std::string> bytes)
      : name_(std::move(name)), bytes_(std::move(bytes)) {}

  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override {
    if (offset >= bytes_->size()) return std::size_t{0};
    const std::size_t size = std::min<std::size_t>(buffer.size(), bytes_->size() - offset);
    std::memcpy(buffer.data(), bytes_->data() + offset, size);
    return size;
  }
  std::uint64_t size_bytes() const override { return bytes_->size(); }
  const std::string& name() const override { return name_; }

 private:
  const std::string name_;
  const std::shared_ptr<const std::string> bytes_;
};

/// Every file read from it has the bytes of the test's choice.
class BytesDirectory final : public ForwardingDirectory {
 public:
  BytesDirectory(io::Directory& base, std::shared_ptr<const std::string> bytes)
      : ForwardingDirectory(base), bytes_(std::move(bytes)) {}

  Result<std::unique_ptr<io::ReadableFile>> OpenForRead(std::string_view name) override {
    return std::make_unique<BytesFile>(std::string(name), bytes_);
  }

 private:
  const std::shared_ptr<const std::string> bytes_;
};

/// Called before each read with offset and size.
using ReadObserver = std::function<void(std::uint64_t offset, std::size_t size)>;

/// Passes reads on and tells an observer of each.
class ObservedDirectory final : public ForwardingDirectory {
 public:
  ObservedDirectory(io::Directory& base, ReadObserver observer)
      : ForwardingDirectory(base), observer_(std::move(observer)) {}

  Result<std::unique_ptr<io::ReadableFile>> OpenForRead(std::string_view name) override {
    auto file = base_.OpenForRead(name);
    if (!file) return file;
    return std::make_unique<ObservedFile>(std::move(*file), observer_);
  }

 private:
  class ObservedFile final : public io::ReadableFile {
   public:
    ObservedFile(std::unique_ptr<io::ReadableFile> base, ReadObserver observer)
        : base_(std::move(base)), observer_(std::move(observer)) {}
    Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const override {
      observer_(offset, buffer.size());
      return base_->ReadAt(offset, buffer);
    }
    std::uint64_t size_bytes() const override { return base_->size_bytes(); }
    const std::string& name() const override { return base_->name(); }

   private:
    const std::unique_ptr<io::ReadableFile> base_;
    const ReadObserver observer_;
  };

  const ReadObserver observer_;
};

}  // namespace quiver::sstable_test
