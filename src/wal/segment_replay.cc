// See segment_replay.h.
#include "wal/segment_replay.h"

#include <algorithm>
#include <utility>

#include "base/try.h"

namespace quiver::wal {

namespace {

// So far behind zeros a running log is searched for frames: what was reserved may be much more.
constexpr std::uint64_t kZerosDoubtedBytes = std::uint64_t{64} << 10;

std::string Range(SequenceNumber first, SequenceNumber last) {
  return "sequences " + std::to_string(first) + " to " + std::to_string(last);
}

}  // namespace

Error SegmentReplay::Corruption(std::uint64_t offset, const std::string& what) const {
  return Error(ErrorCode::kCorruption,
               what +
                   "; restore the log from a copy, or open with wal_recovery_mode = "
                   "skip_any_corrupt to salvage what is left after sequence " +
                   std::to_string(last_sequence_),
               segment_->name, offset);
}

Result<void> SegmentReplay::Refuse(std::uint64_t offset, const std::string& what) {
  if (!salvage()) return Corruption(offset, what);
  damage_seen_ = true;
  result_.losses.push_back(segment_->name + ", offset " + std::to_string(offset) + ": " + what);
  return {};
}

void SegmentReplay::Note(const std::string& what) {
  result_.notes.push_back(segment_->name + ": " + what);
}

Result<void> SegmentReplay::Replay(const ChainSegment& segment) {
  segment_ = &segment;
  damage_seen_ = !segment.header.has_value();
  sealed_ = false;
  announced_successor_ = 0;
  trailer_bytes_ = 0;
  offset_ = kHeaderBytes;
  digest_ = segment.header ? segment.header->digest() : 0;
  if (segment.header) {
    const SequenceNumber previous = segment.header->predecessor.last_sequence;
    if (sequence_known_ && previous > last_sequence_ && previous > options_.flushed_sequence) {
      // Only salvage gets here, past a segment that is missing.
      QUIVER_TRY(Refuse(0, Range(last_sequence_ + 1, previous) + " are lost before the segment"));
    }
    last_sequence_ = std::max(last_sequence_, previous);
    sequence_known_ = true;
  }

  QUIVER_ASSIGN_OR_RETURN(auto reader,
                          SegmentReader::Open(*options_.directory, segment.name,
                                              options_.database_id.FileIdentity(segment.number)));
  const bool closed = segment.sealed_end.has_value();
  const std::uint64_t limit = closed
                                  ? std::min(reader.size_bytes(), segment.sealed_end->length_bytes)
                                  : reader.size_bytes();
  Frame last;
  if (offset_ <= limit) {
    QUIVER_TRY(ReplayFrames(reader, limit, last));
  } else {
    offset_ = limit;
  }
  QUIVER_TRY(closed ? FinishClosed(reader, last) : FinishNewest(reader, last));
  // What a trailer seals is durable, but the trailer itself may not be: its write may have failed
  // after it was in the page cache, or its writer have died. So nothing may continue behind it.
  result_.end = {.segment_number = segment.number,
                 .length_bytes = offset_ - trailer_bytes_,
                 .last_sequence = last_sequence_,
                 .digest = trailer_bytes_ == 0 ? digest_ : digest_before_trailer_};
  ++result_.segments;
  return {};
}

Result<void> SegmentReplay::ReplayFrames(SegmentReader& reader, std::uint64_t limit, Frame& last) {
  while (true) {
    QUIVER_ASSIGN_OR_RETURN(Frame frame, reader.ReadFrame(offset_, limit));
    if (frame.state == FrameState::kBatch) {
      QUIVER_TRY(ReplayBatch(frame));
      continue;
    }
    if (frame.state == FrameState::kTrailer) {
      QUIVER_TRY(ReplayTrailer(frame));
    } else if (salvage()) {
      QUIVER_ASSIGN_OR_RETURN(const bool found, SkipDamage(reader, limit, frame));
      if (found) continue;
    }
    last = std::move(frame);
    return {};
  }
}

Result<void> SegmentReplay::ReplayBatch(const Frame& frame) {
  const SequenceNumber first = frame.header.first_sequence;
  if (sequence_known_ && first != last_sequence_ + 1) {
    QUIVER_TRY(Refuse(frame.offset, "the frame starts at sequence " + std::to_string(first) +
                                        ", the log before it ends at " +
                                        std::to_string(last_sequence_)));
  }
  digest_ = ExtendDigest(digest_, frame.header.checksum);
  offset_ = frame.end_offset;
  // A frame that salvage finds out of order holds sequences that were handed out already.
  if (sequence_known_ && first <= last_sequence_) return {};
  last_sequence_ = frame.last_sequence();
  sequence_known_ = true;
  if (last_sequence_ <= options_.flushed_sequence) return {};
  if (frame.rest.empty()) return {};  // it only passes over numbers
  ++result_.batches;
  result_.entries += frame.header.entry_count;
  result_.bytes += frame.end_offset - frame.offset;
  return handler_({.segment_number = segment_->number,
                   .offset = frame.offset,
                   .first_sequence = first,
                   .entry_count = frame.header.entry_count,
                   .timestamp_us = frame.word,
                   .encoded = frame.rest});
}

Result<void> SegmentReplay::ReplayTrailer(const Frame& frame) {
  if (!damage_seen_ &&
      (frame.word != digest_ || frame.header.first_sequence != last_sequence_ + 1)) {
    QUIVER_TRY(Refuse(frame.offset, "the trailer seals a segment that ends before sequence " +
                                        std::to_string(frame.header.first_sequence) +
                                        " with digest " + std::to_string(frame.word) +
                                        ", this one ends with sequence " +
                                        std::to_string(last_sequence_) + " and digest " +
                                        std::to_string(digest_)));
  }
  if (damage_seen_ && frame.header.first_sequence > last_sequence_ + 1) {
    QUIVER_TRY(Refuse(frame.offset, Range(last_sequence_ + 1, frame.header.first_sequence - 1) +
                                        " are lost before the trailer"));
    last_sequence_ = frame.header.first_sequence - 1;
  }
  digest_before_trailer_ = digest_;
  trailer_bytes_ = frame.end_offset - frame.offset;
  digest_ = ExtendDigest(digest_, frame.header.checksum);
  offset_ = frame.end_offset;
  sealed_ = true;
  announced_successor_ = frame.successor();
  return {};
}

Result<bool> SegmentReplay::SkipDamage(SegmentReader& reader, std::uint64_t limit,
                                       const Frame& damaged) {
  QUIVER_ASSIGN_OR_RETURN(const std::optional<Frame> next,
                          reader.FindFrame(damaged.offset + kFrameAlignment, limit));
  if (!next) return false;
  const std::string problem =
      damaged.state == FrameState::kEnd ? "zeros stand where a frame was" : damaged.problem;
  std::string lost =
      problem + "; " + std::to_string(next->offset - damaged.offset) + " bytes are skipped";
  if (sequence_known_ && next->header.first_sequence > last_sequence_ + 1) {
    lost += ", " + Range(last_sequence_ + 1, next->header.first_sequence - 1) + " are lost";
    last_sequence_ = next->header.first_sequence - 1;
  }
  QUIVER_TRY(Refuse(damaged.offset, lost));
  offset_ = next->offset;
  return true;
}

Result<void> SegmentReplay::FinishClosed(const SegmentReader& reader, const Frame& last) {
  const ChainEnd& sealed_end = *segment_->sealed_end;
  const bool covered = last_sequence_ == sealed_end.last_sequence ||
                       (last_sequence_ < sealed_end.last_sequence &&
                        sealed_end.last_sequence <= options_.flushed_sequence);
  const bool whole = offset_ == sealed_end.length_bytes && digest_ == sealed_end.digest && covered;
  if (!whole && !(damage_seen_ && covered)) {
    std::string what = last.problem.empty() ? "the segment" : last.problem + "; the segment";
    what += " ends at offset " + std::to_string(offset_) + " with sequence " +
            std::to_string(last_sequence_) + " and digest " + std::to_string(digest_) + ", but " +
            segment_->successor_name + " continues it at offset " +
            std::to_string(sealed_end.length_bytes) + " after sequence " +
            std::to_string(sealed_end.last_sequence) + " and digest " +
            std::to_string(sealed_end.digest) + " (the file has " +
            std::to_string(reader.size_bytes()) + " bytes)";
    if (salvage() && last_sequence_ < sealed_end.last_sequence) {
      what += "; " + Range(last_sequence_ + 1, sealed_end.last_sequence) + " are lost";
    }
    if (sealed_end.last_sequence <= options_.flushed_sequence) {
      Note(what + "; nothing is lost, tables hold all of it");
    } else {
      QUIVER_TRY(Refuse(offset_, what));
    }
  }
  last_sequence_ = std::max(last_sequence_, sealed_end.last_sequence);
  return {};
}

Result<void> SegmentReplay::FinishNewest(SegmentReader& reader, const Frame& last) {
  if (options_.running) return FinishRunning(reader, last);
  QUIVER_ASSIGN_OR_RETURN(const std::uint64_t end_of_data, reader.EndOfNonZero(offset_));
  if (sealed_) {
    result_.clean_shutdown = announced_successor_ == 0;
    if (end_of_data == offset_) return {};
    const std::string what = std::to_string(end_of_data - offset_) +
                             " bytes behind the trailer are not zero; nothing was written there";
    if (options_.mode == WalRecoveryMode::kAbsolute) return Corruption(offset_, what);
    Note(what);
    return {};
  }
  if (end_of_data != offset_) return FinishTorn(reader, last, end_of_data);
  if (reader.size_bytes() - offset_ < kTrailerFrameBytes) {
    // The writer always keeps room for a trailer, so the file was once longer than it is.
    const std::string what = "the file ends at offset " + std::to_string(reader.size_bytes()) +
                             ", right behind a frame: its tail, which held unsynced frames or "
                             "none, is gone";
    if (options_.mode == WalRecoveryMode::kAbsolute) return Corruption(offset_, what);
    Note(what);
  }
  return {};
}

// What ends the newest segment of a running log may be a frame that is just being written. A whole
// frame behind it that knows it to be durable was written after it: so it is whole by now, or it
// was and has rotted.
Result<void> SegmentReplay::FinishRunning(SegmentReader& reader, const Frame& last) {
  result_.clean_shutdown = sealed_ && announced_successor_ == 0;
  if (sealed_) return {};
  const std::uint64_t limit = last.state == FrameState::kEnd
                                  ? std::min(reader.size_bytes(), offset_ + kZerosDoubtedBytes)
                                  : reader.size_bytes();
  QUIVER_ASSIGN_OR_RETURN(const Evidence evidence,
                          CollectEvidence(reader, offset_ + kFrameAlignment, limit));
  if (evidence.synced_offset <= offset_) return {};
  QUIVER_ASSIGN_OR_RETURN(auto again,
                          SegmentReader::Open(*options_.directory, segment_->name,
                                              options_.database_id.FileIdentity(segment_->number)));
  QUIVER_ASSIGN_OR_RETURN(const Frame frame, again.ReadFrame(offset_, again.size_bytes()));
  if (frame.whole()) return {};
  return Corruption(offset_,
                    (frame.problem.empty() ? "zeros stand where a frame was" : frame.problem) +
                        ", but the frame at offset " + std::to_string(evidence.offset) +
                        " says that the log was durable up to offset " +
                        std::to_string(evidence.synced_offset));
}

Result<SegmentReplay::Evidence> SegmentReplay::CollectEvidence(SegmentReader& reader,
                                                               std::uint64_t offset,
                                                               std::uint64_t limit) {
  Evidence evidence;
  while (offset < limit) {
    QUIVER_ASSIGN_OR_RETURN(const std::optional<Frame> frame, reader.FindFrame(offset, limit));
    if (!frame) return evidence;
    ++evidence.frames;
    evidence.last_sequence =
        std::max(evidence.last_sequence, frame->state == FrameState::kBatch
                                             ? frame->last_sequence()
                                             : frame->header.first_sequence - 1);
    if (frame->header.synced_offset > evidence.synced_offset) {
      evidence.synced_offset = frame->header.synced_offset;
      evidence.offset = frame->offset;
    }
    offset = frame->end_offset;
  }
  return evidence;
}

Result<void> SegmentReplay::FinishTorn(SegmentReader& reader, const Frame& last,
                                       std::uint64_t end_of_data) {
  const std::string problem =
      last.state == FrameState::kEnd ? "zeros stand where a frame was" : last.problem;
  QUIVER_ASSIGN_OR_RETURN(const Evidence evidence,
                          CollectEvidence(reader, offset_ + kFrameAlignment, reader.size_bytes()));
  const std::string cut = "the log is cut at offset " + std::to_string(offset_) +
                          " after sequence " + std::to_string(last_sequence_);
  if (evidence.synced_offset > offset_) {
    const std::string what =
        problem + ", but the frame at offset " + std::to_string(evidence.offset) +
        " says that the log was durable up to offset " + std::to_string(evidence.synced_offset) +
        ": this is no torn write, and " + Range(last_sequence_ + 1, evidence.last_sequence) +
        " are lost or follow the damage";
    if (options_.mode != WalRecoveryMode::kTolerateTail) return Corruption(offset_, what);
    result_.losses.push_back(segment_->name + ", offset " + std::to_string(offset_) + ": " + what +
                             "; " + cut);
    return {};
  }
  const std::uint64_t torn_bytes = end_of_data - offset_;
  if (options_.mode == WalRecoveryMode::kAbsolute) {
    return Corruption(offset_, problem + ": a torn tail of " + std::to_string(torn_bytes) +
                                   " bytes that were never known to be durable, and the mode is "
                                   "absolute");
  }
  std::string note = problem + "; " + cut + ", " + std::to_string(torn_bytes) +
                     " bytes that were never known to be durable are left out";
  if (evidence.frames != 0) {
    note += ", among them " + std::to_string(evidence.frames) +
            " whole frames behind the torn one, up to sequence " +
            std::to_string(evidence.last_sequence);
  }
  result_.torn_tail_bytes += torn_bytes;
  Note(note);
  return {};
}

}  // namespace quiver::wal
