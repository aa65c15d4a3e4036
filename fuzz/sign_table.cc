// Signs tables (docs/formats/sstable.md): blocks, sections, directory, footer and trailer, from the
// inside outwards.
#include <cstring>
#include <string_view>

#include "base/coding.h"
#include "base/hash.h"
#include "fuzz_files.h"
#include "sign.h"
#include "sstable/table_layout.h"

namespace quiver::fuzz {

namespace {

constexpr std::size_t kTailBytes = 10;  // the footer's length and "ARROW1"

class TableSigner {
 public:
  TableSigner(char* bytes, std::size_t size, std::uint64_t choice)
      : bytes_(bytes), size_(size), choice_(choice) {}

  void Sign() {
    if (size_ < kTailBytes + sizeof(TableTrailer)) return;
    const auto footer = LoadFixed<std::int32_t>(bytes_ + size_ - kTailBytes);
    if (footer < 0 || std::size_t(footer) > size_ - kTailBytes - sizeof(TableTrailer)) return;
    footer_offset_ = size_ - kTailBytes - static_cast<std::size_t>(footer);
    trailer_offset_ = footer_offset_ - sizeof(TableTrailer);
    trailer_ = LoadFixed<TableTrailer>(bytes_ + trailer_offset_);
    if ((choice_ & kKeepNames) == 0) {
      trailer_.database_id_high = kDatabase.high;
      trailer_.database_id_low = kDatabase.low;
      trailer_.number = 1;
    }
    if ((choice_ & kKeepSizes) == 0) {
      trailer_.file_bytes = size_;
      trailer_.footer_bytes = static_cast<std::uint32_t>(size_ - footer_offset_);
    }
    identity_ = DatabaseId{trailer_.database_id_high, trailer_.database_id_low}.FileIdentity(
        trailer_.number);
    SignDirectory();
    trailer_.footer_checksum = ChecksumOf(footer_offset_, size_ - footer_offset_);
    if ((choice_ & kKeepOuter) == 0) trailer_.checksum = TrailerChecksum(trailer_, trailer_offset_);
    StoreFixed(bytes_ + trailer_offset_, trailer_);
  }

 private:
  bool Inside(std::uint64_t offset, std::uint64_t size) const {
    return offset <= trailer_offset_ && size <= trailer_offset_ - offset;
  }
  std::uint64_t ChecksumOf(std::uint64_t offset, std::uint64_t size) const {
    return Checksum({bytes_ + offset, size}, PlaceSeed(identity_, offset));
  }

  void SignDirectory() {
    const std::uint64_t bytes = std::uint64_t{trailer_.directory_entries} * sizeof(SectionEntry);
    if (!Inside(trailer_.directory_offset, bytes)) return;
    for (std::uint64_t at = 0; at < bytes; at += sizeof(SectionEntry)) {
      char* const place = bytes_ + trailer_.directory_offset + at;
      auto entry = LoadFixed<SectionEntry>(place);
      if (!Inside(entry.offset, entry.size_bytes)) continue;
      if (entry.type == SectionType::kIndex) SignBlocks(entry);
      if ((choice_ & kKeepInner) == 0) entry.checksum = ChecksumOf(entry.offset, entry.size_bytes);
      StoreFixed(place, entry);
    }
    trailer_.directory_checksum = ChecksumOf(trailer_.directory_offset, bytes);
  }

  void SignBlocks(const SectionEntry& index) {
    for (std::uint64_t at = 0; at + sizeof(BlockEntry) <= index.size_bytes;
         at += sizeof(BlockEntry)) {
      char* const place = bytes_ + index.offset + at;
      auto block = LoadFixed<BlockEntry>(place);
      const std::uint64_t header = std::uint64_t{trailer_.message_bytes} + sizeof(BlockHeader);
      if (!Inside(block.offset, block.stored_bytes) || block.stored_bytes < header) continue;
      char* const field =
          bytes_ + block.offset + trailer_.message_bytes + offsetof(BlockHeader, checksum);
      StoreFixed(field, std::uint64_t{0});
      block.checksum = ChecksumOf(block.offset, block.stored_bytes);
      StoreFixed(field, block.checksum);
      StoreFixed(place, block);
    }
  }

  char* const bytes_;
  const std::size_t size_;
  const std::uint64_t choice_;
  std::size_t footer_offset_ = 0;
  std::size_t trailer_offset_ = 0;
  std::uint64_t identity_ = 0;
  TableTrailer trailer_;
};

}  // namespace

void SignTable(std::string& input, std::uint64_t choice) {
  if (input.size() <= kTableOptionBytes) return;
  TableSigner(input.data() + kTableOptionBytes, input.size() - kTableOptionBytes, choice).Sign();
}

}  // namespace quiver::fuzz
