// BlockWindow: the stored bytes of adjacent blocks, read with one call. For scans, which would
// otherwise pay a system call and a wait for each block.
//
// Thread safety: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "quiver/error.h"
#include "sstable/aligned_buffer.h"
#include "sstable/table_reader.h"

namespace quiver {

enum class ScanDirection : std::uint8_t { kForward, kBackward };

class BlockWindow {
 public:
  /// `table` must outlive the window.
  explicit BlockWindow(const TableReader& table) noexcept : table_(table) {}

  /// The bytes of `block`, with neighbours in `direction` up to `bytes_max` read along when it is
  /// not in the window yet. Valid until the next call; the caller may write to them.
  Result<std::span<std::byte>> Fetch(std::size_t block, std::uint64_t bytes_max,
                                     ScanDirection direction);
  bool Holds(std::size_t block) const noexcept { return block >= first_ && block < end_; }

 private:
  const TableReader& table_;
  AlignedBuffer buffer_;
  std::size_t first_ = 0;  ///< blocks in the buffer: [first_, end_)
  std::size_t end_ = 0;
};

}  // namespace quiver
