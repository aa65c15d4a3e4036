// See wal_recovery.h. The chain of segments is judged in segment_chain.cc, the frames of each in
// segment_replay.cc.
#include "wal/wal_recovery.h"

#include <algorithm>

#include "base/batch_codec.h"
#include "base/try.h"
#include "wal/frame.h"
#include "wal/segment_chain.h"
#include "wal/segment_replay.h"

namespace quiver::wal {

namespace {

// Whether a batch, which verifies, holds what it says. Before anything of it is applied, so that
// none is applied in part.
Result<void> CheckEntries(const RecoveredBatch& batch) {
  const auto error = [&](ErrorCode code, std::string_view what, std::size_t offset) {
    return Error(code, std::string(what), SegmentName(batch.segment_number),
                 batch.offset + kFrameHeaderBytes + kPayloadWordBytes + offset);
  };
  BatchReader reader(batch.encoded);
  BatchEntry entry;
  std::uint32_t count = 0;
  while (reader.Next(entry)) ++count;
  if (!reader.malformed() && count == batch.entry_count) return {};
  return error(ErrorCode::kCorruption,
               "the batch verifies but its entries cannot be read: written by a faulty build?",
               reader.offset());
}

}  // namespace

Result<RecoveryResult> RecoverLog(const RecoveryOptions& options, const BatchHandler& handler) {
  RecoveryResult result;
  QUIVER_ASSIGN_OR_RETURN(const SegmentChain chain, ReadSegmentChain(options, result));
  const BatchHandler checked = [&](const RecoveredBatch& batch) -> Result<void> {
    Result<void> readable = CheckEntries(batch);
    if (readable) return handler(batch);
    if (readable.error().code() != ErrorCode::kCorruption ||
        options.mode != WalRecoveryMode::kSkipAnyCorrupt) {
      return readable;
    }
    result.losses.push_back(readable.error().ToString());
    return {};
  };
  SegmentReplay replay(options, checked, result);
  for (const ChainSegment& segment : chain.segments) QUIVER_TRY(replay.Replay(segment));

  // A rotation makes the successor's name durable before the trailer names it.
  const std::uint64_t successor = replay.announced_successor();
  if (options.running) {
    result.awaited_segment = successor;
  } else if (successor != 0 && !chain.Exists(successor)) {
    const std::string what =
        "the segment is missing: " + chain.segments.back().name + " was sealed for it";
    if (options.mode != WalRecoveryMode::kSkipAnyCorrupt) {
      return Error(ErrorCode::kCorruption,
                   what +
                       "; restore it from a copy, or open with wal_recovery_mode = "
                       "skip_any_corrupt to go on without it",
                   SegmentName(successor));
    }
    result.losses.push_back(SegmentName(successor) + ": " + what);
  }
  // What salvage passed over is still in the segments: the caller must not keep relying on them.
  result.clean_shutdown = result.clean_shutdown && result.losses.empty();
  // Tables may reach further than a log whose unsynced tail is gone.
  result.end.last_sequence = std::max(result.end.last_sequence, options.flushed_sequence);
  return result;
}

}  // namespace quiver::wal
