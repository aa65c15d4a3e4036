// The fixed-size parts of a table file: block header, index entry, section entry, trailer and
// properties. docs/formats/sstable.md gives every offset; the static_asserts below tie both.
//
//   head      "ARROW1\0\0" and the schema message
//   blocks    one record batch message each; the body starts with a BlockHeader
//   end of stream
//   sections  filter, index, separators, properties
//   directory one SectionEntry for the head and for each section
//   trailer   TableTrailer
//   footer    Arrow's: flatbuffer, its length, "ARROW1"
//
// Invariants:
//  1. The parts lie end to end in this order: no byte of the file is outside of them.
//  2. Every part has a checksum seeded with its place (PlaceSeed of the file's identity and its
//     offset): blocks in the index and in their header, head and sections in the directory,
//     directory and footer in the trailer, the trailer in itself. The end of stream is a constant.
//     So the trailer's checksum names the whole content.
//  3. All numbers are little-endian, all parts start at a multiple of 8 (the footer's tail aside).
//
// Thread safety: values and pure functions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "arrow_ipc/arrow_schema.h"
#include "quiver/error.h"
#include "sstable/table_format.h"

namespace quiver {

/// Version of the private parts. A reader refuses a higher one with kUnsupported.
inline constexpr std::uint32_t kTableVersion = 1;
/// A block ends at this many rows, so that a row and a tag bit fit a hash slot of 16 bits.
inline constexpr std::uint32_t kBlockRowsMax = 32'767;

// --- blocks

inline constexpr std::uint32_t kBlockMagic = 0x4B4C'4251;  // "QBLK"

enum BlockFlag : std::uint16_t {
  kUniformKeys = 1,        ///< all keys have key_width bytes: offsets need not be read
  kUniformValues = 2,      ///< all values have value_width bytes
  kConstantSequence = 4,   ///< min_sequence = max_sequence
  kConstantOperation = 8,  ///< all rows have `operation`
  kHasNulls = 16,          ///< a validity bitmap of the values is present
  kHasHash = 32,           ///< hash slots follow the header
  kKeyRunContinues = 64,   ///< the last key has older versions in the next block
  kNoExpiry = 128,         ///< no row expires (set in tables without the column, too)
};
inline constexpr std::uint16_t kKnownBlockFlags = 255;

/// First 64 bytes of a block's body. Arrow readers skip them: no buffer refers to them.
struct BlockHeader {
  std::uint32_t magic = kBlockMagic;
  std::uint32_t rows = 0;
  std::uint32_t key_bytes = 0;    ///< of all keys
  std::uint32_t value_bytes = 0;  ///< of all values
  std::uint16_t flags = 0;
  std::uint8_t row_bits = 0;   ///< low bits of a hash slot that hold the row
  std::uint8_t operation = 0;  ///< of all rows, if kConstantOperation
  std::uint32_t hash_slots = 0;
  std::uint32_t key_width = 0;
  std::uint32_t value_width = 0;
  std::uint32_t value_chunk_bytes = 0;  ///< raw bytes of an independently decodable piece; 0: all
  std::uint32_t operations_mask = 0;    ///< bit 1 << operation for each that occurs
  std::uint64_t max_sequence = 0;
  std::uint64_t min_sequence = 0;
  std::uint64_t checksum = 0;  ///< of message and body with this field zero
};
static_assert(sizeof(BlockHeader) == 64 && offsetof(BlockHeader, flags) == 16 &&
              offsetof(BlockHeader, hash_slots) == 20 &&
              offsetof(BlockHeader, max_sequence) == 40 && offsetof(BlockHeader, checksum) == 56 &&
              std::has_unique_object_representations_v<BlockHeader>);

/// The low bits of a hash slot that hold a row of a block of `rows`.
constexpr std::uint8_t RowBits(std::uint32_t rows) noexcept {
  return static_cast<std::uint8_t>(std::bit_width(rows));
}
/// Hash slots of a block of `rows`: a load of at most four fifths.
constexpr std::uint32_t HashSlotCount(std::uint32_t rows) noexcept {
  return rows + rows / 4 + 1;
}

// --- sections

/// One block in the index section.
struct BlockEntry {
  std::uint64_t offset = 0;  ///< of the message
  std::uint32_t stored_bytes = 0;
  std::uint32_t rows = 0;
  std::uint64_t checksum = 0;  ///< equal to the one in the block's header
};
static_assert(sizeof(BlockEntry) == 24 && std::has_unique_object_representations_v<BlockEntry>);

enum class SectionType : std::uint32_t {
  kHead = 1,
  kFilter = 2,
  kIndex = 3,
  kSeparators = 4,
  kProperties = 5,
};
/// "head", "filter", …; "unknown section" for a type of a later version.
std::string_view SectionName(SectionType type) noexcept;

/// One entry of the directory.
struct SectionEntry {
  SectionType type = SectionType::kHead;
  std::uint32_t reserved = 0;
  std::uint64_t offset = 0;
  std::uint64_t size_bytes = 0;  ///< padding included: a multiple of 8
  std::uint64_t checksum = 0;
};
static_assert(sizeof(SectionEntry) == 32 && std::has_unique_object_representations_v<SectionEntry>);

/// First 64 bytes of the filter section; the lines follow.
struct FilterHeader {
  std::uint32_t kind = 1;    ///< 1: split-block, 512-bit lines
  std::uint32_t probes = 8;  ///< bits of a key in its line
  std::uint64_t line_count = 0;
  std::uint64_t key_count = 0;
  std::uint64_t reserved[5] = {};
};
static_assert(sizeof(FilterHeader) == 64 && std::has_unique_object_representations_v<FilterHeader>);

/// Fixed part of the properties section; smallest key, largest key and padding follow.
struct PropertiesHeader {
  std::uint64_t entry_count = 0;
  std::uint64_t delete_count = 0;
  std::uint64_t key_count = 0;  ///< different keys
  std::uint64_t key_bytes = 0;
  std::uint64_t value_bytes = 0;
  std::uint64_t smallest_sequence = 0;
  std::uint64_t largest_sequence = 0;
  std::uint64_t expiry_us_min = 0;
  std::uint64_t expiry_us_max = 0;
  std::uint64_t created_s = 0;
  std::uint32_t block_size_bytes = 0;
  std::int32_t compression_level = 0;
  std::uint32_t filter_bits_per_key = 0;
  std::uint32_t smallest_key_bytes = 0;
  std::uint32_t largest_key_bytes = 0;
  std::uint32_t reserved = 0;
};
static_assert(sizeof(PropertiesHeader) == 104 &&
              std::has_unique_object_representations_v<PropertiesHeader>);

/// What the properties section says.
struct TableProperties {
  PropertiesHeader numbers;
  std::string smallest_key;
  std::string largest_key;
};
std::string EncodeProperties(const TableProperties& properties);
/// False if `section` is not exactly what EncodeProperties makes.
bool DecodeProperties(std::string_view section, TableProperties& properties);

// --- trailer

inline constexpr std::uint64_t kTrailerMagic = 0x454C'4241'5452'5651;  // "QVRTABLE"

/// The last bytes before Arrow's footer.
struct TableTrailer {
  std::uint64_t magic = kTrailerMagic;
  std::uint32_t version = kTableVersion;
  std::uint32_t keyspace = 0;
  std::uint64_t database_id_high = 0;
  std::uint64_t database_id_low = 0;
  std::uint64_t number = 0;
  std::uint64_t file_bytes = 0;  ///< of the whole file
  std::uint64_t entry_count = 0;
  std::uint64_t block_count = 0;
  std::uint64_t blocks_end = 0;  ///< offset of the end of stream
  std::uint64_t directory_offset = 0;
  std::uint32_t directory_entries = 0;
  std::uint32_t head_bytes = 0;
  std::uint32_t message_bytes = 0;      ///< of each block's message, body excluded
  std::uint16_t rows_offset = 0;        ///< in each message: number of rows
  std::uint16_t body_bytes_offset = 0;  ///< length of the body
  std::uint16_t nodes_offset = 0;       ///< field nodes
  std::uint16_t buffers_offset = 0;     ///< buffers: pairs of offset and length
  std::uint32_t key_width_bytes = 0;
  std::uint32_t value_width_bytes = 0;
  std::uint8_t has_expiry = 0;
  std::uint8_t compression = 0;  ///< CompressionKind
  std::uint16_t reserved = 0;
  std::uint32_t value_chunk_bytes = 0;
  std::uint32_t footer_bytes = 0;  ///< from the trailer's end to the end of the file
  std::uint64_t directory_checksum = 0;
  std::uint64_t footer_checksum = 0;
  std::uint64_t reserved_words[2] = {};
  std::uint64_t checksum = 0;  ///< of the bytes before it; also the table's digest
};
static_assert(sizeof(TableTrailer) == 160 && offsetof(TableTrailer, directory_entries) == 80 &&
              offsetof(TableTrailer, footer_bytes) == 116 &&
              offsetof(TableTrailer, checksum) == 152 &&
              std::has_unique_object_representations_v<TableTrailer>);

/// Checksum of a trailer at `offset` of the file that the trailer itself names.
std::uint64_t TrailerChecksum(const TableTrailer& trailer, std::uint64_t offset) noexcept;

// --- Arrow

/// The Arrow schema of all tables with `schema`: key, value, sequence, operation and, with
/// has_expiry, expiry.
arrow_ipc::Schema ArrowSchemaOf(const TableSchema& schema);
/// The first bytes of every such table: Arrow's mark and the schema message.
std::string TableHead(const TableSchema& schema);

/// The bytes of a plain struct of the file.
template <typename T>
std::string_view BytesOf(const T& part) noexcept {
  static_assert(std::has_unique_object_representations_v<T>);
  return {reinterpret_cast<const char*>(&part), sizeof(T)};
}

}  // namespace quiver
