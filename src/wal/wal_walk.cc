// WalkSegment: shows a segment as it lies there, whole or damaged. See wal_recovery.h.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/try.h"
#include "wal/segment_header.h"
#include "wal/segment_reader.h"
#include "wal/wal_recovery.h"

namespace quiver::wal {

namespace {

std::string DescribeHeader(const SegmentHeader& header) {
  const ChainEnd& predecessor = header.predecessor;
  return "segment " + std::to_string(header.number) + " of database " +
         header.database_id.ToString() + ", created at " + std::to_string(header.creation_time_us) +
         " us, first sequence " + std::to_string(header.first_sequence) + "; continues segment " +
         std::to_string(predecessor.segment_number) + " at offset " +
         std::to_string(predecessor.length_bytes) + " after sequence " +
         std::to_string(predecessor.last_sequence) + ", digest " +
         std::to_string(predecessor.digest);
}

SegmentFrame DescribeFrame(const Frame& frame) {
  SegmentFrame shown{.offset = frame.offset, .payload_bytes = frame.header.payload_bytes};
  const std::string synced =
      "durable up to offset " + std::to_string(frame.header.synced_offset) + " when written";
  if (frame.state == FrameState::kBatch) {
    shown.kind = "batch";
    shown.details = synced;
    shown.first_sequence = frame.header.first_sequence;
    shown.entry_count = frame.header.entry_count;
    shown.encoded = frame.rest;
    shown.timestamp_us = frame.word;
  } else {
    shown.kind = "trailer";
    shown.details = "sealed after sequence " + std::to_string(frame.header.first_sequence - 1) +
                    ", digest " + std::to_string(frame.word) +
                    (frame.successor() == 0 ? ", at a clean shutdown"
                                            : ", for segment " + std::to_string(frame.successor()));
  }
  return shown;
}

class SegmentWalk {
 public:
  SegmentWalk(SegmentReader reader, const std::function<bool(const SegmentFrame&)>& sink)
      : reader_(std::move(reader)), sink_(sink) {}

  // Shows everything behind the header.
  Result<void> Run() {
    std::uint64_t offset = std::min(kHeaderBytes, reader_.size_bytes());
    bool more = true;
    while (more && offset < reader_.size_bytes()) {
      QUIVER_ASSIGN_OR_RETURN(const Frame frame, reader_.ReadFrame(offset, reader_.size_bytes()));
      if (frame.whole()) {
        more = sink_(DescribeFrame(frame));
        offset = frame.end_offset;
        continue;
      }
      QUIVER_ASSIGN_OR_RETURN(more, ShowGap(frame, offset));
    }
    return {};
  }

 private:
  // Shows what lies between `frame`, which is not whole, and the next one that is; moves `offset`
  // there. What is written there counts as damaged, the zeros behind it as unused.
  Result<bool> ShowGap(const Frame& frame, std::uint64_t& offset) {
    QUIVER_ASSIGN_OR_RETURN(const std::optional<Frame> next,
                            reader_.FindFrame(offset + kFrameAlignment, reader_.size_bytes()));
    const std::uint64_t gap_end = next ? next->offset : reader_.size_bytes();
    std::uint64_t damage_end = gap_end;
    if (!next) {
      QUIVER_ASSIGN_OR_RETURN(damage_end, reader_.EndOfNonZero(offset));
    }
    bool more = true;
    if (damage_end > offset) {
      more = sink_({.offset = offset,
                    .payload_bytes = damage_end - offset,
                    .kind = "damaged",
                    .details = frame.state == FrameState::kEnd ? "zeros stand where a frame was"
                                                               : frame.problem});
    }
    if (more && gap_end > damage_end) {
      more = sink_({.offset = damage_end,
                    .payload_bytes = gap_end - damage_end,
                    .kind = "unused",
                    .details = "zeros: space reserved for frames"});
    }
    offset = gap_end;
    return more;
  }

  SegmentReader reader_;
  const std::function<bool(const SegmentFrame&)>& sink_;
};

}  // namespace

Result<void> WalkSegment(io::Directory& directory, std::string_view name,
                         const std::function<bool(const SegmentFrame&)>& sink) {
  QUIVER_ASSIGN_OR_RETURN(auto header_reader, SegmentReader::Open(directory, name, 0));
  QUIVER_ASSIGN_OR_RETURN(const std::string_view bytes, header_reader.ReadHeader());
  // A copy under another name is shown as what its header says it is.
  std::uint64_t number = ParseSegmentName(name);
  HeaderReading reading = DecodeSegmentHeader(bytes, nullptr, number);
  if (reading.state == HeaderState::kForeign) {
    number = reading.header.number;
    reading = DecodeSegmentHeader(bytes, nullptr, number);
  }
  if (reading.state == HeaderState::kUnsupported) {
    return Error(ErrorCode::kUnsupported, reading.problem, std::string(name), 0);
  }
  const SegmentHeader& header = reading.header;
  const bool valid = reading.state == HeaderState::kValid;
  const bool more = sink(
      {.offset = 0,
       .payload_bytes = bytes.size(),
       .kind = valid ? "header" : (reading.state == HeaderState::kBlank ? "unused" : "damaged"),
       .details = valid ? DescribeHeader(header) : reading.problem,
       .first_sequence = valid ? header.first_sequence : 0});
  if (!more) return {};
  // Frames behind a damaged header show if the damage spared the identity in it.
  QUIVER_ASSIGN_OR_RETURN(
      auto reader, SegmentReader::Open(directory, name, header.database_id.FileIdentity(number)));
  return SegmentWalk(std::move(reader), sink).Run();
}

}  // namespace quiver::wal
