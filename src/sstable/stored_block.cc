#include "sstable/stored_block.h"

#include <algorithm>

#include "arrow_ipc/buffer_codec.h"
#include "arrow_ipc/message_encoder.h"
#include "base/coding.h"
#include "base/hash.h"
#include "base/try.h"
#include "sstable/table_error.h"

namespace quiver {

namespace {

constexpr std::uint32_t kKnownOperations =
    (1U << (static_cast<unsigned>(Operation::kRangeDelete) + 1)) - 1;

template <typename T>
const T* ArrayOf(std::string_view bytes) noexcept {
  return reinterpret_cast<const T*>(bytes.data());
}

// True if `offsets` (rows + 1 of them) never go down and run from 0 to `size`.
bool OffsetsAscend(const std::uint32_t* offsets, std::uint32_t rows, std::uint32_t size) noexcept {
  std::uint32_t descents = offsets[0] != 0 || offsets[rows] != size ? 1 : 0;
  for (std::uint32_t row = 0; row < rows; ++row) descents |= offsets[row] > offsets[row + 1];
  return descents == 0;
}

bool HashSlotsAreValid(const DataBlock& block) noexcept {
  const auto row_mask = static_cast<std::uint32_t>((1U << block.row_bits) - 1);
  std::uint32_t empty = 0;
  std::uint32_t bad = 0;
  for (std::uint32_t i = 0; i < block.hash_slots; ++i) {
    const bool is_empty = block.hash[i] == kEmptyHashSlot;
    empty += is_empty ? 1 : 0;
    bad += !is_empty && (block.hash[i] & row_mask) >= block.rows ? 1 : 0;
  }
  return bad == 0 && empty > 0;
}

}  // namespace

Error StoredBlock::Damaged(std::string what) const {
  return TableDamage(geometry_->file, entry_.offset, "block: " + std::move(what));
}

Result<void> StoredBlock::VerifyChecksum(const BlockGeometry& geometry, const BlockEntry& entry,
                                         std::span<std::byte> stored) {
  if (entry.stored_bytes < std::uint64_t{geometry.message_bytes} + sizeof(BlockHeader)) {
    return TableDamage(geometry.file, entry.offset, "block: shorter than its header");
  }
  std::byte* const field = stored.data() + geometry.message_bytes + offsetof(BlockHeader, checksum);
  const auto recorded = LoadFixed<std::uint64_t>(field);
  StoreFixed(field, std::uint64_t{0});
  const std::uint64_t computed =
      Checksum({reinterpret_cast<const char*>(stored.data()), stored.size()},
               PlaceSeed(geometry.identity, entry.offset));
  StoreFixed(field, recorded);
  if (computed != entry.checksum || recorded != entry.checksum) {
    return ChecksumDamage(geometry.file, entry.offset, "block",
                          computed != entry.checksum ? computed : recorded, entry.checksum);
  }
  return {};
}

Result<StoredBlock> StoredBlock::Parse(const BlockGeometry& geometry, const BlockEntry& entry,
                                       std::span<std::byte> stored) {
  QUIVER_TRY(VerifyChecksum(geometry, entry, stored));
  StoredBlock block(geometry, entry, stored);
  QUIVER_TRY(block.ParseHeader());
  QUIVER_TRY(block.ParseColumns());
  QUIVER_TRY(block.CheckRawSizes());
  return block;
}

Result<void> StoredBlock::ParseHeader() {
  header_ = LoadFixed<BlockHeader>(stored_.data() + geometry_->message_bytes);
  const TableSchema& schema = geometry_->schema;
  if (header_.magic != kBlockMagic) return Damaged("no block header");
  if (header_.rows == 0 || header_.rows > kBlockRowsMax || header_.rows != entry_.rows) {
    return Damaged("it has " + std::to_string(header_.rows) + " rows, the index says " +
                   std::to_string(entry_.rows));
  }
  if ((header_.flags & ~kKnownBlockFlags) != 0) return Damaged("unknown flags");
  if ((header_.operations_mask & ~kKnownOperations) != 0 || header_.operations_mask == 0 ||
      header_.operation > static_cast<std::uint8_t>(Operation::kRangeDelete)) {
    return Damaged("unknown operations");
  }
  if (header_.max_sequence > kSequenceMax) return Damaged("sequence out of range");
  const std::uint64_t rows = header_.rows;
  if (Has(kUniformKeys) && rows * header_.key_width != header_.key_bytes) {
    return Damaged("key width and key bytes disagree");
  }
  if (Has(kUniformValues) && rows * header_.value_width != header_.value_bytes) {
    return Damaged("value width and value bytes disagree");
  }
  if ((schema.key_width_bytes != 0 &&
       (!Has(kUniformKeys) || header_.key_width != schema.key_width_bytes)) ||
      (schema.value_width_bytes != 0 &&
       (!Has(kUniformValues) || header_.value_width != schema.value_width_bytes))) {
    return Damaged("widths are not those of the schema");
  }
  if (!schema.has_expiry && !Has(kNoExpiry)) return Damaged("expiries without a column");
  if (Has(kHasHash) && (header_.hash_slots != HashSlotCount(header_.rows) ||
                        header_.row_bits != RowBits(header_.rows))) {
    return Damaged("hash slots do not fit the rows");
  }
  const auto message_rows = LoadFixed<std::uint64_t>(stored_.data() + geometry_->rows_offset);
  const auto body_bytes = LoadFixed<std::uint64_t>(stored_.data() + geometry_->body_bytes_offset);
  if (message_rows != rows || body_bytes != stored_.size() - geometry_->message_bytes) {
    return Damaged("message and header disagree");
  }
  return {};
}

Result<void> StoredBlock::ParseColumns() {
  const std::uint64_t body_bytes = stored_.size() - geometry_->message_bytes;
  const char* const body = reinterpret_cast<const char*>(stored_.data()) + geometry_->message_bytes;
  const std::byte* next = stored_.data() + geometry_->buffers_offset;
  std::uint64_t lowest = sizeof(BlockHeader);
  if (Has(kHasHash)) lowest += std::uint64_t{header_.hash_slots} * sizeof(std::uint16_t);
  bool in_bounds = lowest <= body_bytes;
  const auto take = [&]() -> std::string_view {
    const auto offset = LoadFixed<std::uint64_t>(next);
    const auto size = LoadFixed<std::uint64_t>(next + sizeof(std::uint64_t));
    next += 2 * sizeof(std::uint64_t);
    if (offset % 8 != 0 || offset < lowest || offset > body_bytes || size > body_bytes - offset) {
      in_bounds = false;
      return {};
    }
    return {body + offset, size};
  };
  take();  // validity of the keys: none
  if (geometry_->schema.key_width_bytes == 0) columns_.key_offsets = take();
  columns_.keys = take();
  take();  // validity of the values: the operation tells as much
  if (geometry_->schema.value_width_bytes == 0) columns_.value_offsets = take();
  columns_.values = take();
  take();
  columns_.sequences = take();
  take();
  columns_.operations = take();
  if (geometry_->schema.has_expiry) {
    take();
    columns_.expiries = take();
  }
  if (!in_bounds) return Damaged("a buffer lies outside of the body");
  return {};
}

// Before memory is taken for them: a header may ask for gigabytes, but a column of few stored bytes
// that declares as much is refused as a bomb.
Result<void> StoredBlock::CheckRawSizes() const {
  const std::uint64_t rows = header_.rows;
  const TableSchema& schema = geometry_->schema;
  const std::uint64_t offsets_bytes = (rows + 1) * sizeof(std::uint32_t);
  const auto has_size = [&](std::string_view stored, std::uint64_t raw_bytes) {
    const auto declared = arrow_ipc::RawSize(geometry_->compression, stored, raw_bytes);
    return declared.ok() && *declared == raw_bytes;
  };
  const bool fits =
      has_size(columns_.keys, header_.key_bytes) &&
      has_size(columns_.values, header_.value_bytes) &&
      (schema.key_width_bytes != 0 || has_size(columns_.key_offsets, offsets_bytes)) &&
      (schema.value_width_bytes != 0 || has_size(columns_.value_offsets, offsets_bytes)) &&
      has_size(columns_.sequences, rows * sizeof(std::uint64_t)) &&
      has_size(columns_.operations, rows) &&
      (!schema.has_expiry || has_size(columns_.expiries, rows * sizeof(std::uint64_t)));
  if (!fits) return Damaged("a column does not have its size");
  return {};
}

DataBlock StoredBlock::NewBlock() const noexcept {
  DataBlock block;
  block.rows = header_.rows;
  block.flags = header_.flags;
  block.operation = header_.operation;
  block.key_width = header_.key_width;
  block.value_width = header_.value_width;
  block.max_sequence = header_.max_sequence;
  return block;
}

Result<void> StoredBlock::CheckContents(const DataBlock& block, const std::uint32_t* key_offsets,
                                        const std::uint32_t* value_offsets) const {
  if (key_offsets != nullptr && !OffsetsAscend(key_offsets, block.rows, header_.key_bytes)) {
    return Damaged("key offsets do not ascend");
  }
  if (value_offsets != nullptr && !OffsetsAscend(value_offsets, block.rows, header_.value_bytes)) {
    return Damaged("value offsets do not ascend");
  }
  if (block.operations != nullptr &&
      *std::max_element(block.operations, block.operations + block.rows) >
          static_cast<std::uint8_t>(Operation::kRangeDelete)) {
    return Damaged("unknown operation");
  }
  if (block.hash != nullptr && !HashSlotsAreValid(block)) return Damaged("hash slots are wrong");
  return {};
}

Result<DataBlock> StoredBlock::View() const {
  DataBlock block = NewBlock();
  block.keys = columns_.keys.data();
  block.values = columns_.values.data();
  if (!Has(kUniformKeys)) block.key_offsets = ArrayOf<std::uint32_t>(columns_.key_offsets);
  if (!Has(kUniformValues)) block.value_offsets = ArrayOf<std::uint32_t>(columns_.value_offsets);
  if (!Has(kConstantSequence)) block.sequences = ArrayOf<std::uint64_t>(columns_.sequences);
  if (!Has(kConstantOperation)) block.operations = ArrayOf<std::uint8_t>(columns_.operations);
  if (!Has(kNoExpiry)) block.expiries = ArrayOf<std::uint64_t>(columns_.expiries);
  if (Has(kHasHash)) {
    block.row_bits = header_.row_bits;
    block.hash_slots = header_.hash_slots;
    block.hash = reinterpret_cast<const std::uint16_t*>(stored_.data() + geometry_->message_bytes +
                                                        sizeof(BlockHeader));
  }
  QUIVER_TRY(CheckContents(block, block.key_offsets, block.value_offsets));
  return block;
}

std::uint64_t StoredBlock::decoded_bytes() const noexcept {
  const std::uint64_t rows = header_.rows;
  const std::uint64_t offsets_bytes = AlignUp((rows + 1) * sizeof(std::uint32_t), 8);
  std::uint64_t bytes = AlignUp(HashSlotCount(header_.rows) * sizeof(std::uint16_t), 8);
  bytes += AlignUp(header_.key_bytes, 8) + AlignUp(header_.value_bytes, 8);
  if (!Has(kUniformKeys)) bytes += offsets_bytes;
  if (!Has(kUniformValues)) bytes += offsets_bytes;
  if (!Has(kConstantSequence)) bytes += rows * sizeof(std::uint64_t);
  if (!Has(kConstantOperation)) bytes += AlignUp(rows, 8);
  if (!Has(kNoExpiry)) bytes += rows * sizeof(std::uint64_t);
  return bytes;
}

Result<DataBlock> StoredBlock::Decode(std::span<std::byte> memory, DecodeScope scope) const {
  DataBlock block = NewBlock();
  const std::uint64_t rows = header_.rows;
  char* next = reinterpret_cast<char*>(memory.data()) +
               AlignUp(HashSlotCount(header_.rows) * sizeof(std::uint16_t), 8);
  const char* failed = nullptr;
  const auto decode = [&](std::string_view stored, std::uint64_t raw_bytes, const char* column,
                          bool wanted = true) -> const char* {
    char* const place = next;
    next += AlignUp(raw_bytes, 8);
    if (!wanted || failed != nullptr) return place;
    const auto declared = arrow_ipc::RawSize(geometry_->compression, stored, raw_bytes);
    if (!declared || *declared != raw_bytes ||
        !arrow_ipc::Decode(geometry_->compression, stored, {place, raw_bytes})) {
      failed = column;
    }
    return place;
  };
  const std::uint64_t offsets_bytes = (rows + 1) * sizeof(std::uint32_t);
  block.keys = decode(columns_.keys, header_.key_bytes, "key");
  block.values = decode(columns_.values, header_.value_bytes, "value", scope == DecodeScope::kAll);
  if (!Has(kUniformKeys)) {
    block.key_offsets = reinterpret_cast<const std::uint32_t*>(
        decode(columns_.key_offsets, offsets_bytes, "key offsets"));
  }
  if (!Has(kUniformValues)) {
    block.value_offsets = reinterpret_cast<const std::uint32_t*>(
        decode(columns_.value_offsets, offsets_bytes, "value offsets"));
  }
  if (!Has(kConstantSequence)) {
    block.sequences = reinterpret_cast<const std::uint64_t*>(
        decode(columns_.sequences, rows * sizeof(std::uint64_t), "sequence"));
  }
  if (!Has(kConstantOperation)) {
    block.operations =
        reinterpret_cast<const std::uint8_t*>(decode(columns_.operations, rows, "operation"));
  }
  if (!Has(kNoExpiry)) {
    block.expiries = reinterpret_cast<const std::uint64_t*>(
        decode(columns_.expiries, rows * sizeof(std::uint64_t), "expiry"));
  }
  if (failed != nullptr) {
    return Damaged("the " + std::string(failed) + " column does not decode");
  }
  QUIVER_TRY(CheckContents(block, block.key_offsets, block.value_offsets));
  return block;
}

Result<void> StoredBlock::DecodeValues(const DataBlock& block, std::uint64_t begin,
                                       std::uint64_t end) const {
  if (begin == end) return {};
  // The block was made by Decode in memory that its owner may write to.
  const std::span<char> whole(const_cast<char*>(block.values), header_.value_bytes);
  const auto declared =
      arrow_ipc::RawSize(geometry_->compression, columns_.values, header_.value_bytes);
  if (!declared || *declared != header_.value_bytes ||
      !arrow_ipc::DecodeRange(geometry_->compression, columns_.values, header_.value_chunk_bytes,
                              begin, end, whole)) {
    return Damaged("the value column does not decode");
  }
  return {};
}

}  // namespace quiver
