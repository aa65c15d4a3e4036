#include "sstable/table_parts.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "arrow_ipc/message_encoder.h"
#include "base/coding.h"
#include "base/hash.h"
#include "base/try.h"
#include "sstable/aligned_buffer.h"
#include "sstable/table_error.h"

namespace quiver {

namespace {

// Holds the footer of a table of 64 MiB, its trailer and directory, and often the sections.
constexpr std::uint64_t kTailBytes = std::uint64_t{64} << 10;
constexpr std::string_view kTailMagic = "ARROW1";
constexpr std::uint64_t kTailEndBytes = sizeof(std::int32_t) + kTailMagic.size();
// So that the lines of a filter, which is the first section, are aligned to 64: end of stream at
// 56, section at 64, lines at 128.
constexpr std::size_t kSectionsShift = 56;

std::string_view TextOf(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class TablePartsReader {
 public:
  TablePartsReader(const TableContext& context, const TableSummary& expected)
      : context_(context), expected_(expected), name_(TableName(expected.number)) {}

  Result<TableParts> Read(const std::shared_ptr<PinnedArena>& arena);

 private:
  Error Damage(std::uint64_t offset, std::string what) const {
    return TableDamage(name_, offset, std::move(what));
  }
  std::uint64_t size() const { return parts_.file->size_bytes(); }
  std::uint64_t SeedAt(std::uint64_t offset) const { return PlaceSeed(parts_.identity, offset); }

  Result<void> ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const;
  Result<void> ReadTail();
  Result<void> FindTrailer();
  Result<void> CheckIdentity();
  Result<void> CheckTrailer() const;
  Result<void> CheckFooter() const;
  Result<void> ReadDirectory();
  Result<void> ReadSections(const std::shared_ptr<PinnedArena>& arena);
  Result<void> ReadHead() const;
  Result<void> UseSection(const SectionEntry& entry, std::string_view bytes);
  Result<void> UseIndex(const SectionEntry& entry, std::string_view bytes);
  Result<void> UseSeparators(const SectionEntry& entry, std::string_view bytes);
  Result<void> CheckAgainstManifest() const;

  const TableContext& context_;
  const TableSummary& expected_;
  const std::string name_;
  TableParts parts_;
  AlignedBuffer tail_;
  std::uint64_t tail_offset_ = 0;
};

// Serves from the tail what it covers.
Result<void> TablePartsReader::ReadAt(std::uint64_t offset, std::span<std::byte> buffer) const {
  if (offset >= tail_offset_) {
    std::memcpy(buffer.data(), tail_.bytes().data() + (offset - tail_offset_), buffer.size());
    return {};
  }
  return ReadFully(*parts_.file, offset, buffer);
}

Result<void> TablePartsReader::ReadTail() {
  const std::uint64_t recorded = expected_.size_bytes;
  if (recorded != 0 && size() != recorded) {
    return Damage(std::min(size(), recorded), "the file has " + std::to_string(size()) +
                                                  " bytes, the manifest records " +
                                                  std::to_string(recorded));
  }
  if (size() < kTailEndBytes + sizeof(TableTrailer)) {
    return Damage(size(), "too short for a table: it has " + std::to_string(size()) + " bytes");
  }
  std::uint64_t wanted = std::min(size(), kTailBytes);
  for (;;) {
    tail_.Reset(wanted);
    tail_offset_ = size() - wanted;
    QUIVER_TRY(ReadFully(*parts_.file, tail_offset_, tail_.bytes()));
    const std::string_view end = TextOf(tail_.bytes()).substr(wanted - kTailEndBytes);
    if (end.substr(sizeof(std::int32_t)) != kTailMagic) {
      return Damage(size() - kTailMagic.size(),
                    "no Arrow magic at the end: the file was cut short or added to");
    }
    const auto footer = LoadFixed<std::int32_t>(end.data());
    const std::uint64_t needed =
        static_cast<std::uint64_t>(std::max(footer, 0)) + kTailEndBytes + sizeof(TableTrailer);
    if (footer <= 0 || needed > size()) {
      return Damage(size() - kTailEndBytes, "the footer length is " + std::to_string(footer));
    }
    parts_.trailer_offset = size() - needed;
    if (needed <= wanted) return {};
    wanted = needed;
  }
}

Result<void> TablePartsReader::FindTrailer() {
  const std::uint64_t offset = parts_.trailer_offset;
  TableTrailer& trailer = parts_.trailer;
  trailer = LoadFixed<TableTrailer>(tail_.bytes().data() + (offset - tail_offset_));
  if (trailer.magic != kTrailerMagic) {
    return Damage(offset,
                  "no table trailer: the file is damaged, or another program rewrote it as plain "
                  "Arrow");
  }
  // Magic, version and the closing checksum keep their places in all versions.
  if (const std::uint64_t found = TrailerChecksum(trailer, offset); found != trailer.checksum) {
    return ChecksumDamage(name_, offset, "trailer", found, trailer.checksum);
  }
  if (trailer.version > kTableVersion) {
    return Error(ErrorCode::kUnsupported,
                 "table version " + std::to_string(trailer.version) + "; this build reads up to " +
                     std::to_string(kTableVersion) + ": use a newer one",
                 name_, offset);
  }
  return {};
}

Result<void> TablePartsReader::CheckIdentity() {
  const TableTrailer& trailer = parts_.trailer;
  const DatabaseId id{trailer.database_id_high, trailer.database_id_low};
  // Repair may not know the identity: then the file's own word is taken.
  const bool unknown_id = context_.database_id == DatabaseId{} && expected_.size_bytes == 0;
  if (!unknown_id && id != context_.database_id) {
    return Damage(parts_.trailer_offset, "the table belongs to database " + id.ToString() +
                                             ", not to " + context_.database_id.ToString());
  }
  if (trailer.number != expected_.number) {
    return Damage(parts_.trailer_offset, "the file holds table " + std::to_string(trailer.number) +
                                             ", not " + std::to_string(expected_.number) +
                                             ": files were swapped or renamed");
  }
  parts_.identity = id.FileIdentity(trailer.number);
  return {};
}

Result<void> TablePartsReader::CheckTrailer() const {
  const TableTrailer& trailer = parts_.trailer;
  const TableSchema schema = parts_.schema();
  const std::uint64_t directory_bytes =
      std::uint64_t{trailer.directory_entries} * sizeof(SectionEntry);
  const std::uint64_t buffer_count = 2 + (schema.key_width_bytes == 0 ? 1U : 0U) + 2 +
                                     (schema.value_width_bytes == 0 ? 1U : 0U) + 4 +
                                     (schema.has_expiry ? 2U : 0U);
  const bool ordered =
      trailer.file_bytes == size() && trailer.head_bytes <= trailer.blocks_end &&
      trailer.blocks_end <= trailer.directory_offset &&
      trailer.directory_offset - trailer.blocks_end >= arrow_ipc::kEndOfStream.size() &&
      trailer.directory_offset <= parts_.trailer_offset &&
      trailer.directory_offset + directory_bytes == parts_.trailer_offset &&
      parts_.trailer_offset + sizeof(TableTrailer) + trailer.footer_bytes == size();
  const bool message_fits = trailer.message_bytes % 8 == 0 &&
                            trailer.rows_offset + 8U <= trailer.message_bytes &&
                            trailer.body_bytes_offset + 8U <= trailer.message_bytes &&
                            trailer.buffers_offset + buffer_count * 16 <= trailer.message_bytes;
  const bool known = trailer.version == kTableVersion && trailer.has_expiry <= 1 &&
                     trailer.compression <= static_cast<std::uint8_t>(CompressionKind::kZstd) &&
                     trailer.block_count > 0 && trailer.head_bytes % 8 == 0 &&
                     trailer.blocks_end % 8 == 0;
  if (!ordered || !message_fits || !known) {
    return Damage(parts_.trailer_offset, "the trailer contradicts itself or the file's size");
  }
  return {};
}

Result<void> TablePartsReader::CheckFooter() const {
  const std::uint64_t offset = parts_.trailer_offset + sizeof(TableTrailer);
  const std::string_view footer =
      TextOf(tail_.bytes()).substr(offset - tail_offset_, parts_.trailer.footer_bytes);
  const std::uint64_t found = Checksum(footer, SeedAt(offset));
  if (found == parts_.trailer.footer_checksum) return {};
  return ChecksumDamage(name_, offset, "footer", found, parts_.trailer.footer_checksum);
}

Result<void> TablePartsReader::ReadDirectory() {
  const TableTrailer& trailer = parts_.trailer;
  parts_.sections.resize(trailer.directory_entries);
  const auto bytes = std::as_writable_bytes(std::span(parts_.sections));
  QUIVER_TRY(ReadAt(trailer.directory_offset, bytes));
  const std::uint64_t found = Checksum(TextOf(bytes), SeedAt(trailer.directory_offset));
  if (found != trailer.directory_checksum) {
    return ChecksumDamage(name_, trailer.directory_offset, "directory", found,
                          trailer.directory_checksum);
  }
  std::uint64_t next = trailer.blocks_end + arrow_ipc::kEndOfStream.size();
  bool tiles = !parts_.sections.empty() && parts_.sections[0].type == SectionType::kHead &&
               parts_.sections[0].offset == 0 &&
               parts_.sections[0].size_bytes == trailer.head_bytes;
  for (std::size_t i = 1; tiles && i < parts_.sections.size(); ++i) {
    const SectionEntry& entry = parts_.sections[i];
    tiles = entry.offset == next && entry.size_bytes % 8 == 0 &&
            entry.size_bytes <= trailer.directory_offset - next;
    next += entry.size_bytes;
  }
  if (!tiles || next != trailer.directory_offset) {
    return Damage(trailer.directory_offset, "the sections do not lie end to end");
  }
  return {};
}

Result<void> TablePartsReader::ReadSections(const std::shared_ptr<PinnedArena>& arena) {
  const std::uint64_t begin = parts_.trailer.blocks_end;
  const std::uint64_t bytes = parts_.trailer.directory_offset - begin;
  parts_.memory = PinnedMemory(arena, kSectionsShift + bytes);
  const auto region = parts_.memory.bytes().subspan(kSectionsShift);
  QUIVER_TRY(ReadAt(begin, region));
  if (TextOf(region.first(arrow_ipc::kEndOfStream.size())) != arrow_ipc::kEndOfStream) {
    return Damage(begin, "no end of stream behind the blocks");
  }
  for (const SectionEntry& entry : std::span(parts_.sections).subspan(1)) {
    const std::string_view section = TextOf(region.subspan(entry.offset - begin, entry.size_bytes));
    const std::uint64_t found = Checksum(section, SeedAt(entry.offset));
    if (found == entry.checksum) {
      QUIVER_TRY(UseSection(entry, section));
      continue;
    }
    Error damage =
        ChecksumDamage(name_, entry.offset, SectionName(entry.type), found, entry.checksum);
    if (entry.type != SectionType::kFilter) return damage;
    parts_.notes.push_back("damaged filter ignored, gets are slower until the next compaction: " +
                           damage.ToString());
  }
  const bool complete = !parts_.blocks.empty() && parts_.separators.offsets != nullptr &&
                        parts_.properties.numbers.entry_count == parts_.trailer.entry_count;
  if (!complete) return Damage(begin, "index, separators or properties are missing or disagree");
  return {};
}

Result<void> TablePartsReader::UseSection(const SectionEntry& entry, std::string_view bytes) {
  switch (entry.type) {
    case SectionType::kHead: return Damage(entry.offset, "a second head");
    case SectionType::kFilter:
      if (!BloomFilter::FromSection(bytes, parts_.filter)) {
        parts_.notes.push_back("filter of an unknown kind ignored, gets are slower");
      }
      return {};
    case SectionType::kIndex: return UseIndex(entry, bytes);
    case SectionType::kSeparators: return UseSeparators(entry, bytes);
    case SectionType::kProperties:
      if (DecodeProperties(bytes, parts_.properties)) return {};
      return Damage(entry.offset, "the properties have a wrong size");
  }
  return {};  // a section that a later version may add
}

Result<void> TablePartsReader::UseIndex(const SectionEntry& entry, std::string_view bytes) {
  const TableTrailer& trailer = parts_.trailer;
  if (bytes.size() / sizeof(BlockEntry) != trailer.block_count ||
      bytes.size() % sizeof(BlockEntry) != 0) {
    return Damage(entry.offset, "the index does not have an entry for each block");
  }
  parts_.blocks = {reinterpret_cast<const BlockEntry*>(bytes.data()), trailer.block_count};
  std::uint64_t next = trailer.head_bytes;
  std::uint64_t rows = 0;
  bool tiles = true;
  for (const BlockEntry& block : parts_.blocks) {
    tiles &= block.offset == next && block.rows > 0 && block.rows <= kBlockRowsMax &&
             block.stored_bytes % 8 == 0 &&
             block.stored_bytes >= trailer.message_bytes + sizeof(BlockHeader);
    next += block.stored_bytes;
    rows += block.rows;
  }
  if (!tiles || next != trailer.blocks_end || rows != trailer.entry_count) {
    return Damage(entry.offset, "the blocks of the index do not lie end to end or miscount rows");
  }
  return {};
}

Result<void> TablePartsReader::UseSeparators(const SectionEntry& entry, std::string_view bytes) {
  const std::uint64_t count = parts_.trailer.block_count - 1;
  const std::uint64_t offsets_bytes = (count + 1) * sizeof(std::uint32_t);
  if (count > ~std::uint32_t{0} || bytes.size() < offsets_bytes) {
    return Damage(entry.offset, "the separators are too short");
  }
  Separators separators;
  separators.offsets = reinterpret_cast<const std::uint32_t*>(bytes.data());
  separators.bytes = bytes.data() + offsets_bytes;
  separators.count = static_cast<std::uint32_t>(count);
  bool valid = separators.offsets[0] == 0 &&
               AlignUp(offsets_bytes + separators.offsets[count], 8) == bytes.size();
  for (std::size_t i = 0; valid && i < count; ++i) {
    valid = separators.offsets[i] <= separators.offsets[i + 1] &&
            separators.offsets[i + 1] <= separators.offsets[count];
  }
  for (std::size_t i = 0; valid && i + 1 < count; ++i) valid = separators[i] <= separators[i + 1];
  if (!valid) return Damage(entry.offset, "the separators do not ascend");
  parts_.separators = separators;
  return {};
}

Result<void> TablePartsReader::ReadHead() const {
  const SectionEntry& entry = parts_.sections[0];
  AlignedBuffer head(entry.size_bytes);
  QUIVER_TRY(ReadAt(0, head.bytes()));
  const std::uint64_t found = Checksum(TextOf(head.bytes()), SeedAt(0));
  if (found == entry.checksum) return {};
  return ChecksumDamage(name_, 0, "head", found, entry.checksum);
}

Result<void> TablePartsReader::CheckAgainstManifest() const {
  if (expected_.size_bytes == 0) return {};
  if (parts_.trailer.checksum != expected_.digest) {
    return ChecksumDamage(
        name_, parts_.trailer_offset,
        "the file is whole but not the one that the manifest records: its trailer",
        parts_.trailer.checksum, expected_.digest);
  }
  if (parts_.Summary() != expected_) {
    return Damage(parts_.trailer_offset, "the properties are not those that the manifest records");
  }
  return {};
}

Result<TableParts> TablePartsReader::Read(const std::shared_ptr<PinnedArena>& arena) {
  QUIVER_ASSIGN_OR_RETURN(parts_.file, context_.directory->OpenForRead(name_));
  QUIVER_TRY(ReadTail());
  QUIVER_TRY(FindTrailer());
  QUIVER_TRY(CheckIdentity());
  QUIVER_TRY(CheckTrailer());
  QUIVER_TRY(CheckFooter());
  QUIVER_TRY(ReadDirectory());
  QUIVER_TRY(ReadSections(arena));
  QUIVER_TRY(ReadHead());
  QUIVER_TRY(CheckAgainstManifest());
  return std::move(parts_);
}

}  // namespace

TableSummary TableParts::Summary() const {
  const PropertiesHeader& numbers = properties.numbers;
  TableSummary summary;
  summary.number = trailer.number;
  summary.size_bytes = trailer.file_bytes;
  summary.digest = trailer.checksum;
  summary.entry_count = numbers.entry_count;
  summary.delete_count = numbers.delete_count;
  summary.raw_bytes = numbers.key_bytes + numbers.value_bytes;
  summary.smallest_sequence = numbers.smallest_sequence;
  summary.largest_sequence = numbers.largest_sequence;
  summary.expiry_us_min = numbers.expiry_us_min;
  summary.expiry_us_max = numbers.expiry_us_max;
  summary.created_s = numbers.created_s;
  summary.smallest_key = properties.smallest_key;
  summary.largest_key = properties.largest_key;
  return summary;
}

Result<TableParts> ReadTableParts(const TableContext& context, const TableSummary& expected,
                                  const std::shared_ptr<PinnedArena>& arena) {
  return TablePartsReader(context, expected).Read(arena);
}

Result<void> ReadFully(const io::ReadableFile& file, std::uint64_t offset,
                       std::span<std::byte> buffer) {
  QUIVER_ASSIGN_OR_RETURN(const std::size_t got, file.ReadAt(offset, buffer));
  if (got == buffer.size()) return {};
  return TableDamage(file.name(), offset + got,
                     "the file ends " + std::to_string(buffer.size() - got) +
                         " bytes before the end of this part");
}

}  // namespace quiver
