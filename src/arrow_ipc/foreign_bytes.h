// Bytes of a foreign file in memory of their own.
//
// Invariants:
//  1. Memory starts at a multiple of 16, so a flatbuffer may be read in place.
//  2. Nothing is allocated before the file is known to have the bytes.
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "io/file.h"
#include "quiver/error.h"

namespace quiver::arrow_ipc {

struct ForeignBytes {
  std::unique_ptr<char[]> data;
  std::uint64_t size = 0;

  std::string_view view() const noexcept { return {data.get(), size}; }
};

/// Uninitialised memory. A decoder fills it front to back, so a buffer that lies about its size
/// costs address space, not pages.
ForeignBytes AllocateForeign(std::uint64_t size);

/// Fills `into` from `offset` of the file. kCorruption if the file ends before.
Result<void> ReadForeign(const io::ReadableFile& file, std::uint64_t offset, std::uint64_t size,
                         std::string_view what, char* into);

/// As above, into memory of its own.
Result<ForeignBytes> ReadForeign(const io::ReadableFile& file, std::uint64_t offset,
                                 std::uint64_t size, std::string_view what);

struct ForeignMessage {
  ForeignBytes flatbuffer;       ///< without the message's prefix
  std::uint64_t end_offset = 0;  ///< where the body follows in the file
};

/// Reads the encapsulated message at `offset`; it and its prefix take at most `limit_bytes`.
Result<ForeignMessage> ReadForeignMessage(const io::ReadableFile& file, std::uint64_t offset,
                                          std::uint64_t limit_bytes);

/// A kCorruption at a place of the file.
Error CorruptAt(const io::ReadableFile& file, std::uint64_t offset, std::string what);

}  // namespace quiver::arrow_ipc
