// The encoding of a batch's operations: what a WriteBatch holds, what a log frame carries, and what
// recovery reads back. Entries follow each other without a border or a count.
//
//   u8       operation in bits 0-3; bit 4: a keyspace follows; bit 5: an expiry follows;
//            bits 6-7 are reserved and zero
//   varint   keyspace   (bit 4 only, then 1 to 2^32 - 1; without it the keyspace is 0)
//   fixed64  expiry_us  (bit 5 only, then not 0; without it the entry never expires)
//   varint   key_bytes, then the key
//   varint   value_bytes, then the value  (not for deletes)
//
// Invariants:
//  1. Two entries that differ are encoded differently, and the writer has one encoding for each.
//  2. The reader trusts no byte: it never reads past its input and hands out no entry that breaks
//     a limit of types.h, so that whatever it returns may be applied.
//
// Thread safety: AppendBatchEntry and EncodedEntryBytes are pure; a BatchReader belongs to one
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "quiver/types.h"

namespace quiver {

/// One operation of a batch. The views borrow from whoever made the entry.
struct BatchEntry {
  std::uint32_t keyspace = 0;
  Operation operation = Operation::kPut;
  std::string_view key;
  std::string_view value;       ///< the end of the range for kRangeDelete; ignored for kDelete
  std::uint64_t expiry_us = 0;  ///< wall clock in microseconds since 1970; 0 = never
};

/// Appends `entry` to `out`. The caller has checked the limits of types.h.
void AppendBatchEntry(std::string& out, const BatchEntry& entry);

/// The bytes that AppendBatchEntry would append.
std::size_t EncodedEntryBytes(const BatchEntry& entry) noexcept;

/// Walks over an encoded batch, which must outlive the reader and the entries it hands out.
class BatchReader {
 public:
  explicit BatchReader(std::string_view encoded) noexcept : rest_(encoded), size_(encoded.size()) {}

  /// Reads the next entry; false at the end or at the first malformed byte (see malformed()).
  /// After false it stays false and `entry` is unchanged.
  bool Next(BatchEntry& entry) noexcept;

  /// True once an entry could not be read: it was cut short or broke the encoding.
  bool malformed() const noexcept { return malformed_; }
  /// Where the next entry starts, or the malformed one.
  std::size_t offset() const noexcept { return size_ - rest_.size(); }

 private:
  std::string_view rest_;
  std::size_t size_;
  bool malformed_ = false;
};

}  // namespace quiver
