#include "sstable/block_window.h"

#include "base/try.h"

namespace quiver {

Result<std::span<std::byte>> BlockWindow::Fetch(std::size_t block, std::uint64_t bytes_max,
                                                ScanDirection direction) {
  if (!Holds(block)) {
    std::size_t first = block;
    std::size_t end = block + 1;
    std::uint64_t bytes = table_.entry(block).stored_bytes;
    if (direction == ScanDirection::kForward) {
      while (end < table_.block_count() && bytes + table_.entry(end).stored_bytes <= bytes_max) {
        bytes += table_.entry(end++).stored_bytes;
      }
    } else {
      while (first > 0 && bytes + table_.entry(first - 1).stored_bytes <= bytes_max) {
        bytes += table_.entry(--first).stored_bytes;
      }
    }
    first_ = end_ = 0;
    buffer_.Reset(bytes);
    auto read = ReadFully(*table_.parts().file, table_.entry(first).offset, buffer_.bytes());
    if (!read && end - first > 1) {
      // The fault may lie in a neighbour: it must not take this block along.
      first = block;
      end = block + 1;
      buffer_.Reset(table_.entry(block).stored_bytes);
      read = ReadFully(*table_.parts().file, table_.entry(first).offset, buffer_.bytes());
    }
    QUIVER_TRY(read);
    first_ = first;
    end_ = end;
  }
  const std::uint64_t begin = table_.entry(block).offset - table_.entry(first_).offset;
  return buffer_.bytes().subspan(begin, table_.entry(block).stored_bytes);
}

}  // namespace quiver
