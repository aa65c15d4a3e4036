// TableParts: everything of a table file but its blocks, read and verified.
//
// Opening reads the tail (footer, trailer, directory), then the sections in one piece straight into
// pinned memory, then the head. Nothing is used before its checksum holds:
//
//   trailer (own checksum) -> footer, directory -> head, filter, index, separators, properties
//
// A damaged filter is dropped and noted: gets are then slower, not wrong. Any other damage refuses.
//
// Thread safety: ReadTableParts from any thread; the result is a value.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "io/directory.h"
#include "quiver/error.h"
#include "sstable/fence_index.h"
#include "sstable/filter.h"
#include "sstable/pinned_memory.h"
#include "sstable/table.h"
#include "sstable/table_layout.h"

namespace quiver {

struct TableParts {
  std::unique_ptr<io::ReadableFile> file;
  TableTrailer trailer;
  std::uint64_t trailer_offset = 0;
  std::uint64_t identity = 0;
  std::vector<SectionEntry> sections;
  PinnedMemory memory;  ///< end of stream and sections; the views below point into it
  std::span<const BlockEntry> blocks;
  Separators separators;
  BloomFilter filter;
  TableProperties properties;
  std::vector<std::string> notes;

  TableSchema schema() const noexcept {
    return {trailer.key_width_bytes, trailer.value_width_bytes, trailer.has_expiry != 0};
  }
  TableSummary Summary() const;
};

/// Opens and verifies; see Table::Open for `expected`. `arena` may be null.
Result<TableParts> ReadTableParts(const TableContext& context, const TableSummary& expected,
                                  const std::shared_ptr<PinnedArena>& arena);

/// Fills `buffer` from `offset`; kCorruption if the file ends before.
Result<void> ReadFully(const io::ReadableFile& file, std::uint64_t offset,
                       std::span<std::byte> buffer);

}  // namespace quiver
