// DataBlock: the columns of one block in memory, as plain pointers. It views a block as it lies in
// the file (uncompressed tables) or a decoded copy of it.
//
// The first cache line holds all that a get in a block of uniform widths reads. Two helpers find a
// row:
//
//  - Hash slots (persisted in uncompressed tables, else built when a block enters the cache): a
//    slot of 16 bits holds a tag of the key's hash above the row, so that a get touches one slot
//    line and, nearly always, one key. Linear probing from (low 32 bits of the hash * slots) >> 32.
//  - Samples (built when a block enters the cache): eight bytes of every 16th key, behind the
//    prefix that all keys of the block share, so that a seek touches few key lines; and behind them
//    the first eight bytes of the first key, which hold that prefix if it is no longer. Without
//    samples a seek is a binary search over the keys.
//
// Invariants (established by StoredBlock, whatever the file holds):
//  1. rows is 1 to kBlockRowsMax and every accessor below is in bounds for row < rows.
//  2. Hash slots hold rows below `rows` or kEmptyHashSlot, and at least one is empty.
//
// Thread safety: immutable view.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/coding.h"
#include "base/prefetch.h"
#include "quiver/types.h"
#include "sstable/table_layout.h"

namespace quiver {

inline constexpr std::uint16_t kEmptyHashSlot = 0xFFFF;
inline constexpr std::uint32_t kNoRow = ~std::uint32_t{0};
/// Rows for each sample.
inline constexpr std::uint32_t kSampleRows = 16;
constexpr std::uint32_t SampleCount(std::uint32_t rows) noexcept {
  return (rows + kSampleRows - 1) / kSampleRows;
}
/// Words that BuildSamples writes.
constexpr std::uint32_t SampleWords(std::uint32_t rows) noexcept {
  return SampleCount(rows) + 1;
}

/// First slot to probe for a key with `hash`.
inline std::uint32_t FirstHashSlot(std::uint64_t hash, std::uint32_t slots) noexcept {
  return static_cast<std::uint32_t>(((hash & 0xFFFF'FFFFU) * slots) >> 32);
}

/// Equality of `size` bytes, inlined for the short keys that most lookups compare.
inline bool EqualBytes(const char* a, const char* b, std::size_t size) noexcept {
  if (size < 8 || size > 32) return size == 0 || std::memcmp(a, b, size) == 0;
  const auto differs = [a, b](std::size_t at) {
    return LoadFixed<std::uint64_t>(a + at) ^ LoadFixed<std::uint64_t>(b + at);
  };
  std::uint64_t difference = differs(0) | differs(size - 8);
  if (size > 16) difference |= differs(8) | differs(size - 16);
  return difference == 0;
}

struct DataBlock {
  std::uint32_t rows = 0;
  std::uint16_t flags = 0;
  std::uint8_t row_bits = 0;
  std::uint8_t operation = 0;
  std::uint32_t key_width = 0;
  std::uint32_t value_width = 0;
  const std::uint16_t* hash = nullptr;  ///< null: no hash slots
  const char* keys = nullptr;
  const char* values = nullptr;
  const std::uint32_t* key_offsets = nullptr;    ///< null with kUniformKeys
  const std::uint32_t* value_offsets = nullptr;  ///< null with kUniformValues
  const std::uint64_t* sequences = nullptr;      ///< null with kConstantSequence

  const std::uint8_t* operations = nullptr;  ///< null with kConstantOperation
  const std::uint64_t* expiries = nullptr;   ///< null with kNoExpiry
  std::uint64_t max_sequence = 0;
  const std::uint64_t* samples = nullptr;  ///< null: none
  std::uint32_t hash_slots = 0;
  std::uint32_t common_prefix = 0;  ///< bytes that all keys share, if samples are there

  bool Has(BlockFlag flag) const noexcept { return (flags & flag) != 0; }

  std::string_view KeyAt(std::size_t row) const noexcept {
    if (Has(kUniformKeys)) return {keys + row * key_width, key_width};
    const std::uint32_t begin = key_offsets[row];
    return {keys + begin, key_offsets[row + 1] - begin};
  }
  std::uint64_t ValueBegin(std::size_t row) const noexcept {
    return Has(kUniformValues) ? row * value_width : value_offsets[row];
  }
  std::uint64_t ValueEnd(std::size_t row) const noexcept {
    return Has(kUniformValues) ? (row + 1) * value_width : value_offsets[row + 1];
  }
  Operation OperationAt(std::size_t row) const noexcept {
    return static_cast<Operation>(Has(kConstantOperation) ? operation : operations[row]);
  }
  /// Empty for deletes, whose slot holds filler in tables of fixed width.
  std::string_view ValueAt(std::size_t row) const noexcept {
    if (OperationAt(row) == Operation::kDelete) return {};
    const std::uint64_t begin = ValueBegin(row);
    return {values + begin, ValueEnd(row) - begin};
  }
  SequenceNumber SequenceAt(std::size_t row) const noexcept {
    return Has(kConstantSequence) ? max_sequence : sequences[row];
  }
  std::uint64_t ExpiryAt(std::size_t row) const noexcept {
    return Has(kNoExpiry) ? 0 : expiries[row];
  }

  /// Loads the cache lines of a row's value, sequence and operation ahead of their use.
  void PrefetchRow(std::size_t row) const noexcept {
    if (Has(kUniformValues)) {
      PrefetchLine(values + row * value_width);
      PrefetchLine(values + (row + 1) * value_width - 1);
    } else {
      PrefetchLine(value_offsets + row);
    }
    if (!Has(kConstantSequence)) PrefetchLine(sequences + row);
    if (!Has(kConstantOperation)) PrefetchLine(operations + row);
  }

  /// Loads the cache lines of the row that FindByHash will most likely return. Requires hash.
  void PrefetchByHash(std::uint64_t key_hash) const noexcept {
    const auto row_mask = static_cast<std::uint32_t>((1U << row_bits) - 1);
    const auto tag = static_cast<std::uint32_t>(key_hash >> 48) & ~row_mask;
    std::uint32_t index = FirstHashSlot(key_hash, hash_slots);
    for (;;) {
      const std::uint32_t slot = hash[index];
      if (slot == kEmptyHashSlot) return;
      if ((slot & ~row_mask) == tag) {
        const std::uint32_t row = slot & row_mask;
        PrefetchLine(Has(kUniformKeys)
                         ? static_cast<const void*>(keys + std::size_t{row} * key_width)
                         : static_cast<const void*>(key_offsets + row));
        PrefetchRow(row);
        return;
      }
      if (++index == hash_slots) index = 0;
    }
  }

  /// The first row of `key` by the hash slots, or kNoRow. Requires hash.
  std::uint32_t FindByHash(std::string_view key, std::uint64_t key_hash) const noexcept {
    const auto row_mask = static_cast<std::uint32_t>((1U << row_bits) - 1);
    const auto tag = static_cast<std::uint32_t>(key_hash >> 48) & ~row_mask;
    std::uint32_t index = FirstHashSlot(key_hash, hash_slots);
    for (;;) {
      const std::uint32_t slot = hash[index];
      if (slot == kEmptyHashSlot) return kNoRow;
      if ((slot & ~row_mask) == tag) {
        const std::uint32_t row = slot & row_mask;
        PrefetchRow(row);
        const std::string_view found = KeyAt(row);
        if (found.size() == key.size() && EqualBytes(found.data(), key.data(), key.size())) {
          return row;
        }
      }
      if (++index == hash_slots) index = 0;
    }
  }

  /// Loads the cache lines that a LowerBound of `key` will read. Touches header and samples only.
  void PrefetchNear(std::string_view key) const noexcept;
  /// Loads the first lines of the values from `row` on, for a walk that starts there.
  void PrefetchValues(std::size_t row) const noexcept;
  /// The first row at or after (key, sequence) in entry order; rows if there is none.
  std::uint32_t LowerBound(std::string_view key, SequenceNumber sequence) const noexcept;
  /// The first row of `key` without the hash slots, or kNoRow.
  std::uint32_t FindByOrder(std::string_view key) const noexcept;
};
static_assert(sizeof(DataBlock) == 104 && offsetof(DataBlock, operations) == 64);

/// Fills `slots` (HashSlotCount(block.rows) of them) with the first row of each key of `block`.
void BuildHashSlots(const DataBlock& block, std::uint16_t* slots) noexcept;

/// Fills `samples` (SampleWords(block.rows) of them) and points `block` at them.
void BuildSamples(DataBlock& block, std::uint64_t* samples) noexcept;

/// Adds one row to slots that are all kEmptyHashSlot at first.
inline void InsertHashSlot(std::uint16_t* slots, std::uint32_t slot_count, std::uint8_t row_bits,
                           std::uint64_t hash, std::uint32_t row) noexcept {
  const auto row_mask = static_cast<std::uint32_t>((1U << row_bits) - 1);
  std::uint32_t index = FirstHashSlot(hash, slot_count);
  while (slots[index] != kEmptyHashSlot) index = index + 1 == slot_count ? 0 : index + 1;
  slots[index] =
      static_cast<std::uint16_t>((static_cast<std::uint32_t>(hash >> 48) & ~row_mask) | row);
}

}  // namespace quiver
