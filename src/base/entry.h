// EntryView and LookupKey: one entry as every floor passes it around, and what a get looks for.
//
// Order of entries everywhere: key bytewise ascending, then sequence descending, so that the
// newest version of a key comes first:   ("a", 9) < ("a", 4) < ("b", 7).
//
// Thread safety: values; views borrow from whoever handed them out.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/coding.h"
#include "base/hash.h"
#include "quiver/types.h"

namespace quiver {

struct EntryView {
  std::string_view key;
  std::string_view value;  ///< empty for deletes
  SequenceNumber sequence = 0;
  Operation operation = Operation::kPut;
  std::uint64_t expiry_us = 0;  ///< wall clock in microseconds since 1970; 0 = never
};

/// Negative, zero or positive as (key_a, sequence_a) comes before, at or after (key_b, sequence_b).
inline int CompareEntry(std::string_view key_a, SequenceNumber sequence_a, std::string_view key_b,
                        SequenceNumber sequence_b) noexcept {
  if (const int order = key_a.compare(key_b); order != 0) return order;
  if (sequence_a == sequence_b) return 0;
  return sequence_a > sequence_b ? -1 : 1;
}

/// What a point lookup asks of each memtable and table: hashed once, used by all.
struct LookupKey {
  LookupKey(std::string_view user_key, SequenceNumber snapshot_sequence) noexcept
      : key(user_key),
        sequence(snapshot_sequence),
        hash(HashKey(user_key)),
        prefix(KeyPrefix(user_key)) {}

  std::string_view key;
  SequenceNumber sequence;  ///< newest version wanted: entries above it are invisible
  std::uint64_t hash;
  std::uint64_t prefix;
};

/// The answer of a memtable or table that holds a visible version of the key.
struct LookupAnswer {
  std::string_view value;
  SequenceNumber sequence = 0;
  Operation operation = Operation::kPut;
  std::uint64_t expiry_us = 0;
};

}  // namespace quiver
