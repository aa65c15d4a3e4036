// SegmentReplay: hands out the batches of one segment after the other and judges how each ends.
//
// A closed segment must reach exactly the end that its successor's header names. The newest one
// ends where its frames end. What stands there instead of a frame is a torn write, unless a whole
// frame behind it says that the log was durable beyond that place: then it is rot. Whole frames
// behind a torn one were written after it, so they are cut with it: replaying them would leave a
// hole.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "quiver/error.h"
#include "wal/segment_chain.h"
#include "wal/segment_reader.h"
#include "wal/wal_recovery.h"

namespace quiver::wal {

class SegmentReplay {
 public:
  /// All three must outlive the replay.
  SegmentReplay(const RecoveryOptions& options, const BatchHandler& handler, RecoveryResult& result)
      : options_(options), handler_(handler), result_(result) {}

  /// Replays `segment`, which follows the one before. Sets the end of `result`.
  Result<void> Replay(const ChainSegment& segment);

  /// The segment that the trailer of the last one replayed names as its successor, or 0.
  std::uint64_t announced_successor() const noexcept { return announced_successor_; }

 private:
  // What the whole frames behind a damaged place say.
  struct Evidence {
    std::uint64_t frames = 0;
    SequenceNumber last_sequence = 0;
    std::uint64_t synced_offset = 0;  ///< the furthest that any of them names
    std::uint64_t offset = 0;         ///< of the frame that names it
  };

  bool salvage() const noexcept { return options_.mode == WalRecoveryMode::kSkipAnyCorrupt; }

  // Reads frames up to a trailer, the end of what is written, or damage that the mode does not
  // skip. That last frame, which is not a batch, goes to `last`.
  Result<void> ReplayFrames(SegmentReader& reader, std::uint64_t limit, Frame& last);
  Result<void> ReplayBatch(const Frame& frame);
  Result<void> ReplayTrailer(const Frame& frame);
  // In salvage: moves to the next whole frame behind `damaged`; false if there is none.
  Result<bool> SkipDamage(SegmentReader& reader, std::uint64_t limit, const Frame& damaged);

  Result<void> FinishClosed(const SegmentReader& reader, const Frame& last);
  Result<void> FinishNewest(SegmentReader& reader, const Frame& last);
  Result<void> FinishRunning(SegmentReader& reader, const Frame& last);
  Result<void> FinishTorn(SegmentReader& reader, const Frame& last, std::uint64_t end_of_data);
  Result<Evidence> CollectEvidence(SegmentReader& reader, std::uint64_t offset,
                                   std::uint64_t limit);
  // Refuses damage at `offset` of the segment, or in salvage reports it.
  Result<void> Refuse(std::uint64_t offset, const std::string& what);
  Error Corruption(std::uint64_t offset, const std::string& what) const;
  void Note(const std::string& what);

  const RecoveryOptions& options_;
  const BatchHandler& handler_;
  RecoveryResult& result_;

  const ChainSegment* segment_ = nullptr;
  bool sequence_known_ = false;  ///< last_sequence_ is what the next frame must follow
  bool damage_seen_ = false;     ///< in this segment; only salvage goes on after it
  bool sealed_ = false;
  std::uint64_t announced_successor_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t digest_ = 0;
  std::uint64_t trailer_bytes_ = 0;  ///< of what lies before offset_
  std::uint64_t digest_before_trailer_ = 0;
  SequenceNumber last_sequence_ = 0;
};

}  // namespace quiver::wal
