// IndexBuilder: collects the entry of each block and the separators between them, and encodes the
// index and separators sections.
//
// Separator i is the shortest key s with last key of block i < s <= first key of block i + 1. If a
// key's versions run on into block i + 1, no such key exists; then s is that key and a zero byte,
// so that a search for the key finds the block with its newest version.
//
// Thread safety: one thread at a time; ShortestSeparator is pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sstable/table_layout.h"

namespace quiver {

/// The shortest s with last < s <= next. Requires last < next.
std::string_view ShortestSeparator(std::string_view last, std::string_view next) noexcept;

class IndexBuilder {
 public:
  void AddBlock(const BlockEntry& entry) { entries_.push_back(entry); }
  /// Adds the separator behind the block added last.
  void AddSeparator(std::string_view last_key, std::string_view next_key);

  const std::vector<BlockEntry>& entries() const noexcept { return entries_; }
  std::uint64_t EstimatedBytes() const noexcept;
  std::string EncodeIndex() const;
  /// u32 offsets (one more than separators), bytes, padding to 8.
  std::string EncodeSeparators() const;

 private:
  std::vector<BlockEntry> entries_;
  std::vector<std::uint32_t> offsets_{0};
  std::string bytes_;
};

}  // namespace quiver
