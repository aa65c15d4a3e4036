#include "io/memory_file.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/try.h"

namespace quiver::io {

namespace {

Error DiskFull(std::uint64_t wanted_bytes, std::uint64_t free_bytes, const std::string& name,
               std::uint64_t offset) {
  return Error(ErrorCode::kNoSpace,
               "cannot write " + std::to_string(wanted_bytes) + " bytes, the simulated disk has " +
                   std::to_string(free_bytes) + " bytes free",
               name, offset);
}

}  // namespace

MemoryHandle::MemoryHandle(std::shared_ptr<MemoryDisk> disk, MemoryFileRef file,
                           std::string name) NO_THREAD_SAFETY_ANALYSIS
    : disk_(std::move(disk)),
      file_(std::move(file)),
      name_(std::move(name)),
      generation_(disk_->generation) {
  ++file_->open_count;
}

MemoryHandle::~MemoryHandle() {
  MutexLock lock(disk_->mutex);
  --file_->open_count;
  // After a crash the room was counted anew, without the files of before.
  if (generation_ == disk_->generation) disk_->ReleaseIfUnused(*file_);
}

Result<void> MemoryHandle::CheckAlive() const NO_THREAD_SAFETY_ANALYSIS {
  return disk_->CheckAlive(generation_, name_);
}

MemoryReadableFile::MemoryReadableFile(std::shared_ptr<MemoryDisk> disk, MemoryFileRef file,
                                       std::string name)
    : handle_(std::move(disk), std::move(file), std::move(name)),
      size_bytes_(handle_.image().current().size()) {}

Result<std::size_t> MemoryReadableFile::ReadAt(std::uint64_t offset,
                                               std::span<std::byte> buffer) const {
  MutexLock lock(handle_.disk().mutex);
  QUIVER_TRY(handle_.CheckAlive());
  const std::string& bytes = handle_.image().current();
  if (offset >= bytes.size() || buffer.empty()) return std::size_t{0};
  const std::size_t count = std::min<std::size_t>(buffer.size(), bytes.size() - offset);
  std::memcpy(buffer.data(), bytes.data() + offset, count);
  return count;
}

Result<void> MemoryWritableFile::Write(std::string_view bytes) {
  const MemoryChangeNotice notice(handle_.disk());
  MutexLock lock(handle_.disk().mutex);
  QUIVER_TRY(handle_.CheckAlive());
  const std::uint64_t free_bytes = handle_.disk().free_bytes;
  const std::string_view fitting =
      bytes.substr(0, std::min<std::uint64_t>(bytes.size(), free_bytes));
  QUIVER_CHECK(handle_.disk().TakeSpace(fitting.size()));
  handle_.image().Write(written_bytes_, fitting, handle_.disk().NextOrdinal());
  if (fitting.size() < bytes.size()) {
    return failure_.Keep(DiskFull(bytes.size(), free_bytes, handle_.name(), written_bytes_));
  }
  written_bytes_ += bytes.size();
  return {};
}

Result<void> MemoryWritableFile::FlushBuffer() {
  if (buffer_.empty()) return {};
  QUIVER_TRY(Write(buffer_));
  buffer_.clear();
  return {};
}

Result<void> MemoryWritableFile::Append(std::string_view bytes) {
  QUIVER_CHECK(open_);
  QUIVER_TRY(failure_.Check());
  if (buffer_.size() + bytes.size() > kBufferBytes) QUIVER_TRY(FlushBuffer());
  if (bytes.size() >= kBufferBytes) return Write(bytes);
  buffer_.append(bytes);
  return {};
}

Result<void> MemoryWritableFile::Sync() {
  QUIVER_CHECK(open_);
  QUIVER_TRY(failure_.Check());
  QUIVER_TRY(FlushBuffer());
  const MemoryChangeNotice notice(handle_.disk());
  MutexLock lock(handle_.disk().mutex);
  QUIVER_TRY(handle_.CheckAlive());
  handle_.image().Sync();
  return {};
}

Result<void> MemoryWritableFile::Close() {
  QUIVER_CHECK(open_);
  open_ = false;
  QUIVER_TRY(failure_.Check());
  return FlushBuffer();
}

Result<void> MemoryLogFile::Reserve(std::uint64_t bytes) {
  QUIVER_CHECK(open_);
  if (bytes <= reserved_bytes_) return {};
  const MemoryChangeNotice notice(handle_.disk());
  MutexLock lock(handle_.disk().mutex);
  QUIVER_TRY(handle_.CheckAlive());
  const std::uint64_t grow_bytes = bytes - reserved_bytes_;
  if (!handle_.disk().TakeSpace(grow_bytes)) {
    return DiskFull(grow_bytes, handle_.disk().free_bytes, handle_.name(), reserved_bytes_);
  }
  handle_.image().Resize(bytes, handle_.disk().NextOrdinal());
  reserved_bytes_ = bytes;
  return {};
}

Result<void> MemoryLogFile::WriteAt(std::uint64_t offset, std::string_view bytes) {
  QUIVER_CHECK(open_);
  if (offset > reserved_bytes_ || bytes.size() > reserved_bytes_ - offset) {
    return Error(ErrorCode::kInvalidArgument,
                 "cannot write " + std::to_string(bytes.size()) + " bytes, only " +
                     std::to_string(reserved_bytes_) + " bytes are reserved; call Reserve first",
                 handle_.name(), offset);
  }
  const MemoryChangeNotice notice(handle_.disk());
  MutexLock lock(handle_.disk().mutex);
  QUIVER_TRY(handle_.CheckAlive());
  handle_.image().Write(offset, bytes, handle_.disk().NextOrdinal());
  return {};
}

Result<void> MemoryLogFile::Sync() {
  QUIVER_CHECK(open_);
  const MemoryChangeNotice notice(handle_.disk());
  MutexLock lock(handle_.disk().mutex);
  QUIVER_TRY(handle_.CheckAlive());
  handle_.image().Sync();
  return {};
}

Result<void> MemoryLogFile::WriteAtDurably(std::uint64_t offset, std::string_view bytes) {
  QUIVER_TRY(WriteAt(offset, bytes));
  return Sync();
}

Result<void> MemoryLogFile::CloseAt(std::uint64_t size_bytes) {
  QUIVER_CHECK(open_);
  open_ = false;
  if (size_bytes > reserved_bytes_) {
    return Error(ErrorCode::kInvalidArgument,
                 "cannot cut to " + std::to_string(size_bytes) + " bytes, only " +
                     std::to_string(reserved_bytes_) + " bytes are reserved",
                 handle_.name());
  }
  const MemoryChangeNotice notice(handle_.disk());
  MutexLock lock(handle_.disk().mutex);
  QUIVER_TRY(handle_.CheckAlive());
  handle_.disk().ReturnSpace(reserved_bytes_ - size_bytes);
  handle_.image().Resize(size_bytes, handle_.disk().NextOrdinal());
  return {};
}

}  // namespace quiver::io
