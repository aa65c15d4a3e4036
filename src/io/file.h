// Files as the engine sees them: read at an offset, append, or log into reserved space.
//
// Invariants:
//  1. Errors name the file; a failed Sync is sticky: every later Sync of the same object fails
//     too, because the kernel may have marked the lost pages clean (Rebello et al., "Can
//     applications recover from fsync failures?", ATC 2020).
//  2. A full disk answers kNoSpace, everything else of the operating system kIo.
//  3. Short reads and writes and EINTR never show: they are retried inside.
//
// Thread safety: ReadAt from any thread; the writing classes one thread at a time, except Sync of
// LogFile, which may run beside WriteAt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "quiver/error.h"

namespace quiver::io {

class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// Fills `buffer` from `offset`; returns the bytes read, fewer than asked only at the end of
  /// the file.
  virtual Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const = 0;
  virtual std::uint64_t size_bytes() const = 0;
  virtual const std::string& name() const = 0;
};

class WritableFile {
 public:
  virtual ~WritableFile() = default;
  /// Adds to the end, through a buffer; a later Sync or Close reports what a write could not.
  virtual Result<void> Append(std::string_view bytes) = 0;
  /// Makes everything appended durable.
  virtual Result<void> Sync() = 0;
  /// Flushes the buffer and closes; does not sync. No other call afterwards.
  virtual Result<void> Close() = 0;
  virtual std::uint64_t size_bytes() const = 0;
  virtual const std::string& name() const = 0;
};

/// A file written into space that was reserved and zeroed beforehand, so that a log append needs
/// no metadata change and, when mapped, no system call.
class LogFile {
 public:
  virtual ~LogFile() = default;
  /// Allocates and zeroes up to `bytes` in all. kNoSpace leaves the file as it was.
  virtual Result<void> Reserve(std::uint64_t bytes) = 0;
  /// Writes inside the reserved space. On return the bytes survive the death of the process.
  virtual Result<void> WriteAt(std::uint64_t offset, std::string_view bytes) = 0;
  /// Makes everything written before the call durable.
  virtual Result<void> Sync() = 0;
  /// WriteAt and Sync in one operation where the system has one.
  virtual Result<void> WriteAtDurably(std::uint64_t offset, std::string_view bytes) = 0;
  /// Cuts the reserved but unused space off and closes; does not sync.
  virtual Result<void> CloseAt(std::uint64_t size_bytes) = 0;
  virtual std::uint64_t reserved_bytes() const = 0;
  virtual const std::string& name() const = 0;
};

}  // namespace quiver::io
