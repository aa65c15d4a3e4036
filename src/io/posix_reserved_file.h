// ReservedFile: a file whose space is allocated and zeroed before it is written, with writes and
// syncs that never need the file's metadata once that is done. Both kinds of log file are made of
// it.
//
// Invariants:
//  1. Bytes [0, reserved_bytes) exist on the disk: no write inside them can meet a full disk.
//  2. A failed Reserve leaves the size and the allocation as they were.
//  3. One sync runs at a time, and its failure is recorded before the next one starts. Otherwise a
//     second sync could begin after the kernel has reported, and forgotten, the lost pages to the
//     first one and succeed.
//  4. WriteDurably uses the system's synchronous write only when every earlier write is durable,
//     since that makes nothing durable but its own bytes.
//
// Thread safety: one thread at a time, except Sync, which may run beside anything but Close.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "io/posix_descriptor.h"
#include "io/sticky_error.h"

namespace quiver::io {

class ReservedFile {
 public:
  /// `fd` is open for writing and empty.
  ReservedFile(FileDescriptor fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  /// Allocates and zeroes up to `bytes` in all; nothing to do if that much is reserved. A file on a
  /// full disk gets kNoSpace. Costs one write of the new part.
  Result<void> Reserve(std::uint64_t bytes);
  /// Takes a successful Reserve back to the smaller `bytes`; for a caller whose next step failed.
  void UndoReserve(std::uint64_t bytes);
  /// kInvalidArgument unless the range lies in the reserved space.
  Result<void> CheckRange(std::uint64_t offset, std::uint64_t size) const;

  Result<void> Write(std::uint64_t offset, std::string_view bytes);
  /// Write and Sync, in one system call where that is enough.
  Result<void> WriteDurably(std::uint64_t offset, std::string_view bytes) EXCLUDES(sync_mutex_);
  Result<void> Sync() EXCLUDES(sync_mutex_);
  /// Answers the failure of an earlier sync, if there was one.
  Result<void> CheckSyncs() EXCLUDES(sync_mutex_);

  /// Cuts to `size_bytes` and closes, also when the cut fails.
  Result<void> CloseAt(std::uint64_t size_bytes);

  std::uint64_t reserved_bytes() const noexcept { return reserved_bytes_; }
  const std::string& name() const noexcept { return name_; }
  int fd() const noexcept { return fd_.get(); }
  bool open() const noexcept { return fd_.valid(); }

 private:
  Result<void> AllocateAndZero(std::uint64_t from, std::uint64_t to);
  Result<void> SyncLocked() REQUIRES(sync_mutex_);
  /// Sets `supported` to false if the system has no synchronous write.
  Result<void> WriteSynchronously(std::uint64_t offset, std::string_view bytes, bool& supported);

  FileDescriptor fd_;
  const std::string name_;
  std::uint64_t reserved_bytes_ = 0;
  /// Writes finished so far: what a sync that starts now will cover.
  std::atomic<std::uint64_t> writes_{0};

  Mutex sync_mutex_;
  StickyError failure_ GUARDED_BY(sync_mutex_);
  std::uint64_t writes_synced_ GUARDED_BY(sync_mutex_) = 0;
  bool synchronous_write_supported_ GUARDED_BY(sync_mutex_) = true;
};

}  // namespace quiver::io
