// EntryTarget: a place in entry order, with the key's 8-byte prefix at hand; what the ordered
// structures search for.
//
// Where two prefixes differ they decide the order of the keys; where they tie, only a comparison
// of the whole entries does.
//
// Thread safety: a value; the key is borrowed.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/coding.h"
#include "base/entry.h"
#include "memtable/entry_record.h"

namespace quiver {

struct EntryTarget {
  EntryTarget(std::string_view user_key, SequenceNumber entry_sequence) noexcept
      : key(user_key), sequence(entry_sequence), prefix(KeyPrefix(user_key)) {}
  explicit EntryTarget(const LookupKey& lookup) noexcept
      : key(lookup.key), sequence(lookup.sequence), prefix(lookup.prefix) {}
  explicit EntryTarget(const EntryRecord& record) noexcept
      : EntryTarget(record.key(), record.sequence()) {}

  std::string_view key;
  SequenceNumber sequence;
  std::uint64_t prefix;
};

/// Negative, zero or positive as `record` comes before, at or after `target`.
inline int CompareRecord(const EntryRecord& record, const EntryTarget& target) noexcept {
  return CompareRecord(record, target.key, target.sequence);
}

}  // namespace quiver
