// SegmentReader: the read side of one segment: the frame at an offset, the next whole frame behind
// a damaged place, the end of everything written.
//
// It trusts no byte of the file. A length is compared with the file before anything is read or
// allocated for it.
//
// Invariants:
//  1. It holds one window of the file: 1 MiB or the frame being read, whichever is larger, never
//     more than the file.
//  2. Views into a Frame are valid until the next call.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/directory.h"
#include "quiver/error.h"
#include "wal/frame.h"
#include "wal/wal_format.h"

namespace quiver::wal {

enum class FrameState : std::uint8_t {
  kBatch,
  kTrailer,
  kEnd,      ///< nothing was written here: a frame header of zeros, or the end of the file
  kDamaged,  ///< something is here, but no whole frame
};

struct Frame {
  FrameState state = FrameState::kEnd;
  std::uint64_t offset = 0;
  std::uint64_t end_offset = 0;  ///< where the next frame starts; of batches and trailers
  FrameHeader header;            ///< of batches and trailers
  std::uint64_t word = 0;        ///< a batch's timestamp, a trailer's digest
  std::string_view rest;         ///< a batch's entries, a trailer's successor
  std::string problem;           ///< what is wrong with a damaged frame

  bool whole() const noexcept {
    return state == FrameState::kBatch || state == FrameState::kTrailer;
  }
  /// Of a batch.
  SequenceNumber last_sequence() const noexcept {
    return header.first_sequence + header.entry_count - 1;
  }
  /// Of a trailer: the segment that a rotation made after this one, or 0.
  std::uint64_t successor() const noexcept { return LoadFixed<std::uint64_t>(rest.data()); }
};

class SegmentReader {
 public:
  /// Opens `name`, whose frames are bound to `identity`.
  static Result<SegmentReader> Open(io::Directory& directory, std::string_view name,
                                    std::uint64_t identity);

  /// The first bytes of the file: at most a header.
  Result<std::string_view> ReadHeader();
  /// The frame at `offset`, which must lie within `limit`; frames may not reach beyond it.
  Result<Frame> ReadFrame(std::uint64_t offset, std::uint64_t limit);
  /// The first whole frame at or after `offset` that ends within `limit`. Cost: a comparison for
  /// each 8 bytes.
  Result<std::optional<Frame>> FindFrame(std::uint64_t offset, std::uint64_t limit);
  /// The offset after the last byte at or after `offset` that is not zero; `offset` if all are.
  Result<std::uint64_t> EndOfNonZero(std::uint64_t offset);

  std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  const std::string& name() const noexcept { return file_->name(); }

 private:
  SegmentReader(std::unique_ptr<io::ReadableFile> file, std::uint64_t identity)
      : file_(std::move(file)), identity_(identity), size_bytes_(file_->size_bytes()) {}

  // Bytes [offset, offset + count) of the file, which has them.
  Result<std::string_view> Bytes(std::uint64_t offset, std::uint64_t count);

  std::unique_ptr<io::ReadableFile> file_;
  std::uint64_t identity_;
  std::uint64_t size_bytes_;
  std::string window_;
  std::uint64_t window_offset_ = 0;
};

}  // namespace quiver::wal
