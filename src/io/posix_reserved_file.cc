#include "io/posix_reserved_file.h"

#include <fcntl.h>
#include <sys/uio.h>

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/try.h"
#include "io/posix_error.h"
#include "io/posix_file.h"

namespace quiver::io {

namespace {

constexpr std::uint64_t kZeroChunkBytes = 64U << 10;

bool MeansUnsupported(int error_number) {
  return error_number == EOPNOTSUPP || error_number == EINVAL || error_number == ENOSYS;
}

}  // namespace

Result<void> ReservedFile::AllocateAndZero(std::uint64_t from, std::uint64_t to) {
  // The allocation fails at once on a full disk, before a byte is written, and keeps the extents
  // long. Where the file system has none, the zeroes below allocate.
  const int result = RetryInterrupted([&] {
    return ::fallocate(fd_.get(), 0, static_cast<off_t>(from), static_cast<off_t>(to - from));
  });
  if (result != 0 && !MeansUnsupported(errno)) {
    return PosixError(errno, "cannot reserve " + std::to_string(to - from) + " bytes", name_, from);
  }
  // Allocated extents are still marked unwritten, and the first write to each would have to change
  // that mark in the journal; zeroes written now take that cost from every later append.
  const std::string zeroes(static_cast<std::size_t>(std::min(kZeroChunkBytes, to - from)), '\0');
  for (std::uint64_t at = from; at < to;) {
    // Chunks end at multiples of the chunk size, so that only the first one is ragged.
    const std::uint64_t count = std::min(kZeroChunkBytes - at % kZeroChunkBytes, to - at);
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(count, zeroes.size()));
    QUIVER_TRY(WriteFullyAt(fd_.get(), at, std::string_view(zeroes).substr(0, size), name_));
    at += size;
  }
  return {};
}

Result<void> ReservedFile::Reserve(std::uint64_t bytes) {
  QUIVER_CHECK(open());
  if (bytes <= reserved_bytes_) return {};
  if (bytes > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) {
    return Error(ErrorCode::kInvalidArgument,
                 "cannot reserve " + std::to_string(bytes) + " bytes, no file is that long", name_);
  }
  Result<void> result = AllocateAndZero(reserved_bytes_, bytes);
  if (!result) {
    UndoReserve(reserved_bytes_);
    return result;
  }
  reserved_bytes_ = bytes;
  writes_.fetch_add(1, std::memory_order_release);  // the new size is yet to be synced
  return {};
}

void ReservedFile::UndoReserve(std::uint64_t bytes) {
  // A cut gives back everything behind the size. Should it fail there is zeroed space too much,
  // which the next Reserve takes and CloseAt cuts.
  (void)RetryInterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(bytes)); });
  reserved_bytes_ = bytes;
}

Result<void> ReservedFile::CheckRange(std::uint64_t offset, std::uint64_t size) const {
  if (offset <= reserved_bytes_ && size <= reserved_bytes_ - offset) return {};
  return Error(ErrorCode::kInvalidArgument,
               "cannot write " + std::to_string(size) + " bytes, only " +
                   std::to_string(reserved_bytes_) + " bytes are reserved; call Reserve first",
               name_, offset);
}

Result<void> ReservedFile::Write(std::uint64_t offset, std::string_view bytes) {
  QUIVER_CHECK(open());
  QUIVER_TRY(CheckRange(offset, bytes.size()));
  QUIVER_TRY(WriteFullyAt(fd_.get(), offset, bytes, name_));
  // Counted after the write: a sync that reads this count has the bytes before it.
  writes_.fetch_add(1, std::memory_order_release);
  return {};
}

Result<void> ReservedFile::SyncLocked() {
  QUIVER_TRY(failure_.Check());
  const std::uint64_t covered = writes_.load(std::memory_order_acquire);
  QUIVER_TRY(failure_.Keep(SyncData(fd_.get(), name_)));
  writes_synced_ = covered;
  return {};
}

Result<void> ReservedFile::Sync() {
  QUIVER_CHECK(open());
  MutexLock lock(sync_mutex_);
  return SyncLocked();
}

Result<void> ReservedFile::CheckSyncs() {
  MutexLock lock(sync_mutex_);
  return failure_.Check();
}

Result<void> ReservedFile::WriteSynchronously(std::uint64_t offset, std::string_view bytes,
                                              bool& supported) {
  while (!bytes.empty()) {
    iovec part = {const_cast<char*>(bytes.data()), bytes.size()};
    const ssize_t written = RetryInterrupted(
        [&] { return ::pwritev2(fd_.get(), &part, 1, static_cast<off_t>(offset), RWF_DSYNC); });
    if (written < 0 && MeansUnsupported(errno)) {
      supported = false;
      return {};
    }
    if (written <= 0) {
      return PosixError(written == 0 ? EIO : errno,
                        "cannot write and sync " + std::to_string(bytes.size()) + " bytes", name_,
                        offset);
    }
    offset += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> ReservedFile::WriteDurably(std::uint64_t offset, std::string_view bytes) {
  QUIVER_CHECK(open());
  QUIVER_TRY(CheckRange(offset, bytes.size()));
  MutexLock lock(sync_mutex_);
  QUIVER_TRY(failure_.Check());
  if (synchronous_write_supported_ && writes_synced_ == writes_.load(std::memory_order_acquire)) {
    // Whether the write or the sync failed cannot be told apart, so either is kept as a sync's.
    QUIVER_TRY(failure_.Keep(WriteSynchronously(offset, bytes, synchronous_write_supported_)));
    if (synchronous_write_supported_) return {};
  }
  QUIVER_TRY(Write(offset, bytes));
  return SyncLocked();
}

Result<void> ReservedFile::CloseAt(std::uint64_t size_bytes) {
  QUIVER_CHECK(open());
  Result<void> result;
  if (size_bytes > reserved_bytes_) {
    result = Error(ErrorCode::kInvalidArgument,
                   "cannot cut to " + std::to_string(size_bytes) + " bytes, only " +
                       std::to_string(reserved_bytes_) + " bytes are reserved",
                   name_);
  } else if (RetryInterrupted(
                 [&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)); }) != 0) {
    result = PosixError(errno, "cannot cut to " + std::to_string(size_bytes) + " bytes", name_);
  }
  const int close_error = fd_.Close();
  if (result && close_error != 0) result = PosixError(close_error, "cannot close", name_);
  return result;
}

}  // namespace quiver::io
