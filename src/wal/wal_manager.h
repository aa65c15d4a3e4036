// WalManager: the write side of the log. It owns a chain of segments, one a memtable, and knows
// which sequence number is durable.
//
// Invariants:
//  1. Frames are appended in sequence order without gaps between batches of one segment chain.
//  2. A frame is written (it survives the death of the process) when Append returns.
//  3. A segment is synced and sealed with a trailer before its successor takes a frame; the
//     successor's header names its length, last sequence and digest. A new segment's file and
//     directory entry are durable before its first frame is acknowledged as durable. So durability
//     is a prefix of the log: no hole can lie between two segments.
//  4. After a failed write or sync the log is dead: every later Append and Sync returns the first
//     cause. Nothing is retried on the same pages.
//  5. Segments are deleted only by DeleteSegmentsBefore, and never a file of another database.
//  6. Behind the last frame there is always reserved room for a trailer, so that sealing cannot
//     meet a full disk, and a segment without one has lost its tail.
//
// Thread safety: Append, Rotate and Close from one thread at a time (the write path's lock); Sync,
// DeleteSegmentsBefore, durable_sequence and the counters from any thread, beside Append.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/identity.h"
#include "io/clock.h"
#include "io/directory.h"
#include "quiver/error.h"
#include "quiver/types.h"
#include "wal/wal_format.h"

namespace quiver {
struct EngineMetrics;  // metrics/engine_metrics.h
}

namespace quiver::wal {

/// One batch to append: it becomes one atomic frame.
struct FrameInput {
  std::string_view encoded;  ///< entries as base/batch_codec.h encodes them
  std::uint32_t entry_count = 0;
  SequenceNumber first_sequence = 0;
};

struct WalManagerOptions {
  io::Directory* directory = nullptr;
  io::Clock* clock = nullptr;
  EngineMetrics* metrics = nullptr;
  DatabaseId database_id;
  io::LogAccess access = io::LogAccess::kWritten;
  std::uint64_t reserve_step_bytes = std::uint64_t{4} << 20;  ///< space reserved at a time
  /// Files with this number or a higher one are somebody else's.
  std::uint64_t segment_number_end = ~std::uint64_t{0};
};

class WalManager {
 public:
  /// Starts segment `segment_number` after `previous`. The last sequence of `previous` counts as
  /// durable: the caller has made it so (wrote what it recovered into durable tables). The number
  /// must be above every segment in the directory (RecoveryResult::highest_segment). On return the
  /// segment is durable. Cost: the first reservation and two syncs.
  static Result<std::unique_ptr<WalManager>> Create(const WalManagerOptions& options,
                                                    std::uint64_t segment_number,
                                                    const ChainEnd& previous);
  virtual ~WalManager() = default;

  /// Appends batches, each as one frame, with one write. With `durably`, they and everything
  /// before are durable on return. kNoSpace leaves the log usable and nothing appended; so does
  /// kInternal, for batches that are empty, too large or not in sequence.
  virtual Result<void> Append(std::span<const FrameInput> frames, bool durably) = 0;
  /// Makes everything appended before the call durable. Concurrent callers share one sync.
  virtual Result<void> Sync() = 0;
  /// Syncs and seals the current segment and starts `next_segment_number`, which is durable on
  /// return. kNoSpace leaves the log usable and the current segment as it was. Cost: the first
  /// reservation and four syncs; syncs of other threads wait for three of them.
  virtual Result<void> Rotate(std::uint64_t next_segment_number) = 0;
  /// Syncs and seals: the next open finds a clean shutdown. Later calls get kClosed. Without it
  /// the destructor leaves the log as a killed process would.
  virtual Result<void> Close() = 0;
  /// Removes segments numbered below `segment_number`, never the current one. The first failure to
  /// remove is returned, and the rest is still tried.
  virtual Result<void> DeleteSegmentsBefore(std::uint64_t segment_number) = 0;

  virtual std::uint64_t segment_number() const = 0;
  virtual SequenceNumber durable_sequence() const = 0;
  /// Sequence of the last frame appended.
  virtual SequenceNumber last_sequence() const = 0;
  /// Bytes appended and not yet synced.
  virtual std::uint64_t unsynced_bytes() const = 0;
  /// Bytes of all segments still on disk, without the space reserved in the current one.
  virtual std::uint64_t live_bytes() const = 0;
};

}  // namespace quiver::wal
