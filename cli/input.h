// Input: bytes from standard input or a file that the user names, in lines or whole.
//
// A failed read is an error, never the end of the input: what a shell could not open, or opened for
// writing only, must not be taken for an empty value. C++ streams over stdio cannot tell the two
// apart, so the descriptor is read here.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "quiver/error.h"

namespace quiver::cli {

class Input {
 public:
  /// "-" is standard input, anything else a file. Its first bytes are read at once, so that what
  /// cannot be read fails before anything is done with it. kIo.
  static Result<Input> Open(const std::string& name);
  ~Input();
  Input(Input&& other) noexcept;
  Input& operator=(Input&&) = delete;

  /// What errors call it: "standard input" or the file as it was named.
  const std::string& name() const { return name_; }
  /// What the first read gave; only before anything else is read.
  std::string_view head() const { return buffer_; }

  /// The next line without its newline; false at the end. A line longer than any row is an error.
  Result<bool> ReadLine(std::string& line);
  /// Everything that is left. kInvalidArgument if it is more than `limit_bytes`.
  Result<std::string> ReadAll(std::uint64_t limit_bytes);

 private:
  Input(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}
  Result<void> Fill();

  int descriptor_;  ///< -1 once moved from
  std::string name_;
  std::string buffer_;
  std::size_t position_ = 0;  ///< in buffer_
  bool at_end_ = false;
};

/// A settings file: a regular file of at most 1 MiB. Errors name it.
Result<std::string> ReadSettingsFile(const std::string& path);

}  // namespace quiver::cli
