// FileDescriptor: a file descriptor that is closed with its owner, and the loop that hides EINTR.
//
// Thread safety: none; one owner.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace quiver::io {

/// Repeats `call`, which answers -1 and sets errno on failure, until no signal interrupts it.
template <typename Call>
auto RetryInterrupted(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

class FileDescriptor {
 public:
  FileDescriptor() noexcept = default;
  explicit FileDescriptor(int number) noexcept : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      (void)Close();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~FileDescriptor() { (void)Close(); }

  bool valid() const noexcept { return number_ >= 0; }
  int get() const noexcept { return number_; }

  /// Gives the number to an owner of another kind, who closes it.
  int Release() noexcept { return std::exchange(number_, -1); }

  /// Closes; returns 0 or the errno. On Linux the number is free after an EINTR too, so that is
  /// no failure and must not be repeated: another thread may own the number by then.
  int Close() noexcept {
    if (!valid()) return 0;
    const int result = ::close(std::exchange(number_, -1));
    return result == 0 || errno == EINTR ? 0 : errno;
  }

 private:
  int number_ = -1;
};

/// Opens by `call`, which answers a descriptor or -1 and sets errno, and keeps the descriptor out
/// of 0 to 2: in a program whose standard streams are closed, a file there would take what the
/// program prints. Invalid, with errno set, on failure.
template <typename Call>
FileDescriptor OpenAboveStandardStreams(Call call) {
  FileDescriptor opened(RetryInterrupted(call));
  if (!opened.valid() || opened.get() > STDERR_FILENO) return opened;
  return FileDescriptor(::fcntl(opened.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

}  // namespace quiver::io
