// Recovery of the log: reads the chain of segments, hands out every whole batch in order, and
// tells a torn tail from rot.
//
// A bad frame is a torn tail only if nothing proves that its bytes were once durable: no later
// frame, segment header or trailer says so. Everything else is rot, which only the salvage mode
// passes over. What is cut or skipped is always reported. docs/formats/wal.md has the table.
//
// Memory: at most one frame or 1 MiB, whichever is larger, and never more than the file has.
//
// Thread safety: free functions, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.h"
#include "io/directory.h"
#include "quiver/config.h"
#include "quiver/error.h"
#include "quiver/types.h"
#include "wal/wal_format.h"

namespace quiver::wal {

/// A frame as read: entries are decoded from `encoded` by base/batch_codec.h.
struct RecoveredBatch {
  std::uint64_t segment_number = 0;
  std::uint64_t offset = 0;
  SequenceNumber first_sequence = 0;
  std::uint32_t entry_count = 0;
  std::uint64_t timestamp_us = 0;
  std::string_view encoded;
};

struct RecoveryOptions {
  io::Directory* directory = nullptr;
  DatabaseId database_id;
  WalRecoveryMode mode = WalRecoveryMode::kPointInTime;
  /// The oldest segment that the manifest still needs: it must exist, older ones are ignored. 0
  /// means that the manifest names none yet: then the log is needed from its start.
  std::uint64_t first_segment = 0;
  /// Batches that end at or below it are in tables already: checked, not handed out. Damage in a
  /// segment that holds nothing else is a note, not an error.
  SequenceNumber flushed_sequence = 0;
  /// Files with this number or a higher one are somebody else's and ignored.
  std::uint64_t segment_number_end = ~std::uint64_t{0};
  /// Another process may be writing the log: whatever does not end its newest segment well is what
  /// that one writes right now, and is left out, unless a frame behind it says that it was durable.
  bool running = false;
};

struct RecoveryResult {
  ChainEnd end;  ///< where a new segment continues
  /// The newest segment ends in the trailer that Close wrote, and nothing is lost.
  bool clean_shutdown = false;
  /// Of a running log: the segment for which the newest one read was sealed, or 0. It goes on
  /// there.
  std::uint64_t awaited_segment = 0;
  /// Highest number among the files, started or not; a new segment needs a higher one.
  std::uint64_t highest_segment = 0;
  std::uint64_t segments = 0;
  std::uint64_t batches = 0;  ///< handed out, as are the entries and bytes of frames
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::uint64_t torn_tail_bytes = 0;
  std::vector<std::string> notes;   ///< what was cut
  std::vector<std::string> losses;  ///< what a salvage mode skipped
};

using BatchHandler = std::function<Result<void>(const RecoveredBatch&)>;

/// Replays the log. Errors: kCorruption (naming segment, offset and what proves it), kUnsupported
/// (newer format), kIo, or the handler's. Never writes.
Result<RecoveryResult> RecoverLog(const RecoveryOptions& options, const BatchHandler& handler);

/// A frame or header of one segment, for inspection.
struct SegmentFrame {
  std::uint64_t offset = 0;
  std::uint64_t payload_bytes = 0;
  std::string kind;     ///< "header", "batch", "trailer", "damaged", "unused"
  std::string details;  ///< what it says, or what is wrong
  SequenceNumber first_sequence = 0;
  std::uint32_t entry_count = 0;
  std::string_view encoded;  ///< entries of a batch
  std::uint64_t timestamp_us = 0;
};

/// Walks one segment without the rest of the database. Return false from `sink` to stop.
Result<void> WalkSegment(io::Directory& directory, std::string_view name,
                         const std::function<bool(const SegmentFrame&)>& sink);

/// The database that a segment says it belongs to. kCorruption if its header does not verify.
Result<DatabaseId> ReadSegmentOwner(io::Directory& directory, std::string_view name);

}  // namespace quiver::wal
