// See segment_reader.h.
#include "wal/segment_reader.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/try.h"

namespace quiver::wal {

namespace {

constexpr std::uint64_t kWindowBytes = std::uint64_t{1} << 20;

bool AllZero(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char byte) { return byte == '\0'; });
}

// What a frame that verifies may still say wrong, or an empty string. Only a bug of a writer gets
// here; nothing after it may depend on such numbers.
std::string Contradiction(const FrameHeader& header, std::uint64_t offset) {
  const bool trailer = header.type == FrameType::kTrailer;
  if (header.payload_bytes < kPayloadWordBytes ||
      (trailer && header.payload_bytes != kTrailerPayloadBytes)) {
    return "its payload has " + std::to_string(header.payload_bytes) + " bytes";
  }
  if (header.first_sequence == 0 || header.first_sequence > kSequenceMax ||
      header.entry_count > kSequenceMax - header.first_sequence ||
      (header.entry_count == 0) != trailer) {
    return "it holds " + std::to_string(header.entry_count) + " entries from sequence " +
           std::to_string(header.first_sequence) + " on";
  }
  if (header.synced_offset < kHeaderBytes || header.synced_offset > offset ||
      (trailer && header.synced_offset != offset)) {
    return "it says that the log was durable up to offset " + std::to_string(header.synced_offset);
  }
  return {};
}

// The position in `chunk`, which stands at `offset`, of the first 8-byte place with a frame header.
std::size_t FindFrameHeader(std::string_view chunk, std::uint64_t offset, std::uint64_t identity) {
  for (std::size_t at = 0; at + kFrameHeaderBytes <= chunk.size(); at += kFrameAlignment) {
    if (DecodeFrameHeader(chunk.substr(at), {.identity = identity, .offset = offset + at})) {
      return at;
    }
  }
  return std::string_view::npos;
}

}  // namespace

Result<SegmentReader> SegmentReader::Open(io::Directory& directory, std::string_view name,
                                          std::uint64_t identity) {
  QUIVER_ASSIGN_OR_RETURN(auto file, directory.OpenForRead(name));
  return SegmentReader(std::move(file), identity);
}

Result<std::string_view> SegmentReader::Bytes(std::uint64_t offset, std::uint64_t count) {
  QUIVER_CHECK(offset <= size_bytes_ && count <= size_bytes_ - offset);
  if (offset < window_offset_ || offset + count > window_offset_ + window_.size()) {
    const std::uint64_t wanted = std::max(count, std::min(kWindowBytes, size_bytes_ - offset));
    // A window that one huge frame has grown is given back.
    if (window_.capacity() > 2 * std::max(wanted, kWindowBytes)) window_ = std::string();
    window_.resize(wanted);
    window_offset_ = offset;
    QUIVER_ASSIGN_OR_RETURN(
        const std::size_t read,
        file_->ReadAt(offset, std::as_writable_bytes(std::span(window_.data(), wanted))));
    if (read != wanted) {
      window_.clear();
      return Error(ErrorCode::kIo,
                   "the file became shorter while it was read: " + std::to_string(read) + " of " +
                       std::to_string(wanted) + " bytes are there",
                   name(), offset);
    }
  }
  return std::string_view(window_).substr(offset - window_offset_, count);
}

Result<std::string_view> SegmentReader::ReadHeader() {
  return Bytes(0, std::min(kHeaderBytes, size_bytes_));
}

Result<Frame> SegmentReader::ReadFrame(std::uint64_t offset, std::uint64_t limit) {
  QUIVER_CHECK(offset <= limit && limit <= size_bytes_);
  Frame frame;
  frame.offset = offset;
  const std::uint64_t available = limit - offset;
  QUIVER_ASSIGN_OR_RETURN(std::string_view bytes,
                          Bytes(offset, std::min(available, kFrameHeaderBytes)));
  if (AllZero(bytes)) return frame;
  frame.state = FrameState::kDamaged;
  if (available < kFrameHeaderBytes) {
    frame.problem = "only " + std::to_string(available) + " bytes of a frame header are there";
    return frame;
  }
  const FramePlace place{.identity = identity_, .offset = offset};
  const std::optional<FrameHeader> header = DecodeFrameHeader(bytes, place);
  if (!header) {
    frame.problem = "the frame header does not verify";
    return frame;
  }
  const std::uint64_t frame_bytes = FrameBytes(header->payload_bytes);
  if (frame_bytes > available) {
    frame.problem = "the frame has " + std::to_string(frame_bytes) + " bytes, only " +
                    std::to_string(available) + " are there";
    return frame;
  }
  QUIVER_ASSIGN_OR_RETURN(bytes, Bytes(offset, frame_bytes));
  if (!FrameVerifies(bytes, place)) {
    frame.problem = "the frame checksum does not match";
    return frame;
  }
  if (std::string contradiction = Contradiction(*header, offset); !contradiction.empty()) {
    frame.problem = "the frame contradicts itself: " + contradiction;
    return frame;
  }
  frame.state = header->type == FrameType::kTrailer ? FrameState::kTrailer : FrameState::kBatch;
  frame.end_offset = offset + frame_bytes;
  frame.header = *header;
  const std::string_view payload = bytes.substr(kFrameHeaderBytes, header->payload_bytes);
  frame.word = LoadFixed<std::uint64_t>(payload.data());
  frame.rest = payload.substr(kPayloadWordBytes);
  return frame;
}

Result<std::optional<Frame>> SegmentReader::FindFrame(std::uint64_t offset, std::uint64_t limit) {
  offset = AlignUp(offset, kFrameAlignment);
  while (offset < limit && limit - offset >= kFrameHeaderBytes) {
    QUIVER_ASSIGN_OR_RETURN(const std::string_view chunk,
                            Bytes(offset, std::min(kWindowBytes, limit - offset)));
    const std::size_t at = FindFrameHeader(chunk, offset, identity_);
    if (at == std::string_view::npos) {
      // The places that a whole header fitted behind are done; chunks overlap by the rest.
      offset += AlignUp(chunk.size() - kFrameHeaderBytes + 1, kFrameAlignment);
      continue;
    }
    QUIVER_ASSIGN_OR_RETURN(Frame frame, ReadFrame(offset + at, limit));
    if (frame.whole()) return std::optional<Frame>(std::move(frame));
    offset += at + kFrameAlignment;
  }
  return std::optional<Frame>();
}

Result<std::uint64_t> SegmentReader::EndOfNonZero(std::uint64_t offset) {
  std::uint64_t end = offset;
  while (offset < size_bytes_) {
    QUIVER_ASSIGN_OR_RETURN(const std::string_view chunk,
                            Bytes(offset, std::min(kWindowBytes, size_bytes_ - offset)));
    const auto last =
        std::find_if(chunk.rbegin(), chunk.rend(), [](char byte) { return byte != '\0'; });
    if (last != chunk.rend()) {
      end = offset + static_cast<std::uint64_t>(chunk.rend() - last);
    }
    offset += chunk.size();
  }
  return end;
}

}  // namespace quiver::wal
