#include "memtable/hash_skiplist/hash_skiplist_memtable.h"

#include "base/hash.h"

namespace quiver {

void HashSkiplistMemtable::Add(const EntryView& entry) {
  // The index's misses overlap with work on the record and on the list.
  const std::uint64_t hash = HashKey(entry.key);
  index_.PrefetchBucket(hash);
  const EntryRecord& record = *EntryRecord::Create(arena_, entry);
  index_.PrefetchLink(hash);
  list_.Insert(record);
  index_.Publish(hash, record);
}

bool HashSkiplistMemtable::Get(const LookupKey& key, LookupAnswer& answer) const {
  const EntryRecord* record = index_.Newest(key.hash, key.key);
  if (record == nullptr) return false;
  if (record->sequence() > key.sequence) record = list_.Find(key);
  if (record == nullptr) return false;
  record->FillAnswer(answer);
  return true;
}

}  // namespace quiver
