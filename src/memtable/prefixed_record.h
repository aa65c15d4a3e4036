// PrefixedRecord: a record beside eight bytes of its key, the element of the sorted arrays in the
// memtables. Most comparisons end at the prefix, without touching the record.
//
// Thread safety: values.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/coding.h"
#include "memtable/entry_record.h"
#include "memtable/entry_target.h"

namespace quiver {

struct PrefixedRecord {
  PrefixedRecord() noexcept = default;
  PrefixedRecord(std::uint64_t key_prefix, const EntryRecord* entry_record) noexcept
      : prefix(key_prefix), record(entry_record) {}
  /// With the prefix that begins behind the key's first `common_bytes`.
  explicit PrefixedRecord(const EntryRecord* entry_record, std::size_t common_bytes = 0) noexcept
      : PrefixedRecord(KeyPrefix(entry_record->key().substr(common_bytes)), entry_record) {}

  std::uint64_t prefix;
  const EntryRecord* record;
};

/// Negative, zero or positive as `item` comes before, at or after `target`. Both prefixes must
/// begin at the same place of keys that are equal before it.
inline int CompareRecord(const PrefixedRecord& item, const EntryTarget& target) noexcept {
  if (item.prefix != target.prefix) return item.prefix < target.prefix ? -1 : 1;
  return CompareRecord(*item.record, target);
}

/// Strict order of two records, under the same condition.
inline bool IsBefore(const PrefixedRecord& a, const PrefixedRecord& b) noexcept {
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  return CompareRecord(*a.record, b.record->key(), b.record->sequence()) < 0;
}

}  // namespace quiver
