#include "input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "quiver/types.h"

namespace quiver::cli {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 17;
constexpr std::uint64_t kSettingsBytesMax = std::uint64_t{1} << 20;
// Hexadecimal doubles a key and a value; the rest is for the names of the fields.
constexpr std::uint64_t kLineBytesMax = 2 * (kKeyBytesMax + kValueBytesMax) + 4096;

Error CannotRead(const std::string& name) {
  const int number = errno;
  return Error(number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
               "cannot be read: " + std::generic_category().message(number) + " (errno " +
                   std::to_string(number) + ")",
               name);
}

}  // namespace

Result<Input> Input::Open(const std::string& name) {
  Input input(STDIN_FILENO, "standard input");
  if (name != "-") {
    input.name_ = name;
    input.descriptor_ = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (input.descriptor_ < 0) return CannotRead(name);
  }
  if (const auto filled = input.Fill(); !filled) return filled.error();
  return input;
}

Input::Input(Input&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      buffer_(std::move(other.buffer_)),
      position_(other.position_),
      at_end_(other.at_end_) {}

Input::~Input() {
  if (descriptor_ > STDIN_FILENO) ::close(descriptor_);
}

// Adds what one read gives, behind what is left of the buffer.
Result<void> Input::Fill() {
  buffer_.erase(0, std::exchange(position_, 0));
  const std::size_t old_bytes = buffer_.size();
  buffer_.resize(old_bytes + kBufferBytes);
  ssize_t count = 0;
  do {
    count = ::read(descriptor_, buffer_.data() + old_bytes, kBufferBytes);
  } while (count < 0 && errno == EINTR);
  buffer_.resize(old_bytes + static_cast<std::size_t>(count < 0 ? 0 : count));
  if (count < 0) return CannotRead(name_);
  at_end_ = count == 0;
  return {};
}

Result<bool> Input::ReadLine(std::string& line) {
  std::size_t searched = 0;
  for (;;) {
    const std::string_view left = std::string_view(buffer_).substr(position_);
    const std::size_t end = left.find('\n', searched);
    if (end != std::string_view::npos) {
      line.assign(left.substr(0, end));
      position_ += end + 1;
      return true;
    }
    if (at_end_) {
      line.assign(left);
      position_ = buffer_.size();
      return !line.empty();
    }
    if (left.size() > kLineBytesMax) {
      return Error(ErrorCode::kInvalidArgument,
                   "is longer than " + std::to_string(kLineBytesMax) +
                       " bytes, more than any row in hexadecimal",
                   name_);
    }
    searched = left.size();
    if (const auto filled = Fill(); !filled) return filled.error();
  }
}

Result<std::string> Input::ReadAll(std::uint64_t limit_bytes) {
  while (!at_end_) {
    if (buffer_.size() - position_ > limit_bytes) {
      return Error(ErrorCode::kInvalidArgument,
                   "has more than the " + std::to_string(limit_bytes) + " bytes that are allowed",
                   name_);
    }
    if (const auto filled = Fill(); !filled) return filled.error();
  }
  std::string all = std::move(buffer_);
  all.erase(0, std::exchange(position_, 0));
  buffer_.clear();
  return all;
}

Result<std::string> ReadSettingsFile(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return CannotRead(path);
  // A pipe would be waited for and a device may never end.
  if (!S_ISREG(status.st_mode)) {
    return Error(ErrorCode::kIo,
                 "is not a regular file; settings are read from a TOML file of at most 1 MiB",
                 path);
  }
  auto input = Input::Open(path);
  if (!input) return input.error();
  return input->ReadAll(kSettingsBytesMax);
}

}  // namespace quiver::cli
