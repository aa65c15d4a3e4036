// TableOutput: the file of a table being written, behind one large buffer.
//
// Invariants:
//  1. Bytes reach the file in writes of at least kWriteBytes (the last one aside), each paced by
//     the rate limiter.
//  2. The file is removed when the output is destroyed, unless Keep() was called.
//
// Thread safety: one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "io/directory.h"
#include "io/rate_limiter.h"
#include "quiver/error.h"

namespace quiver {

class TableOutput {
 public:
  static constexpr std::size_t kWriteBytes = std::size_t{256} << 10;

  /// kIo if `name` exists. `rate_limiter` may be null; it does not hold up what is `cancelled`.
  static Result<std::unique_ptr<TableOutput>> Create(io::Directory& directory, std::string name,
                                                     io::RateLimiter* rate_limiter,
                                                     const std::atomic<bool>* cancelled);
  ~TableOutput();
  TableOutput(const TableOutput&) = delete;
  TableOutput& operator=(const TableOutput&) = delete;

  /// Append to it freely, then call FlushIfLarge().
  std::string& buffer() noexcept { return buffer_; }
  /// Bytes of the file, buffered ones included.
  std::uint64_t size_bytes() const noexcept { return written_bytes_ + buffer_.size(); }
  const std::string& name() const noexcept { return name_; }

  Result<void> FlushIfLarge();
  /// Writes what is left, syncs and closes.
  Result<void> Finish();
  void Keep() noexcept { keep_ = true; }

 private:
  TableOutput(io::Directory& directory, std::string name, std::unique_ptr<io::WritableFile> file,
              io::RateLimiter* rate_limiter, const std::atomic<bool>* cancelled)
      : directory_(directory),
        name_(std::move(name)),
        file_(std::move(file)),
        rate_limiter_(rate_limiter),
        cancelled_(cancelled) {}
  Result<void> Flush();

  io::Directory& directory_;
  const std::string name_;
  std::unique_ptr<io::WritableFile> file_;
  io::RateLimiter* const rate_limiter_;
  const std::atomic<bool>* const cancelled_;
  std::string buffer_;
  std::uint64_t written_bytes_ = 0;
  bool keep_ = false;
};

}  // namespace quiver
