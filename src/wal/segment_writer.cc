// See segment_writer.h.
#include "wal/segment_writer.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/try.h"
#include "wal/segment_header.h"

namespace quiver::wal {

namespace {

// A segment starts small and doubles its steps, so that small databases stay small.
constexpr std::uint64_t kFirstReserveBytes = std::uint64_t{256} << 10;
constexpr std::uint64_t kReserveAlignment = 4096;
// A staging buffer that one huge batch has grown is given back.
constexpr std::size_t kStagingBytesKept = std::size_t{1} << 20;

}  // namespace

SegmentWriter::SegmentWriter(std::unique_ptr<io::LogFile> file, const WalManagerOptions& options,
                             std::uint64_t number)
    : file_(std::move(file)),
      database_id_(options.database_id),
      identity_(options.database_id.FileIdentity(number)),
      reserve_step_bytes_(std::max(options.reserve_step_bytes, kReserveAlignment)),
      end_{.segment_number = number} {}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::Create(const WalManagerOptions& options,
                                                             std::uint64_t number) {
  const std::string name = SegmentName(number);
  QUIVER_ASSIGN_OR_RETURN(auto file, options.directory->CreateLog(name, options.access));
  std::unique_ptr<SegmentWriter> segment(new SegmentWriter(std::move(file), options, number));
  Result<void> prepared = segment->EnsureRoom(kHeaderBytes);
  if (prepared) prepared = options.directory->Sync();
  if (!prepared) {
    segment.reset();
    // A blank segment that stays behind is passed over by recovery, so its removal may fail.
    (void)options.directory->Remove(name);
    return Error(prepared.error());
  }
  return segment;
}

Result<void> SegmentWriter::Start(const ChainEnd& predecessor, std::uint64_t creation_time_us) {
  SegmentHeader header{.database_id = database_id_,
                       .number = end_.segment_number,
                       .predecessor = predecessor,
                       .first_sequence = predecessor.last_sequence + 1,
                       .creation_time_us = creation_time_us};
  const std::string bytes = EncodeSegmentHeader(header);
  QUIVER_TRY(file_->WriteAtDurably(0, bytes));
  end_.length_bytes = bytes.size();
  end_.last_sequence = predecessor.last_sequence;
  end_.digest = header.digest();
  staged_end_ = end_;
  return {};
}

Result<void> SegmentWriter::EnsureRoom(std::uint64_t bytes) {
  const std::uint64_t reserved = file_->reserved_bytes();
  const std::uint64_t needed = end_.length_bytes + bytes + kTrailerFrameBytes;
  if (needed <= reserved) [[likely]]
    return {};
  const std::uint64_t step = std::min(reserve_step_bytes_, std::max(reserved, kFirstReserveBytes));
  const std::uint64_t exact = AlignUp(needed, kReserveAlignment);
  const std::uint64_t wanted = std::max(exact, reserved + step);
  Result<void> result = file_->Reserve(wanted);
  if (!result && result.error().code() == ErrorCode::kNoSpace && wanted > exact) {
    // The rest of the disk is too small for a whole step, but perhaps not for this batch.
    result = file_->Reserve(exact);
  }
  return result;
}

void SegmentWriter::Stage(const FrameInput& frame, std::uint64_t timestamp_us,
                          std::uint64_t synced_offset) {
  const std::uint64_t checksum =
      AppendFrame(staged_, {.identity = identity_, .offset = staged_end_.length_bytes},
                  {.type = FrameType::kBatch,
                   .first_sequence = frame.first_sequence,
                   .entry_count = frame.entry_count,
                   .synced_offset = synced_offset},
                  timestamp_us, frame.encoded);
  staged_end_.length_bytes = end_.length_bytes + staged_.size();
  staged_end_.last_sequence = frame.first_sequence + frame.entry_count - 1;
  staged_end_.digest = ExtendDigest(staged_end_.digest, checksum);
}

Result<void> SegmentWriter::WriteStaged(bool durably) {
  Result<void> result = durably ? file_->WriteAtDurably(end_.length_bytes, staged_)
                                : file_->WriteAt(end_.length_bytes, staged_);
  if (result) end_ = staged_end_;
  staged_.clear();
  if (staged_.capacity() > kStagingBytesKept) staged_.shrink_to_fit();
  return result;
}

Result<void> SegmentWriter::Seal(std::uint64_t successor) {
  QUIVER_CHECK(staged_.empty());
  std::string rest;
  AppendFixed(rest, successor);
  std::string trailer;
  const std::uint64_t checksum =
      AppendFrame(trailer, {.identity = identity_, .offset = end_.length_bytes},
                  {.type = FrameType::kTrailer,
                   .first_sequence = end_.last_sequence + 1,
                   .synced_offset = end_.length_bytes},
                  end_.digest, rest);
  QUIVER_TRY(file_->WriteAtDurably(end_.length_bytes, trailer));
  end_.length_bytes += trailer.size();
  end_.digest = ExtendDigest(end_.digest, checksum);
  return {};
}

}  // namespace quiver::wal
