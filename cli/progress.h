// Progress: one line on standard error that tells how far a long job is, rewritten in place on a
// terminal and silent elsewhere.
//
// Thread safety: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace quiver::cli {

class Progress {
 public:
  /// `unit` names what is counted ("rows", "bytes"); `total` 0 means unknown.
  Progress(std::string title, std::string unit, std::uint64_t total = 0);
  /// Removes the line.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows `done` (and a new total, if given) at most ten times a second.
  void Update(std::uint64_t done, std::uint64_t total = 0);

 private:
  const std::string title_;
  const std::string unit_;
  std::uint64_t total_;
  const bool terminal_;
  bool shown_ = false;
  const std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace quiver::cli
