// EntryColumns and EntrySpan: entries that lie side by side in memory, for readers that take many
// at a time.
//
// A table keeps the entries of a block in columns; a reader that may have all of them copies or
// borrows whole columns instead of making a step a row. Columns without a pointer hold one value
// for all rows.
//
// Thread safety: values; they borrow from the iterator that handed them out.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/entry.h"

namespace quiver {

struct EntryColumns {
  const char* keys = nullptr;
  const char* values = nullptr;
  const std::uint32_t* key_offsets = nullptr;    ///< null: every key has key_width bytes
  const std::uint32_t* value_offsets = nullptr;  ///< null: every value has value_width bytes
  const std::uint64_t* sequences = nullptr;      ///< null: max_sequence
  const std::uint8_t* operations = nullptr;      ///< null: operation
  const std::uint64_t* expiries = nullptr;       ///< null: no row expires
  std::uint32_t key_width = 0;
  std::uint32_t value_width = 0;
  SequenceNumber max_sequence = 0;
  Operation operation = Operation::kPut;
  bool distinct_keys = false;  ///< true: no two rows have the same key; false: nobody looked
  /// Keeps the columns beyond the iterator; null where nothing can, so that they must be copied.
  std::shared_ptr<const void> owner;

  std::uint64_t KeyBegin(std::uint32_t row) const noexcept {
    return key_offsets == nullptr ? std::uint64_t{row} * key_width : key_offsets[row];
  }
  std::uint64_t ValueBegin(std::uint32_t row) const noexcept {
    return value_offsets == nullptr ? std::uint64_t{row} * value_width : value_offsets[row];
  }
  std::string_view KeyAt(std::uint32_t row) const noexcept {
    const std::uint64_t begin = KeyBegin(row);
    return {keys + begin, KeyBegin(row + 1) - begin};
  }
  /// Filler, if the row is a delete.
  std::string_view ValueAt(std::uint32_t row) const noexcept {
    const std::uint64_t begin = ValueBegin(row);
    return {values + begin, ValueBegin(row + 1) - begin};
  }
  SequenceNumber SequenceAt(std::uint32_t row) const noexcept {
    return sequences == nullptr ? max_sequence : sequences[row];
  }
  Operation OperationAt(std::uint32_t row) const noexcept {
    return operations == nullptr ? operation : static_cast<Operation>(operations[row]);
  }
  std::uint64_t ExpiryAt(std::uint32_t row) const noexcept {
    return expiries == nullptr ? 0 : expiries[row];
  }
  EntryView EntryAt(std::uint32_t row) const noexcept {
    return {KeyAt(row), ValueAt(row), SequenceAt(row), OperationAt(row), ExpiryAt(row)};
  }
};

/// The rows [begin, end) of some columns.
struct EntrySpan {
  const EntryColumns* columns = nullptr;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  std::uint32_t rows() const noexcept { return end - begin; }
};

/// `span` up to its first entry at or after (key, sequence). Cost: one comparison if all come
/// before, else twice the logarithm of the rows that do.
EntrySpan SpanBefore(const EntrySpan& span, std::string_view key, SequenceNumber sequence) noexcept;
/// `span` from behind its last entry at or before (key, sequence). Cost: as above.
EntrySpan SpanBehind(const EntrySpan& span, std::string_view key, SequenceNumber sequence) noexcept;

}  // namespace quiver
