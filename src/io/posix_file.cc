#include "io/posix_file.h"

#include <sys/stat.h>

#include <limits>

#include "base/check.h"
#include "base/try.h"
#include "io/posix_error.h"

namespace quiver::io {

namespace {

constexpr mode_t kFileMode = 0600;

Error NotRegular(const std::string& name) {
  return Error(
      ErrorCode::kCorruption,
      "is no regular file but a link, pipe, device or directory; if it stands under a name "
      "of a database, find out who put it there and remove it",
      name);
}

}  // namespace

Result<FileDescriptor> OpenRegularFile(int directory_fd, const std::string& name, int flags) {
  // O_NONBLOCK keeps the open of a pipe from waiting for its other end; it means nothing to a
  // regular file. O_NOCTTY keeps a terminal from becoming ours.
  const int all_flags = flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  FileDescriptor fd = OpenAboveStandardStreams(
      [&] { return ::openat(directory_fd, name.c_str(), all_flags, kFileMode); });
  if (!fd.valid()) {
    // ELOOP: a symbolic link. EISDIR: a directory, opened for writing. ENXIO: a socket, or a pipe
    // without a reader.
    if (errno == ELOOP || errno == EISDIR || errno == ENXIO) return NotRegular(name);
    return PosixError(errno, (flags & O_CREAT) != 0 ? "cannot create the file" : "cannot open",
                      name);
  }
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return PosixError(errno, "cannot read the status", name);
  if (!S_ISREG(status.st_mode)) return NotRegular(name);
  return fd;
}

Result<void> WriteFullyAt(int fd, std::uint64_t offset, std::string_view bytes,
                          const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written = RetryInterrupted(
        [&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (written <= 0) {
      // A write that takes nothing without saying why would otherwise loop for ever.
      return PosixError(written == 0 ? EIO : errno,
                        "cannot write " + std::to_string(bytes.size()) + " bytes", name, offset);
    }
    offset += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> SyncData(int fd, const std::string& name) {
  if (RetryInterrupted([&] { return ::fdatasync(fd); }) != 0) {
    return PosixError(errno, "cannot sync, bytes written before may be lost", name);
  }
  return {};
}

Result<std::size_t> PosixReadableFile::ReadAt(std::uint64_t offset,
                                              std::span<std::byte> buffer) const {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const std::uint64_t at = offset + done;
    // No file is longer than an off_t can say, so there is nothing to read from here on.
    if (at < offset || at > std::numeric_limits<off_t>::max()) break;
    const ssize_t count = RetryInterrupted([&] {
      return ::pread(fd_.get(), buffer.data() + done, buffer.size() - done, static_cast<off_t>(at));
    });
    if (count < 0) {
      return PosixError(errno, "cannot read " + std::to_string(buffer.size() - done) + " bytes",
                        name_, at);
    }
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

Result<void> PosixWritableFile::Write(std::string_view bytes) {
  QUIVER_TRY(failure_.Keep(WriteFullyAt(fd_.get(), written_bytes_, bytes, name_)));
  written_bytes_ += bytes.size();
  return {};
}

Result<void> PosixWritableFile::FlushBuffer() {
  if (buffer_.empty()) return {};
  QUIVER_TRY(Write(buffer_));
  buffer_.clear();
  return {};
}

Result<void> PosixWritableFile::Append(std::string_view bytes) {
  QUIVER_CHECK(fd_.valid());
  QUIVER_TRY(failure_.Check());
  if (buffer_.size() + bytes.size() > kBufferBytes) QUIVER_TRY(FlushBuffer());
  if (bytes.size() >= kBufferBytes) return Write(bytes);
  if (buffer_.capacity() < kBufferBytes) buffer_.reserve(kBufferBytes);
  buffer_.append(bytes);
  return {};
}

Result<void> PosixWritableFile::Sync() {
  QUIVER_CHECK(fd_.valid());
  QUIVER_TRY(failure_.Check());
  QUIVER_TRY(FlushBuffer());
  return failure_.Keep(SyncData(fd_.get(), name_));
}

Result<void> PosixWritableFile::Close() {
  QUIVER_CHECK(fd_.valid());
  Result<void> result = failure_.Check();
  if (result) result = FlushBuffer();
  const int close_error = fd_.Close();
  if (result && close_error != 0) result = PosixError(close_error, "cannot close", name_);
  return result;
}

}  // namespace quiver::io
