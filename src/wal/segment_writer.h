// SegmentWriter: the write side of one segment. It lays out header, frames and trailer, keeps
// space reserved ahead of them, and carries the end of the chain.
//
// Invariants:
//  1. Between calls the reserved space reaches at least one trailer beyond the end.
//  2. Frames are staged first and written with one write; the end moves only once it succeeded.
//
// Thread safety: one thread at a time, except Sync, which may run beside anything but Close.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/identity.h"
#include "io/directory.h"
#include "quiver/error.h"
#include "wal/frame.h"
#include "wal/wal_format.h"
#include "wal/wal_manager.h"

namespace quiver::wal {

class SegmentWriter {
 public:
  /// Creates the file of segment `number`, reserved but blank, and makes its name durable. On
  /// failure nothing is left, unless the removal fails too: recovery knows blank segments.
  static Result<std::unique_ptr<SegmentWriter>> Create(const WalManagerOptions& options,
                                                       std::uint64_t number);

  /// Writes the header, durably. Frames may follow.
  Result<void> Start(const ChainEnd& predecessor, std::uint64_t creation_time_us);

  /// Makes room for `bytes` more of frames. kNoSpace changes nothing.
  Result<void> EnsureRoom(std::uint64_t bytes);
  /// Adds a batch frame to those that the next WriteStaged writes. `synced_offset` is the offset
  /// in this segment up to which everything is durable now.
  void Stage(const FrameInput& frame, std::uint64_t timestamp_us, std::uint64_t synced_offset);
  /// Writes what was staged, with `durably` including everything before. After a failure the
  /// segment must not be written again.
  Result<void> WriteStaged(bool durably);
  std::uint64_t staged_bytes() const noexcept { return staged_.size(); }

  Result<void> Sync() { return file_->Sync(); }
  /// Writes the trailer, durably. Everything before it must be durable already: a trailer proves
  /// that. `successor` is the segment that a rotation made, 0 at a clean shutdown.
  Result<void> Seal(std::uint64_t successor);
  /// Cuts off the reserved space and closes the file.
  Result<void> Close() { return file_->CloseAt(end_.length_bytes); }

  std::uint64_t number() const noexcept { return end_.segment_number; }
  /// Where the segment ends now.
  const ChainEnd& end() const noexcept { return end_; }

 private:
  SegmentWriter(std::unique_ptr<io::LogFile> file, const WalManagerOptions& options,
                std::uint64_t number);

  std::unique_ptr<io::LogFile> file_;
  const DatabaseId database_id_;
  const std::uint64_t identity_;
  const std::uint64_t reserve_step_bytes_;
  ChainEnd end_;
  ChainEnd staged_end_;
  std::string staged_;
};

}  // namespace quiver::wal
